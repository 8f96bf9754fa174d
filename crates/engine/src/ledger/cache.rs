//! Folded runs in memory, newest first, bounded. A stale entry costs a conflict, never a wrong commit.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use domain::id::{RunId, WorkspaceId};

use super::Entry;

/// Runs that are kept.
const ENTRIES_MAX: usize = 4_096;

/// The cache.
#[derive(Default)]
pub(crate) struct Cache(Mutex<BTreeMap<(RunId, WorkspaceId), Entry>>);

impl Cache {
    pub fn get(&self, ws: WorkspaceId, run: RunId) -> Option<Entry> {
        self.lock().get(&(run, ws)).cloned()
    }

    /// Keeps an entry unless a newer one is there; drops the oldest run when full, which its id tells.
    pub fn put(&self, ws: WorkspaceId, run: RunId, entry: Entry) {
        let mut entries = self.lock();
        let newer = entries.get(&(run, ws)).is_some_and(|known| known.run().events > entry.run().events);
        if newer {
            return;
        }
        entries.insert((run, ws), entry);
        if entries.len() > ENTRIES_MAX {
            entries.pop_first();
        }
    }

    pub fn forget(&self, ws: WorkspaceId, run: RunId) {
        self.lock().remove(&(run, ws));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<(RunId, WorkspaceId), Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
