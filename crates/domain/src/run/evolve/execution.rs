//! Attempts and their outcomes.

use proof::document::idempotency_key;

use super::{Envelope, Violation, ensure, person_of};
use crate::attempt::{CODE_CONFLICT, Outcome};
use crate::event::{AttemptFinished, AttemptReconciled, AttemptStarted, DivergenceAccepted};
use crate::principal::{Actor, Principal};
use crate::run::{Attempt, AttemptResult, Progress, Run, Stage};

impl Run {
    pub(super) fn attempt_started(&mut self, at: &Envelope, event: &AttemptStarted) -> Result<(), Violation> {
        let from = matches!(self.stage, Stage::Authorized | Stage::Executing | Stage::NeedsAttention);
        ensure(from && self.recovery.is_none(), "an attempt follows an authorization")?;
        self.is_current(event.plan_digest)?;
        ensure(!self.is_unsettled(), "an unsettled attempt is settled first")?;
        ensure(self.open_divergence().is_none(), "a divergence is accepted or recovered first")?;
        let authorization =
            self.authorization.as_ref().ok_or(Violation { rule: "an attempt is authorized" })?;
        ensure(at.cause.contains(&authorization.seq), "an attempt names its authorization")?;
        ensure(authorization.expires > at.time, "an attempt starts before its authorization ends")?;
        ensure(event.send_by <= authorization.expires, "nothing is sent after the authorization ends")?;
        ensure(event.send_by > at.time, "the send window lies in the future")?;
        ensure(
            self.takeover.is_none_or(|takeover| takeover.until >= event.send_by),
            "nothing is sent after the takeover ends",
        )?;
        ensure(event.evidence >= self.evidence_needed(), "an attempt waits for its evidence")?;
        ensure(
            event.key == idempotency_key(&self.id.to_string(), &event.plan_digest, event.n),
            "the idempotency key is derived from run, plan and mutation",
        )?;
        let asked_by = Principal::parse(&event.requested_by);
        ensure(
            self.takeover.is_none_or(|takeover| asked_by == Some(Principal::Person(takeover.holder))),
            "the holder of a taken-over run says execute",
        )?;
        ensure(
            !self.is_at_canary() || asked_by.is_some_and(|by| by.person().is_some()),
            "a person says go on after a canary",
        )?;
        ensure(self.next_mutation() == Some(event.n), "mutations are executed in order")?;
        let progress = self.progress_mut(event.n)?;
        ensure(
            progress.may_attempt(),
            "an attempt is repeated only when the last one had no effect and may be repeated",
        )?;
        let number = u32::try_from(progress.attempts.len()).unwrap_or(u32::MAX).saturating_add(1);
        ensure(event.attempt == number, "attempt numbers have no gap")?;
        ensure(
            progress.attempts.iter().all(|a| a.mutation == event.mutation && a.key == event.key),
            "a mutation keeps its document and key",
        )?;
        progress.attempts.push(Attempt {
            n: event.n,
            attempt: event.attempt,
            plan_digest: event.plan_digest,
            key: event.key,
            mutation: event.mutation,
            started: at.seq,
            started_at: at.time,
            send_by: event.send_by,
            guarantee: event.guarantee,
            evidence: event.evidence,
            requested_by: event.requested_by.clone(),
            result: None,
        });
        self.stage = Stage::Executing;
        Ok(())
    }

    pub(super) fn attempt_finished(
        &mut self,
        at: &Envelope,
        event: &AttemptFinished,
    ) -> Result<(), Violation> {
        let attempt = self.attempt_mut(event.n, event.attempt)?;
        ensure(attempt.result.is_none(), "an outcome answers an attempt in flight")?;
        ensure(attempt.mutation == event.mutation, "an outcome is about its attempt's mutation")?;
        ensure(at.cause.contains(&attempt.started), "an outcome names its attempt")?;
        attempt.result = Some(AttemptResult {
            seq: at.seq,
            finished: at.seq,
            at: at.time,
            outcome: event.outcome,
            code: event.code.clone(),
            retryable: event.retryable,
            reconciled: false,
            accepted: false,
        });
        self.stage = self.after_outcome(event.n);
        Ok(())
    }

