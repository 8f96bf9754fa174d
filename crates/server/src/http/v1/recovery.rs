//! Recovery: roll back, compensate. Each makes a run of its own, with its own decision and approvals.

use axum::extract::State;
use axum::response::Response;
use domain::id::RunId;
use domain::run::RecoveryKind;
use engine::access::Caller;
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

/// What is to be taken back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Recover {
    /// The plan that the person saw; another one is refused.
    #[schema(value_type = String)]
    plan_digest: Form<Digest>,
    /// Why. Up to 4,000 characters; sealed.
    rationale: Option<String>,
}

/// Restore what a run changed.
#[utoipa::path(
    post, path = "/v1/runs/{id}/rollback", tag = "recovery", request_body = Recover,
    params(("id" = String, Path, description = "The run")),
    responses((status = 201, description = "The recovery run", body = api::Run))
)]
pub async fn rollback(
    State(app): State<App>,
    Signed(caller): Signed,
    RunPath(id): RunPath,
    wait: Wait,
    posted: Posted<Recover>,
) -> Result<Response> {
    recover(&app, &caller, id, RecoveryKind::Rollback, wait, posted).await
}

/// Run the counter-actions of what a run changed.
#[utoipa::path(
    post, path = "/v1/runs/{id}/compensate", tag = "recovery", request_body = Recover,
    params(("id" = String, Path, description = "The run")),
    responses((status = 201, description = "The recovery run", body = api::Run))
)]
pub async fn compensate(
    State(app): State<App>,
    Signed(caller): Signed,
    RunPath(id): RunPath,
    wait: Wait,
    posted: Posted<Recover>,
) -> Result<Response> {
    recover(&app, &caller, id, RecoveryKind::Compensation, wait, posted).await
}

async fn recover(
    app: &App,
    caller: &Caller,
    id: RunId,
    kind: RecoveryKind,
    wait: Wait,
    Posted { body, key }: Posted<Recover>,
) -> Result<Response> {
    let commanded = Commanded::ask(app, caller, kind.word(), key.as_ref(), wait).await?.made_run();
    let seen = body.plan_digest.0;
    // Two runs are previewed and decided in one commit: too much state for a stack.
    let recovery = Box::pin(app.engine().recover(caller, id, kind, seen, body.rationale, key.as_ref()));
    let entry = recovery.await?;
    commanded.answer(app, caller, entry).await
}
