//! Version 1: one file per resource, and how a run answers.

pub mod approvals;
pub mod artifacts;
pub mod audit;
pub mod bundles;
pub mod comments;
pub mod connectors;
pub mod control;
pub mod erasures;
pub mod exports;
pub mod groups;
pub mod holds;
pub mod inbox;
pub mod keys;
pub mod lineage;
pub mod log;
pub mod me;
pub mod pauses;
pub mod policies;
pub mod policy_review;
pub mod principals;
pub mod records;
pub mod recovery;
pub mod run_list;
pub mod runs;
pub mod sessions;
pub mod settle;
pub mod workflows;

use axum::Json;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::header::LOCATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::id::RunId;
use engine::access::Caller;
use engine::commands::IdempotencyKey;
use engine::{Entry, Error};
use serde::Deserialize;
use utoipa::ToSchema;

use super::App;
use super::api::Run;
use super::idempotency;
use super::prefer::{APPLIED, Wait};
use super::problem::{Problem, Result};

/// The run in the path. An id that cannot be one is an id that is not there.
pub struct RunPath(pub RunId);

impl FromRequestParts<App> for RunPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let id = segment(parts, app, "id").await?;
        let run = RunId::parse(&id).map_err(|_| Error::not_found("run", &id))?;
        tracing::Span::current().record("run.id", tracing::field::display(run));
        Ok(Self(run))
    }
}

/// A segment of the path, decoded.
async fn segment(parts: &mut Parts, app: &App, name: &str) -> Result<String> {
    let params = RawPathParams::from_request_parts(parts, app).await;
    let params = params.map_err(|_| Error::not_found("resource", parts.uri.path()))?;
    let found = params.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_owned());
    found.ok_or_else(|| Error::internal("a route has another path than its handler").into())
}

/// Why, for the people who read it later.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rationale {
    /// Up to 4,000 characters; sealed.
    pub rationale: Option<String>,
}

/// How a command on a run answers.
pub struct Commanded {
    status: StatusCode,
    wait: Wait,
    replayed: bool,
    located: bool,
}

impl Commanded {
    /// A command, which answers 200 with the run. Called before the command, to know whether it was done before.
    pub async fn ask(
        app: &App,
        caller: &Caller,
        operation: &'static str,
        key: Option<&IdempotencyKey>,
        wait: Wait,
    ) -> Result<Self> {
        let replayed = match key {
            None => false,
            Some(key) => {
                let (ws, by) = (caller.workspace, caller.principal.to_string());
                let known = app.engine().store().idempotent(ws, by, operation.to_owned(), key.key.clone());
                let now = app.engine().now();
                known.await?.is_some_and(|known| known.fingerprint == key.fingerprint && known.expires > now)
            }
        };
        Ok(Self { status: StatusCode::OK, wait, replayed, located: false })
    }

    /// It made something: 201.
    pub fn made(self) -> Self {
        Self { status: StatusCode::CREATED, ..self }
    }

    /// It made the run that it answers: 201 with its location.
    pub fn made_run(self) -> Self {
        Self { status: StatusCode::CREATED, located: true, ..self }
    }

    /// The headers of the answer.
    pub fn headers(&self) -> HeaderMap {
        HeaderMap::from_iter(self.replayed.then(idempotency::replayed))
    }

    /// Writes the run, after the wait that the caller asked for.
    pub async fn answer(self, app: &App, caller: &Caller, entry: Entry) -> Result<Response> {
        let mut headers = self.headers();
        if self.located {
            let location = HeaderValue::from_str(&super::api::path_of(entry.run().id));
            headers.extend(location.ok().map(|location| (LOCATION, location)));
        }
        let (body, waited) = show(app, caller, entry, self.wait).await?;
        headers.extend(waited.map(|waited| (APPLIED, waited)));
        Ok((self.status, headers, Json(body)).into_response())
    }
}

/// A run, after the wait that the caller asked for, and what to say about the wait.
async fn show(app: &App, caller: &Caller, entry: Entry, wait: Wait) -> Result<(Run, Option<HeaderValue>)> {
    let engine = app.engine();
    let entry = match wait.0 {
        Some(at_most) => engine.wait(caller, entry.run().id, at_most).await?,
        None => entry,
    };
    let view = engine.view_of(caller.workspace, &entry).await?;
    let control = engine.control(caller.workspace).await?;
    Ok((Run::of(view, control.settings.name.clone()), wait.applied()))
}
