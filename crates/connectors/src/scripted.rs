//! A connector for tests: records in memory, and replies by script, in both directions of every failure.
//!
//! It takes a real manifest, so descriptions and undo plans are the real ones. What it never does: send anything.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::grant::ExecutionGrant;
use domain::mutation::{Environment, Fields, Kind, Mutation, RecordRef, Snapshot};
use domain::name::Slug;
use domain::time::Timestamp;
use futures_util::future::BoxFuture;
use proof::digest::Digest;
use proof::json::Value;

use crate::connector::{
    Applied, Basis, Connector, Effect, EffectQuery, Exchange, Read, ReadFault, Reply, UndoPlan, Write,
};
use crate::description::Description;
use crate::http::undo;
use crate::manifest::Manifest;

/// What the next write brings. Without a script, a write takes effect and is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scripted {
    /// It takes effect, and the reply says so.
    Accept,
    /// The reply accepts, but nothing changes.
    AcceptWithoutEffect,
    /// It is refused.
    Reject {
        /// Why.
        code: Slug,
        /// Whether a new attempt can help.
        retryable: bool,
        /// The record moved.
        conflict: bool,
    },
    /// Nothing leaves.
    NotSend {
        /// Why.
        code: Slug,
    },
    /// It takes effect, and the reply is lost.
    LoseReply,
    /// It is lost on the way, and so is the reply.
    LoseRequest,
}

/// A write request that left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The mutation.
    pub mutation: Mutation,
    /// The idempotency key of its grant.
    pub key: Digest,
    /// The version token that it was conditional on.
    pub version: Option<String>,
}

/// The connector.
pub struct ScriptedConnector {
    manifest: Arc<Manifest>,
    description: Description,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    records: BTreeMap<(Slug, String), Record>,
    last_id: u64,
    writes: VecDeque<Scripted>,
    reads: VecDeque<ReadFault>,
    effects: VecDeque<Result<Effect, ReadFault>>,
    sent: Vec<Sent>,
    /// Keys of writes that took effect, with what they made.
    landed: BTreeMap<Digest, Option<String>>,
}

#[derive(Clone)]
struct Record {
    fields: Fields,
    version: u64,
}

impl ScriptedConnector {
    /// A connector without records.
    pub fn new(manifest: Arc<Manifest>, name: Slug, environment: Environment) -> Self {
        let description = Description::of(&manifest, name, environment, "scripted", "");
        Self { manifest, description, state: Mutex::default() }
    }

    /// Puts a record there, as it is.
    pub fn put(&self, object: &Slug, id: &str, fields: Fields) {
        self.state().records.insert((object.clone(), id.to_owned()), Record { fields, version: 1 });
    }

    /// Somebody else changes a field. Says whether there was such a record.
    pub fn edit(&self, object: &Slug, id: &str, field: &str, value: Value) -> bool {
        self.state().records.get_mut(&(object.clone(), id.to_owned())).is_some_and(|record| {
            record.fields.insert(field.to_owned(), value);
            record.version += 1;
            true
        })
    }

    /// The fields of a record now.
    pub fn fields(&self, object: &Slug, id: &str) -> Option<Fields> {
        self.state().records.get(&(object.clone(), id.to_owned())).map(|record| record.fields.clone())
    }

    /// Scripts the write after those scripted so far.
    pub fn next_write(&self, step: Scripted) {
        self.state().writes.push_back(step);
    }

    /// Lets the next read fail.
    pub fn next_read(&self, fault: ReadFault) {
        self.state().reads.push_back(fault);
    }

    /// Scripts what the next search for an effect finds; without a script it knows every key.
    pub fn next_effect(&self, effect: Result<Effect, ReadFault>) {
        self.state().effects.push_back(effect);
    }

