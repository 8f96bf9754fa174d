//! Approvals: a person's verdict on the plan that they saw.

use axum::extract::State;
use axum::response::Response;
use domain::name::Slug;
use engine::commands::{Answer, VerdictRequest};
use proof::digest::Digest;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Commanded, RunPath};
use crate::http::App;
use crate::http::api;
use crate::http::auth::Signed;
use crate::http::json::{Form, Posted};
use crate::http::prefer::Wait;
use crate::http::problem::Result;

/// A verdict.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GiveVerdict {
    /// Yes or no. One rejection ends the run.
    verdict: Verdict,
    /// The plan that the person saw; another one is refused.
    #[schema(value_type = String)]
    plan_digest: Form<Digest>,
    /// For which of their groups they speak, when they are in several that still lack.
    #[schema(value_type = Option<String>)]
    group: Option<Form<Slug>>,
    /// Why. Up to 4,000 characters; sealed.
    rationale: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Approve,
    Reject,
}

/// Approve or reject a plan.
///
/// Never open to agents, nor to whoever proposed, owns the agent, is acted for, or amended the plan.
#[utoipa::path(
    post, path = "/v1/runs/{id}/approvals", tag = "approvals", request_body = GiveVerdict,
    params(("id" = String, Path, description = "The run")),
    responses((status = 201, description = "The run with the verdict", body = api::Run))
)]
pub async fn give(
    State(app): State<App>,
    Signed(caller): Signed,
    RunPath(id): RunPath,
    wait: Wait,
    Posted { body, key }: Posted<GiveVerdict>,
) -> Result<Response> {
    let verdict = VerdictRequest {
        answer: match body.verdict {
            Verdict::Approve => Answer::Approve,
            Verdict::Reject => Answer::Reject,
        },
        plan_digest: body.plan_digest.0,
        group: Form::opt(body.group),
        rationale: body.rationale,
    };
    let commanded = Commanded::ask(&app, &caller, "verdict", key.as_ref(), wait).await?.made();
    let entry = app.engine().give_verdict(&caller, id, verdict, key.as_ref()).await?;
    commanded.answer(&app, &caller, entry).await
}
