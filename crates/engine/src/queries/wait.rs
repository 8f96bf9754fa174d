//! Waiting for the next stage that needs the caller, or the end.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::id::RunId;
use domain::run::{Owner, owner};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::access::Caller;
use crate::ledger::Entry;
use crate::{Engine, Result};

/// The longest wait.
pub const WAIT_MAX: Duration = Duration::from_secs(25);
/// How often a waiting request looks by itself: for what another process saved, and for what only time changes.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Who waits for which run, and how many: a commit wakes those of its run and nobody else.
#[derive(Default)]
pub(crate) struct Waiters(Mutex<BTreeMap<RunId, (Arc<Notify>, usize)>>);

/// A place among those who wait for a run, given up when dropped.
struct Seat<'a> {
    waiters: &'a Waiters,
    run: RunId,
    bell: Arc<Notify>,
}

impl Waiters {
    /// The run changed.
    pub fn wake(&self, run: RunId) {
        if let Some((bell, _)) = self.lock().get(&run) {
            bell.notify_waiters();
        }
    }

    fn sit(&self, run: RunId) -> Seat<'_> {
        let mut waiters = self.lock();
        let (bell, count) = waiters.entry(run).or_default();
        *count += 1;
        Seat { waiters: self, run, bell: Arc::clone(bell) }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<RunId, (Arc<Notify>, usize)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut waiters = self.waiters.lock();
        if let Some((_, count)) = waiters.get_mut(&self.run) {
            *count -= 1;
            if *count == 0 {
                waiters.remove(&self.run);
            }
        }
    }
}

impl Engine {
    /// Waits until only a person or another run can move the run on, it closed, or the time is over.
    pub async fn wait(&self, caller: &Caller, id: RunId, at_most: Duration) -> Result<Entry> {
        let end = Instant::now() + at_most.min(WAIT_MAX);
        let seat = self.waiters.sit(id);
        loop {
            // Before the look: what is saved after it rings already.
            let change = seat.bell.notified();
            let entry = self.visible(caller, id).await?;
            let working = matches!(owner(entry.run(), self.now()), Owner::Worker { .. } | Owner::Recovery(_));
            if !working || Instant::now() >= end {
                return Ok(entry);
            }
            // Ringing or not, the next look tells.
            let _ = timeout_at(end.min(Instant::now() + LOOK_EVERY), change).await;
        }
    }
}
