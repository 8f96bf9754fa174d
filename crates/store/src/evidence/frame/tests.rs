use domain::id::RunId;
use domain::time::Timestamp;
use proof::json::Object;
use proof::leaf::{By, ByKind, Leaf};

use super::*;

fn run() -> RunId {
    RunId::new(Timestamp::from_millis(1_700_000_000_000), [7; 10])
}

fn leaf(chain: Chain, seq: u64) -> Vec<u8> {
    noted(chain, seq, "\",\"type\":\"no\",\"v\":\"")
}

fn noted(chain: Chain, seq: u64, note: &str) -> Vec<u8> {
    let run = match chain {
        Chain::Workspace => None,
        Chain::Run(run) => Some(run.to_string()),
    };
    let data = Object::from([("note".into(), note.into())]);
    Leaf {
        sd: vec![],
        by: By { id: "node_00000000".into(), kind: ByKind::System },
        cause: vec![],
        data,
        node: "node_00000000".into(),
        prev: (seq > 0).then(|| proof::tree::leaf_hash(b"before")),
        run,
        seq,
        time: "2026-11-23T22:00:00.000Z".into(),
        kind: "run.proposed".into(),
    }
    .to_bytes()
    .unwrap()
}

#[test]
fn a_leaf_says_its_time_and_type_at_its_place() {
    for chain in [Chain::Workspace, Chain::Run(run())] {
        for seq in [0, 7, 12] {
            let expected = Frame { time: "2026-11-23T22:00:00.000Z", kind: "run.proposed" };
            assert_eq!(read(&leaf(chain, seq), chain, seq), Some(expected));
        }
    }
}

#[test]
fn a_leaf_of_another_chain_or_place_is_refused() {
    let other = RunId::new(Timestamp::from_millis(1_700_000_000_000), [8; 10]);
    for (made, asked, seq) in [
        (Chain::Run(run()), Chain::Workspace, 3),
        (Chain::Workspace, Chain::Run(run()), 3),
        (Chain::Run(run()), Chain::Run(other), 3),
        (Chain::Run(run()), Chain::Run(run()), 4),
        (Chain::Run(run()), Chain::Run(run()), 33),
    ] {
        assert_eq!(read(&leaf(made, 3), asked, seq), None, "{made:?} as {asked:?} at {seq}");
    }
}

#[test]
fn bytes_that_are_no_leaf_are_refused() {
    let good = leaf(Chain::Workspace, 0);
    let end = good.len();
    for cut in [&good[1..], &good[..end - 1], b"", b"{}", b"\xff\"}"] {
        assert_eq!(read(cut, Chain::Workspace, 0), None);
    }
}

proptest::proptest! {
    #[test]
    fn whatever_stands_in_its_data_a_leaf_is_read_at_its_own_place_only(
        note in r#"(","(run|seq|time|type|v|prev)":"?|[ -~]){0,20}"#, seq in 0_u64..1000, other in 0_u64..1000,
    ) {
        let chain = Chain::Run(run());
        let bytes = noted(chain, seq, &note);
        let read_at = |chain, seq| read(&bytes, chain, seq).map(|frame| frame.kind.to_owned());
        proptest::prop_assert_eq!(read_at(chain, seq), Some("run.proposed".to_owned()));
        proptest::prop_assert_eq!(read_at(Chain::Workspace, seq), None);
        proptest::prop_assert_eq!(read_at(chain, other).is_some(), other == seq);
    }

    #[test]
    fn no_bytes_break_the_reading(bytes in proptest::collection::vec(0_u8.., 0..300)) {
        proptest::prop_assert_eq!(read(&bytes, Chain::Workspace, 0), None);
    }
}
