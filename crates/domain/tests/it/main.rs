//! The rules of a run, through the door that everybody uses: `decide`, `apply`, `wire`.

mod approvals;
mod committed;
mod control;
mod decisions;
mod model;
mod outcomes;
mod places;
mod recovery;
mod stages;
mod world;
