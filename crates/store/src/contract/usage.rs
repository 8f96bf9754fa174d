//! Budgets.

use crate::Store;
use crate::commit::Commit;
use crate::contract::fixture::{at, commit, reserve, run, workspace};
use crate::contract::{Place, conflict, race};
use crate::error::Conflict;
use crate::usage::{UsageChange, WINDOW_S_MAX};

async fn change(store: &dyn Store, usage: UsageChange) {
    store.commit(Commit { usage: vec![usage], ..commit() }).await.unwrap();
}

async fn used(store: &dyn Store, since: i64) -> u64 {
    store.usage(workspace(1), "agent_1".into(), at(since), None).await.unwrap()
}

async fn used_besides(store: &dyn Store, since: i64, of: u64) -> u64 {
    store.usage(workspace(1), "agent_1".into(), at(since), Some(run(of))).await.unwrap()
}

/// Reserved counts at once, settled goes on counting, released counts no more, a second reservation replaces the first.
pub async fn a_budget_counts_what_is_reserved_in_its_window(place: &impl Place) {
    let store = place.open().await;
    assert_eq!(used(&*store, 0).await, 0);
    for (of, amount, seconds) in [(1, 3, 0), (2, 4, 100), (3, 5, 200)] {
        change(&*store, reserve(of, amount, seconds, None)).await;
    }
    for (since, expected) in [(0, 12), (9, 12), (10, 9), (100, 9), (200, 5), (210, 0)] {
        assert_eq!(used(&*store, since).await, expected, "since {since}");
    }
    assert_eq!(store.usage(workspace(1), "agent_2".into(), at(0), None).await.unwrap(), 0);
    for (since, of, expected) in [(0, 1, 9), (0, 2, 8), (100, 1, 9), (110, 2, 5), (0, 4, 12)] {
        assert_eq!(used_besides(&*store, since, of).await, expected, "since {since} besides {of}");
    }
    change(&*store, reserve(2, 6, 300, None)).await;
    assert_eq!((used(&*store, 0).await, used(&*store, 210).await), (14, 6));
    change(&*store, UsageChange::Settle { run: run(1) }).await;
    change(&*store, UsageChange::Release { run: run(1) }).await;
    assert_eq!(used(&*store, 0).await, 14, "what was settled is used");
    for _ in 0..2 {
        change(&*store, UsageChange::Release { run: run(2) }).await;
        assert_eq!(used(&*store, 0).await, 8);
    }
    // Slots that no window reaches any more are purged.
    let days = i64::try_from(WINDOW_S_MAX).unwrap();
    assert_eq!(store.purge(at(days + 5), 100).await.unwrap(), 0);
    assert_eq!(store.purge(at(days + 105), 100).await.unwrap(), 1);
    assert_eq!(used(&*store, 0).await, 5);
}

/// Who decided on an older count decides again.
pub async fn a_reservation_is_refused_when_the_use_has_moved(place: &impl Place) {
    let store = place.open().await;
    change(&*store, reserve(1, 2, 0, Some(0))).await;
    let second = |seconds, seen| Commit { usage: vec![reserve(2, 1, seconds, seen)], ..commit() };
    assert_eq!(conflict(&*store, second(0, Some(0))).await, Conflict::Usage { actual: 2 });
    assert_eq!(conflict(&*store, second(3600, Some(0))).await, Conflict::Usage { actual: 2 });
    store.commit(second(3610, Some(0))).await.unwrap();
    assert_eq!(used(&*store, 0).await, 3);
    // What the run itself holds does not stand in its way: a revised plan takes the place of the old one.
    store.commit(Commit { usage: vec![reserve(2, 4, 3610, Some(0))], ..commit() }).await.unwrap();
    assert_eq!(used(&*store, 0).await, 6);
}

/// Runs that decide in parallel on the same count do not all pass.
pub async fn one_of_many_equal_reservations_wins(place: &impl Place) {
    let store = place.open().await;
    let racing = (0..20).map(|of| Commit { usage: vec![reserve(of, 1, 0, Some(0))], ..commit() });
    let saved = race(&store, racing, |lost| matches!(lost, Conflict::Usage { .. })).await;
    assert_eq!((saved, used(&*store, 0).await), (1, 1));
}
