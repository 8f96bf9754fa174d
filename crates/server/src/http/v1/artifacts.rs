//! Artifacts: files that belong to runs.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use engine::admin::NewArtifact;
use engine::{Code, Error};
use proof::digest::{Digest, sha256};
use proof::json::object;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Commanded, RunPath};
use crate::http::auth::Signed;
use crate::http::pagination::Params;
use crate::http::prefer::Wait;
use crate::http::problem::Result;
use crate::http::{App, body, idempotency};

/// What a file is called.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ArtifactQuery {
    /// The name, for people; sealed.
    name: String,
}

/// A file that was attached.
#[derive(Debug, Serialize, ToSchema)]
pub struct Attached {
    /// The SHA-256 of its bytes, by which it is fetched.
    digest: String,
    /// How many bytes it has.
    bytes: usize,
    /// Its media type.
    media_type: String,
    /// The run.
    run: String,
}

/// Attach a file to a run.
///
/// The body is the file itself, of any media type and up to 8,380,416 bytes (8 MiB less 8 KiB); it is kept encrypted.
#[utoipa::path(
    post, path = "/v1/runs/{id}/artifacts", tag = "artifacts",
    params(("id" = String, Path, description = "The run"), ArtifactQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, description = "The file is kept", body = Attached))
)]
pub async fn attach(
    State(app): State<App>,
    Signed(caller): Signed,
    RunPath(id): RunPath,
    Params(query): Params<ArtifactQuery>,
    request: Request,
) -> Result<Response> {
    let (headers, path) = (request.headers().clone(), request.uri().path().to_owned());
    let media_type = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let media_type =
        media_type.ok_or_else(|| Error::new(Code::UnsupportedMediaType, "the file has no media type"))?;
    let bytes = body::read(request, &app).await?;
    let asked = object([
        ("content", sha256(&bytes).into()),
        ("media_type", media_type.into()),
        ("name", query.name.as_str().into()),
    ]);
    let key = idempotency::read(&headers, &path, &asked)?;
    let new = NewArtifact { name: query.name, media_type: media_type.to_owned(), bytes: bytes.to_vec() };
    let commanded = Commanded::ask(&app, &caller, "attach", key.as_ref(), Wait(None)).await?;
    let (_, digest) = app.engine().attach(&caller, id, new, key.as_ref()).await?;
    let attached = Attached {
        digest: digest.to_string(),
        bytes: bytes.len(),
        media_type: media_type.to_owned(),
        run: id.to_string(),
    };
    Ok((StatusCode::CREATED, commanded.headers(), Json(attached)).into_response())
}

/// Fetch a file.
///
/// It is always a download: a browser must neither show nor run what somebody attached.
#[utoipa::path(
    get, path = "/v1/artifacts/{digest}", tag = "artifacts",
    params(("digest" = String, Path, description = "The SHA-256 of the file")),
    responses((status = 200, description = "The file", body = Vec<u8>, content_type = "application/octet-stream"))
)]
pub async fn fetch(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(digest): Path<String>,
) -> Result<Response> {
    let id = Digest::parse(&digest).ok_or_else(|| Error::not_found("artifact", &digest))?;
    let artifact = app.engine().artifact(&caller, id).await?;
    let media_type = HeaderValue::from_str(&artifact.media_type)
        .map_err(|fault| Error::internal("a kept media type is malformed").because(fault))?;
    let headers = HeaderMap::from_iter([
        (CONTENT_TYPE, media_type),
        (CONTENT_DISPOSITION, HeaderValue::from_static("attachment")),
    ]);
    Ok((headers, artifact.bytes).into_response())
}
