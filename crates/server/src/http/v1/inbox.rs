//! The inbox: what waits for the caller, why, and until when.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use engine::queries;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::App;
use crate::http::api::RunSummary;
use crate::http::auth::Signed;
use crate::http::pagination::{Page, Params};
use crate::http::problem::Result;

/// A run that waits for a group of the caller's.
#[derive(Debug, Serialize, ToSchema)]
pub struct InboxItem {
    /// The run.
    #[serde(flatten)]
    run: RunSummary,
    /// The group that is asked.
    group: String,
    /// How many approvals it owes.
    needed: u32,
    /// How many it has given.
    given: u32,
    /// Silence until then ends the run.
    expires: String,
    /// Whether the caller may give a verdict: not on their own proposals, and once.
    can_decide: bool,
    /// Why it came here, in plain words.
    why: Vec<String>,
}

impl From<queries::InboxItem> for InboxItem {
    fn from(item: queries::InboxItem) -> Self {
        Self {
            run: item.run.into(),
            group: item.group.to_string(),
            needed: item.needed,
            given: item.given,
            expires: item.expires.to_string(),
            can_decide: item.can_decide,
            why: item.why,
        }
    }
}

/// Which part of the inbox.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InboxQuery {
    /// The runs that need attention instead of those that wait for approval: plain summaries.
    #[serde(default)]
    attention: bool,
    /// At most this many, 1 to 200; 50 unless given.
    limit: Option<usize>,
    /// Where to go on: the `next` of the page before.
    cursor: Option<String>,
}

/// List what waits, soonest expiry first.
#[utoipa::path(
    get, path = "/v1/inbox", tag = "approvals", params(InboxQuery),
    responses((status = 200, description = "A page of the inbox", body = Page<InboxItem>))
)]
pub async fn list(
    State(app): State<App>,
    Signed(caller): Signed,
    Params(query): Params<InboxQuery>,
) -> Result<Response> {
    if query.attention {
        let place = Page::<RunSummary>::place(query.cursor.as_deref())?;
        let page = app.engine().attention(&caller, place, query.limit).await?;
        return Ok(Json(Page::<RunSummary>::of(page.items, page.next)).into_response());
    }
    let place = Page::<InboxItem>::place(query.cursor.as_deref())?;
    let (items, next) = app.engine().inbox(&caller, place, query.limit).await?;
    Ok(Json(Page::<InboxItem>::of(items, next)).into_response())
}
