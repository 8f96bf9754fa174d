//! Black-box tests over loopback: both systems, their controls and every fault, as a client sees them.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that fails should stop; clippy spares only the test functions themselves"
)]

mod client;
mod control;
mod faults;
mod salesforce;
mod zendesk;
