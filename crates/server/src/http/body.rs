//! The bytes of a request: how long they may take, and that they come as they are.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_ENCODING;
use engine::{Code, Error};
use tokio::time::timeout;

use super::App;
use super::problem::{Problem, Result};

/// How long a client may take for the body of a request: less than the request as a whole, so that a client that is slow
/// is told so.
const BODY_TIMEOUT: Duration = Duration::from_secs(25);

/// Reads the whole body.
pub async fn read(request: Request, app: &App) -> Result<Bytes> {
    let mut codings = request.headers().get_all(CONTENT_ENCODING).iter();
    if !codings.all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Error::new(Code::UnsupportedMediaType, "the body is in a `content-encoding`")
            .hint("send the body as it is, without `content-encoding`")
            .into());
    }
    let bytes = timeout(BODY_TIMEOUT, Bytes::from_request(request, app)).await;
    let bytes = bytes.map_err(|_| {
        let seconds = BODY_TIMEOUT.as_secs();
        Problem::new(Code::RequestTimeout, format!("the body did not come within {seconds} seconds"))
    })?;
    bytes.map_err(|rejection| Problem::of_status(rejection.status()))
}
