//! The conformance kit: does a manifest hold against its sandbox or simulator?
//!
//! It runs the same steps against every system of record, on one record that the caller chose for it, and puts the record
//! back as it was. Each step becomes one dated readiness fact. Its writes need grants like any other: the caller sends them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::mutation::{Change, Fields, Kind, Mutation, ProposedMutation, RecordRef, Snapshot, UndoKind};
use domain::time::Timestamp;
use futures_util::future::BoxFuture;
use proof::digest::Digest;
use proof::json::{Value, object};

use crate::connector::{Applied, Connector, Effect, EffectQuery, Read, Reply, UndoPlan, Write};
use crate::description::Conditional;
use crate::http::HttpConnector;
use crate::words::words;

words! {
    /// What a fact is about.
    Step {
        /// The credentials work and the record can be read.
        Read = "read",
        /// The vendor describes its fields as the manifest does.
        Metadata = "metadata",
        /// The write can be formed.
        DryRun = "dry_run",
        /// One live write shows in a read-back.
        Write = "write",
        /// A write on an old version is refused.
        StaleRefused = "stale_refused",
        /// A write is found by its idempotency key.
        KeyLookup = "key_lookup",
        /// A write whose reply was lost is found.
        UnknownDrill = "unknown_drill",
        /// The record is back as it was.
        Rollback = "rollback",
    }
}

/// One readiness fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What it is about.
    pub step: Step,
    /// Whether it holds; `None` when it could not be tried, or the vendor has no such thing.
    pub ok: Option<bool>,
    /// What was seen, for people.
    pub detail: String,
    /// When.
    pub at: Timestamp,
}

/// What the kit may do.
#[derive(Debug, Clone)]
pub struct Drill {
    /// A record that exists for this.
    pub record: RecordRef,
    /// A harmless change of it, by the object's `update`.
    pub changes: Fields,
    /// A second one that differs from it, for the drill with a lost reply.
    pub other_changes: Fields,
    /// A simulator's fault switchboard, such as `http://127.0.0.1:4711/__sim/faults`.
    pub faults: Option<String>,
}

/// Sends one write under a grant of its own and says with which idempotency key.
pub type Send<'a> =
    dyn for<'w> FnMut(&'w Write<'w>) -> BoxFuture<'w, (Digest, Applied)> + std::marker::Send + 'a;

/// Runs the kit. It stops early where nothing further can be learned; what it did not come to has no fact.
pub async fn check(http: &HttpConnector, drill: &Drill, send: &mut Send<'_>) -> Vec<Fact> {
    let mut kit = Kit { http, drill, facts: Vec::new() };
    kit.run(send).await;
    kit.facts
}

struct Kit<'a> {
    http: &'a HttpConnector,
    drill: &'a Drill,
    facts: Vec<Fact>,
}

/// A mutation and the read that it was made from.
struct Prepared {
    mutation: Mutation,
    before: Snapshot,
}

