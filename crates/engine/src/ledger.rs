//! Runs in memory and on disk: load, seal, commit.
//!
//! One commit holds the run's new leaves with their sealed values, its query rows, and the work item that names its next
//! due time, under the number of leaves that was expected. A lost comparison is a conflict: load again, decide again.

mod cache;
mod load;
mod projection;
mod proposed;
mod rows;

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::event::Event;
use domain::id::{RunId, WorkId, WorkspaceId};
use domain::mutation::{Mutation, ProposedMutation};
use domain::name::Slug;
use domain::plan::{PlannedMutation, Previewed as Based, SealedPlan};
use domain::run::{Draft, Folded, Run};
use domain::sealed;
use domain::wire::{self, SealedEvent};
use proof::digest::Digest;
use store::{
    Chain, ChainAppend, Commit, Committed, EpochRule, IdempotencyRecord, LeaseChange, NewDisclosure,
    NewDocument, Projection, UsageChange, WorkChange,
};

pub(crate) use cache::{Cache, fields_bytes};
pub(crate) use projection::whole as whole_projection;
pub(crate) use rows::{class_standard, slug};

use crate::control::{Control, References};
use crate::turns::Turn;
use crate::{Code, Engine, Error, Result};

/// The kind of the one work item that each open run has.
pub(crate) const WORK_RUN: &str = "run";

/// A run with its newest plan.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The run and the hashes of its leaves.
    pub folded: Arc<Folded>,
    /// The mutations of the newest previewed plan, in order; empty before the first preview.
    pub plan: Arc<Vec<PlannedMutation>>,
    /// What was proposed, until there is a plan; empty also when its values were erased.
    pub proposed: Arc<Vec<ProposedMutation>>,
    /// The erasures of this process that had happened when its values were read.
    pub(crate) as_of: u64,
}

/// What a run is about, as lists show it: its first mutation.
pub(crate) struct Target {
    pub connector: Slug,
    pub object: Slug,
    /// The kind or business action.
    pub verb: String,
}

impl Entry {
    /// The run.
    pub fn run(&self) -> &Run {
        &self.folded.run
    }

    /// What the run is about; `None` when the values of an unpreviewed proposal were erased.
    pub(crate) fn target(&self) -> Option<Target> {
        if let Some(planned) = self.plan.first() {
            let document = &planned.document;
            let verb = document.action.clone().unwrap_or_else(|| document.kind.clone());
            return Some(Target {
                connector: slug(&document.connector),
                object: slug(&document.object),
                verb,
            });
        }
        let first = self.proposed.first()?;
        let verb = first.verb().to_owned();
        Some(Target { connector: first.connector.clone(), object: first.object.clone(), verb })
    }

    /// The mutations that had an effect.
    pub(crate) fn spent(&self) -> impl Iterator<Item = &PlannedMutation> {
        let tried = self.plan.iter().zip(&self.run().progress);
        tried.filter(|(_, progress)| progress.has_effect()).map(|(planned, _)| planned)
    }

    /// The same run without the values of these holders, as it reads once they are erased.
    pub(crate) fn without(&self, holders: &BTreeSet<Digest>) -> Self {
        let erased = |planned: &PlannedMutation| {
            let mut planned = planned.clone();
            if holders.contains(&planned.hash) {
                (planned.mutation, planned.base, planned.configuration) = (None, None, None);
            }
            planned
        };
        Self {
            plan: Arc::new(self.plan.iter().map(erased).collect()),
            // What was proposed is filed under the run while there is no plan, and that goes as a whole.
            proposed: Arc::default(),
            ..self.clone()
        }
    }

    /// A mutation of the plan, with its values.
    pub fn mutation(&self, n: u32) -> Result<&Mutation> {
        let planned = usize::try_from(n).ok().and_then(|n| self.plan.get(n));
        let planned = planned.ok_or_else(|| Error::not_found("mutation", &n.to_string()))?;
        planned
            .mutation
            .as_ref()
            .ok_or_else(|| Error::new(Code::ValueErased, format!("the values of mutation {n} were erased")))
    }
}

