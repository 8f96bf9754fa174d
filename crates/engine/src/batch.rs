//! Several commands on one run, decided one after the other and saved in one commit.

use domain::attempt::Outcome;
use domain::command::Command;
use domain::event::Event;
use domain::id::RunId;
use domain::mutation::{Mutation, ProposedMutation};
use domain::name::Slug;
use domain::run::{Draft, Progress, RecoveryKind, Run, Stage, decide, follow};
use proof::json::Value;
use store::{IdempotencyRecord, UsageChange};

use crate::control::Control;
use crate::ledger::{Effects, Entry, Prepared};
use crate::preview::{self, Previewed, Resolved};
use crate::{Engine, Error, Result};

/// How a preview with its decision went.
pub(crate) enum Looked {
    /// The plan is fixed and decided.
    Decided,
    /// It can never be previewed: the code says why. Nothing was decided.
    Failed(Slug),
    /// The system of record does not answer now. Nothing was decided.
    Unreachable(String),
}

/// Decided commands that are not saved yet.
pub(crate) struct Batch<'a> {
    engine: &'a Engine,
    pub control: &'a Control,
    id: RunId,
    base: Option<Entry>,
    run: Option<Run>,
    drafts: Vec<Draft>,
    pub effects: Effects,
}

impl<'a> Batch<'a> {
    /// On a run that exists.
    pub fn on(engine: &'a Engine, control: &'a Control, entry: &Entry) -> Self {
        let run = entry.run().clone();
        Self {
            engine,
            control,
            id: run.id,
            base: Some(entry.clone()),
            run: Some(run),
            drafts: Vec::new(),
            effects: Effects::default(),
        }
    }

    /// On a run that the first command starts.
    pub fn start(engine: &'a Engine, control: &'a Control, id: RunId) -> Self {
        Self { engine, control, id, base: None, run: None, drafts: Vec::new(), effects: Effects::default() }
    }

    /// Decides a command on the run as it is after the ones before.
    pub fn command(&mut self, command: Command) -> Result<()> {
        let drafts = decide(self.run.as_ref(), command, &self.engine.context())?;
        self.run = Some(follow(self.id, self.run.take(), &drafts)?);
        if drafts.iter().any(|draft| rests_on_control(&draft.event)) {
            self.effects.epoch = Some(self.control.epoch);
        }
        self.drafts.extend(drafts);
        Ok(())
    }

    /// The run as decided so far.
    pub fn run(&self) -> Result<&Run> {
        self.run.as_ref().ok_or_else(|| Error::internal("nothing was decided yet"))
    }

    /// Whether nothing was decided.
    pub fn is_empty(&self) -> bool {
        self.drafts.is_empty()
    }

    /// Keeps the proposed mutations with the event that was decided last.
    pub fn keep_proposed(&mut self, mutations: &[ProposedMutation]) {
        self.effects.proposed = self.drafts.len().checked_sub(1).map(|at| (at, mutations.to_vec()));
    }

    /// Remembers the answer to the request.
    pub fn answer(&mut self, record: Option<IdempotencyRecord>) {
        self.effects.idempotency = record;
    }

    /// Reads the records, fixes the plan and asks policy.
    pub async fn preview_and_decide(&mut self, resolved: &[Resolved]) -> Result<Looked> {
        let policy = self.control.policy.as_ref().map(|policy| policy.digest).ok_or_else(|| {
            Error::new(crate::Code::NoPolicy, "no policy set is in force, so nothing is permitted")
                .hint("publish and activate a policy set")
        })?;
        let plan = match preview::preview(self.control, resolved).await? {
            Previewed::Plan(plan) => plan,
            Previewed::Failed(code) => return Ok(Looked::Failed(code)),
            Previewed::Unreachable(why) => return Ok(Looked::Unreachable(why)),
        };
        if let Some(parent) = self.run()?.branched_from {
            // Under another spelling of its id a record is only known once it was read.
            let parent = self.engine.load(self.control.workspace, parent).await?;
            for planned in parent.spent() {
                let done = parent.mutation(planned.document.n)?;
                if plan.iter().any(|previewed| repeats(&previewed.mutation, done)) {
                    return Ok(Looked::Failed(crate::ledger::slug("branch_repeats")));
                }
            }
        }
        // What was read belongs to the configuration as it is: a change meanwhile means to read again.
        self.effects.epoch = Some(self.control.epoch);
        let mut salt = || self.engine.entropy.salt();
        let (id, revision) = (self.id, self.run()?.revision + 1);
        let sealed =
            domain::plan::seal(id, &self.control.settings.origin, policy, revision, &plan, &mut salt)
                .map_err(|fault| {
                    Error::new(crate::Code::InvalidPlan, "a mutation is larger than one document can hold")
                        .because(fault)
                })?;
        self.command(Command::RecordPreview(Box::new(sealed.previewed.clone())))?;
        let mutations: Vec<&Mutation> = plan.iter().map(|previewed| &previewed.mutation).collect();
        let decided = self.engine.decide_plan(self.control, self.run()?, &mutations).await?;
        self.command(Command::RecordDecision(Box::new(decided.record)))?;
        self.effects.usage = decided.usage;
        self.effects.turns = decided.turns;
        self.effects.plan = Some((sealed, plan));
        Ok(Looked::Decided)
    }

