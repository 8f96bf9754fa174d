//! Whose turn it is: who owns the next step of a run, and when silence does something.
//!
//! Every open state has an owner; a search over the reachable states holds that.

use super::{Run, Stage};
use crate::id::{PersonId, RunId};
use crate::name::Slug;
use crate::time::Timestamp;

/// Who owns the next step of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// A worker, without being asked.
    Worker {
        /// The step is due from this time on.
        due: Timestamp,
        /// What it does.
        task: Task,
    },
    /// The groups that are asked. Which of them still owe approvals depends also on who left them.
    Groups(Vec<Slug>),
    /// The person who holds the run.
    Person(PersonId),
    /// Operators, through their inbox: retry, go on after a canary, accept or recover a divergence.
    Attention,
    /// The recovery run that is open.
    Recovery(RunId),
    /// The run is closed.
    Nobody,
}

/// What a worker does with a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Task {
    /// Read the live records and fix the plan.
    Preview,
    /// Ask policy.
    Decide,
    /// Start the next attempt.
    Execute,
    /// Find out what became of the attempt that is in flight or unknown. Due at the end of its send window; the
    /// request's timeout and the time in which the vendor's writes land come on top.
    Reconcile,
    /// [`Command::Expire`](crate::command::Command::Expire).
    Expire,
    /// [`Command::ExpireTakeover`](crate::command::Command::ExpireTakeover).
    HandBack,
}

/// Who owns the next step at a time.
pub fn owner(run: &Run, now: Timestamp) -> Owner {
    if let Some(recovery) = &run.recovery {
        return Owner::Recovery(recovery.run);
    }
    let worker = |due, task| Owner::Worker { due, task };
    if let Some(attempt) = run.in_flight().or_else(|| run.unknown()) {
        return worker(attempt.send_by, Task::Reconcile);
    }
    if let Some(end) = lease_end(run).filter(|end| *end <= now) {
        return worker(end, Task::HandBack);
    }
    if let Some(end) = expiry(run).filter(|end| *end <= now) {
        return worker(end, Task::Expire);
    }
    let holder = run.takeover.map(|takeover| Owner::Person(takeover.holder));
    match run.stage {
        Stage::Proposed => worker(run.updated, Task::Preview),
        Stage::Previewed => worker(run.updated, Task::Decide),
        Stage::AwaitingApproval => {
            let asked = run.decision.iter().flat_map(|decision| &decision.obligations);
            Owner::Groups(asked.map(|obligation| obligation.group.clone()).collect())
        }
        Stage::Authorized | Stage::Executing if run.is_at_canary() => holder.unwrap_or(Owner::Attention),
        Stage::Authorized | Stage::Executing => holder.unwrap_or(worker(run.updated, Task::Execute)),
        Stage::NeedsAttention | Stage::TakenOver => holder.unwrap_or(Owner::Attention),
        Stage::Denied
        | Stage::Rejected
        | Stage::Expired
        | Stage::Cancelled
        | Stage::Failed
        | Stage::Applied
        | Stage::PartlyApplied
        | Stage::RolledBack
        | Stage::PartlyRolledBack
        | Stage::Compensated => Owner::Nobody,
    }
}

/// The earliest time at which `Expire` or `ExpireTakeover` does something; `None` when neither ever does while the run
/// stays as it is.
pub fn deadline(run: &Run) -> Option<Timestamp> {
    lease_end(run).into_iter().chain(expiry(run)).min()
}

/// When the takeover ends in silence. Nothing is handed back while an attempt is in flight.
pub(super) fn lease_end(run: &Run) -> Option<Timestamp> {
    let takeover = run.takeover.filter(|_| run.stage.is_open() && run.in_flight().is_none());
    takeover.map(|takeover| takeover.until)
}

/// When a deadline ends the run, its request or its authorization. What is unsettled, diverged or being recovered has
/// no deadline: it waits until it is settled.
pub(super) fn expiry(run: &Run) -> Option<Timestamp> {
    let waits = run.is_unsettled() || run.recovery.is_some() || run.open_divergence().is_some();
    if waits || !run.stage.is_open() {
        return None;
    }
    if !run.is_clean() && run.takeover.is_some() {
        // The holder may still have the decision renewed while the lease runs.
        return Some(run.deadline);
    }
    let request = run.request.as_ref().filter(|_| run.stage == Stage::AwaitingApproval);
    let leave = match run.stage {
        Stage::Authorized | Stage::Executing | Stage::NeedsAttention => match &run.authorization {
            Some(leave) => Some(leave.expires),
            // Nothing can be executed any more, and nobody can change that: what is left ends at once.
            None => run.takeover.is_none().then_some(run.updated),
        },
        Stage::Proposed
        | Stage::Previewed
        | Stage::AwaitingApproval
        | Stage::TakenOver
        | Stage::Denied
        | Stage::Rejected
        | Stage::Expired
        | Stage::Cancelled
        | Stage::Failed
        | Stage::Applied
        | Stage::PartlyApplied
        | Stage::RolledBack
        | Stage::PartlyRolledBack
        | Stage::Compensated => None,
    };
    [Some(run.deadline), request.map(|request| request.expires), leave].into_iter().flatten().min()
}
