//! The workers: what happens to runs without anybody asking.
//!
//! Each open run has one work item with its next due time. The steward claims what is due and does the one step that the
//! run waits for: preview, decide, execute, reconcile, expire. Runs of this process that can go on at once do not wait for
//! their due time; the item is what remains if the process ends.

mod advance;
mod checks;
mod due;
mod executor;
mod outcome;
mod reconciler;

use std::sync::{Arc, Weak};
use std::time::Duration;

use domain::command::Command;
use domain::id::{RunId, WorkspaceId};
use domain::run::{Owner, Stage, Task, owner};
use store::{Claimed, Commit, RunQuery, WorkChange};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

pub(crate) use due::retry_due;
pub(crate) use executor::Asked;

use crate::batch::Batch;
use crate::ledger::{WORK_RUN, slug, work_id};
use crate::{Engine, Result};

/// How long a claim lasts: milliseconds. Longer than the longest request with its read-back.
const CLAIM_MS: u32 = 120_000;
/// Items of one claim.
const CLAIM_MAX: usize = 64;
/// The longest sleep between two looks at what is due.
const SLEEP_MAX: Duration = Duration::from_millis(500);
/// How long a worker waits for another one that executes the same run.
const LIVE_LOOKS: usize = 50;
const LIVE_PAUSE: Duration = Duration::from_millis(20);
/// How often expired sessions, keys and answers are removed.
const PURGE_EVERY: Duration = Duration::from_mins(1);
const PURGE_MAX: usize = 1_000;

/// The running workers of a process. They end when told to, and finish what they began.
pub struct Workers {
    engine: Weak<Engine>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Workers {
    /// Starts the workers of an engine. `ready` is the other end of the engine's queue.
    pub fn start(engine: Arc<Engine>, ready: mpsc::UnboundedReceiver<(WorkspaceId, RunId)>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let of = Arc::downgrade(&engine);
        let mut tasks = JoinSet::new();
        tasks.spawn(dispatch(Arc::clone(&engine), ready, stopped.clone()));
        tasks.spawn(steward(Arc::clone(&engine), stopped.clone()));
        tasks.spawn(crate::log::sequence(Arc::clone(&engine), stopped.clone()));
        tasks.spawn(crate::log::witness(Arc::clone(&engine), stopped.clone()));
        tasks.spawn(crate::log::anchor(Arc::clone(&engine), stopped.clone()));
        tasks.spawn(purge(engine, stopped));
        Self { engine: of, stop, tasks }
    }

    /// Stops taking up work and waits for what is under way.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
        if let Some(engine) = self.engine.upgrade() {
            engine.learned().await;
        }
    }
}

/// Takes up runs of this process that can go on at once.
async fn dispatch(
    engine: Arc<Engine>,
    mut ready: mpsc::UnboundedReceiver<(WorkspaceId, RunId)>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut running = JoinSet::new();
    loop {
        let next = tokio::select! {
            next = ready.recv() => next,
            _ = stopped.changed() => None,
            Some(_) = running.join_next() => continue,
        };
        let Some((ws, run)) = next else { break };
        let (engine, stopped) = (Arc::clone(&engine), stopped.clone());
        running.spawn(async move {
            if let Err(error) = engine.tend_in_place(ws, run, &stopped).await {
                report(run, &error);
            }
        });
    }
    while running.join_next().await.is_some() {}
}

/// Makes due what an earlier process left: an attempt without an outcome is told at once, and what that process had
/// claimed when it ended does not wait until the claim runs out.
async fn resume(engine: &Engine) -> Result<()> {
    let open =
        [Stage::Proposed, Stage::Previewed, Stage::Authorized, Stage::Executing, Stage::NeedsAttention];
    for ws in engine.store.workspaces().await? {
        engine.make_due(ws, &open).await?;
    }
    Ok(())
}

