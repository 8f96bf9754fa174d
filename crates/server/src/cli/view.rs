//! What the API answers, as far as the command line shows it. Members that it does not know are let pass: additions to the
//! API must not break an older command line.

mod run;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

pub use run::{
    Approval, Attempt, Authorization, Change, Closed, Conflict, Decision, Drift, Expiring, Mutation, Next,
    Obligation, Plan, Recovers, Recovery, RecoveryRun, Run, Takeover, ThreeWay, Tombstone,
};

/// A value that may be absent, which is neither null nor empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Held {
    /// The record has no such field.
    #[default]
    Absent,
    /// It holds this, possibly null.
    Is(Value),
}

impl<'de> Deserialize<'de> for Held {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::Is)
    }
}

/// Reads `null` like a missing member.
fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next one starts.
    pub next: Option<String>,
    /// How many runs a search looked at.
    pub scanned: Option<u64>,
}

/// Somebody with their name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Named {
    /// The id.
    pub id: String,
    /// `agent`, `person`, `service`, `policy` or `system`.
    pub kind: String,
    /// As shown.
    pub name: String,
}

/// A run in a list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Summary {
    /// The id.
    pub id: String,
    /// Where it stands.
    pub stage: String,
    /// The registered workflow.
    pub workflow: String,
    /// Where its first mutation goes.
    pub connector: Option<String>,
    /// What kind of record that is.
    pub object: Option<String>,
    /// The kind or business action of the first mutation.
    pub action: Option<String>,
    /// Who proposed it.
    pub proposer: Named,
    /// Policy's decision.
    pub decision: Option<String>,
    /// How much can go wrong.
    pub risk: Option<String>,
    /// How many mutations.
    #[serde(default)]
    pub mutations: u64,
    /// When it last moved.
    pub updated: String,
}

/// What one run did to a record.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Touch {
    /// The run.
    pub run: String,
    /// The action.
    pub action: String,
    /// How it ended, or how far it is.
    pub outcome: String,
    /// When.
    pub at: String,
    /// Who proposed it.
    pub proposer: Named,
    /// Policy's decision.
    pub decision: Option<String>,
    /// Who allowed it.
    #[serde(default)]
    pub approvals: Vec<Approval>,
    /// Which fields.
    #[serde(default)]
    pub changes: Vec<Change>,
}

/// An event of a run or of the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Event {
    /// Its position.
    pub seq: u64,
    /// Its wire name.
    #[serde(rename = "type")]
    pub kind: String,
    /// When.
    pub at: String,
    /// Who.
    pub by: Named,
    /// Clear members.
    #[serde(default)]
    pub data: serde_json::Map<String, Value>,
    /// Sealed members, as far as they were not erased.
    #[serde(default)]
    pub sealed: serde_json::Map<String, Value>,
    /// Its leaf hash.
    pub hash: String,
}
