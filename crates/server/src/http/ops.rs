//! For operators: is it alive, can it work, what does it count, what does it offer. Open to everybody who reaches it.

use std::sync::OnceLock;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use engine::{Code, Error};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use super::App;
use super::problem::{Problem, Result};

/// Bounds of the request histogram: seconds.
const BUCKETS: [f64; 12] = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// Whether the process is alive.
#[utoipa::path(
    get, path = "/healthz", tag = "operations",
    responses((status = 200, description = "It is alive", body = String, content_type = "text/plain"))
)]
pub async fn health() -> &'static str {
    "ok\n"
}

/// Whether the process can work: the store answers.
#[utoipa::path(
    get, path = "/readyz", tag = "operations",
    responses((status = 200, description = "It can work", body = String, content_type = "text/plain"))
)]
pub async fn ready(State(app): State<App>) -> Result<&'static str> {
    app.engine().store().workspaces().await.map_err(|fault| {
        Problem::from(
            Error::new(Code::Unavailable, "the store does not answer").retry_after(5).because(fault),
        )
    })?;
    Ok("ready\n")
}

/// Metrics in the Prometheus text format.
#[utoipa::path(
    get, path = "/metrics", tag = "operations",
    responses((status = 200, description = "Every metric", body = String, content_type = "text/plain"))
)]
pub async fn metrics() -> Result<Response> {
    let recorder = recorder().ok_or_else(|| Error::internal("another recorder of metrics is installed"))?;
    recorder.run_upkeep();
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4")], recorder.render()).into_response())
}

/// The recorder of this process, installed at the first call.
pub fn recorder() -> Option<&'static PrometheusHandle> {
    static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let install = || {
        let name = Matcher::Full("actionplane_http_request_duration_seconds".to_owned());
        PrometheusBuilder::new().set_buckets_for_metric(name, &BUCKETS).ok()?.install_recorder().ok()
    };
    RECORDER.get_or_init(install).as_ref()
}

/// This interface as an OpenAPI 3.1 document.
#[utoipa::path(
    get, path = "/openapi.json", tag = "operations",
    responses((status = 200, description = "The document", body = serde_json::Value))
)]
pub async fn openapi() -> Result<Response> {
    static TEXT: OnceLock<Option<String>> = OnceLock::new();
    let text = TEXT.get_or_init(|| super::openapi::text().ok()).as_deref();
    let text = text.ok_or_else(|| Error::internal("the OpenAPI document does not print"))?;
    Ok((StatusCode::OK, [(CONTENT_TYPE, "application/json")], text).into_response())
}
