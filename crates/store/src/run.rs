//! Query rows of runs: clear members and keyed HMACs, rebuildable from the events.

use domain::id::{PersonId, RunId};
use domain::name::Slug;
use domain::time::Timestamp;
use proof::digest::Digest;

use crate::page::Cursor;

/// The clear members of a run. The words in it are the caller's; this room compares them and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// The run.
    pub id: RunId,
    /// Its stage.
    pub stage: String,
    /// The workflow it came from.
    pub workflow: String,
    /// The source outside ActionPlane.
    pub source: String,
    /// The environment of its connector.
    pub environment: String,
    /// The connector.
    pub connector: String,
    /// The kind of record.
    pub object: String,
    /// The action.
    pub action: String,
    /// The id of the principal who proposed it.
    pub proposer: String,
    /// The person who owns the agent.
    pub agent_owner: Option<PersonId>,
    /// The policy set of the newest decision.
    pub policy: Option<Digest>,
    /// The digest of the newest plan.
    pub plan_digest: Option<Digest>,
    /// The newest decision.
    pub decision: Option<String>,
    /// Its risk.
    pub risk: Option<String>,
    /// How many mutations the plan has.
    pub mutations: u32,
    /// The plan's revision.
    pub revision: u32,
    /// When it was proposed.
    pub created: Timestamp,
    /// When its newest event happened.
    pub updated: Timestamp,
    /// When it expires.
    pub deadline: Timestamp,
    /// When it was closed.
    pub closed: Option<Timestamp>,
    /// Who has taken it over.
    pub holder: Option<PersonId>,
    /// The run that it recovers.
    pub recovers: Option<RunId>,
    /// The run whose remainder it carries on.
    pub branched_from: Option<RunId>,
    /// How many events it has.
    pub events: u64,
}

/// A group that a run asks. How many approvals count at a time is told by the run, since some may lapse.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wait {
    /// The group.
    pub group: Slug,
    /// How many approvals it owes.
    pub needed: u32,
    /// When the wait ends.
    pub expires: Timestamp,
}

/// What one mutation did to one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touch {
    /// Keyed HMAC of the record.
    pub record: [u8; 32],
    /// The mutation's place in the plan; a run has one touch per place.
    pub n: u32,
    /// The connector.
    pub connector: String,
    /// The kind of record.
    pub object: String,
    /// The action.
    pub action: String,
    /// How it ended, or how far it is.
    pub outcome: String,
    /// When.
    pub at: Timestamp,
}

/// How much of a run's rows a projection carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All of them: touches and record tokens that are not here go.
    Whole,
    /// What changed: touches are replaced by place, record tokens are added. For bulk runs, whose rows would otherwise
    /// be written once per mutation.
    Changed,
}

/// The query rows of one run, as they are after the commit. Row and waits always replace what was there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projection {
    /// The row.
    pub row: RunRow,
    /// Whom it waits for, a group once.
    pub waits: Vec<Wait>,
    /// What it did to records, a place once.
    pub touches: Vec<Touch>,
    /// Keyed HMACs of its records, under which it is found.
    pub record_tokens: Vec<[u8; 32]>,
    /// How much of it this is.
    pub extent: Extent,
}

/// Which runs to list; everything that is set must hold.
#[derive(Debug, Clone, Default)]
pub struct RunQuery {
    /// Any of these stages; all when empty.
    pub stages: Vec<String>,
    /// The connector.
    pub connector: Option<String>,
    /// The kind of record.
    pub object: Option<String>,
    /// Keyed HMAC of a record.
    pub record: Option<[u8; 32]>,
    /// The id of the principal who proposed.
    pub proposer: Option<String>,
    /// The workflow.
    pub workflow: Option<String>,
    /// The newest decision.
    pub decision: Option<String>,
    /// The environment.
    pub environment: Option<String>,
    /// Waits for any of these groups; no matter when empty.
    pub waits_for: Vec<Slug>,
    /// Recovers this run.
    pub recovers: Option<RunId>,
    /// Where to go on: the end of the page before, or the id of a run.
    pub cursor: Option<Cursor>,
    /// Rows, at most [`crate::page::PAGE_MAX`].
    pub limit: usize,
}

/// A run in the inbox of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The run.
    pub row: RunRow,
    /// The first of the waits asked for.
    pub wait: Wait,
}

/// An entry in the history of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// The run.
    pub row: RunRow,
    /// What it did.
    pub touch: Touch,
}
