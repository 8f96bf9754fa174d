//! Settling what went wrong: retry, reconcile, accept.

use axum::extract::State;
use axum::response::Response;
use domain::attempt::Outcome;
use engine::commands::Settlement;
use engine::{Code, Error};
use proof::digest::Digest;
use serde::Deserialize;
use utoipa::ToSchema;

use super::control::SeenPlan;
use super::{Commanded, RunPath};
use crate::http::App;
use crate::http::api;
use crate::http::auth::Signed;
use crate::http::json::{Form, Posted};
use crate::http::prefer::Wait;
use crate::http::problem::{Problem, Result};

/// Try the next mutation again.
///
/// Its last attempt must have had no effect, with a code that may be repeated.
#[utoipa::path(
    post, path = "/v1/runs/{id}/retry", tag = "settle", request_body = SeenPlan,
    params(("id" = String, Path, description = "The run")),
    responses((status = 200, description = "The run", body = api::Run))
)]
pub async fn retry(
    State(app): State<App>,
    Signed(caller): Signed,
    RunPath(id): RunPath,
    wait: Wait,
    Posted { body, key }: Posted<SeenPlan>,
) -> Result<Response> {
    let commanded = Commanded::ask(&app, &caller, "retry", key.as_ref(), wait).await?;
    let entry = app.engine().retry(&caller, id, body.plan_digest.0, key.as_ref()).await?;
    commanded.answer(&app, &caller, entry).await
}

/// Look again, or say what an unknown outcome was.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reconcile {
    /// The plan that the person saw; another one is refused.
    #[schema(value_type = String)]
    plan_digest: Form<Digest>,
    /// The mutation, together with `outcome`.
    n: Option<u32>,
    /// What the person found: `applied`, `not_sent` or `diverged`. Without it the server looks.
    #[schema(value_type = Option<String>)]
    outcome: Option<Form<Outcome>>,
    /// Why the person thinks so. Up to 4,000 characters; sealed.
    rationale: Option<String>,
}

/// Reconcile an unknown outcome.
///
/// Without `outcome` the server looks at the system of record at once. With it a person settles what cannot be seen.
#[utoipa::path(
    post, path = "/v1/runs/{id}/reconcile", tag = "settle", request_body = Reconcile,
    params(("id" = String, Path, description = "The run")),
    responses((status = 200, description = "The run", body = api::Run))
)]
pub async fn reconcile(
    State(app): State<App>,
    Signed(caller): Signed,
    RunPath(id): RunPath,
    wait: Wait,
    Posted { body, key }: Posted<Reconcile>,
) -> Result<Response> {
    let commanded = Commanded::ask(&app, &caller, "settle", key.as_ref(), wait).await?;
    let plan_digest = body.plan_digest.0;
    let together = |at: &str| {
        Problem::from(Error::new(Code::InvalidRequest, "`n`, `outcome` and `rationale` come together").at(at))
    };
    let entry = match (body.n, body.outcome, body.rationale) {
        (None, None, None) => app.engine().reconcile_now(&caller, id, plan_digest).await?,
        (Some(n), Some(Form(outcome)), rationale @ Some(_)) => {
            let settlement = Settlement { plan_digest, n, outcome, rationale };
            app.engine().settle(&caller, id, settlement, key.as_ref()).await?
        }
        (None, ..) => return Err(together("/n")),
        (_, None, _) => return Err(together("/outcome")),
        (.., None) => return Err(together("/rationale")),
    };
    commanded.answer(&app, &caller, entry).await
}

/// The divergence that a person accepts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Accept {
    /// The plan that the person saw; another one is refused.
    #[schema(value_type = String)]
    plan_digest: Form<Digest>,
    /// The mutation.
    n: u32,
    /// Why. Up to 4,000 characters; sealed.
    rationale: String,
}

/// Accept what a read-back showed instead of the plan.
#[utoipa::path(
    post, path = "/v1/runs/{id}/accept", tag = "settle", request_body = Accept,
    params(("id" = String, Path, description = "The run")),
    responses((status = 200, description = "The run", body = api::Run))
)]
pub async fn accept(
    State(app): State<App>,
    Signed(caller): Signed,
    RunPath(id): RunPath,
    wait: Wait,
    Posted { body, key }: Posted<Accept>,
) -> Result<Response> {
    let commanded = Commanded::ask(&app, &caller, "accept", key.as_ref(), wait).await?;
    let (seen, rationale) = (body.plan_digest.0, Some(body.rationale));
    let entry = app.engine().accept_divergence(&caller, id, seen, body.n, rationale, key.as_ref()).await?;
    commanded.answer(&app, &caller, entry).await
}
