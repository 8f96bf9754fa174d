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

/// Gathers the findings of all modules; hints are printed only.
pub fn run() -> Result<()> {
    let files = text::tracked()?;
    for hint in files.iter().filter_map(text::hint) {
        println!("   hint: {hint}");
    }
    let mut findings = architecture::findings(&architecture::workspace(&packages(&["--no-deps"])?)?);
    findings.extend(purity::findings()?);
    findings.extend(manifest::findings(&std::fs::read_to_string("Cargo.toml")?));
    findings.extend(files.iter().flat_map(text::findings));
    report(&findings, &format!("{} files", files.len()))
}

/// Prints the findings and fails when there is one; otherwise says what was looked at.
pub fn report(findings: &[String], looked_at: &str) -> Result<()> {
    for finding in findings {
        println!("   {finding}");
    }
    match findings.len() {
        0 => println!("   no findings in {looked_at}"),
        count => bail!("{count} findings, listed above"),
    }
    Ok(())
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
