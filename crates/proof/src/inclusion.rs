//! Inclusion proofs of RFC 9162, section 2.1.3: this leaf stands at this index of a tree of this size.
//!
//! A path alone does not bind the size: it may pass for another size with the root of the first. Take size and
//! root from one checkpoint.

use crate::digest::Digest;
use crate::tree::{node_hash, split, subtree};

/// The longest path, in a tree of [`crate::tree::SIZE_MAX`] leaves.
pub const PATH_MAX: usize = 63;

/// Why an inclusion or consistency proof does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofFault {
    /// The index is not below the size.
    #[error("an index outside the tree")]
    Index,
    /// The old tree is empty or larger than the new one, so there is nothing to prove.
    #[error("sizes between which there is no proof")]
    Size,
    /// Hashes are missing.
    #[error("too few hashes in the proof")]
    Short,
    /// Hashes are left over.
    #[error("too many hashes in the proof")]
    Long,
    /// The proof leads to another root.
    #[error("a proof that leads to another root")]
    Root,
}

impl ProofFault {
    /// The word of the conformance vectors.
    pub fn word(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Size => "size",
            Self::Short => "proof_short",
            Self::Long => "proof_long",
            Self::Root => "root",
        }
    }
}

/// Checks that the leaf is at `index` of the tree with this size and root.
///
/// # Errors
/// What is wrong with the proof.
pub fn verify(
    leaf_hash: &Digest,
    index: u64,
    size: u64,
    path: &[Digest],
    root: &Digest,
) -> Result<(), ProofFault> {
    if root_of(leaf_hash, index, size, path)? == *root { Ok(()) } else { Err(ProofFault::Root) }
}

/// The root to which a path leads, by the steps of section 2.1.3.2.
///
/// # Errors
/// [`ProofFault::Index`], [`ProofFault::Short`] or [`ProofFault::Long`].
pub fn root_of(leaf_hash: &Digest, index: u64, size: u64, path: &[Digest]) -> Result<Digest, ProofFault> {
    if index >= size {
        return Err(ProofFault::Index);
    }
    // Where we are and where the last node of this level is; both move up with each hash.
    let (mut here, mut last) = (index, size - 1);
    let mut hash = *leaf_hash;
    for sibling in path {
        if last == 0 {
            return Err(ProofFault::Long);
        }
        if here & 1 == 1 || here == last {
            hash = node_hash(sibling, &hash);
            // The last node of a level that has no sibling there moves up alone.
            let alone = here.trailing_zeros();
            (here, last) = (here >> alone, last >> alone);
        } else {
            hash = node_hash(&hash, sibling);
        }
        (here, last) = (here >> 1, last >> 1);
    }
    if last == 0 { Ok(hash) } else { Err(ProofFault::Short) }
}

/// The path of section 2.1.3.1, from the sibling of the leaf upwards, out of stored nodes. None if the index is
/// not below the size or a node is missing.
pub fn build(index: u64, size: u64, mut node: impl FnMut(u32, u64) -> Option<Digest>) -> Option<Vec<Digest>> {
    if index >= size {
        return None;
    }
    let (mut start, mut end) = (0, size);
    let mut path = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            path.push(subtree(middle, end, &mut node)?);
            end = middle;
        } else {
            path.push(subtree(start, middle, &mut node)?);
            start = middle;
        }
    }
    path.reverse();
    Some(path)
}
