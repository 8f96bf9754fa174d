//! Exports in other formats, derived again from the events and compared: an in-toto statement in DSSE, and an audit trail.
//!
//! They are made of verified events and prove nothing that those do not. Whose key signed them is for their own tools to
//! judge; what is judged here is that they say what the events say.

use std::collections::BTreeMap;

use domain::run::Run;
use exports::{Entry, LogHead, Planned, RunEvidence, aat, attestation};
use proof::digest::sha256;
use proof::dsse::Envelope;

use super::signatures::Head;
use crate::files::Files;
use crate::finding::{Check, Docket};
use crate::read::RunParts;

/// Judges the exports of a run that was replayed.
pub fn check(files: &Files, parts: &RunParts, run: &Run, head: &Head, docket: &mut Docket) {
    let file = |name: &str| parts.chain.file(name);
    let mut compare = |name: &str, compared: &mut dyn FnMut(&[u8]) -> Result<(), String>| {
        let Some(bytes) = files.get(&file(name)) else { return };
        docket.look(Check::Projections);
        if let Err(why) = compared(bytes) {
            docket.tampered(Check::Projections, parts.chain.place().within(file(name)), why);
        }
    };
    let evidence = evidence(parts, run, head);
    let events = sha256(files.get(&file("events.jsonl")).unwrap_or_default());
    compare("attestation.dsse.json", &mut |bytes| {
        let envelope = Envelope::parse(bytes).map_err(|fault| fault.to_string())?;
        attestation::says(&envelope, &evidence, events).map_err(|fault| fault.to_string())
    });
    compare("aat.jsonl", &mut |bytes| {
        let keys = files.get(&file("aat.keys.json")).unwrap_or_default();
        aat::says(bytes, keys, &evidence).map_err(|fault| fault.to_string())
    });
}

/// The run as exports take it. They tell clear members only, so no sealed one is filled in.
pub fn evidence(parts: &RunParts, run: &Run, head: &Head) -> RunEvidence {
    let entries = parts.chain.lines.iter().filter_map(|line| {
        let read = line.event.clone()?;
        Some(Entry::new(line.index, read, BTreeMap::new()))
    });
    let planned = parts.plans.values().flatten().map(|planned| {
        (planned.hash, Planned { document: planned.document.clone(), fields: BTreeMap::new() })
    });
    RunEvidence {
        origin: head.checkpoint.origin.clone(),
        head: LogHead { root: head.checkpoint.root, size: head.checkpoint.size },
        run: run.clone(),
        entries: entries.collect(),
        planned: planned.collect(),
    }
}
