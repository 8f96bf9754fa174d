//! The batch of a trail: one tree (RFC 6962) over all of its records, so that a cut tail shows.

use std::collections::BTreeMap;

use proof::digest::Digest;
use proof::inclusion;
use proof::json::{Value, object};
use proof::tree::Frontier;

use crate::evidence::number;

/// The member `batch` of each record, by the leaf hashes of the records.
pub(super) fn members(epoch: &str, leaves: &[Digest]) -> Vec<Value> {
    let mut nodes = BTreeMap::new();
    let mut frontier = Frontier::default();
    for leaf in leaves {
        frontier.append_each(*leaf, |level, index, hash| {
            nodes.insert((level, index), hash);
        });
    }
    let (size, root) = (frontier.size(), frontier.root());
    let batch = |index| {
        let path = inclusion::build(index, size, |level, at| nodes.get(&(level, at)).copied());
        let path = path.unwrap_or_default();
        let steps = path
            .iter()
            .zip(sides(index, size))
            .map(|(hash, side)| object([("hash", (*hash).into()), ("side", side.into())]));
        object([
            ("epoch_id", epoch.into()),
            ("inclusion_proof", Value::Array(steps.collect())),
            ("leaf_index", number(index)),
            ("merkle_root", root.into()),
            ("tree_size", number(size)),
        ])
    };
    (0..size).map(batch).collect()
}

/// On which side of the path each of its hashes stands, from the sibling of the leaf upwards (RFC 9162, 2.1.3.2).
fn sides(index: u64, size: u64) -> impl Iterator<Item = &'static str> {
    let (mut here, mut last) = (index, size.saturating_sub(1));
    std::iter::from_fn(move || {
        if last == 0 {
            return None;
        }
        let is_right = here & 1 == 1 || here == last;
        if is_right {
            // The last node of a level that has no sibling there moves up alone.
            let alone = here.trailing_zeros();
            (here, last) = (here >> alone, last >> alone);
        }
        (here, last) = (here >> 1, last >> 1);
        Some(if is_right { "left" } else { "right" })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proof::tree::{leaf_hash, node_hash, root};

    #[test]
    fn every_record_of_a_batch_leads_to_its_root_by_the_sides_that_it_names() {
        for size in 1u64..40 {
            let leaves: Vec<Digest> = (0..size).map(|n| leaf_hash(&n.to_be_bytes())).collect();
            let batches = members("e", &leaves);
            assert_eq!(batches.len(), leaves.len());
            for (batch, leaf) in batches.iter().zip(&leaves) {
                let text = |value: &Value, name: &str| value.get(name).unwrap().as_str().unwrap().to_owned();
                let reached = batch.get("inclusion_proof").unwrap().as_array().unwrap().iter().fold(
                    *leaf,
                    |hash, step| {
                        let sibling = Digest::parse(&text(step, "hash")).unwrap();
                        match text(step, "side").as_str() {
                            "left" => node_hash(&sibling, &hash),
                            _ => node_hash(&hash, &sibling),
                        }
                    },
                );
                assert_eq!(reached, root(&leaves));
                assert_eq!(text(batch, "merkle_root"), reached.to_string());
            }
        }
        assert!(members("e", &[]).is_empty());
    }
}
