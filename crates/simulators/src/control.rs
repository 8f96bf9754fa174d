//! The `/__sim` routes: the controls of [`Simulation`] over HTTP, for people and for tests in other languages.
//!
//! They need no credentials: a simulator holds nothing worth protecting and listens on loopback. They only translate;
//! what a control does stands in `simulation.rs`.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::Simulation;
use crate::faults::{Fault, FaultRefused};
use crate::system::{Edit, EditError};

pub(crate) fn routes() -> Router<Simulation> {
    Router::new()
        .route("/", get(about))
        .route("/reset", post(reset))
        .route("/faults", get(list_faults).post(arm_fault).delete(clear_faults))
        .route("/edit", post(edit))
        .route("/records", post(seed))
        .route("/writes", get(writes))
        .route("/clock", post(advance))
        .route("/settings", post(change_settings))
}

async fn about(State(simulation): State<Simulation>) -> Json<Value> {
    let now = simulation.system().clock().now().zendesk();
    Json(json!({ "kind": simulation.kind(), "now": now }))
}

async fn reset(State(simulation): State<Simulation>) -> StatusCode {
    simulation.reset();
    StatusCode::NO_CONTENT
}

async fn list_faults(State(simulation): State<Simulation>) -> Json<Value> {
    Json(json!({ "faults": simulation.faults().armed() }))
}

async fn arm_fault(
    State(simulation): State<Simulation>,
    Json(fault): Json<Fault>,
) -> Result<Response, Failure> {
    let id = simulation.faults().arm(fault)?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id }))).into_response())
}

async fn clear_faults(State(simulation): State<Simulation>) -> StatusCode {
    simulation.faults().clear();
    StatusCode::NO_CONTENT
}

async fn edit(State(simulation): State<Simulation>, Json(edit): Json<Edit>) -> Result<StatusCode, Failure> {
    simulation.edit(&edit)?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seed {
    object: String,
    id: String,
    fields: Map<String, Value>,
}

async fn seed(State(simulation): State<Simulation>, Json(seed): Json<Seed>) -> Result<StatusCode, Failure> {
    simulation.seed(&seed.object, &seed.id, &seed.fields)?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WriteFilter {
    object: Option<String>,
    id: Option<String>,
    #[serde(default)]
    after: u64,
}

async fn writes(State(simulation): State<Simulation>, Query(filter): Query<WriteFilter>) -> Json<Value> {
    let system = simulation.system();
    let wanted = |asked: &Option<String>, is: &str| asked.as_deref().is_none_or(|asked| asked == is);
    let writes: Vec<_> = system
        .journal()
        .writes()
        .filter(|w| w.seq > filter.after && wanted(&filter.object, &w.object) && wanted(&filter.id, &w.id))
        .collect();
    Json(json!({ "writes": writes, "total": system.journal().total() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_s: u32,
}

async fn advance(State(simulation): State<Simulation>, Json(by): Json<Advance>) -> Json<Value> {
    let now = simulation.system().clock().advance(by.advance_s).zendesk();
    Json(json!({ "now": now }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    limit_updates_per_ticket: bool,
}

async fn change_settings(State(simulation): State<Simulation>, Json(settings): Json<Settings>) -> StatusCode {
    simulation.limit_updates_per_ticket(settings.limit_updates_per_ticket);
    StatusCode::NO_CONTENT
}

/// A control that was not carried out: 422 with the reason.
struct Failure(String);

impl From<FaultRefused> for Failure {
    fn from(error: FaultRefused) -> Self {
        Self(error.to_string())
    }
}

impl From<EditError> for Failure {
    fn from(error: EditError) -> Self {
        Self(error.to_string())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "error": self.0 }))).into_response()
    }
}
