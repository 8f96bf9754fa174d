//! Settle an unknown outcome by looking, once the write can no longer land.

use connectors::connector::{Basis, Effect, EffectQuery, ReadFault};
use domain::attempt::Outcome;
use domain::command::{Command, FinishAttempt, Reconcile};
use domain::drift::{diverging, moved, view};
use domain::id::{RunId, WorkspaceId};
use domain::limits::SEND_WINDOW_MS;
use domain::mutation::{Fields, Kind};
use domain::name::Slug;
use domain::run::Attempt;
use proof::digest::Digest;
use proof::json::{Object, Value};
use store::LeaseChange;

use crate::batch::Batch;
use crate::commands::RACES_MAX;
use crate::control::Control;
use crate::ledger::{Entry, landing_ms, slug};
use crate::workers::checks::is_as_previewed;
use crate::workers::due::BACKOFF_MS;
use crate::workers::executor::LEASE;
use crate::{Engine, Error, Result};

/// What a look settled.
struct Settled {
    outcome: Outcome,
    code: Slug,
    retryable: bool,
    read_back: Value,
}

impl Settled {
    /// Whether it holds whatever may still land: our own write, found by our key, with the values that it was to set.
    fn is_certain(&self) -> bool {
        self.outcome == Outcome::Applied && self.code.as_str() == Basis::KeyLookup.word()
    }
}

impl Engine {
    /// Settles the attempt in flight or unknown, as far as it can be settled now.
    pub(crate) async fn reconcile(&self, ws: WorkspaceId, id: RunId) -> Result<()> {
        if self.live().contains(&id) {
            return Ok(());
        }
        let control = self.control(ws).await?;
        let mut entry = self.load(ws, id).await?;
        if entry.run().in_flight().is_some() {
            if !self.sender_is_gone(&control, &entry).await? {
                return Ok(());
            }
            let Some(next) = self.mark_unknown(&control, &entry).await? else { return Ok(()) };
            if let Some(unknown) = next.run().unknown() {
                self.sight(id, unknown);
            }
            entry = next;
        }
        let Some(attempt) = entry.run().unknown().cloned() else { return Ok(()) };
        let known_since = attempt.result.as_ref().map_or(attempt.started_at, |result| result.at);
        if known_since.plus_ms(BACKOFF_MS) > self.clock.now() {
            // The system of record just failed to answer: it gets a moment before the first look.
            return Ok(());
        }
        let window = landing_ms(&control, &entry, attempt.n);
        let landed =
            attempt.send_by.plus_ms(window) <= self.clock.now() && self.has_landed(&attempt, id, window);
        let settled = self.settle_by_looking(&control, &entry, attempt.n).await?;
        // An effect that bears our key is ours, however early it is found. Everything else waits until nothing can follow.
        let Some(settled) = settled.filter(|settled| landed || settled.is_certain()) else { return Ok(()) };
        for _ in 0..RACES_MAX {
            let control = self.control(ws).await?;
            let entry = self.load(ws, id).await?;
            if entry.run().unknown().is_none_or(|now| now.n != attempt.n || now.attempt != attempt.attempt) {
                return Ok(());
            }
            let lease = self.held_lease(ws, &entry, attempt.n).await?;
            let mut batch = Batch::on(self, &control, &entry);
            batch.command(Command::Reconcile(Box::new(Reconcile {
                person: None,
                plan_digest: None,
                n: attempt.n,
                outcome: settled.outcome,
                code: settled.code.clone(),
                retryable: settled.retryable,
                read_back: settled.read_back.clone(),
                rationale: Value::Null,
            })))?;
            batch.effects.leases.extend(lease);
            if batch.commit().await?.is_some() {
                self.sightings().remove(&id);
                return Ok(());
            }
        }
        Err(Error::internal("the settled outcome could not be saved: it will be looked for again"))
    }

