//! The CRM of Northwind Instruments, as Salesforce's REST API shows it.
//!
//! This file holds the state. What a request means stands in `routes.rs`, which fields there are in `schema.rs`, what
//! a value may be in `values.rs`, how a write is carried out in `records.rs`, what it drags along in `effects.rs`.
//! Everything is synchronous and knows no socket.

mod conditions;
mod data;
mod effects;
pub(crate) mod errors;
mod history;
mod ids;
mod query;
mod records;
pub(crate) mod routes;
mod schema;
mod token;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::clock::Clock;
use crate::journal::Journal;
use crate::system::{Edit, EditError};
use errors::Problem;
use schema::Object;

/// The connected app that integrations sign in as.
pub const CLIENT_ID: &str = "northwind-connected-app";
/// Its secret.
pub const CLIENT_SECRET: &str = "northwind-client-secret";
/// A refresh token of the same app.
pub const REFRESH_TOKEN: &str = "northwind-refresh-token";
/// The access token that the token endpoint gives out, always the same and valid for ever.
pub const ACCESS_TOKEN: &str = "00DHp0000000001!northwind.access.token";
/// The user behind the connected app.
pub const INTEGRATION_USER: &str = "integration@northwind.example";
/// The colleague who makes edits and drifts that name nobody.
pub const OTHER_USER: &str = "dana.whitlock@northwind.example";
/// The seeded opportunity "Aster Health renewal": Proposal, 84000.0, closing on 2026-12-18.
pub const ASTER_HEALTH_RENEWAL: &str = "006Hp0000001201IAA";
/// A seeded opportunity that an approval process locks: every write answers `ENTITY_IS_LOCKED`.
pub const LOCKED_OPPORTUNITY: &str = "006Hp0000001212IAA";
/// The seeded case "Probe readings drift after calibration": Working, High.
pub const DRIFTING_PROBE_CASE: &str = "500Hp0000002101IAA";

/// The CRM's state.
#[derive(Debug)]
pub(crate) struct Org {
    pub clock: Clock,
    pub journal: Journal,
    /// Every record by its 18-character id; the first three characters tell the object.
    records: BTreeMap<String, Record>,
    /// Field history by the id of the record that changed.
    history: BTreeMap<String, Vec<Map<String, Value>>>,
    /// Record ids by object and external id.
    external: BTreeMap<(&'static str, String), String>,
    /// Records that an approval process holds.
    locked: BTreeSet<String>,
    /// The last number given out, by key prefix.
    last_number: BTreeMap<&'static str, u32>,
    /// API requests so far, for the usage header.
    requests: u64,
}

#[derive(Debug)]
struct Record {
    object: &'static Object,
    fields: Map<String, Value>,
    deleted: bool,
}

impl Org {
    /// The CRM as every run finds it.
    pub fn seeded() -> Self {
        let mut org = Self {
            clock: Clock::new(),
            journal: Journal::default(),
            records: BTreeMap::new(),
            history: BTreeMap::new(),
            external: BTreeMap::new(),
            locked: BTreeSet::new(),
            last_number: BTreeMap::new(),
            requests: 0,
        };
        org.put_seeds();
        org
    }

    /// The record, unless it is deleted. `id` may have 15 or 18 characters.
    fn record(&self, object: &Object, id: &str) -> Option<&Record> {
        let record = self.records.get(&ids::canonical(id)?)?;
        (record.object.name == object.name && !record.deleted).then_some(record)
    }

    /// The 18-character id of the user with that name.
    fn user_id(&self, username: &str) -> Option<&str> {
        self.rows(&schema::USER).find_map(|(id, fields)| {
            (fields.get("Username").and_then(Value::as_str) == Some(username)).then_some(id)
        })
    }

    /// The records of an object that are not deleted, by id.
    fn rows(&self, object: &Object) -> impl Iterator<Item = (&str, &Map<String, Value>)> {
        self.records
            .range(object.prefix.to_owned()..)
            .take_while(|(id, _)| id.starts_with(object.prefix))
            .filter(|(_, record)| !record.deleted)
            .map(|(id, record)| (id.as_str(), &record.fields))
    }

    fn next_id(&mut self, prefix: &'static str) -> String {
        let last = self.last_number.entry(prefix).or_default();
        *last = last.saturating_add(1);
        ids::numbered(prefix, *last)
    }

    /// Updates a record as a colleague, under the same rules as the API.
    pub fn edit(&mut self, edit: &Edit) -> Result<(), EditError> {
        let object =
            schema::object(&edit.object).ok_or_else(|| EditError::UnknownObject(edit.object.clone()))?;
        let not_found = || EditError::NotFound { object: edit.object.clone(), id: edit.id.clone() };
        let id = ids::canonical(&edit.id).ok_or_else(not_found)?;
        self.record(object, &id).ok_or_else(not_found)?;
        let username = edit.author.as_deref().unwrap_or(OTHER_USER);
        let author =
            self.user_id(username).ok_or_else(|| EditError::UnknownAuthor(username.to_owned()))?.to_owned();
        let can_be_set = |name: &str| object.field(name).is_some_and(|field| field.writable);
        if let Some(unknown) = edit.fields.keys().find(|name| !can_be_set(name)) {
            return Err(EditError::UnknownField(unknown.clone()));
        }
        let refused = |problem: Problem| EditError::Refused(problem.to_string());
        self.update(object, &id, &edit.fields, &author).map_err(refused)
    }

    /// Puts a record into a state, created if need be.
    pub fn seed(&mut self, object: &str, id: &str, values: &Map<String, Value>) -> Result<(), EditError> {
        let object = schema::object(object)
            .filter(|object| object.history_of.is_none())
            .ok_or_else(|| EditError::UnknownObject(object.to_owned()))?;
        let id = ids::canonical(id)
            .filter(|id| id.starts_with(object.prefix))
            .ok_or_else(|| EditError::NotFound { object: object.name.to_owned(), id: id.to_owned() })?;
        let mut fields = match self.records.get(&id) {
            Some(record) => record.fields.clone(),
            None => records::blank(object, &id, self.clock.now()),
        };
        for (name, value) in values {
            match fields.get_mut(name) {
                Some(slot) if name != "Id" => *slot = value.clone(),
                Some(_) | None => return Err(EditError::UnknownField(name.clone())),
            }
        }
        let last = self.last_number.entry(object.prefix).or_default();
        *last = (*last).max(ids::number(&id).unwrap_or(0));
        self.put(object, id, fields);
        Ok(())
    }

    /// Stores a record and keeps the index of external ids.
    fn put(&mut self, object: &'static Object, id: String, fields: Map<String, Value>) {
        let reference = |fields: &Map<String, Value>| {
            let value = fields.get(schema::EXTERNAL_REF)?.as_str()?;
            Some((object.name, value.to_owned()))
        };
        if let Some(old) = self.records.get(&id).and_then(|record| reference(&record.fields)) {
            self.external.remove(&old);
        }
        if let Some(new) = reference(&fields) {
            self.external.insert(new, id.clone());
        }
        self.records.insert(id, Record { object, fields, deleted: false });
    }
}

#[cfg(test)]
mod tests;
