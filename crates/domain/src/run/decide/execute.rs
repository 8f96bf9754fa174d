//! Attempts, outcomes and how an unknown one is settled.

use proof::digest::Digest;
use proof::document::idempotency_key;
use proof::json::Value;

use super::{Next, code, own, person, says_something};
use crate::attempt::{CODE_CONFLICT, Outcome};
use crate::command::{Drift, FinishAttempt, Reconcile, StartAttempt};
use crate::event::{AttemptFinished, AttemptReconciled, AttemptStarted, DivergenceAccepted, Event};
use crate::id::PersonId;
use crate::limits::SEND_WINDOW_MS;
use crate::mutation::Environment;
use crate::name::Slug;
use crate::principal::Principal;
use crate::run::{Refusal, Stage, Takeover};

impl Next<'_> {
    pub(super) fn start_attempt(&mut self, start: StartAttempt) -> Result<(), Refusal> {
        self.check_open()?;
        self.check_settled()?;
        self.check_digest(start.plan_digest)?;
        match (start.requested_by, self.run.takeover) {
            (Some(by), _) => self.check_controller(by)?,
            (None, Some(Takeover { holder, until })) => return Err(Refusal::RunTakenOver { holder, until }),
            (None, None) => {}
        }
        let Some(leave) = self.run.authorization.clone() else { return Err(Refusal::NotAuthorized) };
        if leave.expires <= self.now {
            return Err(Refusal::AuthorizationExpired(leave.expires));
        }
        if self.run.deadline <= self.now {
            return Err(Refusal::DeadlinePassed(self.run.deadline));
        }
        let position = usize::try_from(start.n).unwrap_or(usize::MAX);
        let attempts = self.run.progress.get(position).map_or(0, |progress| progress.attempts.len());
        if self.run.progress.get(position).is_some_and(|progress| !progress.may_attempt()) {
            return Err(Refusal::NotRetryable(start.n));
        }
        let mut send_by = self.now.plus_ms(start.window_ms.clamp(1, SEND_WINDOW_MS)).min(leave.expires);
        send_by = self.run.takeover.map_or(send_by, |takeover| send_by.min(takeover.until));
        let event = AttemptStarted {
            attempt: u32::try_from(attempts).unwrap_or(u32::MAX).saturating_add(1),
            evidence: start.evidence,
            guarantee: start.guarantee,
            key: idempotency_key(&self.run.id.to_string(), &start.plan_digest, start.n),
            mutation: start.mutation,
            n: start.n,
            plan_digest: start.plan_digest,
            requested_by: start
                .requested_by
                .map_or_else(|| self.context.node.to_string(), |by| by.to_string()),
            send_by,
        };
        let sealed = vec![("observed", start.observed), ("request", start.request)];
        self.emit(self.system(), own(leave.seq), Event::AttemptStarted(event), sealed)?;
        Ok(())
    }

    pub(super) fn finish_attempt(&mut self, finish: FinishAttempt) -> Result<(), Refusal> {
        let Some(flight) = self.run.in_flight().cloned() else {
            return Err(Refusal::Stage { stage: self.run.stage, rule: "no attempt is in flight" });
        };
        let event = AttemptFinished {
            attempt: flight.attempt,
            code: finish.code.clone(),
            mutation: flight.mutation,
            n: flight.n,
            outcome: finish.outcome,
            retryable: finish.retryable,
        };
        let sealed = vec![("read_back", finish.read_back), ("response", finish.response)];
        self.emit(self.system(), own(flight.started), Event::AttemptFinished(event), sealed)?;
        self.after_outcome(flight.n, finish.outcome, finish.code, finish.conflict)
    }

    /// What follows an outcome in the same commit: drift handling after a conflict, and the close.
    fn after_outcome(
        &mut self,
        n: u32,
        outcome: Outcome,
        why: Slug,
        conflict: Option<Value>,
    ) -> Result<(), Refusal> {
        if outcome == Outcome::Rejected && why.as_str() == CODE_CONFLICT {
            return if self.run.is_clean() {
                self.record_drift(Drift { n, view: conflict.unwrap_or(Value::Null) })
            } else {
                self.close(why, self.run.by_outcomes())
            };
        }
        let why = if self.run.stage == Stage::Applied { code("done") } else { why };
        self.close_when_final(why)
    }

    pub(super) fn reconcile(&mut self, reconcile: Reconcile) -> Result<(), Refusal> {
        let position = usize::try_from(reconcile.n).unwrap_or(usize::MAX);
        let attempt = self.run.progress.get(position).and_then(|progress| progress.attempts.last()).cloned();
        let unknown = attempt.as_ref().and_then(|attempt| attempt.result.as_ref());
        let (Some(attempt), Some(unknown)) =
            (&attempt, unknown.filter(|result| result.outcome == Outcome::Unknown))
        else {
            return Err(Refusal::NotUnknown(reconcile.n));
        };
        let by = match reconcile.person {
            None => self.system(),
            Some(id) => {
                self.check_controller(Principal::Person(id))?;
                let seen = reconcile.plan_digest.ok_or_else(|| Refusal::mismatch(self.run.plan_digest()))?;
                self.check_digest(seen)?;
                if self.run.environment == Environment::Production && self.run.proposers().contains(&id) {
                    return Err(Refusal::SeparationOfDuties);
                }
                if !says_something(&reconcile.rationale) {
                    return Err(Refusal::RationaleRequired);
                }
                person(id)
            }
        };
        let why = match (reconcile.person, reconcile.outcome) {
            (None, _) => reconcile.code,
            (Some(_), Outcome::Diverged) => code("undetermined"),
            (Some(_), Outcome::Applied | Outcome::Rejected | Outcome::NotSent | Outcome::Unknown) => {
                code("person")
            }
        };
        let event = AttemptReconciled {
            attempt: attempt.attempt,
            code: why.clone(),
            mutation: attempt.mutation,
            n: reconcile.n,
            outcome: reconcile.outcome,
            requested_by: by.to_by().id,
            retryable: reconcile.retryable && reconcile.person.is_none(),
        };
        let sealed = vec![("rationale", reconcile.rationale), ("read_back", reconcile.read_back)];
        self.emit(by, own(unknown.seq), Event::AttemptReconciled(event), sealed)?;
        self.after_outcome(reconcile.n, reconcile.outcome, why, None)
    }

    pub(super) fn accept_divergence(
        &mut self,
        by: PersonId,
        seen: Digest,
        n: u32,
        approver: Value,
        rationale: Value,
    ) -> Result<(), Refusal> {
        self.check_open()?;
        self.check_digest(seen)?;
        if self.run.proposers().contains(&by) {
            return Err(Refusal::SeparationOfDuties);
        }
        if !says_something(&rationale) {
            return Err(Refusal::RationaleRequired);
        }
        let Some(diverged) = self.run.open_divergence().filter(|attempt| attempt.n == n).cloned() else {
            let stage = self.run.stage;
            return Err(Refusal::Stage { stage, rule: "this mutation has no divergence to accept" });
        };
        let event = DivergenceAccepted {
            attempt: diverged.attempt,
            mutation: diverged.mutation,
            n,
            plan_digest: seen,
        };
        let sealed = vec![("approver", approver), ("rationale", rationale)];
        self.emit(person(by), Vec::new(), Event::DivergenceAccepted(event), sealed)?;
        self.after_outcome(n, Outcome::Diverged, code("divergence_accepted"), None)
    }
}
