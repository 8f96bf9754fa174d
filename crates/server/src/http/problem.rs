//! Problems (RFC 9457): the one shape of every answer that is an error.
//!
//! A handler answers with an engine error; the outermost layer writes the body, because only it knows the request's id
//! and because answers of the framework itself (no such route, body too large) get the same shape there. What caused an
//! error of ours goes into the log and never into the answer.

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use engine::{Code, Error};
use serde::Serialize;
use utoipa::ToSchema;

/// The media type.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// An error on its way out, with its status.
#[derive(Debug, Clone)]
pub struct Problem(Arc<Error>);

/// The result of a handler.
pub type Result<T> = std::result::Result<T, Problem>;

/// What is wrong, in the shape of RFC 9457.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// The page that explains the code.
    #[serde(rename = "type")]
    #[schema(example = "/errors/plan_digest_mismatch")]
    kind: String,
    /// The code in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// The stable code.
    #[schema(example = "plan_digest_mismatch")]
    code: &'static str,
    /// What is wrong with this request.
    detail: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    hint: Option<String>,
    /// Where in the body, as a JSON Pointer (RFC 6901); of a query, which parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pointer: Option<String>,
    /// Which request, for the operator's log.
    request_id: String,
}

impl Problem {
    /// A problem with a code and a message.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Error::new(code, message).into()
    }

    /// The engine's error.
    pub fn error(&self) -> &Error {
        &self.0
    }

    fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// What an answer of the framework means.
    pub fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Error::new(Code::NotFound, "there is no such resource")
                .hint("the paths are listed at /docs")
                .into(),
            StatusCode::METHOD_NOT_ALLOWED => {
                Error::new(Code::MethodNotAllowed, "the resource does not know this method")
                    .hint("the header `allow` names those that it knows")
                    .into()
            }
            StatusCode::PAYLOAD_TOO_LARGE => {
                Self::new(Code::BodyTooLarge, "the body is larger than this resource takes")
            }
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                Self::new(Code::UnsupportedMediaType, "the body is not of the documented media type")
            }
            StatusCode::GATEWAY_TIMEOUT | StatusCode::SERVICE_UNAVAILABLE => {
                Error::new(Code::Unavailable, "the request took too long and may still come to its end")
                    .hint("read the resource again, or repeat the request with the same `Idempotency-Key`")
                    .retry_after(1)
                    .into()
            }
            status if status.is_client_error() => {
                Self::new(Code::InvalidRequest, "the request cannot be read")
            }
            _ => Self::new(Code::Internal, "the request could not be handled"),
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self(Arc::new(error))
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        Error::from(error).into()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the body of an answer that is an error, and logs what is our fault.
pub fn render(response: Response, request_id: &str) -> Response {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    let problem = parts.extensions.remove::<Problem>().unwrap_or_else(|| Problem::of_status(status));
    let error = problem.error();
    if problem.status() == StatusCode::INTERNAL_SERVER_ERROR {
        let mut causes = Vec::new();
        let mut next = std::error::Error::source(error);
        while let Some(cause) = next {
            causes.push(cause.to_string());
            next = cause.source();
        }
        tracing::error!(error.causes = causes.join(": "), "{}", error.message);
    }
    let body = ProblemBody {
        kind: format!("/errors/{}", error.code.word()),
        title: title(error.code),
        status: problem.status().as_u16(),
        code: error.code.word(),
        detail: if error.code == Code::Internal {
            "an error of ours; the operator's log has the cause".to_owned()
        } else {
            error.message.clone()
        },
        hint: error.hint.clone(),
        pointer: error.pointer.clone(),
        request_id: request_id.to_owned(),
    };
    parts.status = problem.status();
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    parts.headers.remove(CONTENT_LENGTH);
    if let Some(seconds) = error.retry_after_s {
        parts.headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if error.code == Code::Unauthenticated {
        parts.headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"actionplane\""));
    }
    // Texts and numbers always serialize.
    let body = serde_json::to_vec(&body).unwrap_or_default();
    Response::from_parts(parts, Body::from(body))
}

/// `plan_digest_mismatch` reads "Plan digest mismatch".
fn title(code: Code) -> String {
    let words = code.word().replace('_', " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests;
