//! x
pub struct FaultyStore;
