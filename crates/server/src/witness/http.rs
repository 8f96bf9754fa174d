//! The socket of a witness: `POST <any prefix>/add-checkpoint`, and its key at `GET /`.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, OriginalUri, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use proof::witness::{REQUEST_BYTES_MAX, Refusal, write_size};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tower_http::timeout::TimeoutLayer;

use super::{Answer, Witness};
use crate::http::accept;

/// How long a request may take, its body included.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Connections that are open at once; more wait to be accepted.
const CONNECTIONS_MAX: usize = 256;
/// The path that ends every submission, below whatever prefix a proxy gives it.
const ADD_CHECKPOINT: &str = "/add-checkpoint";
/// The media type of a size.
const SIZE: HeaderValue = HeaderValue::from_static("text/x.tlog.size");

/// Serves a witness until it is stopped.
pub async fn serve(listener: TcpListener, witness: Arc<Witness>, stopped: watch::Receiver<bool>) {
    accept(listener, router(witness), Arc::new(Semaphore::new(CONNECTIONS_MAX)), stopped).await;
}

fn router(witness: Arc<Witness>) -> Router {
    Router::new()
        .route("/", get(vkey))
        .fallback(submit)
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, TIMEOUT))
        .with_state(witness)
}

async fn vkey(State(witness): State<Arc<Witness>>) -> String {
    format!("{}\n", witness.vkey())
}

async fn submit(
    State(witness): State<Arc<Witness>>,
    OriginalUri(uri): OriginalUri,
    method: Method,
    body: Bytes,
) -> Response {
    if !uri.path().ends_with(ADD_CHECKPOINT) {
        return (StatusCode::NOT_FOUND, "a witness answers POST /add-checkpoint\n").into_response();
    }
    if method != Method::POST {
        return (StatusCode::METHOD_NOT_ALLOWED, [("allow", "POST")]).into_response();
    }
    // The judgement goes on when the client hangs up: what is kept must be what was compared.
    let judged = tokio::task::spawn_blocking(move || witness.add_checkpoint(&body, now()));
    judged.await.map_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response(), answer)
}

fn answer(answer: Answer) -> Response {
    match answer {
        Answer::Cosigned(line) => line.to_string().into_response(),
        Answer::Malformed(fault) => (StatusCode::BAD_REQUEST, format!("{fault}\n")).into_response(),
        Answer::Refused(refusal) => {
            let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
            match refusal {
                Refusal::Conflict { size } | Refusal::Fork { size } => {
                    (status, [(CONTENT_TYPE, SIZE)], write_size(size)).into_response()
                }
                Refusal::UnknownOrigin | Refusal::NotSigned | Refusal::OldSize | Refusal::Inconsistent => {
                    (status, format!("{refusal}\n")).into_response()
                }
            }
        }
        Answer::Failed => (StatusCode::INTERNAL_SERVER_ERROR, "the head could not be kept\n").into_response(),
    }
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
