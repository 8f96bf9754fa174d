//! Record leases, the control epoch, process generations.

use std::sync::Arc;

use proof::tree::leaf_hash;

use crate::commit::{Commit, EpochRule};
use crate::contract::fixture::{append, at, commit, holder, leaf, node, run, take, workspace};
use crate::contract::{Place, conflict, race};
use crate::error::Conflict;
use crate::evidence::Chain;
use crate::lease::{LeaseChange, LeaseHolder, LeaseState};

fn change(lease: LeaseChange) -> Commit {
    Commit { leases: vec![lease], ..commit() }
}

fn release(of: u64, key: u8) -> LeaseChange {
    LeaseChange::Release { key: [key; 32], run: run(of) }
}

/// Of many attempts on one record one goes ahead; other records are free.
pub async fn a_record_has_one_holder(place: &impl Place) {
    let store = place.open().await;
    let takers = (1..=20).map(|of| change(take(of, 1, 0)));
    let won = race(&store, takers, |lost| matches!(lost, Conflict::LeaseTaken { .. })).await;
    assert_eq!(won, 1);
    let LeaseState { counter, holder } = store.lease(workspace(1), [1; 32]).await.unwrap();
    let holder = holder.unwrap();
    assert_eq!(counter, 1);
    // Also for the holder itself.
    for of in [holder.run, run(99)] {
        let again = LeaseChange::Take {
            key: [1; 32],
            expected_counter: 1,
            holder: LeaseHolder { run: of, attempt: 2, ..holder },
        };
        assert_eq!(conflict(&*store, change(again)).await, Conflict::LeaseTaken { holder });
    }
    store.commit(change(take(2, 2, 0))).await.unwrap();
}

/// Taking and freeing both move the counter, and the receipt of a leaf names it.
pub async fn a_lease_counts_what_happened_in_between(place: &impl Place) {
    let store = place.open().await;
    let free = |counter| LeaseState { counter, holder: None };
    assert_eq!(store.lease(workspace(1), [1; 32]).await.unwrap(), free(0));
    assert_eq!(store.commit(change(take(1, 1, 0))).await.unwrap().leases(), [([1; 32], 1)]);
    let held = LeaseState { counter: 1, holder: Some(holder(1)) };
    assert_eq!(store.lease(workspace(1), [1; 32]).await.unwrap(), held);
    assert_eq!(store.commit(change(release(1, 1))).await.unwrap().leases(), [([1; 32], 2)]);
    assert_eq!(store.lease(workspace(1), [1; 32]).await.unwrap(), free(2));
    for stale in [0, 1, 3] {
        assert_eq!(conflict(&*store, change(take(2, 1, stale))).await, Conflict::LeaseMoved, "{stale}");
    }
    let chain = Chain::Run(run(2));
    let started = Commit { appends: vec![append(chain, 0, 1)], ..change(take(2, 1, 2)) };
    let committed = store.commit(started).await.unwrap();
    let expected = domain::grant::CommitReceipt::committed(run(2), 0, leaf_hash(&leaf(chain, 0)), 3);
    assert_eq!(committed.receipt(run(2), 0), Some(expected));
}

/// Neither time, another run nor a restart frees a record: an attempt with an unknown end keeps it.
pub async fn a_lease_ends_only_by_release(place: &impl Place) {
    let store = place.open().await;
    store.commit(change(take(1, 1, 0))).await.unwrap();
    drop(store);
    let store = place.open().await;
    let late = Commit { now: at(1_000_000), ..change(take(2, 1, 1)) };
    assert_eq!(conflict(&*store, late).await, Conflict::LeaseTaken { holder: holder(1) });
    assert_eq!(conflict(&*store, change(release(2, 1))).await, Conflict::LeaseMoved);
    store.commit(change(release(1, 1))).await.unwrap();
    assert_eq!(conflict(&*store, change(release(1, 1))).await, Conflict::LeaseMoved);
    // Freed and taken in one commit.
    store.commit(change(take(1, 1, 2))).await.unwrap();
    let leases = vec![release(1, 1), take(2, 1, 4)];
    let committed = store.commit(Commit { leases, ..commit() }).await.unwrap();
    assert_eq!(committed.leases(), [([1; 32], 4), ([1; 32], 5)]);
}

/// A pause that commits first stops what was checked before it, per workspace.
pub async fn a_raised_epoch_wins(place: &impl Place) {
    let store = place.open().await;
    let ruled = |epoch| Commit { epoch, ..commit() };
    assert_eq!(store.control(workspace(1)).await.unwrap(), 0);
    assert_eq!(store.commit(ruled(EpochRule::MustBe(0))).await.unwrap().epoch(), 0);
    assert_eq!(store.commit(ruled(EpochRule::Raise)).await.unwrap().epoch(), 1);
    assert_eq!(conflict(&*store, ruled(EpochRule::MustBe(0))).await, Conflict::Epoch { actual: 1 });
    assert_eq!(store.commit(ruled(EpochRule::MustBe(1))).await.unwrap().epoch(), 1);
    assert_eq!(store.commit(ruled(EpochRule::Ignore)).await.unwrap().epoch(), 1);
    assert_eq!(store.control(workspace(1)).await.unwrap(), 1);
    assert_eq!(store.control(workspace(2)).await.unwrap(), 0);

    // Attempts and a pause at once: every attempt that was saved comes before the pause.
    let attempt =
        |of| Commit { appends: vec![append(Chain::Run(run(of)), 0, 1)], ..ruled(EpochRule::MustBe(1)) };
    let pause = Commit { appends: vec![append(Chain::Workspace, 0, 1)], ..ruled(EpochRule::Raise) };
    let commits = (0..10).map(attempt).chain([pause]).chain((10..20).map(attempt));
    race(&store, commits, |lost| *lost == Conflict::Epoch { actual: 2 }).await;
    let feed = store.feed(workspace(1), 0, 100).await.unwrap();
    assert_eq!(feed.last().unwrap().chain, Chain::Workspace);
}

/// Each opening of the store is a new generation of its node, whoever asks and how often.
pub async fn a_generation_rises_once_per_opening(place: &impl Place) {
    for generation in 1..4 {
        let store = place.open().await;
        let before = (generation > 1).then_some(generation - 1);
        assert_eq!(store.newest_generation(node(1)).await.unwrap(), before);
        let asking: Vec<_> = (0..5)
            .map(|_| {
                let store = Arc::clone(&store);
                tokio::spawn(async move { store.generation(node(1)).await.unwrap() })
            })
            .collect();
        for asked in asking {
            assert_eq!(asked.await.unwrap(), generation);
        }
        assert_eq!(store.newest_generation(node(1)).await.unwrap(), Some(generation));
        assert_eq!(store.newest_generation(node(2)).await.unwrap(), None);
    }
}
