//! The only reader of events: what a run is after one more of them. Total; a history that breaks a rule is refused.

mod approval;
mod author;
mod control;
mod execution;
mod plan;
mod recovery;

use std::collections::BTreeSet;

use super::{Run, Stage};
use crate::event::{Event, RunProposed};
use crate::id::{PersonId, RunId};
use crate::limits::MUTATIONS_MAX;
use crate::principal::{Actor, Principal};
use crate::time::Timestamp;

/// What surrounds an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The run.
    pub run: RunId,
    /// Position in the run, from 0.
    pub seq: u64,
    /// When it was written.
    pub time: Timestamp,
    /// Who wrote it.
    pub by: Actor,
    /// Positions of the run's own events that this one answers. Causes in other runs are not among them.
    pub cause: Vec<u64>,
}

/// A rule that a history breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{rule}")]
pub struct Violation {
    /// The rule, in words.
    pub rule: &'static str,
}

pub(super) fn ensure(holds: bool, rule: &'static str) -> Result<(), Violation> {
    if holds { Ok(()) } else { Err(Violation { rule }) }
}

/// The run after one more event. `None` before the first.
pub fn apply(run: Option<Run>, at: &Envelope, event: &Event) -> Result<Run, Violation> {
    let Some(mut run) = run else {
        let Event::RunProposed(proposed) = event else {
            return Err(Violation { rule: "a run starts with `run.proposed`" });
        };
        return begin(at, proposed);
    };
    ensure(run.id == at.run, "an event belongs to its own run")?;
    ensure(run.events == at.seq, "positions have no gap")?;
    ensure(at.time >= run.updated, "time does not run backwards")?;
    author::check(event, at.by)?;
    run.check_ending(event)?;
    run.step(at, event)?;
    run.events = at.seq + 1;
    run.updated = at.time;
    Ok(run)
}

fn begin(at: &Envelope, event: &RunProposed) -> Result<Run, Violation> {
    ensure(at.seq == 0, "a run starts at position 0")?;
    let Actor::Principal(proposer) = at.by else {
        return Err(Violation { rule: "only an agent, a person or a service proposes" });
    };
    ensure(event.recovers.is_some() == event.recovery.is_some(), "a recovery names its parent and its kind")?;
    ensure(event.deadline > at.time, "the deadline lies in the future")?;
    check_count(event.mutations)?;
    Ok(Run {
        id: at.run,
        stage: Stage::Proposed,
        proposer,
        agent_owner: event.agent_owner,
        on_behalf_of: event.on_behalf_of,
        amenders: BTreeSet::new(),
        environment: event.environment,
        workflow: event.workflow.clone(),
        source: event.source.clone(),
        trace: event.trace.clone(),
        confidence_bp: event.confidence_bp,
        deadline: event.deadline,
        recovers: event.recovers.zip(event.recovery),
        branched_from: event.branched_from,
        mutations: event.mutations,
        revision: 0,
        plan: None,
        decision: None,
        request: None,
        approvals: Vec::new(),
        authorization: None,
        takeover: None,
        progress: Vec::new(),
        recovery: None,
        events: 1,
        created: at.time,
        updated: at.time,
        closed: None,
    })
}

/// The size of a plan. Checked wherever an event tells it, so that no history makes a reader allocate without bound.
fn check_count(mutations: u32) -> Result<(), Violation> {
    let fits = usize::try_from(mutations).is_ok_and(|count| (1..=MUTATIONS_MAX).contains(&count));
    ensure(fits, "a plan has at least one mutation, and at most the limit")
}

fn person_of(at: &Envelope, rule: &'static str) -> Result<PersonId, Violation> {
    match at.by {
        Actor::Principal(Principal::Person(person)) => Ok(person),
        Actor::Principal(Principal::Agent(_) | Principal::Service(_))
        | Actor::Policy(_)
        | Actor::System(_) => Err(Violation { rule }),
    }
}

impl Run {
    /// Once the outcome is a final stage only `run.closed` follows, and after that only a recovery.
    fn check_ending(&self, event: &Event) -> Result<(), Violation> {
        let is_close = matches!(event, Event::RunClosed(_));
        let is_finish = matches!(event, Event::RecoveryFinished(_));
        if self.closed.is_some() {
            return ensure(
                matches!(event, Event::RecoveryPlanned(_)),
                "after the close only a recovery follows",
            );
        }
        if self.stage.is_open() {
            return Ok(());
        }
        if self.recovery.is_some() {
            ensure(is_finish, "an open recovery is finished before anything else")
        } else {
            ensure(is_close, "a final stage is followed by the close")
        }
    }

    fn step(&mut self, at: &Envelope, event: &Event) -> Result<(), Violation> {
        match event {
            Event::RunProposed(_) => Err(Violation { rule: "a run is proposed once" }),
            Event::PlanPreviewed(event) => self.previewed(at, event),
            Event::PlanAmended(event) => self.amended(at, event),
            Event::PlanDrifted(event) => self.drifted(event),
            Event::PolicyDecided(event) => self.decided(at, event),
            Event::ApprovalRequested(event) => self.requested(at, event),
            Event::ApprovalGiven(event) => self.approved(at, event),
            Event::ApprovalRejected(event) => self.rejected(at, event),
            Event::RunTakenOver(event) => self.taken_over(at, event),
            Event::RunHandedBack(event) => self.handed_back(at, event),
            Event::ChangeObserved(event) => self.observed(at, event),
            Event::RunAuthorized(event) => self.authorized(at, event),
            Event::AuthorizationVoided(event) => self.voided(at, event),
            Event::AttemptStarted(event) => self.attempt_started(at, event),
            Event::AttemptFinished(event) => self.attempt_finished(at, event),
            Event::AttemptReconciled(event) => self.attempt_reconciled(at, event),
            Event::DivergenceAccepted(event) => self.divergence_accepted(at, event),
            Event::RecoveryPlanned(event) => self.recovery_planned(at, event),
            Event::RecoveryFinished(event) => self.recovery_finished(event),
            Event::ArtifactAttached(_) | Event::RunCommented(_) => Ok(()),
            Event::RunCancelled(_) => self.cancelled(at),
            Event::RunExpired(event) => self.expired(at, event),
            Event::RunClosed(event) => self.close(at, event),
        }
    }
}
