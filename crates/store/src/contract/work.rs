//! Work items: claims, fences, due times.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::id::WorkId;

use crate::Store;
use crate::commit::Commit;
use crate::contract::fixture::{at, commit, node, put_work, run, slug, work_id, workspace};
use crate::contract::{Place, conflict};
use crate::error::Conflict;
use crate::work::{Claimed, WorkChange};

async fn put(store: &dyn Store, work: Vec<WorkChange>) {
    store.commit(Commit { work, ..commit() }).await.unwrap();
}

async fn claim(store: &dyn Store, seconds: i64, limit: usize) -> Vec<Claimed> {
    store.claim(at(seconds), node(1), 10_000, &["executor", "expirer"], limit).await.unwrap()
}

fn numbers(claimed: &[Claimed]) -> Vec<WorkId> {
    claimed.iter().map(|claimed| claimed.id).collect()
}

/// Many claimers share no item, and together they get all of them.
pub async fn an_item_is_claimed_by_one_worker(place: &impl Place) {
    let store = place.open().await;
    put(&*store, (0..200).map(|number| put_work(number, "executor", 0)).collect()).await;
    let claimers: Vec<_> = (0..8)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut mine = Vec::new();
                loop {
                    let claimed = store.claim(at(0), node(number), 10_000, &["executor"], 7).await.unwrap();
                    if claimed.is_empty() {
                        return mine;
                    }
                    mine.extend(numbers(&claimed));
                }
            })
        })
        .collect();
    let mut all = Vec::new();
    for claimer in claimers {
        all.extend(claimer.await.unwrap());
    }
    assert_eq!(all.len(), 200);
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>().len(), 200);
}

/// Only work of the kinds asked for, not before its time, and as it was put.
pub async fn due_work_is_claimed_soonest_first(place: &impl Place) {
    let store = place.open().await;
    assert_eq!(store.next_due(&["executor"]).await.unwrap(), None);
    let work = [
        (1, "executor", 30),
        (2, "expirer", 20),
        (3, "executor", 10),
        (4, "notifier", 0),
        (5, "executor", 40),
    ];
    put(&*store, work.map(|(number, kind, due)| put_work(number, kind, due)).to_vec()).await;
    assert_eq!(store.next_due(&["executor", "expirer"]).await.unwrap(), Some(at(10)));
    assert_eq!(store.next_due(&[]).await.unwrap(), None);
    assert_eq!(claim(&*store, 9, 9).await, []);
    let first = claim(&*store, 30, 2).await;
    assert_eq!(numbers(&first), [work_id(3), work_id(2)]);
    let expected = Claimed {
        id: work_id(3),
        ws: workspace(1),
        run: Some(run(1)),
        kind: slug("executor"),
        payload: vec![7],
        due: at(10),
        fence: 1,
        tries: 1,
    };
    assert_eq!(first[0], expected);
    assert_eq!(numbers(&claim(&*store, 30, 9).await), [work_id(1)]);
    assert_eq!(store.next_due(&["expirer"]).await.unwrap(), Some(at(40)), "when the claim runs out");
    let waiting = store.work_of(workspace(1), run(1)).await.unwrap();
    let waiting: Vec<_> = waiting.iter().map(|item| (item.id, item.claimed_until, item.tries)).collect();
    let until = Some(at(40));
    let expected = [
        (work_id(4), None, 0),
        (work_id(3), until, 1),
        (work_id(2), until, 1),
        (work_id(1), until, 1),
        (work_id(5), None, 0),
    ];
    assert_eq!(waiting, expected);
}

/// After its time a claim may be taken over, under a higher number.
pub async fn a_claim_that_ran_out_can_be_taken_over(place: &impl Place) {
    let store = place.open().await;
    put(&*store, vec![put_work(1, "executor", 0)]).await;
    let first = claim(&*store, 0, 1).await;
    assert_eq!(claim(&*store, 9, 1).await, []);
    let second = store.claim(at(10), node(2), 10_000, &["executor"], 1).await.unwrap();
    assert_eq!((second[0].id, second[0].tries), (work_id(1), 2));
    assert!(second[0].fence > first[0].fence);
    drop(store);
    let store = place.open().await;
    let third = claim(&*store, 20, 1).await;
    assert!(third[0].fence > second[0].fence);
}

/// Who lost a claim can neither commit under it nor end it; who still has it can, even when its time is over.
pub async fn a_stale_claim_changes_nothing(place: &impl Place) {
    let store = place.open().await;
    put(&*store, vec![put_work(1, "executor", 0)]).await;
    let id = work_id(1);
    let unclaimed = Commit { fence: Some((id, 0)), ..commit() };
    assert_eq!(conflict(&*store, unclaimed).await, Conflict::Fence);
    let stale = claim(&*store, 0, 1).await[0].fence;
    let fence = claim(&*store, 10, 1).await[0].fence;
    for lost in [
        Commit { fence: Some((id, stale)), ..commit() },
        Commit { work: vec![WorkChange::Finish { id, fence: stale }], ..commit() },
        Commit { work: vec![WorkChange::Postpone { id, fence: stale, due: at(0) }], ..commit() },
    ] {
        assert_eq!(conflict(&*store, lost).await, Conflict::Fence);
    }
    let work = vec![WorkChange::Finish { id, fence }];
    store.commit(Commit { fence: Some((id, fence)), now: at(99), work, ..commit() }).await.unwrap();
    assert_eq!(store.work_of(workspace(1), run(1)).await.unwrap(), []);
    assert_eq!(conflict(&*store, Commit { fence: Some((id, fence)), ..commit() }).await, Conflict::Fence);
}

/// The ways in which an item leaves its place.
pub async fn an_item_can_be_postponed_moved_and_cancelled(place: &impl Place) {
    let store = place.open().await;
    let kinds = ["executor", "expirer"];
    put(&*store, vec![put_work(1, "executor", 0), put_work(2, "expirer", 0), put_work(3, "expirer", 0)])
        .await;
    let claimed = claim(&*store, 0, 9).await;
    let fence = claimed.iter().find(|claimed| claimed.id == work_id(1)).unwrap().fence;
    put(&*store, vec![WorkChange::Postpone { id: work_id(1), fence, due: at(50) }]).await;
    let gone = Commit { fence: Some((work_id(1), fence)), ..commit() };
    assert_eq!(conflict(&*store, gone).await, Conflict::Fence);
    // The moved item is free at once, before the claim on it would have run out.
    put(&*store, vec![put_work(2, "expirer", 5)]).await;
    assert_eq!(store.next_due(&kinds).await.unwrap(), Some(at(5)));
    let again = claim(&*store, 5, 9).await;
    assert_eq!((numbers(&again), again[0].fence), (vec![work_id(2)], 2));
    put(&*store, vec![WorkChange::Cancel { run: run(1), kind: slug("expirer") }]).await;
    let left = store.work_of(workspace(1), run(1)).await.unwrap();
    assert_eq!((left.len(), left[0].id, left[0].due), (1, work_id(1), at(50)));
    put(&*store, vec![WorkChange::Cancel { run: run(2), kind: slug("executor") }]).await;
    assert_eq!(store.next_due(&kinds).await.unwrap(), Some(at(50)));
}
