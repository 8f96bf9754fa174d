//! The outermost layer: what happens to every request, whatever its route.
//!
//! A request gets an id, a span and a time limit; its answer gets security headers, a metric, a log line and, when it is
//! an error, its body. Work that changes something is not given up when the client hangs up or the time is over: an
//! attempt in the middle of its write must come to its end.

use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, StatusCode, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use engine::{Code, Error};
use tracing::Instrument;
use tracing::field::Empty;

use super::App;
use super::prefer;
use super::problem::{self, Problem};

/// How long a request may take, beside what it asked to wait.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of a request's target.
const TARGET_BYTES_MAX: usize = 8 * 1024;
/// Characters of a request id that a client or proxy gives.
const REQUEST_ID_LEN_MAX: usize = 64;
/// The header of the request id, in both directions.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
/// Nothing may be loaded, run or framed.
const NOTHING: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// Handles one request.
pub async fn handle(State(app): State<App>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = request_id(&app, &request);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", request.id = id, http.method = %method, http.route = route, run.id = Empty, principal.id = Empty);
    let response = limited(&app, request, next).instrument(span.clone()).await;
    let _entered = span.enter();
    let mut response = problem::render(response, &id);
    secure(&app, &mut response);
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let (took, status) = (began.elapsed(), response.status());
    measure(method.as_str(), &route, status, took);
    // What probes ask every few seconds would drown everything else.
    if route.starts_with("/v1/") {
        tracing::info!(
            http.status = status.as_u16(),
            http.duration_ms = took.as_secs_f64() * 1e3,
            "answered"
        );
    }
    response
}

/// Runs the rest under the limits of time and number.
async fn limited(app: &App, request: Request, next: Next) -> Response {
    if request.uri().to_string().len() > TARGET_BYTES_MAX {
        return Problem::new(Code::InvalidRequest, format!("the URL has more than {TARGET_BYTES_MAX} bytes"))
            .into_response();
    }
    let hosts = request.headers().get_all(HOST).iter().count();
    if hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11) {
        return Problem::new(Code::MalformedRequest, "the request does not name its host once")
            .into_response();
    }
    let Ok(permit) = std::sync::Arc::clone(&app.0.requests).try_acquire_owned() else {
        return Problem::from(
            Error::new(Code::Unavailable, "too many requests are being handled").retry_after(1),
        )
        .into_response();
    };
    let safe = request.method().is_safe();
    let limit = TIMEOUT.saturating_add(prefer::read(request.headers()).0.unwrap_or_default());
    let work = async move {
        let response = next.run(request).await;
        drop(permit);
        response
    };
    let done = if safe {
        tokio::time::timeout(limit, work).await.map_err(|_| StatusCode::GATEWAY_TIMEOUT)
    } else {
        match tokio::time::timeout(limit, tokio::spawn(work.in_current_span())).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(fault)) => {
                tracing::error!(error = %fault, "a handler ended with a panic");
                Err(StatusCode::INTERNAL_SERVER_ERROR)
            }
            Err(_) => Err(StatusCode::GATEWAY_TIMEOUT),
        }
    };
    done.unwrap_or_else(|status| Problem::of_status(status).into_response())
}

/// The id that a proxy gave, when it looks like one, or a new one.
fn request_id(app: &App, request: &Request) -> String {
    let given = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok());
    let form = |id: &&str| {
        (1..=REQUEST_ID_LEN_MAX).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    };
    given.filter(form).map_or_else(|| fresh_id(app), str::to_owned)
}

/// 80 random bits as hex digits.
fn fresh_id(app: &App) -> String {
    let mut bits = [0; 16];
    bits[6..].copy_from_slice(&app.0.entropy.id_bits());
    format!("{:020x}", u128::from_be_bytes(bits))
}

fn secure(app: &App, response: &mut Response) {
    let headers = response.headers_mut();
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(NOTHING);
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    if app.is_secure() {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}

fn measure(method: &str, route: &str, status: StatusCode, took: Duration) {
    let labels =
        [("method", method.to_owned()), ("route", route.to_owned()), ("status", status.as_u16().to_string())];
    metrics::counter!("actionplane_http_requests_total", &labels).increment(1);
    let labels = [("method", method.to_owned()), ("route", route.to_owned())];
    metrics::histogram!("actionplane_http_request_duration_seconds", &labels).record(took.as_secs_f64());
}
