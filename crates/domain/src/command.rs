//! What may be asked of a run, with the facts that a decision about it needs.
//!
//! Facts from outside (what a record holds, what policy decided, which groups a person is in) are gathered by the
//! caller and stand here as arguments. Free text and record values become sealed members.

use std::collections::BTreeSet;

use proof::digest::Digest;
use proof::json::Value;

use crate::attempt::{EvidenceLevel, Guarantee, Outcome};
use crate::event::{PlanPreviewed, PolicyDecided};
use crate::id::{PersonId, PolicySetId, RunId};
use crate::mutation::Environment;
use crate::name::Slug;
use crate::principal::Principal;
use crate::run::{Method, RecoveryKind, Stage};
use crate::time::Timestamp;

/// A command on one run.
#[derive(Debug, Clone)]
pub enum Command {
    /// Start a run.
    Propose(Box<Propose>),
    /// The records were read; this is the plan. `revision` is set by the domain.
    RecordPreview(Box<PlanPreviewed>),
    /// No preview is possible: the record is gone, or reading it is forbidden.
    FailPreview {
        /// Why.
        code: Slug,
    },
    /// Policy decided.
    RecordDecision(Box<RecordDecision>),
    /// A person approves.
    Approve(Box<Verdict>),
    /// A person rejects.
    Reject(Box<Verdict>),
    /// A person becomes the only controller, or renews.
    TakeOver(TakeOver),
    /// The holder gives the run back.
    HandBack {
        /// The holder.
        person: PersonId,
        /// Why.
        rationale: Value,
    },
    /// The lease ended in silence.
    ExpireTakeover,
    /// The holder changes the plan.
    Amend {
        /// The holder.
        person: PersonId,
        /// The plan that it replaces, as the holder saw it.
        plan_digest: Option<Digest>,
        /// How many mutations the new plan has.
        mutations: u32,
        /// Why.
        rationale: Value,
    },
    /// A check at dispatch failed: void the authorization, or close what is left.
    Void {
        /// Why.
        code: Slug,
        /// What exactly.
        detail: Value,
    },
    /// A touched or guarded field moved.
    RecordDrift(Drift),
    /// Intent to write.
    StartAttempt(Box<StartAttempt>),
    /// What became of it.
    FinishAttempt(Box<FinishAttempt>),
    /// An unknown outcome is settled.
    Reconcile(Box<Reconcile>),
    /// A person accepts what a read-back showed.
    AcceptDivergence {
        /// The person.
        person: PersonId,
        /// The plan.
        plan_digest: Digest,
        /// The mutation.
        n: u32,
        /// Their name as shown.
        approver: Value,
        /// Why.
        rationale: Value,
    },
    /// Call it off.
    Cancel {
        /// Who.
        by: Principal,
        /// `by_request` or `done_by_hand`.
        code: Slug,
        /// Why.
        rationale: Value,
    },
    /// A deadline may have passed: the run's, the request's or the authorization's.
    Expire,
    /// The rest of the plan is not to be executed.
    CloseRemainder {
        /// Who.
        by: Principal,
        /// Why.
        code: Slug,
    },
    /// A recovery run is being made in the same commit.
    PlanRecovery {
        /// Who asked.
        by: Principal,
        /// The plan that is recovered, as the person saw it.
        plan_digest: Digest,
        /// Restore or counter.
        kind: RecoveryKind,
        /// Which mutations, in the order in which they are recovered.
        mutations: Vec<u32>,
        /// The recovery run.
        child: RunId,
        /// Why.
        rationale: Value,
    },
    /// The recovery run closed.
    FinishRecovery {
        /// The recovery run.
        child: RunId,
        /// The stage in which it closed.
        stage: Stage,
        /// Why it closed.
        code: Slug,
        /// Leaf hash of its `run.closed`.
        close: Digest,
        /// Which of this run's mutations it recovered, proven by its read-backs.
        recovered: Vec<u32>,
    },
    /// What a read showed of work done by hand.
    ObserveChange {
        /// The holder.
        person: PersonId,
        /// The mutation whose record was read.
        n: u32,
        /// Fields with before and now.
        change: Value,
    },
    /// Attach an artifact.
    Attach {
        /// Who; nobody when a worker does.
        by: Option<Principal>,
        /// Its size.
        bytes: u64,
        /// Its media type.
        media_type: String,
        /// Name and digest.
        artifact: Value,
    },
    /// Write a comment.
    Comment {
        /// Who.
        person: PersonId,
        /// The text.
        comment: Value,
    },
}

