//! Execute: check everything again, record the intent, write once, read back.

use std::time::Duration;

use connectors::connector::{Connector, ReadFault, Write};
use domain::attempt::{EvidenceLevel, Outcome};
use domain::command::{Command, Drift, FinishAttempt, StartAttempt};
use domain::drift::{moved, unrelated, view};
use domain::grant::ExecutionGrant;
use domain::id::{RunId, WorkspaceId};
use domain::limits::SEND_WINDOW_MS;
use domain::mutation::{Fields, Mutation, Snapshot};
use domain::principal::Principal;
use domain::run::{Run, Stage};
use proof::json::{Object, Value};
use store::{IdempotencyRecord, LeaseChange, LeaseHolder};

use super::checks::Check;
use super::outcome::Verdict;
use crate::batch::Batch;
use crate::commands::RACES_MAX;
use crate::control::Control;
use crate::ledger::{Entry, slug};
use crate::preview::lease_key;
use crate::{Engine, Error, Result};

/// The pause before an outcome is saved again; it grows with each try.
const FINISH_PAUSE: Duration = Duration::from_millis(50);

/// Marks a run as being executed by this process.
struct Live<'a> {
    engine: &'a Engine,
    run: RunId,
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        self.engine.live().remove(&self.run);
    }
}

/// Who asked for an execution by name, and the answer that their request is remembered by.
#[derive(Clone)]
pub(crate) struct Asked {
    /// Who.
    pub by: Principal,
    /// Saved with the first intent.
    pub answer: Option<IdempotencyRecord>,
}

/// What is known just before the write.
struct Dispatch {
    entry: Entry,
    n: u32,
    /// The level that the leaves before the attempt have reached.
    evidence: EvidenceLevel,
    before: Option<Snapshot>,
    lease: [u8; 32],
    lease_counter: u64,
}

impl Engine {
    /// Executes because somebody asked for it. It goes on when the request that asked ends early: a write that left must
    /// get its outcome.
    pub(crate) async fn execute_detached(&self, ws: WorkspaceId, id: RunId, asked: Asked) -> Result<()> {
        let engine = self.me.upgrade().ok_or_else(|| Error::internal("the engine is shutting down"))?;
        let task = tokio::spawn(async move { engine.run_now(ws, id, Some(asked)).await });
        task.await.map_err(|fault| Error::internal("the execution ended early").because(fault))?
    }

    /// Executes what is authorized, mutation after mutation, until the run waits for somebody else.
    pub(crate) async fn run_now(&self, ws: WorkspaceId, id: RunId, mut asked: Option<Asked>) -> Result<()> {
        if !self.live().insert(id) {
            return Ok(());
        }
        let _live = Live { engine: self, run: id };
        let mut races = 0;
        while races < RACES_MAX {
            self.holds.passed(id).await;
            let needed = self.load(ws, id).await?.run().evidence_needed();
            // The evidence before the epoch: whatever is paused or taken away while it is awaited still wins.
            let evidence = self.reach(ws, needed).await?;
            let control = self.control(ws).await?;
            let entry = self.load(ws, id).await?;
            let may_start = may_start(entry.run(), asked.as_ref().map(|asked| asked.by));
            if !may_start || evidence < entry.run().evidence_needed() {
                return Ok(());
            }
            let Some(n) = entry.run().next_mutation() else { return Ok(()) };
            let rests = control.vendor_of(&entry).is_some_and(|vendor| vendor.rest_ms() > 0);
            if rests && asked.is_none() {
                return Ok(());
            }
            match self.step(&control, &entry, (n, evidence), asked.as_ref()).await? {
                Step::Done => {
                    // The request is answered with its first write. A holder goes on commanding what follows; what
                    // anybody else asked for goes on by itself.
                    let held = entry.run().takeover.is_some();
                    asked = asked.filter(|_| held).map(|asked| Asked { answer: None, ..asked });
                    races = 0;
                }
                Step::Again => races += 1,
                Step::Stop => return Ok(()),
            }
        }
        Ok(())
    }

