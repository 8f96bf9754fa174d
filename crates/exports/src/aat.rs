//! A run as an Agent Audit Trail: JSON lines, chained, each signed with ES256 (draft-sharif-agent-audit-trail, as the tools
//! of its revision 06 read it).
//!
//! The first record starts the session and is signed by the agent key; all others are what we recorded, signed by the
//! recorder key. One run is one file and one batch. The keys are ours and serve this format alone: what proves the events
//! is the log, and each record names its leaf there.

mod batch;
mod key;
mod record;
mod semver;
use std::collections::BTreeMap;

use domain::event::Event;
use proof::canonical;
use proof::digest::{Digest, sha256};
use proof::json::{Object, Value};
use proof::strict::parse_open;
use proof::tree::leaf_hash;

pub use key::{NoKey, TrailKey, TrailPublicKey};

use crate::evidence::{Entry, RunEvidence, members, with};
use crate::jsonl;

/// The one signature algorithm.
const ALGORITHM: &str = "ES256";

/// The keys of a trail.
pub struct TrailKeys {
    agent: TrailKey,
    recorder: TrailKey,
}

/// One key for both parts, under which a trail would not tell the agent from its recorder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the agent key and the recorder key are the same")]
pub struct SameKey;

impl TrailKeys {
    /// Two different keys.
    ///
    /// # Errors
    /// [`SameKey`].
    pub fn new(agent: TrailKey, recorder: TrailKey) -> Result<Self, SameKey> {
        if agent.public() == recorder.public() { Err(SameKey) } else { Ok(Self { agent, recorder }) }
    }

    /// The file `aat.keys.json`: the public keys by their thumbprints.
    pub fn file(&self) -> Vec<u8> {
        let keys = [self.agent.public(), self.recorder.public()].map(|key| (key.kid(), key.to_value()));
        canonical::to_bytes(&Object::from(keys).into())
    }
}

/// The file `aat.jsonl` of a run.
pub fn trail(evidence: &RunEvidence, keys: &TrailKeys) -> Vec<u8> {
    let mut prev = Value::Null;
    let mut leaves = Vec::new();
    let mut signed = Vec::new();
    for (position, record) in records(evidence).into_iter().enumerate() {
        let key = if position == 0 { &keys.agent } else { &keys.recorder };
        let envelope = [
            ("prev_hash", std::mem::replace(&mut prev, Value::Null)),
            ("sig_alg", ALGORITHM.into()),
            ("signer_kid", key.public().kid().into()),
        ];
        let mut record = with(record, envelope);
        let signature = key.sign(&canonical::to_bytes(&record.clone().into()));
        record.insert("signature".to_owned(), signature.into());
        let bytes = canonical::to_bytes(&record.clone().into());
        prev = sha256(&bytes).into();
        leaves.push(leaf_hash(&bytes));
        signed.push(record);
    }
    let batches = batch::members(&epoch(evidence), &leaves);
    let lines =
        signed.into_iter().zip(batches).map(|(record, batch)| with(record, [("batch", batch)]).into());
    jsonl::to_bytes(&lines.collect::<Vec<Value>>())
}

/// How a trail differs from the events. Records are counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Differs {
    /// The last line is not ended.
    #[error("the trail was cut")]
    Cut,
    /// The keys file is not canonical JSON, or holds something else than keys under their thumbprints.
    #[error("the keys file is malformed")]
    Keys,
    /// Another number of records than events.
    #[error("the trail has another number of records than the run has events")]
    Count,
    /// A record is not canonical JSON.
    #[error("record {0} is not canonical JSON")]
    Form(usize),
    /// A record says something else than its event.
    #[error("record {0} does not say what its event says")]
    Record(usize),
    /// A record does not name the one before it.
    #[error("record {0} is not chained to the one before")]
    Chain(usize),
    /// A record is signed by a key that may not sign it, or that is not in the keys file.
    #[error("record {0} names a key that may not sign it")]
    Signer(usize),
    /// A signature does not verify.
    #[error("record {0} has a bad signature")]
    Signature(usize),
    /// A record is not at its place in the batch.
    #[error("record {0} is not at its place in the batch")]
    Batch(usize),
}

