//! The evidence in other hands: our verifiers in other languages, and verifiers that we did not write.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::install;
use crate::process::{capture, cargo, program, run, works};

/// Where a browser may stand; the tests of the report page look there too.
const BROWSERS: &[&str] = &["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
/// Where Debian puts the sources of packages in Go.
const GO_PATH: &str = "/usr/share/gocode";
/// The oldest Node that runs the verifier in JavaScript and its tests.
const NODE_MIN: u32 = 20;

/// Tests of the verifiers in JavaScript and Python, and of the report page in a browser.
pub fn other_languages() -> Result<()> {
    node()?;
    install::packages(&["python3"], || works(program("python3", ["--version"])))?;
    install::packages(&["chromium"], || BROWSERS.iter().any(|path| Path::new(path).exists()))?;
    run(&mut program("node", ["evidence/build.mjs", "--check"]))?;
    let mut tests = files("evidence/tests", ".test.mjs")?;
    tests.splice(0..0, ["--test", "--test-reporter=spec"].map(PathBuf::from));
    run(&mut program("node", tests))
}

/// A sample from a real server, and what programs that we did not write say about it and about the formats that we export.
pub fn strangers() -> Result<()> {
    let requirements = "tests/interop/requirements.txt";
    let wanted = fs::read_to_string(requirements).with_context(|| format!("cannot read `{requirements}`"))?;
    // One package asks for a newer Python than it needs.
    let bin = install::python("interop", &["--ignore-requires-python", "-r", requirements], &wanted)?;
    let go = || works(program("go", ["version"])) && Path::new(GO_PATH).join("src/golang.org/x/mod").exists();
    install::packages(&["golang-go", "golang-golang-x-mod-dev"], go)?;

    let sample = std::env::current_dir()?.join("target/interop");
    if sample.exists() {
        fs::remove_dir_all(&sample).with_context(|| format!("cannot remove `{}`", sample.display()))?;
    }
    let mut test = cargo(["test", "--quiet", "--package", "server", "--test", "interop"]);
    run(test.env("ACTIONPLANE_TEST_SAMPLE", &sample).env("ACTIONPLANE_TEST_STRANGERS", &bin))?;

    let python = |script: &str, arguments: &[PathBuf]| {
        let script = Path::new("tests/interop").join(script);
        run(program(bin.join("python"), ["-B".into(), script]).args(arguments))
    };
    for script in ["log_proofs.py", "tiles.py", "tile_reader.py", "disclosures.py", "canonical_json.py"] {
        python(script, std::slice::from_ref(&sample))?;
    }
    let mut sumdb = program("go", ["run".as_ref(), "tests/interop/sumdb.go".as_ref(), sample.as_os_str()]);
    run(sumdb
        .envs([("GO111MODULE", "off"), ("GOPATH", GO_PATH), ("CGO_ENABLED", "0"), ("GOTOOLCHAIN", "local")])
        .env("GOCACHE", std::env::current_dir()?.join("target/go")))?;

    // Exports: those of the sample, and one golden file for each way in which a run can end.
    let golden = "crates/exports/tests/golden";
    let mut trails = Vec::new();
    for trail in files(golden, ".aat.jsonl")? {
        trails.extend([trail, Path::new(golden).join("aat.keys.json")]);
    }
    let mut statements = vec![Path::new(golden).join("attestation.vkey")];
    for statement in files(golden, ".attestation.dsse.json")? {
        let events = statement.to_string_lossy().replace(".attestation.dsse.json", ".events.jsonl");
        statements.extend([statement, events.into()]);
    }
    python("aat_trail.py", &trails)?;
    python("dsse.py", &statements)?;
    for entry in fs::read_dir(sample.join("run/runs"))? {
        let run = entry?.path();
        let of_run = |names: &[&str]| names.iter().map(|name| run.join(name)).collect::<Vec<_>>();
        python("aat_trail.py", &of_run(&["aat.jsonl", "aat.keys.json"]))?;
        python("dsse.py", &of_run(&["attestation.vkey", "attestation.dsse.json", "events.jsonl"]))?;
    }
    python("ocsf.py", &[Path::new(golden).join("ocsf.jsonl"), sample.join("ocsf.jsonl")])?;
    python(
        "cloud_events.py",
        &[Path::new(golden).join("cloudevents.jsonl"), sample.join("cloudevents.jsonl")],
    )
}

/// Node is no package of ours to install: which version a machine has is its owner's choice.
fn node() -> Result<()> {
    let wanted = format!("Node {NODE_MIN} or newer has to be installed, with its program `node`");
    let version = capture(&mut program("node", ["--version"])).with_context(|| wanted.clone())?;
    let major =
        version.trim().trim_start_matches('v').split('.').next().and_then(|number| number.parse().ok());
    if major.is_none_or(|major: u32| major < NODE_MIN) {
        bail!("{wanted}; here is {}", version.trim());
    }
    Ok(())
}

/// The files of a folder with this ending, in order.
fn files(folder: &str, ending: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read `{folder}`"))? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