    async fn step(
        &self,
        control: &Control,
        entry: &Entry,
        (n, evidence): (u32, EvidenceLevel),
        asked: Option<&Asked>,
    ) -> Result<Step> {
        if self.renew(control, entry).await? {
            return Ok(Step::Again);
        }
        match self.check(control, entry, n).await? {
            Check::Go => {}
            Check::Wait => return Ok(Step::Stop),
            Check::Void(code, detail) => {
                let mut batch = Batch::on(self, control, entry);
                batch.command(Command::Void { code: slug(code), detail: Value::Str(detail) })?;
                batch.commit().await?;
                return Ok(Step::Stop);
            }
        }
        let mutation = entry.mutation(n)?;
        let connector = control.connector(&mutation.connector)?;
        let lease = lease_key(control, connector, mutation);
        let state = self.store.lease(control.workspace, lease).await?;
        if state.holder.is_some() {
            // Another run writes to this record, or does not know yet what it wrote.
            return Ok(Step::Stop);
        }
        let before = match self.reread(connector, mutation).await {
            Ok(before) => before,
            Err(fault) => return self.gone_or_later(control, entry, n, fault).await,
        };
        let live = before.as_ref().map(|before| before.fields.clone()).unwrap_or_default();
        let drift = moved(mutation, &live);
        if !drift.is_empty() {
            let mut batch = Batch::on(self, control, entry);
            batch.command(Command::RecordDrift(Drift { n, view: view(&drift) }))?;
            batch.commit().await?;
            return Ok(Step::Stop);
        }
        let lease_counter = state.counter;
        let dispatch = Dispatch { entry: entry.clone(), n, evidence, before, lease, lease_counter };
        self.attempt(control, connector, dispatch, asked).await
    }

    /// An authorization that is about to end is renewed as far as the same policy set and the approvals still carry it: a
    /// pause of an hour does not void approvals for a day. Says whether it was.
    pub(crate) async fn renew(&self, control: &Control, entry: &Entry) -> Result<bool> {
        let run = entry.run();
        let soon = self.clock.now().plus_ms(SEND_WINDOW_MS);
        let ends = run.authorization.as_ref().is_none_or(|leave| leave.expires <= soon);
        if !ends || run.is_unsettled() {
            return Ok(false);
        }
        let mutations: Vec<&Mutation> =
            entry.plan.iter().filter_map(|planned| planned.mutation.as_ref()).collect();
        let same_set =
            control.policy.as_ref().map(|policy| policy.digest) == run.decision.as_ref().map(|d| d.policy);
        if mutations.len() != entry.plan.len() || !same_set {
            return Ok(false);
        }
        let decided = self.decide_plan(control, run, &mutations).await?;
        let mut batch = Batch::on(self, control, entry);
        // A refusal means that it may not be renewed: then it ends as it would have.
        if batch.command(Command::RecordDecision(Box::new(decided.record))).is_err() {
            return Ok(false);
        }
        let renewed = batch.run()?.authorization.as_ref().map(|leave| leave.expires);
        if renewed <= run.authorization.as_ref().map(|leave| leave.expires) {
            return Ok(false);
        }
        Ok(batch.commit().await?.is_some())
    }

    /// Reads the record once more, unless the mutation makes it.
    async fn reread(
        &self,
        connector: &dyn Connector,
        mutation: &Mutation,
    ) -> std::result::Result<Option<Snapshot>, ReadFault> {
        match mutation.record_ref() {
            None => Ok(None),
            Some(record) => connector.snapshot(&record).await.map(|read| Some(read.snapshot)),
        }
    }

    async fn gone_or_later(
        &self,
        control: &Control,
        entry: &Entry,
        n: u32,
        fault: ReadFault,
    ) -> Result<Step> {
        match fault {
            ReadFault::NotFound => {
                // Every touched field is absent now: drift, and the new preview says that the record is gone.
                let view = view(&moved(entry.mutation(n)?, &Fields::new()));
                let mut batch = Batch::on(self, control, entry);
                batch.command(Command::RecordDrift(Drift { n, view }))?;
                batch.commit().await?;
            }
            ReadFault::Refused { .. }
            | ReadFault::Unreachable { .. }
            | ReadFault::Answer { .. }
            | ReadFault::Undescribed(_) => {
                tracing::info!(run.id = %entry.run().id, "the write waits: {fault}");
            }
        }
        Ok(Step::Stop)
    }

