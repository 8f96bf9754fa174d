//! The `actionplane` program.
fn main() {}
