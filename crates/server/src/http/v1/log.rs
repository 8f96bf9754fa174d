//! The evidence log: how far it is, its newest head, its tiles and proofs, and the keys to check them with.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use engine::LogView;
use engine::admin::KEY_OVERLAP_DAYS;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::App;
use crate::http::auth::Signed;
use crate::http::json::Posted;
use crate::http::problem::Result;

/// How far the log of the workspace is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Log {
    /// Its name, which its heads carry.
    #[schema(example = "ap.example/w/main")]
    origin: String,
    /// Events that are committed.
    size: u64,
    /// Events under a signed head.
    sealed: u64,
    /// Events under a head that a quorum of witnesses cosigned.
    witnessed: u64,
    /// Why nothing is signed and nothing is executed; `null` while all is well.
    #[schema(required)]
    fork_risk: Option<String>,
    /// The keys of its heads, newest first, as C2SP signed-note verifier keys.
    keys: Vec<String>,
}

impl From<LogView> for Log {
    fn from(view: LogView) -> Self {
        let LogView { origin, size, sealed, witnessed, fork_risk, keys } = view;
        Self { origin, size, sealed, witnessed, fork_risk, keys }
    }
}

/// Show how far the evidence log is.
#[utoipa::path(
    get, path = "/v1/log", tag = "evidence",
    responses((status = 200, description = "The log", body = Log))
)]
pub async fn show(State(app): State<App>, Signed(caller): Signed) -> Result<Json<Log>> {
    Ok(Json(app.engine().show_log(&caller).await?.into()))
}

/// Fetch the newest signed head.
///
/// A C2SP checkpoint: origin, size and root as a signed note, with the cosignatures that it has.
#[utoipa::path(
    get, path = "/v1/log/checkpoint", tag = "evidence",
    responses((status = 200, description = "The signed note", body = String, content_type = "text/plain"))
)]
pub async fn checkpoint(State(app): State<App>, Signed(caller): Signed) -> Result<Response> {
    Ok(plain(app.engine().newest_checkpoint(&caller).await?.to_string()))
}

/// Fetch the proof that an event stands in the log.
///
/// A C2SP tlog-proof under the newest head.
#[utoipa::path(
    get, path = "/v1/log/proofs/{index}", tag = "evidence",
    params(("index" = u64, Path, description = "The event's place in the log")),
    responses((status = 200, description = "The proof", body = String, content_type = "text/plain"))
)]
pub async fn proof(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(index): Path<String>,
) -> Result<Response> {
    let place = index.parse().map_err(|_| engine::Error::not_found("leaf", &index))?;
    Ok(plain(app.engine().inclusion_proof(&caller, place).await?.to_string()))
}

/// Fetch the trust policy: the keys of the log and of its witnesses.
///
/// A C2SP tlog-policy. It is a beginning: an auditor keeps a copy of their own, and compares the keys over another channel.
#[utoipa::path(
    get, path = "/v1/log/trust", tag = "evidence",
    responses((status = 200, description = "The policy", body = String, content_type = "text/plain"))
)]
pub async fn trust(State(app): State<App>, Signed(caller): Signed) -> Result<Response> {
    Ok(plain(app.engine().trust_policy(&caller).await?))
}

/// Fetch a tile of the log.
///
/// C2SP tlog-tiles: `level/index`, such as `0/x001/067` or `0/000.p/12`, or `entries/000` for the events themselves.
#[utoipa::path(
    get, path = "/v1/log/tile/{*tile}", tag = "evidence",
    params(("tile" = String, Path, description = "The tile, whose name has slashes")),
    responses((status = 200, description = "The tile", body = Vec<u8>, content_type = "application/octet-stream"))
)]
pub async fn tile(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(tile): Path<String>,
) -> Result<Response> {
    let bytes = app.engine().tile_of(&caller, &format!("tile/{tile}")).await?;
    Ok(([(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"))], bytes).into_response())
}

/// What came out when the log was computed anew.
#[derive(Debug, Serialize, ToSchema)]
pub struct Review {
    /// `valid` or `tampered`.
    verdict: String,
    /// Events that were looked at.
    size: u64,
    /// The root over them.
    #[schema(required)]
    root: Option<String>,
    /// Signed heads that were compared.
    heads: u64,
    /// Sealed values that were opened.
    values: u64,
    /// How much is not as it was written.
    found: usize,
    /// The first 200 of it, in words.
    findings: Vec<String>,
}

/// Compute the whole log anew.
///
/// Every event, chain, head, plan and sealed value is looked at, and what came out is recorded. It takes a while for a large log.
#[utoipa::path(
    post, path = "/v1/log/verify", tag = "evidence",
    responses((status = 200, description = "What came out", body = Review))
)]
pub async fn verify(State(app): State<App>, Signed(caller): Signed) -> Result<Json<Review>> {
    let review = app.engine().verify_log(&caller).await?;
    Ok(Json(Review {
        verdict: review.verdict().to_owned(),
        size: review.size,
        root: review.root.map(|root| root.to_string()),
        heads: review.heads,
        values: review.values,
        found: review.found,
        findings: review.findings,
    }))
}

/// How a key is replaced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// How long the old key goes on signing beside the new one: days, 90 unless said otherwise.
    #[schema(minimum = 0, maximum = 730)]
    overlap_days: Option<u32>,
}

/// Make another key for the log.
#[utoipa::path(
    post, path = "/v1/log/keys", tag = "evidence", request_body = Rotation,
    responses((status = 200, description = "The log with its keys", body = Log))
)]
pub async fn rotate(
    State(app): State<App>,
    Signed(caller): Signed,
    Posted { body, key }: Posted<Rotation>,
) -> Result<Json<Log>> {
    let days = body.overlap_days.unwrap_or(KEY_OVERLAP_DAYS);
    Ok(Json(app.engine().rotate_log_key(&caller, days, key.as_ref()).await?.into()))
}

fn plain(text: String) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))], text).into_response()
}
