//! The server is killed as `kill -9` does it, at every stage of a run and at random: nothing that it answered is lost, and
//! nothing is written twice.
//!
//! The simulated help desk lives in the test's own process, so that it survives the kills and its journal is the judge.
//! `ACTIONPLANE_TEST_KILL_SEEDS` says how many rounds of random kills there are, 1 unless given. A round takes half a minute:
//! for more than a few use `cargo test -p server --test kill anywhere`, since nextest ends a test after three minutes.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails should stop; clippy spares only the test functions themselves"
)]

mod anywhere;
mod approval;
#[path = "../real_system/client.rs"]
mod client;
#[path = "../real_system/company.rs"]
mod company;
mod directory;
mod memory;
#[path = "../real_system/program.rs"]
mod program;
mod proposal;
mod scene;
mod several;
mod write;
