//! Failed sign-ins per user name: after a few, each next try must wait twice as long.
//!
//! It is kept in memory only. A try counts as failed when it begins, so that many at once do not all pass; success
//! forgets them. Unknown names are counted like known ones, so that the answer tells nothing about them.

use std::collections::BTreeMap;

use domain::id::WorkspaceId;
use domain::time::Timestamp;

/// Tries without waiting.
const FREE: u32 = 5;
/// The longest wait: seconds.
const WAIT_S_MAX: u64 = 300;
/// After this long without a try, a name starts anew: seconds.
const FORGOTTEN_S: u64 = 3_600;
/// Names that are remembered.
const NAMES_MAX: usize = 10_000;

/// Failed tries by workspace and user name.
#[derive(Default)]
pub(super) struct Failures(BTreeMap<(WorkspaceId, String), Failed>);

struct Failed {
    tries: u32,
    last: Timestamp,
}

impl Failed {
    /// From when on the next try is let through.
    fn next(&self) -> Timestamp {
        let doublings = self.tries.checked_sub(FREE);
        let wait = doublings.map_or(0, |n| 1_u64.checked_shl(n).map_or(WAIT_S_MAX, |s| s.min(WAIT_S_MAX)));
        self.last.plus_s(wait)
    }
}

impl Failures {
    /// Counts a try, or says how many seconds the next one must wait.
    pub fn begin(&mut self, ws: WorkspaceId, username: &str, now: Timestamp) -> Result<(), u64> {
        let name = (ws, username.to_owned());
        let failed = self.0.entry(name).or_insert(Failed { tries: 0, last: now });
        if failed.last.plus_s(FORGOTTEN_S) <= now {
            failed.tries = 0;
        }
        let wait_ms = failed.next().millis() - now.millis();
        if failed.tries >= FREE && wait_ms > 0 {
            return Err(u64::try_from(wait_ms).unwrap_or(0).div_ceil(1000));
        }
        failed.tries = failed.tries.saturating_add(1);
        failed.last = now;
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
        let oldest = self.0.iter().min_by_key(|(_, failed)| failed.last).map(|(name, _)| name.clone());
        if let Some(oldest) = oldest {
            self.0.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests;
