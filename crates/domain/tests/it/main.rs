//! The rules of a run, through the door that everybody uses: `decide`, `apply`, `wire`.

// Says so to the linter, which is milder with tests.
#![cfg(test)]

mod approvals;
mod chain;
mod committed;
mod control;
mod decisions;
mod forged;
mod golden;
mod history;
mod model;
mod monitor;
mod outcomes;
mod places;
mod properties;
mod recovery;
mod stages;
mod world;
