//! Chains, documents and the feed.

use std::collections::BTreeMap;
use std::sync::Arc;

use proof::tree::leaf_hash;

use crate::commit::Commit;
use crate::contract::fixture::{append, at, commit, document, leaf, run, workspace};
use crate::contract::{Place, race};
use crate::error::{Conflict, Error};
use crate::evidence::Chain;

/// The bytes of a leaf, its hash and its place are those that were committed, also when appended piece by piece.
pub async fn leaves_come_back_verbatim_in_an_unbroken_chain(place: &impl Place) {
    let store = place.open().await;
    let chain = Chain::Run(run(1));
    let mut positions = Vec::new();
    for (from, to) in [(0, 1), (1, 4), (4, 5)] {
        let both = vec![append(chain, from, to), append(Chain::Workspace, from, to)];
        let committed = store.commit(Commit { appends: both, ..commit() }).await.unwrap();
        positions.push(committed.position());
        let places: Vec<_> = committed.leaves().iter().map(|(chain, seq, _)| (*chain, *seq)).collect();
        let expected = [chain, Chain::Workspace].map(|chain| (from..to).map(move |seq| (chain, seq)));
        assert_eq!(places, expected.into_iter().flatten().collect::<Vec<_>>());
    }
    assert!(positions.is_sorted_by(|a, b| a < b), "{positions:?}");
    for chain in [chain, Chain::Workspace] {
        let leaves = store.chain(workspace(1), chain, 0, 100).await.unwrap();
        assert_eq!(leaves.len(), 5);
        for (seq, stored) in (0..).zip(&leaves) {
            let bytes = leaf(chain, seq);
            assert_eq!((stored.seq, &stored.bytes, stored.hash), (seq, &bytes, leaf_hash(&bytes)));
        }
        assert_eq!(store.chain(workspace(1), chain, 2, 2).await.unwrap(), leaves[2..4]);
        assert_eq!(store.chain(workspace(1), chain, 5, 100).await.unwrap(), []);
    }
}

/// Of many appends to one place exactly one is saved.
pub async fn a_place_in_a_chain_is_given_once(place: &impl Place) {
    let store = place.open().await;
    for seq in 0..5 {
        let chain = Chain::Run(run(1));
        let appends = (0..20).map(|_| Commit { appends: vec![append(chain, seq, seq + 1)], ..commit() });
        let expected = Conflict::Seq { expected: seq, actual: seq + 1 };
        assert_eq!(race(&store, appends, |lost| *lost == expected).await, 1);
    }
    assert_eq!(store.chain(workspace(1), Chain::Run(run(1)), 0, 100).await.unwrap().len(), 5);
}

/// The database itself refuses to change or remove a leaf or document.
pub async fn leaves_and_documents_are_final(place: &impl Place) {
    let store = place.open().await;
    let appends = vec![append(Chain::Run(run(1)), 0, 1)];
    store.commit(Commit { appends, documents: vec![document(1, 0)], ..commit() }).await.unwrap();
    for table in ["leaf", "document"] {
        for sql in [format!("UPDATE {table} SET bytes = hash"), format!("DELETE FROM {table}")] {
            let refused = place.tamper(&sql).await.unwrap_err();
            assert!(refused.contains("is final"), "{sql}: {refused}");
        }
    }
    assert_eq!(store.chain(workspace(1), Chain::Run(run(1)), 0, 9).await.unwrap().len(), 1);
    assert_eq!(store.documents(workspace(1), run(1), 1).await.unwrap().len(), 1);
    let again = Commit { documents: vec![document(1, 0)], ..commit() };
    assert!(matches!(store.commit(again).await, Err(Error::Refused { .. })));
}

/// Reading is not cut where a backend changes its way of reading.
pub async fn long_chains_and_plans_are_read_whole(place: &impl Place) {
    let store = place.open().await;
    let chain = Chain::Run(run(1));
    let documents: Vec<_> = (0..300).rev().map(|n| document(1, n)).collect();
    store.commit(Commit { appends: vec![append(chain, 0, 300)], documents, ..commit() }).await.unwrap();
    for (from, limit) in [(0, 300), (0, 64), (0, 65), (7, 200), (299, 10)] {
        let leaves = store.chain(workspace(1), chain, from, limit).await.unwrap();
        let seqs: Vec<_> = leaves.iter().map(|leaf| leaf.seq).collect();
        let end = 300.min(from + u64::try_from(limit).unwrap());
        assert_eq!(seqs, (from..end).collect::<Vec<_>>());
    }
    let documents = store.documents(workspace(1), run(1), 1).await.unwrap();
    assert_eq!(documents.len(), 300);
    for (n, stored) in (0..).zip(documents) {
        let bytes = document(1, n).bytes;
        assert_eq!((stored.n, stored.hash), (n, leaf_hash(&bytes)));
        assert_eq!(stored.bytes, bytes);
    }
    assert_eq!(store.feed(workspace(1), 0, 1000).await.unwrap().len(), 300);
    assert_eq!(store.documents(workspace(1), run(1), 2).await.unwrap(), []);
}

/// A reader that goes on from the last position it saw, while many write, sees each leaf once and each chain in order.
pub async fn a_reader_of_the_feed_misses_no_leaf(place: &impl Place) {
    let store = place.open().await;
    let mut watch = store.watch();
    let writers: Vec<_> = (0..8)
        .map(|of| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for seq in 0..25 {
                    let appends = vec![append(Chain::Run(run(of)), seq, seq + 1)];
                    store.commit(Commit { appends, ..commit() }).await.unwrap();
                }
            })
        })
        .collect();
    let (mut next, mut after, mut total) = (BTreeMap::new(), 0, 0);
    while total < 200 {
        let items = store.feed(workspace(1), after, 7).await.unwrap();
        if items.is_empty() {
            watch.changed().await.unwrap();
        }
        for item in items {
            assert!(item.position > after);
            after = item.position;
            let expected = next.entry(item.chain).or_insert(0);
            assert_eq!(item.seq, *expected);
            assert_eq!(item.at, at(i64::try_from(item.seq).unwrap()));
            assert_eq!(item.kind, if item.seq == 0 { "run.proposed" } else { "run.commented" });
            *expected += 1;
            total += 1;
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(store.feed(workspace(1), after, 7).await.unwrap(), []);
    assert!(next.len() == 8 && next.values().all(|count| *count == 25));
    assert!(*store.watch().borrow() >= after);
}

/// What a rebuild of the query rows walks over.
pub async fn every_run_with_a_chain_is_listed(place: &impl Place) {
    let store = place.open().await;
    store.commit(Commit { appends: vec![append(Chain::Workspace, 0, 2)], ..commit() }).await.unwrap();
    for of in [3, 1, 2] {
        let appends = vec![append(Chain::Run(run(of)), 0, 3)];
        store.commit(Commit { appends, ..commit() }).await.unwrap();
    }
    let chains = |after, limit| store.chains(workspace(1), after, limit);
    assert_eq!(chains(None, 10).await.unwrap(), [run(1), run(2), run(3)]);
    assert_eq!(chains(None, 2).await.unwrap(), [run(1), run(2)]);
    assert_eq!(chains(Some(run(2)), 2).await.unwrap(), [run(3)]);
}
