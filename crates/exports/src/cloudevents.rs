//! Events as CloudEvents 1.0 in the structured JSON form, for brokers and webhooks.
//!
//! `data` is what the leaf says in clear, with its place in the log and in its chain.

use domain::event::Event;
use domain::workspace::WorkspaceEvent;
use proof::json::{Object, Value, object};

use crate::evidence::{Entry, RunEvidence, WorkspaceEvidence, members, number, with};

/// What stands before the wire name of an event in `type`.
pub const TYPE_PREFIX: &str = "dev.actionplane.";

/// The events of a run; its id is the subject.
pub fn run(evidence: &RunEvidence) -> Vec<Value> {
    let subject = members([("subject", evidence.run.id.to_string().into())]);
    let told = |entry: &Entry<Event>| framed(&evidence.origin, entry, subject.clone());
    evidence.entries.iter().map(told).collect()
}

/// The acts of a workspace, which have no subject.
pub fn workspace(evidence: &WorkspaceEvidence) -> Vec<Value> {
    let told = |entry: &Entry<WorkspaceEvent>| framed(&evidence.origin, entry, Object::new());
    evidence.entries.iter().map(told).collect()
}

fn framed<E>(origin: &str, entry: &Entry<E>, subject: Object) -> Value {
    let leaf = &entry.leaf;
    let by = object([("id", leaf.by.id.as_str().into()), ("kind", leaf.by.kind.as_str().into())]);
    let data = with(
        members(entry.place(origin)),
        [
            ("by", by),
            ("cause", Value::Array(leaf.cause.iter().map(|cause| (*cause).into()).collect())),
            ("data", leaf.data.clone().into()),
            ("node", leaf.node.as_str().into()),
            ("prev", leaf.prev.map_or(Value::Null, Value::from)),
            ("seq", number(leaf.seq)),
        ],
    );
    with(
        subject,
        [
            ("data", data.into()),
            ("datacontenttype", "application/json".into()),
            ("id", entry.hash.into()),
            // A network-path reference (RFC 3986, 4.2): the origin is a host and a path, and nothing is served there.
            ("source", format!("//{origin}").into()),
            ("specversion", "1.0".into()),
            ("time", leaf.time.as_str().into()),
            ("type", format!("{TYPE_PREFIX}{}", leaf.kind).into()),
        ],
    )
    .into()
}
