//! The evidence in other hands: our verifiers in other languages, and verifiers that we did not write.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::install;
use crate::process::{capture, program, run, works};

/// Where a browser may stand; the tests of the report page look there too.
const BROWSERS: &[&str] = &["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
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
