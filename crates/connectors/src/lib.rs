//! Systems of record: manifests run by one HTTP connector.
//!
//! [`connector`] is the seam that the engine sees. [`manifest`] reads what a vendor is like, [`http`] runs it, [`outbound`]
//! is the only way out of the process, [`registry`] the one list. This room decides nothing and keeps nothing: a write
//! needs an `ExecutionGrant`, and what it did is proven above.

pub mod connector;
pub mod contract;
pub mod description;
pub mod http;
pub mod json;
pub mod manifest;
pub mod outbound;
pub mod registry;
#[cfg(any(test, feature = "test-support"))]
pub mod scripted;
pub mod secret;
#[cfg(test)]
mod testing;
mod words;
