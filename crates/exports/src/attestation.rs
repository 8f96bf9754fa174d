//! A run as an in-toto Statement v1 in a DSSE envelope, which supply-chain tools sign, carry and check.
//!
//! Its subject is the file of the run's events in a bundle, so that such a tool can check the file by its digest. Whose
//! key signed is for the reader of the envelope to judge; whether it says what the events say is judged here.

use proof::canonical;
use proof::digest::Digest;
use proof::dsse::{Envelope, IN_TOTO};
use proof::json::{Value, object};
use proof::note::{NoteFault, SigningKey};
use proof::strict::parse_open;

use crate::evidence::{RunEvidence, members, number, with};

/// The type of the statement (in-toto attestation framework, Statement v1).
pub const STATEMENT: &str = "https://in-toto.io/Statement/v1";

/// The type of its predicate. An identifier; nothing fetches it.
pub const PREDICATE: &str = "https://actionplane.dev/attestations/run/v1";

/// How an envelope differs from the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Differs {
    /// The payload has another type.
    #[error("the envelope holds no in-toto statement")]
    Type,
    /// The payload is not canonical JSON.
    #[error("the statement is not canonical JSON")]
    Form,
    /// The statement is about another file.
    #[error("the statement is about another file of events")]
    Subject,
    /// The statement says something else.
    #[error("the statement does not say what the events say")]
    Predicate,
}

/// The statement about a run. `events_file` is the SHA-256 of its `events.jsonl` in the bundle.
///
/// Predicate: `events`, `head` (hash of the last leaf), `log` (`root`, `size`), `origin`, `plan_digest`, `policy`, `run` and
/// `stage`; a run without a plan has no `plan_digest` and no `policy`.
pub fn statement(evidence: &RunEvidence, events_file: Digest) -> Value {
    let RunEvidence { origin, head, run, entries, .. } = evidence;
    let predicate = members([
        ("events", number(run.events)),
        ("head", entries.last().map_or(Value::Null, |entry| entry.hash.into())),
        ("log", object([("root", head.root.into()), ("size", number(head.size))])),
        ("origin", origin.as_str().into()),
        ("run", run.id.to_string().into()),
        ("stage", run.stage.word().into()),
    ]);
    let planned = run
        .plan
        .iter()
        .flat_map(|plan| [("plan_digest", Value::from(plan.digest)), ("policy", Value::from(plan.policy))]);
    object([
        ("_type", STATEMENT.into()),
        ("predicate", with(predicate, planned).into()),
        ("predicateType", PREDICATE.into()),
        ("subject", Value::Array(vec![subject(evidence, events_file)])),
    ])
}

fn subject(evidence: &RunEvidence, events_file: Digest) -> Value {
    object([
        ("digest", object([("sha256", events_file.into())])),
        ("name", format!("{}/{}/events.jsonl", evidence.origin, evidence.run.id).into()),
    ])
}

/// The statement, signed by the attestation key, which signs nothing else.
///
/// # Errors
/// [`NoteFault::KeyKind`] for a key that signs notes of another kind.
pub fn sign(evidence: &RunEvidence, events_file: Digest, key: &SigningKey) -> Result<Envelope, NoteFault> {
    Envelope::sign(IN_TOTO, &canonical::to_bytes(&statement(evidence, events_file)), key)
}

/// Whether an envelope says what the events say. Signatures are not looked at.
///
/// # Errors
/// How it differs.
pub fn says(envelope: &Envelope, evidence: &RunEvidence, events_file: Digest) -> Result<(), Differs> {
    if envelope.payload_type != IN_TOTO {
        return Err(Differs::Type);
    }
    let said = parse_open(&envelope.payload).map_err(|_| Differs::Form)?;
    let due = statement(evidence, events_file);
    if said == due {
        Ok(())
    } else if said.get("subject") == due.get("subject") {
        Err(Differs::Predicate)
    } else {
        Err(Differs::Subject)
    }
}
