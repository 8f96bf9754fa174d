//! Who may do what, on which systems, under which policy: everything administrative, as one view.
//!
//! The view of a workspace is loaded as a whole and kept until the control epoch moves. Every administrative commit
//! raises the epoch, and every attempt compares it in its own commit: what was paused or taken away first, wins.

mod bodies;
pub(crate) mod load;
pub(crate) mod shapes;
mod vendor;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use connectors::connector::Connector;
use domain::id::{AgentId, HoldId, PersonId, PolicySetId, ServiceId, WorkspaceId};
use domain::name::Slug;
use domain::principal::Principal;
use domain::run::{Approval, Run};
use domain::time::Timestamp;
use proof::digest::Digest;

pub use bodies::{
    AgentBody, ApiKeyBody, ConnectorBody, GroupBody, HoldBody, HoldScope, LaneBody, ManifestBody, Membership,
    PauseBody, PauseKind, PersonBody, PolicySetBody, ReadinessFact, SecretBody, ServiceBody, SessionBody,
    WorkflowBody, WorkspaceBody,
};

pub(crate) use bodies::retention_days;
pub use load::{BuildConnector, ConnectorSpec};
pub use vendor::Vendor;

use crate::access::Role;

/// The administrative state of one workspace at one control epoch.
pub struct Control {
    /// Whose.
    pub workspace: WorkspaceId,
    /// The epoch that it was loaded at.
    pub epoch: u64,
    /// Settings of the workspace.
    pub settings: WorkspaceBody,
    /// Version of the settings entity.
    pub settings_version: u64,
    /// People by id.
    pub persons: BTreeMap<PersonId, PersonBody>,
    /// Agents by id.
    pub agents: BTreeMap<AgentId, AgentBody>,
    /// Services by id.
    pub services: BTreeMap<ServiceId, ServiceBody>,
    /// Groups by name.
    pub groups: BTreeMap<Slug, GroupBody>,
    /// API keys by the SHA-256 of their secret.
    pub keys: BTreeMap<String, ApiKeyBody>,
    /// Registered workflows.
    pub workflows: BTreeMap<Slug, WorkflowBody>,
    /// Configured connectors.
    pub connectors: BTreeMap<Slug, Configured>,
    /// Lanes by name.
    pub lanes: BTreeMap<Slug, LaneBody>,
    /// Pauses in force.
    pub pauses: Vec<PauseBody>,
    /// Legal holds, also those that ended by themselves and were not cleared away yet.
    pub holds: BTreeMap<HoldId, HoldBody>,
    /// The policy set in force.
    pub policy: Option<Arc<ActivePolicy>>,
    /// Keys for references in query rows and for record leases.
    pub keys_of: References,
}

/// A configured connector, ready to use; `connector` is missing when its manifest or credentials do not load.
#[derive(Clone)]
pub struct Configured {
    /// Its configuration.
    pub body: ConnectorBody,
    /// Version of its entity.
    pub version: u64,
    /// The running instance, or why there is none.
    pub connector: Result<Arc<Vendor>, String>,
}

/// The policy set in force.
pub struct ActivePolicy {
    /// Its id, the principal of its decisions.
    pub id: PolicySetId,
    /// Its digest.
    pub digest: Digest,
    /// The loaded set.
    pub set: policy::set::PolicySet,
}

/// Workspace keys for keyed references.
#[derive(Clone)]
pub struct References {
    record: [u8; 32],
    lease: [u8; 32],
}

impl References {
    /// From the workspace's sealed secret: 64 bytes.
    pub fn new(secret: &[u8]) -> Option<Self> {
        let (record, lease) = secret.split_at_checked(32)?;
        Some(Self { record: record.try_into().ok()?, lease: lease.try_into().ok()? })
    }

    /// The reference of a record in query rows, and the subject of its disclosures.
    pub fn record(&self, connector: &Slug, object: &Slug, id: &str) -> [u8; 32] {
        keyed(&self.record, &["record", connector.as_str(), object.as_str(), id])
    }

    /// The reference of a principal: the subject of disclosures about them.
    pub fn principal(&self, principal: &str) -> [u8; 32] {
        keyed(&self.record, &["principal", principal])
    }

    /// The key of the record lease: by the vendor's tenant, so that two connectors to one system exclude each other.
    pub fn lease(&self, tenant: &str, object: &Slug, id: &str) -> [u8; 32] {
        keyed(&self.lease, &["lease", tenant, object.as_str(), id])
    }
}

/// HMAC-SHA-256 over length-prefixed parts, so that no two lists of parts collide.
fn keyed(key: &[u8; 32], parts: &[&str]) -> [u8; 32] {
    use hmac::{KeyInit, Mac};
    let mut block = [0; 64];
    block[..32].copy_from_slice(key);
    // A key shorter than the hash's block is padded with zeros (RFC 2104).
    let mut mac = <hmac::Hmac<sha2::Sha256> as KeyInit>::new(&block.into());
    for part in parts {
        mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(part.as_bytes());
    }
    mac.finalize().into_bytes().into()
}

