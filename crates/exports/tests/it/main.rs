//! Exports of one workspace in which everything happened, as committed files and as what each format asks for.

// Says so to the linter, which is milder with tests.
#![cfg(test)]

mod aat;
mod attestation;
mod committed;
mod controls;
mod golden;
mod stories;
mod types;
mod world;
