use proof::json::Object;
use proof::leaf::{By, ByKind, Leaf};

use super::*;
use crate::entity::{EntityKind, Expect};
use crate::usage::Reservation;
use domain::name::Slug;
use proof::disclosure::Disclosure;

fn empty() -> Commit {
    let now = Timestamp::from_millis(1_700_000_000_000);
    Commit::new(WorkspaceId::new(now, [1; 10]), now)
}

fn run() -> RunId {
    RunId::new(Timestamp::from_millis(5), [2; 10])
}

fn leaf() -> Vec<u8> {
    Leaf {
        sd: vec![],
        by: By { id: "node_00000000".into(), kind: ByKind::System },
        cause: vec![],
        data: Object::new(),
        node: "node_00000000".into(),
        prev: None,
        run: None,
        seq: 0,
        time: "2026-11-23T22:00:00.000Z".into(),
        kind: "log.opened".into(),
    }
    .to_bytes()
    .unwrap()
}

/// Checks a commit that was changed to hold `size` of something.
fn check(size: usize, max: usize, change: impl Fn(&mut Commit, usize)) {
    for (size, expected) in [(size, true), (size + 1, false)] {
        let mut commit = empty();
        change(&mut commit, size);
        match Checked::new(commit) {
            Ok(_) => assert!(expected, "{size} passes"),
            Err(Error::TooLarge { size: seen, max: named, .. }) => {
                assert_eq!((expected, seen, named), (false, size, max));
            }
            Err(other) => assert!(!expected, "{other}"),
        }
    }
}

#[test]
fn each_part_has_a_limit() {
    check(evidence::LEAF_BYTES_MAX, evidence::LEAF_BYTES_MAX, |commit, size| {
        commit.documents = vec![NewDocument { run: run(), revision: 1, n: 0, bytes: vec![0; size] }];
    });
    check(entity::BODY_BYTES_MAX, entity::BODY_BYTES_MAX, |commit, size| {
        commit.entities = vec![write("id".into(), vec![0; size])];
    });
    check(entity::NAME_LEN_MAX, entity::NAME_LEN_MAX, |commit, size| {
        commit.entities = vec![write("x".repeat(size), vec![])];
    });
    check(work::PAYLOAD_BYTES_MAX, work::PAYLOAD_BYTES_MAX, |commit, size| {
        let (id, kind) = (WorkId::new(commit.now, [1; 10]), Slug::parse("executor").unwrap());
        commit.work = vec![WorkChange::Put { id, run: None, kind, due: commit.now, payload: vec![0; size] }];
    });
    let window = usize::try_from(usage::WINDOW_S_MAX).unwrap();
    check(window, window, |commit, size| {
        commit.usage = vec![reserve("scope".into(), u64::try_from(size).unwrap())];
    });
    check(usage::SCOPE_LEN_MAX, usage::SCOPE_LEN_MAX, |commit, size| {
        commit.usage = vec![reserve("x".repeat(size), 1)];
    });
    check(idempotency::REPLY_BYTES_MAX, idempotency::REPLY_BYTES_MAX, |commit, size| {
        commit.idempotency = Some(IdempotencyRecord {
            principal: "agent".into(),
            operation: "propose".into(),
            key: "key".into(),
            fingerprint: leaf_hash(b""),
            status: 201,
            run: None,
            reply: vec![0; size],
            created: commit.now,
            expires: commit.now,
        });
    });
    check(ITEMS_MAX, ITEMS_MAX, |commit, size| {
        commit.leases = vec![LeaseChange::Release { key: [0; 32], run: run() }; size];
    });
}

