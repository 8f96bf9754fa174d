//! How a write is carried out: check, stamp, history, journal. All or nothing.

use serde_json::{Map, Value, json};

use super::errors::Problem;
use super::schema::{EXTERNAL_REF, Object, Shape};
use super::{Org, effects, ids};
use crate::clock::Stamp;
use crate::journal::{Write, WriteKind};

/// Fields that every write sets and that say nothing about what was changed.
const STAMPS: [&str; 3] = ["LastModifiedDate", "LastModifiedById", "SystemModstamp"];

/// A record with every field empty, made now by nobody.
pub(crate) fn blank(object: &Object, id: &str, at: Stamp) -> Map<String, Value> {
    let value = |field: &super::schema::Field| match field.name {
        "Id" => json!(id),
        "CreatedDate" | "LastModifiedDate" | "SystemModstamp" => json!(at.salesforce()),
        _ if matches!(field.shape, Shape::Flag) => json!(false),
        _ => Value::Null,
    };
    object.fields.iter().map(|field| (field.name.to_owned(), value(field))).collect()
}

impl Org {
    /// Creates a record and returns its id.
    pub fn create(
        &mut self,
        object: &'static Object,
        asked: &Map<String, Value>,
        author: &str,
    ) -> Result<String, Problem> {
        if !object.writable {
            return Err(Problem::ObjectReadOnly);
        }
        let accepted = self.accept(object, asked)?;
        let missing: Vec<_> = object
            .fields
            .iter()
            .filter(|field| field.writable && !field.nillable && !field.defaulted)
            .filter(|field| !accepted.contains_key(field.name))
            .map(|field| field.name.to_owned())
            .collect();
        if !missing.is_empty() {
            return Err(Problem::RequiredMissing { fields: missing });
        }
        self.check_unique(object, &accepted, None)?;
        effects::check(object, &accepted)?;

        let at = self.clock.tick();
        let id = self.next_id(object.prefix);
        let mut fields = blank(object, &id, at);
        for (name, value) in self.defaults(object, author) {
            fields.insert(name.to_owned(), value);
        }
        fields.extend(accepted.clone());
        effects::settle(object, &mut fields, &accepted, at);
        let journaled =
            fields.iter().filter(|(name, value)| !value.is_null() && !STAMPS.contains(&name.as_str()));
        let journaled = journaled.map(|(name, value)| (name.clone(), value.clone())).collect();
        self.put(object, id.clone(), fields);
        self.keep_creation(object, &id, author, at);
        self.journal(WriteKind::Create, object, &id, journaled, author, at);
        Ok(id)
    }

    /// Updates a record. Even a write that changes nothing gets a new stamp, as in the real CRM.
    pub fn update(
        &mut self,
        object: &'static Object,
        id: &str,
        asked: &Map<String, Value>,
        author: &str,
    ) -> Result<(), Problem> {
        let id = self.writable(object, id)?;
        let accepted = self.accept(object, asked)?;
        self.check_unique(object, &accepted, Some(&id))?;
        let before = self.record(object, &id).ok_or(Problem::NotFound)?.fields.clone();
        let mut after = before.clone();
        after.extend(accepted.clone());
        effects::check(object, &after)?;

        let at = self.clock.tick();
        effects::settle(object, &mut after, &accepted, at);
        let journaled = after
            .iter()
            .filter(|(name, value)| accepted.contains_key(*name) || before.get(*name) != Some(value))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        for (name, value) in STAMPS.into_iter().zip([at.salesforce(), author.to_owned(), at.salesforce()]) {
            after.insert(name.to_owned(), json!(value));
        }
        self.keep_history(object, &id, &before, &after, author, at);
        self.put(object, id.clone(), after);
        self.journal(WriteKind::Update, object, &id, journaled, author, at);
        Ok(())
    }

    /// Deletes a record. It can be taken back in the vendor's recycle bin only, not over REST.
    pub fn delete(&mut self, object: &'static Object, id: &str, author: &str) -> Result<(), Problem> {
        let id = self.writable(object, id)?;
        let at = self.clock.tick();
        if let Some(record) = self.records.get_mut(&id) {
            record.deleted = true;
            record.fields.insert("IsDeleted".to_owned(), json!(true));
            if let Some(key) = record.fields.get(EXTERNAL_REF).and_then(Value::as_str) {
                self.external.remove(&(object.name, key.to_owned()));
            }
        }
        self.journal(WriteKind::Delete, object, &id, Map::new(), author, at);
        Ok(())
    }

    /// The record's long id, when it is there and nothing holds it.
    fn writable(&self, object: &Object, id: &str) -> Result<String, Problem> {
        if !object.writable {
            return Err(Problem::ObjectReadOnly);
        }
        let id = ids::canonical(id).ok_or(Problem::NotFound)?;
        let record = self.records.get(&id).filter(|record| record.object.name == object.name);
        match record {
            None => Err(Problem::NotFound),
            Some(record) if record.deleted => Err(Problem::Deleted),
            Some(_) if self.locked.contains(&id) => Err(Problem::Locked),
            Some(_) => Ok(id),
        }
    }

    fn check_unique(
        &self,
        object: &Object,
        accepted: &Map<String, Value>,
        own: Option<&str>,
    ) -> Result<(), Problem> {
        let key = accepted.get(EXTERNAL_REF).and_then(Value::as_str);
        let taken = key.and_then(|key| self.external.get(&(object.name, key.to_owned())));
        match taken {
            Some(id) if Some(id.as_str()) != own => {
                Err(Problem::Duplicate { field: EXTERNAL_REF, id: id.clone() })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// What a new record holds where the client sent nothing.
    fn defaults(&mut self, object: &Object, author: &str) -> Vec<(&'static str, Value)> {
        let mut defaults: Vec<_> =
            ["OwnerId", "CreatedById", "LastModifiedById"].map(|name| (name, json!(author))).into();
        if object.name == "Case" {
            let number = self.last_number.entry("CaseNumber").or_default();
            *number = number.saturating_add(1);
            defaults.push(("CaseNumber", json!(format!("{number:08}"))));
            defaults.push(("Status", json!("New")));
            defaults.push(("Priority", json!("Medium")));
        }
        defaults
    }

    fn journal(
        &mut self,
        kind: WriteKind,
        object: &Object,
        id: &str,
        fields: Map<String, Value>,
        author: &str,
        at: Stamp,
    ) {
        let user =
            self.records.get(author).and_then(|user| user.fields.get("Username")).and_then(Value::as_str);
        let author = user.unwrap_or(author).to_owned();
        self.journal.record(Write {
            seq: 0,
            at: at.salesforce(),
            object: object.name.to_owned(),
            id: id.to_owned(),
            kind,
            fields,
            idempotency_key: None,
            author,
        });
    }
}