/// Claims what is due and tends it.
async fn steward(engine: Arc<Engine>, mut stopped: watch::Receiver<bool>) {
    if let Err(error) = resume(&engine).await {
        tracing::warn!(code = error.code.word(), "open runs could not be listed at start: {}", error.message);
    }
    let mut running = JoinSet::new();
    while !*stopped.borrow() {
        let claimed =
            engine.store.claim(engine.clock.now(), engine.node, CLAIM_MS, &[WORK_RUN], CLAIM_MAX).await;
        let claimed = match claimed {
            Ok(claimed) => claimed,
            Err(error) => {
                tracing::warn!(error = %error, "the store does not give out work");
                Vec::new()
            }
        };
        let idle = claimed.is_empty();
        for item in claimed {
            let (engine, stopped) = (Arc::clone(&engine), stopped.clone());
            running.spawn(async move { engine.tend_claimed(item, &stopped).await });
        }
        if idle {
            let pause = pause_until(&engine).await;
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = engine.wake.notified() => {}
                _ = stopped.changed() => {}
            }
        }
        while running.try_join_next().is_some() {}
    }
    while running.join_next().await.is_some() {}
}

async fn pause_until(engine: &Engine) -> Duration {
    let due = engine.store.next_due(&[WORK_RUN]).await.ok().flatten();
    let wait = due.map(|due| due.millis().saturating_sub(engine.clock.now().millis()));
    let wait = wait.and_then(|wait| u64::try_from(wait).ok()).map(Duration::from_millis);
    wait.unwrap_or(SLEEP_MAX).clamp(Duration::from_millis(5), SLEEP_MAX)
}

async fn purge(engine: Arc<Engine>, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        tokio::select! {
            () = tokio::time::sleep(PURGE_EVERY) => {}
            _ = stopped.changed() => return,
        }
        if let Err(error) = engine.store.purge(engine.clock.now(), PURGE_MAX).await {
            tracing::warn!(error = %error, "expired entries could not be removed");
        }
    }
}

fn report(run: RunId, error: &crate::Error) {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    tracing::warn!(run.id = %run, code = error.code.word(), cause, "the run could not go on: {}", error.message);
}

impl Engine {
    /// Tells the workers that a run may go on at once.
    pub(crate) fn kick(&self, ws: WorkspaceId, run: RunId) {
        // Without workers, as in some tests, nobody listens: the due time remains.
        let _ = self.ready.send((ws, run));
    }

    /// Makes every run in these stages due now: at start, and when a pause was lifted.
    pub(crate) async fn make_due(&self, ws: WorkspaceId, stages: &[Stage]) -> Result<()> {
        let due_now = |run: RunId| WorkChange::Put {
            id: work_id(run),
            run: Some(run),
            kind: slug(WORK_RUN),
            due: self.clock.now(),
            payload: Vec::new(),
        };
        let mut cursor = None;
        loop {
            let query = RunQuery {
                stages: stages.iter().map(ToString::to_string).collect(),
                cursor,
                limit: store::page::PAGE_MAX,
                ..RunQuery::default()
            };
            let page = self.store.runs(ws, query).await?;
            if !page.items.is_empty() {
                let mut commit = Commit::new(ws, self.clock.now());
                commit.work.extend(page.items.iter().map(|row| due_now(row.id)));
                self.store.commit(commit).await?;
                self.wake.notify_one();
            }
            cursor = page.next;
            if cursor.is_none() {
                return Ok(());
            }
        }
    }

    async fn tend_claimed(&self, item: Claimed, stopped: &watch::Receiver<bool>) {
        let Some(run) = item.run else { return };
        if let Err(error) = self.tend_in_place(item.ws, run, stopped).await {
            report(run, &error);
        }
        // A commit in between has moved the item and ended this claim; then there is nothing to give back.
        let due = match (self.load(item.ws, run).await, self.control(item.ws).await) {
            (Ok(entry), Ok(control)) => due::due(&control, &entry, self.clock.now()),
            (Err(_), _) | (_, Err(_)) => Some(self.clock.now().plus_ms(i64::from(CLAIM_MS))),
        };
        let mut commit = Commit::new(item.ws, self.clock.now());
        commit.work.push(match due {
            Some(due) => WorkChange::Postpone { id: item.id, fence: item.fence, due },
            None => WorkChange::Finish { id: item.id, fence: item.fence },
        });
        match self.store.commit(commit).await {
            Ok(_) | Err(store::Error::Conflict(_)) => {}
            Err(error) => {
                tracing::warn!(run.id = %run, error = %error, "a work item could not be given back");
            }
        }
    }

