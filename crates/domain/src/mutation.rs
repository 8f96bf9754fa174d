//! What is proposed, and what a preview makes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use proof::digest::Digest;
use proof::json::Value;

use crate::limits::{CHANGES_MAX, FIELD_NAME_LEN_MAX, RECORD_ID_LEN_MAX};
use crate::name::Slug;

/// Field values by name. A missing name is *absent*, which is neither `Null` nor empty.
pub type Fields = BTreeMap<String, Value>;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// Every variant, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word on every wire.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Reads the word; `None` for any other.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What a mutation does to its record.
    Kind {
        /// Makes a record.
        Create = "create",
        /// Changes fields of a record.
        Update = "update",
        /// Removes a record.
        Delete = "delete",
        /// Calls a named business action, such as "resolve" or "reply".
        Invoke = "invoke",
    }
}

words! {
    /// Where a connector points. Never client input.
    Environment {
        /// A simulator of ours.
        Simulation = "simulation",
        /// The vendor's sandbox, or a test installation.
        Sandbox = "sandbox",
        /// The real thing.
        Production = "production",
    }
}

words! {
    /// How a mutation can be undone.
    UndoKind {
        /// The changed fields can be restored.
        Rollback = "rollback",
        /// A named counter-action exists.
        Compensation = "compensation",
        /// Neither exists.
        Irreversible = "irreversible",
    }
}

/// The outside thing: one record of one connector.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordRef {
    /// The configured connector, such as `crm-main`.
    pub connector: Slug,
    /// The manifest's object, such as `opportunity`.
    pub object: Slug,
    /// The vendor's id, verbatim.
    pub id: String,
}

impl fmt::Display for RecordRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.connector, self.object, self.id)
    }
}

/// One mutation as proposed: after-values only; the before-values come from the live record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedMutation {
    /// The configured connector.
    pub connector: Slug,
    /// The manifest's object.
    pub object: Slug,
    /// The record; absent exactly for `create`.
    pub id: Option<String>,
    /// What it does.
    pub kind: Kind,
    /// The business action, exactly for `invoke`.
    pub action: Option<Slug>,
    /// After-values by field, for `create` and `update`.
    pub changes: Fields,
    /// Arguments of the business action, for `invoke`.
    pub arguments: Fields,
    /// Fields that are not changed but must not have moved either.
    pub guard: BTreeSet<String>,
}

/// Why a proposed mutation has no sensible shape, whatever the connector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShapeFault {
    /// A record id is missing.
    #[error("`{0}` needs the `id` of its record")]
    NoId(Kind),
    /// A record id where none can be.
    #[error("`create` takes no `id`: the system of record gives it")]
    IdOnCreate,
    /// The id is empty, too long or has control characters.
    #[error("the record id must have 1 to {RECORD_ID_LEN_MAX} printable characters")]
    IdForm,
    /// No action, or an action on a kind that has none.
    #[error("`action` names the business action of `invoke`, and belongs to no other kind")]
    Action,
    /// An update or create without changes.
    #[error("`{0}` needs at least one change")]
    NoChanges(Kind),
    /// Changes on a kind that has none.
    #[error("`{0}` takes no `changes`")]
    Changes(Kind),
    /// Arguments on a kind that has none.
    #[error("`{0}` takes no `arguments`")]
    Arguments(Kind),
    /// Too many fields.
    #[error("at most {CHANGES_MAX} fields fit into one mutation")]
    TooMany,
    /// A field name that cannot be one.
    #[error("`{0}` is not a field name of 1 to {FIELD_NAME_LEN_MAX} printable characters")]
    FieldName(String),
}