/// What a commit saves beside a run's events.
#[derive(Default)]
pub(crate) struct Effects {
    /// A plan that the events preview.
    pub plan: Option<(SealedPlan, Vec<Based>)>,
    /// The proposed mutations, kept with the event at this place among the drafts.
    pub proposed: Option<(usize, Vec<ProposedMutation>)>,
    /// Record leases.
    pub leases: Vec<LeaseChange>,
    /// The control epoch that must still hold.
    pub epoch: Option<u64>,
    /// Budgets.
    pub usage: Vec<UsageChange>,
    /// The turns of these budgets, given on when the commit is saved.
    pub turns: Vec<Turn>,
    /// The answer to the request.
    pub idempotency: Option<IdempotencyRecord>,
    /// Whole commits of other runs that are saved together with this one.
    pub with: Vec<Prepared>,
    /// Entities, such as artifacts.
    pub entities: Vec<store::EntityWrite>,
}

/// A run's part of a commit.
pub(crate) struct Prepared {
    run: RunId,
    /// Whether it goes on from values that were read before.
    is_based: bool,
    entry: Entry,
    append: ChainAppend,
    documents: Vec<NewDocument>,
    disclosures: Vec<NewDisclosure>,
    projection: Projection,
    work: WorkChange,
    effects: Effects,
}

impl Prepared {
    /// The run as it is after the commit.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Saves another run in the same commit.
    pub fn and(&mut self, other: Prepared) {
        self.effects.with.push(other);
    }

    /// The leaf hash of its last event.
    pub fn head(&self) -> Option<Digest> {
        self.entry.folded.hashes.last().copied()
    }
}

impl Engine {
    /// Seals decided events behind a run, ready to be committed. `base` is `None` for a run that these events start.
    pub(crate) fn prepare(
        &self,
        control: &Control,
        id: RunId,
        base: Option<&Entry>,
        drafts: Vec<Draft>,
        mut effects: Effects,
    ) -> Result<Prepared> {
        let known = base.map(|entry| entry.folded.hashes.clone()).unwrap_or_default();
        let expected_seq = u64::try_from(known.len()).unwrap_or(u64::MAX);
        let mut salt = || self.entropy.salt();
        let meaning: Vec<(Event, String)> =
            drafts.iter().map(|draft| (draft.event.clone(), draft.by.to_by().id)).collect();
        let sealed = wire::seal_run(id, &known, self.node, drafts, &mut salt)?;
        let mut folded = base.map(|entry| (*entry.folded).clone());
        for event in &sealed {
            folded = Some(wire::extend(id, folded, &event.bytes)?);
        }
        let folded = folded.ok_or(wire::Corrupt::Empty)?;
        let mut documents = Vec::new();
        let mut disclosures = Vec::new();
        let mut plan = base.map(|entry| Arc::clone(&entry.plan)).unwrap_or_default();
        if let Some((sealed_plan, mutations)) = effects.plan.take() {
            plan = Arc::new(keep_plan(
                &control.keys_of,
                id,
                &sealed_plan,
                mutations,
                &mut documents,
                &mut disclosures,
            ));
        }
        let proposed = match &effects.proposed {
            Some((_, proposed)) if plan.is_empty() => Arc::new(proposed.clone()),
            None if plan.is_empty() => base.map(|entry| Arc::clone(&entry.proposed)).unwrap_or_default(),
            Some(_) | None => Arc::default(),
        };
        let as_of = base.map_or_else(|| self.cache.as_of(), |entry| entry.as_of);
        let entry = Entry { folded: Arc::new(folded), plan, proposed, as_of };
        for (event, (meaning, by)) in sealed.iter().zip(&meaning) {
            seal_values(&control.keys_of, &entry, event, meaning, by, &mut disclosures);
        }
        if let Some((at, proposed)) = effects.proposed.take() {
            let holder = sealed.get(at).ok_or_else(|| Error::internal("the proposal's event is missing"))?;
            for (value, n) in proposed::values(&proposed).into_iter().zip(0..) {
                let (disclosure, parts) =
                    sealed::seal(proposed::NAME, &value, &mut salt).map_err(wire::SealFault::from)?;
                let subject = subject_of_mutation(&control.keys_of, &entry, n);
                disclosures.extend([disclosure].into_iter().chain(parts).map(|disclosure| NewDisclosure {
                    holder: holder.hash,
                    disclosure,
                    subject,
                    class: class_standard(),
                }));
            }
        }
        let append = ChainAppend {
            chain: Chain::Run(id),
            expected_seq,
            leaves: sealed.into_iter().map(|event| event.bytes).collect(),
        };
        let events: Vec<Event> = meaning.into_iter().map(|(event, _)| event).collect();
        let projection = projection::project(control, &entry, &events);
        let work = self.due_work(control, &entry);
        Ok(Prepared {
            run: id,
            is_based: base.is_some(),
            entry,
            append,
            documents,
            disclosures,
            projection,
            work,
            effects,
        })
    }

