//! Erasure: values of a person, a record or a run become unreadable for good, and the chain says which and why.
//!
//! One commit deletes the sealed rows and the data keys that seal nothing any more, makes query rows anew without what was
//! erased, and appends the leaves that name every digest. Open runs are cancelled before. What a hold or the retention
//! period keeps is refused, and the refusal is an event as well.

mod decide;
mod replay;
mod subject;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use domain::id::{HoldId, RunId};
use domain::name::Slug;
use domain::principal::Actor;
use domain::time::Timestamp;
use domain::workspace::{DisclosureErased, ERASED_MAX, ErasureRefused, Head, WorkspaceEvent};
use proof::digest::Digest;
use proof::json::object;
use proof::leaf::SdDigest;
use store::{Chain, ChainAppend, Commit, Conflict, EntityKind, EntityWrite, Erasure};

use super::auth::{access_changed, person_of, write_person};
use super::chain::{Act, Asked, Change, delete, names_nothing, still_allowed};
use super::check;
use crate::access::{Caller, Operation};
use crate::commands::{IdempotencyKey, RACES_MAX};
use crate::control::{Control, PersonBody};
use crate::ledger::{slug, whole_projection};
use crate::{Code, Engine, Error, Result};

use decide::{Held, Taken};
pub use subject::DataSubject;
pub use view::ErasureView;

/// What an erased person is called.
const ERASED_NAME: &str = "Erased person";

/// A request to erase.
#[derive(Debug, Clone)]
pub struct ErasureRequest {
    /// Of whom or what.
    pub subject: DataSubject,
    /// Why that is lawful, such as `gdpr-17-1-b`.
    pub basis: Slug,
    /// Where the request is filed, for people; sealed.
    pub request_ref: String,
    /// When the last backup is gone that still holds the values: needed where their keys do not die with them.
    pub complete_by: Option<Timestamp>,
    /// Whether to erase although the retention period runs.
    pub override_retention: bool,
}

/// What one try came to.
enum Tried {
    /// It is done; this is the place of the first leaf.
    Done(u64),
    /// Something came first: decide again.
    Lost,
}

impl Engine {
    /// Erases.
    ///
    /// # Errors
    /// [`Code::ErasureHeld`] while a hold stands or the retention period runs, [`Code::MutationUnsettled`] while nobody knows
    /// what a write did: both are recorded. [`Code::NotFound`] when nothing is left to erase.
    pub async fn erase(
        &self,
        caller: &Caller,
        request: ErasureRequest,
        key: Option<&IdempotencyKey>,
    ) -> Result<ErasureView> {
        caller.may(Operation::Erase)?;
        caller.person("erase values")?;
        let asked = Asked { caller, operation: "erase", key };
        if let Some(id) = self.made_before(asked).await? {
            return self.show_erasure(caller, id.parse().map_err(|_| names_nothing())?).await;
        }
        let _busy = self.busy(caller, asked.operation, key)?;
        let request =
            ErasureRequest { request_ref: check::name(&request.request_ref, "/request_ref")?, ..request };
        if request.complete_by.is_some_and(|by| by <= self.now()) {
            return Err(Error::new(Code::InvalidRequest, "that day has passed").at("/complete_by"));
        }
        self.check_subject(caller, &request.subject).await?;
        self.check_erasable(caller, &request.subject).await?;
        for _ in 0..RACES_MAX {
            if let Tried::Done(id) = self.try_erase(asked, &request).await? {
                return self.show_erasure(caller, id).await;
            }
        }
        Err(Error::new(Code::Conflict, "values come faster than they can be erased").retry_after(1))
    }

