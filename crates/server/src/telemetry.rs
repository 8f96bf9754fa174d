//! What happens to runs, counted: every event of every workspace by its type.
//!
//! The counter follows the store's feed, so it costs a commit nothing and counts what was saved, whoever saved it. It
//! begins with the start of the process; no name or id gets into a label.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::id::WorkspaceId;
use store::{Chain, Store};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Events of one look.
const BATCH: usize = 200;
/// Looks are at least this far apart: under load one look takes up many commits.
const REST: Duration = Duration::from_millis(500);

/// The running counter.
pub struct EventCounter {
    stop: watch::Sender<bool>,
    counting: JoinHandle<()>,
}

impl EventCounter {
    /// Starts counting what is committed from now on.
    pub fn start(store: Arc<dyn Store>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let counting = tokio::spawn(count(store, stopped));
        Self { stop, counting }
    }

    /// Ends the counting.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if self.counting.await.is_err() {
            tracing::error!("the task that counts events ended with a panic");
        }
    }
}

async fn count(store: Arc<dyn Store>, mut stopped: watch::Receiver<bool>) {
    let mut changes = store.watch();
    let begin = *changes.borrow_and_update();
    let mut seen: BTreeMap<WorkspaceId, u64> = BTreeMap::new();
    loop {
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { return },
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
        if let Err(fault) = look(&*store, begin, &mut seen).await {
            tracing::warn!(error = %fault, "events could not be counted");
        }
        tokio::select! {
            () = tokio::time::sleep(REST) => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
    }
}

async fn look(
    store: &dyn Store,
    begin: u64,
    seen: &mut BTreeMap<WorkspaceId, u64>,
) -> Result<(), store::Error> {
    for ws in store.workspaces().await? {
        let after = seen.entry(ws).or_insert(begin);
        loop {
            let items = store.feed(ws, *after, BATCH).await?;
            for item in &items {
                *after = item.position;
                let name = match item.chain {
                    Chain::Run(_) => "actionplane_run_events_total",
                    Chain::Workspace => "actionplane_workspace_events_total",
                };
                metrics::counter!(name, "type" => item.kind.clone()).increment(1);
            }
            if items.len() < BATCH {
                break;
            }
        }
    }
    Ok(())
}
