//! The embedded store against the contract, and against a process that is killed.

mod kill;
mod sqlite;
