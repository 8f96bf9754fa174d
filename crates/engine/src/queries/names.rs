//! Principals with the name under which they are shown.

use domain::principal::{Actor, Principal};

use crate::control::Control;

/// A principal, a policy set or a node, with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The id.
    pub id: String,
    /// `agent`, `person`, `service`, `policy` or `system`.
    pub kind: &'static str,
    /// As shown.
    pub name: String,
}

impl Control {
    /// A principal with its name.
    pub fn named(&self, principal: Principal) -> Named {
        let kind = match principal {
            Principal::Agent(_) => "agent",
            Principal::Person(_) => "person",
            Principal::Service(_) => "service",
        };
        Named { id: principal.to_string(), kind, name: self.name_of(principal) }
    }

    /// The author of an event with their name.
    pub fn named_actor(&self, actor: Actor) -> Named {
        match actor {
            Actor::Principal(principal) => self.named(principal),
            Actor::Policy(id) => Named { id: id.to_string(), kind: "policy", name: "policy".to_owned() },
            Actor::System(id) => Named { id: id.to_string(), kind: "system", name: "ActionPlane".to_owned() },
        }
    }

    /// Whoever an id names: a principal, or a node.
    pub fn named_text(&self, id: &str) -> Named {
        Principal::parse(id).map_or_else(
            || Named { id: id.to_owned(), kind: "system", name: "ActionPlane".to_owned() },
            |principal| self.named(principal),
        )
    }
}
