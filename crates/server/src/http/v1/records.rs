//! The history of one record: who changed which field, under which run, allowed by whom.

use axum::Json;
use axum::extract::{Path, State};
use connectors::connector::Connector as _;
use domain::mutation::RecordRef;
use domain::name::Slug;
use engine::Error;
use engine::access::Caller;
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
    let place = Page::<RecordTouch>::place(window.cursor.as_deref())?;
    let (touches, next) = app.engine().record_history(&caller, &record, place, window.limit).await?;
    if touches.is_empty() {
        check_kind(&app, &caller, &record).await?;
    }
    Ok(Json(Page::of(touches, next)))
}

/// Refuses a kind of record that no connector has. A connector that does not load now may have had it.
async fn check_kind(app: &App, caller: &Caller, record: &RecordRef) -> Result<()> {
    let control = app.engine().control(caller.workspace).await?;
    let unknown = |what: &str, name: &Slug| Err(Error::not_found(what, name.as_str()).into());
    let Some(configured) = control.connectors.get(&record.connector) else {
        return unknown("connector", &record.connector);
    };
    match &configured.connector {
        Ok(connector) if !connector.describe().objects.contains_key(&record.object) => {
            unknown("kind of record", &record.object)
        }
        Ok(_) | Err(_) => Ok(()),
    }
}