    /// Saves a prepared run, and whatever goes with it, in one transaction.
    pub(crate) async fn save(
        &self,
        ws: WorkspaceId,
        prepared: Prepared,
    ) -> std::result::Result<(Entry, Committed), store::Error> {
        let mut commit = Commit::new(ws, self.clock.now());
        let entry = prepared.entry.clone();
        let (mut entries, mut turns) = (Vec::new(), Vec::new());
        // No erasure comes between the look and the commit: what was read before one must not be written after it.
        let _before_or_after = self.erasing.read().await;
        let mut queue = vec![prepared];
        while let Some(mut part) = queue.pop() {
            queue.append(&mut part.effects.with);
            if part.is_based && self.cache.is_stale(ws, part.run, &part.entry) {
                return Err(store::Conflict::Erased.into());
            }
            commit.appends.push(part.append);
            commit.documents.append(&mut part.documents);
            commit.disclosures.append(&mut part.disclosures);
            commit.projections.push(part.projection);
            commit.work.push(part.work);
            commit.leases.append(&mut part.effects.leases);
            commit.usage.append(&mut part.effects.usage);
            commit.entities.append(&mut part.effects.entities);
            turns.append(&mut part.effects.turns);
            commit.epoch = part.effects.epoch.map_or(commit.epoch, EpochRule::MustBe);
            commit.idempotency = part.effects.idempotency.take().or(commit.idempotency);
            entries.push((part.run, part.entry));
        }
        let committed = self.store.commit(commit).await;
        drop(turns);
        for (run, entry) in entries {
            match &committed {
                Ok(_) => {
                    self.cache.put(ws, run, entry);
                    self.waiters.wake(run);
                }
                Err(_) => self.cache.forget(ws, run),
            }
        }
        let committed = committed?;
        self.wake.notify_one();
        Ok((entry, committed))
    }
}

/// The work item of a run: its id is the run's, so that each commit moves the one item that there is.
pub(crate) fn work_id(run: RunId) -> WorkId {
    let text = run.to_string();
    let suffix = text.strip_prefix("run_").unwrap_or_default();
    // A run id's suffix is a work id's suffix: both are 128 bits in the same alphabet.
    WorkId::parse(&format!("{}_{suffix}", WorkId::PREFIX))
        .unwrap_or_else(|_| WorkId::new(domain::time::Timestamp::from_millis(0), [0; 10]))
}

