//! Who may know whom: the crate graph as a table, compared with the real one.
//!
//! A new edge is a design decision: a page in `docs/adr`, then the row here.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde_json::Value;

/// A crate of ours and the crates of ours that it uses.
struct Room {
    name: &'static str,
    knows: &'static [&'static str],
    /// What its tests use beside that.
    tests_know: &'static [&'static str],
}

const ROOMS: &[Room] = &[
    Room { name: "proof", knows: &[], tests_know: &[] },
    Room { name: "policy", knows: &["proof"], tests_know: &[] },
    Room { name: "domain", knows: &["proof"], tests_know: &[] },
    // Other formats of verified events; the verifier derives them again to compare.
    Room { name: "exports", knows: &["domain", "proof"], tests_know: &[] },
    Room { name: "store", knows: &["domain", "proof"], tests_know: &[] },
    // Of policy only the shapes from which the Cedar schema is made.
    Room { name: "connectors", knows: &["domain", "policy", "proof"], tests_know: &["simulators"] },
    Room {
        name: "engine",
        knows: &["connectors", "domain", "policy", "proof", "store"],
        tests_know: &["connectors", "engine", "simulators"],
    },
    Room {
        name: "server",
        // Of exports it writes what the verifier handed out as verified.
        knows: &[
            "connectors",
            "domain",
            "engine",
            "exports",
            "policy",
            "proof",
            "simulators",
            "store",
            "verifier",
        ],
        tests_know: &[],
    },
    // The auditor's program: pure crates only, no database, no network.
    Room { name: "verifier", knows: &["domain", "exports", "policy", "proof"], tests_know: &[] },
    Room { name: "simulators", knows: &[], tests_know: &[] },
    Room { name: "xtask", knows: &[], tests_know: &[] },
];

/// Crates of others that belong to one room: what they do is behind that room's own words.
const OWNED: &[(&str, &str)] = &[("cedar-policy", "policy"), ("rusqlite", "store")];

/// A crate as its manifest describes it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Crate {
    name: String,
    /// Ours, for the program itself.
    knows: BTreeSet<String>,
    /// Ours, for its tests.
    tests_know: BTreeSet<String>,
    /// Others', for the program itself.
    uses: BTreeSet<String>,
}

/// The workspace's crates, out of the packages of `cargo metadata --no-deps`.
pub fn workspace(packages: &[Value]) -> Result<Vec<Crate>> {
    packages.iter().map(described).collect()
}

fn described(package: &Value) -> Result<Crate> {
    let text = |value: &Value| value.as_str().map(str::to_owned).context("a package without a name");
    let mut described = Crate { name: text(&package["name"])?, ..Crate::default() };
    for dependency in package["dependencies"].as_array().into_iter().flatten() {
        let name = text(&dependency["name"])?;
        let ours = dependency["path"].is_string();
        let for_tests = dependency["kind"] == "dev";
        match (ours, for_tests) {
            (true, true) => described.tests_know.insert(name),
            (true, false) => described.knows.insert(name),
            (false, true) => true,
            (false, false) => described.uses.insert(name),
        };
    }
    Ok(described)
}

/// Every difference between the table and the crates.
pub fn findings(crates: &[Crate]) -> Vec<String> {
    let mut findings = Vec::new();
    for real in crates {
        let Some(room) = ROOMS.iter().find(|room| room.name == real.name) else {
            findings.push(format!("crate `{}` has no row in check/architecture.rs", real.name));
            continue;
        };
        compare(&real.name, "uses", room.knows, &real.knows, &mut findings);
        compare(&real.name, "uses in tests", room.tests_know, &real.tests_know, &mut findings);
        for (foreign, owner) in OWNED {
            if real.uses.contains(*foreign) && real.name != *owner {
                findings.push(format!("`{}` uses `{foreign}`, which belongs to `{owner}`", real.name));
            }
        }
    }
    for room in ROOMS {
        if !crates.iter().any(|real| real.name == room.name) {
            findings.push(format!("check/architecture.rs has a row for `{}`, which is no crate", room.name));
        }
    }
    findings
}

fn compare(name: &str, how: &str, table: &[&str], real: &BTreeSet<String>, findings: &mut Vec<String>) {
    for added in real.iter().filter(|known| !table.contains(&known.as_str())) {
        findings.push(format!("`{name}` {how} `{added}`, an edge that check/architecture.rs does not allow"));
    }
    for gone in table.iter().filter(|known| !real.contains(**known)) {
        findings.push(format!("`{name}` no longer {how} `{gone}`: remove it from check/architecture.rs"));
    }
}

#[cfg(test)]
mod tests;
