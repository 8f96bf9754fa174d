//! One HTTP exchange as plain values: what was asked ([`Call`]) and what is answered ([`Answer`]).
//!
//! The simulated systems are functions from one to the other, without sockets or async. Only this file and the
//! server around it know axum.

use std::borrow::Cow;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// Largest request body that a simulator reads, in bytes.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// A request, read completely.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub method: Method,
    pub path: String,
    query: Option<String>,
    headers: HeaderMap,
    pub body: Bytes,
}

impl Call {
    /// Reads the request; a body over [`BODY_BYTES_MAX`] or one that breaks off is answered with 413.
    pub async fn read(request: Request) -> Result<Self, Answer> {
        let (parts, body) = request.into_parts();
        let body =
            to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| Answer::empty(StatusCode::PAYLOAD_TOO_LARGE))?;
        Ok(Self {
            method: parts.method,
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().map(str::to_owned),
            headers: parts.headers,
            body,
        })
    }

    /// The header's value, when it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The first query parameter of that name.
    pub fn query(&self, name: &str) -> Option<String> {
        form_value(self.query.as_deref()?.as_bytes(), name)
    }

    /// The first member of a form body of that name.
    pub fn form(&self, name: &str) -> Option<String> {
        form_value(&self.body, name)
    }

    /// The body as JSON, or nothing when it is not JSON.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Where the client reached us, for links in answers.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.header(HOST.as_str()).unwrap_or("localhost"))
    }
}

#[cfg(test)]
impl Call {
    /// A call as a test writes it: `PATCH /path?query`, headers and a body.
    pub fn test(line: &str, headers: &[(&'static str, &str)], body: &str) -> Self {
        let (method, target) = line.split_once(' ').unwrap();
        let (path, query) = target.split_once('?').map_or((target, None), |(p, q)| (p, Some(q.to_owned())));
        let headers = headers
            .iter()
            .map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_str(v).unwrap()))
            .collect();
        Self {
            method: method.parse().unwrap(),
            path: path.to_owned(),
            query,
            headers,
            body: Bytes::copy_from_slice(body.as_bytes()),
        }
    }
}

/// The decoded segments of a path, without empty ones.
pub(crate) fn segments(path: &str) -> Vec<Cow<'_, str>> {
    path.split('/').filter(|s| !s.is_empty()).map(|s| percent_decode_str(s).decode_utf8_lossy()).collect()
}

fn form_value(form: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(form).find(|(n, _)| n == name).map(|(_, value)| value.into_owned())
}

/// An answer, ready to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new() }
    }

    pub fn json(status: StatusCode, body: &Value) -> Self {
        Self::text(status, "application/json; charset=utf-8", body.to_string())
    }

    pub fn html(status: StatusCode, body: &str) -> Self {
        Self::text(status, "text/html; charset=utf-8", body.to_owned())
    }

    fn text(status: StatusCode, content_type: &'static str, body: String) -> Self {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        Self { status, headers, body: Bytes::from(body) }
    }

    /// The same answer with one more header; `name` is lower-case. A value that no header can hold is left out.
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }
}

#[cfg(test)]
impl Answer {
    /// The JSON body, or null when there is none.
    pub fn body(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}
