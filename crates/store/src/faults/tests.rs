use zeroize::Zeroizing;

use super::*;
use crate::Kek;
use crate::contract::fixture::{append, at, commit, node, run, workspace};
use crate::sqlite::SqliteStore;

fn faulty() -> (tempfile::TempDir, FaultyStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), Kek::new(Zeroizing::new([1; 32]))).unwrap();
    (folder, FaultyStore::new(Arc::new(store)))
}

async fn save(store: &FaultyStore, of: u64) -> Result<Committed, Error> {
    store.commit(Commit { appends: vec![append(Chain::Run(run(of)), 0, 1)], ..commit() }).await
}

async fn saved(store: &dyn Store, of: u64) -> bool {
    !store.chain(workspace(1), Chain::Run(run(of)), 0, 1).await.unwrap().is_empty()
}

#[tokio::test]
async fn a_commit_fails_in_both_ways_and_the_next_one_does_not() {
    let (_folder, store) = faulty();
    store.plan(2, Fault::NotSaved);
    store.plan(3, Fault::Saved);
    store.plan(4, Fault::Delayed(Duration::from_millis(1)));
    for (of, is_answered, is_saved) in [(1, true, true), (2, false, false), (3, false, true), (4, true, true)]
    {
        assert_eq!(save(&store, of).await.is_ok(), is_answered, "{of}");
        assert_eq!(saved(&store, of).await, is_saved, "{of}");
    }
    assert_eq!(store.commits(), 4);
}

#[tokio::test]
async fn after_a_crash_every_call_fails() {
    for (fault, is_saved) in [(Fault::CrashBefore, false), (Fault::CrashAfter, true)] {
        let (_folder, store) = faulty();
        store.plan(1, fault);
        assert!(matches!(save(&store, 1).await, Err(Error::Unavailable { .. })));
        assert!(matches!(save(&store, 2).await, Err(Error::Unavailable { .. })));
        assert!(store.control(workspace(1)).await.is_err());
        assert!(store.claim(at(0), node(1), 1, &["executor"], 1).await.is_err());
        assert_eq!(saved(&*store.inner, 1).await, is_saved);
    }
}

#[tokio::test]
async fn a_lost_comparison_stays_a_conflict_under_every_fault_that_saves() {
    let (_folder, store) = faulty();
    save(&store, 1).await.unwrap();
    store.plan(2, Fault::Saved);
    assert!(save(&store, 1).await.unwrap_err().conflict().is_some());
}
