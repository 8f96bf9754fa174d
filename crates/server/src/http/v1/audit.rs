//! The workspace chain: every administrative act, for auditors.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;

use super::lineage::Lineage;
use crate::http::App;
use crate::http::auth::Signed;
use crate::http::pagination::Params;
use crate::http::problem::Result;

/// Which part of the chain.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Events after this position; from the beginning unless given.
    after: Option<u64>,
    /// At most this many, 1 to 200; 50 unless given.
    limit: Option<usize>,
}

/// Events of one page unless asked otherwise.
const LIMIT: usize = 50;

/// List administrative acts, oldest first.
#[utoipa::path(
    get, path = "/v1/audit/workspace", tag = "audit", params(AuditQuery),
    responses((status = 200, description = "A page of the workspace chain", body = Lineage))
)]
pub async fn workspace(
    State(app): State<App>,
    Signed(caller): Signed,
    Params(query): Params<AuditQuery>,
) -> Result<Json<Lineage>> {
    let events = app.engine().audit(&caller, query.after, query.limit.unwrap_or(LIMIT)).await?;
    Ok(Json(events.into()))
}
