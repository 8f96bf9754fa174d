//! Waiting for the next stage that needs the caller, or the end.

use std::time::Duration;

use domain::id::RunId;
use domain::run::{Owner, owner};

use crate::access::Caller;
use crate::ledger::Entry;
use crate::{Engine, Result};

/// The longest wait.
pub const WAIT_MAX: Duration = Duration::from_secs(25);

impl Engine {
    /// Waits until only a person or another run can move the run on, it closed, or the time is over.
    pub async fn wait(&self, caller: &Caller, id: RunId, at_most: Duration) -> Result<Entry> {
        let end = tokio::time::Instant::now() + at_most.min(WAIT_MAX);
        let mut changes = self.store.watch();
        loop {
            let entry = self.visible(caller, id).await?;
            let working = matches!(owner(entry.run(), self.now()), Owner::Worker { .. } | Owner::Recovery(_));
            if !working {
                return Ok(entry);
            }
            let woken = tokio::time::timeout_at(end, changes.changed()).await;
            if !matches!(woken, Ok(Ok(()))) {
                return self.visible(caller, id).await;
            }
        }
    }
}
