//! `cargo xtask check`: rules about the code that the compiler does not hold.
//!
//! Each module returns findings as sentences; this file gathers them, so that one run names them all.

mod architecture;
mod manifest;
mod purity;
mod text;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process::{capture, cargo};

/// Prints every finding and fails when there is one; hints are printed only.
pub fn run() -> Result<()> {
    let files = text::tracked()?;
    for hint in files.iter().filter_map(text::hint) {
        println!("   hint: {hint}");
    }
    let mut findings = architecture::findings(&architecture::workspace(&packages(&["--no-deps"])?)?);
    findings.extend(purity::findings()?);
    findings.extend(manifest::findings(&std::fs::read_to_string("Cargo.toml")?));
    findings.extend(files.iter().flat_map(text::findings));
    for finding in &findings {
        println!("   {finding}");
    }
    match findings.len() {
        0 => Ok(()),
        count => bail!("{count} findings, listed above"),
    }
}

/// The packages that cargo knows: the workspace's and all dependencies, unless the arguments narrow it.
pub fn packages(args: &[&str]) -> Result<Vec<Value>> {
    let printed = capture(cargo(["metadata", "--format-version", "1"]).args(args))?;
    let mut metadata: Value =
        serde_json::from_str(&printed).context("`cargo metadata` did not print JSON")?;
    match metadata.get_mut("packages").map(Value::take) {
        Some(Value::Array(packages)) => Ok(packages),
        _ => bail!("`cargo metadata` lists no packages"),
    }
}
