//! The only maker of events: what follows when a command meets a run.
//!
//! Total and deterministic: the same run, command and context give the same events or the same refusal. Each event is
//! first applied to a working copy, so that nothing is ever written that [`super::apply`] would not read.

mod approve;
mod control;
mod execute;
mod plan;
mod recover;

use proof::digest::Digest;
use proof::json::Value;

use super::{Envelope, Refusal, Run, Stage, apply};
use crate::command::Command;
use crate::event::{Event, RunClosed, SealedValues};
use crate::id::{NodeId, RunId};
use crate::limits::REVISIONS_MAX;
use crate::name::Slug;
use crate::principal::{Actor, Principal};
use crate::time::Timestamp;

/// What surrounds a decision.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    /// The time, from the injected clock.
    pub now: Timestamp,
    /// The process that writes.
    pub node: NodeId,
}

/// What an event answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// An event of the same run, by position.
    Own(u64),
    /// An event of another run, by leaf hash.
    Foreign(Digest),
}

/// An event that is decided and not yet written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Who writes it.
    pub by: Actor,
    /// When.
    pub time: Timestamp,
    /// What it answers.
    pub cause: Vec<Cause>,
    /// Its clear members.
    pub event: Event,
    /// Its sealed members.
    pub sealed: SealedValues,
}

/// Decides a command. `run` is `None` exactly for [`Command::Propose`].
pub fn decide(run: Option<&Run>, command: Command, context: &Context) -> Result<Vec<Draft>, Refusal> {
    match (run, command) {
        (None, Command::Propose(propose)) => plan::propose(*propose, context),
        (None, _) | (Some(_), Command::Propose(_)) => Err(Refusal::ProposedOnce),
        (Some(run), command) => {
            let mut next = Next::on(run, context);
            next.decide(command)?;
            next.close_when_worn_out()?;
            Ok(next.drafts)
        }
    }
}

/// The run after decided events that are not written yet, so that more can be decided in the same commit.
pub fn follow(id: RunId, run: Option<Run>, drafts: &[Draft]) -> Result<Run, Refusal> {
    let mut state = run;
    for draft in drafts {
        let own = draft.cause.iter().filter_map(|cause| match cause {
            Cause::Own(seq) => Some(*seq),
            Cause::Foreign(_) => None,
        });
        let seq = state.as_ref().map_or(0, |run| run.events);
        let at = Envelope { run: id, seq, time: draft.time, by: draft.by, cause: own.collect() };
        let stage = state.as_ref().map_or(Stage::Proposed, |run| run.stage);
        state = Some(apply(state, &at, &draft.event).map_err(|violation| Refusal::by(stage, violation))?);
    }
    state.ok_or(Refusal::ProposedOnce)
}

/// A working copy of the run and the events decided so far.
struct Next<'a> {
    run: Run,
    context: &'a Context,
    now: Timestamp,
    drafts: Vec<Draft>,
}

impl<'a> Next<'a> {
    fn on(run: &Run, context: &'a Context) -> Self {
        Self { run: run.clone(), context, now: context.now.max(run.updated), drafts: Vec::new() }
    }

    fn decide(&mut self, command: Command) -> Result<(), Refusal> {
        match command {
            Command::Propose(_) => Err(Refusal::ProposedOnce),
            Command::RecordPreview(preview) => self.record_preview(*preview),
            Command::FailPreview { code } => self.fail_preview(code),
            Command::RecordDecision(decision) => self.record_decision(*decision),
            Command::Approve(verdict) => self.approve(*verdict),
            Command::Reject(verdict) => self.reject(*verdict),
            Command::TakeOver(takeover) => self.take_over(takeover),
            Command::HandBack { person, rationale } => self.hand_back(person, rationale),
            Command::ExpireTakeover => self.expire_takeover(),
            Command::Amend { person, plan_digest, mutations, rationale } => {
                self.amend(person, plan_digest, mutations, rationale)
            }
            Command::Void { code, detail } => self.void_authorization(code, detail),
            Command::RecordDrift(drift) => self.record_drift(drift),
            Command::StartAttempt(start) => self.start_attempt(*start),
            Command::FinishAttempt(finish) => self.finish_attempt(*finish),
            Command::Reconcile(reconcile) => self.reconcile(*reconcile),
            Command::AcceptDivergence { person, plan_digest, n, approver, rationale } => {
                self.accept_divergence(person, plan_digest, n, approver, rationale)
            }
            Command::Cancel { by, code, rationale } => self.cancel(by, code, rationale),
            Command::Expire => self.expire(),
            Command::CloseRemainder { by, code } => self.close_remainder(by, code),
            Command::PlanRecovery { by, plan_digest, kind, mutations, child, rationale } => {
                self.plan_recovery(by, plan_digest, kind, mutations, child, rationale)
            }
            Command::FinishRecovery { child, stage, code, close, recovered } => {
                self.finish_recovery(child, stage, &code, close, recovered)
            }
            Command::ObserveChange { person, n, change } => self.observe_change(person, n, change),
            Command::Attach { by, bytes, media_type, artifact } => {
                self.attach(by, bytes, media_type, artifact)
            }
            Command::Comment { person, comment } => self.comment(person, comment),
        }
    }

