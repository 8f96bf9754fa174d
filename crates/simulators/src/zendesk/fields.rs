//! A ticket's fields: which can be set, to what, and how they are described.
//!
//! Fields that cannot be set are ignored in silence, as Zendesk does. Nothing here writes a ticket.

use serde_json::{Map, Value, json};

use super::errors::Details;
use super::people;
use crate::clock::Stamp;

/// Custom field "Invoice number": text.
pub(crate) const INVOICE_NUMBER: u64 = 360_001;
/// Custom field "Refund amount": decimal.
const REFUND_AMOUNT: u64 = 360_002;
/// Custom field "Region": one of [`REGIONS`].
const REGION: u64 = 360_003;

const STATUSES: &[&str] = &["new", "open", "pending", "hold", "solved", "closed"];
const PRIORITIES: &[&str] = &["low", "normal", "high", "urgent"];
const TYPES: &[&str] = &["problem", "incident", "question", "task"];
const REGIONS: &[&str] = &["emea", "americas", "apac"];

/// The fields that an update can set, beside `comment`.
const SETTABLE: [&str; 12] = [
    "assignee_id",
    "custom_fields",
    "due_at",
    "external_id",
    "group_id",
    "organization_id",
    "priority",
    "requester_id",
    "status",
    "subject",
    "tags",
    "type",
];

/// Longest subject or external id, in characters.
const TEXT_CHARS_MAX: usize = 255;

pub(crate) fn can_be_set(name: &str) -> bool {
    name == "comment" || SETTABLE.contains(&name)
}

/// A ticket with every field at its default.
pub(crate) fn blank(id: u64, at: Stamp) -> Map<String, Value> {
    let custom: Vec<_> =
        [INVOICE_NUMBER, REFUND_AMOUNT, REGION].map(|id| json!({ "id": id, "value": null })).into();
    let fields = json!({
        "id": id,
        "external_id": null,
        "via": { "channel": "api" },
        "created_at": at.zendesk(),
        "updated_at": at.zendesk(),
        "type": null,
        "subject": null,
        "raw_subject": null,
        "description": null,
        "priority": null,
        "status": "new",
        "recipient": null,
        "requester_id": null,
        "submitter_id": null,
        "assignee_id": null,
        "organization_id": null,
        "group_id": null,
        "collaborator_ids": [],
        "follower_ids": [],
        "problem_id": null,
        "has_incidents": false,
        "is_public": true,
        "due_at": null,
        "tags": [],
        "custom_fields": custom,
        "satisfaction_rating": null,
        "allow_channelback": false,
    });
    if let Value::Object(fields) = fields { fields } else { Map::new() }
}

/// Sets what was asked for, then lets the desk's own rules change it; whatever is not allowed becomes a problem.
pub(crate) fn apply(fields: &mut Map<String, Value>, asked: &Map<String, Value>, problems: &mut Details) {
    for (name, value) in asked.iter().filter(|(name, _)| SETTABLE.contains(&name.as_str())) {
        if name == "custom_fields" {
            apply_custom(fields, value, problems);
            continue;
        }
        match accept(name, value) {
            Ok(value) => {
                if name == "subject" {
                    fields.insert("raw_subject".to_owned(), value.clone());
                }
                fields.insert(name.clone(), value);
            }
            Err(what) => problems.add(name, what),
        }
    }
    let unassigned = fields.get("assignee_id").is_none_or(Value::is_null);
    let status = fields.get("status").and_then(Value::as_str).unwrap_or_default();
    // An assigned ticket is never new.
    if status == "new" && !unassigned {
        fields.insert("status".to_owned(), json!("open"));
    } else if unassigned && ["solved", "closed"].contains(&status) {
        problems.add("assignee", "is required when solving a ticket");
    }
}

fn accept(name: &str, value: &Value) -> Result<Value, &'static str> {
    match name {
        "status" => choice(value, STATUSES),
        "priority" => null_or(value, |value| choice(value, PRIORITIES)),
        "type" => null_or(value, |value| choice(value, TYPES)),
        "assignee_id" => null_or(value, |value| id(value, |id| people::agent(id).is_some())),
        "group_id" => null_or(value, |value| id(value, people::group_exists)),
        "organization_id" => null_or(value, |value| id(value, people::organization_exists)),
        "requester_id" => id(value, |id| people::user(id).is_some()),
        "due_at" => null_or(value, |value| {
            let stamp = value.as_str().and_then(Stamp::parse).ok_or("is not a valid date")?;
            Ok(json!(stamp.zendesk()))
        }),
        "tags" => tags(value),
        _ => null_or(value, text),
    }
}

fn null_or(
    value: &Value,
    accept: impl FnOnce(&Value) -> Result<Value, &'static str>,
) -> Result<Value, &'static str> {
    if value.is_null() { Ok(Value::Null) } else { accept(value) }
}

fn choice(value: &Value, options: &[&str]) -> Result<Value, &'static str> {
    let chosen = value.as_str().filter(|chosen| options.contains(chosen));
    chosen.map(|chosen| json!(chosen)).ok_or("is not included in the list")
}

/// An id as a number, or as a string of digits.
fn id(value: &Value, exists: impl FnOnce(u64) -> bool) -> Result<Value, &'static str> {
    let id = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    id.filter(|id| exists(*id)).map(|id| json!(id)).ok_or("is invalid")
}

