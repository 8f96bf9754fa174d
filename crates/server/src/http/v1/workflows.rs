//! Workflows: the registered names under which runs are proposed.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::name::Slug;
use engine::admin::WorkflowView;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::App;
use crate::http::api::Person;
use crate::http::auth::Signed;
use crate::http::json::{Form, Posted};
use crate::http::pagination::{Page, Params, Window};
use crate::http::problem::Result;

/// A workflow.
#[derive(Debug, Serialize, ToSchema)]
pub struct Workflow {
    /// Its name.
    name: String,
    /// For people.
    title: String,
    /// Who registered it.
    by: Person,
    /// When.
    created: String,
}

impl From<WorkflowView> for Workflow {
    fn from(view: WorkflowView) -> Self {
        Self { name: view.name.to_string(), title: view.title, by: view.by.into(), created: view.created }
    }
}

/// A new workflow.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddWorkflow {
    /// Its name.
    #[schema(value_type = String, example = "renewals")]
    name: Form<Slug>,
    /// For people; the name unless given.
    title: Option<String>,
}

/// Register a workflow.
#[utoipa::path(
    post, path = "/v1/workflows", tag = "workflows", request_body = AddWorkflow,
    responses((status = 201, description = "The workflow", body = Workflow))
)]
pub async fn add(
    State(app): State<App>,
    Signed(caller): Signed,
    Posted { body, key }: Posted<AddWorkflow>,
) -> Result<(StatusCode, Json<Workflow>)> {
    let title = body.title.unwrap_or_else(|| body.name.0.to_string());
    let view = app.engine().add_workflow(&caller, &body.name.0, &title, key.as_ref()).await?;
    Ok((StatusCode::CREATED, Json(view.into())))
}

/// List workflows, by name.
#[utoipa::path(
    get, path = "/v1/workflows", tag = "workflows", params(Window),
    responses((status = 200, description = "A page of workflows", body = Page<Workflow>))
)]
pub async fn list(
    State(app): State<App>,
    Signed(caller): Signed,
    Params(window): Params<Window>,
) -> Result<Json<Page<Workflow>>> {
    let all = app.engine().list_workflows(&caller).await?;
    Ok(Json(Page::cut(all.into_iter().map(Workflow::from), &window, |workflow| workflow.name.clone())?))
}
