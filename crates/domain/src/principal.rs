//! Who asks, and who is written down as the author of an event.

use std::fmt;

use proof::leaf::{By, ByKind};

use crate::id::{AgentId, NodeId, PersonId, PolicySetId, ServiceId};

/// Who asks for something: always authenticated, never a field of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Principal {
    /// A program that proposes. It never approves.
    Agent(AgentId),
    /// A human being.
    Person(PersonId),
    /// A program of the customer's that acts on its own schedule. It never approves.
    Service(ServiceId),
}

impl Principal {
    /// The person, when it is one.
    pub fn person(self) -> Option<PersonId> {
        match self {
            Self::Person(id) => Some(id),
            Self::Agent(_) | Self::Service(_) => None,
        }
    }

    /// Parses `agent_…`, `person_…` or `service_…`.
    pub fn parse(text: &str) -> Option<Self> {
        PersonId::parse(text)
            .map(Self::Person)
            .or_else(|_| AgentId::parse(text).map(Self::Agent))
            .or_else(|_| ServiceId::parse(text).map(Self::Service))
            .ok()
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent(id) => id.fmt(f),
            Self::Person(id) => id.fmt(f),
            Self::Service(id) => id.fmt(f),
        }
    }
}

/// The author of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Actor {
    /// Someone who asked.
    Principal(Principal),
    /// The policy set that decided.
    Policy(PolicySetId),
    /// A worker of this node.
    System(NodeId),
}

impl Actor {
    /// The leaf's member `by`.
    pub fn to_by(self) -> By {
        let (id, kind) = match self {
            Self::Principal(Principal::Agent(id)) => (id.to_string(), ByKind::Agent),
            Self::Principal(Principal::Person(id)) => (id.to_string(), ByKind::Person),
            Self::Principal(Principal::Service(id)) => (id.to_string(), ByKind::Service),
            Self::Policy(id) => (id.to_string(), ByKind::Policy),
            Self::System(id) => (id.to_string(), ByKind::System),
        };
        By { id, kind }
    }

    /// Reads the leaf's member `by`; `None` when id and kind do not agree.
    pub fn from_by(by: &By) -> Option<Self> {
        match by.kind {
            ByKind::Agent => AgentId::parse(&by.id).ok().map(|id| Self::Principal(Principal::Agent(id))),
            ByKind::Person => PersonId::parse(&by.id).ok().map(|id| Self::Principal(Principal::Person(id))),
            ByKind::Service => {
                ServiceId::parse(&by.id).ok().map(|id| Self::Principal(Principal::Service(id)))
            }
            ByKind::Policy => PolicySetId::parse(&by.id).ok().map(Self::Policy),
            ByKind::System => NodeId::parse(&by.id).ok().map(Self::System),
        }
    }
}
