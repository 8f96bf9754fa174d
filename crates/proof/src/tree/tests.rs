use super::*;

/// RFC 9162, section 2.1.1, word by word: split at the largest power of two smaller than the size.
fn by_definition(leaf_hashes: &[Digest]) -> Digest {
    match leaf_hashes {
        [] => sha256(b""),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaf_hashes.split_at(leaf_hashes.len().next_power_of_two() / 2);
            node_hash(&by_definition(left), &by_definition(right))
        }
    }
}

#[test]
fn the_root_is_that_of_the_definition_at_every_size() {
    let leaves: Vec<_> = (0..300).map(|number| leaf_hash(format!("leaf {number}").as_bytes())).collect();
    for size in 0..=leaves.len() {
        assert_eq!(root(&leaves[..size]), by_definition(&leaves[..size]), "size {size}");
    }
}

#[test]
fn a_leaf_cannot_stand_for_a_node() {
    let (left, right) = (leaf_hash(b"left"), leaf_hash(b"right"));
    let joined = [left.as_bytes().as_slice(), right.as_bytes()].concat();
    assert_ne!(leaf_hash(&joined), node_hash(&left, &right));
    assert_ne!(node_hash(&left, &right), node_hash(&right, &left));
}
