//! Cedar policies with obligations: auto, approval or deny, explained; pure.
//!
//! Around the published `cedar-policy` crate, with no language of our own. [`Schema`] says what may be asked about,
//! [`PolicySet::load`] reads the rules, [`PolicySet::decide`] answers a [`Request`], [`explain`] says why.
//! This crate knows nothing of runs, plans or approvals given: it only says what would be needed. It has no clock, file,
//! socket, environment or random source; whatever a decision depends on is in the request, so it can be replayed.

mod cases;
mod check;
mod cure;
mod delta;
mod evaluate;
mod explain;
mod facts;
mod fault;
mod guard;
mod obligation;
mod rule;
#[cfg(test)]
mod sample;
mod schema;
mod set;
mod slice;
mod starter;
mod words;

pub use cases::{CaseResult, CasesFault, run_cases};
pub use check::{Report, check};
pub use delta::{DECIMAL_DIGITS_MAX, DELTA_BP_MAX, MINOR_UNITS_MAX, NotDecimal, delta_bp, minor_units};
pub use evaluate::{Decision, Denial, Outcome, RuleEffect, RuleNote, merge};
pub use explain::explain;
pub use facts::{ChangeFault, Principal, PrincipalKind, Record, Request, Reversibility, Usage, WireFault};
pub use fault::{Fault, LoadFaults, Place, Problem};
pub use guard::{ACCESSES_MAX, NESTING_MAX, OPERATORS_MAX, POLICY_TEXT_BYTES_MAX};
pub use obligation::{EXPIRES_S_MAX, Evidence, Method, Obligation, QUORUM_MAX, Risk};
pub use rule::{DESCRIPTION_LEN_MAX, SLUG_LEN_MAX, TITLE_LEN_MAX};
pub use schema::{
    ACTIONS_MAX, ActionShape, FIELD_NAME_LEN_MAX, FIELDS_MAX, FieldShape, FieldType, Schema, SchemaFault,
};
pub use set::{POLICIES_MAX, PolicySet};
pub use starter::{starter, starter_cases};

/// The version of the policy engine, to be stored with each decision.
pub fn engine_version() -> String {
    format!("cedar-policy {}", cedar_policy::get_sdk_version())
}
