//! The trace of a write: comments, and the audit that tells who did what.

use serde_json::{Map, Value, json};

use super::errors::Details;
use super::fields::Change;
use super::{Desk, people};
use crate::clock::Stamp;

/// Longest comment, in bytes: Zendesk's limit of 64 kB.
const COMMENT_BYTES_MAX: usize = 65_536;

/// A reply or a private note.
#[derive(Debug)]
pub(crate) struct Comment {
    pub body: String,
    pub public: bool,
    pub author_id: u64,
}

impl Comment {
    /// Reads `comment` from what was asked; it is public unless it says otherwise.
    pub fn read(asked: &Map<String, Value>, author_id: u64, problems: &mut Details) -> Option<Self> {
        let comment = asked.get("comment").filter(|comment| !comment.is_null())?;
        let body = comment.get("body").and_then(Value::as_str).unwrap_or_default();
        if body.trim().is_empty() {
            problems.add("comment", "cannot be blank");
        } else if body.len() > COMMENT_BYTES_MAX {
            problems.add("comment", "is too long (maximum is 64 kB)");
        }
        let author_id = match comment.get("author_id").map(Value::as_u64) {
            None => author_id,
            Some(Some(id)) if people::user(id).is_some() => id,
            Some(_) => {
                problems.add("comment", "author is invalid");
                author_id
            }
        };
        let public = comment.get("public").and_then(Value::as_bool).unwrap_or(true);
        Some(Self { body: body.to_owned(), public, author_id })
    }

    pub fn journaled(&self) -> Value {
        json!({ "body": self.body, "public": self.public })
    }
}

/// Who wrote on which ticket, when, and over which channel.
pub(crate) struct Trace {
    pub ticket: u64,
    pub author_id: u64,
    pub at: Stamp,
    pub channel: &'static str,
}

impl Trace {
    /// The audit of a write. Its first event is the comment, if there is one.
    pub fn audit(
        &self,
        desk: &mut Desk,
        comment: Option<&Comment>,
        changes: &[Change],
        custom: Value,
    ) -> Value {
        self.audit_of(desk, "Change", comment, changes, custom)
    }

    /// The audit of a creation: fields are created, not changed, and have no earlier value.
    pub fn creation(&self, desk: &mut Desk, comment: &Comment, changes: &[Change], custom: Value) -> Value {
        self.audit_of(desk, "Create", Some(comment), changes, custom)
    }

    fn audit_of(
        &self,
        desk: &mut Desk,
        kind: &str,
        comment: Option<&Comment>,
        changes: &[Change],
        custom: Value,
    ) -> Value {
        let id = desk.next_event();
        let comment = comment.map(|comment| {
            json!({
                "id": desk.next_event(),
                "type": "Comment",
                "author_id": comment.author_id,
                "body": comment.body,
                "plain_body": comment.body,
                "html_body": format!("<div class=\"zd-comment\"><p>{}</p></div>", escaped(&comment.body)),
                "public": comment.public,
                "attachments": [],
                "audit_id": id,
            })
        });
        let mut events: Vec<_> = comment.into_iter().collect();
        for change in changes {
            let mut event = json!({
                "id": desk.next_event(),
                "type": kind,
                "field_name": change.field,
                "value": as_text(&change.after),
            });
            if kind == "Change"
                && let Some(event) = event.as_object_mut()
            {
                event.insert("previous_value".to_owned(), as_text(&change.before));
            }
            events.push(event);
        }
        let custom = if custom.is_object() { custom } else { json!({}) };
        json!({
            "id": id,
            "ticket_id": self.ticket,
            "created_at": self.at.zendesk(),
            "author_id": self.author_id,
            "via": { "channel": self.channel },
            "metadata": { "system": { "client": null, "ip_address": "127.0.0.1" }, "custom": custom },
            "events": events,
        })
    }

    /// The comment as `comments` lists it: the audit's first event, with when and how.
    pub fn comment(&self, audit: &Value, comment: &Comment) -> Value {
        let mut shown = audit.get("events").and_then(|events| events.get(0)).cloned().unwrap_or_default();
        if let Some(shown) = shown.as_object_mut() {
            shown.insert("created_at".to_owned(), json!(self.at.zendesk()));
            shown.insert("via".to_owned(), json!({ "channel": self.channel }));
            shown.insert("author_id".to_owned(), json!(comment.author_id));
        }
        shown
    }
}

/// Audit events tell numbers as strings, and lists as they are.
fn as_text(value: &Value) -> Value {
    if value.is_number() { json!(value.to_string()) } else { value.clone() }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
