//! Record leases: one attempt at a time per record, with a counter that shows whether anything happened in between.

use domain::id::{NodeId, RunId};

/// Who holds a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseHolder {
    /// The run.
    pub run: RunId,
    /// The mutation's place in its plan.
    pub n: u32,
    /// The attempt.
    pub attempt: u32,
    /// The node that sends.
    pub node: NodeId,
    /// The process of that node.
    pub generation: u64,
}

/// A change of one lease. Both raise its counter.
#[derive(Debug, Clone, Copy)]
pub enum LeaseChange {
    /// Takes a free lease whose counter has not moved.
    Take {
        /// Keyed HMAC of the record.
        key: [u8; 32],
        /// The counter as the caller saw it before it read the record.
        expected_counter: u64,
        /// Who takes it.
        holder: LeaseHolder,
    },
    /// Frees a lease that this run holds.
    Release {
        /// Keyed HMAC of the record.
        key: [u8; 32],
        /// The run that holds it.
        run: RunId,
    },
}

/// A lease as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseState {
    /// How often it was taken or freed.
    pub counter: u64,
    /// Who holds it.
    pub holder: Option<LeaseHolder>,
}
