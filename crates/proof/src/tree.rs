//! The Merkle tree hash of RFC 9162, section 2.1.1.

#[cfg(test)]
mod tests;

use crate::digest::{Digest, concatenated, sha256};

/// The hash of a leaf's bytes.
pub fn leaf_hash(bytes: &[u8]) -> Digest {
    concatenated(&[&[0x00], bytes])
}

/// The hash of an inner node.
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    concatenated(&[&[0x01], left.as_bytes(), right.as_bytes()])
}

/// The tree hash over leaf hashes in order; SHA-256 of nothing for an empty tree.
pub fn root(leaf_hashes: &[Digest]) -> Digest {
    // Complete subtrees from left to right, each larger than the next: one per set bit of the leaf count.
    let mut peaks: Vec<Digest> = Vec::new();
    for (count, leaf) in leaf_hashes.iter().enumerate() {
        let equal_sized = count.trailing_ones() as usize;
        let merged = peaks.split_off(peaks.len().saturating_sub(equal_sized));
        peaks.push(merged.iter().rev().fold(*leaf, |right, left| node_hash(left, &right)));
    }
    peaks.into_iter().rev().reduce(|right, left| node_hash(&left, &right)).unwrap_or_else(|| sha256(b""))
}
