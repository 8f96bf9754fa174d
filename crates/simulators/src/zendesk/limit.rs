//! The limit of 30 updates in ten minutes by one user on one ticket. Off until it is switched on.

use std::collections::{BTreeMap, VecDeque};

use crate::clock::Stamp;

/// Most updates by one user on one ticket within [`WINDOW_S`].
pub(crate) const UPDATES_MAX: usize = 30;
const WINDOW_S: i64 = 600;

#[derive(Debug, Default)]
pub(crate) struct UpdateLimit {
    /// Whether the limit holds.
    pub on: bool,
    updates: BTreeMap<(u64, u64), VecDeque<Stamp>>,
}

impl UpdateLimit {
    /// Counts an update by `user` on `ticket`, or says in how many seconds the next one is allowed.
    pub fn admit(&mut self, user: u64, ticket: u64, now: Stamp) -> Result<(), u64> {
        if !self.on {
            return Ok(());
        }
        let updates = self.updates.entry((user, ticket)).or_default();
        let age_s = |at: Stamp| now.seconds().saturating_sub(at.seconds());
        while updates.front().is_some_and(|at| age_s(*at) >= WINDOW_S) {
            updates.pop_front();
        }
        match updates.front() {
            Some(oldest) if updates.len() >= UPDATES_MAX => {
                Err(u64::try_from(WINDOW_S.saturating_sub(age_s(*oldest))).unwrap_or(1))
            }
            Some(_) | None => {
                updates.push_back(now);
                Ok(())
            }
        }
    }
}
