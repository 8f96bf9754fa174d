//! The workspace chain: every administrative act is one commit, behind the head that was seen before it was decided.
//!
//! The chain puts all acts of a workspace in one order: the head is read first, then the administrative view, and a
//! commit under another head is refused by the store. So an act is always decided on everything that came before it.

use std::sync::PoisonError;

use domain::id::WorkspaceId;
use domain::principal::{Actor, Principal};
use domain::time::Timestamp;
use domain::workspace::{Head, WorkspaceEvent, seal_acts};
use proof::json::Value;
use proof::leaf::Leaf;
use serde::Serialize;
use store::{
    Chain, ChainAppend, Commit, Conflict, EntityKind, EntityWrite, EpochRule, Expect, IdempotencyRecord,
    NewDisclosure, SubjectKey,
};

use crate::access::Caller;
use crate::commands::{IdempotencyKey, KEPT_S, RACES_MAX};
use crate::control::{Control, References};
use crate::ledger::class_standard;
use crate::{Code, Engine, Error, Result};

/// One act: an event with its sealed members.
pub(super) struct Act {
    event: WorkspaceEvent,
    sealed: Vec<(&'static str, Value)>,
    about: About,
}

/// Whose data the sealed members of an act are.
enum About {
    /// A principal, by id.
    Principal(String),
    /// Whoever this reference stands for.
    Subject(SubjectKey),
}

impl Act {
    pub fn new(event: WorkspaceEvent, about: impl ToString, sealed: Vec<(&'static str, Value)>) -> Self {
        Self { event, sealed, about: About::Principal(about.to_string()) }
    }

    /// With sealed members that are filed under a subject.
    pub fn filed(event: WorkspaceEvent, subject: SubjectKey, sealed: Vec<(&'static str, Value)>) -> Self {
        Self { event, sealed, about: About::Subject(subject) }
    }

    fn subject(&self, keys: &References) -> SubjectKey {
        match &self.about {
            About::Principal(id) => keys.principal(id),
            About::Subject(subject) => *subject,
        }
    }
}

/// What one request changes.
#[derive(Default)]
pub(super) struct Change {
    pub acts: Vec<Act>,
    pub entities: Vec<EntityWrite>,
}

/// How a request is named for idempotency.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub caller: &'a Caller,
    pub operation: &'static str,
    pub key: Option<&'a IdempotencyKey>,
}

/// What became of a creation.
pub(super) enum Made {
    /// It was made now.
    Now,
    /// It was made by an earlier request with the same key; this is its id.
    Before(String),
}

impl Made {
    /// The id of what was made, now or before.
    pub fn id(self, now: impl ToString) -> String {
        match self {
            Self::Now => now.to_string(),
            Self::Before(id) => id,
        }
    }
}

/// A stored answer that holds no id of the kind that its operation makes.
pub(super) fn names_nothing() -> Error {
    Error::internal("a stored answer names nothing")
}

impl Engine {
    /// Decides and saves a change, again when another act came first.
    pub(super) async fn act(
        &self,
        caller: &Caller,
        decide: impl Fn(&Control) -> Result<Change>,
    ) -> Result<()> {
        self.act_once(caller, None, decide).await
    }

    /// Decides and saves what makes something new, unless an earlier request with the same key made it.
    pub(super) async fn make(
        &self,
        asked: Asked<'_>,
        id: &str,
        decide: impl Fn(&Control) -> Result<Change>,
    ) -> Result<Made> {
        if let Some(id) = self.made_before(asked).await? {
            return Ok(Made::Before(id));
        }
        let Asked { caller, operation, key } = asked;
        let _busy = self.busy(caller, operation, key)?;
        let record = self.made(asked, id);
        self.act_once(caller, record, decide).await?;
        Ok(Made::Now)
    }

    /// The id of what an earlier request with the same key made.
    pub(super) async fn made_before(&self, asked: Asked<'_>) -> Result<Option<String>> {
        let known = self.replayed(asked.caller, asked.operation, asked.key).await?;
        known.map(|known| String::from_utf8(known.reply).map_err(|_| names_nothing())).transpose()
    }

