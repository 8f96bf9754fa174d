//! A run with everything that a decision about it needs.

use domain::id::RunId;
use domain::run::RecoveryKind;
use engine::queries::{RecoveryView, RunView};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Approval, Attempt, Decision, Drift, Named, Person, Plan, Tombstone, stage_label};
use crate::http::json::Any;

/// A governed run with everything that a decision about it needs.
#[derive(Debug, Serialize, ToSchema)]
pub struct Run {
    /// The id.
    #[schema(example = "run_01h455vb4pex5vsknk084sn02q")]
    pub id: String,
    /// Where it stands.
    #[schema(example = "awaiting_approval")]
    pub stage: &'static str,
    /// The stage, for people.
    pub stage_label: &'static str,
    /// The workspace's name.
    pub workspace: String,
    /// `simulation`, `sandbox` or `production`.
    pub environment: &'static str,
    /// The registered workflow.
    pub workflow: String,
    /// What kind of caller proposed it.
    pub source: String,
    /// When it was proposed.
    pub created: String,
    /// When its last event was written.
    pub updated: String,
    /// After this time it expires.
    pub deadline: String,
    /// When and why it closed.
    #[schema(required)]
    pub closed: Option<Closed>,
    /// Who proposed it.
    pub proposer: Named,
    /// The person who answers for the agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub agent_owner: Option<String>,
    /// The person for whom the agent acts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub on_behalf_of: Option<String>,
    /// Persons who amended the plan.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub amenders: Vec<String>,
    /// Self-reported confidence in basis points.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub confidence_bp: Option<u32>,
    /// The W3C `traceparent` that came with the proposal.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub trace: Option<String>,
    /// Why; `null` when erased.
    #[schema(required)]
    pub reason: Option<String>,
    /// The caller's own reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub source_ref: Option<String>,
    /// Model, prompt and conversation reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub model: Option<Any>,
    /// When and why reason, reference or model were erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub erasure: Option<Tombstone>,
    /// The revision of the newest plan; 0 before the first preview.
    pub revision: u32,
    /// What approvals bind to; `null` while a preview is due.
    #[schema(required)]
    pub plan_digest: Option<String>,
    /// Digest of the policy set in force at the preview; `null` while a preview is due.
    #[schema(required)]
    pub policy: Option<String>,
    /// The newest plan.
    pub plan: Plan,
    /// Policy's decision on it.
    #[schema(required)]
    pub decision: Option<Decision>,
    /// The open or answered request for approvals.
    #[schema(required)]
    pub request: Option<ApprovalRequest>,
    /// Every verdict that was given, of every revision.
    pub approvals: Vec<Approval>,
    /// Leave to execute.
    #[schema(required)]
    pub authorization: Option<Authorization>,
    /// Who controls it, when a person took it over.
    #[schema(required)]
    pub takeover: Option<Takeover>,
    /// Every attempt, of every revision.
    pub attempts: Vec<Attempt>,
    /// Every drift.
    pub drift: Vec<Drift>,
    /// How its changes can be, are being or were taken back.
    pub recovery: Recovery,
    /// The run that this one recovers.
    #[schema(required)]
    pub recovers: Option<Recovers>,
    /// The run whose remainder this one takes up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub branched_from: Option<String>,
    /// Whose turn it is.
    pub next: Next,
    /// For a recovery that somebody else's change stopped: per mutation and field, the three values.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub conflicts: Option<Any>,
    /// Where more is.
    pub links: Links,
}

/// The end of a run.
#[derive(Debug, Serialize, ToSchema)]
pub struct Closed {
    /// When.
    pub at: String,
    /// Why.
    pub code: String,
}

/// The request for approvals.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApprovalRequest {
    /// Silence until then ends the run.
    pub expires: String,
}

/// Leave to execute.
#[derive(Debug, Serialize, ToSchema)]
pub struct Authorization {
    /// `auto`, `approvals` or `takeover`.
    pub basis: &'static str,
    /// No attempt starts after this.
    pub expires: String,
}

/// A person's control.
#[derive(Debug, Serialize, ToSchema)]
pub struct Takeover {
    /// Who.
    pub holder: Person,
    /// Until when.
    pub until: String,
}