    /// Intent, write, outcome.
    async fn attempt(
        &self,
        control: &Control,
        connector: &dyn Connector,
        dispatch: Dispatch,
        asked: Option<&Asked>,
    ) -> Result<Step> {
        let Dispatch { entry, n, evidence, before, lease, lease_counter } = dispatch;
        let run = entry.run();
        let mutation = entry.mutation(n)?;
        let planned = usize::try_from(n).ok().and_then(|n| entry.plan.get(n));
        let document = planned.ok_or_else(|| Error::not_found("mutation", &n.to_string()))?;
        let action = connector.describe().action(&mutation.object, mutation.verb());
        let action = action.ok_or_else(|| Error::internal("the manifest no longer has the action"))?;
        let attempts =
            usize::try_from(n).ok().and_then(|n| run.progress.get(n)).map_or(0, |p| p.attempts.len());
        let plan_digest = run.plan_digest().ok_or_else(|| Error::internal("an authorized run has a plan"))?;
        let (now_before, boot_before) = (self.clock.now(), self.clock.boot_ms());
        let mut batch = Batch::on(self, control, &entry);
        batch.command(Command::StartAttempt(Box::new(StartAttempt {
            n,
            mutation: document.hash,
            plan_digest,
            evidence,
            guarantee: action.guarantee,
            requested_by: asked.map(|asked| asked.by),
            window_ms: SEND_WINDOW_MS,
            observed: observed(mutation, document.base.as_ref(), before.as_ref(), &lease),
            request: request_view(mutation),
        })))?;
        batch.effects.leases.push(LeaseChange::Take {
            key: lease,
            expected_counter: lease_counter,
            holder: LeaseHolder {
                run: run.id,
                n,
                attempt: u32::try_from(attempts + 1).unwrap_or(u32::MAX),
                node: self.node,
                generation: self.generation,
            },
        });
        batch.effects.epoch = Some(control.epoch);
        batch.answer(asked.and_then(|asked| asked.answer.clone()));
        let Some((started, committed)) = batch.commit().await? else { return Ok(Step::Again) };
        let flight = started.run().in_flight();
        let flight = flight.ok_or_else(|| Error::internal("a started attempt is in flight"))?;
        let seq = flight.started;
        self.sight(run.id, flight);
        // The window as the event says it, carried over to the clock that runs through suspend.
        let window_ms = flight.send_by.millis().saturating_sub(now_before.millis());
        let send_by_boot_ms = boot_before.saturating_add(u64::try_from(window_ms).unwrap_or(0));
        let receipt = committed.receipt(run.id, seq);
        let receipt = receipt.ok_or_else(|| Error::internal("the store gave no receipt for the attempt"))?;
        let grant = ExecutionGrant::issue(&started.folded, receipt, send_by_boot_ms)
            .map_err(|fault| Error::internal("no grant for a committed attempt").because(fault))?;
        let fresh_version = before.as_ref().and_then(|before| before.version.clone());
        let write = Write { mutation, fresh_version: fresh_version.as_deref(), before: before.as_ref() };
        let applied = connector.apply(grant, &write).await;
        let verdict = self.judge(connector, &started, mutation, &applied).await;
        self.finish(control.workspace, run.id, (n, flight.attempt), verdict, lease).await
    }

