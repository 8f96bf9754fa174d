//! The history of one record: who changed which field, under which run, allowed by whom.

use axum::Json;
use axum::extract::{Path, State};
use domain::mutation::RecordRef;
use domain::name::Slug;
use engine::Error;
use engine::queries;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::App;
use crate::http::api::{Approval, Change, Named};
use crate::http::auth::Signed;
use crate::http::pagination::{Page, Params, Window};
use crate::http::problem::Result;

/// What one run did to a record.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordTouch {
    /// The run.
    run: String,
    /// The mutation.
    n: u32,
    /// The action.
    action: String,
    /// How it ended, or how far it is.
    outcome: String,
    /// When.
    at: String,
    /// Who proposed it.
    proposer: Named,
    /// Policy's decision.
    #[schema(required)]
    decision: Option<String>,
    /// Who allowed it.
    approvals: Vec<Approval>,
    /// Which fields.
    changes: Vec<Change>,
}

impl From<queries::RecordTouch> for RecordTouch {
    fn from(touch: queries::RecordTouch) -> Self {
        Self {
            run: touch.run.to_string(),
            n: touch.n,
            action: touch.action,
            outcome: touch.outcome,
            at: touch.at.to_string(),
            proposer: touch.proposer.into(),
            decision: touch.decision,
            approvals: touch.approvals.into_iter().map(Approval::from).collect(),
            changes: touch.changes.into_iter().map(Change::from).collect(),
        }
    }
}

/// Show the history of a record, newest first.
#[utoipa::path(
    get, path = "/v1/records/{connector}/{object}/{id}/history", tag = "runs",
    params(
        ("connector" = String, Path, description = "The connector"),
        ("object" = String, Path, description = "The kind of record"),
        ("id" = String, Path, description = "The system of record's id"),
        Window,
    ),
    responses((status = 200, description = "A page of what runs did to the record", body = Page<RecordTouch>))
)]
pub async fn history(
    State(app): State<App>,
    Signed(caller): Signed,
    Path((connector, object, id)): Path<(String, String, String)>,
    Params(window): Params<Window>,
) -> Result<Json<Page<RecordTouch>>> {
    let name = |text: &str| Slug::parse(text).map_err(|_| Error::not_found("record", text));
    let record = RecordRef { connector: name(&connector)?, object: name(&object)?, id };
    let (touches, next) = app.engine().record_history(&caller, &record, window.cursor, window.limit).await?;
    Ok(Json(Page::of(touches, next)))
}
