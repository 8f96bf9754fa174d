//! Evidence bundles: what an auditor takes away.

use axum::extract::{Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use engine::access::Caller;
use engine::queries::{BundleOf, BundleRequest};
use engine::{Code, Error};
use serde::Deserialize;
use utoipa::ToSchema;

use super::RunPath;
use crate::evidence;
use crate::http::App;
use crate::http::auth::Signed;
use crate::http::problem::Result;

/// What the verifier says of the bundle, under the log's own keys.
const VERDICT: HeaderName = HeaderName::from_static("actionplane-verdict");
/// The media type of a bundle.
const APEV: HeaderValue = HeaderValue::from_static("application/vnd.actionplane.evidence+zip");
/// That of a report. It is always a download: it must not run under this server's own origin.
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// How a bundle is made.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Options {
    /// `apev` for the bundle, which it is unless said otherwise, or `html` for one page that tells the story and verifies the
    /// bundle in it, offline.
    #[param(inline)]
    format: Option<Format>,
    /// Whether sealed values that still exist go with it: `true` unless said otherwise. Without them a bundle holds no
    /// personal data.
    values: Option<bool>,
}

/// What a run's evidence comes as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// The bundle.
    Apev,
    /// The page around it.
    Html,
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
    let format = options.format.unwrap_or(Format::Apev);
    answer(&app, &caller, request, format, (&id.to_string(), "run")).await
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
    answer(&app, &caller, request, Format::Apev, (scope, scope)).await
}

/// A time of a query, with any offset.
pub(super) fn time(text: &str, at: &str) -> Result<domain::time::Timestamp> {
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
    format: Format,
    (name, scope): (&str, &str),
) -> Result<Response> {
    let bundle = app.engine().bundle(caller, request).await?;
    let runs = bundle.runs.len();
    let (keys, ws) = (std::sync::Arc::clone(app.export_keys()), caller.workspace);
    let made = tokio::task::spawn_blocking(move || {
        let keys = evidence::keys_of(&keys, ws, &bundle)?;
        let packed = evidence::packed(bundle, &keys)?;
        let word = packed.report.verdict.word();
        let (bytes, extension, kind) = match format {
            Format::Apev => (packed.bytes, "apev", APEV),
            Format::Html => {
                let page = evidence::page(&packed.bytes, &packed.report);
                let page = page.ok_or_else(|| Error::internal("the report page has lost a slot"))?;
                (page.into_bytes(), "html", HTML)
            }
        };
        Ok::<_, Error>((bytes, extension, kind, word))
    });
    let made = made.await.map_err(|fault| Error::internal("the export stopped").because(fault))?;
    let (bytes, extension, kind, verdict) = made?;
    app.engine().record_export(caller, scope, runs).await?;
    let file = format!("attachment; filename=\"{name}.{extension}\"");
    let file = HeaderValue::from_str(&file)
        .map_err(|fault| Error::internal("a file name is no header").because(fault))?;
    let verdict = HeaderValue::from_static(verdict);
    let headers =
        HeaderMap::from_iter([(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, file), (VERDICT, verdict)]);
    Ok((headers, bytes).into_response())
}
