//! Whose turn a run is, and what stops it for now.

use domain::id::RunId;
use domain::run::{Owner, Run, Stage, Task, owner};
use domain::time::Timestamp;

use crate::control::Control;
use crate::decision::lane_of;
use crate::ledger::Entry;
use crate::preview::lease_key;
use crate::{Engine, Result};

/// Whose turn it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextStep {
    /// `worker`, `groups`, `person`, `attention`, `recovery` or `nobody`.
    pub owner: &'static str,
    /// In words.
    pub detail: String,
    /// What stops the worker for now: a pause, or another run on the same record.
    pub blocked: Option<Blocked>,
}

/// What stops a worker for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    /// `paused` or `record_busy`.
    pub code: &'static str,
    /// In words.
    pub detail: String,
    /// The run that holds the record.
    pub run: Option<RunId>,
}

impl Engine {
    /// Why a run that may execute does not: something is paused, or another run holds its record.
    pub(super) async fn blocked(&self, control: &Control, entry: &Entry) -> Result<Option<Blocked>> {
        let run = entry.run();
        if !matches!(run.stage, Stage::Authorized | Stage::Executing) || run.is_unsettled() {
            return Ok(None);
        }
        let mutations: Vec<_> = entry.plan.iter().filter_map(|planned| planned.mutation.as_ref()).collect();
        for mutation in &mutations {
            let lane = lane_of(control, run, mutation);
            if let Some(pause) = control.paused(run.judged(), &mutation.connector, &lane) {
                let detail = format!("the {} `{}` is paused", pause.kind.word(), pause.id);
                return Ok(Some(Blocked { code: "paused", detail, run: None }));
            }
        }
        let next = run.next_mutation().and_then(|n| usize::try_from(n).ok()).and_then(|n| mutations.get(n));
        let Some(mutation) = next else { return Ok(None) };
        let Ok(connector) = control.connector(&mutation.connector) else { return Ok(None) };
        let lease = self.store.lease(control.workspace, lease_key(control, connector, mutation)).await?;
        Ok(lease.holder.filter(|holder| holder.run != run.id).map(|holder| Blocked {
            code: "record_busy",
            detail: format!(
                "the run {} writes to this record, or does not know yet what it wrote",
                holder.run
            ),
            run: Some(holder.run),
        }))
    }
}

/// Whose turn a run is.
pub(super) fn next_step(control: &Control, run: &Run, now: Timestamp) -> NextStep {
    let (owner, detail) = match owner(run, now) {
        Owner::Worker { due, task } => ("worker", format!("{} is due at {due}", task_word(task))),
        Owner::Groups(_) => {
            let lapsed = control.lapsed(run);
            let names: Vec<&str> = run.lacking(now, &lapsed).map(|asked| asked.group.as_str()).collect();
            let names = names.join(", ");
            ("groups", format!("waits for {names}"))
        }
        Owner::Person(person) => (
            "person",
            format!("{} holds the run", control.name_of(domain::principal::Principal::Person(person))),
        ),
        Owner::Attention => ("attention", attention(run).to_owned()),
        Owner::Recovery(child) => ("recovery", format!("the recovery run {child} is open")),
        Owner::Nobody => ("nobody", format!("closed: {}", run.stage)),
    };
    NextStep { owner, detail, blocked: None }
}

/// What an operator can do about a run that needs one.
fn attention(run: &Run) -> &'static str {
    if run.unknown().is_some() {
        "nobody knows whether the write happened: a look settles it, or an operator who looked"
    } else if run.open_divergence().is_some() {
        "the record differs from the plan: an operator accepts that, recovers, or takes over"
    } else if run.has_effect() {
        "a write had no effect: an operator retries, or cancels what is left and can then recover the rest"
    } else {
        "a write had no effect: an operator retries or cancels"
    }
}

fn task_word(task: Task) -> &'static str {
    match task {
        Task::Preview => "the preview",
        Task::Decide => "the decision",
        Task::Execute => "the next write",
        Task::Reconcile => "a look at the outcome",
        Task::Expire => "the end of the deadline",
        Task::HandBack => "the end of the takeover",
    }
}
