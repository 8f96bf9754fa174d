//! What an erasure takes, and what keeps it from being taken.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::{HoldId, RunId, WorkspaceId};
use domain::time::Timestamp;
use proof::digest::Digest;
use proof::json::Value;
use proof::leaf::Leaf;
use store::{Chain, Cursor, RunQuery, Scope, SealedField, StoredLeaf, SubjectKey};

use super::super::artifacts;
use super::super::holds::{self, standing};
use super::{DataSubject, ErasureRequest};
use crate::control::{Control, HoldScope};
use crate::{Code, Engine, Error, Result};

/// Why a refusal is lawful: a duty to keep (GDPR article 17(3)(b)).
const DUTY: &str = "gdpr-17-3-b";
/// Why a refusal is lawful: nobody knows yet what a write did.
const UNSETTLED: &str = "unsettled";

/// What an erasure takes.
pub(super) struct Taken {
    /// The sealed fields, by scope. No field is in two of them.
    pub parts: Vec<(Scope, Vec<SealedField>)>,
    /// The runs that are about the subject.
    pub runs: BTreeSet<RunId>,
    /// Whether there is more to erase than sealed fields.
    pub account: bool,
}

/// Whether values may go now.
pub(super) enum Held {
    /// Nothing keeps them.
    Free,
    /// The retention period does, until then, and that is overridden.
    Overridden(Timestamp),
    /// Something keeps them.
    By {
        /// Why that is lawful.
        basis: &'static str,
        /// The hold that does.
        hold: Option<HoldId>,
        /// What the caller is told.
        error: Error,
    },
}

impl Taken {
    pub fn fields(&self) -> impl Iterator<Item = &SealedField> {
        self.parts.iter().flat_map(|(_, fields)| fields)
    }

    pub fn count(&self) -> usize {
        self.parts.iter().map(|(_, fields)| fields.len()).sum()
    }

    pub fn is_nothing(&self) -> bool {
        self.count() == 0 && !self.account
    }

    /// The leaves and documents of a run that lose a value.
    pub fn holders(&self, run: RunId) -> BTreeSet<Digest> {
        self.fields().filter(|field| field.chain == Chain::Run(run)).map(|field| field.holder).collect()
    }

    /// Under whom the values are filed.
    pub fn subjects(&self) -> BTreeSet<SubjectKey> {
        self.fields().map(|field| field.subject).collect()
    }
}

/// Whether a hold names one of these subjects.
pub(super) fn names(scope: &HoldScope, subjects: &BTreeSet<SubjectKey>) -> bool {
    match scope {
        HoldScope::Person(key) | HoldScope::Record(key) => {
            holds::key(key).is_some_and(|key| subjects.contains(&key))
        }
        HoldScope::Everything | HoldScope::Run(_) => false,
    }
}

impl Engine {
    /// What an erasure of a subject takes now.
    pub(super) async fn taken(&self, control: &Control, subject: &DataSubject) -> Result<Taken> {
        let ws = control.workspace;
        let mut taken = Taken { parts: Vec::new(), runs: BTreeSet::new(), account: false };
        match subject {
            DataSubject::Person(id) => {
                self.take(ws, filed(control.keys_of.principal(&id.to_string())), &mut taken).await?;
                taken.account = control.persons.get(id).is_some_and(|known| known.erased.is_none());
            }
            DataSubject::Run(id) => {
                taken.runs.insert(*id);
                self.take(ws, Scope::Chain(Chain::Run(*id)), &mut taken).await?;
            }
            DataSubject::Record(record) => {
                let token = control.keys_of.record(&record.connector, &record.object, &record.id);
                taken.runs = self.runs_about(ws, token).await?;
                self.take(ws, filed(token), &mut taken).await?;
                let seen: Vec<RunId> = taken.fields().filter_map(|field| run_of(field.chain)).collect();
                taken.runs.extend(seen);
                // What a run says as a whole is about each of its records.
                for run in taken.runs.clone() {
                    self.take(ws, filed(control.keys_of.principal(&run.to_string())), &mut taken).await?;
                }
            }
        }
        Ok(taken)
    }

    async fn take(&self, ws: WorkspaceId, scope: Scope, taken: &mut Taken) -> Result<()> {
        let fields = self.store.sealed_fields(ws, scope.clone()).await?;
        if !fields.is_empty() {
            taken.parts.push((scope, fields));
        }
        Ok(())
    }

    /// Every run about a record, as the query rows say.
    async fn runs_about(&self, ws: WorkspaceId, record: SubjectKey) -> Result<BTreeSet<RunId>> {
        let mut runs = BTreeSet::new();
        let mut cursor: Option<Cursor> = None;
        loop {
            let query = RunQuery {
                record: Some(record),
                cursor,
                limit: store::page::PAGE_MAX,
                ..RunQuery::default()
            };
            let page = self.store.runs(ws, query).await?;
            runs.extend(page.items.iter().map(|row| row.id));
            cursor = page.next;
            if cursor.is_none() {
                return Ok(runs);
            }
        }
    }

