use super::*;
use crate::tree::{leaf_hash, node_hash};

const HASHES: TileKind = TileKind::Hashes(0);

fn check(path: &str, expect: Option<Tile>) {
    assert_eq!(Tile::parse(path), expect, "{path}");
    if let Some(tile) = expect {
        assert_eq!(tile.to_string(), path);
    }
}

#[test]
fn a_path_names_a_tile() {
    let tile = |kind, index, width| Some(Tile { kind, index, width });
    check("tile/0/000", tile(HASHES, 0, 256));
    check("tile/63/005", tile(TileKind::Hashes(63), 5, 256));
    check("tile/0/999.p/1", tile(HASHES, 999, 1));
    check("tile/0/x001/000.p/255", tile(HASHES, 1000, 255));
    check("tile/1/x001/x234/067", tile(TileKind::Hashes(1), 1_234_067, 256));
    check("tile/entries/x001/x000/000.p/7", tile(TileKind::Entries, 1_000_000, 7));
    check("tile/0/x009/x223/x372/x036/x854/x775/807", tile(HASHES, SIZE_MAX, 256));
}

#[test]
fn a_path_has_one_form() {
    let bad = [
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0//000",
        "tile/00/000",
        "tile/01/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/+1/000",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000",
        "tile/0/x000/001",
        "tile/0/x000/x001/000",
        "tile/0/001/000",
        "tile/0/x001",
        "tile/0/X001/000",
        "tile/0/x01/000",
        "tile/0/xx001/000",
        "tile/0/00a",
        "tile/0/+01",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000.p/1.p/1",
        "tile/0/000.p/1/",
        "tile/0/../000",
        "tile/data/000",
        "tile/Entries/000",
        "tile/0/٠٠٠",
        "tile/0/x009/x223/x372/x036/x854/x775/808",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
    ];
    for path in bad {
        check(path, None);
    }
}

#[test]
fn a_log_has_the_tiles_that_the_specification_counts() {
    let of = |size, kind| tiles(size).filter(|tile| tile.kind == kind).collect::<Vec<_>>();
    assert_eq!(tiles(0).count(), 0);
    let leaves = of(70_000, HASHES);
    assert_eq!((leaves.len(), leaves.last().map(|tile| tile.width)), (274, Some(112)));
    assert!(leaves[..273].iter().all(|tile| tile.width == 256));
    let widths = |kind| of(70_000, kind).iter().map(|tile| tile.width).collect::<Vec<_>>();
    assert_eq!(widths(TileKind::Hashes(1)), [256, 17]);
    assert_eq!(widths(TileKind::Hashes(2)), [1]);
    assert_eq!(widths(TileKind::Hashes(3)), [0; 0]);
    assert_eq!(of(70_000, TileKind::Entries).len(), 274);
    // The highest tile of the largest log.
    assert_eq!(Tile { kind: TileKind::Hashes(7), index: 0, width: 256 }.in_log(SIZE_MAX).unwrap().width, 127);
    assert_eq!(Tile { kind: TileKind::Hashes(8), index: 0, width: 256 }.in_log(SIZE_MAX), None);
}

#[test]
fn what_changed_is_what_the_old_log_lacks() {
    for old in [0, 1, 255, 256, 257, 511, 512, 65_535, 65_536] {
        for new in [old, old + 1, old + 255, old + 256, old + 700, 66_000] {
            let before: std::collections::BTreeSet<_> = tiles(old).collect();
            let expect: Vec<_> = tiles(new).filter(|tile| old < new && !before.contains(tile)).collect();
            assert_eq!(changed(old, new).collect::<Vec<_>>(), expect, "{old} to {new}");
        }
    }
    assert_eq!(changed(300, 200).count(), 0);
}

#[test]
fn a_node_is_found_in_its_tile() {
    let leaves: Vec<_> = (0..1000_u32).map(|number| leaf_hash(&number.to_be_bytes())).collect();
    let level1: Vec<_> = leaves.chunks_exact(256).map(root).collect();
    let read = |tile: Tile| {
        let hashes = if tile.kind == HASHES { &leaves } else { &level1 };
        let start = usize::try_from(tile.index).unwrap() * 256;
        Some(hashes[start..start + usize::from(tile.width)].to_vec())
    };
    assert_eq!(node(0, 999, 1000, read), Some(leaves[999]));
    assert_eq!(node(3, 124, 1000, read), Some(root(&leaves[992..1000])));
    assert_eq!(node(7, 1, 1000, read), Some(root(&leaves[128..256])));
    assert_eq!(node(8, 2, 1000, read), Some(level1[2]));
    assert_eq!(node(9, 0, 1000, read), Some(node_hash(&level1[0], &level1[1])));
    // Not complete, not there, and a tile of another width.
    assert_eq!(node(3, 125, 1000, read), None);
    assert_eq!(node(9, 1, 1000, read), None);
    assert_eq!(node(0, 1000, 1000, read), None);
    assert_eq!(node(64, 0, u64::MAX, read), None);
    assert_eq!(node(u32::MAX, u64::MAX, u64::MAX, read), None);
    assert_eq!(node(0, 0, 1000, |_| Some(leaves[..255].to_vec())), None);
    assert_eq!(node(0, 0, 1000, |_| None), None);
}

#[test]
fn a_bundle_holds_up_to_256_entries_of_up_to_65535_bytes() {
    let most = vec![b"x".to_vec(); 256];
    let bytes = write_entries(&most).unwrap();
    assert_eq!(bytes[..6], [0, 1, b'x', 0, 1, b'x']);
    assert_eq!(parse_entries(&bytes).unwrap(), most);
    assert_eq!(write_entries(&vec![b"x"; 257]), None);
    assert_eq!(write_entries::<&[u8]>(&[]), None);
    assert_eq!(parse_entries(&[bytes.as_slice(), &[0, 0]].concat()), None);
    assert_eq!(parse_entries(b""), None);
    assert_eq!(parse_entries(b"\x00"), None);
    assert_eq!(parse_entries(b"\x00\x02x"), None);
    assert_eq!(parse_entries(b"\x00\x01x\x00"), None);

    let largest = vec![7; ENTRY_BYTES_MAX];
    assert_eq!(parse_entries(&write_entries(&[&largest]).unwrap()).unwrap(), [&largest]);
    assert_eq!(write_entries(&[vec![7; ENTRY_BYTES_MAX + 1]]), None);
}

#[test]
fn a_hash_tile_holds_up_to_256_hashes() {
    let most = vec![leaf_hash(b"x"); 256];
    let bytes = write_hashes(&most);
    assert_eq!(bytes.len(), 8192);
    assert_eq!(parse_hashes(&bytes), Some(most));
    for bad in [&bytes[..0], &bytes[..31], &[bytes.as_slice(), &bytes[..32]].concat()] {
        assert_eq!(parse_hashes(bad), None);
    }
}