impl Control {
    /// The groups in which a person is enrolled by somebody else than themselves.
    pub fn approver_groups(&self, person: PersonId) -> BTreeSet<Slug> {
        let enrolled = |group: &GroupBody| {
            group.members.get(&person.to_string()).is_some_and(|m| m.by != person.to_string())
        };
        let open = self.persons.get(&person).is_some_and(|body| !body.disabled);
        self.groups
            .iter()
            .filter(|(_, group)| open && enrolled(group))
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// The approvals of a run, by position, whose givers have not been enrolled in the group ever since: who left and
    /// came back approves anew.
    pub fn lapsed(&self, run: &Run) -> BTreeSet<u64> {
        let since = |text: &str, given: &Approval| Timestamp::parse(text).is_some_and(|at| at <= given.at);
        let stands = |given: &&Approval| {
            let group = self
                .groups
                .get(&given.group)
                .filter(|_| self.approver_groups(given.person).contains(&given.group));
            let member = group.and_then(|group| group.members.get(&given.person.to_string()));
            let person = self.persons.get(&given.person);
            member.is_some_and(|member| since(&member.at, given))
                && person.is_some_and(|person| person.enabled.as_deref().is_none_or(|at| since(at, given)))
        };
        run.approvals.iter().filter(|given| !stands(given)).map(|given| given.seq).collect()
    }

    /// The groups or teams of a principal, as policies see them.
    pub fn policy_groups(&self, principal: Principal) -> BTreeSet<String> {
        match principal {
            Principal::Agent(id) => self.agents.get(&id).map(|agent| agent.teams.clone()).unwrap_or_default(),
            Principal::Service(id) => {
                self.services.get(&id).map(|service| service.teams.clone()).unwrap_or_default()
            }
            Principal::Person(id) => {
                let mut groups: BTreeSet<String> = self
                    .groups
                    .iter()
                    .filter(|(_, group)| group.members.contains_key(&id.to_string()))
                    .map(|(name, _)| name.to_string())
                    .collect();
                if self.persons.get(&id).is_some_and(|person| person.roles.contains(&Role::Operator)) {
                    groups.insert("operators".to_owned());
                }
                groups
            }
        }
    }

    /// The name under which a principal is shown.
    pub fn name_of(&self, principal: Principal) -> String {
        let known = match principal {
            Principal::Agent(id) => self.agents.get(&id).map(|agent| agent.title.clone()),
            Principal::Service(id) => self.services.get(&id).map(|service| service.title.clone()),
            Principal::Person(id) => self.persons.get(&id).map(|person| person.name.clone()),
        };
        known.unwrap_or_else(|| principal.to_string())
    }

    /// Whether a principal still exists and is not disabled.
    pub fn is_active(&self, principal: Principal) -> bool {
        match principal {
            Principal::Agent(id) => self.agents.get(&id).is_some_and(|agent| !agent.disabled),
            Principal::Service(id) => self.services.get(&id).is_some_and(|service| !service.disabled),
            Principal::Person(id) => self.persons.get(&id).is_some_and(|person| !person.disabled),
        }
    }

    /// The pause that stops new attempts of this principal on this connector in this lane, when there is one.
    pub fn paused(&self, proposer: Principal, connector: &Slug, lane: &str) -> Option<&PauseBody> {
        self.pauses.iter().find(|pause| match pause.kind {
            PauseKind::Workspace => true,
            PauseKind::Agent => pause.id == proposer.to_string(),
            PauseKind::Connector => pause.id == connector.as_str(),
            PauseKind::Lane => pause.id == lane,
        })
    }

    /// The running connector that a run's next step is about, if it still is configured.
    pub(crate) fn vendor_of(&self, entry: &crate::Entry) -> Option<&Vendor> {
        let next = entry.run().next_mutation().and_then(|n| entry.plan.get(usize::try_from(n).ok()?));
        let next = next.map(|planned| crate::ledger::slug(&planned.document.connector));
        self.vendor(&next.or_else(|| Some(entry.target()?.connector))?).ok()
    }

    /// A running connector.
    pub fn connector(&self, name: &Slug) -> crate::Result<&dyn Connector> {
        self.vendor(name).map(|vendor| vendor as &dyn Connector)
    }

    fn vendor(&self, name: &Slug) -> crate::Result<&Vendor> {
        use crate::{Code, Error};
        let configured = self.connectors.get(name).ok_or_else(|| {
            let known = self.connectors.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            Error::new(Code::UnknownTarget, format!("there is no connector `{name}`"))
                .hint(format!("configured connectors: {known}"))
        })?;
        configured.connector.as_deref().map_err(|why| {
            Error::new(Code::InvalidConnector, format!("the connector `{name}` does not load: {why}"))
        })
    }
}