    /// Every write request that left, in order.
    pub fn sent(&self) -> Vec<Sent> {
        self.state().sent.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn exchange(&self, method: &str, status: Option<u16>) -> Exchange {
        Exchange {
            method: method.to_owned(),
            url: format!("scripted://{}", self.description.connector),
            request_headers: BTreeMap::new(),
            request_body: None,
            status,
            response_headers: BTreeMap::new(),
            response_body: None,
            started: Timestamp::from_millis(0),
            ended: Timestamp::from_millis(0),
        }
    }

    fn read(&self, record: &RecordRef) -> Result<Read, ReadFault> {
        let mut state = self.state();
        if let Some(fault) = state.reads.pop_front() {
            return Err(fault);
        }
        let found =
            state.records.get(&(record.object.clone(), record.id.clone())).ok_or(ReadFault::NotFound)?;
        let snapshot = Snapshot {
            id: record.id.clone(),
            version: Some(format!("v{}", found.version)),
            fields: found.fields.clone(),
        };
        Ok(Read { snapshot, exchange: self.exchange("GET", Some(200)) })
    }

    fn write(&self, write: &Write<'_>, key: Digest) -> Applied {
        let mut state = self.state();
        let step = state.writes.pop_front().unwrap_or(Scripted::Accept);
        if !matches!(step, Scripted::NotSend { .. }) {
            let version = write.fresh_version.map(str::to_owned);
            state.sent.push(Sent { mutation: write.mutation.clone(), key, version });
        }
        let reply = match step {
            Scripted::Accept => Reply::Accepted { handle: state.land(write.mutation, key) },
            Scripted::AcceptWithoutEffect => Reply::Accepted { handle: None },
            Scripted::Reject { code, retryable, conflict } => Reply::Rejected { code, retryable, conflict },
            Scripted::NotSend { code } => Reply::NotSent { code },
            Scripted::LoseReply => {
                state.land(write.mutation, key);
                Reply::Unknown { code: crate::http::outcome::slug("timeout") }
            }
            Scripted::LoseRequest => Reply::Unknown { code: crate::http::outcome::slug("timeout") },
        };
        let status = match reply {
            Reply::Accepted { .. } => Some(200),
            Reply::Rejected { .. } => Some(422),
            Reply::NotSent { .. } | Reply::Unknown { .. } => None,
        };
        Applied { reply, retry_after_ms: None, exchange: self.exchange("PUT", status) }
    }

    fn effect(&self, query: &EffectQuery<'_>) -> Result<Effect, ReadFault> {
        let mut state = self.state();
        if let Some(effect) = state.effects.pop_front() {
            return effect;
        }
        Ok(match state.landed.get(query.key) {
            Some(handle) => {
                Effect::Found { basis: Basis::KeyLookup, handle: handle.clone(), by_other: false }
            }
            None => Effect::NotFound { conclusive: true },
        })
    }
}

impl State {
    /// The write takes effect; gives the id of a created record.
    fn land(&mut self, mutation: &Mutation, key: Digest) -> Option<String> {
        let after =
            mutation.changes.iter().filter_map(|change| Some((change.field.clone(), change.after.clone()?)));
        let handle = match (mutation.kind, &mutation.record) {
            (Kind::Create, _) => {
                self.last_id += 1;
                let id = format!("new-{}", self.last_id);
                self.records.insert(
                    (mutation.object.clone(), id.clone()),
                    Record { fields: after.collect(), version: 1 },
                );
                Some(id)
            }
            (Kind::Delete, Some(id)) => {
                self.records.remove(&(mutation.object.clone(), id.clone()));
                None
            }
            (Kind::Update | Kind::Invoke, Some(id)) => {
                if let Some(record) = self.records.get_mut(&(mutation.object.clone(), id.clone())) {
                    record.fields.extend(after);
                    record.version += 1;
                }
                None
            }
            (Kind::Update | Kind::Invoke | Kind::Delete, None) => None,
        };
        self.landed.insert(key, handle.clone());
        handle
    }
}

impl Connector for ScriptedConnector {
    fn describe(&self) -> &Description {
        &self.description
    }

    fn snapshot<'a>(&'a self, record: &'a RecordRef) -> BoxFuture<'a, Result<Read, ReadFault>> {
        Box::pin(async move { self.read(record) })
    }

    fn apply<'a>(&'a self, grant: ExecutionGrant, write: &'a Write<'a>) -> BoxFuture<'a, Applied> {
        Box::pin(async move { self.write(write, grant.key()) })
    }

    fn find_effect<'a>(&'a self, query: &'a EffectQuery<'a>) -> BoxFuture<'a, Result<Effect, ReadFault>> {
        Box::pin(async move { self.effect(query) })
    }

    fn undo(&self, mutation: &Mutation, handle: Option<&str>) -> UndoPlan {
        undo::plan(&self.description, &self.manifest, mutation, handle)
    }
}

#[cfg(test)]
mod tests;
