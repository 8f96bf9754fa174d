//! The log: places without gaps, the hashes over them, one head per size.

use std::sync::Arc;

use proof::tree::root;

use crate::commit::Commit;
use crate::contract::fixture::{append, commit, run, workspace};
use crate::contract::{Place, conflict};
use crate::error::{Conflict, Error};
use crate::evidence::Chain;
use crate::log::{LOG_READ_MAX, NOTE_BYTES_MAX, StoredCheckpoint};

/// Leaves of many writers get places without a gap, each chain in its own order; a lost commit takes none.
pub async fn every_leaf_has_one_place_in_the_log(place: &impl Place) {
    let store = place.open().await;
    assert_eq!(store.integrate(workspace(1)).await.unwrap(), 0);
    let writers: Vec<_> = (0..8)
        .map(|of| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for seq in 0..20 {
                    let good =
                        Commit { appends: vec![append(Chain::Run(run(of)), seq, seq + 1)], ..commit() };
                    store.commit(good.clone()).await.unwrap();
                    conflict(&*store, good).await;
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(store.integrate(workspace(1)).await.unwrap(), 160);
    let entries = store.entries(workspace(1), 0, 1000).await.unwrap();
    let indexes: Vec<_> = entries.iter().map(|entry| entry.index).collect();
    assert_eq!(indexes, (0..160).collect::<Vec<_>>());
    for of in 0..8 {
        let chain = Chain::Run(run(of));
        let of_chain: Vec<_> = entries.iter().filter(|entry| entry.chain == chain).collect();
        let leaves = store.chain(workspace(1), chain, 0, 100).await.unwrap();
        assert_eq!(of_chain.len(), leaves.len());
        for (entry, leaf) in of_chain.iter().zip(&leaves) {
            assert_eq!((entry.seq, entry.hash, &entry.bytes), (leaf.seq, leaf.hash, &leaf.bytes));
            assert_eq!(Some(entry.index), leaf.index);
        }
    }
    assert_eq!(store.entries(workspace(1), 150, 7).await.unwrap(), entries[150..157]);
    assert_eq!(store.entries(workspace(1), 160, 7).await.unwrap(), []);
    assert!(matches!(store.entries(workspace(1), 0, LOG_READ_MAX + 1).await, Err(Error::TooLarge { .. })));
}

/// A subtree of level 1 is the tree over its 256 leaves, also when one commit completes several, and stays after opening
/// again; what is not complete is not there.
pub async fn subtree_hashes_are_those_of_the_leaves(place: &impl Place) {
    let store = place.open().await;
    let mut from = 0;
    for to in [1, 255, 256, 257, 1100] {
        let appends = vec![append(Chain::Run(run(1)), from, to)];
        store.commit(Commit { appends, ..commit() }).await.unwrap();
        from = to;
        let leaves = store.subtrees(workspace(1), 0, 0, 4096).await.unwrap();
        assert_eq!(leaves.len(), usize::try_from(to).unwrap());
        let complete = store.subtrees(workspace(1), 1, 0, 256).await.unwrap();
        assert_eq!(complete, leaves.chunks_exact(256).map(root).collect::<Vec<_>>());
    }
    drop(store);
    let store = place.open().await;
    let leaves = store.subtrees(workspace(1), 0, 512, 256).await.unwrap();
    assert_eq!(store.subtrees(workspace(1), 1, 2, 1).await.unwrap(), [root(&leaves)]);
    assert_eq!(store.subtrees(workspace(1), 2, 0, 256).await.unwrap(), []);
    assert_eq!(store.subtrees(workspace(1), 1, 4, 256).await.unwrap(), []);
}

/// A head joins its size once; its signatures may grow, its text may not change, and it covers no leaf that is not there.
pub async fn a_head_is_kept_once_per_size(place: &impl Place) {
    let store = place.open().await;
    let head = |size, note: &str| StoredCheckpoint { size, note: note.to_owned() };
    assert_eq!(store.checkpoint(workspace(1), None).await.unwrap(), None);
    let none = store.keep_checkpoint(workspace(1), head(1, "origin\n1\nroot\n\nsignature\n")).await;
    assert!(matches!(none, Err(Error::Malformed(_))));
    store.commit(Commit { appends: vec![append(Chain::Workspace, 0, 9)], ..commit() }).await.unwrap();
    for size in [2, 9, 5] {
        store.keep_checkpoint(workspace(1), head(size, "origin\n\none\n")).await.unwrap();
    }
    store.keep_checkpoint(workspace(1), head(9, "origin\n\none\ntwo\n")).await.unwrap();
    let other = store.keep_checkpoint(workspace(1), head(9, "other\n\none\n")).await;
    assert!(matches!(other, Err(Error::Conflict(Conflict::Checkpoint { size: 9 }))));
    let beyond = store.keep_checkpoint(workspace(1), head(10, "origin\n\none\n")).await;
    assert!(matches!(beyond, Err(Error::Malformed(_))));
    let large = store.keep_checkpoint(workspace(1), head(3, &"x".repeat(NOTE_BYTES_MAX + 1))).await;
    assert!(matches!(large, Err(Error::TooLarge { .. })));
    drop(store);
    let store = place.open().await;
    let covering = |leaves| store.checkpoint(workspace(1), leaves);
    assert_eq!(covering(None).await.unwrap(), Some(head(9, "origin\n\none\ntwo\n")));
    assert_eq!(covering(Some(3)).await.unwrap().map(|head| head.size), Some(5));
    assert_eq!(covering(Some(5)).await.unwrap().map(|head| head.size), Some(5));
    assert_eq!(covering(Some(10)).await.unwrap(), None);
    assert!(place.tamper("DELETE FROM checkpoint").await.unwrap_err().contains("is final"));
}

/// Places are counted per workspace.
pub async fn workspaces_have_logs_of_their_own(place: &impl Place) {
    let store = place.open().await;
    for of in [1, 2] {
        let commit = Commit { workspace: workspace(of), ..commit() };
        store.commit(Commit { appends: vec![append(Chain::Workspace, 0, of)], ..commit }).await.unwrap();
    }
    for of in [1, 2] {
        assert_eq!(store.integrate(workspace(of)).await.unwrap(), of);
        let entries = store.entries(workspace(of), 0, 10).await.unwrap();
        assert_eq!(entries.iter().map(|entry| entry.index).collect::<Vec<_>>(), (0..of).collect::<Vec<_>>());
    }
    assert_eq!(store.checkpoint(workspace(3), None).await.unwrap(), None);
    assert_eq!(store.subtrees(workspace(3), 0, 0, 10).await.unwrap(), []);
}
