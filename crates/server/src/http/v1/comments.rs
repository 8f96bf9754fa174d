//! Comments on a run, kept as evidence.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Commanded, RunPath};
use crate::http::App;
use crate::http::api;
use crate::http::auth::Signed;
use crate::http::json::Posted;
use crate::http::prefer::Wait;
use crate::http::problem::Result;

/// A comment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Comment {
    /// Up to 4,000 characters; sealed.
    comment: String,
}

/// Comment on a run.
#[utoipa::path(
    post, path = "/v1/runs/{id}/comments", tag = "runs", request_body = Comment,
    params(("id" = String, Path, description = "The run")),
    responses((status = 201, description = "The run", body = api::Run))
)]
pub async fn comment(
    State(app): State<App>,
    Signed(caller): Signed,
    RunPath(id): RunPath,
    wait: Wait,
    Posted { body, key }: Posted<Comment>,
) -> Result<Response> {
    let commanded = Commanded::ask(&app, &caller, "comment", key.as_ref(), wait).await?.made();
    let entry = app.engine().comment(&caller, id, body.comment, key.as_ref()).await?;
    commanded.answer(&app, &caller, entry).await
}