    /// Tends a run; what needs its system of record waits for a place there, unless too many wait already or the workers
    /// are told to stop meanwhile.
    async fn tend_in_place(
        &self,
        ws: WorkspaceId,
        run: RunId,
        stopped: &watch::Receiver<bool>,
    ) -> Result<()> {
        let control = self.control(ws).await?;
        let asked = {
            let entry = self.load(ws, run).await?;
            let asks = due::asks_vendor(&owner(entry.run(), self.clock.now()));
            control.vendor_of(&entry).filter(|_| asks)
        };
        let Some(vendor) = asked else { return self.tend(ws, run).await };
        let Some(_place) = vendor.place().await else { return Ok(()) };
        if *stopped.borrow() {
            return Ok(());
        }
        self.tend(ws, run).await
    }

    /// Does what a run waits for, until it waits for somebody else.
    pub(crate) async fn tend(&self, ws: WorkspaceId, run: RunId) -> Result<()> {
        // Each step either moves the run on or ends the loop; the bound catches a step that does neither.
        for _ in 0..crate::commands::RACES_MAX {
            if !self.is_free(run).await {
                return Ok(());
            }
            let entry = self.load(ws, run).await?;
            let now = self.clock.now();
            let before = entry.run().events;
            if due::revision_pause(entry.run()).is_some_and(|until| until > now) {
                return Ok(());
            }
            let owner = owner(entry.run(), now);
            let control = self.control(ws).await?;
            if due::asks_vendor(&owner)
                && control.vendor_of(&entry).is_some_and(|vendor| vendor.rest_ms() > 0)
            {
                return Ok(());
            }
            match owner {
                Owner::Worker { task: Task::Preview | Task::Decide, .. } => self.advance(ws, run).await?,
                Owner::Worker { task: Task::Execute, .. } => self.run_now(ws, run, None).await?,
                Owner::Worker { task: Task::Reconcile, .. } => self.reconcile(ws, run).await?,
                Owner::Worker { task: Task::Expire, .. } => {
                    let waits = matches!(entry.run().stage, Stage::Authorized | Stage::Executing);
                    if !(waits && entry.run().deadline > now && self.renew(&control, &entry).await?) {
                        self.simple(ws, run, Command::Expire).await?;
                    }
                }
                Owner::Worker { task: Task::HandBack, .. } => {
                    self.simple(ws, run, Command::ExpireTakeover).await?;
                }
                Owner::Attention if retry_due(entry.run(), now).is_some_and(|due| due <= now) => {
                    self.run_now(ws, run, None).await?;
                }
                Owner::Attention
                | Owner::Groups(_)
                | Owner::Person(_)
                | Owner::Recovery(_)
                | Owner::Nobody => {
                    return Ok(());
                }
            }
            if self.load(ws, run).await?.run().events == before {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Waits a moment for an execution of this run that is under way. One that takes longer sees to what comes after.
    async fn is_free(&self, run: RunId) -> bool {
        for _ in 0..LIVE_LOOKS {
            if !self.live().contains(&run) {
                return true;
            }
            tokio::time::sleep(LIVE_PAUSE).await;
        }
        false
    }

    async fn simple(&self, ws: WorkspaceId, run: RunId, command: Command) -> Result<()> {
        let control = self.control(ws).await?;
        let entry = self.load(ws, run).await?;
        let mut batch = Batch::on(self, &control, &entry);
        batch.command(command)?;
        if !batch.is_empty() {
            batch.commit().await?;
        }
        Ok(())
    }
}
