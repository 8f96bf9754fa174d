//! The table of contents: every file listed, present and unchanged, and none beside them.
//!
//! It proves nothing by itself. It shows a bundle that was damaged on its way, and names the log that the rest is about.

use std::collections::BTreeSet;

use proof::bundle::{MANIFEST, Manifest};
use proof::digest::sha256;
use proof::strict::Fault;

use super::signatures::{HEAD, Head};
use crate::files::Files;
use crate::finding::{Check, Docket, Place};

/// Reads the table of contents and compares every file.
pub fn check(files: &Files, docket: &mut Docket) -> Option<Manifest> {
    let place = Place::file(MANIFEST);
    for fault in files.refused() {
        docket.tampered(Check::Manifest, Place::bundle(), fault.to_string());
    }
    let Some(bytes) = files.get(MANIFEST) else {
        docket.missing(Check::Manifest, place, "the table of contents is missing");
        return None;
    };
    let manifest = match Manifest::parse(bytes) {
        Ok(manifest) => manifest,
        Err(Fault::Version) => {
            docket.unknown(
                Check::Manifest,
                place,
                "the bundle is written in a version that this program does not know",
            );
            return None;
        }
        Err(fault) => {
            docket.tampered(Check::Manifest, place, format!("the table of contents is malformed: {fault}"));
            return None;
        }
    };
    let mut listed = BTreeSet::from([MANIFEST]);
    for entry in &manifest.files {
        docket.look(Check::Manifest);
        listed.insert(&entry.path);
        let place = Place::file(&entry.path);
        match files.get(&entry.path) {
            None => docket.missing(Check::Manifest, place, "the file is listed, and missing"),
            Some(found) if u64::try_from(found.len()) == Ok(entry.bytes) && sha256(found) == entry.sha256 => {
            }
            Some(_) => docket.tampered(Check::Manifest, place, "the file is not the one that is listed"),
        }
    }
    for (path, _) in files.iter().filter(|(path, _)| !listed.contains(path)) {
        docket.tampered(Check::Manifest, Place::file(path), "the file is not listed");
    }
    Some(manifest)
}

/// Whether the table of contents is about the log of the head.
pub fn names(manifest: &Manifest, head: &Head, docket: &mut Docket) {
    if manifest.origin != head.checkpoint.origin || manifest.size != head.checkpoint.size {
        docket.tampered(Check::Manifest, Place::file(HEAD), "the table of contents is about another head");
    }
}
