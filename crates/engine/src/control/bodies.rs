//! The stored form of administrative entities. Ids and names are texts here; the view parses them.

use std::collections::{BTreeMap, BTreeSet};

use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::access::Role;

/// Settings of a workspace.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WorkspaceBody {
    /// Its name in URLs.
    pub name: String,
    /// The name of its evidence log: `<host>/w/<workspace>`, never reused.
    pub origin: String,
    /// IANA time zone for the policy facts `localHour` and `weekday`.
    pub zone: String,
    /// How long a run may stay open: seconds.
    pub run_deadline_s: u64,
    /// The longest life of an approval: seconds.
    pub approval_lifetime_s: u64,
    /// How long values are kept at least after their run closed: days.
    #[serde(default = "retention_days")]
    pub retention_days: u32,
    /// Digest of the policy set in force.
    pub active_policy: Option<String>,
    /// When it was made.
    pub created: String,
}

/// Half a year: what regulation (EU) 2024/1689, article 26(6), asks of deployers at least.
pub(crate) fn retention_days() -> u32 {
    183
}

/// A person with a local account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PersonBody {
    /// For sign-in; unique in the workspace, lower case.
    pub username: String,
    /// As shown.
    pub name: String,
    /// Where notices go.
    pub email: Option<String>,
    /// What they may do.
    pub roles: BTreeSet<Role>,
    /// Argon2id, PHC string; absent while they cannot sign in.
    pub password: Option<String>,
    /// Closed accounts stay for the lineage.
    pub disabled: bool,
    /// When it was last opened again after it had been closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<String>,
    /// When name, user name and address were erased. The account never opens again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased: Option<String>,
    /// When it was made.
    pub created: String,
}

/// An agent: a program that proposes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AgentBody {
    /// Its slug, unique in the workspace.
    pub name: String,
    /// As shown.
    pub title: String,
    /// The person who answers for it.
    pub owner: String,
    /// Cedar teams.
    pub teams: BTreeSet<String>,
    /// Whether it may still act.
    pub disabled: bool,
    /// When it was made.
    pub created: String,
}

/// A service of the customer's.
pub type ServiceBody = AgentBody;

/// A group of approvers. Its id is its name.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GroupBody {
    /// As shown.
    pub title: String,
    /// Members by person id.
    pub members: BTreeMap<String, Membership>,
}

/// How a person came into a group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Membership {
    /// Who enrolled them.
    pub by: String,
    /// When.
    pub at: String,
}

/// An API key of an agent or service. Only the hash of its secret is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ApiKeyBody {
    /// Its id.
    pub id: String,
    /// The agent or service that it speaks for.
    pub principal: String,
    /// The person who issued it.
    pub issued_by: String,
    /// What it is for.
    pub label: String,
    /// SHA-256 of the secret, lower hex.
    pub hash: String,
    /// Workflows for which it may propose; all when empty.
    pub workflows: BTreeSet<String>,
    /// Connectors on which it may propose; all when empty.
    pub connectors: BTreeSet<String>,
    /// Actions that it may propose; all when empty.
    pub actions: BTreeSet<String>,
    /// When it ends.
    pub expires: String,
    /// When it was revoked.
    pub revoked: Option<String>,
    /// When it was made.
    pub created: String,
}

/// A sign-in session. Only the hash of its secret is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SessionBody {
    /// Its id.
    pub id: String,
    /// Who.
    pub person: String,
    /// How they signed in: `password` or `passkey`.
    pub method: String,
    /// When.
    pub created: String,
    /// When it ends.
    pub expires: String,
}

/// A configured connector. Its id is its name.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ConnectorBody {
    /// The kind of software.
    pub system: String,
    /// Where it points.
    pub environment: String,
    /// Its base URL.
    pub base_url: String,
    /// Digest of its manifest.
    pub manifest: String,
    /// The id of its sealed credentials.
    pub secret: Option<String>,
    /// When it was last changed.
    pub changed: String,
}

/// The text of a manifest, by digest, kept for as long as a run refers to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ManifestBody {
    /// The TOML text.
    pub text: String,
}

/// A sealed secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SecretBody {
    /// Raised at each rotation; bound into the encryption.
    pub version: u64,
    /// Base64 of what the vault sealed.
    pub sealed: String,
}

/// What is paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PauseKind {
    /// Everything.
    Workspace,
    /// One agent, service or person, by principal id.
    Agent,
    /// One connector, by name.
    Connector,
    /// One lane, by name.
    Lane,
}

impl PauseKind {
    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::Agent => "agent",
            Self::Connector => "connector",
            Self::Lane => "lane",
        }
    }
}

/// A pause in force.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PauseBody {
    /// What is paused.
    pub kind: PauseKind,
    /// Which one.
    pub id: String,
    /// Who set it.
    pub by: String,
    /// When.
    pub at: String,
}

/// What a hold keeps. Records and people stand here as keyed references.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldScope {
    /// Every value of the workspace.
    Everything,
    /// Values about a person.
    Person(String),
    /// Values about a record, and of every run about it.
    Record(String),
    /// Values of a run.
    Run(String),
}

/// A legal hold. Its id is its name.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HoldBody {
    /// What it keeps.
    pub scope: HoldScope,
    /// Base64 of what the vault sealed: what it is for, and what it keeps by name.
    pub sealed: String,
    /// Who placed it.
    pub by: String,
    /// When.
    pub at: String,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

impl HoldBody {
    /// Whether it still stands. An end that does not read is none.
    pub fn stands(&self, now: Timestamp) -> bool {
        self.until.as_deref().and_then(Timestamp::parse).is_none_or(|until| now < until)
    }
}

/// A published policy set. Its id is its digest.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PolicySetBody {
    /// The principal of its decisions.
    pub set: String,
    /// What it is called.
    pub title: String,
    /// The Cedar text.
    pub text: String,
    /// Expected decisions beside it: texts of cases.
    pub cases: Vec<String>,
    /// The action shapes that its schema was generated from: a set means the same for as long as it is kept.
    pub shapes: serde_json::Value,
    /// Who wrote it.
    pub author: String,
    /// When it was published.
    pub created: String,
    /// Who activated it last.
    pub activated_by: Option<String>,
    /// When.
    pub activated: Option<String>,
}

/// A registered workflow. Its id is its name.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WorkflowBody {
    /// As shown.
    pub title: String,
    /// Who registered it.
    pub by: String,
    /// When.
    pub created: String,
}

/// A lane's readiness. Its id is its name.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LaneBody {
    /// Facts by name.
    pub facts: BTreeMap<String, ReadinessFact>,
}

/// How long a readiness fact holds: 30 days. A vendor's sandbox that was tried longer ago proves nothing about today.
const READINESS_S: u64 = 30 * 24 * 3600;

/// One readiness fact, with its date.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReadinessFact {
    /// Whether it holds.
    pub ok: bool,
    /// How it was found.
    pub detail: String,
    /// When.
    pub at: String,
}

impl ReadinessFact {
    /// When it has to be found again.
    pub fn expires(&self) -> Option<Timestamp> {
        Timestamp::parse(&self.at).map(|at| at.plus_s(READINESS_S))
    }

    /// Whether it was found to be so, and not too long ago.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.ok && self.expires().is_some_and(|expires| now < expires)
    }
}
