//! The only reader of events: what a run is after one more of them. Total; a history that breaks a rule is refused.

mod execution;

use std::collections::BTreeSet;

use proof::digest::Digest;

use super::{
    Approval, Authorization, Basis, Closed, Decision, DecisionWord, OpenRecovery, PlanRef, Progress,
    RecoveryOutcome, Request, Run, Stage, Takeover,
};
use crate::event::{
    ApprovalGiven, ApprovalRejected, ApprovalRequested, AuthorizationVoided, Event, PlanAmended, PlanDrifted,
    PlanPreviewed, PolicyDecided, RecoveryFinished, RecoveryPlanned, RunAuthorized, RunClosed, RunProposed,
    RunTakenOver,
};
use crate::id::{PersonId, RunId};
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
    ensure(event.mutations > 0, "a plan has at least one mutation")?;
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
            Event::RunHandedBack(_) => self.handed_back(),
            Event::ChangeObserved(event) => {
                ensure(self.takeover.is_some(), "work by hand is observed under a takeover")?;
                ensure(event.n < self.mutations, "a mutation stands in the plan")
            }
            Event::RunAuthorized(event) => self.authorized(at, event),
            Event::AuthorizationVoided(event) => self.voided(event),
            Event::AttemptStarted(event) => self.attempt_started(at, event),
            Event::AttemptFinished(event) => self.attempt_finished(at, event),
            Event::AttemptReconciled(event) => self.attempt_reconciled(at, event),
            Event::DivergenceAccepted(event) => self.divergence_accepted(at, event),
            Event::RecoveryPlanned(event) => self.recovery_planned(at, event),
            Event::RecoveryFinished(event) => self.recovery_finished(event),
            Event::ArtifactAttached(_) | Event::RunCommented(_) => Ok(()),
            Event::RunCancelled(_) => {
                self.check_settled()?;
                self.stage = if self.has_effect() { self.by_outcomes() } else { Stage::Cancelled };
                Ok(())
            }
            Event::RunExpired(_) => {
                ensure(self.is_clean(), "a run expires only while nothing had an effect")?;
                self.stage = Stage::Expired;
                Ok(())
            }
            Event::RunClosed(event) => self.close(at, event),
        }
    }

    fn check_settled(&self) -> Result<(), Violation> {
        ensure(!self.is_unsettled(), "an unsettled attempt is settled first")?;
        ensure(self.open_divergence().is_none(), "a divergence is accepted or recovered first")?;
        ensure(self.recovery.is_none(), "an open recovery is finished first")
    }

    /// A new revision is due: everything that was decided about the old one is void.
    fn void(&mut self) {
        self.stage = Stage::Proposed;
        self.plan = None;
        self.decision = None;
        self.request = None;
        self.approvals.clear();
        self.authorization = None;
        self.progress.clear();
    }

    fn is_current(&self, digest: Digest) -> Result<(), Violation> {
        ensure(self.plan_digest() == Some(digest), "an event names the newest plan")
    }

    fn previewed(&mut self, at: &Envelope, event: &PlanPreviewed) -> Result<(), Violation> {
        let from = matches!(self.stage, Stage::Proposed | Stage::TakenOver);
        ensure(from && self.is_clean(), "a preview comes after the proposal, while nothing had an effect")?;
        ensure(event.revision == self.revision + 1, "revisions have no gap")?;
        ensure(event.count > 0, "a plan has at least one mutation")?;
        self.void();
        self.stage = Stage::Previewed;
        self.revision = event.revision;
        self.mutations = event.count;
        self.progress = (0..event.count).map(|_| Progress::default()).collect();
        self.plan = Some(PlanRef {
            seq: at.seq,
            digest: event.plan_digest,
            policy: event.policy,
            root: event.root,
            undo: event.undo.clone(),
        });
        Ok(())
    }

    fn amended(&mut self, at: &Envelope, event: &PlanAmended) -> Result<(), Violation> {
        let person = person_of(at, "only a person amends")?;
        ensure(self.takeover.is_some_and(|takeover| takeover.holder == person), "only the holder amends")?;
        ensure(
            self.stage == Stage::TakenOver && self.is_clean(),
            "a plan is amended while nothing had an effect",
        )?;
        ensure(event.revision == self.revision + 1, "revisions have no gap")?;
        ensure(event.replaces == self.plan_digest(), "an amendment names the plan that it replaces")?;
        ensure(event.mutations > 0, "a plan has at least one mutation")?;
        self.void();
        self.mutations = event.mutations;
        self.amenders.insert(person);
        Ok(())
    }

    fn drifted(&mut self, event: &PlanDrifted) -> Result<(), Violation> {
        let from = matches!(self.stage, Stage::Authorized | Stage::Executing | Stage::NeedsAttention);
        ensure(from && self.is_clean(), "drift revises a plan only while nothing had an effect")?;
        self.is_current(event.plan_digest)?;
        ensure(event.n < self.mutations, "a mutation stands in the plan")?;
        self.void();
        Ok(())
    }

    fn decided(&mut self, at: &Envelope, event: &PolicyDecided) -> Result<(), Violation> {
        self.is_current(event.plan_digest)?;
        let plan_seq = self.plan.as_ref().map_or(0, |plan| plan.seq);
        ensure(at.cause.contains(&plan_seq), "a decision names the preview")?;
        let again = matches!(self.stage, Stage::Authorized | Stage::Executing | Stage::NeedsAttention);
        ensure(again || self.stage == Stage::Previewed, "a decision follows a preview")?;
        ensure(matches!(at.by, Actor::Policy(_)), "policy decides")?;
        ensure(event.principal == self.judged().to_string(), "policy judges the proposer, or the holder")?;
        ensure(
            (event.decision == DecisionWord::Approval) != event.obligations.is_empty(),
            "exactly the decision `approval` asks somebody",
        )?;
        ensure(event.obligations.iter().all(|obligation| obligation.quorum > 0), "a quorum is at least one")?;
        if again {
            ensure(!self.is_unsettled(), "an unsettled attempt is settled first")?;
            let same_set = self.decision.as_ref().is_some_and(|decision| decision.policy == event.policy);
            ensure(same_set && event.decision != DecisionWord::Deny, "a repeated decision only renews")?;
        } else {
            self.stage = match event.decision {
                DecisionWord::Auto => Stage::Previewed,
                DecisionWord::Approval => Stage::AwaitingApproval,
                DecisionWord::Deny => Stage::Denied,
            };
        }
        self.decision = Some(Decision {
            seq: at.seq,
            word: event.decision,
            policy: event.policy,
            principal: event.principal.clone(),
            obligations: event.obligations.clone(),
            rationale: event.rationale,
            evidence: event.evidence,
            risk: event.risk,
            rules: event.rules.clone(),
            canary: event.canary,
        });
        Ok(())
    }

    fn decision_named(&self, at: &Envelope, rule: &'static str) -> Result<&Decision, Violation> {
        let decision = self.decision.as_ref().ok_or(Violation { rule })?;
        ensure(at.cause.contains(&decision.seq), rule)?;
        Ok(decision)
    }

    fn requested(&mut self, at: &Envelope, event: &ApprovalRequested) -> Result<(), Violation> {
        ensure(
            self.stage == Stage::AwaitingApproval && self.request.is_none(),
            "approval is asked for once",
        )?;
        self.is_current(event.plan_digest)?;
        self.decision_named(at, "a request names the decision")?;
        self.request = Some(Request { seq: at.seq, expires: event.expires });
        Ok(())
    }

    /// Common to both verdicts: a person, not one of the proposers, asked by the decision that they name.
    fn verdict(
        &self,
        at: &Envelope,
        digest: Digest,
        group: &crate::name::Slug,
    ) -> Result<PersonId, Violation> {
        let person = person_of(at, "only a person approves")?;
        ensure(
            self.stage == Stage::AwaitingApproval && self.request.is_some(),
            "a verdict answers a request",
        )?;
        self.is_current(digest)?;
        let decision = self.decision_named(at, "a verdict names the decision")?;
        ensure(!self.proposers().contains(&person), "nobody approves their own proposal or amendment")?;
        let asked = decision.obligations.iter().find(|obligation| obligation.group == *group);
        ensure(asked.is_some(), "a verdict is given for a group that was asked")?;
        ensure(asked.is_some_and(|o| !o.exclude.contains(&person)), "an excluded person gives no verdict")?;
        Ok(person)
    }

    fn approved(&mut self, at: &Envelope, event: &ApprovalGiven) -> Result<(), Violation> {
        let person = self.verdict(at, event.plan_digest, &event.group)?;
        ensure(event.revision == self.revision, "an approval names the newest revision")?;
        let again = self.approvals.iter().any(|given| given.person == person && given.expires > at.time);
        ensure(!again, "a person counts once")?;
        self.approvals.retain(|given| given.person != person);
        self.approvals.push(Approval {
            seq: at.seq,
            person,
            group: event.group.clone(),
            method: event.method,
            expires: event.expires,
            at: at.time,
        });
        Ok(())
    }

    fn rejected(&mut self, at: &Envelope, event: &ApprovalRejected) -> Result<(), Violation> {
        self.verdict(at, event.plan_digest, &event.group)?;
        ensure(event.revision == self.revision, "a rejection names the newest revision")?;
        self.stage = Stage::Rejected;
        Ok(())
    }

    fn taken_over(&mut self, at: &Envelope, event: &RunTakenOver) -> Result<(), Violation> {
        let person = person_of(at, "only a person takes over")?;
        ensure(
            self.stage.is_open() && self.in_flight().is_none(),
            "a run is taken over with nothing in flight",
        )?;
        ensure(event.until > at.time, "a lease ends in the future")?;
        match self.takeover {
            Some(takeover) if takeover.holder == person => {
                self.takeover = Some(Takeover { holder: person, until: event.until });
                return Ok(());
            }
            Some(_) => return Err(Violation { rule: "one person holds a run at a time" }),
            None => self.takeover = Some(Takeover { holder: person, until: event.until }),
        }
        // What was decided and approved was decided and approved for the proposer.
        self.request = None;
        self.approvals.clear();
        self.authorization = None;
        self.stage = if self.is_clean() { Stage::TakenOver } else { Stage::NeedsAttention };
        Ok(())
    }

    fn handed_back(&mut self) -> Result<(), Violation> {
        ensure(self.takeover.is_some(), "only a taken-over run is handed back")?;
        ensure(
            self.stage.is_open() && self.in_flight().is_none(),
            "a run is handed back with nothing in flight",
        )?;
        self.takeover = None;
        if self.is_clean() {
            self.void();
        } else {
            self.authorization = None;
            self.approvals.clear();
            self.stage = Stage::NeedsAttention;
        }
        Ok(())
    }

    fn authorized(&mut self, at: &Envelope, event: &RunAuthorized) -> Result<(), Violation> {
        self.is_current(event.plan_digest)?;
        ensure(event.revision == self.revision, "an authorization names the newest revision")?;
        let from = matches!(
            self.stage,
            Stage::Previewed
                | Stage::AwaitingApproval
                | Stage::Authorized
                | Stage::Executing
                | Stage::NeedsAttention
        );
        ensure(from && !self.is_unsettled(), "an authorization follows a decision or the last approval")?;
        let decision = self.decision_named(at, "an authorization names the decision")?;
        ensure(event.expires > at.time, "an authorization ends in the future")?;
        let approvals_until = match event.basis {
            Basis::Auto => {
                ensure(decision.word == DecisionWord::Auto, "basis `auto` needs decision `auto`")?;
                ensure(
                    decision.principal == self.proposer.to_string(),
                    "basis `auto` is decided for the proposer",
                )?;
                None
            }
            Basis::Takeover => {
                ensure(decision.word == DecisionWord::Auto, "basis `takeover` needs decision `auto`")?;
                let holder = self.takeover.filter(|takeover| takeover.until > at.time);
                let decided_for = holder.map(|takeover| Principal::Person(takeover.holder).to_string());
                ensure(
                    decided_for.is_some_and(|holder| holder == decision.principal),
                    "basis `takeover` needs a running takeover and a decision for its holder",
                )?;
                None
            }
            Basis::Approvals => Some(self.counted_until(at)?),
        };
        ensure(
            approvals_until.is_none_or(|until| event.expires <= until),
            "no authorization outlives its approvals",
        )?;
        if matches!(self.stage, Stage::Previewed | Stage::AwaitingApproval) {
            self.stage = Stage::Authorized;
        }
        self.authorization =
            Some(Authorization { seq: at.seq, basis: event.basis, expires: event.expires, approvals_until });
        Ok(())
    }

    /// The end of the approvals that an authorization names, which must complete every quorum.
    fn counted_until(&self, at: &Envelope) -> Result<Timestamp, Violation> {
        let decision = self.decision.as_ref().ok_or(Violation { rule: "approvals answer a decision" })?;
        ensure(decision.word == DecisionWord::Approval, "basis `approvals` needs decision `approval`")?;
        let counted: Vec<&Approval> = self
            .approvals
            .iter()
            .filter(|given| at.cause.contains(&given.seq) && given.expires > at.time)
            .collect();
        for obligation in &decision.obligations {
            let given = counted.iter().filter(|approval| approval.group == obligation.group).count();
            let quorum = usize::try_from(obligation.quorum).unwrap_or(usize::MAX);
            ensure(
                given >= quorum,
                "every group reaches its quorum with approvals that are named and unexpired",
            )?;
        }
        counted
            .iter()
            .map(|approval| approval.expires)
            .min()
            .ok_or(Violation { rule: "basis `approvals` needs an approval" })
    }

    fn voided(&mut self, event: &AuthorizationVoided) -> Result<(), Violation> {
        let from = matches!(self.stage, Stage::Authorized | Stage::Executing | Stage::NeedsAttention);
        ensure(from && self.is_clean(), "an authorization is voided only while nothing had an effect")?;
        self.is_current(event.plan_digest)?;
        self.void();
        Ok(())
    }

    fn recovery_planned(&mut self, at: &Envelope, event: &RecoveryPlanned) -> Result<(), Violation> {
        ensure(self.recovery.is_none(), "one recovery at a time")?;
        self.is_current(event.plan_digest)?;
        let from = matches!(
            self.stage,
            Stage::Applied | Stage::PartlyApplied | Stage::PartlyRolledBack | Stage::Compensated
        ) || (self.stage == Stage::NeedsAttention && self.open_divergence().is_some());
        ensure(from && !self.is_unsettled(), "a recovery follows an effect, with nothing unsettled")?;
        let recoverable = self.recoverable();
        ensure(
            !event.mutations.is_empty() && event.mutations.iter().all(|n| recoverable.contains(n)),
            "a recovery names mutations that had an effect",
        )?;
        let mutations = event.mutations.clone();
        self.recovery = Some(OpenRecovery { seq: at.seq, run: event.run, kind: event.kind, mutations });
        self.closed = None;
        Ok(())
    }

    fn recovery_finished(&mut self, event: &RecoveryFinished) -> Result<(), Violation> {
        let open = self.recovery.take().ok_or(Violation { rule: "a finished recovery was planned" })?;
        ensure(open.run == event.run && open.kind == event.kind, "a finished recovery is the planned one")?;
        ensure(
            event.recovered.iter().all(|n| open.mutations.contains(n)),
            "a recovery recovers what it planned",
        )?;
        let complete = open.mutations.iter().all(|n| event.recovered.contains(n));
        let told = match event.outcome {
            RecoveryOutcome::Restored | RecoveryOutcome::Compensated => complete,
            RecoveryOutcome::PartlyRestored => !complete && !event.recovered.is_empty(),
            RecoveryOutcome::Abandoned | RecoveryOutcome::Failed | RecoveryOutcome::Conflict => {
                event.recovered.is_empty()
            }
        };
        ensure(told, "a recovery's outcome agrees with what it recovered")?;
        for n in &event.recovered {
            if let Some(progress) = usize::try_from(*n).ok().and_then(|n| self.progress.get_mut(n)) {
                progress.recovered = Some(event.kind);
            }
        }
        if !event.recovered.is_empty() {
            self.stage = self.after_recovery();
        }
        Ok(())
    }

    fn after_recovery(&self) -> Stage {
        if self.recoverable().is_empty() {
            let countered =
                self.progress.iter().any(|p| p.recovered == Some(super::RecoveryKind::Compensation));
            if countered { Stage::Compensated } else { Stage::RolledBack }
        } else if self.open_divergence().is_some() {
            Stage::NeedsAttention
        } else {
            Stage::PartlyRolledBack
        }
    }

    fn close(&mut self, at: &Envelope, event: &RunClosed) -> Result<(), Violation> {
        if self.stage.is_open() {
            self.check_settled()?;
            self.stage = match self.stage {
                Stage::Proposed => Stage::Failed,
                Stage::Executing | Stage::NeedsAttention => self.by_outcomes(),
                Stage::Previewed | Stage::AwaitingApproval | Stage::Authorized | Stage::TakenOver => {
                    return Err(Violation {
                        rule: "a run does not close from here without an event that says why",
                    });
                }
                Stage::Denied
                | Stage::Rejected
                | Stage::Expired
                | Stage::Cancelled
                | Stage::Failed
                | Stage::Applied
                | Stage::PartlyApplied
                | Stage::RolledBack
                | Stage::PartlyRolledBack
                | Stage::Compensated => self.stage,
            };
        }
        ensure(event.stage == self.stage, "the close names the stage that the outcomes give")?;
        ensure(event.events == at.seq + 1, "the close counts all events")?;
        self.takeover = None;
        self.closed = Some(Closed { at: at.time, code: event.code.clone(), seq: at.seq });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