#[test]
fn a_leaf_and_a_disclosure_have_limits() {
    let mut commit = empty();
    let bytes = vec![b'x'; evidence::LEAF_BYTES_MAX + 1];
    commit.appends = vec![ChainAppend { chain: Chain::Workspace, expected_seq: 0, leaves: vec![bytes] }];
    assert!(matches!(Checked::new(commit), Err(Error::TooLarge { what: "leaf", size: 16_385, .. })));

    // The largest value that evidence may seal still fits.
    let value = "x".repeat(proof::disclosure::VALUE_BYTES_MAX - 2);
    let largest = Disclosure::seal([1; 32], &"n".repeat(64), &value.into()).unwrap();
    assert!(largest.text.len() <= evidence::DISCLOSURE_LEN_MAX);
    let mut commit = with_disclosure(leaf_hash(&leaf()));
    commit.disclosures[0].disclosure.text = "x".repeat(evidence::DISCLOSURE_LEN_MAX + 1);
    assert!(matches!(Checked::new(commit), Err(Error::TooLarge { what: "disclosure", .. })));
}

#[test]
fn a_disclosure_names_a_holder_of_the_same_commit() {
    assert_eq!(Checked::new(with_disclosure(leaf_hash(&leaf()))).unwrap().holders, [Chain::Workspace]);
    let stranger = Checked::new(with_disclosure(leaf_hash(b"elsewhere")));
    assert!(matches!(stranger, Err(Error::Malformed(_))));
    let mut commit = with_disclosure(leaf_hash(b"document"));
    commit.documents = vec![NewDocument { run: run(), revision: 1, n: 0, bytes: b"document".to_vec() }];
    assert_eq!(Checked::new(commit).unwrap().holders, [Chain::Run(run())]);
}

#[test]
fn a_leaf_stands_in_the_chain_and_place_that_it_names() {
    let append = |chain, expected_seq, leaves: Vec<Vec<u8>>| {
        let mut commit = empty();
        commit.appends = vec![ChainAppend { chain, expected_seq, leaves }];
        Checked::new(commit)
    };
    let good = append(Chain::Workspace, 0, vec![leaf()]).unwrap();
    assert_eq!(good.hashes, [[leaf_hash(&leaf())]]);
    assert!(matches!(append(Chain::Workspace, 1, vec![leaf()]), Err(Error::Malformed(_))));
    assert!(matches!(append(Chain::Run(run()), 0, vec![leaf()]), Err(Error::Malformed(_))));
    assert!(matches!(append(Chain::Workspace, 0, vec![leaf(), leaf()]), Err(Error::Malformed(_))));
}

#[test]
fn a_receipt_needs_the_leaf_and_the_lease_in_one_commit() {
    let committed = |taken| Committed {
        position: 9,
        leaves: vec![(Chain::Run(run()), 4, leaf_hash(b"started"))],
        epoch: 0,
        leases: vec![],
        taken,
    };
    let expected = CommitReceipt::committed(run(), 4, leaf_hash(b"started"), 7);
    assert_eq!(committed(vec![(run(), 7)]).receipt(run(), 4), Some(expected));
    assert_eq!(committed(vec![(run(), 7)]).receipt(run(), 5), None);
    assert_eq!(committed(vec![]).receipt(run(), 4), None);
    let other = RunId::new(Timestamp::from_millis(6), [2; 10]);
    assert_eq!(committed(vec![(other, 7)]).receipt(run(), 4), None);
    assert_eq!(committed(vec![(other, 7)]).receipt(other, 4), None);
}

fn with_disclosure(holder: Digest) -> Commit {
    let mut commit = empty();
    commit.appends = vec![ChainAppend { chain: Chain::Workspace, expected_seq: 0, leaves: vec![leaf()] }];
    commit.disclosures = vec![NewDisclosure {
        holder,
        disclosure: Disclosure::seal([1; 32], "reason", &"because".into()).unwrap(),
        subject: [1; 32],
        class: Slug::parse("standard").unwrap(),
    }];
    commit
}

fn write(id: String, body: Vec<u8>) -> EntityWrite {
    EntityWrite {
        kind: EntityKind::Setting,
        id,
        expect: Expect::Any,
        body: Some(body),
        lookup: None,
        owner: None,
        expires: None,
    }
}

fn reserve(scope: String, window_s: u64) -> UsageChange {
    let at = Timestamp::from_millis(0);
    UsageChange::Reserve(Reservation { scope, run: run(), amount: 1, at, window_s, seen: None })
}
