//! Whether each event stands in the log at the position that it claims, under the head of the bundle.

use std::collections::BTreeSet;

use proof::tlog_proof::TlogProof;

use super::full_log::Entries;
use super::signatures::{Head, Notes};
use crate::files::Files;
use crate::finding::{Check, Docket, Place};
use crate::read::{Chain, Line};

/// What stands in for single proofs.
#[derive(Debug, Clone, Copy)]
pub enum Log<'a> {
    /// Every entry, whose root is the signed one.
    Whole(&'a Entries),
    /// A whole log that does not hold, as another check says.
    Broken,
    /// Nothing.
    Absent,
}

/// Judges every event of a chain.
pub fn check<E>(
    files: &Files,
    chain: &Chain<E>,
    head: &Head,
    log: Log<'_>,
    notes: &mut Notes<'_>,
    docket: &mut Docket,
) {
    let folder = chain.file("proofs");
    for line in &chain.lines {
        docket.look(Check::Inclusion);
        let file = format!("{folder}/{}.tlog-proof", line.index);
        let place = chain.place().at(line.index).within(file.clone());
        match (files.get(&file), log) {
            (Some(bytes), _) => proven(bytes, line, head, place, notes, docket),
            (None, Log::Whole(entries)) if entries.hash(line.index) == Some(line.hash) => {}
            (None, Log::Whole(_)) => {
                docket.tampered(Check::Inclusion, place, "the log has another entry at this position");
            }
            (None, Log::Broken) => {
                docket.leave_open(
                    Check::Inclusion,
                    place,
                    "the whole log, which would prove the event, does not hold",
                );
            }
            (None, Log::Absent) => {
                docket.missing(Check::Inclusion, place, "the proof that the event is in the log is missing");
            }
        }
    }
    let claimed: BTreeSet<String> =
        chain.lines.iter().map(|line| format!("{}.tlog-proof", line.index)).collect();
    for (name, _) in files.under(&folder).filter(|(name, _)| !claimed.contains(*name)) {
        let place = chain.place().within(format!("{folder}/{name}"));
        docket.missing(Check::Inclusion, place, "the event that this proof is about is missing");
    }
}

fn proven<E>(
    bytes: &[u8],
    line: &Line<E>,
    head: &Head,
    place: Place,
    notes: &mut Notes<'_>,
    docket: &mut Docket,
) {
    let proof = match TlogProof::parse(bytes) {
        Ok(proof) => proof,
        Err(fault) => {
            docket.tampered(Check::Inclusion, place, format!("the proof is malformed: {fault}"));
            return;
        }
    };
    notes.judge(&proof.checkpoint, &place, docket);
    // Size and root come from the signed head only: a path alone does not bind them.
    if proof.checkpoint.checkpoint() != &head.checkpoint {
        docket.tampered(Check::Inclusion, place, "the proof is about another head than the bundle's");
    } else if proof.index != line.index || proof.extra.is_some() {
        docket.tampered(Check::Inclusion, place, "the proof is about another event");
    } else if let Err(fault) = proof.verify(&line.hash) {
        docket.tampered(Check::Inclusion, place, format!("the event is not in the log: {fault}"));
    }
}
