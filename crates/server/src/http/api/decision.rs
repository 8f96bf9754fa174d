//! What policy decided, whom it asks, and what people said.

use domain::run::Run;
use engine::queries::{ApprovalView, ObligationView, RunView};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Person, Tombstone};

/// Policy's decision on the newest plan.
#[derive(Debug, Serialize, ToSchema)]
pub struct Decision {
    /// `auto`, `approval` or `deny`.
    pub decision: &'static str,
    /// `low`, `medium`, `high` or `critical`.
    pub risk: &'static str,
    /// Ids of the determining rules.
    pub rules: Vec<String>,
    /// What is asked of whom, and how far it is.
    pub obligations: Vec<Obligation>,
    /// The evidence level that an attempt needs.
    pub evidence: &'static str,
    /// Whether a verdict needs a rationale.
    pub rationale_required: bool,
    /// After so many applied mutations the run waits for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub canary: Option<u32>,
    /// Why, in plain words; empty when erased.
    pub explanation: Vec<String>,
    /// When and why that was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub erasure: Option<Tombstone>,
    /// Digest of the policy set.
    pub policy: String,
    /// When.
    #[schema(required)]
    pub at: Option<String>,
    /// How long it took.
    #[schema(required)]
    pub duration_us: Option<u64>,
}

/// What one group is asked for.
#[derive(Debug, Serialize, ToSchema)]
pub struct Obligation {
    /// The group.
    pub group: String,
    /// How many of its members.
    pub quorum: u32,
    /// Seconds until silence ends the run.
    pub expires_s: u64,
    /// How a member must prove who they are.
    pub method: &'static str,
    /// Approvals that count now.
    pub given: u32,
    /// Persons who may not give this approval.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
}

/// One verdict.
#[derive(Debug, Serialize, ToSchema)]
pub struct Approval {
    /// Who.
    pub person: Person,
    /// For which group.
    pub group: String,
    /// `approve` or `reject`.
    pub verdict: &'static str,
    /// On which plan.
    pub plan_digest: String,
    /// Its revision.
    pub revision: u32,
    /// When.
    pub at: String,
    /// Until when it counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub expires: Option<String>,
    /// Why; missing when nothing was said or it was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub rationale: Option<String>,
    /// When and why that was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub erasure: Option<Tombstone>,
    /// How they proved who they are.
    pub method: String,
}

impl Decision {
    /// The decision of a run, when there is one.
    pub fn of(run: &Run, view: &RunView) -> Option<Self> {
        let decision = run.decision.as_ref()?;
        Some(Self {
            decision: decision.word.word(),
            risk: decision.risk.word(),
            rules: decision.rules.iter().map(ToString::to_string).collect(),
            obligations: view.obligations.iter().map(Obligation::from).collect(),
            evidence: decision.evidence.word(),
            rationale_required: decision.rationale,
            canary: decision.canary,
            explanation: view.explanation.clone(),
            erasure: view.explanation_erasure.clone().map(Into::into),
            policy: decision.policy.to_string(),
            at: view.decided.map(|(at, _)| at.to_string()),
            duration_us: view.decided.map(|(_, duration)| duration),
        })
    }
}

impl From<&ObligationView> for Obligation {
    fn from(view: &ObligationView) -> Self {
        let obligation = &view.obligation;
        Self {
            group: obligation.group.to_string(),
            quorum: obligation.quorum,
            expires_s: obligation.expires_s,
            method: obligation.method.word(),
            given: view.given,
            exclude: obligation.exclude.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<ApprovalView> for Approval {
    fn from(view: ApprovalView) -> Self {
        Self {
            person: view.person.into(),
            group: view.group.to_string(),
            verdict: if view.approved { "approve" } else { "reject" },
            plan_digest: view.plan_digest.to_string(),
            revision: view.revision,
            at: view.at.to_string(),
            expires: view.expires.map(|expires| expires.to_string()),
            rationale: view.rationale,
            erasure: view.erasure.map(Into::into),
            method: view.method,
        }
    }
}
