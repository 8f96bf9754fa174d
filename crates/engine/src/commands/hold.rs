//! Steering a run that is being executed: the write under way gets its outcome first, and the next one waits meanwhile.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::command::Command;
use domain::id::RunId;
use tokio::time::Instant;

use super::IdempotencyKey;
use crate::access::Caller;
use crate::control::Control;
use crate::ledger::Entry;
use crate::{Code, Engine, Result};

/// How long a person waits for the write under way. A slower system of record makes them ask again: no request of ours
/// takes longer than half a minute.
const HOLD_MAX: Duration = Duration::from_secs(20);
/// How often somebody who waits looks again.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Runs that somebody is about to steer, with how many are.
#[derive(Default)]
pub(crate) struct Holds(Mutex<BTreeMap<RunId, usize>>);

/// Keeps this process from starting another write of a run, until dropped.
struct Hold<'a> {
    holds: &'a Holds,
    run: RunId,
}

impl Holds {
    fn take(&self, run: RunId) -> Hold<'_> {
        *self.lock().entry(run).or_default() += 1;
        Hold { holds: self, run }
    }

    /// Waits until nobody is about to steer the run.
    pub async fn passed(&self, run: RunId) {
        while self.lock().contains_key(&run) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<RunId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        let mut holds = self.holds.lock();
        if let Some(count) = holds.get_mut(&self.run) {
            *count -= 1;
            if *count == 0 {
                holds.remove(&self.run);
            }
        }
    }
}

impl Engine {
    /// Decides a command that no write may be under way for: between two writes of a run that is being executed.
    pub(super) async fn steer(
        &self,
        caller: &Caller,
        id: RunId,
        key: Option<&IdempotencyKey>,
        operation: &'static str,
        command: impl Fn(&Entry, &Control) -> Result<Command>,
    ) -> Result<Entry> {
        self.visible(caller, id).await?;
        let _hold = self.holds.take(id);
        let end = Instant::now() + HOLD_MAX;
        loop {
            match self.command(caller, id, key, operation, &command).await {
                Err(error) if error.code == Code::MutationUnsettled && Instant::now() < end => {
                    // An outcome that nobody here is waiting for, or that is unknown, does not come by waiting.
                    let writing = self.load(caller.workspace, id).await?.run().in_flight().is_some();
                    if !(writing && self.live().contains(&id)) {
                        return Err(error);
                    }
                }
                answer => return answer,
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}