impl Kit<'_> {
    async fn run(&mut self, send: &mut Send<'_>) -> Option<()> {
        let original = self.read(Step::Read).await?;
        self.fact(Step::Read, Some(true), "the record can be read");
        self.metadata().await;
        let first = self.prepared(original.clone(), &self.drill.changes)?;
        self.fact(Step::DryRun, Some(true), format!("{} field(s) change", first.mutation.changes.len()));

        let (key, reply) = self.send(send, &first, first.before.version.as_deref()).await;
        let after = self.read(Step::Write).await?;
        let shown = holds(&after, &first.mutation);
        let accepted = matches!(reply, Reply::Accepted { .. });
        self.fact(Step::Write, Some(accepted && shown), format!("the reply was {}", told(&reply)));
        if !(accepted && shown) {
            return None;
        }
        self.stale(send, &first).await;
        self.key_lookup(&first.mutation, &key).await;
        self.unknown(send).await;
        self.rollback(send, &original).await
    }

    async fn metadata(&mut self) {
        let (ok, detail) = match self.http.metadata(&self.drill.record.object).await {
            Ok(None) => (None, "the vendor does not describe its fields".to_owned()),
            Ok(Some(differences)) if differences.is_empty() => {
                (Some(true), "the vendor's fields are the manifest's".to_owned())
            }
            Ok(Some(differences)) => {
                let told: Vec<String> = differences.iter().map(ToString::to_string).collect();
                (Some(!differences.iter().any(crate::http::Difference::matters)), told.join("; "))
            }
            Err(fault) => (Some(false), fault.to_string()),
        };
        self.fact(Step::Metadata, ok, detail);
    }

    /// The same change again, on the version from before the first one: nobody may overwrite what they have not seen.
    async fn stale(&mut self, send: &mut Send<'_>, first: &Prepared) {
        let action = self.http.describe().action(&self.drill.record.object, Kind::Update.word());
        if action.is_none_or(|action| action.conditional == Conditional::None) {
            self.fact(Step::StaleRefused, None, "the vendor checks no version");
            return;
        }
        let (_, reply) = self.send(send, first, first.before.version.as_deref()).await;
        let refused = matches!(reply, Reply::Rejected { conflict: true, .. });
        self.fact(Step::StaleRefused, Some(refused), format!("the reply was {}", told(&reply)));
    }

    async fn key_lookup(&mut self, mutation: &Mutation, key: &Digest) {
        let action = self.http.describe().action(&self.drill.record.object, Kind::Update.word());
        if action.is_none_or(|action| !action.key_lookup) {
            self.fact(Step::KeyLookup, None, "the vendor keeps no key of ours");
            return;
        }
        let (ok, detail) = match self.find(mutation, key).await {
            Ok(Effect::Found { basis, .. }) => (true, format!("found by {basis}")),
            Ok(other) => (false, format!("{other:?}")),
            Err(fault) => (false, fault.to_string()),
        };
        self.fact(Step::KeyLookup, Some(ok), detail);
    }

    /// Lets the simulator take a write and lose the reply: the write must end unknown, and then be found or read back.
    async fn unknown(&mut self, send: &mut Send<'_>) {
        let Some(url) = &self.drill.faults else {
            self.fact(Step::UnknownDrill, None, "there is no fault switchboard");
            return;
        };
        let Some(before) = self.read(Step::UnknownDrill).await else { return };
        let Some(prepared) = self.prepared(before, &self.drill.other_changes) else { return };
        if !self.http.arm(url, &self.drill.record.object, &self.drill.record.id).await {
            self.fact(Step::UnknownDrill, Some(false), "the fault switchboard did not take the fault");
            return;
        }
        let (key, reply) = self.send(send, &prepared, prepared.before.version.as_deref()).await;
        let Some(after) = self.read(Step::UnknownDrill).await else { return };
        let unknown = matches!(reply, Reply::Unknown { .. });
        let effect = match self.find(&prepared.mutation, &key).await {
            Ok(Effect::Found { basis, .. }) => format!("the effect was found by {basis}"),
            Ok(Effect::NotFound { .. } | Effect::CannotTell) => {
                "only the read-back shows the effect".to_owned()
            }
            Err(fault) => fault.to_string(),
        };
        let ok = unknown && holds(&after, &prepared.mutation);
        self.fact(Step::UnknownDrill, Some(ok), format!("the reply was {}; {effect}", told(&reply)));
    }

    /// Undoes everything by the connector's own undo plan.
    async fn rollback(&mut self, send: &mut Send<'_>, original: &Snapshot) -> Option<()> {
        let now = self.read(Step::Rollback).await?;
        let names = self.drill.changes.keys().chain(self.drill.other_changes.keys());
        let wanted: Fields =
            names.filter_map(|name| Some((name.clone(), original.fields.get(name)?.clone()))).collect();
        let done = self.mutation(original.clone(), &now.fields).mutation;
        let UndoPlan::Restore(ProposedMutation { changes, .. }) = self.http.undo(&done, None) else {
            self.fact(Step::Rollback, Some(false), "the undo plan restores nothing");
            return None;
        };
        let restore = self.mutation(now, &changes);
        let (_, reply) = self.send(send, &restore, restore.before.version.as_deref()).await;
        let after = self.read(Step::Rollback).await?;
        let back = wanted.iter().all(|(name, value)| after.fields.get(name) == Some(value));
        self.fact(Step::Rollback, Some(back), format!("the reply was {}", told(&reply)));
        Some(())
    }

    async fn read(&mut self, step: Step) -> Option<Snapshot> {
        match self.http.snapshot(&self.drill.record).await {
            Ok(Read { snapshot, .. }) => Some(snapshot),
            Err(fault) => {
                self.fact(step, Some(false), fault.to_string());
                None
            }
        }
    }

    /// The mutation, if it changes anything and can be formed; a fact otherwise.
    fn prepared(&mut self, before: Snapshot, changes: &Fields) -> Option<Prepared> {
        let prepared = self.mutation(before, changes);
        let formed = self.http.dry_run(&prepared.mutation, prepared.before.version.as_deref());
        let fault = match formed {
            Ok(()) if prepared.mutation.changes.is_empty() => {
                "the record already has these values".to_owned()
            }
            Ok(()) => return Some(prepared),
            Err(code) => format!("the write cannot be formed: {code}"),
        };
        self.fact(Step::DryRun, Some(false), fault);
        None
    }

    fn mutation(&self, before: Snapshot, after: &Fields) -> Prepared {
        let description = self.http.describe();
        let changes =
            self.drill.changes.keys().chain(self.drill.other_changes.keys()).collect::<BTreeSet<_>>();
        let changes = changes.into_iter().filter_map(|field| {
            let (before, after) = (before.fields.get(field).cloned(), after.get(field)?.clone());
            (before.as_ref() != Some(&after)).then(|| Change {
                field: field.clone(),
                before,
                after: Some(after),
            })
        });
        let mutation = Mutation {
            n: 0,
            connector: description.connector.clone(),
            environment: description.environment,
            manifest: description.manifest,
            object: self.drill.record.object.clone(),
            kind: Kind::Update,
            action: None,
            record: Some(before.id.clone()),
            version: before.version.clone(),
            changes: changes.collect(),
            guard: BTreeMap::new(),
            arguments: Fields::new(),
            undo: UndoKind::Rollback,
        };
        Prepared { mutation, before }
    }

    async fn send(&self, send: &mut Send<'_>, prepared: &Prepared, version: Option<&str>) -> (Digest, Reply) {
        let write =
            Write { mutation: &prepared.mutation, fresh_version: version, before: Some(&prepared.before) };
        let (key, applied) = send(&write).await;
        // A read-back before the vendor's own lag would tell nothing.
        let settle_ms = self
            .http
            .describe()
            .action(&self.drill.record.object, Kind::Update.word())
            .map_or(0, |a| a.settle_ms);
        tokio::time::sleep(Duration::from_millis(settle_ms)).await;
        (key, applied.reply)
    }

    async fn find(&self, mutation: &Mutation, key: &Digest) -> Result<Effect, crate::connector::ReadFault> {
        let since = self.http.now();
        self.http.find_effect(&EffectQuery { mutation, key, handle: None, since }).await
    }

    fn fact(&mut self, step: Step, ok: Option<bool>, detail: impl Into<String>) {
        self.facts.push(Fact { step, ok, detail: detail.into(), at: self.http.now() });
    }
}

fn holds(snapshot: &Snapshot, mutation: &Mutation) -> bool {
    mutation.changes.iter().all(|change| snapshot.fields.get(&change.field) == change.after.as_ref())
}

fn told(reply: &Reply) -> String {
    match reply {
        Reply::Accepted { .. } => "accepted".to_owned(),
        Reply::Rejected { code, .. } => format!("rejected: {code}"),
        Reply::NotSent { code } => format!("not sent: {code}"),
        Reply::Unknown { code } => format!("unknown: {code}"),
    }
}

/// The fault of the drill: the next write on the record takes effect, and the connection then closes without an answer.
pub(crate) fn lost_reply(method: &str, id: &str) -> Value {
    object([
        ("fault", "drop_connection_after_commit".into()),
        ("match", object([("method", method.into()), ("path_contains", id.into())])),
        ("times", 1u32.into()),
    ])
}

#[cfg(test)]
mod tests;
