//! Trees and proofs against the golden data, against the recursive definitions of RFC 9162, and against another
//! implementation.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use proof::consistency;
use proof::digest::{Digest, sha256};
use proof::inclusion::{self, PATH_MAX, ProofFault};
use proof::tile::{self, Tile, TileKind};
use proof::tree::{Frontier, SIZE_MAX, leaf_hash, node_hash, root};
use proptest::prelude::*;
use serde_json::Value;
use sha2::Sha256;

use crate::vectors::{list, read, text};

fn leaves(size: usize) -> Vec<Digest> {
    (0..size).map(|number| leaf_hash(format!("leaf {number}").as_bytes())).collect()
}

/// Nodes computed from all leaves, as a store would keep them.
fn node_of(leaves: &[Digest]) -> impl Fn(u32, u64) -> Option<Digest> {
    |level, index| {
        let width = 1_usize.checked_shl(level)?;
        let start = usize::try_from(index).ok()?.checked_mul(width)?;
        Some(tree_hash(leaves.get(start..start + width)?))
    }
}

/// Section 2.1.1.
fn tree_hash(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => sha256(b""),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(half(leaves.len()));
            node_hash(&tree_hash(left), &tree_hash(right))
        }
    }
}

/// Section 2.1.3.1, PATH.
fn path(index: usize, leaves: &[Digest]) -> Vec<Digest> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(half(leaves.len()));
    let (mut path, sibling) = match index.checked_sub(left.len()) {
        None => (path(index, left), right),
        Some(index) => (path(index, right), left),
    };
    path.push(tree_hash(sibling));
    path
}

/// Section 2.1.4.1, SUBPROOF.
fn subproof(old: usize, leaves: &[Digest], known: bool) -> Vec<Digest> {
    if old == leaves.len() {
        return if known { Vec::new() } else { vec![tree_hash(leaves)] };
    }
    let (left, right) = leaves.split_at(half(leaves.len()));
    let (mut proof, sibling) = match old.checked_sub(left.len()) {
        None | Some(0) => (subproof(old, left, known), right),
        Some(old) => (subproof(old, right, false), left),
    };
    proof.push(tree_hash(sibling));
    proof
}

fn half(size: usize) -> usize {
    size.next_power_of_two() / 2
}

fn hashes(case: &Value, name: &str) -> Vec<Digest> {
    list(case, name).iter().map(|hash| digest(hash.as_str().expect("a hash"))).collect()
}

fn digest(text: &str) -> Digest {
    Digest::parse(text).expect("a hash")
}

fn number(case: &Value, name: &str) -> u64 {
    case[name].as_u64().expect("a number")
}

fn check(result: Result<(), ProofFault>, case: &Value) {
    let word = result.map_or_else(ProofFault::word, |()| "ok");
    assert_eq!(word, text(case, "expect"), "{}", text(case, "name"));
}

#[test]
fn roots_and_proofs_of_the_file_are_judged_as_written() {
    let file = read(include_str!("../vectors/merkle.json"));
    for (size, expect) in file["roots"].as_object().expect("roots by size") {
        let size: usize = size.parse().expect("a size");
        assert_eq!(Some(root(&leaves(size)).to_string().as_str()), expect.as_str(), "size {size}");
    }
    for case in list(&file, "inclusion") {
        let (index, size) = (number(case, "index"), number(case, "size"));
        let (leaf, root) = (digest(text(case, "leaf_hash")), digest(text(case, "root")));
        check(inclusion::verify(&leaf, index, size, &hashes(case, "proof"), &root), case);
    }
    for case in list(&file, "consistency") {
        let (old, new) = (number(case, "size1"), number(case, "size2"));
        let (old_root, new_root) = (digest(text(case, "root1")), digest(text(case, "root2")));
        check(consistency::verify(old, &old_root, new, &new_root, &hashes(case, "proof")), case);
    }
}

