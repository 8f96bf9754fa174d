//! From an answer to an outcome. Accepted is not applied: only a fresh read proves.

use std::time::Duration;

use connectors::connector::{Applied, Connector, Effect, EffectQuery, ReadFault, Reply};
use connectors::description::{Conditional, Proof};
use domain::attempt::{CODE_CONFLICT, Outcome};
use domain::drift::{diverging, moved, view};
use domain::mutation::{Kind, Mutation, RecordRef, Snapshot};
use domain::name::Slug;
use proof::json::{Object, Value};

use crate::Engine;
use crate::ledger::{Entry, slug};

/// The pause between two reads while a read may still show old values.
const SETTLE_PAUSE: Duration = Duration::from_millis(50);

/// What became of an attempt.
pub(super) struct Verdict {
    pub outcome: Outcome,
    pub code: Slug,
    pub retryable: bool,
    pub read_back: Value,
    pub response: Value,
    pub conflict: Option<Value>,
}

/// What a fresh look at the record proves.
pub(super) enum Look {
    /// It holds the after-values, or the effect was found. With the basis.
    Proven(Value),
    /// It holds something else.
    Differs(Value),
    /// Nothing can be concluded.
    Unclear(Value),
}

impl Engine {
    /// Judges the answer to a write.
    pub(super) async fn judge(
        &self,
        connector: &dyn Connector,
        entry: &Entry,
        mutation: &Mutation,
        applied: &Applied,
    ) -> Verdict {
        let response = applied.exchange.value();
        let verdict = |outcome, code: Slug, retryable, read_back| Verdict {
            outcome,
            code,
            retryable,
            read_back,
            response: response.clone(),
            conflict: None,
        };
        match &applied.reply {
            Reply::Accepted { handle } => {
                match self.look(connector, entry, mutation, handle.as_deref()).await {
                    Look::Proven(read) => verdict(Outcome::Applied, slug("read_back"), false, read),
                    Look::Differs(read) => verdict(Outcome::Diverged, slug("read_back_differs"), false, read),
                    Look::Unclear(read) => verdict(Outcome::Unknown, slug("accepted_unproven"), false, read),
                }
            }
            Reply::Rejected { conflict: true, .. } => {
                let now = match mutation.record_ref() {
                    Some(record) => connector.snapshot(&record).await.ok().map(|read| read.snapshot.fields),
                    None => None,
                };
                let three_way = now.map_or(Value::Null, |now| view(&moved(mutation, &now)));
                Verdict {
                    conflict: Some(three_way),
                    ..verdict(Outcome::Rejected, slug(CODE_CONFLICT), false, Value::Null)
                }
            }
            Reply::Rejected { code, retryable, conflict: false } => {
                verdict(Outcome::Rejected, code.clone(), *retryable, Value::Null)
            }
            Reply::NotSent { code } => {
                let why = Value::Object(Object::from([("code".to_owned(), code.as_str().into())]));
                Verdict { response: why, ..verdict(Outcome::NotSent, slug("never_left"), true, Value::Null) }
            }
            Reply::Unknown { code } => verdict(Outcome::Unknown, code.clone(), false, Value::Null),
        }
    }

    /// Looks at the system of record until it proves the mutation or the settle time is over.
    pub(super) async fn look(
        &self,
        connector: &dyn Connector,
        entry: &Entry,
        mutation: &Mutation,
        handle: Option<&str>,
    ) -> Look {
        let action = connector.describe().action(&mutation.object, mutation.verb());
        let settle = action.map_or(0, |action| action.settle_ms);
        let proof = action.map_or(Proof::ReadBack, |action| action.proof);
        let until = tokio::time::Instant::now() + Duration::from_millis(settle);
        loop {
            let look = match proof {
                Proof::ReadBack => self.look_at_record(connector, mutation, handle).await,
                Proof::Gone => look_gone(connector, mutation).await,
                Proof::Effect => self.look_for_effect(connector, entry, mutation, handle).await,
            };
            match look {
                Look::Proven(seen) if proof == Proof::ReadBack => {
                    return Look::Proven(self.with_others(connector, entry, mutation, seen).await);
                }
                Look::Proven(_) => return look,
                Look::Differs(_) | Look::Unclear(_) if tokio::time::Instant::now() >= until => return look,
                Look::Differs(_) | Look::Unclear(_) => {}
            }
            tokio::time::sleep(SETTLE_PAUSE).await;
        }
    }