    fn system(&self) -> Actor {
        Actor::System(self.context.node)
    }

    /// Applies an event to the working copy and keeps it; returns its position.
    fn emit(
        &mut self,
        by: Actor,
        cause: Vec<Cause>,
        event: Event,
        sealed: SealedValues,
    ) -> Result<u64, Refusal> {
        let seq = self.run.events;
        let own = cause.iter().filter_map(|cause| match cause {
            Cause::Own(seq) => Some(*seq),
            Cause::Foreign(_) => None,
        });
        let at = Envelope { run: self.run.id, seq, time: self.now, by, cause: own.collect() };
        let stage = self.run.stage;
        self.run =
            apply(Some(self.run.clone()), &at, &event).map_err(|violation| Refusal::by(stage, violation))?;
        self.drafts.push(Draft { by, time: self.now, cause, event, sealed });
        Ok(seq)
    }

    /// Ends the run when its stage is final.
    fn close_when_final(&mut self, code: Slug) -> Result<(), Refusal> {
        if self.run.stage.is_open() || self.run.recovery.is_some() {
            return Ok(());
        }
        self.close(code, self.run.stage)
    }

    /// A run whose plan would need one revision too many ends, rather than wait for a preview that never comes.
    fn close_when_worn_out(&mut self) -> Result<(), Refusal> {
        let worn_out = self.run.stage == Stage::Proposed && self.run.revision >= REVISIONS_MAX;
        if worn_out { self.close(code("too_many_revisions"), Stage::Failed) } else { Ok(()) }
    }

    fn close(&mut self, code: Slug, stage: Stage) -> Result<(), Refusal> {
        self.close_by(self.system(), code, stage)
    }

    fn close_by(&mut self, by: Actor, code: Slug, stage: Stage) -> Result<(), Refusal> {
        let event = RunClosed { code, events: self.run.events + 1, stage };
        self.emit(by, Vec::new(), Event::RunClosed(event), Vec::new())?;
        Ok(())
    }

    fn check_open(&self) -> Result<(), Refusal> {
        if self.run.closed.is_some() || !self.run.stage.is_open() {
            return Err(Refusal::RunClosed(self.run.stage));
        }
        Ok(())
    }

    /// While a person holds the run only they command it.
    fn check_controller(&self, by: Principal) -> Result<(), Refusal> {
        match self.run.takeover {
            Some(takeover) if Principal::Person(takeover.holder) != by => {
                Err(Refusal::RunTakenOver { holder: takeover.holder, until: takeover.until })
            }
            Some(takeover) if takeover.until <= self.now => Err(Refusal::TakeoverExpired(takeover.until)),
            Some(_) | None => Ok(()),
        }
    }

    fn check_holder(&self, person: crate::id::PersonId) -> Result<(), Refusal> {
        if self.run.takeover.is_none() {
            return Err(Refusal::NotHolder);
        }
        self.check_controller(Principal::Person(person))
    }

    fn check_digest(&self, seen: Digest) -> Result<(), Refusal> {
        let current = self.run.plan_digest();
        if current == Some(seen) { Ok(()) } else { Err(Refusal::mismatch(current)) }
    }

    fn check_landed(&self) -> Result<(), Refusal> {
        self.run.in_flight().map_or(Ok(()), |attempt| Err(Refusal::unsettled(attempt, "in flight")))
    }

    fn check_known(&self) -> Result<(), Refusal> {
        self.check_landed()?;
        self.run.unknown().map_or(Ok(()), |attempt| Err(Refusal::unsettled(attempt, "unknown")))
    }

    /// The plan may still change.
    fn check_clean(&self) -> Result<(), Refusal> {
        self.check_known()?;
        if self.run.has_effect() { Err(Refusal::NotClean) } else { Ok(()) }
    }

    fn check_settled(&self) -> Result<(), Refusal> {
        self.check_known()?;
        if let Some(recovery) = &self.run.recovery {
            return Err(Refusal::RecoveryOpen(recovery.run));
        }
        self.run.open_divergence().map_or(Ok(()), |attempt| Err(Refusal::DivergenceOpen(attempt.n)))
    }
}

/// A code of ours. Every literal that is passed here is a slug; a test walks them all.
fn code(text: &'static str) -> Slug {
    Slug::literal(text)
}

fn own(seq: u64) -> Vec<Cause> {
    vec![Cause::Own(seq)]
}

fn person(id: crate::id::PersonId) -> Actor {
    Actor::Principal(Principal::Person(id))
}

/// Whether a rationale says something.
fn says_something(rationale: &Value) -> bool {
    rationale.as_str().is_some_and(|text| !text.trim().is_empty())
}

/// The run that a proposal starts, for the working copy.
fn begin(id: RunId, by: Principal, now: Timestamp, event: &Event) -> Result<Run, Refusal> {
    let at = Envelope { run: id, seq: 0, time: now, by: Actor::Principal(by), cause: Vec::new() };
    apply(None, &at, event).map_err(|violation| Refusal::by(Stage::Proposed, violation))
}

#[cfg(test)]
mod tests;
