//! A run as people read it: plan, decision, approvals, attempts, recovery, and whose turn it is.

use std::collections::BTreeMap;

use connectors::connector::Connector;
use domain::event::{Event, Obligation};
use domain::field::FieldType;
use domain::id::{RunId, WorkspaceId};
use domain::mutation::{Fields, UndoKind};
use domain::name::Slug;
use domain::plan::PlannedMutation;
use domain::run::{Decision, RecoveryKind, Run, Takeover};
use domain::time::Timestamp;
use proof::digest::Digest;
use proof::json::{Object, Value};

use super::next_step::next_step;
use super::{LineageEvent, Named, NextStep, Tombstone};
use crate::access::{Caller, Operation};
use crate::control::Control;
use crate::ledger::{Entry, slug};
use crate::{Engine, Result};

/// A run with everything that a decision about it needs.
#[derive(Debug, Clone)]
pub struct RunView {
    /// The folded run.
    pub run: Run,
    /// Who proposed it.
    pub proposer: Named,
    /// Why; gone when erased.
    pub reason: Option<String>,
    /// The caller's reference.
    pub source_ref: Option<String>,
    /// Model, prompt and conversation reference.
    pub model: Option<Value>,
    /// Why reason, reference or model are gone.
    pub erasure: Option<Tombstone>,
    /// The plan.
    pub mutations: Vec<MutationView>,
    /// Policy's decision in plain words.
    pub explanation: Vec<String>,
    /// Why they are gone.
    pub explanation_erasure: Option<Tombstone>,
    /// When it was decided, and how long that took: microseconds.
    pub decided: Option<(Timestamp, u64)>,
    /// What is asked of whom, and how far it is.
    pub obligations: Vec<ObligationView>,
    /// Every verdict that was given, of every revision.
    pub approvals: Vec<ApprovalView>,
    /// Every attempt, of every revision.
    pub attempts: Vec<AttemptView>,
    /// Every drift.
    pub drift: Vec<DriftView>,
    /// Recovery runs, and what stopped this one if it is one.
    pub recovery: RecoveryView,
    /// Who holds it.
    pub holder: Option<(Named, Takeover)>,
    /// Whose turn it is.
    pub next: NextStep,
}

/// One mutation of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MutationView {
    /// Position.
    pub n: u32,
    /// The configured connector.
    pub connector: String,
    /// The kind of software.
    pub system: String,
    /// The kind of record.
    pub object: String,
    /// For people.
    pub object_label: String,
    /// What it does.
    pub kind: String,
    /// The kind or business action.
    pub verb: String,
    /// `<system>.<object>.<verb>`.
    pub action_name: String,
    /// For people.
    pub action_label: String,
    /// The record; absent for a create, or when erased.
    pub record: Option<String>,
    /// The version token at the preview.
    pub version: Option<String>,
    /// Its document's hash.
    pub hash: Digest,
    /// Field by field.
    pub changes: Vec<ChangeView>,
    /// How many fields of the record stay as they are.
    pub unchanged: usize,
    /// Fields that must not move.
    pub guard: BTreeMap<String, Option<Value>>,
    /// Arguments of the business action.
    pub arguments: Fields,
    /// How it can be undone.
    pub undo: UndoKind,
    /// What else happens.
    pub consequences: Vec<String>,
    /// Whether its values were erased.
    pub erased: bool,
    /// When and why they were.
    pub erasure: Option<Tombstone>,
}

/// One field's before and after; `None` is absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeView {
    /// The vendor's name.
    pub field: String,
    /// For people.
    pub label: String,
    /// What it holds.
    pub ty: Option<FieldType>,
    /// How careful its values are handled.
    pub sensitivity: &'static str,
    /// Before.
    pub before: Option<Value>,
    /// After.
    pub after: Option<Value>,
}

/// What one group is asked for, and what it gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObligationView {
    /// The obligation.
    pub obligation: Obligation,
    /// Approvals that count now.
    pub given: u32,
}

