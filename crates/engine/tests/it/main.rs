//! Stories of governed runs on a real store, against the simulated help desk.

// Says so to the linter, which is milder with tests.
#![cfg(test)]

mod anchors;
mod approvals;
mod bulk;
mod crashes;
mod drift;
mod erasure;
mod evidence;
mod readiness;
mod recovery;
mod rows;
mod safety;
mod search;
mod steering;
mod takeover;
mod unknown;
mod vendors;
mod witnesses;
mod world;
