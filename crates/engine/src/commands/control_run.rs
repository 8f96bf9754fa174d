//! Takeover: a person becomes the run's only controller, amends its plan, executes it, or gives it back.

use std::sync::Arc;

use domain::command::{Command, TakeOver};
use domain::id::{PersonId, RunId};
use domain::limits::TAKEOVER_S;
use domain::mutation::{Mutation, ProposedMutation};
use domain::principal::Principal;
use domain::run::{Refusal, Stage};
use proof::digest::Digest;
use proof::json::Value;

use super::verdict::check_text;
use super::{IdempotencyKey, RACES_MAX};
use crate::access::{Caller, Operation};
use crate::batch::{Batch, Looked, sealed_text};
use crate::control::Control;
use crate::ledger::{Entry, slug};
use crate::preview::resolve;
use crate::workers::Asked;
use crate::{Code, Engine, Error, Result};

impl Engine {
    /// Takes a run over, or renews the lease.
    pub async fn take_over(
        &self,
        caller: &Caller,
        id: RunId,
        lease_s: Option<u64>,
        rationale: Option<String>,
        key: Option<&IdempotencyKey>,
    ) -> Result<Entry> {
        caller.may(Operation::ControlRun)?;
        let person = caller.person("take over a run")?;
        check_text(rationale.as_deref(), "/rationale")?;
        self.steer(caller, id, key, "takeover", |_, _| {
            Ok(Command::TakeOver(TakeOver {
                person,
                lease_s: lease_s.unwrap_or(TAKEOVER_S).max(1),
                operator: caller.shown(),
                rationale: sealed_text(rationale.clone()),
            }))
        })
        .await
    }

    /// Gives a run back. Everything that was decided for the holder is void.
    pub async fn hand_back(
        &self,
        caller: &Caller,
        id: RunId,
        rationale: Option<String>,
        key: Option<&IdempotencyKey>,
    ) -> Result<Entry> {
        caller.may(Operation::ControlRun)?;
        let person = caller.person("hand back a run")?;
        check_text(rationale.as_deref(), "/rationale")?;
        self.command(caller, id, key, "handback", |_, _| {
            Ok(Command::HandBack { person, rationale: sealed_text(rationale.clone()) })
        })
        .await
    }

    /// Replaces the plan under a takeover: new preview, new decision, all approvals void.
    pub async fn amend(
        &self,
        caller: &Caller,
        id: RunId,
        plan_digest: Option<Digest>,
        mutations: Vec<ProposedMutation>,
        rationale: Option<String>,
        key: Option<&IdempotencyKey>,
    ) -> Result<Entry> {
        caller.may(Operation::ControlRun)?;
        let person = caller.person("amend a plan")?;
        check_text(rationale.as_deref(), "/rationale")?;
        if let Some(entry) = self.replay(caller, "amend", key).await? {
            return Ok(entry);
        }
        let _busy = self.busy(caller, "amend", key)?;
        for _ in 0..RACES_MAX {
            let control = self.control(caller.workspace).await?;
            let entry = self.visible(caller, id).await?;
            let entry = self.hand_back_when_over(&control, entry).await?;
            let (environment, resolved) = resolve(&control, None, mutations.clone())?;
            if environment != entry.run().environment {
                return Err(Error::new(Code::InvalidPlan, "an amendment stays in the run's environment"));
            }
            let mut batch = Batch::on(self, &control, &entry);
            let count = u32::try_from(mutations.len()).unwrap_or(u32::MAX);
            let rationale = sealed_text(rationale.clone());
            batch.command(Command::Amend { person, plan_digest, mutations: count, rationale })?;
            batch.keep_proposed(&mutations);
            batch.answer(self.idempotency(caller, "amend", key, id));
            // A person who steers is told what cannot be previewed; nothing is recorded then.
            looked_at(batch.preview_and_decide(&resolved).await?)?;
            if let Some((entry, _)) = batch.commit().await? {
                self.kick(caller.workspace, id);
                return Ok(entry);
            }
        }
        Err(Error::new(Code::Conflict, "the run changes faster than this command can be decided")
            .retry_after(1))
    }

    /// Executes under a takeover, or goes on after a canary slice. The plan that the person saw must be the plan.
    pub async fn execute(
        &self,
        caller: &Caller,
        id: RunId,
        plan_digest: Digest,
        key: Option<&IdempotencyKey>,
    ) -> Result<Entry> {
        caller.may(Operation::ControlRun)?;
        let person = caller.person("execute a run")?;
        if let Some(entry) = self.replay(caller, "execute", key).await? {
            return Ok(entry);
        }
        let _busy = self.busy(caller, "execute", key)?;
        let (control, entry) = self.decided_for_holder(caller, id, person, plan_digest).await?;
        // A holder who took over after an effect has no authorization of their own yet.
        self.renew(&control, &entry).await?;
        let answer = self.idempotency(caller, "execute", key, id);
        let by = Principal::Person(person);
        self.execute_detached(caller.workspace, id, Asked { by, answer }).await?;
        self.load(caller.workspace, id).await
    }

