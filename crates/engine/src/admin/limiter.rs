//! Failed sign-ins per user name: after a few, each next try must wait twice as long.
//!
//! It is kept in memory only, on a clock that never jumps. A try counts as failed when it begins, so that many at once do
//! not all pass; success forgets them. Unknown names are counted like known ones, so that the answer tells nothing.

use std::collections::BTreeMap;

use domain::id::WorkspaceId;

/// Tries without waiting.
const FREE: u32 = 5;
/// The longest wait: milliseconds.
const WAIT_MS_MAX: u64 = 300_000;
/// After this long without a try, a name starts anew: milliseconds.
const FORGOTTEN_MS: u64 = 3_600_000;
/// Names that are remembered.
const NAMES_MAX: usize = 10_000;

/// Failed tries by workspace and user name.
#[derive(Default)]
pub(super) struct Failures(BTreeMap<(WorkspaceId, String), Failed>);

struct Failed {
    tries: u32,
    last_ms: u64,
}

impl Failed {
    /// How long after the last try the next one is let through: milliseconds.
    fn wait_ms(&self) -> u64 {
        let doublings = self.tries.checked_sub(FREE);
        doublings.map_or(0, |n| 1_000_u64.saturating_mul(2_u64.saturating_pow(n)).min(WAIT_MS_MAX))
    }
}

impl Failures {
    /// Counts a try, or says how many seconds the next one must wait.
    pub fn begin(&mut self, ws: WorkspaceId, username: &str, now_ms: u64) -> Result<(), u64> {
        let name = (ws, username.to_owned());
        let failed = self.0.entry(name).or_insert(Failed { tries: 0, last_ms: now_ms });
        let since_ms = now_ms.saturating_sub(failed.last_ms);
        if since_ms >= FORGOTTEN_MS {
            failed.tries = 0;
        }
        let left_ms = failed.wait_ms().saturating_sub(since_ms);
        if left_ms > 0 {
            return Err(left_ms.div_ceil(1000));
        }
        failed.tries = failed.tries.saturating_add(1);
        failed.last_ms = now_ms;
        self.forget_oldest();
        Ok(())
    }

    /// Forgets the tries of a name, because one succeeded.
    pub fn succeeded(&mut self, ws: WorkspaceId, username: &str) {
        self.0.remove(&(ws, username.to_owned()));
    }

    fn forget_oldest(&mut self) {
        if self.0.len() <= NAMES_MAX {
            return;
        }
        let oldest = self.0.iter().min_by_key(|(_, failed)| failed.last_ms).map(|(name, _)| name.clone());
        if let Some(oldest) = oldest {
            self.0.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests;
