//! Stories of governed runs on a real store, against the simulated help desk.

mod approvals;
mod crashes;
mod drift;
mod recovery;
mod takeover;
mod unknown;
mod world;
