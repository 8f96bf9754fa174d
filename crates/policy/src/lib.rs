//! Cedar policies with obligations: auto, approval or deny, explained; pure.
//!
//! Around the published `cedar-policy` crate, with no language of our own. [`Schema`] says what may be asked about,
//! [`PolicySet::load`] reads the rules, [`PolicySet::decide`] answers a [`Request`], [`explain`] says why.
//! This crate knows nothing of runs, plans or approvals given: it only says what would be needed. It has no clock, file,
//! socket, environment or random source; whatever a decision depends on is in the request, so it can be replayed.

pub mod cases;
pub mod check;
mod cure;
pub mod delta;
pub mod evaluate;
pub mod explain;
pub mod facts;
pub mod fault;
mod guard;
pub mod obligation;
mod rule;
#[cfg(test)]
mod sample;
pub mod schema;
pub mod set;
mod slice;
mod starter;
mod words;

pub use cases::run_cases;
pub use check::check;
pub use evaluate::{Decision, Outcome, merge};
pub use explain::explain;
pub use facts::Request;
pub use schema::{ActionShape, FieldShape, FieldType, Schema};
pub use set::PolicySet;
pub use starter::{starter, starter_cases};

/// The version of the policy engine, to be stored with each decision.
pub fn engine_version() -> String {
    format!("cedar-policy {}", cedar_policy::get_sdk_version())
}
