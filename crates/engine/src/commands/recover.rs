//! Rollback and compensation: a recovery is a run of its own, made from what the connector says undoes the changes.

use connectors::connector::{Connector, UndoPlan};
use domain::command::{Command, Propose};
use domain::drift::diff;
use domain::id::RunId;
use domain::mutation::{Kind, ProposedMutation, RecordRef};
use domain::run::{RecoveryKind, Refusal, Run};
use proof::digest::Digest;
use proof::json::Value;

use super::verdict::check_text;
use super::{IdempotencyKey, RACES_MAX};
use crate::access::{Caller, Operation};
use crate::batch::{Batch, sealed_text};
use crate::control::Control;
use crate::ledger::{Entry, slug};
use crate::preview::resolve;
use crate::{Code, Engine, Error, Result};

impl Engine {
    /// Makes the recovery run: previewed against the records as they are now, with its own decision and approvals.
    pub async fn recover(
        &self,
        caller: &Caller,
        id: RunId,
        kind: RecoveryKind,
        plan_digest: Digest,
        rationale: Option<String>,
        key: Option<&IdempotencyKey>,
    ) -> Result<Entry> {
        caller.may(Operation::RecoverRun)?;
        check_text(rationale.as_deref(), "/rationale")?;
        let operation = kind.word();
        if let Some(entry) = self.replay(caller, operation, key).await? {
            return Ok(entry);
        }
        let _busy = self.busy(caller, operation, key)?;
        let child = self.entropy.run_id(self.now());
        for _ in 0..RACES_MAX {
            let control = self.control(caller.workspace).await?;
            let parent = self.visible(caller, id).await?;
            if parent.run().plan_digest() != Some(plan_digest) {
                return Err(Refusal::mismatch(parent.run().plan_digest()).into());
            }
            let undo = self.undo_plan(&control, &parent, kind).await?;
            let numbers: Vec<u32> = undo.iter().map(|(n, _)| *n).collect();
            let mutations: Vec<ProposedMutation> = undo.into_iter().map(|(_, mutation)| mutation).collect();
            let mut on_parent = Batch::on(self, &control, &parent);
            on_parent.command(Command::PlanRecovery {
                by: caller.principal,
                plan_digest,
                kind,
                mutations: numbers,
                child,
                rationale: sealed_text(rationale.clone()),
            })?;
            let parent_after = on_parent.run()?.clone();
            let mut batch = Batch::start(self, &control, child);
            let propose = self.recovery_proposal(
                caller,
                &control,
                &parent_after,
                child,
                kind,
                mutations.len(),
                rationale.as_deref(),
            );
            batch.command(Command::Propose(Box::new(propose)))?;
            batch.keep_proposed(&mutations);
            batch.answer(self.idempotency(caller, operation, key, child));
            let prepared = on_parent.prepare().await?;
            batch.effects.with.push(prepared);
            if let Some((_, _)) = batch.commit().await? {
                // The preview is the steward's first step: it sees both runs as saved, conflicts and all.
                self.advance(caller.workspace, child).await?;
                self.kick(caller.workspace, child);
                return self.load(caller.workspace, child).await;
            }
        }
        Err(Error::new(Code::Conflict, "the run changes faster than its recovery can be planned")
            .retry_after(1))
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "a recovery repeats what a proposal says, from seven sources"
    )]
    fn recovery_proposal(
        &self,
        caller: &Caller,
        control: &Control,
        parent: &Run,
        child: RunId,
        kind: RecoveryKind,
        mutations: usize,
        rationale: Option<&str>,
    ) -> Propose {
        let reason = rationale.map_or_else(|| format!("{kind} of {}", parent.id), str::to_owned);
        Propose {
            id: child,
            by: caller.principal,
            agent_owner: caller.owner,
            on_behalf_of: None,
            agent_version: None,
            confidence_bp: None,
            deadline: self.now().plus_s(control.settings.run_deadline_s),
            environment: parent.environment,
            mutations: u32::try_from(mutations).unwrap_or(u32::MAX),
            recovers: Some((parent.id, kind)),
            branched_from: None,
            source: slug("recovery"),
            trace: None,
            workflow: parent.workflow.clone(),
            proposer: caller.shown(),
            reason: Value::Str(reason),
            source_ref: Value::Null,
            model: Value::Null,
        }
    }

    /// What undoes the run's effects, last first: `(n of the run, mutation that undoes it)`.
    pub(crate) async fn undo_plan(
        &self,
        control: &Control,
        entry: &Entry,
        kind: RecoveryKind,
    ) -> Result<Vec<(u32, ProposedMutation)>> {
        let mut undo = Vec::new();
        let mut irreversible = Vec::new();
        for n in entry.run().recoverable() {
            let mutation = entry.mutation(n)?;
            let connector = control.connector(&mutation.connector)?;
            let handle = self.handle_of(control, entry, n).await?;
            let plan = connector.undo(mutation, handle.as_deref());
            if let UndoPlan::Restore(proposed) = &plan
                && is_restored(connector, proposed).await
            {
                continue;
            }
            match (plan, kind) {
                (UndoPlan::Restore(proposed), RecoveryKind::Rollback)
                | (UndoPlan::Counter(proposed), RecoveryKind::Compensation) => undo.push((n, proposed)),
                (UndoPlan::Restore(_), RecoveryKind::Compensation) => {
                    irreversible.push(format!("mutation {n} is rolled back, not compensated"));
                }
                (UndoPlan::Counter(_), RecoveryKind::Rollback) => {
                    irreversible.push(format!("mutation {n} is compensated, not rolled back"));
                }
                (UndoPlan::Irreversible(why), _) => irreversible.push(format!("mutation {n}: {why}")),
            }
        }
        if undo.is_empty() && irreversible.is_empty() {
            return Err(Refusal::NothingToRecover.into());
        }
        if undo.is_empty() {
            return Err(Error::new(
                Code::Irreversible,
                format!("a {kind} is not possible: {}", irreversible.join("; ")),
            )
            .hint("see the undo plan of each mutation"));
        }
        // Two changes of one record cannot be undone in one plan by two mutations; the connector's plan is per record.
        resolve(control, None, undo.iter().map(|(_, proposed)| proposed.clone()).collect())?;
        Ok(undo)
    }
}

/// Whether the record holds the old values already: somebody else put them back, and there is nothing to write. A record
/// that cannot be read now stays in the plan, whose preview says why.
async fn is_restored(connector: &dyn Connector, proposed: &ProposedMutation) -> bool {
    let Some(id) = proposed.id.clone().filter(|_| proposed.kind == Kind::Update) else { return false };
    let record = RecordRef { connector: proposed.connector.clone(), object: proposed.object.clone(), id };
    match connector.snapshot(&record).await {
        Ok(read) => diff(&proposed.changes, &read.snapshot.fields).is_empty(),
        Err(_) => false,
    }
}
