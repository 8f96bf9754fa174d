//! Exports of one workspace in which everything happened, as committed files and as what each format asks for.

mod aat;
mod attestation;
mod committed;
mod controls;
mod golden;
mod stories;
mod types;
mod world;