fn text(value: &Value) -> Result<Value, &'static str> {
    match value.as_str() {
        Some(text) if text.chars().count() > TEXT_CHARS_MAX => Err("is too long (maximum is 255 characters)"),
        Some(text) => Ok(json!(text)),
        None => Err("is invalid"),
    }
}

/// Tags are lower-cased, sorted and unique, whatever was sent.
fn tags(value: &Value) -> Result<Value, &'static str> {
    let tags = value.as_array().ok_or("is invalid")?;
    let tags: Option<Vec<_>> = tags.iter().map(|tag| tag.as_str().map(str::to_lowercase)).collect();
    let mut tags = tags.ok_or("is invalid")?;
    tags.sort();
    tags.dedup();
    Ok(json!(tags))
}

/// Merges `[{id, value}]` into the ticket's; unknown ids are ignored.
fn apply_custom(fields: &mut Map<String, Value>, asked: &Value, problems: &mut Details) {
    let Some(asked) = asked.as_array() else {
        problems.add("custom_fields", "is invalid");
        return;
    };
    for one in asked {
        let Some(id) = one.get("id").and_then(Value::as_u64) else { continue };
        let value = one.get("value").unwrap_or(&Value::Null);
        match null_or(value, |value| accept_custom(id, value)) {
            Ok(value) => set_custom(fields, id, value),
            Err(what) => problems.add(&id.to_string(), what),
        }
    }
}

fn accept_custom(id: u64, value: &Value) -> Result<Value, &'static str> {
    match id {
        REGION => choice(value, REGIONS),
        REFUND_AMOUNT => {
            let amount = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            amount.parse::<f64>().map(|_| json!(amount)).map_err(|_| "must be a decimal number")
        }
        _ => text(value),
    }
}

pub(crate) fn set_custom(fields: &mut Map<String, Value>, id: u64, value: Value) {
    let custom = fields.get_mut("custom_fields").and_then(Value::as_array_mut);
    let field =
        custom.into_iter().flatten().find(|field| field.get("id").and_then(Value::as_u64) == Some(id));
    if let Some(slot) = field.and_then(|field| field.get_mut("value")) {
        *slot = value;
    }
}

/// One field's change, as audits and the journal tell it. A custom field goes by its id.
pub(crate) struct Change {
    pub field: String,
    pub before: Value,
    pub after: Value,
}

/// What differs between two states of a ticket.
pub(crate) fn changes(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<Change> {
    let (before, after) = (by_name(before), by_name(after));
    let pairs = before.into_iter().zip(after);
    pairs
        .filter(|((_, before), (_, after))| before != after)
        .map(|((field, before), (_, after))| Change { field, before, after })
        .collect()
}

/// The settable fields in a fixed order, custom ones last.
fn by_name(fields: &Map<String, Value>) -> Vec<(String, Value)> {
    let plain = SETTABLE.iter().filter(|name| **name != "custom_fields");
    let plain = plain.map(|name| ((*name).to_owned(), fields.get(*name).cloned().unwrap_or_default()));
    let custom = fields.get("custom_fields").and_then(Value::as_array).into_iter().flatten();
    let custom = custom.map(|field| {
        let member = |name| field.get(name).cloned().unwrap_or_default();
        (member("id").to_string(), member("value"))
    });
    plain.chain(custom).collect()
}

/// The answer of `ticket_fields`: the system fields and the custom ones, with their options.
pub(crate) fn describe(base_url: &str) -> Vec<Value> {
    let system = |id: u64, kind: &str, title: &str, options: &[&str]| {
        field(base_url, id, kind, title, "system_field_options", options)
    };
    let custom = |id: u64, kind: &str, title: &str, options: &[&str]| {
        field(base_url, id, kind, title, "custom_field_options", options)
    };
    vec![
        system(350_001, "subject", "Subject", &[]),
        system(350_002, "description", "Description", &[]),
        system(350_003, "status", "Status", STATUSES),
        system(350_004, "tickettype", "Type", TYPES),
        system(350_005, "priority", "Priority", PRIORITIES),
        system(350_006, "group", "Group", &[]),
        system(350_007, "assignee", "Assignee", &[]),
        custom(INVOICE_NUMBER, "text", "Invoice number", &[]),
        custom(REFUND_AMOUNT, "decimal", "Refund amount", &[]),
        custom(REGION, "tagger", "Region", REGIONS),
    ]
}

fn field(base_url: &str, id: u64, kind: &str, title: &str, options_name: &str, options: &[&str]) -> Value {
    let mut field = json!({
        "id": id,
        "url": format!("{base_url}/api/v2/ticket_fields/{id}.json"),
        "type": kind,
        "title": title,
        "raw_title": title,
        "active": true,
        "required": false,
        "removable": options_name == "custom_field_options",
        "created_at": "2024-02-01T08:00:00Z",
        "updated_at": "2024-02-01T08:00:00Z",
    });
    if !options.is_empty()
        && let Some(field) = field.as_object_mut()
    {
        let options = options.iter().map(|value| json!({ "name": capitalized(value), "value": value }));
        field.insert(options_name.to_owned(), options.collect());
    }
    field
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
