//! The auditor's room: a bundle in, a verdict with its reasons out.
//!
//! It links only the pure crates and decides nothing of its own about runs: events are read by the same fold that the
//! server uses, and policy is asked again in the same words. It opens no file, socket or database and reads no clock; the
//! program around it does the reading. What it cannot judge it says, and never counts for the better.

pub mod acts;
pub mod checks;
pub mod files;
pub mod finding;
pub mod html;
pub mod jsonl;
pub mod policy_file;
pub mod read;
pub mod report;
pub mod story;
pub mod values;
pub mod verdict;
mod verify;

pub use files::Files;
pub use finding::{Check, Checked, Finding, Place, State};
pub use report::Report;
pub use verdict::{CLOSING, Verdict};
pub use verify::{Examined, Question, examine, verify, verify_zip};
