//! What goes in: verified events with their places in the log, and what is known of their sealed values.
//!
//! Callers fill it from a bundle or a store that verified. Nothing is checked again here.

use std::collections::BTreeMap;

use domain::event::{Event, Fault};
use domain::principal::Actor;
use domain::run::Run;
use domain::time::Timestamp;
use domain::wire::ReadEvent;
use domain::workspace::WorkspaceEvent;
use proof::digest::Digest;
use proof::document::MutationDocument;
use proof::json::{Object, Value, object};
use proof::leaf::Leaf;
use proof::tree::leaf_hash;

/// The head of the log under which everything was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogHead {
    /// Tree hash of the log.
    pub root: Digest,
    /// Number of its leaves.
    pub size: u64,
}

/// What is known of one sealed value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// The value; `Null` when there was nothing to say.
    Disclosed(Value),
    /// It was erased, which the log says.
    Erased {
        /// Position of the erasure in the log.
        index: u64,
        /// When it was erased.
        time: Timestamp,
        /// On which basis, such as `gdpr-17-1-b`.
        basis: String,
    },
    /// It is kept from the recipient of this export.
    Withheld,
}

/// One verified event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<E> {
    /// Its position in the log.
    pub index: u64,
    /// The hash of its leaf.
    pub hash: Digest,
    /// Its leaf.
    pub leaf: Leaf,
    /// When it was written.
    pub time: Timestamp,
    /// Who wrote it.
    pub by: Actor,
    /// Its clear members.
    pub event: E,
    /// Its sealed members by name.
    pub fields: BTreeMap<String, Field>,
}

/// One mutation document of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The document.
    pub document: MutationDocument,
    /// Its sealed members by name: *arguments*, *guard*, *record* and *version*.
    pub fields: BTreeMap<String, Field>,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEvidence {
    /// The name of the log.
    pub origin: String,
    /// Its head.
    pub head: LogHead,
    /// The run, as its events fold.
    pub run: Run,
    /// Its events, from the first, all of them.
    pub entries: Vec<Entry<Event>>,
    /// The documents of all of its plans, by mutation hash.
    pub planned: BTreeMap<Digest, Planned>,
}

/// Acts of a workspace: all of them, or those that some runs need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceEvidence {
    /// The name of the log.
    pub origin: String,
    /// Its head.
    pub head: LogHead,
    /// The acts, in order.
    pub entries: Vec<Entry<WorkspaceEvent>>,
}

impl Entry<Event> {
    /// An event as the domain reads it.
    pub fn new(index: u64, read: ReadEvent, fields: BTreeMap<String, Field>) -> Self {
        let ReadEvent { leaf, hash, time, by, event } = read;
        Self { index, hash, leaf, time, by, event, fields }
    }
}

/// Why a leaf is no act of a workspace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// The leaf is malformed.
    #[error("the leaf is malformed: {0}")]
    Form(#[from] proof::strict::Fault),
    /// Its clear members are not those of its type.
    #[error("the leaf is no act of a workspace: {0}")]
    Members(#[from] Fault),
    /// Its time or author is malformed.
    #[error("the leaf has a malformed `{0}`")]
    Member(&'static str),
}

impl Entry<WorkspaceEvent> {
    /// Reads an act from its leaf.
    ///
    /// # Errors
    /// What the leaf is instead.
    pub fn read(index: u64, bytes: &[u8], fields: BTreeMap<String, Field>) -> Result<Self, Unread> {
        let leaf = Leaf::parse(bytes)?;
        let event = WorkspaceEvent::read(&leaf.kind, leaf.data.clone())?;
        let time = Timestamp::parse(&leaf.time).ok_or(Unread::Member("time"))?;
        let by = Actor::from_by(&leaf.by).ok_or(Unread::Member("by"))?;
        Ok(Self { index, hash: leaf_hash(bytes), leaf, time, by, event, fields })
    }
}

impl<E> Entry<E> {
    /// The members that every record of every format carries: which leaf of which log it is of.
    pub fn place(&self, origin: &str) -> [(&'static str, Value); 3] {
        [
            ("ap_leaf_hash", self.hash.into()),
            ("ap_log_index", number(self.index)),
            ("ap_origin", origin.into()),
        ]
    }

    /// The disclosed text of a sealed member: a text as such, or the `name` of an object.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Field::text)
    }
}

impl Field {
    /// The disclosed text: a text as such, or the `name` of an object.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Disclosed(value) => value.get("name").unwrap_or(value).as_str(),
            Self::Erased { .. } | Self::Withheld => None,
        }
    }
}

impl RunEvidence {
    /// The clear name of what a mutation calls: `<connector>.<object>.<verb>`. A mutation whose document is not at hand
    /// is named by its hash.
    pub fn tool(&self, mutation: &Digest) -> String {
        self.planned.get(mutation).map_or_else(
            || format!("mutation.{mutation}"),
            |planned| {
                let document = &planned.document;
                let verb = document.action.as_ref().unwrap_or(&document.kind);
                format!("{}.{}.{verb}", document.connector, document.object)
            },
        )
    }
}

/// A count as JSON holds it. Positions of a log stay far below the largest exact integer.
pub(crate) fn number(count: u64) -> Value {
    Value::Int(i64::try_from(count).unwrap_or(proof::json::INTEGER_MAX))
}

/// An object with more members, of which a later one of the same name wins.
pub(crate) fn with<'a>(mut members: Object, more: impl IntoIterator<Item = (&'a str, Value)>) -> Object {
    members.extend(more.into_iter().map(|(name, value)| (name.to_owned(), value)));
    members
}

/// The members of an object.
pub(crate) fn members<const N: usize>(members: [(&str, Value); N]) -> Object {
    match object(members) {
        Value::Object(members) => members,
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Str(_) | Value::Array(_) => Object::new(),
    }
}
