//! Lineage: the events of a run, each with its leaf hash.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use engine::queries::{LineageEvent, SealedMember, Tombstone};
use serde::Serialize;
use utoipa::ToSchema;

use super::RunPath;
use crate::http::App;
use crate::http::api::Named;
use crate::http::auth::Signed;
use crate::http::json::Any;
use crate::http::problem::Result;

/// Events of one chain.
#[derive(Debug, Serialize, ToSchema)]
pub struct Lineage {
    /// The events, oldest first.
    items: Vec<ChainEvent>,
}

/// One event.
#[derive(Debug, Serialize, ToSchema)]
struct ChainEvent {
    /// Position in the chain, from 0.
    seq: u64,
    /// Its wire name.
    #[serde(rename = "type")]
    #[schema(example = "plan.previewed")]
    kind: String,
    /// When.
    at: String,
    /// Who wrote it.
    by: Named,
    /// Clear members.
    #[schema(value_type = serde_json::Value)]
    data: Any,
    /// Sealed members by name: the value; `{"erased": true, "at": …, "basis": …}` where it was erased; `{"missing": true}`
    /// where it cannot be read although no erasure names it.
    #[schema(value_type = BTreeMap<String, serde_json::Value>)]
    sealed: BTreeMap<String, Any>,
    /// Hashes of the events that it answers.
    cause: Vec<String>,
    /// Its leaf hash.
    hash: String,
    /// Its place in the evidence log; `null` while it has none.
    #[schema(required)]
    index: Option<u64>,
    /// The leaf hash before it; `null` for the first.
    #[schema(required)]
    prev: Option<String>,
}

/// Show the lineage of a run.
#[utoipa::path(
    get, path = "/v1/runs/{id}/events", tag = "runs", params(("id" = String, Path, description = "The run")),
    responses((status = 200, description = "Every event of the run", body = Lineage))
)]
pub async fn events(
    State(app): State<App>,
    Signed(caller): Signed,
    RunPath(id): RunPath,
) -> Result<Json<Lineage>> {
    let events = app.engine().lineage(&caller, id).await?;
    Ok(Json(events.into()))
}

impl From<Vec<LineageEvent>> for Lineage {
    fn from(events: Vec<LineageEvent>) -> Self {
        Self { items: events.into_iter().map(ChainEvent::from).collect() }
    }
}

impl From<LineageEvent> for ChainEvent {
    fn from(event: LineageEvent) -> Self {
        let member = |(name, member): (String, SealedMember)| (name, shown(member));
        Self {
            seq: event.seq,
            kind: event.kind,
            at: event.at.to_string(),
            by: event.by.into(),
            data: Any(event.data.into()),
            sealed: event.sealed.into_iter().map(member).collect(),
            cause: event.cause.iter().map(ToString::to_string).collect(),
            hash: event.hash.to_string(),
            index: event.index,
            prev: event.prev.map(|prev| prev.to_string()),
        }
    }
}

/// A sealed member: its value, or what became of it.
pub fn shown(member: SealedMember) -> Any {
    Any(match member {
        SealedMember::Open(value) => value,
        SealedMember::Erased(Tombstone { at, basis }) => proof::json::object([
            ("at", at.to_string().into()),
            ("basis", basis.as_str().into()),
            ("erased", true.into()),
        ]),
        SealedMember::Missing => proof::json::object([("missing", true.into())]),
    })
}
