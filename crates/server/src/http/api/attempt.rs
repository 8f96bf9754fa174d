//! What was tried, and what stood in the way.

use engine::queries::{AttemptView, DriftView};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Named, Tombstone};
use crate::http::json::Any;

/// One try to execute one mutation.
#[derive(Debug, Serialize, ToSchema)]
pub struct Attempt {
    /// The mutation.
    pub n: u32,
    /// 1, 2, … per mutation.
    pub attempt: u32,
    /// On which plan.
    pub plan_digest: String,
    /// When it started.
    pub started: String,
    /// Nothing was sent after this.
    pub send_by: String,
    /// When its outcome was known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub finished: Option<String>,
    /// `applied`, `diverged`, `rejected`, `not_sent` or `unknown`; missing while in flight.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub outcome: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub code: Option<String>,
    /// Whether another may follow; missing while in flight.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub retryable: Option<bool>,
    /// Whether reconcile settled it.
    pub reconciled: bool,
    /// Whether a person accepted what differs.
    pub accepted: bool,
    /// What the write could promise: `exact`, `conditional`, `advisory` or `observed`.
    pub guarantee: String,
    /// How far the evidence had come.
    pub evidence: String,
    /// The idempotency key that the system of record was given.
    pub key: String,
    /// Who caused it.
    pub requested_by: Named,
    /// The intent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub request: Option<Any>,
    /// What was seen just before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub observed: Option<Any>,
    /// The exchange with the system of record, without secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub response: Option<Any>,
    /// What the read-back showed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub read_back: Option<Any>,
    /// When and why values of it were erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub erasure: Option<Tombstone>,
}

/// A drift that was caught: the record moved since the preview.
#[derive(Debug, Serialize, ToSchema)]
pub struct Drift {
    /// The mutation.
    pub n: u32,
    /// When.
    pub at: String,
    /// The plan that no longer held.
    pub plan_digest: String,
    /// `[{field, base, now, proposed}]`; missing when erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub view: Option<Any>,
    /// When and why it was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub erasure: Option<Tombstone>,
}

impl From<AttemptView> for Attempt {
    fn from(view: AttemptView) -> Self {
        Self {
            n: view.n,
            attempt: view.attempt,
            plan_digest: view.plan_digest.to_string(),
            started: view.started.to_string(),
            send_by: view.send_by.to_string(),
            finished: view.finished.map(|finished| finished.to_string()),
            retryable: view.outcome.is_some().then_some(view.retryable),
            outcome: view.outcome,
            code: view.code,
            reconciled: view.reconciled,
            accepted: view.accepted,
            guarantee: view.guarantee,
            evidence: view.evidence,
            key: view.key.to_string(),
            requested_by: view.requested_by.into(),
            request: view.request.map(Any),
            observed: view.observed.map(Any),
            response: view.response.map(Any),
            read_back: view.read_back.map(Any),
            erasure: view.erasure.map(Into::into),
        }
    }
}

impl From<DriftView> for Drift {
    fn from(view: DriftView) -> Self {
        Self {
            n: view.n,
            at: view.at.to_string(),
            plan_digest: view.plan_digest.to_string(),
            view: view.view.map(Any),
            erasure: view.erasure.map(Into::into),
        }
    }
}
