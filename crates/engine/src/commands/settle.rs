//! Retry, reconcile by a person, and accept a divergence.

use domain::attempt::Outcome;
use domain::command::{Command, Reconcile};
use domain::id::RunId;
use domain::principal::Principal;
use domain::run::Refusal;
use proof::digest::Digest;
use proof::json::Value;

use super::IdempotencyKey;
use super::verdict::check_text;
use crate::access::{Caller, Operation};
use crate::batch::{Batch, sealed_text};
use crate::ledger::{Entry, slug};
use crate::workers::Asked;
use crate::{Code, Engine, Error, Result};

/// What a person says an unknown outcome was.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// The plan that they saw.
    pub plan_digest: Digest,
    /// The mutation.
    pub n: u32,
    /// `applied`, `not_sent` or `diverged`.
    pub outcome: Outcome,
    /// Why they think so.
    pub rationale: Option<String>,
}

impl Engine {
    /// Tries the next mutation again: its last attempt had no effect and may be repeated.
    pub async fn retry(
        &self,
        caller: &Caller,
        id: RunId,
        plan_digest: Digest,
        key: Option<&IdempotencyKey>,
    ) -> Result<Entry> {
        caller.may(Operation::RetryRun)?;
        if let Some(entry) = self.replay(caller, "retry", key).await? {
            return Ok(entry);
        }
        let _busy = self.busy(caller, "retry", key)?;
        let control = self.control(caller.workspace).await?;
        let entry = self.visible(caller, id).await?;
        let entry = self.hand_back_when_over(&control, entry).await?;
        check_retry(&entry, caller.principal, plan_digest)?;
        let answer = self.idempotency(caller, "retry", key, id);
        self.execute_detached(caller.workspace, id, Asked { by: caller.principal, answer }).await?;
        self.load(caller.workspace, id).await
    }

    /// Looks again at once, instead of at the next due time; settles what the look proves.
    pub async fn reconcile_now(&self, caller: &Caller, id: RunId, plan_digest: Digest) -> Result<Entry> {
        caller.may(Operation::SettleRun)?;
        let entry = self.visible(caller, id).await?;
        if entry.run().plan_digest() != Some(plan_digest) {
            return Err(Refusal::mismatch(entry.run().plan_digest()).into());
        }
        if entry.run().unknown().is_none() {
            return Err(Error::new(Code::NotUnknown, "no outcome of this run is unknown"));
        }
        self.reconcile(caller.workspace, id).await?;
        self.load(caller.workspace, id).await
    }

    /// A person settles an unknown outcome, once the write can no longer land.
    pub async fn settle(
        &self,
        caller: &Caller,
        id: RunId,
        settlement: Settlement,
        key: Option<&IdempotencyKey>,
    ) -> Result<Entry> {
        caller.may(Operation::SettleRun)?;
        let person = caller.person("settle an outcome")?;
        check_text(settlement.rationale.as_deref(), "/rationale")?;
        if let Some(entry) = self.replay(caller, "settle", key).await? {
            return Ok(entry);
        }
        let allowed = matches!(settlement.outcome, Outcome::Applied | Outcome::NotSent | Outcome::Diverged);
        if !allowed {
            return Err(Error::new(
                Code::InvalidRequest,
                "`outcome` is one of `applied`, `not_sent`, `diverged`",
            )
            .at("/outcome"));
        }
        let control = self.control(caller.workspace).await?;
        let entry = self.visible(caller, id).await?;
        let unknown = entry.run().unknown().filter(|attempt| attempt.n == settlement.n);
        let Some(attempt) = unknown else {
            return Err(Error::new(
                Code::NotUnknown,
                format!("mutation {} has no unknown outcome", settlement.n),
            ));
        };
        let landed = attempt.send_by.plus_ms(crate::ledger::landing_ms(&control, &entry, attempt.n));
        if landed > self.now() {
            return Err(Error::new(
                Code::MutationUnsettled,
                format!("the write may still land until {landed}"),
            )
            .hint("wait until then: the reconciler looks by itself"));
        }
        let lease = self.held_lease(caller.workspace, &entry, settlement.n).await?;
        let mut batch = Batch::on(self, &control, &entry);
        batch.command(Command::Reconcile(Box::new(Reconcile {
            person: Some(person),
            plan_digest: Some(settlement.plan_digest),
            n: settlement.n,
            outcome: settlement.outcome,
            code: slug(if settlement.outcome == Outcome::Diverged { "undetermined" } else { "person" }),
            // What a person says had no effect is never tried again in this run.
            retryable: false,
            read_back: Value::Null,
            rationale: sealed_text(settlement.rationale),
        })))?;
        batch.effects.leases.extend(lease);
        batch.answer(self.idempotency(caller, "settle", key, id));
        let Some((entry, _)) = batch.commit().await? else {
            return Err(Error::new(Code::Conflict, "the run changed meanwhile: read it again").retry_after(1));
        };
        self.kick(caller.workspace, id);
        Ok(entry)
    }

    /// A person accepts what a read-back showed instead of the plan.
    pub async fn accept_divergence(
        &self,
        caller: &Caller,
        id: RunId,
        plan_digest: Digest,
        n: u32,
        rationale: Option<String>,
        key: Option<&IdempotencyKey>,
    ) -> Result<Entry> {
        caller.may(Operation::SettleRun)?;
        let person = caller.person("accept a divergence")?;
        check_text(rationale.as_deref(), "/rationale")?;
        self.command(caller, id, key, "accept", |_, _| {
            let approver = caller.shown();
            Ok(Command::AcceptDivergence {
                person,
                plan_digest,
                n,
                approver,
                rationale: sealed_text(rationale.clone()),
            })
        })
        .await
    }
}

fn check_retry(entry: &Entry, by: Principal, plan_digest: Digest) -> Result<()> {
    let run = entry.run();
    if !run.stage.is_open() {
        return Err(Refusal::RunClosed(run.stage).into());
    }
    if let Some(takeover) = run.takeover.filter(|takeover| Principal::Person(takeover.holder) != by) {
        return Err(Refusal::RunTakenOver { holder: takeover.holder, until: takeover.until }.into());
    }
    if run.plan_digest() != Some(plan_digest) {
        return Err(Refusal::mismatch(run.plan_digest()).into());
    }
    if let Some(attempt) = run.in_flight().or_else(|| run.unknown()) {
        return Err(Error::new(Code::MutationUnsettled, format!("mutation {} is not settled", attempt.n))
            .hint("an unknown outcome is reconciled first, so that nothing is written twice"));
    }
    let next = run.next_mutation().unwrap_or(0);
    let progress = usize::try_from(next).ok().and_then(|n| run.progress.get(n));
    let again = progress.is_some_and(|progress| !progress.attempts.is_empty() && progress.may_attempt());
    if again { Ok(()) } else { Err(Refusal::NotRetryable(next).into()) }
}
