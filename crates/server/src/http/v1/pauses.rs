//! Pauses: new attempts stop at once.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use engine::Error;
use engine::control::{Control, PauseBody, PauseKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::App;
use crate::http::api::Named;
use crate::http::auth::Signed;
use crate::http::json::Posted;
use crate::http::pagination::{Page, Params, Window};
use crate::http::problem::Result;

/// A pause in force.
#[derive(Debug, Serialize, ToSchema)]
pub struct Pause {
    /// `workspace`, `agent`, `connector` or `lane`.
    kind: &'static str,
    /// Which one.
    id: String,
    /// Who set it.
    by: Named,
    /// When.
    at: String,
}

impl Pause {
    fn of(control: &Control, body: PauseBody) -> Self {
        Self { kind: body.kind.word(), by: control.named_text(&body.by).into(), id: body.id, at: body.at }
    }
}

/// What is to be paused.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPause {
    /// `workspace`, `agent`, `connector` or `lane`.
    #[schema(value_type = String, example = "connector")]
    kind: PauseKind,
    /// Which one: the workspace's id, the id of an agent, service or person, a connector's name, or a lane as
    /// `<workflow>/<connector>/<action>`.
    id: String,
    /// Why. Up to 4,000 characters; sealed.
    rationale: Option<String>,
}

/// Pause: no new attempt starts.
#[utoipa::path(
    post, path = "/v1/pauses", tag = "pauses", request_body = SetPause,
    responses((status = 201, description = "The pause", body = Pause))
)]
pub async fn set(
    State(app): State<App>,
    Signed(caller): Signed,
    Posted { body, key }: Posted<SetPause>,
) -> Result<(StatusCode, Json<Pause>)> {
    let (engine, rationale) = (app.engine(), body.rationale.as_deref());
    let pause = engine.set_pause(&caller, body.kind, &body.id, rationale, key.as_ref()).await?;
    let control = engine.control(caller.workspace).await?;
    Ok((StatusCode::CREATED, Json(Pause::of(&control, pause))))
}

/// List pauses in force.
#[utoipa::path(
    get, path = "/v1/pauses", tag = "pauses", params(Window),
    responses((status = 200, description = "A page of pauses", body = Page<Pause>))
)]
pub async fn list(
    State(app): State<App>,
    Signed(caller): Signed,
    Params(window): Params<Window>,
) -> Result<Json<Page<Pause>>> {
    let mut all = app.engine().list_pauses(&caller).await?;
    let control = app.engine().control(caller.workspace).await?;
    let name = |kind: &str, id: &str| format!("{kind}/{id}");
    all.sort_by_key(|pause| name(pause.kind.word(), &pause.id));
    let all = all.into_iter().map(|pause| Pause::of(&control, pause));
    Ok(Json(Page::cut(all, &window, |pause| name(pause.kind, &pause.id))?))
}

/// Lift a pause.
#[utoipa::path(
    delete, path = "/v1/pauses/{kind}/{id}", tag = "pauses",
    params(
        ("kind" = String, Path, description = "`workspace`, `agent`, `connector` or `lane`"),
        ("id" = String, Path, description = "Which one"),
    ),
    responses((status = 204, description = "New attempts start again"))
)]
pub async fn lift(
    State(app): State<App>,
    Signed(caller): Signed,
    Path((kind, id)): Path<(String, String)>,
) -> Result<StatusCode> {
    let known = [PauseKind::Workspace, PauseKind::Agent, PauseKind::Connector, PauseKind::Lane];
    let kind = known.into_iter().find(|known| known.word() == kind);
    let kind = kind.ok_or_else(|| Error::not_found("pause", &id))?;
    app.engine().lift_pause(&caller, kind, &id, None).await?;
    Ok(StatusCode::NO_CONTENT)
}