    /// The run with a plan that this person may execute: previewed and decided for them, when nothing is authorized yet.
    async fn decided_for_holder(
        &self,
        caller: &Caller,
        id: RunId,
        person: PersonId,
        plan_digest: Digest,
    ) -> Result<(Arc<Control>, Entry)> {
        for _ in 0..RACES_MAX {
            let control = self.control(caller.workspace).await?;
            let entry = self.visible(caller, id).await?;
            let entry = self.hand_back_when_over(&control, entry).await?;
            check_execute(&entry, person, plan_digest)?;
            let run = entry.run();
            // Nothing had an effect and nothing is authorized.
            let bare = run.is_clean() && run.authorization.is_none() && run.takeover.is_some();
            if !(run.stage == Stage::TakenOver || (run.stage == Stage::NeedsAttention && bare)) {
                return Ok((control, entry));
            }
            if let Some(decided) = self.decide_for_holder(&control, &entry).await? {
                return Ok((control, decided));
            }
        }
        Err(Error::new(Code::Conflict, "the run changes faster than this command can be decided")
            .retry_after(1))
    }

    /// A new preview and a decision for the person who holds the run; `None` when it lost against another commit.
    async fn decide_for_holder(&self, control: &Control, entry: &Entry) -> Result<Option<Entry>> {
        let mutations = self.proposed(control.workspace, entry).await?;
        let (_, resolved) = resolve(control, None, mutations)?;
        let mut batch = Batch::on(self, control, entry);
        if entry.run().stage != Stage::TakenOver {
            batch.command(Command::Void { code: slug("expired"), detail: Value::Null })?;
        }
        looked_at(batch.preview_and_decide(&resolved).await?)?;
        let seen: Vec<_> =
            entry.plan.iter().map(|planned| planned.mutation.as_ref().map(substance)).collect();
        let Some((after, _)) = batch.commit().await? else { return Ok(None) };
        let now: Vec<_> = after.plan.iter().map(|planned| planned.mutation.as_ref().map(substance)).collect();
        if seen != now {
            // The record moved since the holder saw it: they decide again on what it holds now.
            return Err(Refusal::mismatch(after.run().plan_digest()).into());
        }
        Ok(Some(after))
    }

    /// "I did it by hand": reads every record back, keeps what really changed, and ends the run.
    pub async fn done_by_hand(
        &self,
        caller: &Caller,
        id: RunId,
        rationale: Option<String>,
        key: Option<&IdempotencyKey>,
    ) -> Result<Entry> {
        caller.may(Operation::ControlRun)?;
        let person = caller.person("record work done by hand")?;
        check_text(rationale.as_deref(), "/rationale")?;
        if let Some(entry) = self.replay(caller, "done_by_hand", key).await? {
            return Ok(entry);
        }
        let control = self.control(caller.workspace).await?;
        let entry = self.visible(caller, id).await?;
        let mut batch = Batch::on(self, &control, &entry);
        for planned in entry.plan.iter() {
            let Some(mutation) = &planned.mutation else { continue };
            let Some(record) = mutation.record_ref() else { continue };
            let connector = control.connector(&mutation.connector)?;
            let read = connector.snapshot(&record).await.map_err(|fault| {
                Error::new(Code::SystemUnavailable, format!("mutation {}: {fault}", mutation.n))
            })?;
            let view = domain::drift::moved(mutation, &read.snapshot.fields);
            let change = domain::drift::view(&view);
            batch.command(Command::ObserveChange { person, n: mutation.n, change })?;
        }
        let by = Principal::Person(person);
        batch.command(Command::Cancel {
            by,
            code: slug("done_by_hand"),
            rationale: sealed_text(rationale),
        })?;
        batch.answer(self.idempotency(caller, "done_by_hand", key, id));
        match batch.commit().await? {
            Some((entry, _)) => Ok(entry),
            None => {
                Err(Error::new(Code::Conflict, "the run changed meanwhile: read it again").retry_after(1))
            }
        }
    }
}

/// What a person sees of a mutation: everything but the version token, which vendors raise without a change.
fn substance(mutation: &Mutation) -> Mutation {
    Mutation { version: None, ..mutation.clone() }
}

/// Whether this person may say go now, to the plan that they saw.
fn check_execute(entry: &Entry, person: PersonId, plan_digest: Digest) -> Result<()> {
    let run = entry.run();
    if !run.stage.is_open() {
        return Err(Refusal::RunClosed(run.stage).into());
    }
    if let Some(takeover) = run.takeover.filter(|takeover| takeover.holder != person) {
        return Err(Refusal::RunTakenOver { holder: takeover.holder, until: takeover.until }.into());
    }
    // A run that was taken over before its first preview has no digest yet.
    if run.plan_digest() != Some(plan_digest) {
        return Err(Refusal::mismatch(run.plan_digest()).into());
    }
    let waits_for_person = run.takeover.is_some() || run.stage == Stage::NeedsAttention;
    if !waits_for_person {
        return Err(Error::new(
            Code::StageConflict,
            format!("the run is {} and needs no command to go on", run.stage),
        )
        .hint("take the run over first if you want to steer it"));
    }
    if let Some(attempt) = run.in_flight().or_else(|| run.unknown()) {
        return Err(Error::new(Code::MutationUnsettled, format!("mutation {} is not settled", attempt.n)));
    }
    Ok(())
}

/// What a preview that somebody waits for says to them.
fn looked_at(looked: Looked) -> Result<()> {
    match looked {
        Looked::Decided => Ok(()),
        Looked::Failed(code) => {
            Err(Error::new(Code::InvalidPlan, format!("the plan cannot be previewed: {code}"))
                .hint("look at the record and at what the plan would change"))
        }
        Looked::Unreachable(why) => Err(Error::new(Code::SystemUnavailable, why).retry_after(5)),
    }
}
