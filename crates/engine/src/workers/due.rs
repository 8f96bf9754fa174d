//! When the steward looks at a run again, if nothing happens before.

use domain::attempt::Outcome;
use domain::run::{Owner, Run, Stage, Task, deadline, owner};
use domain::time::Timestamp;
use store::WorkChange;

use crate::control::Control;
use crate::ledger::{Entry, WORK_RUN, slug, work_id};
use crate::{Engine, ledger};

/// How long a worker of this process has before another one may think that it is gone.
const GRACE_MS: i64 = 3_000;
/// Attempts that are repeated without anyone being asked.
pub(crate) const AUTO_ATTEMPTS_MAX: usize = 4;
/// The first pause before something is tried again; it doubles up to the longest.
pub(crate) const BACKOFF_MS: i64 = 1_000;
const BACKOFF_MS_MAX: i64 = 600_000;

impl Engine {
    /// The one work item of a run after a commit.
    pub(crate) fn due_work(&self, control: &Control, entry: &Entry) -> WorkChange {
        let run = entry.run();
        let kind = slug(WORK_RUN);
        match due(control, entry, self.clock.now()) {
            None => WorkChange::Cancel { run: run.id, kind },
            Some(due) => {
                WorkChange::Put { id: work_id(run.id), run: Some(run.id), kind, due, payload: Vec::new() }
            }
        }
    }
}

/// The next time at which the steward has something to do; `None` when only people or another run can.
pub(crate) fn due(control: &Control, entry: &Entry, now: Timestamp) -> Option<Timestamp> {
    let run = entry.run();
    let owner = owner(run, now);
    let step = match owner {
        Owner::Worker { task: Task::Reconcile, .. } => Some(reconcile_due(control, entry, now)),
        Owner::Worker { due, task: Task::Preview } => {
            Some(revision_pause(run).unwrap_or(due).max(backoff(due, now)))
        }
        Owner::Worker { .. } => Some(now.plus_ms(GRACE_MS)),
        Owner::Attention => retry_due(run, now),
        Owner::Groups(_) | Owner::Person(_) | Owner::Recovery(_) | Owner::Nobody => None,
    };
    let vendor = control.vendor_of(entry).filter(|_| asks_vendor(&owner));
    let rest = vendor.map_or(0, |vendor| i64::try_from(vendor.rest_ms()).unwrap_or(i64::MAX));
    step.map(|step| step.max(now.plus_ms(rest))).into_iter().chain(deadline(run)).min()
}

/// Whether what a run waits for needs its system of record, which may have asked to be left alone.
pub(crate) fn asks_vendor(owner: &Owner) -> bool {
    match owner {
        Owner::Worker { task, .. } => match task {
            Task::Preview | Task::Execute | Task::Reconcile => true,
            Task::Decide | Task::Expire | Task::HandBack => false,
        },
        Owner::Attention => true,
        Owner::Groups(_) | Owner::Person(_) | Owner::Recovery(_) | Owner::Nobody => false,
    }
}

/// When the outcome of the attempt in flight or unknown is looked up next.
pub(crate) fn reconcile_due(control: &Control, entry: &Entry, now: Timestamp) -> Timestamp {
    let run = entry.run();
    let Some(attempt) = run.in_flight().or_else(|| run.unknown()) else { return now };
    let window = ledger::landing_ms(control, entry, attempt.n);
    let lands = attempt.send_by.plus_ms(window);
    match &attempt.result {
        // A look may find the effect long before nothing can follow any more.
        Some(result) if lands > now => lands.min(backoff(result.at, now)),
        None if lands > now => lands,
        Some(_) | None => backoff(lands, now),
    }
}

/// The pause grows with the time that passed since the first try.
fn backoff(since: Timestamp, now: Timestamp) -> Timestamp {
    let waited = now.millis().saturating_sub(since.millis());
    now.plus_ms(waited.clamp(BACKOFF_MS, BACKOFF_MS_MAX))
}

/// When a mutation without effect is tried again by itself.
pub(crate) fn retry_due(run: &Run, now: Timestamp) -> Option<Timestamp> {
    let n = usize::try_from(run.next_mutation()?).ok()?;
    let progress = run.progress.get(n)?;
    let last = progress.attempts.last()?.result.as_ref()?;
    let repeatable = progress.may_attempt()
        && progress.attempts.len() < AUTO_ATTEMPTS_MAX
        && matches!(last.outcome, Outcome::NotSent | Outcome::Rejected)
        && !last.reconciled
        && run.authorization.is_some();
    let tries = u32::try_from(progress.attempts.len()).unwrap_or(u32::MAX).min(16);
    repeatable.then(|| last.at.plus_ms(BACKOFF_MS.saturating_mul(1 << (tries - 1))).max(now))
}

/// Revisions that follow each other at once; a record that never stands still is looked at ever more seldom.
const QUICK_REVISIONS: u32 = 4;

/// Until when a run that is revised again and again waits for its next preview.
pub(crate) fn revision_pause(run: &Run) -> Option<Timestamp> {
    let more = run.revision.checked_sub(QUICK_REVISIONS).filter(|_| run.stage == Stage::Proposed)?;
    let pause = BACKOFF_MS.saturating_mul(1 << more.min(16)).min(BACKOFF_MS_MAX);
    Some(run.updated.plus_ms(pause))
}