    async fn act_once(
        &self,
        caller: &Caller,
        record: Option<IdempotencyRecord>,
        decide: impl Fn(&Control) -> Result<Change>,
    ) -> Result<()> {
        let by = Actor::Principal(caller.principal);
        let decide = |control: &Control| {
            still_allowed(control, caller)?;
            decide(control)
        };
        for _ in 0..RACES_MAX {
            if self.try_act(caller.workspace, by, record.clone(), &decide).await? {
                return Ok(());
            }
        }
        Err(Error::new(Code::Conflict, "the workspace changes faster than this can be decided")
            .retry_after(1))
    }

    /// Decides and saves a change; says `false` when another act came first, and it must be decided again.
    pub(super) async fn try_act(
        &self,
        ws: WorkspaceId,
        by: Actor,
        record: Option<IdempotencyRecord>,
        decide: impl Fn(&Control) -> Result<Change>,
    ) -> Result<bool> {
        // The head before the view: whatever commits in between makes this commit lose.
        let head = self.head(ws).await?;
        let control = self.control(ws).await?;
        let change = decide(&control)?;
        if change.acts.is_empty() {
            return Ok(true);
        }
        match self.save_change(ws, head, by, &control.keys_of, change, record).await {
            Ok(()) => Ok(true),
            Err(store::Error::Conflict(Conflict::Seq { .. })) => {
                self.read_head(ws, head).await?;
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Saves a change behind a head.
    pub(super) async fn save_change(
        &self,
        ws: WorkspaceId,
        head: Head,
        by: Actor,
        keys: &References,
        change: Change,
        record: Option<IdempotencyRecord>,
    ) -> std::result::Result<(), store::Error> {
        let (mut commit, after) = self.sealed_change(ws, head, by, keys, change)?;
        commit.idempotency = record;
        self.save_acts(commit, after).await
    }

    /// Seals a change behind a head; answers the head after it, too.
    pub(super) fn sealed_change(
        &self,
        ws: WorkspaceId,
        head: Head,
        by: Actor,
        keys: &References,
        change: Change,
    ) -> std::result::Result<(Commit, Head), store::Error> {
        let now = self.now();
        let subjects: Vec<_> = change.acts.iter().map(|act| act.subject(keys)).collect();
        let raises = change.acts.iter().any(|act| steers(&act.event));
        let acts = change.acts.into_iter().map(|act| (act.event, act.sealed)).collect();
        let mut salt = || self.entropy.salt();
        let events = seal_acts(head, self.node, by, now, acts, &mut salt);
        // INVARIANT: acts are made of checked names and bounded texts, so they always fit a leaf.
        let events =
            events.map_err(|_| store::Error::Malformed("an act does not fit the evidence format"))?;
        let mut commit = Commit::new(ws, now);
        for (event, subject) in events.iter().zip(subjects) {
            commit.disclosures.extend(event.disclosures.iter().map(|(_, disclosure)| NewDisclosure {
                holder: event.hash,
                disclosure: disclosure.clone(),
                subject,
                class: class_standard(),
            }));
        }
        let after = events.last().map_or(head, |last| Head {
            next: last.seq + 1,
            prev: Some(last.hash),
            time: now.max(head.time),
        });
        commit.appends.push(ChainAppend {
            chain: Chain::Workspace,
            expected_seq: head.next,
            leaves: events.into_iter().map(|event| event.bytes).collect(),
        });
        commit.entities = change.entities;
        commit.epoch = if raises { EpochRule::Raise } else { EpochRule::Ignore };
        Ok((commit, after))
    }

    /// Saves what [`Engine::sealed_change`] made, and whatever else was put into the commit.
    pub(super) async fn save_acts(
        &self,
        commit: Commit,
        after: Head,
    ) -> std::result::Result<(), store::Error> {
        let ws = commit.workspace;
        self.store.commit(commit).await?;
        self.keep_head(ws, after);
        self.wake.notify_one();
        Ok(())
    }

    /// Where the chain ended when it was last seen.
    pub(crate) async fn head(&self, ws: WorkspaceId) -> Result<Head> {
        let known = self.admin.heads.lock().unwrap_or_else(PoisonError::into_inner).get(&ws).copied();
        match known {
            Some(head) => Ok(head),
            None => self.read_head(ws, empty()).await,
        }
    }

    /// Reads on from a known head to the end of the chain.
    pub(super) async fn read_head(&self, ws: WorkspaceId, mut head: Head) -> Result<Head> {
        loop {
            let leaves = self.store.chain(ws, Chain::Workspace, head.next, store::page::CHAIN_MAX).await?;
            if let Some(last) = leaves.last() {
                let leaf = Leaf::parse(&last.bytes).ok().and_then(|leaf| Timestamp::parse(&leaf.time));
                let time = leaf.ok_or_else(|| Error::internal("the workspace chain does not read"))?;
                head = Head { next: last.seq + 1, prev: Some(last.hash), time };
            }
            if leaves.len() < store::page::CHAIN_MAX {
                self.keep_head(ws, head);
                return Ok(head);
            }
        }
    }

    fn keep_head(&self, ws: WorkspaceId, head: Head) {
        let mut heads = self.admin.heads.lock().unwrap_or_else(PoisonError::into_inner);
        let known = heads.entry(ws).or_insert(head);
        if known.next < head.next {
            *known = head;
        }
    }

    /// The record of a creation: its answer is built again from the id.
    pub(super) fn made(&self, asked: Asked<'_>, id: &str) -> Option<IdempotencyRecord> {
        let key = asked.key?;
        let now = self.now();
        Some(IdempotencyRecord {
            principal: asked.caller.principal.to_string(),
            operation: asked.operation.to_owned(),
            key: key.key.clone(),
            fingerprint: key.fingerprint,
            status: 201,
            run: None,
            reply: id.as_bytes().to_vec(),
            created: now,
            expires: now.plus_s(KEPT_S),
        })
    }
}

/// Whether an act changes who may do what, where, or under which policy: then attempts that were checked before it are checked
/// again.
fn steers(event: &WorkspaceEvent) -> bool {
    match event {
        WorkspaceEvent::PolicyPublished(_)
        | WorkspaceEvent::PolicyActivated(_)
        | WorkspaceEvent::ConnectorChanged(_)
        | WorkspaceEvent::LaneChanged(_)
        | WorkspaceEvent::AccessChanged(_)
        | WorkspaceEvent::PauseSet(_)
        | WorkspaceEvent::PauseLifted(_)
        | WorkspaceEvent::ApproverEnrolled(_)
        | WorkspaceEvent::ApproverRemoved(_)
        | WorkspaceEvent::LogOpened(_)
        | WorkspaceEvent::DisclosureErased(_)
        | WorkspaceEvent::HoldPlaced(_)
        | WorkspaceEvent::HoldReleased(_) => true,
        WorkspaceEvent::LogVerified(_)
        | WorkspaceEvent::KeyRotated(_)
        | WorkspaceEvent::WitnessChanged(_)
        | WorkspaceEvent::ErasureRefused(_)
        | WorkspaceEvent::ExportMade(_) => false,
    }
}

/// A caller whose roles were taken away since they were authenticated does nothing more with them.
pub(super) fn still_allowed(control: &Control, caller: &Caller) -> Result<()> {
    let kept = match caller.principal {
        Principal::Person(id) => control
            .persons
            .get(&id)
            .is_some_and(|known| !known.disabled && known.roles.is_superset(&caller.roles)),
        // No operation that comes here is for agents and services.
        Principal::Agent(_) | Principal::Service(_) => false,
    };
    if kept {
        return Ok(());
    }
    Err(Error::new(Code::Forbidden, "your access was changed just now").hint("sign in again"))
}

/// The head of a chain without events.
pub(super) fn empty() -> Head {
    Head { next: 0, prev: None, time: Timestamp::from_millis(0) }
}

/// A write of an entity's body; its order among other acts is the chain's, so no version is compared.
pub(super) fn put(kind: EntityKind, id: impl ToString, body: &impl Serialize) -> Result<EntityWrite> {
    let body = serde_json::to_vec(body)
        .map_err(|fault| Error::internal("an administrative document cannot be written").because(fault))?;
    Ok(EntityWrite {
        kind,
        id: id.to_string(),
        expect: Expect::Any,
        body: Some(body),
        lookup: None,
        owner: None,
        expires: None,
    })
}

/// A deletion.
pub(super) fn delete(kind: EntityKind, id: impl ToString) -> EntityWrite {
    EntityWrite {
        kind,
        id: id.to_string(),
        expect: Expect::Any,
        body: None,
        lookup: None,
        owner: None,
        expires: None,
    }
}
