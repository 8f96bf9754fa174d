//! Text that must not stand in the tree: traces of somebody's machine, and unfinished or hidden work.
//!
//! The forbidden strings are put together from halves, so that this file does not hold them.

use std::fs;
use std::io::ErrorKind;

use anyhow::{Context, Result};

use crate::process::{capture, program};

const LINES_HINT: usize = 500;

/// A file that git knows, with its text.
pub struct File {
    /// Relative to the root, with `/` between folders.
    pub path: String,
    /// The whole text.
    pub text: String,
}

struct Rule {
    forbidden: &'static str,
    /// Looks at the text before and after the string: is this the thing that is meant?
    meant: fn(before: &str, after: &str) -> bool,
    applies_to: fn(path: &str) -> bool,
    why: &'static str,
}

const NO_MACHINE: &str = "a path of somebody's machine";
const NO_HOST: &str = "the host of a package registry; name the package instead";
const NO_STUB: &str = "unfinished code";
const NO_HIDDEN_TEST: &str = "assert the known wrong result and name its issue";

const RULES: &[Rule] = &[
    Rule { forbidden: concat!("/wo", "rk/"), meant: starts_a_path, applies_to: any, why: NO_MACHINE },
    Rule { forbidden: concat!("/ro", "ot/"), meant: starts_a_path, applies_to: any, why: NO_MACHINE },
    Rule { forbidden: concat!("/ho", "me/"), meant: starts_a_path, applies_to: any, why: NO_MACHINE },
    Rule { forbidden: concat!("/Us", "ers/"), meant: starts_a_path, applies_to: any, why: NO_MACHINE },
    Rule { forbidden: concat!("/tmp/", "bash"), meant: starts_a_path, applies_to: any, why: NO_MACHINE },
    Rule { forbidden: concat!("../sh", "ared"), meant: always, applies_to: any, why: "outside the project" },
    Rule { forbidden: concat!("crates", ".io"), meant: always, applies_to: not_a_lock, why: NO_HOST },
    Rule { forbidden: concat!("pypi", ".org"), meant: always, applies_to: not_a_lock, why: NO_HOST },
    Rule { forbidden: concat!("python", "hosted.org"), meant: always, applies_to: not_a_lock, why: NO_HOST },
    Rule { forbidden: concat!("npmjs", ".org"), meant: always, applies_to: not_a_lock, why: NO_HOST },
    Rule { forbidden: concat!("debian", ".org"), meant: always, applies_to: not_a_lock, why: NO_HOST },
    Rule { forbidden: concat!("todo", "!("), meant: always, applies_to: rust, why: NO_STUB },
    Rule { forbidden: concat!("unimpl", "emented!("), meant: always, applies_to: rust, why: NO_STUB },
    Rule { forbidden: concat!("#[ig", "nore"), meant: always, applies_to: rust, why: NO_HIDDEN_TEST },
    Rule { forbidden: concat!("#[should", "_panic"), meant: always, applies_to: rust, why: NO_HIDDEN_TEST },
    Rule { forbidden: concat!("TO", "DO"), meant: without_an_issue, applies_to: code, why: "needs (#issue)" },
    Rule {
        forbidden: concat!("FIX", "ME"),
        meant: without_an_issue,
        applies_to: code,
        why: "needs (#issue)",
    },
    Rule {
        forbidden: concat!("CommitReceipt", "::committed("),
        meant: always,
        applies_to: rust_outside_the_store,
        why: "only the store says that something is committed",
    },
];

/// Every text file that git knows and that is there.
pub fn tracked() -> Result<Vec<File>> {
    let names = capture(&mut program("git", ["ls-files", "-z"]))?;
    let mut files = Vec::new();
    for path in names.split('\0').filter(|path| !path.is_empty()) {
        match fs::read(path) {
            Ok(bytes) => {
                if let Ok(text) = String::from_utf8(bytes) {
                    files.push(File { path: path.to_owned(), text });
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("cannot read `{path}`")),
        }
    }
    Ok(files)
}

/// One sentence for each forbidden string in a file.
pub fn findings(file: &File) -> Vec<String> {
    let mut findings = Vec::new();
    for rule in RULES.iter().filter(|rule| (rule.applies_to)(&file.path)) {
        for (number, line) in (1..).zip(file.text.lines()) {
            let mut meant = line.match_indices(rule.forbidden).filter(|(start, found)| {
                let (before, rest) = line.split_at(*start);
                (rule.meant)(before, rest.strip_prefix(found).unwrap_or_default())
            });
            if meant.next().is_some() {
                findings.push(format!("{}:{number}: `{}`: {}", file.path, rule.forbidden, rule.why));
            }
        }
    }
    findings
}

/// A sentence about a code file that has grown long; nothing fails because of it.
pub fn hint(file: &File) -> Option<String> {
    let lines = file.text.lines().count();
    let long = lines > LINES_HINT && code(&file.path) && !file.path.contains(".gen.");
    long.then(|| format!("{} has {lines} lines: look for a seam", file.path))
}

fn always(_: &str, _: &str) -> bool {
    true
}

/// Not in the middle of a URL or of a relative path.
fn starts_a_path(before: &str, _: &str) -> bool {
    !before.ends_with(|c: char| c.is_alphanumeric() || "._-/~$})".contains(c))
}

/// The word stands alone and is not followed by `(#123)`.
fn without_an_issue(before: &str, after: &str) -> bool {
    let alone = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    let issue = after.strip_prefix("(#").and_then(|rest| rest.split_once(')'));
    let has_issue = issue.is_some_and(|(number, _)| number.parse::<u32>().is_ok());
    alone(before.chars().next_back()) && alone(after.chars().next()) && !has_issue
}

fn any(_: &str) -> bool {
    true
}

fn not_a_lock(path: &str) -> bool {
    !path.ends_with("Cargo.lock") && !path.ends_with("package-lock.json")
}

fn rust(path: &str) -> bool {
    extension(path) == "rs"
}

fn code(path: &str) -> bool {
    ["rs", "ts", "tsx", "js", "mjs", "css", "sql", "sh", "toml", "cedar"].contains(&extension(path))
}

fn rust_outside_the_store(path: &str) -> bool {
    let test_of_domain =
        path.starts_with("crates/domain/") && (path.contains("/tests/") || path.ends_with("/tests.rs"));
    rust(path) && !path.starts_with("crates/store/") && !test_of_domain
}

fn extension(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, extension)| extension)
}

#[cfg(test)]
mod tests;
