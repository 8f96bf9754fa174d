//! Exports: verified evidence in other people's formats, and the evidence of controls over a period.

use axum::extract::{Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use domain::id::RunId;
use engine::access::Operation;
use engine::queries::{BundleOf, BundleRequest};
use engine::{Code, Error};
use exports::controls;
use serde::Deserialize;
use utoipa::ToSchema;

use super::bundles::time;
use crate::evidence::{self, Format, Part};
use crate::http::App;
use crate::http::auth::Signed;
use crate::http::problem::Result;

/// What is exported, and as what.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Options {
    /// The format. `aat` and `dsse` are of one run.
    #[param(inline)]
    format: Format,
    /// The run. Without it: the acts of the workspace and the runs of a period, or of the whole log.
    run: Option<String>,
    /// Runs that were proposed at this time or later, and acts since then (RFC 3339).
    #[param(example = "2026-11-01T00:00:00Z")]
    from: Option<String>,
    /// Runs that were proposed before this time, and acts before it.
    to: Option<String>,
    /// Whether the table shows sealed values that still exist: of a run unless told otherwise, of a log only when asked.
    /// The other formats never do.
    values: Option<bool>,
}

/// Which period, and as what.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Period {
    /// The first moment (RFC 3339).
    #[param(example = "2026-10-01T00:00:00Z")]
    from: String,
    /// The first moment after it; now unless said otherwise.
    to: Option<String>,
    /// A page, which it is unless said otherwise, a table, or JSON.
    #[param(inline)]
    format: Option<ControlsFormat>,
}

/// What control evidence comes as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ControlsFormat {
    /// A page to read and print.
    Html,
    /// A table.
    Csv,
    /// For programs.
    Json,
}

/// Export evidence in another format.
///
/// One event becomes one record that names its leaf. The evidence was verified before, and the export is recorded. Reading
/// more than one run is for auditors and admins.
#[utoipa::path(
    get, path = "/v1/exports", tag = "evidence", params(Options),
    responses((status = 200, description = "The records", body = String, content_type = "application/x-ndjson"))
)]
pub async fn events(
    State(app): State<App>,
    Signed(caller): Signed,
    Query(options): Query<Options>,
) -> Result<Response> {
    let format = options.format;
    let from = options.from.as_deref().map(|text| time(text, "/from")).transpose()?;
    let to = options.to.as_deref().map(|text| time(text, "/to")).transpose()?;
    let (of, part, name) = match &options.run {
        Some(_) if from.is_some() || to.is_some() => {
            return Err(Error::new(Code::InvalidRequest, "a run is exported whole, without a time")
                .at("/run")
                .into());
        }
        Some(run) => {
            caller.may(Operation::ReadEvidence)?;
            let id = RunId::parse(run).map_err(|_| Error::not_found("run", run))?;
            (BundleOf::Run(id), Part::Run(id), id.to_string())
        }
        None => {
            caller.may(Operation::ReadAudit)?;
            if format.is_of_one_run() {
                let told = format!("`{}` is of one run", format.word());
                return Err(Error::new(Code::InvalidRequest, told)
                    .hint("name it with `run`")
                    .at("/run")
                    .into());
            }
            let part = Part::Between(from, to);
            if from.is_none() && to.is_none() {
                (BundleOf::Full, part, "full".to_owned())
            } else {
                (
                    BundleOf::Range(app.engine().runs_between(&caller, from, to).await?),
                    part,
                    "range".to_owned(),
                )
            }
        }
    };
    let disclose = format.shows_values() && options.values.unwrap_or(options.run.is_some());
    let bundle = app.engine().bundle(&caller, BundleRequest { of, disclose }).await?;
    let (keys, ws) = (std::sync::Arc::clone(app.export_keys()), caller.workspace);
    let (bytes, runs) = blocking(move || {
        let keys = evidence::keys_of(&keys, ws, &bundle)?;
        let examined = evidence::verified(&bundle)?;
        evidence::told(&bundle, examined, part, format, &keys)
    })
    .await?;
    app.engine().record_export(&caller, format.word(), runs).await?;
    file(&format!("{name}.{}", format.extension()), format.media_type(), bytes)
}

/// Report the evidence of controls over a period.
///
/// Which policies, approvals, separations of duties and pauses were in force, how often they acted and what went another way,
/// each fact with its leaf. The whole log is verified for it. It supports an assessment; it never says that a rule is met.
#[utoipa::path(
    get, path = "/v1/controls", tag = "evidence", params(Period),
    responses((status = 200, description = "The report", body = String, content_type = "text/html"))
)]
pub async fn of_period(
    State(app): State<App>,
    Signed(caller): Signed,
    Query(period): Query<Period>,
) -> Result<Response> {
    caller.may(Operation::ReadAudit)?;
    let from = time(&period.from, "/from")?;
    let until = match period.to.as_deref() {
        Some(text) => time(text, "/to")?,
        None => app.engine().now(),
    };
    if until <= from {
        return Err(Error::new(Code::InvalidRequest, "the period ends before it begins").at("/to").into());
    }
    let request = BundleRequest { of: BundleOf::Full, disclose: false };
    let bundle = app.engine().bundle(&caller, request).await?;
    let format = period.format.unwrap_or(ControlsFormat::Html);
    let (bytes, runs) = blocking(move || {
        let examined = evidence::verified(&bundle)?;
        let acts = examined.workspace.ok_or_else(|| Error::internal("a log that verified has no head"))?;
        let controls = controls::of(&examined.runs, &acts, controls::Period { from, until }, true);
        let bytes = match format {
            ControlsFormat::Html => controls::html(&controls, None).into_bytes(),
            ControlsFormat::Csv => controls::csv(&controls),
            ControlsFormat::Json => evidence::controls_json(&controls),
        };
        Ok((bytes, examined.runs.len()))
    })
    .await?;
    app.engine().record_export(&caller, "controls", runs).await?;
    let (extension, kind) = match format {
        ControlsFormat::Html => ("html", "text/html; charset=utf-8"),
        ControlsFormat::Csv => ("csv", "text/csv; charset=utf-8"),
        ControlsFormat::Json => ("json", "application/json"),
    };
    file(&format!("controls.{extension}"), HeaderValue::from_static(kind), bytes)
}

/// Work that waits for the disk or takes long, beside the threads that serve.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> engine::Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|fault| Error::internal("the export stopped").because(fault))??)
}

/// A download: it must not run under this server's own origin.
fn file(name: &str, kind: HeaderValue, bytes: Vec<u8>) -> Result<Response> {
    let name = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""))
        .map_err(|fault| Error::internal("a file name is no header").because(fault))?;
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, name)]);
    Ok((headers, bytes).into_response())
}