/// Whether a trail says what the events say, under keys of its own keys file. Whose keys those are is not judged.
///
/// # Errors
/// How it differs.
pub fn says(trail: &[u8], keys_file: &[u8], evidence: &RunEvidence) -> Result<(), Differs> {
    let keys = read_keys(keys_file).ok_or(Differs::Keys)?;
    let lines = jsonl::lines(trail).ok_or(Differs::Cut)?;
    let due = records(evidence);
    if lines.len() != due.len() {
        return Err(Differs::Count);
    }
    let mut prev = Value::Null;
    let mut signers: Vec<String> = Vec::new();
    let (mut leaves, mut batches) = (Vec::new(), Vec::new());
    for (position, (line, due)) in lines.into_iter().zip(due).enumerate() {
        let Ok(Value::Object(mut record)) = parse_open(line) else { return Err(Differs::Form(position)) };
        batches.push(record.remove("batch"));
        let bytes = canonical::to_bytes(&record.clone().into());
        let signature = record.remove("signature");
        let message = canonical::to_bytes(&record.clone().into());
        if record.remove("prev_hash") != Some(prev) {
            return Err(Differs::Chain(position));
        }
        let Some(Value::Str(kid)) = record.remove("signer_kid") else {
            return Err(Differs::Signer(position));
        };
        let key = keys.get(&kid).filter(|_| may_sign(&signers, &kid)).ok_or(Differs::Signer(position))?;
        let signature = signature.as_ref().and_then(Value::as_str).unwrap_or_default();
        if record.remove("sig_alg") != Some(ALGORITHM.into()) || !key.verifies(&message, signature) {
            return Err(Differs::Signature(position));
        }
        if record != due {
            return Err(Differs::Record(position));
        }
        prev = sha256(&bytes).into();
        leaves.push(leaf_hash(&bytes));
        signers.push(kid);
    }
    let due = batch::members(&epoch(evidence), &leaves);
    let wrong = batches.into_iter().zip(due).position(|(said, due)| said != Some(due));
    wrong.map_or(Ok(()), |position| Err(Differs::Batch(position)))
}

/// The agent key signs the first record, one other key the rest.
fn may_sign(signers: &[String], kid: &str) -> bool {
    match signers {
        [] => true,
        [agent] => agent != kid,
        [_, recorder, ..] => recorder == kid,
    }
}

fn read_keys(file: &[u8]) -> Option<BTreeMap<String, TrailPublicKey>> {
    let Value::Object(keys) = parse_open(file).ok()? else { return None };
    let read = |(kid, value): (String, Value)| {
        let key = TrailPublicKey::read(&value)?;
        (key.kid() == kid).then_some((kid, key))
    };
    keys.into_iter().map(read).collect()
}

/// The records of a run without `prev_hash`, the members of the signature and `batch`.
fn records(evidence: &RunEvidence) -> Vec<Object> {
    let RunEvidence { origin, run, .. } = evidence;
    let version = evidence.entries.iter().find_map(|entry| {
        if let Event::RunProposed(event) = &entry.event { event.agent_version.as_ref() } else { None }
    });
    let common = members([
        ("agent_id", urn("principal", &run.proposer.to_string()).into()),
        ("agent_version", semver::of(version.map(domain::name::Slug::as_str)).into()),
        ("session_id", uuid(&format!("actionplane/aat/session/v1\n{origin}\n{}", run.id)).into()),
    ]);
    let mut parent = Value::Null;
    let mut calls: BTreeMap<(Digest, u32), String> = BTreeMap::new();
    let mut records = Vec::with_capacity(evidence.entries.len());
    for entry in &evidence.entries {
        let id = uuid(&format!("actionplane/aat/record/v1\n{origin}\n{}", entry.hash));
        let told = record::of(evidence, entry, |mutation, attempt| calls.get(&(mutation, attempt)).cloned());
        let detail = with(told.detail, entry.place(origin));
        let detail = with(detail, [("ap_type", entry.leaf.kind.as_str().into())]);
        let mut record = with(
            common.clone(),
            [
                ("action_detail", detail.into()),
                ("action_type", told.action.into()),
                ("outcome", told.outcome.into()),
                ("parent_record_id", std::mem::replace(&mut parent, id.as_str().into())),
                ("record_id", id.as_str().into()),
                ("record_phase", told.phase.into()),
                ("timestamp", entry.leaf.time.as_str().into()),
                ("trust_level", if records.is_empty() { "L1" } else { "L2" }.into()),
            ],
        );
        if !records.is_empty() {
            record.insert("recording_component".to_owned(), urn("recorder", &entry.leaf.node).into());
        }
        remember_call(&mut calls, entry, id);
        records.push(record);
    }
    records
}

fn remember_call(calls: &mut BTreeMap<(Digest, u32), String>, entry: &Entry<Event>, id: String) {
    if let Event::AttemptStarted(event) = &entry.event {
        calls.insert((event.mutation, event.attempt), id);
    }
}

fn epoch(evidence: &RunEvidence) -> String {
    format!("run:{}", evidence.run.id)
}

/// An identifier of ours as a URI.
fn urn(kind: &str, id: &str) -> String {
    format!("urn:ap:{kind}:{id}")
}

/// A name with the shape of a random UUID (RFC 9562, version 4), derived by hash so that two exports of a run compare.
fn uuid(name: &str) -> String {
    let hex = sha256(name.as_bytes()).to_string();
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default();
    // The variant's two high bits are 10: of the digit's sixteen values four remain.
    let variant = match part(16..17) {
        "0" | "4" | "8" | "c" => '8',
        "1" | "5" | "9" | "d" => '9',
        "2" | "6" | "a" | "e" => 'a',
        _ => 'b',
    };
    format!("{}-{}-4{}-{variant}{}-{}", part(0..8), part(8..12), part(13..16), part(17..20), part(20..32))
}
