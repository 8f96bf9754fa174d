//! The conformance vectors and the properties of the evidence format.
#![expect(clippy::expect_used, clippy::panic, reason = "a test ends where its data is broken")]

mod files;
mod fuzz;
mod merkle;
#[expect(clippy::indexing_slicing, reason = "every place comes from a length")]
mod mutator;
mod parsers;
mod properties;
mod signed;
mod vectors;
