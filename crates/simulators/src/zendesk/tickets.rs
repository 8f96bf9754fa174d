//! How a write on a ticket is carried out: check, stamp, trace, journal. All or nothing.

use serde_json::{Map, Value, json};

use super::audits::{Comment, Trace};
use super::errors::{Details, Problem};
use super::people::User;
use super::{Desk, Ticket, fields};
use crate::clock::Stamp;
use crate::journal::{Write, WriteKind};

/// What an accepted write left behind.
pub(crate) struct Written {
    pub id: u64,
    /// The audit, or null when nothing changed.
    pub audit: Value,
}

impl Desk {
    /// Updates a ticket. Without a change and without a comment nothing is written, and its stamp stays.
    pub fn update(&mut self, id: u64, asked: &Map<String, Value>, author: &User) -> Result<Written, Problem> {
        let ticket = self.ticket(id).ok_or(Problem::NotFound)?;
        let mut problems = Details::default();
        if ticket.fields.get("status").and_then(Value::as_str) == Some("closed") {
            problems.add("status", "closed prevents ticket update");
            return Err(Problem::RecordInvalid(problems));
        }
        check_stamp(&ticket.fields, asked)?;
        let mut after = ticket.fields.clone();
        fields::apply(&mut after, asked, &mut problems);
        let comment = Comment::read(asked, author.id, &mut problems);
        problems.into_result()?;
        let changes = fields::changes(&ticket.fields, &after);
        self.limit
            .admit(author.id, id, self.clock.now())
            .map_err(|retry_after_s| Problem::TooManyUpdates { retry_after_s })?;
        if changes.is_empty() && comment.is_none() {
            return Ok(Written { id, audit: Value::Null });
        }

        let at = self.clock.tick();
        after.insert("updated_at".to_owned(), json!(at.zendesk()));
        let trace = Trace { ticket: id, author_id: author.id, at, channel: "api" };
        let audit = trace.audit(self, comment.as_ref(), &changes, custom_metadata(asked));
        let mut journaled: Map<_, _> =
            changes.into_iter().map(|change| (change.field, change.after)).collect();
        if let Some(comment) = &comment {
            journaled.insert("comment".to_owned(), comment.journaled());
        }
        if let Some(ticket) = self.tickets.get_mut(&id) {
            ticket.fields = after;
            ticket.comments.extend(comment.map(|comment| trace.comment(&audit, &comment)));
            ticket.audits.push(audit.clone());
        }
        self.record(WriteKind::Update, id, at, journaled, None, author);
        Ok(Written { id, audit })
    }

    /// Creates a ticket; its first comment becomes its description.
    pub fn create(
        &mut self,
        asked: &Map<String, Value>,
        key: Option<&str>,
        author: &User,
    ) -> Result<Written, Problem> {
        let mut problems = Details::default();
        let mut asked = asked.clone();
        if let Some(description) = asked.get("description").filter(|_| !asked.contains_key("comment")) {
            asked.insert("comment".to_owned(), json!({ "body": description }));
        }
        let comment = Comment::read(&asked, author.id, &mut problems);
        let id = self.last_ticket.saturating_add(1);
        let at = self.clock.now();
        let before = fields::blank(id, at);
        let mut after = before.clone();
        after.insert("requester_id".to_owned(), json!(author.id));
        fields::apply(&mut after, &asked, &mut problems);
        let Some(comment) = comment else {
            problems.add("description", "cannot be blank");
            return Err(Problem::RecordInvalid(problems));
        };
        problems.into_result()?;

        let at = self.clock.tick();
        after.insert("submitter_id".to_owned(), json!(author.id));
        after.insert("description".to_owned(), json!(comment.body));
        after.insert("is_public".to_owned(), json!(comment.public));
        after.insert("created_at".to_owned(), json!(at.zendesk()));
        after.insert("updated_at".to_owned(), json!(at.zendesk()));
        let mut changes = fields::changes(&before, &after);
        if !changes.iter().any(|change| change.field == "status") {
            let status = json!("new");
            changes.push(fields::Change { field: "status".to_owned(), before: Value::Null, after: status });
        }
        let trace = Trace { ticket: id, author_id: author.id, at, channel: "api" };
        let audit = trace.creation(self, &comment, &changes, custom_metadata(&asked));
        let mut journaled: Map<_, _> =
            changes.into_iter().map(|change| (change.field, change.after)).collect();
        journaled.insert("comment".to_owned(), comment.journaled());
        let mut ticket = Ticket::new(after);
        ticket.comments.push(trace.comment(&audit, &comment));
        ticket.audits.push(audit.clone());
        self.tickets.insert(id, ticket);
        self.last_ticket = id;
        self.record(WriteKind::Create, id, at, journaled, key, author);
        Ok(Written { id, audit })
    }

    /// Deletes a ticket, softly: it answers 404 until it is restored.
    pub fn delete(&mut self, id: u64, author: &User) -> Result<(), Problem> {
        self.ticket(id).ok_or(Problem::NotFound)?;
        self.set_deleted(id, WriteKind::Delete, author);
        Ok(())
    }

    /// Brings a deleted ticket back as it was.
    pub fn restore(&mut self, id: u64, author: &User) -> Result<(), Problem> {
        self.tickets.get(&id).filter(|ticket| ticket.deleted).ok_or(Problem::NotFound)?;
        self.set_deleted(id, WriteKind::Restore, author);
        Ok(())
    }

    fn set_deleted(&mut self, id: u64, kind: WriteKind, author: &User) {
        let at = self.clock.tick();
        if let Some(ticket) = self.tickets.get_mut(&id) {
            ticket.deleted = kind == WriteKind::Delete;
            ticket.fields.insert("updated_at".to_owned(), json!(at.zendesk()));
        }
        self.record(kind, id, at, Map::new(), None, author);
    }

    fn record(
        &mut self,
        kind: WriteKind,
        id: u64,
        at: Stamp,
        fields: Map<String, Value>,
        key: Option<&str>,
        author: &User,
    ) {
        self.journal.record(Write {
            seq: 0,
            at: at.zendesk(),
            object: "ticket".to_owned(),
            id: id.to_string(),
            kind,
            fields,
            idempotency_key: key.map(str::to_owned),
            author: author.email.to_owned(),
        });
    }
}

/// The conditional write: `safe_update` with the stamp that the client last saw.
fn check_stamp(fields: &Map<String, Value>, asked: &Map<String, Value>) -> Result<(), Problem> {
    let asks = |value: &Value| value.as_bool() == Some(true) || value.as_str() == Some("true");
    if !asked.get("safe_update").is_some_and(asks) {
        return Ok(());
    }
    let stamp =
        |fields: &Map<String, Value>, name| fields.get(name).and_then(Value::as_str).and_then(Stamp::parse);
    let seen = stamp(asked, "updated_stamp").ok_or(Problem::InvalidAttribute("updated_stamp"))?;
    if stamp(fields, "updated_at") == Some(seen) { Ok(()) } else { Err(Problem::UpdateConflict) }
}

/// What the client wants kept in the audit, such as its own reference.
fn custom_metadata(asked: &Map<String, Value>) -> Value {
    asked.get("metadata").cloned().unwrap_or_default()
}
