//! Control of a run: take over, hand back, amend, execute, done by hand, cancel.

use axum::extract::State;
use axum::response::Response;
use domain::limits::TAKEOVER_S_MAX;
use engine::{Code, Error};
use proof::digest::Digest;
use serde::Deserialize;
use utoipa::ToSchema;

use super::runs::check_size;
use super::{Commanded, Rationale, RunPath};
use crate::http::App;
use crate::http::api::{self, ProposedMutation};
use crate::http::auth::Signed;
use crate::http::json::{Form, Posted};
use crate::http::prefer::Wait;
use crate::http::problem::Result;

/// A takeover.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeOver {
    /// How long, in seconds; half an hour unless given, eight hours at most.
    #[schema(minimum = 1, maximum = 28_800)]
    lease_s: Option<u64>,
    /// Why. Up to 4,000 characters; sealed.
    rationale: Option<String>,
}

/// Take a run over, or renew the lease.
///
/// The person becomes the run's only controller; what the agent asks for is refused meanwhile.
#[utoipa::path(
    post, path = "/v1/runs/{id}/takeover", tag = "control", request_body = TakeOver,
    params(("id" = String, Path, description = "The run")),
    responses((status = 200, description = "The run", body = api::Run))
)]
pub async fn take_over(
    State(app): State<App>,
    Signed(caller): Signed,
    RunPath(id): RunPath,
    wait: Wait,
    Posted { body, key }: Posted<TakeOver>,
) -> Result<Response> {
    if body.lease_s.is_some_and(|lease_s| !(1..=TAKEOVER_S_MAX).contains(&lease_s)) {
        return Err(Error::new(Code::InvalidRequest, format!("a lease lasts 1 to {TAKEOVER_S_MAX} seconds"))
            .at("/lease_s")
            .into());
    }
    let commanded = Commanded::ask(&app, &caller, "takeover", key.as_ref(), wait).await?;
    let entry = app.engine().take_over(&caller, id, body.lease_s, body.rationale, key.as_ref()).await?;
    commanded.answer(&app, &caller, entry).await
}

/// Hand a run back.
///
/// Everything that was decided for the holder is void.
#[utoipa::path(
    post, path = "/v1/runs/{id}/handback", tag = "control", request_body = Rationale,
    params(("id" = String, Path, description = "The run")),
    responses((status = 200, description = "The run", body = api::Run))
)]
pub async fn hand_back(
    State(app): State<App>,
    Signed(caller): Signed,
    RunPath(id): RunPath,
    wait: Wait,
    Posted { body, key }: Posted<Rationale>,
) -> Result<Response> {
    let commanded = Commanded::ask(&app, &caller, "handback", key.as_ref(), wait).await?;
    let entry = app.engine().hand_back(&caller, id, body.rationale, key.as_ref()).await?;
    commanded.answer(&app, &caller, entry).await
}

/// Another plan in place of the one that the person saw.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Amendment {
    /// The plan that the person saw; `null` for a run that had no preview yet.
    #[schema(value_type = Option<String>, required)]
    plan_digest: Option<Form<Digest>>,
    /// The mutations in the order of their execution.
    #[schema(min_items = 1, max_items = 1_000)]
    mutations: Vec<ProposedMutation>,
    /// Why. Up to 4,000 characters; sealed.
    rationale: Option<String>,
}

/// Amend the plan of a run that one has taken over.
///
/// There is a new preview and a new decision; every approval is void.
#[utoipa::path(
    put, path = "/v1/runs/{id}/plan", tag = "control", request_body = Amendment,
    params(("id" = String, Path, description = "The run")),
    responses((status = 200, description = "The run with its new plan", body = api::Run))
)]
pub async fn amend(
    State(app): State<App>,
    Signed(caller): Signed,
    RunPath(id): RunPath,
    wait: Wait,
    Posted { body, key }: Posted<Amendment>,
) -> Result<Response> {
    check_size(body.mutations.len())?;
    let commanded = Commanded::ask(&app, &caller, "amend", key.as_ref(), wait).await?;
    let seen = Form::opt(body.plan_digest);
    let mutations = api::proposed(body.mutations);
    let entry = app.engine().amend(&caller, id, seen, mutations, body.rationale, key.as_ref()).await?;
    commanded.answer(&app, &caller, entry).await
}

/// The plan that the person saw.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeenPlan {
    /// Its digest; another one is refused.
    #[schema(value_type = String)]
    pub plan_digest: Form<Digest>,
}

/// Execute a run that one has taken over, or go on after a canary slice.
#[utoipa::path(
    post, path = "/v1/runs/{id}/execute", tag = "control", request_body = SeenPlan,
    params(("id" = String, Path, description = "The run")),
    responses((status = 200, description = "The run", body = api::Run))
)]
pub async fn execute(
    State(app): State<App>,
    Signed(caller): Signed,
    RunPath(id): RunPath,
    wait: Wait,
    Posted { body, key }: Posted<SeenPlan>,
) -> Result<Response> {
    let commanded = Commanded::ask(&app, &caller, "execute", key.as_ref(), wait).await?;
    let entry = app.engine().execute(&caller, id, body.plan_digest.0, key.as_ref()).await?;
    commanded.answer(&app, &caller, entry).await
}

/// Record that the work was done by hand.
///
/// Every record is read back; what really changed is kept as observed, not authorized, and the run ends.
#[utoipa::path(
    post, path = "/v1/runs/{id}/done-by-hand", tag = "control", request_body = Rationale,
    params(("id" = String, Path, description = "The run")),
    responses((status = 200, description = "The run", body = api::Run))
)]
pub async fn done_by_hand(
    State(app): State<App>,
    Signed(caller): Signed,
    RunPath(id): RunPath,
    wait: Wait,
    Posted { body, key }: Posted<Rationale>,
) -> Result<Response> {
    let commanded = Commanded::ask(&app, &caller, "done_by_hand", key.as_ref(), wait).await?;
    let entry = app.engine().done_by_hand(&caller, id, body.rationale, key.as_ref()).await?;
    commanded.answer(&app, &caller, entry).await
}

/// Cancel a run.
///
/// When something had an effect already, the rest of the plan is closed instead.
#[utoipa::path(
    post, path = "/v1/runs/{id}/cancel", tag = "control", request_body = Rationale,
    params(("id" = String, Path, description = "The run")),
    responses((status = 200, description = "The run", body = api::Run))
)]
pub async fn cancel(
    State(app): State<App>,
    Signed(caller): Signed,
    RunPath(id): RunPath,
    wait: Wait,
    Posted { body, key }: Posted<Rationale>,
) -> Result<Response> {
    let commanded = Commanded::ask(&app, &caller, "cancel", key.as_ref(), wait).await?;
    let entry = app.engine().cancel(&caller, id, body.rationale, key.as_ref()).await?;
    commanded.answer(&app, &caller, entry).await
}