/// Everything that a proposal says.
#[derive(Debug, Clone)]
pub struct Propose {
    /// The new run's id.
    pub id: RunId,
    /// Who proposes.
    pub by: Principal,
    /// The person who answers for the agent.
    pub agent_owner: Option<PersonId>,
    /// The person for whom the agent acts.
    pub on_behalf_of: Option<PersonId>,
    /// The agent's version.
    pub agent_version: Option<Slug>,
    /// Self-reported confidence.
    pub confidence_bp: Option<u32>,
    /// The run's deadline.
    pub deadline: Timestamp,
    /// Where the plan's connectors point.
    pub environment: Environment,
    /// How many mutations.
    pub mutations: u32,
    /// The parent and the kind, for a recovery.
    pub recovers: Option<(RunId, RecoveryKind)>,
    /// The run whose remainder this takes up.
    pub branched_from: Option<RunId>,
    /// What kind of caller.
    pub source: Slug,
    /// The W3C `traceparent`.
    pub trace: Option<String>,
    /// The registered workflow.
    pub workflow: Slug,
    /// The proposer's name as shown.
    pub proposer: Value,
    /// The stated reason.
    pub reason: Value,
    /// The caller's reference.
    pub source_ref: Value,
    /// Model, prompt and conversation reference.
    pub model: Value,
}

/// What policy decided, and on what.
#[derive(Debug, Clone)]
pub struct RecordDecision {
    /// The set that decided.
    pub set: PolicySetId,
    /// The clear members; `plan_digest` and `principal` are set by the domain.
    pub decided: PolicyDecided,
    /// The exact input of each evaluation.
    pub input: Value,
    /// The decision in plain words.
    pub rationale: Value,
    /// Approvals of the run, by position, whose givers have lost their seat since: they count no more.
    pub lapsed: BTreeSet<u64>,
}

/// A person's verdict.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Who, as authenticated.
    pub by: Principal,
    /// The digest of what they saw.
    pub plan_digest: Digest,
    /// The group for which they speak, when they are in several.
    pub group: Option<Slug>,
    /// Groups in which they are enrolled, by somebody else than themselves.
    pub member_of: BTreeSet<Slug>,
    /// Earlier approvals of the run, by position, whose givers have lost their seat since: they count no more.
    pub lapsed: BTreeSet<u64>,
    /// How they proved who they are.
    pub method: Method,
    /// The longest life that the workspace gives an approval, in seconds.
    pub lifetime_s: u64,
    /// Their name as shown.
    pub approver: Value,
    /// Passkey assertion.
    pub assertion: Value,
    /// Why.
    pub rationale: Value,
    /// Digest of what was shown to them.
    pub shown: Value,
}

/// A takeover, or its renewal.
#[derive(Debug, Clone)]
pub struct TakeOver {
    /// Who.
    pub person: PersonId,
    /// How long.
    pub lease_s: u64,
    /// Their name as shown.
    pub operator: Value,
    /// Why.
    pub rationale: Value,
}

/// A touched or guarded field moved since the preview.
#[derive(Debug, Clone)]
pub struct Drift {
    /// The mutation.
    pub n: u32,
    /// Per field: base, now and proposed.
    pub view: Value,
}

/// Intent to write, with what was seen just before.
#[derive(Debug, Clone)]
pub struct StartAttempt {
    /// The mutation.
    pub n: u32,
    /// Hash of its document.
    pub mutation: Digest,
    /// The plan that was checked.
    pub plan_digest: Digest,
    /// How far the evidence has come.
    pub evidence: EvidenceLevel,
    /// What the write can promise.
    pub guarantee: Guarantee,
    /// Who caused it: a person who said execute or retry, or nobody.
    pub requested_by: Option<Principal>,
    /// The send window, in milliseconds.
    pub window_ms: i64,
    /// The fresh version token and the names of unrelated fields that moved.
    pub observed: Value,
    /// The request as it will be sent, without credentials.
    pub request: Value,
}

/// What became of the attempt in flight.
#[derive(Debug, Clone)]
pub struct FinishAttempt {
    /// The outcome.
    pub outcome: Outcome,
    /// Why.
    pub code: Slug,
    /// Whether another attempt may follow.
    pub retryable: bool,
    /// What the read-back showed.
    pub read_back: Value,
    /// The response, without credentials.
    pub response: Value,
    /// Base, now and proposed, when the answer was a conflict.
    pub conflict: Option<Value>,
}

/// An unknown outcome is settled.
#[derive(Debug, Clone)]
pub struct Reconcile {
    /// The person who settles it, or nobody: the reconciler.
    pub person: Option<PersonId>,
    /// The plan as the person saw it; not needed by the reconciler.
    pub plan_digest: Option<Digest>,
    /// The mutation.
    pub n: u32,
    /// The outcome.
    pub outcome: Outcome,
    /// How it was settled: `key_lookup`, `journal`, `proof_query`, `read_back`, `equals_after_unattributed`, `reply`,
    /// `never_left`, `no_effect_found`. When a person settles it, the domain sets `person`, or `undetermined` for `diverged`.
    pub code: Slug,
    /// Whether another attempt may follow; never after a person settled it.
    pub retryable: bool,
    /// What the read showed.
    pub read_back: Value,
    /// Why, from a person.
    pub rationale: Value,
}
