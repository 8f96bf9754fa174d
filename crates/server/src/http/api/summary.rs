//! A run in a list: what is known of it without opening a value.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Named, stage_label};

/// A run in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunSummary {
    /// The id.
    pub id: String,
    /// Where it stands.
    pub stage: String,
    /// The stage, for people.
    pub stage_label: String,
    /// The registered workflow.
    pub workflow: String,
    /// What kind of caller proposed it.
    pub source: String,
    /// Where its connectors point.
    pub environment: String,
    /// The connector of its first mutation.
    pub connector: String,
    /// The kind of record of its first mutation.
    pub object: String,
    /// The action of its first mutation.
    pub action: String,
    /// Who proposed it.
    pub proposer: Named,
    /// The newest decision.
    #[schema(required)]
    pub decision: Option<String>,
    /// Its risk.
    #[schema(required)]
    pub risk: Option<String>,
    /// How many mutations the plan has.
    pub mutations: u32,
    /// The plan's revision.
    pub revision: u32,
    /// The digest of the newest plan.
    #[schema(required)]
    pub plan_digest: Option<String>,
    /// When it was proposed.
    pub created: String,
    /// When its last event was written.
    pub updated: String,
    /// After this time it expires.
    pub deadline: String,
    /// When it closed.
    #[schema(required)]
    pub closed: Option<String>,
    /// The person who holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub holder: Option<String>,
    /// The run that it recovers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub recovers: Option<String>,
}

impl From<engine::queries::RunSummary> for RunSummary {
    fn from(summary: engine::queries::RunSummary) -> Self {
        let row = summary.row;
        let label = domain::run::Stage::parse(&row.stage).map(stage_label);
        Self {
            id: row.id.to_string(),
            stage_label: label.map_or_else(|| row.stage.clone(), str::to_owned),
            stage: row.stage,
            workflow: row.workflow,
            source: row.source,
            environment: row.environment,
            connector: row.connector,
            object: row.object,
            action: row.action,
            proposer: summary.proposer.into(),
            decision: row.decision,
            risk: row.risk,
            mutations: row.mutations,
            revision: row.revision,
            plan_digest: row.plan_digest.map(|digest| digest.to_string()),
            created: row.created.to_string(),
            updated: row.updated.to_string(),
            deadline: row.deadline.to_string(),
            closed: row.closed.map(|closed| closed.to_string()),
            holder: row.holder.map(|holder| holder.to_string()),
            recovers: row.recovers.map(|run| run.to_string()),
        }
    }
}
