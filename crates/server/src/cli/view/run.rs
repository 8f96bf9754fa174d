//! A run with its plan, decision, approvals, attempts and recovery.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{Held, Named, nullable};

/// A run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Run {
    /// The id.
    pub id: String,
    /// Where it stands.
    pub stage: String,
    /// Where its connectors point.
    pub environment: String,
    /// The registered workflow.
    pub workflow: String,
    /// When it was proposed.
    pub created: String,
    /// When it expires.
    pub deadline: Option<String>,
    /// How it closed.
    pub closed: Option<Closed>,
    /// Who proposed it.
    pub proposer: Named,
    /// The agent's own estimate: basis points.
    pub confidence_bp: Option<u32>,
    /// Why it was proposed; gone when erased.
    pub reason: Option<String>,
    /// When and why it was.
    pub erasure: Option<Tombstone>,
    /// The revision of the plan.
    #[serde(default)]
    pub revision: u32,
    /// What a verdict binds to; absent before the first preview.
    pub plan_digest: Option<String>,
    /// What it does.
    pub plan: Plan,
    /// What policy said.
    pub decision: Option<Decision>,
    /// The request for approval.
    pub request: Option<Expiring>,
    /// Every verdict.
    #[serde(default)]
    pub approvals: Vec<Approval>,
    /// What lets it execute.
    pub authorization: Option<Authorization>,
    /// Who controls it.
    pub takeover: Option<Takeover>,
    /// Every try.
    #[serde(default)]
    pub attempts: Vec<Attempt>,
    /// Every drift.
    #[serde(default)]
    pub drift: Vec<Drift>,
    /// What undoes it.
    #[serde(default, deserialize_with = "nullable")]
    pub recovery: Recovery,
    /// What it undoes itself.
    pub recovers: Option<Recovers>,
    /// The run whose remainder it takes up.
    pub branched_from: Option<String>,
    /// Whose turn it is.
    pub next: Option<Next>,
    /// What stopped this recovery.
    #[serde(default, deserialize_with = "nullable")]
    pub conflicts: Vec<Conflict>,
}

/// When and why values were erased.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Tombstone {
    /// When.
    pub at: String,
    /// Why that was lawful.
    pub basis: String,
}

/// How a run closed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Closed {
    /// When.
    pub at: String,
    /// Why.
    pub code: Option<String>,
}

/// What a run does.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Plan {
    /// In this order.
    #[serde(default)]
    pub mutations: Vec<Mutation>,
    /// How many can be undone in which way.
    #[serde(default)]
    pub undo: BTreeMap<String, u64>,
}

/// One change to one record.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Mutation {
    /// Its position.
    pub n: u32,
    /// Where.
    pub connector: String,
    /// What kind of record.
    pub object: String,
    /// The same for people.
    pub object_label: Option<String>,
    /// `create`, `update`, `delete` or `invoke`.
    pub kind: String,
    /// The kind or the business action.
    pub action: String,
    /// `<system>.<object>.<action>`.
    pub action_name: String,
    /// What it does, for people.
    pub action_label: Option<String>,
    /// The record; absent for a create, or when erased.
    pub record: Option<String>,
    /// Field by field.
    #[serde(default)]
    pub changes: Vec<Change>,
    /// How many fields stay as they are.
    #[serde(default)]
    pub unchanged: u64,
    /// Fields that must not move, with the values that they had.
    #[serde(default)]
    pub guard: BTreeMap<String, Held>,
    /// Fields that must stay absent.
    #[serde(default)]
    pub guard_absent: Vec<String>,
    /// What the business action is given.
    #[serde(default)]
    pub arguments: BTreeMap<String, Held>,
    /// `rollback`, `compensation` or `irreversible`.
    pub undo: String,
    /// What else happens.
    #[serde(default)]
    pub consequences: Vec<String>,
    /// Whether its values were erased.
    #[serde(default)]
    pub erased: bool,
    /// When and why they were.
    pub erasure: Option<Tombstone>,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Change {
    /// The vendor's name.
    pub field: String,
    /// For people.
    pub label: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub ty: Option<String>,
    /// How careful its values are handled.
    pub sensitivity: Option<String>,
    /// Before.
    #[serde(default)]
    pub before: Held,
    /// After.
    #[serde(default)]
    pub after: Held,
}

