//! What may be in the dependency tree: `deny.toml`, held by cargo-deny, or by a smaller check where it is absent.
//!
//! The smaller check reads the same lists and asks `cargo metadata`: licenses, banned crates, sources.

use anyhow::{Context, Result};
use serde_json::Value;

use crate::check::{packages, report};
use crate::process::{self, cargo};

/// Checks licenses, bans and sources; never advisories, whose database would have to be fetched.
pub fn run() -> Result<()> {
    if process::works(cargo(["deny", "--version"])) {
        return process::run(&mut cargo(["deny", "check", "bans", "licenses", "sources"]));
    }
    println!("   cargo-deny is not installed: a smaller check of the same lists runs instead");
    let config = std::fs::read_to_string("deny.toml").context("cannot read `deny.toml`")?;
    let packages = packages(&[])?;
    let findings = findings(&list(&config, "allow"), &list(&config, "deny"), &packages);
    report(&findings, &format!("{} packages", packages.len()))
}

fn findings(allowed: &[&str], banned: &[&str], packages: &[Value]) -> Vec<String> {
    let mut findings = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let license = package["license"].as_str().unwrap_or_default();
        if !licensed(license, allowed) {
            findings.push(format!("`{name}` has the license `{license}`, which deny.toml does not allow"));
        }
        if banned.contains(&name) {
            findings.push(format!("`{name}` is banned by deny.toml"));
        }
        // Ours have no source; everything else comes from the default registry.
        if package["source"].as_str().is_some_and(|source| !source.ends_with(concat!("/crates", ".io-index")))
        {
            findings.push(format!("`{name}` does not come from the default registry"));
        }
    }
    findings
}

/// The first string of each line of `key = [ … ]`.
fn list<'a>(config: &'a str, key: &str) -> Vec<&'a str> {
    let start = format!("{key} = [");
    let lines = config.lines().skip_while(|line| *line != start).skip(1).take_while(|line| *line != "]");
    lines.filter_map(|line| line.split('"').nth(1)).collect()
}

/// Whether a license expression can be met with the allowed ones: `(A OR B) AND C`, and the old form `A/B`.
fn licensed(expression: &str, allowed: &[&str]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = tokens.as_slice();
    either(&mut rest, allowed) && rest.is_empty()
}

fn either(rest: &mut &[&str], allowed: &[&str]) -> bool {
    let mut met = both(rest, allowed);
    while taken(rest, "OR") {
        met |= both(rest, allowed);
    }
    met
}

fn both(rest: &mut &[&str], allowed: &[&str]) -> bool {
    let mut met = one(rest, allowed);
    while taken(rest, "AND") {
        met &= one(rest, allowed);
    }
    met
}

fn one(rest: &mut &[&str], allowed: &[&str]) -> bool {
    if taken(rest, "(") {
        let met = either(rest, allowed);
        return taken(rest, ")") && met;
    }
    let Some((name, after)) = rest.split_first() else { return false };
    *rest = after;
    if taken(rest, "WITH") {
        let Some((exception, after)) = rest.split_first() else { return false };
        *rest = after;
        return allowed.contains(&format!("{name} WITH {exception}").as_str());
    }
    allowed.contains(name)
}

fn taken(rest: &mut &[&str], token: &str) -> bool {
    match rest.split_first() {
        Some((first, after)) if *first == token => {
            *rest = after;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