    /// Whether the write can no longer land, on this process's own clock from its first sight of the attempt: the wall
    /// clock of another process, or from before a restart, may be wrong.
    fn has_landed(&self, attempt: &Attempt, run: RunId, window_ms: i64) -> bool {
        let now = self.clock.boot_ms();
        let mut sightings = self.sightings();
        let seen = sightings.entry(run).or_insert((attempt.started, now));
        if seen.0 != attempt.started {
            *seen = (attempt.started, now);
        }
        let wait = u64::try_from(window_ms.saturating_add(SEND_WINDOW_MS)).unwrap_or(u64::MAX);
        now >= seen.1.saturating_add(wait)
    }

    /// Notes the first sight of an attempt.
    pub(super) fn sight(&self, run: RunId, attempt: &Attempt) {
        self.sightings().insert(run, (attempt.started, self.clock.boot_ms()));
    }

    /// Whether the process that sent the attempt has ended: it was an earlier one of a node that is back.
    async fn sender_is_gone(&self, control: &Control, entry: &Entry) -> Result<bool> {
        let Some(flight) = entry.run().in_flight() else { return Ok(false) };
        let Some(key) = self.lease_of(control.workspace, entry, flight.n).await? else { return Ok(false) };
        let lease = self.store.lease(control.workspace, key).await?;
        let Some(holder) = lease.holder.filter(|holder| holder.run == entry.run().id) else {
            // The lease says who sends. Without it nobody can tell, and a person settles.
            return Ok(false);
        };
        if holder.node == self.node {
            return Ok(holder.generation < self.generation || !self.live().contains(&entry.run().id));
        }
        let newest = self.store.newest_generation(holder.node).await?;
        Ok(newest.is_some_and(|newest| newest > holder.generation))
    }

    /// The record lease that the last attempt of a mutation took, as its event says: it stays findable when the connector
    /// is configured anew or no longer loads.
    async fn lease_of(&self, ws: WorkspaceId, entry: &Entry, n: u32) -> Result<Option<[u8; 32]>> {
        let progress = usize::try_from(n).ok().and_then(|n| entry.run().progress.get(n));
        let started = progress.and_then(|progress| progress.attempts.last()).map(|attempt| attempt.started);
        let Some(started) = started else { return Ok(None) };
        let observed = self.sealed_value(ws, entry, started, "observed").await?;
        let text = observed.as_ref().and_then(|observed| observed.get(LEASE)).and_then(Value::as_str);
        Ok(text.and_then(Digest::parse).map(|key| *key.as_bytes()))
    }

    /// The release of that lease, when the run still holds it.
    pub(crate) async fn held_lease(
        &self,
        ws: WorkspaceId,
        entry: &Entry,
        n: u32,
    ) -> Result<Option<LeaseChange>> {
        let Some(key) = self.lease_of(ws, entry, n).await? else { return Ok(None) };
        let run = entry.run().id;
        let held = self.store.lease(ws, key).await?.holder.is_some_and(|holder| holder.run == run);
        Ok(held.then_some(LeaseChange::Release { key, run }))
    }

    async fn mark_unknown(&self, control: &Control, entry: &Entry) -> Result<Option<Entry>> {
        let mut batch = Batch::on(self, control, entry);
        batch.command(Command::FinishAttempt(Box::new(FinishAttempt {
            outcome: Outcome::Unknown,
            code: slug("interrupted"),
            retryable: false,
            read_back: Value::Null,
            response: Value::Null,
            conflict: None,
        })))?;
        Ok(batch.commit().await?.map(|(entry, _)| entry))
    }

