//! The embedded store against the contract, and against a process that is killed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod kill;
mod sqlite;