#[test]
fn tile_paths_are_those_of_the_file() {
    let file = read(include_str!("../vectors/merkle.json"));
    for (size, levels) in file["tile_paths"].as_object().expect("levels by size") {
        let mut rest: Vec<_> = tile::tiles(size.parse().expect("a size"))
            .filter(|tile| tile.kind != TileKind::Entries)
            .collect();
        for level in levels.as_array().expect("levels") {
            let kind = TileKind::Hashes(u8::try_from(number(level, "level")).expect("a level"));
            let (of_level, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(|tile| tile.kind == kind);
            rest = others;
            let (full, partial) = of_level.split_at(usize::try_from(number(level, "full")).expect("a count"));
            assert!(full.iter().all(|tile| tile.width == 256), "size {size}");
            let widths: Vec<_> = partial.iter().map(|tile| u64::from(tile.width)).collect();
            let expect = Vec::from_iter(Some(number(level, "partial")).filter(|width| *width > 0));
            assert_eq!(widths, expect, "size {size}");
            let last = of_level.last().expect("a tile");
            assert_eq!(last.to_string(), text(level, "last"));
            assert_eq!(Tile::parse(text(level, "last")), Some(*last));
        }
        assert_eq!(rest, [], "size {size}");
    }
    for (index, path) in file["tile_index_paths"].as_object().expect("paths by index") {
        let tile = Tile::parse(&format!("tile/0/{}", path.as_str().expect("a path"))).expect("a path");
        assert_eq!(tile.index.to_string(), *index);
    }
}

#[test]
fn every_proof_of_small_trees_is_that_of_the_definition() {
    let leaves = leaves(70);
    let node = node_of(&leaves);
    for size in 1..=leaves.len() {
        let tree = &leaves[..size];
        let (root, wide) = (tree_hash(tree), size as u64);
        for index in 0..size {
            let built = inclusion::build(index as u64, wide, &node).expect("stored nodes");
            assert_eq!(built, path(index, tree), "{index} of {size}");
            assert_eq!(inclusion::verify(&tree[index], index as u64, wide, &built, &root), Ok(()));
        }
        for old in 1..=size {
            let built = consistency::build(old as u64, wide, &node).expect("stored nodes");
            assert_eq!(built, subproof(old, tree, true), "{old} to {size}");
            let old_root = tree_hash(&tree[..old]);
            assert_eq!(consistency::verify(old as u64, &old_root, wide, &root, &built), Ok(()));
        }
    }
}

#[test]
fn a_frontier_reports_each_node_once_and_is_rebuilt_from_its_peaks() {
    let leaves = leaves(300);
    let node = node_of(&leaves);
    let mut frontier = Frontier::default();
    let mut reported = std::collections::BTreeMap::new();
    for (count, leaf) in leaves.iter().enumerate() {
        let before = frontier.clone();
        assert_eq!(before.root(), tree_hash(&leaves[..count]));
        assert_eq!(Frontier::from_peaks(before.size(), before.peaks().to_vec()), Some(before.clone()));
        assert_eq!(Frontier::from_nodes(before.size(), &node), Some(before));
        frontier.append_each(*leaf, |level, index, hash| {
            assert_eq!(Some(hash), node(level, index), "{level}/{index}");
            assert_eq!(reported.insert((level, index), hash), None, "{level}/{index}");
        });
    }
    assert_eq!(reported.len(), 300 + 150 + 75 + 37 + 18 + 9 + 4 + 2 + 1);
    assert_eq!(Frontier::from_peaks(3, vec![sha256(b"")]), None);
    assert_eq!(Frontier::from_peaks(1, Vec::new()), None);
}

#[test]
fn trees_go_to_the_largest_size_and_not_beyond() {
    let any = |_, _| Some(sha256(b"x"));
    let peaks = |size: u64| vec![sha256(b"x"); size.count_ones() as usize];
    assert!(Frontier::from_peaks(SIZE_MAX, peaks(SIZE_MAX)).is_some());
    assert!(Frontier::from_peaks(SIZE_MAX + 1, peaks(SIZE_MAX + 1)).is_none());
    let path = inclusion::build(0, SIZE_MAX, any).expect("every node is there");
    assert_eq!(path.len(), PATH_MAX);
    assert!(inclusion::root_of(&sha256(b"x"), 0, SIZE_MAX, &path).is_ok());
    let proof = consistency::build(SIZE_MAX / 3, SIZE_MAX, any).expect("every node is there");
    assert_eq!(proof.len(), consistency::PROOF_MAX);
}

#[test]
fn nothing_is_built_without_its_nodes_or_outside_the_tree() {
    let any = |_, _| Some(sha256(b"x"));
    assert_eq!(inclusion::build(5, 5, any), None);
    assert_eq!(inclusion::build(2, 5, |_, _| None), None);
    assert_eq!(consistency::build(0, 5, any), None);
    assert_eq!(consistency::build(6, 5, any), None);
    assert_eq!(consistency::build(2, 5, |_, _| None), None);
    assert_eq!(consistency::build(5, 5, |_, _| None), Some(Vec::new()));
}

proptest! {
    #[test]
    fn a_tile_path_is_refused_or_written_again_as_it_came(
        path in "tile/(entries|[0-9]{1,2}|[a-z]?)/(x[0-9]{3}/){0,7}[0-9]{2,4}(.p/[0-9]{1,3})?|.{0,20}",
    ) {
        prop_assert_eq!(Tile::parse(&path).map_or(path.clone(), |tile| tile.to_string()), path);
    }

    #[test]
    fn an_entry_bundle_is_refused_or_written_again_as_it_came(
        bytes in prop::collection::vec(prop_oneof![3 => Just(0), 1 => 0..4_u8], 0..60),
    ) {
        if let Some(entries) = tile::parse_entries(&bytes) {
            prop_assert_eq!(tile::write_entries(&entries), Some(bytes));
        }
    }

    #[test]
    fn proofs_are_those_of_another_implementation(
        (size, index, old) in (1..400_usize).prop_flat_map(|size| (Just(size), 0..size, 1..=size)),
    ) {
        let mut oracle = MemoryBackedTree::<Sha256, Vec<u8>>::new();
        (0..size).for_each(|number| oracle.push(format!("leaf {number}").into_bytes()));
        let leaves = leaves(size);
        let node = node_of(&leaves);
        prop_assert_eq!(Digest::from_bytes((*oracle.root().as_bytes()).into()), root(&leaves));

        let path = inclusion::build(index as u64, size as u64, &node).expect("stored nodes");
        let bytes: Vec<u8> = path.iter().flat_map(|hash| *hash.as_bytes()).collect();
        prop_assert_eq!(oracle.prove_inclusion(index).as_bytes().to_vec(), bytes.clone());
        let leaf = format!("leaf {index}").into_bytes();
        let theirs = InclusionProof::<Sha256>::from_bytes(bytes);
        prop_assert!(oracle.root().verify_inclusion(&leaf, index as u64, &theirs).is_ok());

        // That crate has no proof between equal sizes.
        if old < size {
            let proof = consistency::build(old as u64, size as u64, &node).expect("stored nodes");
            let bytes: Vec<u8> = proof.iter().flat_map(|hash| *hash.as_bytes()).collect();
            let theirs = ConsistencyProof::<Sha256>::try_from_bytes(bytes).expect("whole hashes");
            let old_root = RootHash::new((*root(&leaves[..old]).as_bytes()).into(), old as u64);
            prop_assert!(oracle.root().verify_consistency(&old_root, &theirs).is_ok());
        }
    }

    #[test]
    fn a_changed_proof_does_not_hold(
        (size, index, old) in (2..300_usize).prop_flat_map(|size| (Just(size), 0..size, 1..size)),
        at: prop::sample::Index,
    ) {
        let leaves = leaves(size);
        let node = node_of(&leaves);
        let (new_root, old_root) = (root(&leaves), root(&leaves[..old]));
        let (index, size, old) = (index as u64, size as u64, old as u64);
        let path = inclusion::build(index, size, &node).expect("stored nodes");
        let proof = consistency::build(old, size, &node).expect("stored nodes");
        let leaf = node(0, index).expect("a leaf");
        for path in changed(&path, at) {
            prop_assert!(inclusion::verify(&leaf, index, size, &path, &new_root).is_err());
        }
        for proof in changed(&proof, at) {
            prop_assert!(consistency::verify(old, &old_root, size, &new_root, &proof).is_err());
        }
        prop_assert!(inclusion::verify(&sha256(b"x"), index, size, &path, &new_root).is_err());
        prop_assert!(consistency::verify(old, &sha256(b"x"), size, &new_root, &proof).is_err());
        prop_assert!(consistency::verify(old, &old_root, size, &sha256(b"x"), &proof).is_err());
    }

    #[test]
    fn no_numbers_break_a_proof(
        index: u64, size: u64, old: u64, seeds in prop::collection::vec(any::<u8>(), 0..70),
    ) {
        let hashes: Vec<_> = seeds.iter().map(|seed| sha256(&[*seed])).collect();
        let hash = sha256(b"x");
        prop_assert!(inclusion::verify(&hash, index, size, &hashes, &hash).is_err());
        prop_assert!(consistency::verify(old, &hash, size, &sha256(b"y"), &hashes).is_err());
        prop_assert_eq!(inclusion::build(index, size, |_, _| Some(hash)).is_some(), index < size);
        prop_assert_eq!(consistency::build(old, size, |_, _| Some(hash)).is_some(), old > 0 && old <= size);
    }
}

/// The proof without a hash, with one more, with another one in its place.
fn changed(proof: &[Digest], at: prop::sample::Index) -> [Vec<Digest>; 3] {
    let (mut shorter, mut longer, mut other) = (proof.to_vec(), proof.to_vec(), proof.to_vec());
    let at = at.index(proof.len());
    shorter.remove(at);
    longer.insert(at, sha256(b"more"));
    other.splice(at..=at, [sha256(b"other")]);
    [shorter, longer, other]
}