/// How a run's changes are taken back.
#[derive(Debug, Serialize, ToSchema)]
pub struct Recovery {
    /// `rollback` and `compensation`, where something with an effect is left.
    pub possible: Vec<&'static str>,
    /// The recovery run that has not closed.
    #[schema(required)]
    pub open: Option<String>,
    /// Every recovery run.
    pub runs: Vec<RecoveryRun>,
}

/// One recovery run.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecoveryRun {
    /// Its id.
    pub run: String,
    /// `rollback` or `compensation`.
    pub kind: String,
    /// How it ended; missing while it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub outcome: Option<String>,
    /// Which mutations it recovered; missing while it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub recovered: Option<Vec<u32>>,
}

/// What a recovery run recovers.
#[derive(Debug, Serialize, ToSchema)]
pub struct Recovers {
    /// The run.
    pub run: String,
    /// `rollback` or `compensation`.
    pub kind: &'static str,
}

/// Whose turn it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Next {
    /// `worker`, `groups`, `person`, `attention`, `recovery` or `nobody`.
    pub owner: &'static str,
    /// In words.
    pub detail: String,
}

/// Where more is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Links {
    /// This run.
    #[serde(rename = "self")]
    pub this: String,
    /// Its lineage.
    pub events: String,
}

/// The path of a run.
pub fn path_of(run: RunId) -> String {
    format!("/v1/runs/{run}")
}

impl Run {
    /// A run as its reader may see it.
    pub fn of(view: RunView, workspace: String) -> Self {
        let run = view.run.clone();
        let decision = Decision::of(&run, &view);
        let open = run.recovery.as_ref().map(|open| open.run.to_string());
        let links = Links { this: path_of(run.id), events: format!("{}/events", path_of(run.id)) };
        Self {
            id: run.id.to_string(),
            stage: run.stage.word(),
            stage_label: stage_label(run.stage),
            workspace,
            environment: run.environment.word(),
            workflow: run.workflow.to_string(),
            source: run.source.to_string(),
            created: run.created.to_string(),
            updated: run.updated.to_string(),
            deadline: run.deadline.to_string(),
            closed: run
                .closed
                .map(|closed| Closed { at: closed.at.to_string(), code: closed.code.to_string() }),
            proposer: view.proposer.into(),
            agent_owner: run.agent_owner.map(|person| person.to_string()),
            on_behalf_of: run.on_behalf_of.map(|person| person.to_string()),
            amenders: run.amenders.iter().map(ToString::to_string).collect(),
            confidence_bp: run.confidence_bp,
            trace: run.trace,
            reason: view.reason,
            source_ref: view.source_ref,
            model: view.model.map(Any),
            erasure: view.erasure.map(Into::into),
            revision: run.revision,
            plan_digest: run.plan.as_ref().map(|plan| plan.digest.to_string()),
            policy: run.plan.as_ref().map(|plan| plan.policy.to_string()),
            plan: view.mutations.into(),
            decision,
            request: run.request.map(|request| ApprovalRequest { expires: request.expires.to_string() }),
            approvals: view.approvals.into_iter().map(Approval::from).collect(),
            authorization: run.authorization.map(|authorization| Authorization {
                basis: authorization.basis.word(),
                expires: authorization.expires.to_string(),
            }),
            takeover: view.holder.map(|(holder, takeover)| Takeover {
                holder: holder.into(),
                until: takeover.until.to_string(),
            }),
            attempts: view.attempts.into_iter().map(Attempt::from).collect(),
            drift: view.drift.into_iter().map(Drift::from).collect(),
            conflicts: view.recovery.conflicts.clone().map(Any),
            recovery: Recovery::of(view.recovery, open),
            recovers: run.recovers.map(|(run, kind)| Recovers { run: run.to_string(), kind: kind.word() }),
            branched_from: run.branched_from.map(|run| run.to_string()),
            next: Next { owner: view.next.owner, detail: view.next.detail },
            links,
        }
    }
}

impl Recovery {
    fn of(view: RecoveryView, open: Option<String>) -> Self {
        let runs = view.runs.into_iter().map(|(run, kind, outcome, recovered)| RecoveryRun {
            run: run.to_string(),
            kind,
            recovered: outcome.is_some().then_some(recovered),
            outcome,
        });
        Self {
            possible: view.possible.into_iter().map(RecoveryKind::word).collect(),
            open,
            runs: runs.collect(),
        }
    }
}