    /// By key or journal where the vendor has one, else by comparing with base and after; `None` when a person decides.
    async fn settle_by_looking(&self, control: &Control, entry: &Entry, n: u32) -> Result<Option<Settled>> {
        let Some(attempt) = entry.run().unknown() else { return Ok(None) };
        let mutation = entry.mutation(n)?;
        if !is_as_previewed(control, entry, n) {
            // Where the write went is no longer where this connector looks: a person settles.
            return Ok(None);
        }
        let connector = control.connector(&mutation.connector)?;
        let handle = self.handle_of(control, entry, n).await?;
        let query =
            EffectQuery { mutation, key: &attempt.key, handle: handle.as_deref(), since: attempt.started_at };
        let effect = match connector.find_effect(&query).await {
            Ok(effect) => effect,
            Err(fault) => {
                tracing::info!(run.id = %entry.run().id, "the outcome stays unknown: {fault}");
                return Ok(None);
            }
        };
        let found_handle = match &effect {
            Effect::Found { handle, .. } => handle.clone(),
            Effect::NotFound { .. } | Effect::CannotTell => None,
        };
        let record = mutation.record_ref().or_else(|| {
            let id = found_handle.clone()?;
            Some(domain::mutation::RecordRef {
                connector: mutation.connector.clone(),
                object: mutation.object.clone(),
                id,
            })
        });
        let now = match record {
            None => None,
            Some(record) => match connector.snapshot(&record).await {
                Ok(read) => Some(read.snapshot.fields),
                Err(ReadFault::NotFound) => None,
                Err(fault) => {
                    tracing::info!(run.id = %entry.run().id, "the outcome stays unknown: {fault}");
                    return Ok(None);
                }
            },
        };
        Ok(conclude(mutation, &effect, now.as_ref(), found_handle.as_deref()))
    }

    /// What a reply or a look named: the created record, the comment, the journal entry.
    pub(crate) async fn handle_of(&self, control: &Control, entry: &Entry, n: u32) -> Result<Option<String>> {
        let progress = usize::try_from(n).ok().and_then(|n| entry.run().progress.get(n));
        let last = progress
            .and_then(|progress| progress.attempts.last())
            .and_then(|attempt| attempt.result.as_ref());
        // The settling look knows best; when a person settled, the answer to the write still names it.
        let Some(result) = last else { return Ok(None) };
        for seq in [result.seq, result.finished] {
            let read_back = self.sealed_value(control.workspace, entry, seq, "read_back").await?;
            let handle = read_back.as_ref().and_then(|seen| seen.get("handle")?.as_str());
            if let Some(handle) = handle {
                return Ok(Some(handle.to_owned()));
            }
        }
        Ok(None)
    }
}

/// The conclusion from what was found and what the record holds.
fn conclude(
    mutation: &domain::mutation::Mutation,
    effect: &Effect,
    now: Option<&Fields>,
    handle: Option<&str>,
) -> Option<Settled> {
    let looked = |basis: &str, differs: Value| {
        let mut object = Object::from([("basis".to_owned(), basis.into()), ("differs".to_owned(), differs)]);
        if let Some(handle) = handle {
            object.insert("handle".to_owned(), handle.into());
        }
        Value::Object(object)
    };
    let settled = |outcome, code: &str, retryable, read_back| {
        Some(Settled { outcome, code: slug(code), retryable, read_back })
    };
    if let Effect::Found { basis, .. } = effect {
        let differs = now.map(|now| diverging(mutation, now)).unwrap_or_default();
        let outcome = if differs.is_empty() { Outcome::Applied } else { Outcome::Diverged };
        return settled(outcome, basis.word(), false, looked(basis.word(), view(&differs)));
    }
    if let (Effect::NotFound { conclusive: true }, true) = (effect, mutation.kind != Kind::Delete) {
        // The place that keeps every write of ours does not have this one, whatever the record holds.
        return settled(Outcome::NotSent, "no_effect_found", true, looked("key_lookup", Value::Null));
    }
    match mutation.kind {
        Kind::Delete => match now {
            None => {
                settled(Outcome::Applied, "equals_after_unattributed", false, looked("gone", Value::Null))
            }
            Some(_) => settled(Outcome::NotSent, "no_effect_found", true, looked("still_there", Value::Null)),
        },
        // What makes something new, or does more than set fields, is settled by its key alone: an equal record may be
        // somebody else's doing.
        Kind::Create | Kind::Invoke => None,
        Kind::Update => {
            let now = now?;
            if diverging(mutation, now).is_empty() && !mutation.changes.is_empty() {
                let read = looked("equals_after", Value::Null);
                return settled(Outcome::Applied, "equals_after_unattributed", false, read);
            }
            let changed = moved(mutation, now);
            if changed.is_empty() {
                return settled(
                    Outcome::NotSent,
                    "no_effect_found",
                    true,
                    looked("equals_base", Value::Null),
                );
            }
            // Neither before nor after: a person decides, with all three values before them.
            None
        }
    }
}
