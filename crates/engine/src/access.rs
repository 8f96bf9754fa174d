//! Who is asking, and what their role lets them ask. The matrix is a committed text file; a test compares.

use std::collections::BTreeSet;

use domain::id::{PersonId, SessionId, WorkspaceId};
use domain::name::Slug;
use domain::principal::Principal;
use proof::json::{Value, object};
use serde::{Deserialize, Serialize};

use crate::control::ApiKeyBody;
use crate::{Code, Error, Result};

/// What a person may do. Approving comes from membership in a group, not from a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads runs.
    Viewer,
    /// Reads everything that is evidence.
    Auditor,
    /// Proposes, takes over, retries, reconciles, rolls back, pauses.
    Operator,
    /// Publishes and activates policy sets.
    PolicyAuthor,
    /// Manages people, groups, keys and connectors.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: &'static [Self] =
        &[Self::Viewer, Self::Auditor, Self::Operator, Self::PolicyAuthor, Self::Admin];

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Auditor => "auditor",
            Self::Operator => "operator",
            Self::PolicyAuthor => "policy_author",
            Self::Admin => "admin",
        }
    }
}

/// An authenticated caller.
#[derive(Debug, Clone)]
pub struct Caller {
    /// In which workspace.
    pub workspace: WorkspaceId,
    /// Who.
    pub principal: Principal,
    /// As shown.
    pub name: String,
    /// Roles of a person; empty for agents and services.
    pub roles: BTreeSet<Role>,
    /// The limits of the key, for agents and services.
    pub key: Option<ApiKeyBody>,
    /// The person who answers for the agent.
    pub owner: Option<PersonId>,
    /// The session, for people.
    pub session: Option<SessionId>,
}

impl Caller {
    /// Who is asking as an event seals it: `{"name": ...}`.
    pub(crate) fn shown(&self) -> Value {
        object([("name", self.name.as_str().into())])
    }

    /// The person, or a refusal that names the operation.
    pub fn person(&self, what: &str) -> Result<PersonId> {
        self.principal.person().ok_or_else(|| {
            Error::new(Code::Forbidden, format!("only a person may {what}")).hint("sign in as a person")
        })
    }

    /// Whether the key, when there is one, covers this workflow.
    pub fn covers_workflow(&self, workflow: &Slug) -> bool {
        self.key
            .as_ref()
            .is_none_or(|key| key.workflows.is_empty() || key.workflows.contains(workflow.as_str()))
    }

    /// Whether the key covers this connector.
    pub fn covers_connector(&self, connector: &Slug) -> bool {
        self.key
            .as_ref()
            .is_none_or(|key| key.connectors.is_empty() || key.connectors.contains(connector.as_str()))
    }

    /// Whether the key covers this action.
    pub fn covers_action(&self, action: &str) -> bool {
        self.key.as_ref().is_none_or(|key| key.actions.is_empty() || key.actions.contains(action))
    }
}

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident = $word:literal: agents $agents:literal, roles [$($role:ident),*];)*) => {
        /// One thing that a caller can ask of the engine, on every surface.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Operation { $($(#[$doc])* $name,)* }

        impl Operation {
            /// Every operation.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word.
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// Whether agents and services may ask for it.
            pub fn is_for_agents(self) -> bool {
                match self { $(Self::$name => $agents,)* }
            }

            /// The roles that may ask for it. Empty: every signed-in person.
            pub fn roles(self) -> &'static [Role] {
                match self { $(Self::$name => &[$(Role::$role),*],)* }
            }
        }
    };
}

operations! {
    /// Propose a run.
    ProposeRun = "propose_run": agents true, roles [Operator];
    /// Read runs, their lineage, records' history.
    ReadRuns = "read_runs": agents true, roles [];
    /// Give a verdict. Who may is settled by groups.
    GiveVerdict = "give_verdict": agents false, roles [];
    /// Take over, renew, hand back, amend, execute, record work done by hand.
    ControlRun = "control_run": agents false, roles [Operator];
    /// Cancel a run: an agent its own, an operator any.
    CancelRun = "cancel_run": agents true, roles [Operator];
    /// Try a mutation again: an agent on its own run, an operator on any.
    RetryRun = "retry_run": agents true, roles [Operator];
    /// Settle an unknown outcome, accept a divergence.
    SettleRun = "settle_run": agents false, roles [Operator];
    /// Roll back or compensate.
    RecoverRun = "recover_run": agents false, roles [Operator];
    /// Comment on a run.
    CommentRun = "comment_run": agents false, roles [];
    /// Attach an artifact: an agent to its own run.
    AttachArtifact = "attach_artifact": agents true, roles [Operator];
    /// Read what waits.
    ReadInbox = "read_inbox": agents false, roles [];
    /// Read connectors, their fields and readiness.
    ReadConnectors = "read_connectors": agents true, roles [];
    /// Configure connectors and their credentials, check them.
    ManageConnectors = "manage_connectors": agents false, roles [Admin];
    /// Pause and lift pauses.
    Pause = "pause": agents false, roles [Operator, Admin];
    /// Read what is paused.
    ReadPauses = "read_pauses": agents false, roles [];
    /// Read registered workflows.
    ReadWorkflows = "read_workflows": agents true, roles [];
    /// Read policy sets.
    ReadPolicies = "read_policies": agents false, roles [];
    /// Publish policy sets.
    PublishPolicies = "publish_policies": agents false, roles [PolicyAuthor, Admin];
    /// Bring a policy set into force.
    ActivatePolicies = "activate_policies": agents false, roles [PolicyAuthor, Admin];
    /// Read principals and groups.
    ReadPrincipals = "read_principals": agents false, roles [];
    /// Manage people, agents, services, groups and workflows.
    ManagePrincipals = "manage_principals": agents false, roles [Admin];
    /// Issue and revoke API keys.
    ManageKeys = "manage_keys": agents false, roles [Admin];
    /// Read the workspace chain.
    ReadAudit = "read_audit": agents false, roles [Auditor, Admin];
    /// Read evidence of runs: bundles, proofs, the newest head, the log's keys.
    ReadEvidence = "read_evidence": agents false, roles [];
    /// Make another key for the log.
    ManageLog = "manage_log": agents false, roles [Admin];
    /// Erase values of a person, a record or a run.
    Erase = "erase": agents false, roles [Admin];
    /// Read what was erased.
    ReadErasures = "read_erasures": agents false, roles [Auditor, Admin];
    /// Place and release legal holds.
    ManageHolds = "manage_holds": agents false, roles [Admin];
    /// Read legal holds.
    ReadHolds = "read_holds": agents false, roles [Auditor, Admin];
    /// One's own session, password and settings.
    ManageSelf = "manage_self": agents false, roles [];
}

impl Caller {
    /// Refuses an operation that the caller's kind or roles do not cover.
    pub fn may(&self, operation: Operation) -> Result<()> {
        let allowed = match self.principal {
            Principal::Agent(_) | Principal::Service(_) => operation.is_for_agents(),
            Principal::Person(_) => {
                operation.roles().is_empty() || operation.roles().iter().any(|role| self.roles.contains(role))
            }
        };
        if allowed {
            return Ok(());
        }
        let roles = operation.roles().iter().map(|role| role.word()).collect::<Vec<_>>().join(" or ");
        let hint = if roles.is_empty() {
            "sign in as a person".to_owned()
        } else {
            format!("this needs the role {roles}")
        };
        Err(Error::new(Code::Forbidden, format!("you may not {}", operation.word().replace('_', " ")))
            .hint(hint))
    }
}

#[cfg(test)]
mod tests;
