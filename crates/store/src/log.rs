//! The log of a workspace: every leaf in one order, under one Merkle tree, with signed heads.
//!
//! This room numbers the leaves and keeps hashes and heads; it signs nothing and judges nothing.

use proof::digest::Digest;

use crate::evidence::Chain;

/// Leaves under one subtree of the next level, and hashes in one tile: 256.
pub const TILE_WIDTH: u64 = 256;
/// Levels of subtrees: 256^7 leaves are beyond any log.
pub const LEVELS_MAX: u8 = 7;
/// Subtree hashes, or leaves of the log, of one reading.
pub const LOG_READ_MAX: usize = 4_096;
/// Bytes of one signed head with its cosignatures.
pub const NOTE_BYTES_MAX: usize = 64 * 1024;

/// A leaf at its place in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Its place in the log, from 0 without gap.
    pub index: u64,
    /// Its chain.
    pub chain: Chain,
    /// Its place in the chain.
    pub seq: u64,
    /// Its leaf hash, computed from the bytes and equal to the stored one.
    pub hash: Digest,
    /// Its exact bytes.
    pub bytes: Vec<u8>,
}

/// A signed head of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// How many leaves it covers.
    pub size: u64,
    /// The signed note, at most [`NOTE_BYTES_MAX`]: its text, an empty line, its signature lines.
    pub note: String,
}

impl StoredCheckpoint {
    /// What is signed: everything before the empty line.
    pub(crate) fn signed(&self) -> Option<&str> {
        self.note.split_once("\n\n").map(|(signed, _)| signed)
    }
}