    async fn try_erase(&self, asked: Asked<'_>, request: &ErasureRequest) -> Result<Tried> {
        let caller = asked.caller;
        let ws = caller.workspace;
        // The head before everything else: whatever is done in between, such as placing a hold, makes the commit lose.
        let head = self.head(ws).await?;
        let control = self.control(ws).await?;
        still_allowed(&control, caller)?;
        let taken = self.taken(&control, &request.subject).await?;
        if taken.is_nothing() {
            return Err(Error::not_found("value to erase of", &request.subject.to_string()));
        }
        let files = self.files(ws, &taken).await?;
        check_backups(request, &taken, !files.is_empty())?;
        let kept_until = match self.held(&control, request, &taken).await? {
            Held::Free => None,
            Held::Overridden(until) => Some(until),
            Held::By { basis, hold, error } => {
                return Err(self.refuse(caller, request, &taken, basis, hold, error).await?);
            }
        };
        if self.cancel_open(caller, &taken).await? {
            return Ok(Tried::Lost);
        }
        let mut change =
            Change { acts: Vec::new(), entities: self.entities(&control, request, &taken, &files).await? };
        change.acts.extend(kept_until.map(|until| {
            let detail = object([
                ("request_ref", request.request_ref.as_str().into()),
                ("until", until.to_string().into()),
            ]);
            access_changed("retention_overridden", caller.principal, detail)
        }));
        let first = head.next + u64::try_from(change.acts.len()).unwrap_or_default();
        change.acts.extend(leaves(caller, request, &taken));
        let by = Actor::Principal(caller.principal);
        let (mut commit, after) = self.sealed_change(ws, head, by, &control.keys_of, change)?;
        self.put_erasures(&control, request, &taken, first, &mut commit).await?;
        commit.idempotency = self.made(asked, &first.to_string());
        self.save_erasure(commit, after, head, &taken, first).await
    }

