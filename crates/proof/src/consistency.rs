//! Consistency proofs of RFC 9162, section 2.1.4: the new tree has the old one as its beginning.

use crate::digest::Digest;
pub use crate::inclusion::ProofFault;
use crate::tree::{node_hash, split, subtree};

/// The longest proof between two trees of at most [`crate::tree::SIZE_MAX`] leaves.
pub const PROOF_MAX: usize = 63;

/// Checks that the tree of `old_size` leaves is the beginning of the tree of `new_size`. Every tree begins with
/// the empty one, so from size 0 there is no proof to check.
///
/// # Errors
/// What is wrong with the proof.
pub fn verify(
    old_size: u64,
    old_root: &Digest,
    new_size: u64,
    new_root: &Digest,
    proof: &[Digest],
) -> Result<(), ProofFault> {
    if old_size == 0 || old_size > new_size {
        return Err(ProofFault::Size);
    }
    if old_size == new_size {
        return match proof {
            [] if old_root == new_root => Ok(()),
            [] => Err(ProofFault::Root),
            _ => Err(ProofFault::Long),
        };
    }
    // Section 2.1.4.2: start at the largest complete subtree on the right edge of the old tree, which is the
    // old tree itself where its size is a power of two.
    let (seed, rest) = if old_size.is_power_of_two() {
        (old_root, proof)
    } else {
        proof.split_first().ok_or(ProofFault::Short)?
    };
    let below = (old_size - 1).trailing_ones();
    let (mut here, mut last) = ((old_size - 1) >> below, (new_size - 1) >> below);
    let (mut old_hash, mut new_hash) = (*seed, *seed);
    for sibling in rest {
        if last == 0 {
            return Err(ProofFault::Long);
        }
        if here & 1 == 1 || here == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            // As in an inclusion proof: without a sibling, up alone.
            let alone = here.trailing_zeros();
            (here, last) = (here >> alone, last >> alone);
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        (here, last) = (here >> 1, last >> 1);
    }
    if last != 0 {
        Err(ProofFault::Short)
    } else if (old_hash, new_hash) == (*old_root, *new_root) {
        Ok(())
    } else {
        Err(ProofFault::Root)
    }
}

/// The proof of section 2.1.4.1, out of stored nodes; empty between equal sizes. None if the old size is 0 or
/// above the new one, or a node is missing.
pub fn build(
    old_size: u64,
    new_size: u64,
    mut node: impl FnMut(u32, u64) -> Option<Digest>,
) -> Option<Vec<Digest>> {
    if old_size == 0 || old_size > new_size {
        return None;
    }
    let (mut start, mut end) = (0, new_size);
    let mut proof = Vec::new();
    while end != old_size {
        let middle = start + split(end - start);
        if old_size <= middle {
            proof.push(subtree(middle, end, &mut node)?);
            end = middle;
        } else {
            proof.push(subtree(start, middle, &mut node)?);
            start = middle;
        }
    }
    // The verifier knows the old root already, unless the old tree was split on the way.
    if start > 0 {
        proof.push(subtree(start, end, &mut node)?);
    }
    proof.reverse();
    Some(proof)
}
