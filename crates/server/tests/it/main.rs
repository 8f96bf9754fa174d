//! The server over its socket: status codes, bodies, permissions.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test ends with a panic")]

mod anchors;
mod http;
mod process;
mod witness;
mod world;
