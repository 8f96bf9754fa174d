//! The checks, each in a room of its own. Every one of them is the only one that notices some bundle of the corpus.

pub mod anchors;
pub mod approvals;
pub mod chain;
pub mod consistency;
pub mod decisions;
pub mod disclosures;
pub mod dispatch;
pub mod full_log;
pub mod inclusion;
pub mod manifest;
pub mod plans;
pub mod policies;
pub mod projections;
pub mod recovery;
pub mod replay;
pub mod signatures;
pub mod times;
