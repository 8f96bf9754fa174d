//! What is on the wire: types that serde and OpenAPI know, made from the engine's views.
//!
//! A member that is absent here is absent there: `before` and `after` are left out when the record has no such field, and
//! are `null` when the field is empty of any value. Members that are always there may be `null`.

mod attempt;
mod connector;
mod credentials;
mod decision;
mod plan;
mod run;
mod summary;
mod words;

pub use attempt::{Attempt, Drift};
pub use connector::{Connector, Fact, facts};
pub use credentials::Credentials;
pub use decision::{Approval, Decision, Obligation};
pub use plan::{Change, Mutation, Plan, ProposedMutation, proposed};
pub use run::{Recovery, Run, path_of};
pub use summary::RunSummary;
pub use words::stage_label;

use engine::queries;
use serde::Serialize;
use utoipa::ToSchema;

/// Somebody or something, with the name under which it is shown.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Named {
    /// Its id.
    pub id: String,
    /// `person`, `agent`, `service`, `policy` or `system`.
    pub kind: &'static str,
    /// The name for people.
    pub name: String,
}

impl From<queries::Named> for Named {
    fn from(named: queries::Named) -> Self {
        Self { id: named.id, kind: named.kind, name: named.name }
    }
}

/// When and why values were erased. It stands beside members that are missing or `null` for that reason.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Tombstone {
    /// When.
    pub at: String,
    /// Why that was lawful.
    #[schema(example = "gdpr-17-1-b")]
    pub basis: String,
}

impl From<queries::Tombstone> for Tombstone {
    fn from(tombstone: queries::Tombstone) -> Self {
        Self { at: tombstone.at.to_string(), basis: tombstone.basis.to_string() }
    }
}

/// A person.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Person {
    /// The id.
    pub id: String,
    /// The name for people.
    pub name: String,
}

impl From<queries::Named> for Person {
    fn from(named: queries::Named) -> Self {
        Self { id: named.id, name: named.name }
    }
}