    /// A system that does not check versions atomically can lose another writer's update and still show our values. Where it
    /// keeps a journal, say whether somebody else wrote between our read and our write.
    async fn with_others(
        &self,
        connector: &dyn Connector,
        entry: &Entry,
        mutation: &Mutation,
        mut seen: Value,
    ) -> Value {
        let action = connector.describe().action(&mutation.object, mutation.verb());
        let checked = action.is_none_or(|action| action.conditional == Conditional::Atomic);
        let Some(flight) = entry.run().in_flight().filter(|_| !checked && mutation.kind != Kind::Create)
        else {
            return seen;
        };
        let query = EffectQuery { mutation, key: &flight.key, handle: None, since: flight.started_at };
        if let (Ok(Effect::Found { by_other, .. }), Value::Object(object)) =
            (connector.find_effect(&query).await, &mut seen)
        {
            object.insert("others_wrote".to_owned(), Value::Bool(by_other));
        }
        seen
    }

    async fn look_at_record(
        &self,
        connector: &dyn Connector,
        mutation: &Mutation,
        handle: Option<&str>,
    ) -> Look {
        let id = mutation.record.as_deref().or(handle);
        let Some(id) = id else { return Look::Unclear(note(handle, "no_record", None)) };
        let record = RecordRef {
            connector: mutation.connector.clone(),
            object: mutation.object.clone(),
            id: id.to_owned(),
        };
        match connector.snapshot(&record).await {
            Ok(read) => {
                let differs = diverging(mutation, &read.snapshot.fields);
                let seen = note(handle.or(Some(id)), "read_back", Some((mutation, &read.snapshot)));
                if differs.is_empty() {
                    Look::Proven(seen)
                } else {
                    Look::Differs(with_view(seen, view(&differs)))
                }
            }
            Err(fault) => Look::Unclear(fault_note(handle, &fault)),
        }
    }

    async fn look_for_effect(
        &self,
        connector: &dyn Connector,
        entry: &Entry,
        mutation: &Mutation,
        handle: Option<&str>,
    ) -> Look {
        let Some(flight) = entry.run().in_flight().or_else(|| entry.run().unknown()) else {
            return Look::Unclear(note(handle, "no_attempt", None));
        };
        let query = EffectQuery { mutation, key: &flight.key, handle, since: flight.started_at };
        match connector.find_effect(&query).await {
            Ok(Effect::Found { basis, handle: found, by_other: _ }) => {
                let handle = found.as_deref().or(handle);
                if mutation.changes.is_empty() {
                    return Look::Proven(note(handle, basis.word(), None));
                }
                match self.look_at_record(connector, mutation, handle).await {
                    Look::Proven(seen) => Look::Proven(with_basis(seen, basis.word())),
                    other @ (Look::Differs(_) | Look::Unclear(_)) => other,
                }
            }
            Ok(Effect::NotFound { .. } | Effect::CannotTell) => {
                Look::Unclear(note(handle, "not_found", None))
            }
            Err(fault) => Look::Unclear(fault_note(handle, &fault)),
        }
    }
}

async fn look_gone(connector: &dyn Connector, mutation: &Mutation) -> Look {
    let Some(record) = mutation.record_ref() else { return Look::Unclear(note(None, "no_record", None)) };
    match connector.snapshot(&record).await {
        Err(ReadFault::NotFound) => Look::Proven(note(Some(&record.id), "gone", None)),
        Ok(_) => Look::Differs(note(Some(&record.id), "still_there", None)),
        Err(fault) => Look::Unclear(fault_note(Some(&record.id), &fault)),
    }
}

/// What a look saw: the handle, on what it rests, the version, and the changed fields as they are now.
fn note(handle: Option<&str>, basis: &str, seen: Option<(&Mutation, &Snapshot)>) -> Value {
    let mut object = Object::from([("basis".to_owned(), basis.into())]);
    if let Some(handle) = handle {
        object.insert("handle".to_owned(), handle.into());
    }
    if let Some((mutation, snapshot)) = seen {
        let now = mutation
            .changes
            .iter()
            .filter_map(|change| Some((change.field.clone(), snapshot.fields.get(&change.field)?.clone())));
        object.insert("now".to_owned(), Value::Object(now.collect()));
        if let Some(version) = &snapshot.version {
            object.insert("version".to_owned(), version.as_str().into());
        }
    }
    Value::Object(object)
}

fn with_view(mut note: Value, differs: Value) -> Value {
    if let Value::Object(object) = &mut note {
        object.insert("differs".to_owned(), differs);
    }
    note
}

fn with_basis(mut note: Value, basis: &str) -> Value {
    if let Value::Object(object) = &mut note {
        object.insert("basis".to_owned(), basis.into());
    }
    note
}

fn fault_note(handle: Option<&str>, fault: &ReadFault) -> Value {
    let mut value = note(handle, "read_failed", None);
    if let Value::Object(object) = &mut value {
        object.insert("fault".to_owned(), Value::Str(fault.to_string()));
    }
    value
}