/// Policy's decision.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Decision {
    /// `auto`, `approval` or `deny`.
    pub decision: String,
    /// How much can go wrong.
    pub risk: String,
    /// Ids of the determining rules.
    #[serde(default)]
    pub rules: Vec<String>,
    /// What is asked of whom.
    #[serde(default)]
    pub obligations: Vec<Obligation>,
    /// How firmly the evidence must stand.
    pub evidence: Option<String>,
    /// Whether a verdict must give its reason.
    #[serde(default)]
    pub rationale_required: bool,
    /// In plain words.
    #[serde(default)]
    pub explanation: Vec<String>,
    /// When and why that was erased.
    pub erasure: Option<Tombstone>,
    /// Digest of the policy set.
    pub policy: Option<String>,
}

/// What one group is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Obligation {
    /// The group.
    pub group: String,
    /// How many of it.
    pub quorum: u32,
    /// How many gave theirs.
    #[serde(default)]
    pub given: u32,
}

/// Something with an end.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Expiring {
    /// When it ends.
    pub expires: String,
}

/// A verdict.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Approval {
    /// Whose.
    pub person: Named,
    /// For which group.
    pub group: String,
    /// `approve` or `reject`.
    pub verdict: String,
    /// On which plan.
    pub plan_digest: String,
    /// When.
    pub at: String,
    /// Why.
    pub rationale: Option<String>,
    /// When and why that was erased.
    pub erasure: Option<Tombstone>,
}

/// What lets a run execute.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Authorization {
    /// `auto`, `approvals` or `takeover`.
    pub basis: String,
    /// When it ends.
    pub expires: String,
}

/// Who controls a run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Takeover {
    /// Who.
    pub holder: Named,
    /// Until when.
    pub until: String,
}

/// One try.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Attempt {
    /// The mutation.
    pub n: u32,
    /// Which try.
    pub attempt: u32,
    /// When it began.
    pub started: String,
    /// When its outcome was known.
    pub finished: Option<String>,
    /// The outcome.
    pub outcome: Option<String>,
    /// Why.
    pub code: Option<String>,
    /// What the write could promise against other writers.
    pub guarantee: Option<String>,
    /// How far the evidence had come.
    pub evidence: Option<String>,
    /// The idempotency key.
    pub key: Option<String>,
    /// Whether another may follow.
    #[serde(default, deserialize_with = "nullable")]
    pub retryable: bool,
    /// Whether its outcome was unknown first.
    #[serde(default)]
    pub reconciled: bool,
    /// What a fresh read showed.
    pub read_back: Option<Value>,
    /// When and why values of it were erased.
    pub erasure: Option<Tombstone>,
}

/// A drift that was caught.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Drift {
    /// The mutation.
    pub n: u32,
    /// When.
    pub at: String,
    /// Field by field; gone when erased.
    #[serde(default, deserialize_with = "nullable")]
    pub view: Vec<ThreeWay>,
    /// When and why it was.
    pub erasure: Option<Tombstone>,
    /// The plan that no longer held.
    pub plan_digest: String,
}

/// Three values of one field.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ThreeWay {
    /// The vendor's name.
    pub field: String,
    /// At the preview.
    #[serde(default)]
    pub base: Held,
    /// Now.
    #[serde(default)]
    pub now: Held,
    /// As proposed.
    #[serde(default)]
    pub proposed: Held,
}

/// What undoes a run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Recovery {
    /// Which kinds are possible now.
    #[serde(default)]
    pub possible: Vec<String>,
    /// The recovery run that is open.
    pub open: Option<String>,
    /// All recovery runs.
    #[serde(default)]
    pub runs: Vec<RecoveryRun>,
}

/// A run that undoes another.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RecoveryRun {
    /// Its id.
    pub run: String,
    /// `rollback` or `compensation`.
    pub kind: String,
    /// How it ended.
    pub outcome: Option<String>,
}

/// What a recovery run undoes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Recovers {
    /// The run.
    pub run: String,
    /// `rollback` or `compensation`.
    pub kind: String,
}

/// Fields of one mutation that somebody else moved since.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Conflict {
    /// The mutation of the run that was to be undone.
    pub mutation: u32,
    /// The fields.
    pub fields: Vec<ThreeWay>,
}

/// Whose turn it is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Next {
    /// `worker`, `groups`, `person`, `attention`, `recovery` or `nobody`.
    pub owner: String,
    /// In words.
    #[serde(default, deserialize_with = "nullable")]
    pub detail: String,
}

impl Run {
    /// Whether nothing more happens to it by itself.
    pub fn is_closed(&self) -> bool {
        self.closed.is_some()
    }
}