    /// The same for a run that nobody steers: what can never be previewed ends it.
    pub async fn preview_or_fail(&mut self, resolved: &[Resolved]) -> Result<Option<String>> {
        match self.preview_and_decide(resolved).await? {
            Looked::Decided => Ok(None),
            Looked::Failed(code) => self.command(Command::FailPreview { code }).map(|()| None),
            Looked::Unreachable(why) => Ok(Some(why)),
        }
    }

    /// Seals everything; a recovery run that closed finishes its parent's recovery in the same commit.
    pub async fn prepare(mut self) -> Result<Prepared> {
        let run = self.run()?.clone();
        if run.closed.is_some() && self.base.as_ref().is_none_or(|base| base.run().closed.is_none()) {
            let change = if run.has_effect() {
                UsageChange::Settle { run: run.id }
            } else {
                UsageChange::Release { run: run.id }
            };
            // A run that reserves and closes in one commit reserves nothing.
            self.effects.usage.clear();
            self.effects.usage.push(change);
        }
        let prepared =
            self.engine.prepare(self.control, self.id, self.base.as_ref(), self.drafts, self.effects)?;
        match (&run.closed, run.recovers) {
            (Some(_), Some((parent, kind))) => {
                finish_parent(self.engine, self.control, prepared, parent, kind).await
            }
            _ => Ok(prepared),
        }
    }

    /// Saves it; `None` when it lost against another commit and must be decided again.
    pub async fn commit(self) -> Result<Option<(Entry, store::Committed)>> {
        let (engine, control) = (self.engine, self.control);
        let prepared = self.prepare().await?;
        match engine.save(control.workspace, prepared).await {
            Ok(saved) => {
                engine.learn(control, &saved.0);
                Ok(Some(saved))
            }
            Err(store::Error::Conflict(conflict)) if is_race(&conflict) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether an event says something about seats or the policy in force, which must still be so when it is committed: otherwise
/// the log would show an approval without a seat, or a decision by a set that was in force no more.
fn rests_on_control(event: &Event) -> bool {
    matches!(
        event,
        Event::PolicyDecided(_)
            | Event::ApprovalGiven(_)
            | Event::ApprovalRejected(_)
            | Event::RunAuthorized(_)
    )
}

/// Whether a mutation would do once more what another one did: to the same record, or, where both make one, the same one.
fn repeats(new: &Mutation, done: &Mutation) -> bool {
    let made = |mutation: &Mutation| {
        mutation.changes.iter().map(|change| (change.field.clone(), change.after.clone())).collect::<Vec<_>>()
    };
    new.connector == done.connector
        && new.object == done.object
        && new.verb() == done.verb()
        && new.record == done.record
        && (new.record.is_some() || made(new) == made(done))
}

/// Conflicts after which deciding again on fresh state can succeed.
fn is_race(conflict: &store::Conflict) -> bool {
    use store::Conflict;
    match conflict {
        Conflict::Seq { .. }
        | Conflict::Epoch { .. }
        | Conflict::Usage { .. }
        | Conflict::LeaseMoved
        | Conflict::LeaseTaken { .. }
        | Conflict::EntityVersion { .. }
        | Conflict::Erased
        | Conflict::Fence => true,
        Conflict::Lookup { .. }
        | Conflict::Idempotency(_)
        | Conflict::Disclosed { .. }
        | Conflict::KeyShared
        | Conflict::Checkpoint { .. } => false,
    }
}

async fn finish_parent(
    engine: &Engine,
    control: &Control,
    mut child: Prepared,
    parent: RunId,
    kind: RecoveryKind,
) -> Result<Prepared> {
    let run = child.entry().run().clone();
    let entry = engine.load(control.workspace, parent).await?;
    let Some(open) = entry.run().recovery.clone().filter(|open| open.run == run.id) else { return Ok(child) };
    // A plan that was amended is no longer the engine's undo, and proves nothing about the parent.
    let own_undo = run.amenders.is_empty() && open.kind == kind;
    let recovered = open
        .mutations
        .iter()
        .zip(&run.progress)
        .filter(|(_, progress)| {
            own_undo && is_proven(progress) && progress.recovered.is_none() && run.stage != Stage::Failed
        })
        .map(|(n, _)| *n)
        .collect();
    let code =
        run.closed.as_ref().map_or_else(|| crate::ledger::slug("closed"), |closed| closed.code.clone());
    let close = child.head().ok_or_else(|| Error::internal("a closed run has a last event"))?;
    let mut batch = Batch::on(engine, control, &entry);
    batch.command(Command::FinishRecovery { child: run.id, stage: run.stage, code, close, recovered })?;
    // The parent may be a recovery itself, which closes with this commit for the first time.
    child.and(Box::pin(batch.prepare()).await?);
    Ok(child)
}

/// Whether a read-back proved it. A divergence that somebody accepted restores nothing.
fn is_proven(progress: &Progress) -> bool {
    let last = progress.attempts.last().and_then(|attempt| attempt.result.as_ref());
    last.is_some_and(|result| result.outcome == Outcome::Applied)
}

/// A rationale as a sealed value.
pub(crate) fn sealed_text(text: Option<String>) -> Value {
    text.map_or(Value::Null, Value::Str)
}
