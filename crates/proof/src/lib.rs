//! The evidence format, pure: bytes → canonical JSON → digest → leaf → disclosure → tree → proof → signed head.
//!
//! An auditor reads and builds this crate alone. It has no clock, file, socket, environment or random
//! source, and no rule about what a leaf's `data` means. Bytes that are hashed come from [`canonical`],
//! bytes that arrive pass through [`strict`].

pub mod bundle;
pub mod canonical;
pub mod checkpoint;
pub mod consistency;
pub mod digest;
pub mod disclosure;
pub mod document;
pub mod dsse;
pub mod inclusion;
pub mod json;
pub mod leaf;
mod lines;
mod members;
pub mod note;
pub mod strict;
pub mod tile;
pub mod tlog_proof;
pub mod tree;
pub mod trust;
pub mod witness;
pub mod zip;
