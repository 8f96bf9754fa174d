//! The seam to systems of record: five methods without default bodies, and what they take and give.
//!
//! A connector reads, writes once per grant, looks for the effect of a write, and plans an undo. It decides nothing, keeps
//! nothing, and never says `applied`: that is proven by a fresh read, above this room.

use std::collections::BTreeMap;

use domain::grant::ExecutionGrant;
use domain::mutation::{Mutation, ProposedMutation, RecordRef, Snapshot, UndoKind};
use domain::name::Slug;
use domain::time::Timestamp;
use futures_util::future::BoxFuture;
use proof::digest::Digest;
use proof::json::{Value, object};

use crate::description::Description;
use crate::words::words;

/// One configured system of record.
pub trait Connector: Send + Sync {
    /// What it is and what it can do.
    fn describe(&self) -> &Description;

    /// Reads one record now. May be repeated at will.
    fn snapshot<'a>(&'a self, record: &'a RecordRef) -> BoxFuture<'a, Result<Read, ReadFault>>;

    /// Sends at most one write request. The grant is used up, whatever happens: no retry, no redirect, no re-sent body.
    fn apply<'a>(&'a self, grant: ExecutionGrant, write: &'a Write<'a>) -> BoxFuture<'a, Applied>;

    /// Looks whether a write of ours had its effect: by idempotency key, by created id, or by the action's proof query.
    ///
    /// It tells what the system of record shows now. Whether the write can still land is the caller's question.
    fn find_effect<'a>(&'a self, query: &'a EffectQuery<'a>) -> BoxFuture<'a, Result<Effect, ReadFault>>;

    /// Plans what would restore or counter the mutation; `handle` is what [`Reply::Accepted`] gave. It sends nothing.
    fn undo(&self, mutation: &Mutation, handle: Option<&str>) -> UndoPlan;
}

/// A record as it is now, with the exchange that showed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The record.
    pub snapshot: Snapshot,
    /// What was asked and answered.
    pub exchange: Exchange,
}

/// Why a record could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadFault {
    /// There is no such record, or we may not know of it.
    #[error("the record is not there")]
    NotFound,
    /// The system of record refused the question.
    #[error("the system of record refused to answer: {code}")]
    Refused {
        /// Why, in the manifest's words.
        code: Slug,
        /// Whether asking again later can help.
        retryable: bool,
        /// How long the system of record asked us to wait.
        retry_after_ms: Option<u64>,
    },
    /// No usable answer came. Asking again later can help.
    #[error("the system of record cannot be reached: {code}")]
    Unreachable {
        /// Why: `connect`, `timeout`, `reset`, `status_503` and so on.
        code: Slug,
    },
    /// The answer is not what the manifest describes; nothing may be concluded from it.
    #[error("the answer differs from the manifest at {at}: {what}")]
    Answer {
        /// Where in the answer.
        at: String,
        /// What is wrong. It never quotes the answer.
        what: String,
    },
    /// The connector's manifest has no such object or action.
    #[error("the manifest does not describe `{0}`")]
    Undescribed(String),
}

/// One write, as previewed, with what the dispatch re-read just before.
#[derive(Debug, Clone, Copy)]
pub struct Write<'a> {
    /// The mutation.
    pub mutation: &'a Mutation,
    /// The version token of the fresh read; the vendor's conditional write is made with this one.
    pub fresh_version: Option<&'a str>,
    /// The fresh read.
    pub before: Option<&'a Snapshot>,
}

/// What one write request brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// What the system of record said, or that it said nothing.
    pub reply: Reply,
    /// How long it asked us to wait before the next request.
    pub retry_after_ms: Option<u64>,
    /// What was sent and answered.
    pub exchange: Exchange,
}