/// One verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalView {
    /// Who.
    pub person: Named,
    /// For which group.
    pub group: Slug,
    /// Whether it is an approval.
    pub approved: bool,
    /// On which plan.
    pub plan_digest: Digest,
    /// Its revision.
    pub revision: u32,
    /// When.
    pub at: Timestamp,
    /// Until when it counts.
    pub expires: Option<Timestamp>,
    /// How they proved who they are.
    pub method: String,
    /// Why; gone when erased.
    pub rationale: Option<String>,
    /// Why that is gone.
    pub erasure: Option<Tombstone>,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptView {
    /// The mutation.
    pub n: u32,
    /// Which attempt.
    pub attempt: u32,
    /// On which plan.
    pub plan_digest: Digest,
    /// When it started.
    pub started: Timestamp,
    /// Nothing was sent after this.
    pub send_by: Timestamp,
    /// When its outcome was known.
    pub finished: Option<Timestamp>,
    /// The outcome.
    pub outcome: Option<String>,
    /// Why.
    pub code: Option<String>,
    /// Whether another may follow.
    pub retryable: bool,
    /// Whether reconcile settled it.
    pub reconciled: bool,
    /// Whether a person accepted what differs.
    pub accepted: bool,
    /// What the write could promise.
    pub guarantee: String,
    /// How far the evidence had come.
    pub evidence: String,
    /// The idempotency key.
    pub key: Digest,
    /// Who caused it.
    pub requested_by: Named,
    /// The intent.
    pub request: Option<Value>,
    /// What was seen just before.
    pub observed: Option<Value>,
    /// The exchange with the system of record.
    pub response: Option<Value>,
    /// What the read-back showed.
    pub read_back: Option<Value>,
    /// Why values of it are gone.
    pub erasure: Option<Tombstone>,
}

/// A drift that was caught.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriftView {
    /// The mutation.
    pub n: u32,
    /// When.
    pub at: Timestamp,
    /// The plan that no longer held.
    pub plan_digest: Digest,
    /// `[{field, base, now, proposed}]`; gone when erased.
    pub view: Option<Value>,
    /// Why it is gone.
    pub erasure: Option<Tombstone>,
}

/// How the run's changes can be, are being or were taken back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecoveryView {
    /// Which kinds are possible now.
    pub possible: Vec<RecoveryKind>,
    /// Recovery runs: id, kind, outcome, which mutations.
    pub runs: Vec<(RunId, String, Option<String>, Vec<u32>)>,
    /// For a recovery that failed because somebody else moved the record: per mutation and field, the three values.
    pub conflicts: Option<Value>,
}

impl Engine {
    /// A run, as its reader may see it.
    pub async fn show_run(&self, caller: &Caller, id: RunId) -> Result<RunView> {
        caller.may(Operation::ReadRuns)?;
        let entry = self.visible(caller, id).await?;
        self.view_of(caller.workspace, &entry).await
    }

    /// The view of a loaded run.
    pub async fn view_of(&self, ws: WorkspaceId, entry: &Entry) -> Result<RunView> {
        let control = self.control(ws).await?;
        let run = entry.run();
        let events = self.read_lineage(ws, run.id).await?;
        let mut view = RunView {
            run: run.clone(),
            proposer: control.named(run.proposer),
            reason: None,
            source_ref: None,
            model: None,
            erasure: None,
            mutations: entry.plan.iter().map(|planned| mutation_view(&control, planned)).collect(),
            explanation: Vec::new(),
            explanation_erasure: None,
            decided: None,
            obligations: run
                .decision
                .as_ref()
                .map(|decision| obligations(&control, run, decision, self.now()))
                .unwrap_or_default(),
            approvals: Vec::new(),
            attempts: Vec::new(),
            drift: Vec::new(),
            recovery: RecoveryView { possible: possible(entry), ..RecoveryView::default() },
            holder: run
                .takeover
                .map(|held| (control.named(domain::principal::Principal::Person(held.holder)), held)),
            next: next_step(&control, run, self.now()),
        };
        view.next.blocked = self.blocked(&control, entry).await?;
        if view.mutations.iter().any(|mutation| mutation.erased) {
            let erasures = self.erasures_of(ws).await?;
            let erasures = erasures.read();
            for (mutation, planned) in view.mutations.iter_mut().zip(entry.plan.iter()) {
                let document = &planned.document;
                let gone = erasures.newest(document.sd.iter().chain(&document.changes));
                mutation.erasure = gone.filter(|_| mutation.erased).cloned();
            }
        }
        for event in events {
            let read = Event::read(&event.kind, event.data.clone())
                .map_err(|fault| crate::Error::internal("a stored event is malformed").because(fault))?;
            tell(&control, &mut view, &event, read);
        }
        Ok(view)
    }
}

impl AttemptView {
    fn erased_by(&mut self, tombstone: Option<&Tombstone>) {
        self.erasure = tombstone.cloned().or(self.erasure.take());
    }
}

