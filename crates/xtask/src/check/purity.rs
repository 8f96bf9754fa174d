//! The pure crates reach nothing impure through what they link.
//!
//! Their own calls are held by a `clippy.toml` in each; this looks at the whole closure of normal dependencies,
//! with the features that the crate has when it is built alone, as an auditor builds it.

use anyhow::Result;

use crate::process::{capture, cargo};

const PURE: &[&str] = &["proof", "policy", "domain"];

/// Clocks that wait, sockets, databases, sources of randomness.
const IMPURE: &[&str] = &[
    "async-std",
    "axum",
    "getrandom",
    "hyper",
    "libsqlite3-sys",
    "mio",
    "rand",
    "reqwest",
    "ring",
    "rusqlite",
    "rustls",
    "socket2",
    "sqlx",
    "tempfile",
    "tokio",
    "ureq",
    "uuid",
];

/// One sentence for each impure crate that a pure one links.
pub fn findings() -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for name in PURE {
        let args = ["tree", "--package", name, "--edges", "normal", "--prefix", "none", "--format", "{p}"];
        findings.extend(impure(name, &capture(&mut cargo(args))?));
    }
    Ok(findings)
}

/// Reads lines of `cargo tree`, such as `sha2 v0.11.1`.
fn impure(name: &str, tree: &str) -> Vec<String> {
    let mut linked: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    linked.sort_unstable();
    linked.dedup();
    let impure = linked.into_iter().filter(|linked| IMPURE.contains(linked));
    impure
        .map(|linked| {
            format!("pure crate `{name}` links `{linked}`: see `cargo tree -p {name} -e normal -i {linked}`")
        })
        .collect()
}

#[cfg(test)]
mod tests;
