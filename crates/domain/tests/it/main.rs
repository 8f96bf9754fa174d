//! The rules of a run, through the door that everybody uses: `decide`, `apply`, `wire`.

mod approvals;
mod committed;
mod control;
mod decisions;
mod golden;
mod model;
mod monitor;
mod outcomes;
mod places;
mod properties;
mod recovery;
mod stages;
mod world;
