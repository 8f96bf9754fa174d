//! The two simulated systems of record behind one face, for the server and the control routes.

use serde_json::{Map, Value};

use crate::Kind;
use crate::clock::Clock;
use crate::exchange::{Answer, Call};
use crate::journal::Journal;
use crate::salesforce::{self, Org};
use crate::zendesk::{self, Desk};

/// A simulated system with its records, clock and journal.
#[derive(Debug)]
pub(crate) enum System {
    Zendesk(Box<Desk>),
    Salesforce(Box<Org>),
}

/// An answer that a fault asks for, in the vendor's own shape.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refusal {
    RateLimited { retry_after_s: u64 },
    ServerError,
    Conflict,
    RecordLocked,
    Unauthorized,
}

/// Why an edit or a seeding was not done.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The system has no such object.
    #[error("there is no object `{0}`")]
    UnknownObject(String),
    /// There is no such record, or it is deleted.
    #[error("there is no {object} `{id}`")]
    NotFound {
        /// The object that was named.
        object: String,
        /// The id that was named.
        id: String,
    },
    /// The object has no such field, or nobody can set it.
    #[error("`{0}` is not a field that can be set")]
    UnknownField(String),
    /// There is no such person.
    #[error("there is no user `{0}`")]
    UnknownAuthor(String),
    /// The system's own rules refuse the edit.
    #[error("the system refuses: {0}")]
    Refused(String),
}

impl System {
    pub fn seeded(kind: Kind) -> Self {
        match kind {
            Kind::Zendesk => Self::Zendesk(Box::new(Desk::seeded())),
            Kind::Salesforce => Self::Salesforce(Box::new(Org::seeded())),
        }
    }

    /// Handles one request of the vendor's API.
    pub fn handle(&mut self, call: &Call) -> Answer {
        match self {
            Self::Zendesk(desk) => zendesk::routes::handle(desk, call),
            Self::Salesforce(org) => salesforce::routes::handle(org, call),
        }
    }

    /// Changes a record as another person, under the vendor's rules. Without `author` it is [`zendesk::OTHER_AGENT`]
    /// or [`salesforce::OTHER_USER`].
    pub fn edit(&mut self, edit: &Edit) -> Result<(), EditError> {
        match self {
            Self::Zendesk(desk) => desk.edit(edit),
            Self::Salesforce(org) => org.edit(edit),
        }
    }

    /// Puts a record into a given state, outside the vendor's rules, journal and history.
    pub fn seed(&mut self, object: &str, id: &str, fields: &Map<String, Value>) -> Result<(), EditError> {
        match self {
            Self::Zendesk(desk) => desk.seed(object, id, fields),
            Self::Salesforce(org) => org.seed(object, id, fields),
        }
    }

    /// The object and id of the record that the path addresses.
    pub fn addressed(&self, path: &str) -> Option<(String, String)> {
        match self {
            Self::Zendesk(_) => zendesk::routes::addressed(path),
            Self::Salesforce(_) => salesforce::routes::addressed(path),
        }
    }

    /// The fields that a write request carries, inside its body.
    pub fn fields_of<'a>(&self, body: &'a mut Value) -> Option<&'a mut Map<String, Value>> {
        match self {
            Self::Zendesk(_) => body.get_mut("ticket")?.as_object_mut(),
            Self::Salesforce(_) => body.as_object_mut(),
        }
    }

    pub fn refuse(&self, refusal: Refusal) -> Answer {
        match self {
            Self::Zendesk(_) => zendesk::errors::refuse(refusal),
            Self::Salesforce(_) => salesforce::errors::refuse(refusal),
        }
    }

    pub fn journal(&self) -> &Journal {
        match self {
            Self::Zendesk(desk) => &desk.journal,
            Self::Salesforce(org) => &org.journal,
        }
    }

    pub fn clock(&mut self) -> &mut Clock {
        match self {
            Self::Zendesk(desk) => &mut desk.clock,
            Self::Salesforce(org) => &mut org.clock,
        }
    }
}

/// An edit by another person, in code or as the body of `POST /__sim/edit`.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The vendor's name of the object.
    pub object: String,
    /// The record's id.
    pub id: String,
    /// The fields to set.
    pub fields: Map<String, Value>,
    /// Who edits: an e-mail (Zendesk) or user name (Salesforce).
    #[serde(default)]
    pub author: Option<String>,
}