fn text(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).map(str::to_owned)
}

/// A value that says something.
fn said(value: Option<&Value>) -> Option<Value> {
    value.filter(|value| !value.is_null()).cloned()
}

/// Adds what one event tells to the view.
fn tell(control: &Control, view: &mut RunView, event: &LineageEvent, read: Event) {
    match read {
        Event::RunProposed(_) => {
            view.reason = text(event.value("reason"));
            view.source_ref = text(event.value("source_ref"));
            view.model = said(event.value("model"));
            view.erasure = event.tombstone(&["reason", "source_ref", "model"]).cloned();
        }
        Event::PolicyDecided(decided) => {
            view.decided = Some((event.at, decided.duration_us));
            let sentences = event.value("rationale").and_then(Value::as_array).unwrap_or_default();
            view.explanation = sentences.iter().filter_map(|sentence| text(Some(sentence))).collect();
            view.explanation_erasure = event.tombstone(&["rationale"]).cloned();
        }
        Event::ApprovalGiven(given) => view.approvals.push(ApprovalView {
            person: event.by.clone(),
            group: given.group,
            approved: true,
            plan_digest: given.plan_digest,
            revision: given.revision,
            at: event.at,
            expires: Some(given.expires),
            method: given.method.to_string(),
            rationale: text(event.value("rationale")),
            erasure: event.tombstone(&["rationale"]).cloned(),
        }),
        Event::ApprovalRejected(given) => view.approvals.push(ApprovalView {
            person: event.by.clone(),
            group: given.group,
            approved: false,
            plan_digest: given.plan_digest,
            revision: given.revision,
            at: event.at,
            expires: None,
            method: given.method.to_string(),
            rationale: text(event.value("rationale")),
            erasure: event.tombstone(&["rationale"]).cloned(),
        }),
        Event::PlanDrifted(drifted) => view.drift.push(DriftView {
            n: drifted.n,
            at: event.at,
            plan_digest: drifted.plan_digest,
            view: said(event.value("view")),
            erasure: event.tombstone(&["view"]).cloned(),
        }),
        Event::AttemptStarted(started) => view.attempts.push(AttemptView {
            n: started.n,
            attempt: started.attempt,
            plan_digest: started.plan_digest,
            started: event.at,
            send_by: started.send_by,
            finished: None,
            outcome: None,
            code: None,
            retryable: false,
            reconciled: false,
            accepted: false,
            guarantee: started.guarantee.to_string(),
            evidence: started.evidence.to_string(),
            key: started.key,
            requested_by: control.named_text(&started.requested_by),
            request: said(event.value("request")),
            observed: said(event.value("observed")),
            response: None,
            read_back: None,
            erasure: event.tombstone(&["request", "observed"]).cloned(),
        }),
        Event::AttemptFinished(finished) => {
            if let Some(attempt) = view.attempts.last_mut() {
                attempt.finished = Some(event.at);
                attempt.outcome = Some(finished.outcome.to_string());
                attempt.code = Some(finished.code.to_string());
                attempt.retryable = finished.retryable;
                attempt.response = said(event.value("response"));
                attempt.read_back = said(event.value("read_back"));
                attempt.erased_by(event.tombstone(&["response", "read_back"]));
            }
        }
        Event::AttemptReconciled(settled) => {
            if let Some(attempt) = view.attempts.last_mut() {
                attempt.finished = Some(event.at);
                attempt.outcome = Some(settled.outcome.to_string());
                attempt.code = Some(settled.code.to_string());
                attempt.retryable = settled.retryable;
                attempt.reconciled = true;
                attempt.read_back = said(event.value("read_back")).or(attempt.read_back.take());
                attempt.erased_by(event.tombstone(&["read_back"]));
            }
        }
        Event::DivergenceAccepted(accepted) => {
            let attempt =
                view.attempts.iter_mut().rev().find(|a| a.n == accepted.n && a.attempt == accepted.attempt);
            if let Some(attempt) = attempt {
                attempt.accepted = true;
            }
        }
        Event::RecoveryPlanned(planned) => {
            view.recovery.runs.push((planned.run, planned.kind.to_string(), None, Vec::new()));
        }
        Event::RecoveryFinished(finished) => {
            if let Some(known) = view.recovery.runs.iter_mut().rev().find(|(run, ..)| *run == finished.run) {
                known.2 = Some(finished.outcome.to_string());
                known.3 = finished.recovered;
            }
        }
        Event::ArtifactAttached(_) => {
            if let Some(conflicts) = event.value("artifact").and_then(|artifact| artifact.get("conflicts")) {
                view.recovery.conflicts = Some(conflicts.clone());
            }
        }
        Event::PlanPreviewed(_)
        | Event::PlanAmended(_)
        | Event::ApprovalRequested(_)
        | Event::RunTakenOver(_)
        | Event::RunHandedBack(_)
        | Event::ChangeObserved(_)
        | Event::RunAuthorized(_)
        | Event::AuthorizationVoided(_)
        | Event::RunCommented(_)
        | Event::RunCancelled(_)
        | Event::RunExpired(_)
        | Event::RunClosed(_) => {}
    }
}