fn keep_plan(
    keys: &References,
    run: RunId,
    sealed: &SealedPlan,
    mutations: Vec<Based>,
    documents: &mut Vec<NewDocument>,
    disclosures: &mut Vec<NewDisclosure>,
) -> Vec<PlannedMutation> {
    let mut planned = Vec::with_capacity(mutations.len());
    for (document, Based { mutation, base, configuration }) in sealed.documents.iter().zip(mutations) {
        let subject = subject_of(keys, run, Some(&mutation));
        for disclosure in &document.disclosures {
            let disclosure = disclosure.clone();
            disclosures.push(NewDisclosure {
                holder: document.hash,
                disclosure,
                subject,
                class: class_standard(),
            });
        }
        let revision = sealed.previewed.revision;
        documents.push(NewDocument { run, revision, n: mutation.n, bytes: document.bytes.clone() });
        // The document was just written by us, so it reads.
        if let Ok(read) = domain::plan::open(&document.bytes, &[]) {
            planned.push(PlannedMutation {
                mutation: Some(mutation),
                base: base.map(|base| base.fields),
                configuration: Some(configuration),
                ..read
            });
        }
    }
    planned
}

fn subject_of(keys: &References, run: RunId, mutation: Option<&Mutation>) -> [u8; 32] {
    let record = mutation.and_then(Mutation::record_ref);
    record.map_or_else(
        || keys.principal(&run.to_string()),
        |record| keys.record(&record.connector, &record.object, &record.id),
    )
}

/// Whose data a run's own values are: of the one record that its plan is about, else of the run. What is filed under the
/// run goes with each of its records.
fn subject_of_run(keys: &References, entry: &Entry) -> [u8; 32] {
    let only = match entry.plan.as_slice() {
        [only] if entry.run().plan.is_some() => only.mutation.as_ref(),
        _ => None,
    };
    subject_of(keys, entry.run().id, only)
}

/// Whose data a proposed mutation is: of the record that the plan found for it, else of the run.
fn subject_of_mutation(keys: &References, entry: &Entry, n: usize) -> [u8; 32] {
    let planned = entry.plan.get(n).filter(|_| entry.run().plan.is_some());
    subject_of(keys, entry.run().id, planned.and_then(|planned| planned.mutation.as_ref()))
}

/// Files the sealed values of an event under the subject that they are about.
fn seal_values(
    keys: &References,
    entry: &Entry,
    event: &SealedEvent,
    meaning: &Event,
    by: &str,
    disclosures: &mut Vec<NewDisclosure>,
) {
    let run = entry.run().id;
    let of_mutation = |n: u32| {
        let planned = usize::try_from(n).ok().and_then(|n| entry.plan.get(n));
        subject_of(keys, run, planned.and_then(|planned| planned.mutation.as_ref()))
    };
    let about = rows::mutation_of(meaning);
    for (name, disclosure) in &event.disclosures {
        let subject = if rows::is_about_author(name) {
            keys.principal(by)
        } else {
            about.map_or_else(|| subject_of_run(keys, entry), of_mutation)
        };
        disclosures.push(NewDisclosure {
            holder: event.hash,
            disclosure: disclosure.clone(),
            subject,
            class: class_standard(),
        });
    }
}

/// How long after the end of its send window a write of this mutation may still take effect: milliseconds.
pub(crate) fn landing_ms(control: &Control, entry: &Entry, n: u32) -> i64 {
    let document = usize::try_from(n).ok().and_then(|n| entry.plan.get(n)).map(|planned| &planned.document);
    let action = document.and_then(|document| {
        let connector = control.connector(&slug(&document.connector)).ok()?;
        let verb = document.action.as_deref().unwrap_or(&document.kind);
        connector
            .describe()
            .action(&slug(&document.object), verb)
            .map(|a| a.timeout_ms.saturating_add(a.lands_within_ms))
    });
    i64::try_from(action.unwrap_or(LANDING_MS)).unwrap_or(i64::MAX)
}

/// When the connector is gone, nobody knows; a minute is longer than our longest request.
const LANDING_MS: u64 = 60_000;