    /// Saves the outcome, whatever else was written to the run meanwhile.
    async fn finish(
        &self,
        ws: WorkspaceId,
        id: RunId,
        attempt: (u32, u32),
        verdict: Verdict,
        lease: [u8; 32],
    ) -> Result<Step> {
        let mut last = None;
        for round in 0..RACES_MAX {
            tokio::time::sleep(FINISH_PAUSE * u32::try_from(round).unwrap_or(u32::MAX)).await;
            let (control, entry) = match (self.control(ws).await, self.load(ws, id).await) {
                (Ok(control), Ok(entry)) => (control, entry),
                (Err(error), _) | (_, Err(error)) => {
                    last = Some(error);
                    continue;
                }
            };
            let flight = entry.run().in_flight().map(|flight| (flight.n, flight.attempt));
            if flight != Some(attempt) {
                // Saved already, with its answer lost; or settled by a reconciler that thought this process had ended.
                return Ok(Step::Stop);
            }
            let mut batch = Batch::on(self, &control, &entry);
            batch.command(Command::FinishAttempt(Box::new(FinishAttempt {
                outcome: verdict.outcome,
                code: verdict.code.clone(),
                retryable: verdict.retryable,
                read_back: verdict.read_back.clone(),
                response: verdict.response.clone(),
                conflict: verdict.conflict.clone(),
            })))?;
            // An unknown outcome keeps the record: nobody else writes to it until it is settled.
            if verdict.outcome != Outcome::Unknown {
                batch.effects.leases.push(LeaseChange::Release { key: lease, run: id });
            }
            match batch.commit().await {
                Ok(Some((entry, _))) => {
                    if !entry.run().is_unsettled() {
                        self.sightings().remove(&id);
                    }
                    let stage = entry.run().stage;
                    return Ok(if stage == Stage::Executing { Step::Done } else { Step::Stop });
                }
                Ok(None) => {}
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| {
            Error::internal("the outcome could not be saved: the reconciler will find it")
        }))
    }
}

/// How a step ended.
enum Step {
    /// A mutation has its outcome and the run goes on.
    Done,
    /// Lost against another commit: look again.
    Again,
    /// The run waits for somebody else.
    Stop,
}

/// Whether an attempt may start: by itself, or because somebody who may asked for it.
fn may_start(run: &Run, requested_by: Option<Principal>) -> bool {
    if run.is_unsettled()
        || run.recovery.is_some()
        || run.open_divergence().is_some()
        || run.authorization.is_none()
    {
        return false;
    }
    let by_holder = run.takeover.is_none_or(|held| requested_by == Some(Principal::Person(held.holder)));
    match run.stage {
        Stage::Authorized | Stage::Executing => by_holder,
        Stage::NeedsAttention => {
            by_holder && (requested_by.is_some() || super::retry_due(run, run.updated).is_some())
        }
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
        | Stage::Compensated => false,
    }
}

/// The fresh version token, which unrelated fields moved since the preview, and the record lease that is taken.
fn observed(mutation: &Mutation, base: Option<&Fields>, now: Option<&Snapshot>, lease: &[u8; 32]) -> Value {
    let empty = Fields::new();
    let live = now.map_or(&empty, |now| &now.fields);
    let names = base.map(|base| unrelated(mutation, base, live)).unwrap_or_default();
    let version = now.and_then(|now| now.version.clone()).map_or(Value::Null, Value::Str);
    Value::Object(Object::from([
        (LEASE.to_owned(), lease_text(lease)),
        ("unrelated".to_owned(), Value::Array(names.into_iter().map(Value::Str).collect())),
        ("version".to_owned(), version),
    ]))
}

/// The member of `observed` that names the record lease: what holds it must stay findable when the connector changes.
pub(super) const LEASE: &str = "lease";

fn lease_text(lease: &[u8; 32]) -> Value {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(64);
    for byte in lease {
        let _ = write!(text, "{byte:02x}");
    }
    Value::Str(text)
}

/// The intent in words of the plan; the exchange itself is kept with the response.
fn request_view(mutation: &Mutation) -> Value {
    let text = |value: &Option<String>| value.clone().map_or(Value::Null, Value::Str);
    let after =
        mutation.changes.iter().map(|c| (c.field.clone(), c.after.clone().unwrap_or(Value::Null))).collect();
    Value::Object(Object::from([
        ("action".to_owned(), mutation.verb().into()),
        ("after".to_owned(), Value::Object(after)),
        ("arguments".to_owned(), Value::Object(mutation.arguments.clone())),
        ("connector".to_owned(), mutation.connector.as_str().into()),
        ("object".to_owned(), mutation.object.as_str().into()),
        ("record".to_owned(), text(&mutation.record)),
    ]))
}