    /// Whether the values may go: no hold, no running retention period, no write of which nobody knows what it did.
    pub(super) async fn held(
        &self,
        control: &Control,
        request: &ErasureRequest,
        taken: &Taken,
    ) -> Result<Held> {
        for (id, hold) in standing(control, self.now()) {
            if self.keeps(control.workspace, &hold.scope, taken).await? {
                let error = Error::new(Code::ErasureHeld, format!("the hold {id} keeps these values"))
                    .hint("they can be erased once the hold is released");
                return Ok(Held::By { basis: DUTY, hold: Some(*id), error });
            }
        }
        let until = self.kept_until(control, &request.subject, taken).await?;
        let runs = until.filter(|until| self.now() < *until);
        if let (Some(until), false) = (runs, request.override_retention) {
            let days = control.settings.retention_days;
            let error = Error::new(
                Code::ErasureHeld,
                format!("values are kept for {days} days, and the newest of these until {until}"),
            )
            .hint("`override_retention` erases them all the same, and is recorded");
            return Ok(Held::By { basis: DUTY, hold: None, error });
        }
        for run in &taken.runs {
            let entry = self.load(control.workspace, *run).await?;
            if entry.run().is_unsettled() {
                let message = format!("the run {run} waits for the outcome of a write");
                let error = Error::new(Code::MutationUnsettled, message).hint("reconcile the outcome first");
                return Ok(Held::By { basis: UNSETTLED, hold: None, error });
            }
        }
        Ok(runs.map_or(Held::Free, Held::Overridden))
    }

    /// Whether a hold keeps one of the values.
    async fn keeps(&self, ws: WorkspaceId, scope: &HoldScope, taken: &Taken) -> Result<bool> {
        Ok(match scope {
            HoldScope::Everything => true,
            HoldScope::Person(_) => names(scope, &taken.subjects()),
            HoldScope::Record(key) => {
                // A key that does not read keeps everything rather than nothing.
                let Some(key) = holds::key(key) else { return Ok(true) };
                let runs = self.runs_about(ws, key).await?;
                taken.fields().any(|field| {
                    field.subject == key || run_of(field.chain).is_some_and(|run| runs.contains(&run))
                })
            }
            HoldScope::Run(id) => {
                taken.fields().any(|field| run_of(field.chain).is_some_and(|run| run.to_string() == *id))
            }
        })
    }

    /// Until when the retention period keeps the values: of a run from its close, of a person or record from the newest
    /// event of a chain that holds one. An open run has not begun to be kept.
    async fn kept_until(
        &self,
        control: &Control,
        subject: &DataSubject,
        taken: &Taken,
    ) -> Result<Option<Timestamp>> {
        let chains: BTreeSet<Chain> = taken.fields().map(|field| field.chain).collect();
        let mut newest = None;
        for chain in chains {
            let at = match chain {
                Chain::Workspace => self.newest_act(control.workspace, taken).await?,
                Chain::Run(run) => {
                    let row = self.store.run_row(control.workspace, run).await?;
                    row.map(|row| match (row.closed, subject) {
                        (None, _) => self.now(),
                        (Some(closed), DataSubject::Run(_)) => closed,
                        (Some(_), DataSubject::Person(_) | DataSubject::Record(_)) => row.updated,
                    })
                }
            };
            newest = newest.max(at);
        }
        let seconds = u64::from(control.settings.retention_days) * 24 * 3600;
        Ok(newest.map(|newest| newest.plus_s(seconds)))
    }

    /// The time of the newest act that holds one of the values. What a hold says is none: it would keep what it kept.
    async fn newest_act(&self, ws: WorkspaceId, taken: &Taken) -> Result<Option<Timestamp>> {
        let holders: BTreeSet<Digest> = taken
            .fields()
            .filter(|field| field.chain == Chain::Workspace)
            .map(|field| field.holder)
            .collect();
        let (mut next, mut newest) = (0, None);
        loop {
            let leaves = self.store.chain(ws, Chain::Workspace, next, store::page::CHAIN_MAX).await?;
            let Some(last) = leaves.last() else { return Ok(newest) };
            next = last.seq + 1;
            let held = leaves.iter().filter(|leaf| holders.contains(&leaf.hash));
            newest = newest.max(held.filter_map(time_of).max());
        }
    }

    /// Files of runs whose mention goes: each with the runs that give it up.
    pub(super) async fn files(
        &self,
        ws: WorkspaceId,
        taken: &Taken,
    ) -> Result<BTreeMap<Digest, BTreeSet<RunId>>> {
        let mut files: BTreeMap<Digest, BTreeSet<RunId>> = BTreeMap::new();
        for run in &taken.runs {
            let holders = taken.holders(*run);
            let leaves = self.leaves(ws, *run).await?;
            let attached = leaves.iter().filter(|leaf| holders.contains(&leaf.hash) && attaches(leaf));
            let attached: Vec<Digest> = attached.map(|leaf| leaf.hash).collect();
            if attached.is_empty() {
                continue;
            }
            for opened in self.sealed(ws, Chain::Run(*run), attached).await?.into_values().flatten() {
                let digest =
                    opened.value.get(artifacts::DIGEST).and_then(Value::as_str).and_then(Digest::parse);
                if let Some(digest) = digest {
                    files.entry(digest).or_default().insert(*run);
                }
            }
        }
        Ok(files)
    }
}

fn filed(subject: SubjectKey) -> Scope {
    Scope::Subject { subject, class: None }
}

fn run_of(chain: Chain) -> Option<RunId> {
    match chain {
        Chain::Workspace => None,
        Chain::Run(run) => Some(run),
    }
}

fn time_of(stored: &StoredLeaf) -> Option<Timestamp> {
    let leaf = Leaf::parse(&stored.bytes).ok()?;
    if leaf.kind.starts_with("hold.") {
        return None;
    }
    Timestamp::parse(&leaf.time)
}

fn attaches(stored: &StoredLeaf) -> bool {
    Leaf::parse(&stored.bytes).is_ok_and(|leaf| leaf.kind == "artifact.attached")
}
