//! Bundles made from real decisions, good and forged, and what the verifier says about each.

// Says so to the linter, which is milder with tests.
#![cfg(test)]

mod corpus;
mod export;
mod flips;
mod forgeries;
mod fuzz;
mod lab;
#[path = "../../../proof/tests/it/mutator.rs"]
mod mutator;
mod program;
mod stories;
