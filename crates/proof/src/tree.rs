//! The Merkle tree hash of RFC 9162, section 2.1.1, and the right edge of a tree that grows.
//!
//! A *node* is the root of a complete subtree: node `index` at `level` covers the 2^level leaves from
//! `index` × 2^level on. Nodes never change once they exist, so they can be stored and cached for ever.

#[cfg(test)]
mod tests;

use crate::digest::{Digest, concatenated, sha256};

/// The largest tree, in leaves: sizes and indexes fit a signed 64-bit number.
pub const SIZE_MAX: u64 = i64::MAX.unsigned_abs();

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
    let mut frontier = Frontier::default();
    for leaf in leaf_hashes {
        frontier.append(*leaf);
    }
    frontier.root()
}

/// A tree reduced to what appending needs: the complete subtrees along its right edge (a compact range from 0).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// From left to right, each larger than the next: one per set bit of the size.
    peaks: Vec<Digest>,
}

impl Frontier {
    /// The frontier that [`Frontier::peaks`] was read from. None if so many peaks do not fit the size, or the
    /// size is above [`SIZE_MAX`]; whether the hashes are right shows only in the root.
    pub fn from_peaks(size: u64, peaks: Vec<Digest>) -> Option<Self> {
        let fits = u32::try_from(peaks.len()) == Ok(size.count_ones()) && size <= SIZE_MAX;
        fits.then_some(Self { size, peaks })
    }

    /// The frontier of a tree of `size` leaves whose nodes are stored. None if a node is missing.
    pub fn from_nodes(size: u64, node: impl FnMut(u32, u64) -> Option<Digest>) -> Option<Self> {
        Self::from_peaks(size, peaks(0, size).map(at(node)).collect::<Option<_>>()?)
    }

    /// Appends a leaf.
    pub fn append(&mut self, leaf_hash: Digest) {
        self.append_each(leaf_hash, |_, _, _| ());
    }

    /// Appends a leaf and reports each node that is complete with it, as level, index and hash: the leaf
    /// itself first, at level 0.
    pub fn append_each(&mut self, leaf_hash: Digest, mut completed: impl FnMut(u32, u64, Digest)) {
        let mut hash = leaf_hash;
        completed(0, self.size, hash);
        for level in 1..=self.size.trailing_ones() {
            let Some(left) = self.peaks.pop() else { break };
            hash = node_hash(&left, &hash);
            completed(level, self.size >> level, hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The complete subtrees from left to right, to be stored.
    pub fn peaks(&self) -> &[Digest] {
        &self.peaks
    }

    /// The tree hash.
    pub fn root(&self) -> Digest {
        joined(&self.peaks).unwrap_or_else(|| sha256(b""))
    }
}

/// The hash of the subtree over the leaves `start..end`, out of stored nodes. Only for subtrees as they occur
/// in proofs: not empty, and `start` a multiple of a power of two that is not below `end - start`.
pub(crate) fn subtree(start: u64, end: u64, node: impl FnMut(u32, u64) -> Option<Digest>) -> Option<Digest> {
    joined(&peaks(start, end).map(at(node)).collect::<Option<Vec<_>>>()?)
}

/// The largest power of two below `size`, where RFC 9162 splits a tree of at least two leaves.
pub(crate) fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// The nodes that together cover the leaves `start..end` of such a subtree, as level and index.
fn peaks(start: u64, end: u64) -> impl Iterator<Item = (u32, u64)> {
    let size = end - start;
    (0..u64::BITS).rev().filter(move |level| size >> level & 1 == 1).map(move |level| {
        let before = (size >> level) ^ 1;
        (level, (start >> level) + before)
    })
}

/// Hashes complete subtrees of falling size into one tree.
fn joined(peaks: &[Digest]) -> Option<Digest> {
    peaks.iter().rev().copied().reduce(|right, left| node_hash(&left, &right))
}

fn at(mut node: impl FnMut(u32, u64) -> Option<Digest>) -> impl FnMut((u32, u64)) -> Option<Digest> {
    move |(level, index)| node(level, index)
}