/// What the system of record said to a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It accepted. That is no proof: the effect is read back.
    Accepted {
        /// The id of what came into being: the created record, the comment, the audit entry.
        handle: Option<String>,
    },
    /// It refused: no effect.
    Rejected {
        /// Why, in the manifest's words.
        code: Slug,
        /// Whether a new attempt of the same plan can help.
        retryable: bool,
        /// The record moved between our read and our write.
        conflict: bool,
    },
    /// Provably not one byte of the request left.
    NotSent {
        /// Why.
        code: Slug,
    },
    /// It may or may not have had its effect.
    Unknown {
        /// Why we cannot tell: `timeout`, `reset`, `unmapped_502` and so on.
        code: Slug,
    },
}

/// Whose effect is looked for.
#[derive(Debug, Clone, Copy)]
pub struct EffectQuery<'a> {
    /// The mutation that was sent.
    pub mutation: &'a Mutation,
    /// Its idempotency key.
    pub key: &'a Digest,
    /// What the reply named, when there was one.
    pub handle: Option<&'a str>,
    /// The time of the before-read: older entries are not ours.
    pub since: Timestamp,
}

words! {
    /// On what grounds an effect was found.
    Basis {
        /// The system of record keeps our idempotency key.
        KeyLookup = "key_lookup",
        /// The record's journal names our change.
        Journal = "journal",
        /// A query for what the action makes.
        ProofQuery = "proof_query",
    }
}

/// What the system of record shows of a write of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// It had its effect.
    Found {
        /// How we know.
        basis: Basis,
        /// The id of what came into being, or of the journal entry.
        handle: Option<String>,
        /// Somebody else changed the same fields since the before-read: an update may have been lost.
        by_other: bool,
    },
    /// It shows no effect of ours.
    NotFound {
        /// Whether the place that was searched keeps every effect, so that absence speaks.
        conclusive: bool,
    },
    /// There is nowhere to look, or what was found is not clearly ours. Compare the record, or ask a person.
    CannotTell,
}

/// How a mutation can be undone. The proposals pass preview, policy and a grant like any other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UndoPlan {
    /// Puts the changed fields back.
    Restore(ProposedMutation),
    /// A counter-action.
    Counter(ProposedMutation),
    /// Neither exists; says why.
    Irreversible(String),
}

impl UndoPlan {
    /// The kind, as plans carry it.
    pub fn kind(&self) -> UndoKind {
        match self {
            Self::Restore(_) => UndoKind::Rollback,
            Self::Counter(_) => UndoKind::Compensation,
            Self::Irreversible(_) => UndoKind::Irreversible,
        }
    }
}

/// One request and its answer, as kept in evidence. No credential stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The HTTP method.
    pub method: String,
    /// The URL.
    pub url: String,
    /// The request headers that carry meaning, by lower-case name.
    pub request_headers: BTreeMap<String, String>,
    /// The request body.
    pub request_body: Option<Value>,
    /// The answer's status; absent when there was no answer.
    pub status: Option<u16>,
    /// The answer's headers that carry meaning, by lower-case name.
    pub response_headers: BTreeMap<String, String>,
    /// The answer's body: JSON with exact digits, or text cut at a limit.
    pub response_body: Option<Value>,
    /// When the request began.
    pub started: Timestamp,
    /// When the answer was complete, or given up.
    pub ended: Timestamp,
}

impl Exchange {
    /// The sealed form: an object of integers, texts and objects.
    pub fn value(&self) -> Value {
        let headers = |headers: &BTreeMap<String, String>| {
            Value::Object(headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect())
        };
        let with_body = |mut side: Value, body: &Option<Value>| {
            if let (Value::Object(members), Some(body)) = (&mut side, body) {
                members.insert("body".to_owned(), body.clone());
            }
            side
        };
        let request = object([
            ("headers", headers(&self.request_headers)),
            ("method", self.method.as_str().into()),
            ("url", self.url.as_str().into()),
        ]);
        let response = match self.status {
            Some(status) => {
                object([("headers", headers(&self.response_headers)), ("status", u32::from(status).into())])
            }
            None => object([]),
        };
        object([
            ("ended", self.ended.to_string().into()),
            ("request", with_body(request, &self.request_body)),
            ("response", with_body(response, &self.response_body)),
            ("started", self.started.to_string().into()),
        ])
    }
}
