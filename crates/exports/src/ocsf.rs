//! Events in the Open Cybersecurity Schema Framework, as lines of JSON for a security information system.
//!
//! A write to a system of record is API Activity (6003). Everything else about a run is Entity Management (3004) of that
//! run. Acts of the workspace are Entity Management of what they change, Account Change (3001) or User Access Management
//! (3005). Only clear members go in. Each event is complete by itself; `unmapped` holds its leaf and clear data.

mod act;
mod event;

use domain::event::Event;
use domain::workspace::WorkspaceEvent;
use proof::json::{Object, Value, object};
use proof::leaf::ByKind;

use crate::evidence::{Entry, RunEvidence, WorkspaceEvidence, members, number, with};
use crate::words;

/// The version of the schema.
pub const VERSION: &str = "1.8.0";

/// One event of the schema, without what all have.
struct Told {
    class: Class,
    activity: Activity,
    severity: Severity,
    status: Status,
    /// `status_code`.
    code: Option<String>,
    /// Members of the class.
    more: Object,
}

#[derive(Clone, Copy)]
enum Class {
    AccountChange,
    EntityManagement,
    UserAccess,
    ApiActivity,
}

/// `activity_id` and its caption in the class.
type Activity = (u32, &'static str);

const CREATE: Activity = (1, "Create");
const READ: Activity = (2, "Read");
const UPDATE: Activity = (3, "Update");
const DELETE: Activity = (4, "Delete");
const ACTIVATE: Activity = (10, "Activate");
const DEACTIVATE: Activity = (11, "Deactivate");
const SUSPEND: Activity = (12, "Suspend");
const RESUME: Activity = (13, "Resume");
const OTHER: u32 = 99;

#[derive(Clone, Copy)]
enum Severity {
    Informational,
    Low,
    Medium,
    High,
    Critical,
}

#[derive(Clone, Copy)]
enum Status {
    Success,
    Failure,
    /// Neither, in a word of ours.
    Other(&'static str),
}

/// The events of a run.
pub fn run(evidence: &RunEvidence) -> Vec<Value> {
    let id = evidence.run.id.to_string();
    let told = |entry: &Entry<Event>| {
        let more = members([("correlation_uid", id.as_str().into())]);
        framed(&evidence.origin, entry, words::event(&entry.event), event::of(evidence, entry), more)
    };
    evidence.entries.iter().map(told).collect()
}

/// The acts of a workspace.
pub fn workspace(evidence: &WorkspaceEvidence) -> Vec<Value> {
    let told = |entry: &Entry<WorkspaceEvent>| {
        framed(
            &evidence.origin,
            entry,
            words::act(&entry.event),
            act::of(entry, &evidence.origin),
            Object::new(),
        )
    };
    evidence.entries.iter().map(told).collect()
}

fn framed<E>(origin: &str, entry: &Entry<E>, message: &str, told: Told, metadata: Object) -> Value {
    let Told { class, activity: (activity, activity_name), severity, status, code, more } = told;
    let (class_uid, class_name, category_uid, category_name) = class.words();
    let (severity_id, severity) = severity.words();
    let (status_id, status) = status.words();
    let product = object([
        ("name", "ActionPlane".into()),
        ("uid", "actionplane".into()),
        ("vendor_name", "ActionPlane".into()),
    ]);
    let metadata = with(
        metadata,
        [
            ("event_code", entry.leaf.kind.as_str().into()),
            ("log_name", origin.into()),
            ("original_time", entry.leaf.time.as_str().into()),
            ("product", product),
            ("sequence", number(entry.index)),
            ("tenant_uid", origin.into()),
            ("uid", entry.hash.into()),
            ("version", VERSION.into()),
        ],
    );
    let unmapped = with(members(entry.place(origin)), [("data", entry.leaf.data.clone().into())]);
    let framed = with(
        more,
        [
            ("activity_id", activity.into()),
            ("activity_name", activity_name.into()),
            ("actor", actor(entry)),
            ("category_name", category_name.into()),
            ("category_uid", category_uid.into()),
            ("class_name", class_name.into()),
            ("class_uid", class_uid.into()),
            ("message", message.into()),
            ("metadata", metadata.into()),
            ("severity", severity.into()),
            ("severity_id", severity_id.into()),
            ("status", status.into()),
            ("status_id", status_id.into()),
            ("time", Value::Int(entry.time.millis())),
            ("type_uid", (class_uid * 100 + activity).into()),
            ("unmapped", unmapped.into()),
        ],
    );
    with(framed, code.map(|code| ("status_code", code.into()))).into()
}

/// Who wrote the event. Ids of persons are opaque.
fn actor<E>(entry: &Entry<E>) -> Value {
    let (type_id, kind) = match entry.leaf.by.kind {
        ByKind::Person => (1, "User"),
        ByKind::System => (3, "System"),
        ByKind::Service => (4, "Service"),
        ByKind::Agent => (OTHER, "Agent"),
        ByKind::Policy => (OTHER, "Policy"),
    };
    let uid = entry.leaf.by.id.as_str();
    object([("user", object([("type", kind.into()), ("type_id", type_id.into()), ("uid", uid.into())]))])
}

impl Class {
    /// `class_uid`, `class_name`, `category_uid`, `category_name`.
    fn words(self) -> (u32, &'static str, u32, &'static str) {
        const IAM: &str = "Identity & Access Management";
        match self {
            Self::AccountChange => (3001, "Account Change", 3, IAM),
            Self::EntityManagement => (3004, "Entity Management", 3, IAM),
            Self::UserAccess => (3005, "User Access Management", 3, IAM),
            Self::ApiActivity => (6003, "API Activity", 6, "Application Activity"),
        }
    }
}

impl Severity {
    fn words(self) -> (u32, &'static str) {
        match self {
            Self::Informational => (1, "Informational"),
            Self::Low => (2, "Low"),
            Self::Medium => (3, "Medium"),
            Self::High => (4, "High"),
            Self::Critical => (5, "Critical"),
        }
    }
}

impl Status {
    fn words(self) -> (u32, &'static str) {
        match self {
            Self::Success => (1, "Success"),
            Self::Failure => (2, "Failure"),
            Self::Other(word) => (OTHER, word),
        }
    }
}

/// Entity Management of something of ours.
fn entity(kind: &str, uid: impl Into<Value>) -> Object {
    members([("entity", object([("type", kind.into()), ("uid", uid.into())]))])
}
