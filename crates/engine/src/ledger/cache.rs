//! Folded runs in memory, newest first, bounded in number and size. A stale entry costs a conflict, never a wrong commit.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use domain::id::{RunId, WorkspaceId};
use domain::mutation::Fields;
use proof::json::Value;

use super::Entry;

/// Runs that are kept.
const ENTRIES_MAX: usize = 4_096;
/// Bytes of text in the records of a run that is kept. One with larger records is read again each time.
const RECORDS_BYTES_MAX: usize = 64 * 1024;

/// Runs that are remembered as erased. Beyond them, whatever was read before counts as stale.
const ERASED_MAX: usize = 65_536;

/// The cache.
#[derive(Default)]
pub(crate) struct Cache(Mutex<Known>);

#[derive(Default)]
struct Known {
    entries: BTreeMap<(RunId, WorkspaceId), Entry>,
    /// How many erasures there were in this process.
    erasures: u64,
    /// The last erasure that took values of a run.
    erased: BTreeMap<(RunId, WorkspaceId), u64>,
    /// What was read before this erasure is stale.
    floor: u64,
}

impl Known {
    fn is_stale(&self, ws: WorkspaceId, run: RunId, as_of: u64) -> bool {
        as_of < self.floor || self.erased.get(&(run, ws)).is_some_and(|erased| as_of < *erased)
    }
}

impl Cache {
    pub fn get(&self, ws: WorkspaceId, run: RunId) -> Option<Entry> {
        self.lock().entries.get(&(run, ws)).cloned()
    }

    /// Keeps an entry unless a newer one is there, or values of it were erased since it was read; drops the oldest run when
    /// full, which its id tells.
    pub fn put(&self, ws: WorkspaceId, run: RunId, entry: Entry) {
        let mut known = self.lock();
        if known.is_stale(ws, run, entry.as_of) {
            return;
        }
        let newer =
            known.entries.get(&(run, ws)).is_some_and(|known| known.run().events > entry.run().events);
        if newer {
            return;
        }
        if records_bytes(&entry) > RECORDS_BYTES_MAX {
            known.entries.remove(&(run, ws));
            return;
        }
        known.entries.insert((run, ws), entry);
        if known.entries.len() > ENTRIES_MAX {
            known.entries.pop_first();
        }
    }

    pub fn forget(&self, ws: WorkspaceId, run: RunId) {
        self.lock().entries.remove(&(run, ws));
    }

    /// What an entry that is read from now on is up to date with.
    pub fn as_of(&self) -> u64 {
        self.lock().erasures
    }

    /// Whether values of a run were erased after an entry was read.
    pub fn is_stale(&self, ws: WorkspaceId, run: RunId, entry: &Entry) -> bool {
        self.lock().is_stale(ws, run, entry.as_of)
    }

    /// Forgets runs of which values were erased just now, also where somebody still has them at hand.
    pub fn erase(&self, ws: WorkspaceId, runs: impl IntoIterator<Item = RunId>) {
        let mut known = self.lock();
        known.erasures += 1;
        let erasures = known.erasures;
        for run in runs {
            known.entries.remove(&(run, ws));
            known.erased.insert((run, ws), erasures);
        }
        if known.erased.len() > ERASED_MAX {
            known.erased.clear();
            known.entries.clear();
            known.floor = erasures;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// About how much the records that a plan was read from weigh; a plan's changes come out of them.
fn records_bytes(entry: &Entry) -> usize {
    entry.plan.iter().filter_map(|planned| planned.base.as_ref()).map(fields_bytes).sum()
}

/// About how much the fields of a record weigh.
pub(crate) fn fields_bytes(fields: &Fields) -> usize {
    fields.iter().map(|(name, value)| name.len() + bytes(value)).sum()
}

fn bytes(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Int(_) => 8,
        Value::Str(text) => text.len(),
        Value::Array(elements) => elements.iter().map(bytes).sum(),
        Value::Object(members) => members.iter().map(|(name, member)| name.len() + bytes(member)).sum(),
    }
}
