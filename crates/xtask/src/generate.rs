//! Files that are made from code and committed, so that a change of a public contract shows as a diff.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::process::{actionplane, capture, cargo, run};
use crate::test::Verdict;

const OPENAPI: &str = "api/openapi.json";

/// Writes the files anew.
pub fn write() -> Result<()> {
    let openapi = openapi()?;
    fs::create_dir_all("api")?;
    fs::write(OPENAPI, openapi).with_context(|| format!("cannot write `{OPENAPI}`"))?;
    println!("wrote {OPENAPI}");
    Ok(())
}

/// Compares the committed files with what the code says now.
pub fn check() -> Result<Verdict> {
    if !Path::new(OPENAPI).exists() {
        return Ok(Verdict::Skipped("api/openapi.json is not in the tree yet"));
    }
    let committed = fs::read_to_string(OPENAPI)?;
    if openapi()? != committed {
        bail!(
            "`{OPENAPI}` is not what the code says: run `cargo xtask generate`, look at the diff, commit it"
        );
    }
    Ok(Verdict::Passed)
}

fn openapi() -> Result<String> {
    // With the tests, because dev-dependencies turn on features: the binary alone would rebuild half the tree.
    run(&mut cargo(["build", "--workspace", "--bins", "--tests"]))?;
    capture(actionplane()?.arg("openapi"))
}
