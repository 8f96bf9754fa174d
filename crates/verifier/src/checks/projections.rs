//! Exports in other formats, derived again from the events and compared: an in-toto statement in DSSE, and an audit trail.
//!
//! They are made of verified events and prove nothing that those do not. Whose key signed them is for their own tools to
//! judge; what is judged here is that they say what the events say.

use std::collections::BTreeMap;

use domain::run::Run;
use exports::{Entry, LogHead, Planned, RunEvidence, WorkspaceEvidence, aat, attestation};
use proof::digest::sha256;
use proof::dsse::Envelope;
use proof::leaf::SdDigest;

use super::disclosures::DOCUMENT;
use super::signatures::Head;
use crate::acts::{Act, Tombstone};
use crate::files::Files;
use crate::finding::{Check, Docket};
use crate::read::{Chain, RunParts};
use crate::values::{Field, Values};

/// Judges the exports of a run that was replayed.
pub fn check(files: &Files, parts: &RunParts, evidence: &RunEvidence, docket: &mut Docket) {
    let file = |name: &str| parts.chain.file(name);
    let mut compare = |name: &str, compared: &mut dyn FnMut(&[u8]) -> Result<(), String>| {
        let Some(bytes) = files.get(&file(name)) else { return };
        docket.look(Check::Projections);
        if let Err(why) = compared(bytes) {
            docket.tampered(Check::Projections, parts.chain.place().within(file(name)), why);
        }
    };
    let events = sha256(files.get(&file("events.jsonl")).unwrap_or_default());
    compare("attestation.dsse.json", &mut |bytes| {
        let envelope = Envelope::parse(bytes).map_err(|fault| fault.to_string())?;
        attestation::says(&envelope, evidence, events).map_err(|fault| fault.to_string())
    });
    compare("aat.jsonl", &mut |bytes| {
        let keys = files.get(&file("aat.keys.json")).unwrap_or_default();
        aat::says(bytes, keys, evidence).map_err(|fault| fault.to_string())
    });
}

/// The run as exports take it.
pub fn evidence(parts: &RunParts, run: &Run, head: &Head, values: &Values) -> RunEvidence {
    let entries = parts.chain.lines.iter().filter_map(|line| {
        let read = line.event.clone()?;
        let fields = fields(values, &read.leaf.sd, read.event.sealed());
        Some(Entry::new(line.index, read, fields))
    });
    let planned = parts.plans.values().flatten().map(|planned| {
        let fields = fields(values, &planned.document.sd, DOCUMENT);
        (planned.hash, Planned { document: planned.document.clone(), fields })
    });
    RunEvidence {
        origin: head.checkpoint.origin.clone(),
        head: log_head(head),
        run: run.clone(),
        entries: entries.collect(),
        planned: planned.collect(),
    }
}

/// The acts of the workspace as exports take them.
pub fn acts(chain: &Chain<Act>, head: &Head, values: &Values) -> WorkspaceEvidence {
    let entries = chain.lines.iter().filter_map(|line| {
        let Act { leaf, time, by, event } = line.event.clone()?;
        let fields = fields(values, &leaf.sd, event.sealed());
        Some(Entry { index: line.index, hash: line.hash, leaf, time, by, event, fields })
    });
    WorkspaceEvidence {
        origin: head.checkpoint.origin.clone(),
        head: log_head(head),
        entries: entries.collect(),
    }
}

fn log_head(head: &Head) -> LogHead {
    LogHead { root: head.checkpoint.root, size: head.checkpoint.size }
}

fn fields(values: &Values, digests: &[SdDigest], names: &[&str]) -> BTreeMap<String, exports::Field> {
    let told = values.by_name(digests, names).into_iter().map(|(name, field)| {
        let field = match field {
            Field::Disclosed(value) => exports::Field::Disclosed(value),
            Field::Erased(Tombstone { index, time, basis }) => exports::Field::Erased { index, time, basis },
            Field::Withheld => exports::Field::Withheld,
        };
        (name, field)
    });
    told.collect()
}