fn obligations(control: &Control, run: &Run, decision: &Decision, now: Timestamp) -> Vec<ObligationView> {
    let lapsed = control.lapsed(run);
    let one = |obligation: &Obligation| ObligationView {
        given: run.given(&obligation.group, now, &lapsed),
        obligation: obligation.clone(),
    };
    decision.obligations.iter().map(one).collect()
}

fn mutation_view(control: &Control, planned: &PlannedMutation) -> MutationView {
    let document = &planned.document;
    let verb = document.action.clone().unwrap_or_else(|| document.kind.clone());
    let connector = control.connector(&slug(&document.connector)).ok();
    let description = connector.map(Connector::describe);
    let object = description.and_then(|description| description.object(&slug(&document.object)));
    let action = description.and_then(|description| description.action(&slug(&document.object), &verb));
    let system =
        description.map_or_else(|| document.connector.clone(), |description| description.system.to_string());
    let mutation = planned.mutation.as_ref();
    let changes = mutation.map(|mutation| mutation.changes.as_slice()).unwrap_or_default();
    let changes = changes.iter().map(|change| {
        let field = object.and_then(|object| object.fields.get(&change.field));
        ChangeView {
            field: change.field.clone(),
            label: field.map_or_else(|| change.field.clone(), |field| field.label.clone()),
            ty: field.map(|field| field.ty),
            sensitivity: field.map_or("internal", |field| field.sensitivity.word()),
            before: change.before.clone(),
            after: change.after.clone(),
        }
    });
    let changes: Vec<ChangeView> = changes.collect();
    let fields = planned.base.as_ref().map_or(0, Object::len);
    MutationView {
        n: document.n,
        action_name: format!("{system}.{}.{verb}", document.object),
        action_label: action.map_or_else(|| verb.clone(), |action| action.label.clone()),
        object_label: object.map_or_else(|| document.object.clone(), |object| object.label.clone()),
        connector: document.connector.clone(),
        system,
        object: document.object.clone(),
        kind: document.kind.clone(),
        verb,
        record: mutation.and_then(|mutation| mutation.record.clone()),
        version: mutation.and_then(|mutation| mutation.version.clone()),
        hash: planned.hash,
        unchanged: fields.saturating_sub(changes.iter().filter(|change| change.before.is_some()).count()),
        changes,
        guard: mutation.map(|mutation| mutation.guard.clone()).unwrap_or_default(),
        arguments: mutation.map(|mutation| mutation.arguments.clone()).unwrap_or_default(),
        undo: UndoKind::parse(&document.undo).unwrap_or(UndoKind::Irreversible),
        consequences: mutation
            .zip(description)
            .map(|(mutation, description)| description.consequences(mutation))
            .unwrap_or_default(),
        erased: mutation.is_none(),
        erasure: None,
    }
}

/// Kinds of recovery for which something with an effect is left.
fn possible(entry: &Entry) -> Vec<RecoveryKind> {
    let run = entry.run();
    if !run.may_recover() || run.recovery.is_some() {
        return Vec::new();
    }
    let left: Vec<&PlannedMutation> =
        run.recoverable().into_iter().filter_map(|n| entry.plan.get(usize::try_from(n).ok()?)).collect();
    let kinds =
        [(RecoveryKind::Rollback, UndoKind::Rollback), (RecoveryKind::Compensation, UndoKind::Compensation)];
    kinds
        .into_iter()
        .filter(|(_, undo)| {
            let mut of_kind = left.iter().filter(|planned| planned.document.undo == undo.word()).peekable();
            // A recovery takes all of its kind, and none without its values.
            of_kind.peek().is_some() && of_kind.all(|planned| planned.mutation.is_some())
        })
        .map(|(kind, _)| kind)
        .collect()
}
