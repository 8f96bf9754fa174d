//! Every committed write in order, so that a test can prove "written exactly once".

use std::collections::VecDeque;

use serde::Serialize;
use serde_json::{Map, Value};

/// How many writes are kept; older ones are forgotten, their sequence numbers are not used again.
pub const WRITES_MAX: usize = 100_000;

/// What a committed write did to its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteKind {
    /// A record came into being.
    Create,
    /// Fields of a record changed, or were set again to what they were.
    Update,
    /// A record was deleted, softly.
    Delete,
    /// A deleted record came back.
    Restore,
}

/// One committed write.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Write {
    /// 1 for the first write since the last reset, without gaps.
    pub seq: u64,
    /// When, on the simulator's clock, in the vendor's own form.
    pub at: String,
    /// The vendor's name of the object, such as `ticket` or `Opportunity`.
    pub object: String,
    /// The record's id as the vendor prints it.
    pub id: String,
    /// What was done.
    pub kind: WriteKind,
    /// The fields as they were stored, the vendor's side effects included.
    pub fields: Map<String, Value>,
    /// The idempotency key that the client sent, if any.
    pub idempotency_key: Option<String>,
    /// The e-mail or user name of whoever wrote.
    pub author: String,
}

/// The writes of one simulator.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    writes: VecDeque<Write>,
    total: u64,
}

impl Journal {
    /// Adds a write; its `seq` is set here.
    pub fn record(&mut self, mut write: Write) {
        self.total = self.total.saturating_add(1);
        write.seq = self.total;
        if self.writes.len() == WRITES_MAX {
            self.writes.pop_front();
        }
        self.writes.push_back(write);
    }

    /// How many writes there were since the last reset.
    pub fn total(&self) -> u64 {
        self.total
    }

    pub fn writes(&self) -> impl Iterator<Item = &Write> {
        self.writes.iter()
    }
}

#[cfg(test)]
mod tests;