    pub(super) fn attempt_reconciled(
        &mut self,
        at: &Envelope,
        event: &AttemptReconciled,
    ) -> Result<(), Violation> {
        ensure(event.outcome != Outcome::Unknown, "reconcile settles")?;
        let by_person = matches!(at.by, Actor::Principal(_));
        check_settled_how(by_person, event)?;
        let attempt = self.attempt_mut(event.n, event.attempt)?;
        ensure(attempt.mutation == event.mutation, "an outcome is about its attempt's mutation")?;
        ensure(!by_person || at.time >= attempt.send_by, "a person settles after the send window")?;
        let unknown = attempt.result.as_mut().filter(|result| result.outcome == Outcome::Unknown);
        let result = unknown.ok_or(Violation { rule: "reconcile settles only what is unknown" })?;
        ensure(at.cause.contains(&result.seq), "reconcile names the outcome that it settles")?;
        *result = AttemptResult {
            seq: at.seq,
            finished: result.finished,
            at: at.time,
            outcome: event.outcome,
            code: event.code.clone(),
            retryable: event.retryable,
            reconciled: true,
            accepted: false,
        };
        self.stage = self.after_outcome(event.n);
        Ok(())
    }

    pub(super) fn divergence_accepted(
        &mut self,
        at: &Envelope,
        event: &DivergenceAccepted,
    ) -> Result<(), Violation> {
        let person = person_of(at, "only a person accepts a divergence")?;
        ensure(
            !self.proposers().contains(&person),
            "nobody accepts the divergence of their own proposal or amendment",
        )?;
        ensure(
            self.stage == Stage::NeedsAttention && self.recovery.is_none(),
            "a divergence waits for a person",
        )?;
        self.is_current(event.plan_digest)?;
        let attempt = self.attempt_mut(event.n, event.attempt)?;
        ensure(attempt.mutation == event.mutation, "an acceptance is about its attempt's mutation")?;
        let diverged =
            attempt.result.as_mut().filter(|result| result.outcome == Outcome::Diverged && !result.accepted);
        let result = diverged.ok_or(Violation { rule: "only a divergence is accepted, and once" })?;
        result.accepted = true;
        self.stage = self.after_outcome(event.n);
        Ok(())
    }

    fn progress_mut(&mut self, n: u32) -> Result<&mut Progress, Violation> {
        let progress = usize::try_from(n).ok().and_then(|n| self.progress.get_mut(n));
        progress.ok_or(Violation { rule: "a mutation stands in the plan" })
    }

    fn attempt_mut(&mut self, n: u32, number: u32) -> Result<&mut Attempt, Violation> {
        let last = self.progress_mut(n)?.attempts.last_mut().filter(|attempt| attempt.attempt == number);
        last.ok_or(Violation { rule: "an outcome answers the last attempt of its mutation" })
    }

    /// Where the run stands after the outcome of mutation `n`.
    fn after_outcome(&self, n: u32) -> Stage {
        let progress = usize::try_from(n).ok().and_then(|n| self.progress.get(n));
        let (Some(progress), Some(last)) = (progress, progress.and_then(Progress::last)) else {
            return Stage::Executing;
        };
        match last.outcome {
            Outcome::Unknown => return Stage::NeedsAttention,
            Outcome::Diverged if !last.accepted => return Stage::NeedsAttention,
            // Drift handling follows: a new revision while clean, else the close.
            Outcome::Rejected if last.code.as_str() == CODE_CONFLICT => return Stage::NeedsAttention,
            Outcome::Rejected | Outcome::NotSent if progress.may_attempt() => return Stage::NeedsAttention,
            Outcome::Rejected | Outcome::NotSent => return self.by_outcomes(),
            Outcome::Applied | Outcome::Diverged => {}
        }
        if self.progress.iter().all(Progress::is_done) {
            return self.by_outcomes();
        }
        if self.is_at_canary() { Stage::NeedsAttention } else { Stage::Executing }
    }
}

/// An applied or absent effect is settled on a named basis. What a person settles is never tried again in this run.
fn check_settled_how(by_person: bool, event: &AttemptReconciled) -> Result<(), Violation> {
    if by_person {
        ensure(!event.retryable, "what a person settled is not tried again")?;
    }
    let code = event.code.as_str();
    let named = match event.outcome {
        Outcome::Applied | Outcome::NotSent if by_person => code == "person",
        Outcome::Diverged if by_person => code == "undetermined",
        Outcome::Rejected | Outcome::Unknown => !by_person,
        Outcome::Applied => {
            matches!(
                code,
                "key_lookup"
                    | "journal"
                    | "proof_query"
                    | "read_back"
                    | "equals_after_unattributed"
                    | "reply"
            )
        }
        Outcome::NotSent => matches!(code, "never_left" | "no_effect_found"),
        Outcome::Diverged => true,
    };
    ensure(named, "a settled outcome names what it rests on")
}
