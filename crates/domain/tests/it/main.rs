//! The rules of a run, through the door that everybody uses: `decide`, `apply`, `wire`.

mod committed;
mod decisions;
mod model;
mod stages;
mod world;
