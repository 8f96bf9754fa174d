//! Turns of decisions about the same budgets: from the look at the counters until the commit.
//!
//! What keeps two decisions from using the same rest of a budget is the comparison in the store, across all processes.
//! Turns spare those of one process from finding that out by losing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use domain::id::WorkspaceId;
use tokio::sync::OwnedMutexGuard;

/// The turns of one process.
#[derive(Default)]
pub(crate) struct Turns(Mutex<BTreeMap<(WorkspaceId, String), Weak<Line>>>);

/// Who waits for one budget's turn, in the order in which they came.
type Line = tokio::sync::Mutex<()>;

/// One budget's turn, given on when dropped.
pub(crate) type Turn = OwnedMutexGuard<()>;

impl Turns {
    /// Waits for the turn of every scope, in their order, so that no two wait for each other.
    pub async fn take(&self, ws: WorkspaceId, scopes: BTreeSet<String>) -> Vec<Turn> {
        let locks: Vec<_> = {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            known.retain(|_, lock| lock.strong_count() > 0);
            let lock = |scope| {
                let slot = known.entry((ws, scope)).or_default();
                slot.upgrade().unwrap_or_else(|| {
                    let lock = Arc::default();
                    *slot = Arc::downgrade(&lock);
                    lock
                })
            };
            scopes.into_iter().map(lock).collect()
        };
        let mut turns = Vec::with_capacity(locks.len());
        for lock in locks {
            turns.push(lock.lock_owned().await);
        }
        turns
    }
}
