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
        if records_bytes(&entry) > RECORDS_BYTES_MAX {
            entries.remove(&(run, ws));
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
