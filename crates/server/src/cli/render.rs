//! Runs as people read them on a terminal: the stages, the change, why, what happened.
//!
//! Rendering is text from views. It asks nobody, prints nothing and decides nothing.

mod about;
mod diff;
mod facts;
mod list;
mod sentence;
mod steps;
mod timeline;

pub use about::{about, brief, lineage};
pub use diff::{conflict, diff, drift};
pub use facts::next;
pub use list::{Cell, Waiting, history, inbox, runs, table};
pub use steps::steps;
pub use timeline::{event_line, timeline};

#[cfg(test)]
mod tests;
