//! Evidence bundles: what an auditor takes away.

use axum::extract::{Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use engine::access::Caller;
use engine::queries::{BundleOf, BundleRequest};
use engine::{Code, Error};
use serde::Deserialize;

use super::RunPath;
use crate::evidence;
use crate::http::App;
use crate::http::auth::Signed;
use crate::http::problem::Result;

/// What the verifier says of the bundle, under the log's own keys.
const VERDICT: HeaderName = HeaderName::from_static("actionplane-verdict");
/// The media type of a bundle.
const APEV: HeaderValue = HeaderValue::from_static("application/vnd.actionplane.evidence+zip");

/// How a bundle is made.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Options {
    /// Whether sealed values that still exist go with it: `true` unless said otherwise. Without them a bundle holds no
    /// personal data.
    values: Option<bool>,
}

/// Which part of the log a bundle is about.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Part {
    /// Runs that were proposed at this time or later (RFC 3339). Without `from` and `to` it is the whole log.
    #[param(example = "2026-11-01T00:00:00Z")]
    from: Option<String>,
    /// Runs that were proposed before this time.
    to: Option<String>,
    /// Whether sealed values that still exist go with it: `false` unless said otherwise.
    values: Option<bool>,
}

/// Fetch the evidence of a run.
///
/// An `.apev` bundle: the run, the runs that recover it, the acts of the workspace, and the proofs. It was verified before it is
/// answered, and the export is recorded.
#[utoipa::path(
    get, path = "/v1/runs/{id}/bundle", tag = "evidence",
    params(("id" = String, Path, description = "The run"), Options),
    responses((status = 200, description = "The bundle", body = Vec<u8>,
        content_type = "application/vnd.actionplane.evidence+zip"))
)]
pub async fn of_run(
    State(app): State<App>,
    Signed(caller): Signed,
    RunPath(id): RunPath,
    Query(options): Query<Options>,
) -> Result<Response> {
    let request = BundleRequest { of: BundleOf::Run(id), disclose: options.values.unwrap_or(true) };
    answer(&app, &caller, request, &id.to_string(), "run").await
}

/// Fetch the evidence of a period, or of the whole log.
///
/// An `.apev` bundle. The whole log comes with its tiles, so that it shows that no event of a run is left out.
#[utoipa::path(
    get, path = "/v1/bundles", tag = "evidence", params(Part),
    responses((status = 200, description = "The bundle", body = Vec<u8>,
        content_type = "application/vnd.actionplane.evidence+zip"))
)]
pub async fn of_log(
    State(app): State<App>,
    Signed(caller): Signed,
    Query(part): Query<Part>,
) -> Result<Response> {
    let (of, scope) = match (&part.from, &part.to) {
        (None, None) => (BundleOf::Full, "full"),
        (from, to) => {
            let from = from.as_deref().map(|text| time(text, "/from")).transpose()?;
            let to = to.as_deref().map(|text| time(text, "/to")).transpose()?;
            (BundleOf::Range(app.engine().runs_between(&caller, from, to).await?), "range")
        }
    };
    let request = BundleRequest { of, disclose: part.values.unwrap_or(false) };
    answer(&app, &caller, request, scope, scope).await
}

/// A time of a query, with any offset.
fn time(text: &str, at: &str) -> Result<domain::time::Timestamp> {
    let parsed = text.parse::<jiff::Timestamp>().map_err(|_| {
        Error::new(Code::InvalidRequest, format!("`{text}` is no time of RFC 3339"))
            .hint("write it like 2026-11-01T00:00:00Z")
            .at(at)
    })?;
    Ok(domain::time::Timestamp::from_millis(parsed.as_millisecond()))
}

async fn answer(
    app: &App,
    caller: &Caller,
    request: BundleRequest,
    name: &str,
    scope: &str,
) -> Result<Response> {
    let bundle = app.engine().bundle(caller, request).await?;
    let runs = bundle.runs.len();
    let packed = tokio::task::spawn_blocking(move || evidence::packed(bundle)).await;
    let packed = packed.map_err(|fault| Error::internal("the export stopped").because(fault))??;
    app.engine().record_export(caller, scope, runs).await?;
    let file = format!("attachment; filename=\"{name}.apev\"");
    let file = HeaderValue::from_str(&file)
        .map_err(|fault| Error::internal("a file name is no header").because(fault))?;
    let verdict = HeaderValue::from_static(packed.verdict.word());
    let headers =
        HeaderMap::from_iter([(CONTENT_TYPE, APEV), (CONTENT_DISPOSITION, file), (VERDICT, verdict)]);
    Ok((headers, packed.bytes).into_response())
}
