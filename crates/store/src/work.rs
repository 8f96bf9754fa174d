//! Work items: durable tasks with a due time, claimed for a while under a rising fencing number.

use domain::id::{RunId, WorkId, WorkspaceId};
use domain::name::Slug;
use domain::time::Timestamp;

/// Items of one claim.
pub const CLAIM_MAX: usize = 256;
/// Bytes of a payload.
pub const PAYLOAD_BYTES_MAX: usize = 64 * 1024;

/// A change of the work that is to be done.
#[derive(Debug, Clone)]
pub enum WorkChange {
    /// Adds an item; one that exists is given the new due time and payload, and a claim on it ends.
    Put {
        /// The item.
        id: WorkId,
        /// The run it is for.
        run: Option<RunId>,
        /// Who does it.
        kind: Slug,
        /// Not before.
        due: Timestamp,
        /// What the worker needs to know, at most [`PAYLOAD_BYTES_MAX`].
        payload: Vec<u8>,
    },
    /// Removes an item that is done; the claim must hold.
    Finish {
        /// The item.
        id: WorkId,
        /// The claim.
        fence: u64,
    },
    /// Removes every item of a kind that a run has, claimed or not.
    Cancel {
        /// The run.
        run: RunId,
        /// The kind.
        kind: Slug,
    },
    /// Gives an item back for later; the claim must hold.
    Postpone {
        /// The item.
        id: WorkId,
        /// The claim.
        fence: u64,
        /// Not before.
        due: Timestamp,
    },
}

/// An item that this node may work on until its claim runs out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The item.
    pub id: WorkId,
    /// Whose work it is.
    pub ws: WorkspaceId,
    /// The run it is for.
    pub run: Option<RunId>,
    /// Who does it.
    pub kind: Slug,
    /// What the worker needs to know.
    pub payload: Vec<u8>,
    /// When it was due.
    pub due: Timestamp,
    /// The number of this claim: higher than that of every earlier one.
    pub fence: u64,
    /// How often it was claimed, this time included.
    pub tries: u32,
}

/// An item as it waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkItem {
    /// The item.
    pub id: WorkId,
    /// Who does it.
    pub kind: Slug,
    /// When it is due.
    pub due: Timestamp,
    /// When the running claim ends.
    pub claimed_until: Option<Timestamp>,
    /// How often it was claimed.
    pub tries: u32,
}
