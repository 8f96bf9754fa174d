//! Verified events in other people's formats: an in-toto statement, an agent audit trail, security events, tables, and the
//! evidence of controls over a period.
//!
//! An export adds nothing to the evidence. It is a projection: one leaf becomes one record, and each record names the leaf
//! that it is of, so that whoever doubts a record can ask for the proof of the leaf. Nothing here judges evidence: what
//! comes in was verified before. Pure: same events, same bytes; keys and times are arguments. The verifier links this room
//! and derives an export again to compare it with the one in a bundle.

pub mod aat;
pub mod attestation;
pub mod cloudevents;
pub mod controls;
pub mod csv;
pub mod evidence;
pub mod jsonl;
pub mod ocsf;
pub mod words;

pub use evidence::{Entry, Field, LogHead, Planned, RunEvidence, WorkspaceEvidence};
