//! Exports in other formats, compared with the events: an in-toto statement in DSSE, and an AAT trail.
//!
//! They are made of verified events and prove nothing that those do not. Their own signatures are for their own tools;
//! what is judged here is that they say what the events say.

use std::collections::BTreeMap;

use domain::run::Run;
use domain::wire::ReadEvent;
use proof::digest::{Digest, sha256};
use proof::dsse::{Envelope, IN_TOTO};
use proof::json::{Value, object};
use proof::strict::parse_open;

use super::signatures::Head;
use crate::files::Files;
use crate::finding::{Check, Docket};
use crate::jsonl::{self, count};
use crate::read::{Line, RunParts};

/// The statement's type.
pub const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// The type of what it states. An identifier; nothing fetches it.
pub const PREDICATE: &str = "https://actionplane.dev/attestations/run/v1";

/// Judges the exports of a run that was replayed.
pub fn check(files: &Files, parts: &RunParts, run: &Run, head: &Head, docket: &mut Docket) {
    let file = parts.chain.file("attestation.dsse.json");
    if let Some(bytes) = files.get(&file) {
        docket.look(Check::Projections);
        let events = files.get(&parts.chain.file("events.jsonl")).unwrap_or_default();
        let due = statement(parts, run, head, sha256(events));
        let said = Envelope::parse(bytes).ok().filter(|envelope| envelope.payload_type == IN_TOTO);
        let said = said.and_then(|envelope| parse_open(&envelope.payload).ok());
        if said.as_ref() != Some(&due) {
            let place = parts.chain.place().within(file);
            docket.tampered(
                Check::Projections,
                place,
                "the in-toto statement does not say what the events say",
            );
        }
    }
    let file = parts.chain.file("aat.jsonl");
    if let Some(bytes) = files.get(&file) {
        docket.look(Check::Projections);
        if let Err(why) = trail(bytes, parts, head) {
            let place = parts.chain.place().within(file);
            docket.tampered(
                Check::Projections,
                place,
                format!("the audit trail does not say what the events say: {why}"),
            );
        }
    }
}

/// The statement about a run, as it must be in the payload of `attestation.dsse.json`.
pub fn statement(parts: &RunParts, run: &Run, head: &Head, events: Digest) -> Value {
    let origin = head.checkpoint.origin.as_str();
    let last = parts.chain.lines.last().map_or(Value::Null, |line| line.hash.into());
    let plan = run.plan.as_ref();
    let log = object([
        ("root", head.checkpoint.root.into()),
        ("size", i64::try_from(head.checkpoint.size).unwrap_or(i64::MAX).into()),
    ]);
    let mut predicate = BTreeMap::from([
        ("events".to_owned(), i64::try_from(run.events).unwrap_or(i64::MAX).into()),
        ("head".to_owned(), last),
        ("log".to_owned(), log),
        ("origin".to_owned(), origin.into()),
        ("run".to_owned(), run.id.to_string().into()),
        ("stage".to_owned(), run.stage.word().into()),
    ]);
    // A run that ended before its first preview has neither.
    predicate.extend(plan.map(|plan| ("plan_digest".to_owned(), plan.digest.into())));
    predicate.extend(plan.map(|plan| ("policy".to_owned(), plan.policy.into())));
    let subject = object([
        ("digest", object([("sha256", events.into())])),
        ("name", format!("{origin}/{}/events.jsonl", run.id).into()),
    ]);
    object([
        ("_type", STATEMENT.into()),
        ("predicate", Value::Object(predicate)),
        ("predicateType", PREDICATE.into()),
        ("subject", Value::Array(vec![subject])),
    ])
}

/// Each record is about one event of the run, in order, and says when it was and which leaf it is.
fn trail(bytes: &[u8], parts: &RunParts, head: &Head) -> Result<(), &'static str> {
    let by_index: BTreeMap<u64, &Line<ReadEvent>> =
        parts.chain.lines.iter().map(|line| (line.index, line)).collect();
    let mut last = None;
    for line in jsonl::lines(bytes).ok_or("the file was cut")? {
        let record = parse_open(line).map_err(|_| "a record is not canonical JSON")?;
        let text = |name: &str| record.get(name).and_then(Value::as_str);
        if text("ap_origin") != Some(&head.checkpoint.origin) {
            return Err("a record is about another log");
        }
        let index =
            record.get("ap_log_index").and_then(count).ok_or("a record has no position in the log")?;
        let told = by_index.get(&index).ok_or("a record is about no event of the run")?;
        if text("ap_leaf_hash").and_then(Digest::parse) != Some(told.hash) {
            return Err("a record names another event");
        }
        if text("timestamp") != told.event.as_ref().map(|read| read.leaf.time.as_str()) {
            return Err("a record has another time than its event");
        }
        if last.is_some_and(|last| last >= index) {
            return Err("records are out of order");
        }
        last = Some(index);
    }
    let first = parts.chain.lines.first().map(|line| line.index);
    let due = parts.chain.lines.last().map(|line| line.index);
    if last != due || first.is_none() { Err("the last event has no record") } else { Ok(()) }
}