    async fn save_erasure(
        &self,
        commit: Commit,
        after: Head,
        head: Head,
        taken: &Taken,
        first: u64,
    ) -> Result<Tried> {
        let ws = commit.workspace;
        let saved = {
            let _alone = self.erasing.write().await;
            let saved = self.save_acts(commit, after).await;
            if saved.is_ok() {
                self.cache.erase(ws, taken.runs.iter().copied());
            }
            saved
        };
        match saved {
            Ok(()) => Ok(Tried::Done(first)),
            Err(store::Error::Conflict(
                Conflict::Seq { .. }
                | Conflict::EntityVersion { .. }
                | Conflict::Disclosed { .. }
                | Conflict::Erased
                | Conflict::KeyShared,
            )) => {
                self.read_head(ws, head).await?;
                Ok(Tried::Lost)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What is deleted, compared and made anew beside the acts.
    async fn put_erasures(
        &self,
        control: &Control,
        request: &ErasureRequest,
        taken: &Taken,
        first: u64,
        commit: &mut Commit,
    ) -> Result<()> {
        let id = match &request.subject {
            DataSubject::Person(id) => Some(id.to_string()),
            DataSubject::Record(_) | DataSubject::Run(_) => None,
        };
        commit.erasures.extend(taken.parts.iter().map(|(scope, fields)| Erasure {
            scope: scope.clone(),
            count: fields.len(),
            may_leave_keys: request.complete_by.is_some(),
            leaf: Some(first),
            id: id.clone(),
        }));
        for run in &taken.runs {
            let entry = self.load(control.workspace, *run).await?;
            let rows = whole_projection(control, &entry.without(&taken.holders(*run)));
            // A run that went on meanwhile has other rows: nothing is appended, but its length is compared.
            commit.appends.push(ChainAppend {
                chain: Chain::Run(*run),
                expected_seq: rows.row.events,
                leaves: Vec::new(),
            });
            commit.projections.push(rows);
        }
        Ok(())
    }

    /// Records that the request was refused, and answers why.
    async fn refuse(
        &self,
        caller: &Caller,
        request: &ErasureRequest,
        taken: &Taken,
        basis: &'static str,
        hold: Option<HoldId>,
        error: Error,
    ) -> Result<Error> {
        let count = u32::try_from(taken.count()).unwrap_or(u32::MAX);
        self.act(caller, |_| {
            let event = WorkspaceEvent::ErasureRefused(ErasureRefused { basis: slug(basis), count, hold });
            let sealed = vec![("request_ref", request.request_ref.as_str().into())];
            Ok(Change { acts: vec![Act::new(event, caller.principal, sealed)], entities: Vec::new() })
        })
        .await?;
        Ok(error)
    }

    /// Cancels runs about the subject that are open; says whether there was one.
    async fn cancel_open(&self, caller: &Caller, taken: &Taken) -> Result<bool> {
        let mut any = false;
        // Newest first: a recovery ends before the run that it recovers.
        for run in taken.runs.iter().rev() {
            if self.load(caller.workspace, *run).await?.run().closed.is_none() {
                any = true;
                match self.cancel_for_erasure(caller, *run).await {
                    // It ended by itself.
                    Err(error) if error.code == Code::RunClosed => {}
                    cancelled => drop(cancelled?),
                }
            }
        }
        Ok(any)
    }

    /// Files, the account and ended holds that go or change with the values.
    async fn entities(
        &self,
        control: &Control,
        request: &ErasureRequest,
        taken: &Taken,
        files: &BTreeMap<Digest, BTreeSet<RunId>>,
    ) -> Result<Vec<EntityWrite>> {
        let mut entities = Vec::new();
        for (digest, runs) in files {
            entities.extend(self.give_up(control.workspace, *digest, runs).await?);
        }
        if let DataSubject::Person(id) = &request.subject {
            let known = person_of(control, *id)?;
            entities.push(write_person(*id, &erased(id.to_string(), known, self.now()))?);
        }
        let subjects = taken.subjects();
        let ended = control.holds.iter().filter(|(_, hold)| !hold.stands(self.now()));
        let ended = ended.filter(|(_, hold)| decide::names(&hold.scope, &subjects));
        entities.extend(ended.map(|(id, _)| delete(EntityKind::Hold, id)));
        Ok(entities)
    }
}

/// An account without anything that says whose it was.
fn erased(id: String, known: &PersonBody, now: Timestamp) -> PersonBody {
    PersonBody {
        username: id,
        name: ERASED_NAME.to_owned(),
        email: None,
        roles: BTreeSet::new(),
        password: None,
        disabled: true,
        enabled: None,
        erased: Some(now.to_string()),
        created: known.created.clone(),
    }
}

/// The leaves that name every digest.
fn leaves(caller: &Caller, request: &ErasureRequest, taken: &Taken) -> Vec<Act> {
    let digests: Vec<SdDigest> = taken.fields().map(|field| field.digest.clone()).collect();
    let leaf = |digests: &[SdDigest]| {
        let event = DisclosureErased {
            basis: request.basis.clone(),
            complete_by: request.complete_by,
            count: u32::try_from(digests.len()).unwrap_or(u32::MAX),
            digests: digests.to_vec(),
        };
        let sealed =
            vec![("authorized_by", caller.shown()), ("request_ref", request.request_ref.as_str().into())];
        Act::new(WorkspaceEvent::DisclosureErased(event), caller.principal, sealed)
    };
    if digests.is_empty() {
        return vec![leaf(&[])];
    }
    digests.chunks(ERASED_MAX).map(leaf).collect()
}

/// Refuses an erasure that backups outlive without saying until when.
fn check_backups(request: &ErasureRequest, taken: &Taken, has_files: bool) -> Result<()> {
    if request.complete_by.is_some() {
        return Ok(());
    }
    let why = if matches!(request.subject, DataSubject::Person(_)) {
        "the account's name stands in the database, and so in its backups"
    } else if taken.fields().any(|field| field.shares_key) {
        "some of these values are under keys that also seal values of others, so the keys stay"
    } else if has_files {
        "files stand in the database with their keys, and so in its backups"
    } else {
        return Ok(());
    };
    Err(Error::new(Code::InvalidRequest, format!("`complete_by` is needed: {why}"))
        .at("/complete_by")
        .hint("say when the last backup is gone that still holds these values"))
}