impl ProposedMutation {
    /// Checks what holds for every connector: which members belong to which kind, names, lengths.
    pub fn check(&self) -> Result<(), ShapeFault> {
        match (self.kind, &self.id) {
            (Kind::Create, Some(_)) => return Err(ShapeFault::IdOnCreate),
            (Kind::Update | Kind::Delete | Kind::Invoke, None) => return Err(ShapeFault::NoId(self.kind)),
            (_, Some(id)) if !record_id_form(id) => return Err(ShapeFault::IdForm),
            (Kind::Create, None) | (Kind::Update | Kind::Delete | Kind::Invoke, Some(_)) => {}
        }
        if self.action.is_some() != (self.kind == Kind::Invoke) {
            return Err(ShapeFault::Action);
        }
        match self.kind {
            Kind::Create | Kind::Update if self.changes.is_empty() => {
                return Err(ShapeFault::NoChanges(self.kind));
            }
            Kind::Delete | Kind::Invoke if !self.changes.is_empty() => {
                return Err(ShapeFault::Changes(self.kind));
            }
            Kind::Create | Kind::Update | Kind::Delete if !self.arguments.is_empty() => {
                return Err(ShapeFault::Arguments(self.kind));
            }
            Kind::Create | Kind::Update | Kind::Delete | Kind::Invoke => {}
        }
        if self.changes.len().max(self.arguments.len()).max(self.guard.len()) > CHANGES_MAX {
            return Err(ShapeFault::TooMany);
        }
        let names = self.changes.keys().chain(self.arguments.keys()).chain(&self.guard);
        names.into_iter().find(|name| !field_name_form(name)).map_or(Ok(()), |name| {
            Err(ShapeFault::FieldName(name.chars().take(FIELD_NAME_LEN_MAX).collect()))
        })
    }

    /// The last part of the action's name: the business action, or the kind.
    pub fn verb(&self) -> &str {
        self.action.as_ref().map_or(self.kind.word(), Slug::as_str)
    }
}

fn record_id_form(id: &str) -> bool {
    !id.is_empty() && id.chars().count() <= RECORD_ID_LEN_MAX && !id.chars().any(char::is_control)
}

fn field_name_form(name: &str) -> bool {
    !name.is_empty() && name.chars().count() <= FIELD_NAME_LEN_MAX && !name.chars().any(char::is_control)
}

/// The fields of a record at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The id as the vendor returned it: the canonical spelling.
    pub id: String,
    /// The vendor's version token, verbatim; absent where the vendor has none.
    pub version: Option<String>,
    /// Normalized values of the fields that the manifest knows; a field the vendor left out is absent.
    pub fields: Fields,
}

/// One field's before and after. `None` is *absent*.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The vendor's field name.
    pub field: String,
    /// The value in the live record when it was previewed.
    pub before: Option<Value>,
    /// The value after this run.
    pub after: Option<Value>,
}

/// One mutation as previewed against the live record: what the plan digest covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutation {
    /// Position in the plan, from 0.
    pub n: u32,
    /// The configured connector.
    pub connector: Slug,
    /// Where it points.
    pub environment: Environment,
    /// Digest of the connector's manifest.
    pub manifest: Digest,
    /// The manifest's object.
    pub object: Slug,
    /// What it does.
    pub kind: Kind,
    /// The business action, exactly for `invoke`.
    pub action: Option<Slug>,
    /// The record's canonical id; absent for `create`.
    pub record: Option<String>,
    /// The version token that was read; absent for `create` and where the vendor has none.
    pub version: Option<String>,
    /// Changed fields with before and after, sorted by name; only fields that really change.
    pub changes: Vec<Change>,
    /// Base values of fields that must not move; `None` when the field was absent.
    pub guard: BTreeMap<String, Option<Value>>,
    /// Arguments of the business action.
    pub arguments: Fields,
    /// How it can be undone.
    pub undo: UndoKind,
}

impl Mutation {
    /// The record that it touches, when there already is one.
    pub fn record_ref(&self) -> Option<RecordRef> {
        let id = self.record.clone()?;
        Some(RecordRef { connector: self.connector.clone(), object: self.object.clone(), id })
    }

    /// The last part of the action's name: the business action, or the kind.
    pub fn verb(&self) -> &str {
        self.action.as_ref().map_or(self.kind.word(), Slug::as_str)
    }
}

#[cfg(test)]
mod tests;
