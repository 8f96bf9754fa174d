//! Bundles that a dishonest or unlucky hand made: each is caught by one check, and only by that one.
//!
//! *Edits* change files of a good bundle; its table of contents is made anew unless that is the point. *Forgeries* change
//! what was written before it was logged: chained, hashed, proven and signed again with the right keys, so that only the
//! meaning is wrong.

mod edits;
mod meanings;

use std::collections::BTreeMap;

use proof::digest::Digest;
use proof::json::Value;
use proof::leaf::Leaf;
use verifier::{Check, Verdict};

use crate::corpus::Case;
use crate::export::{Bundle, hash};
use crate::lab::{Lab, Log};
use crate::stories::export;

/// Every tampered bundle.
pub fn cases() -> Vec<Case> {
    let mut cases = edits::cases();
    cases.extend(meanings::cases());
    cases
}

/// Files of a good bundle, changed.
fn edit(name: &'static str, lab: &Lab, found: (Check, Verdict), change: impl FnOnce(&mut Bundle)) -> Case {
    silent(name, lab, found, change).relisted()
}

/// Files of a good bundle, changed without telling the table of contents.
fn silent(name: &'static str, lab: &Lab, found: (Check, Verdict), change: impl FnOnce(&mut Bundle)) -> Case {
    let mut files = export(lab).files(&lab.log);
    change(&mut files);
    Case::new(name, files, found.1).found_by(found.0)
}

/// What was written, changed before it was logged.
fn forge(name: &'static str, lab: &Lab, found: (Check, Verdict), change: impl FnOnce(&mut Log)) -> Case {
    let mut log = lab.log.clone();
    change_all(&mut log, change);
    Case::new(name, export(lab).files(&log), found.1).found_by(found.0)
}

/// Changes leaves and chains them again: positions, previous hashes, causes, and the count of each close.
pub fn change_all(log: &mut Log, change: impl FnOnce(&mut Log)) {
    for leaf in &mut log.leaves {
        let old = hash(leaf);
        leaf.data.insert(TAG.to_owned(), old.into());
    }
    change(log);
    let mut chains: BTreeMap<Option<String>, (u64, Option<Digest>)> = BTreeMap::new();
    let mut moved: BTreeMap<Digest, Digest> = BTreeMap::new();
    for leaf in &mut log.leaves {
        let old = leaf.data.remove(TAG).and_then(|old| Digest::parse(old.as_str()?));
        let (next, prev) = chains.entry(leaf.run.clone()).or_default();
        (leaf.seq, leaf.prev) = (*next, *prev);
        for cause in &mut leaf.cause {
            *cause = moved.get(cause).copied().unwrap_or(*cause);
        }
        if leaf.kind == "run.closed" {
            leaf.data.entry("events".to_owned()).and_modify(|events| {
                *events = Value::Int(i64::try_from(*next + 1).unwrap());
            });
        }
        let new = hash(leaf);
        moved.extend(old.map(|old| (old, new)));
        (*next, *prev) = (*next + 1, Some(new));
    }
}

/// Where a leaf remembers what it was hashed to, so that causes still find it after a change.
const TAG: &str = "tag";

/// The leaf of this type, by its number among those.
fn nth<'a>(log: &'a mut Log, kind: &str, n: usize) -> &'a mut Leaf {
    log.leaves.iter_mut().filter(|leaf| leaf.kind == kind).nth(n).unwrap_or_else(|| panic!("no {kind} {n}"))
}

/// The only leaf of this type, or the first.
fn the<'a>(log: &'a mut Log, kind: &str) -> &'a mut Leaf {
    nth(log, kind, 0)
}

fn set(leaf: &mut Leaf, name: &str, value: impl Into<Value>) {
    assert!(leaf.data.contains_key(name), "{} has no {name}", leaf.kind);
    leaf.data.insert(name.to_owned(), value.into());
}

/// Takes the leaf out, and what was sealed for it.
fn cut(log: &mut Log, kind: &str, n: usize) {
    let at = position(log, kind, n);
    let gone = log.leaves.remove(at);
    for sealed in log.sealed.values_mut() {
        sealed.retain(|disclosure| !gone.sd.contains(&disclosure.digest));
    }
}

fn position(log: &Log, kind: &str, n: usize) -> usize {
    let found = log.leaves.iter().enumerate().filter(|(_, leaf)| leaf.kind == kind).nth(n);
    found.unwrap_or_else(|| panic!("no {kind} {n}")).0
}

fn text(files: &Bundle, path: &str) -> String {
    String::from_utf8(files[path].clone()).unwrap()
}

/// Changes the lines of a file.
fn lines(files: &mut Bundle, path: &str, change: impl FnOnce(&mut Vec<String>)) {
    let mut lines: Vec<String> = text(files, path).lines().map(str::to_owned).collect();
    change(&mut lines);
    lines.push(String::new());
    files.insert(path.to_owned(), lines.join("\n").into_bytes());
}
