//! Sessions of people: sign in, see, sign out.

use axum::Json;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::time::Timestamp;
use engine::control::SessionBody;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::me::{SignedInPerson, person_of};
use crate::http::App;
use crate::http::auth::{self, Signed};
use crate::http::json::Posted;
use crate::http::problem::Result;

/// What a person signs in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The user name.
    username: String,
    /// The password.
    #[schema(format = Password)]
    password: String,
    /// The workspace's name; the only one unless given.
    workspace: Option<String>,
    /// For programs: answer with a token instead of a cookie.
    #[serde(default)]
    bearer: bool,
}

/// A session.
#[derive(Serialize, ToSchema)]
pub struct Session {
    /// Who.
    person: SignedInPerson,
    /// How they signed in.
    method: String,
    /// When it ends.
    expires: String,
    /// The session token, only with `bearer: true`; it is not shown again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    token: Option<String>,
}

/// Sign in.
///
/// Browsers get a cookie; programs ask for a token with `bearer: true`.
#[utoipa::path(
    post, path = "/v1/sessions", tag = "sessions", request_body = SignIn,
    responses((status = 201, description = "The session", body = Session))
)]
pub async fn create(
    State(app): State<App>,
    headers: HeaderMap,
    Posted { body, .. }: Posted<SignIn>,
) -> Result<Response> {
    auth::refuse_other_sites(&app, &headers)?;
    let signed = app.engine().sign_in(body.workspace.as_deref(), &body.username, &body.password).await?;
    let mut answer = HeaderMap::new();
    let mut session = session(&app, &signed.caller, signed.session).await?;
    if body.bearer {
        session.token = Some(signed.token);
    } else {
        let expires = Timestamp::parse(&session.expires).map_or(0, Timestamp::millis);
        let left_ms = u64::try_from(expires - app.engine().now().millis()).unwrap_or(0);
        answer.insert(SET_COOKIE, auth::set_cookie(&app, Some(&signed.token), left_ms / 1000)?);
    }
    Ok((StatusCode::CREATED, answer, Json(session)).into_response())
}

/// Show the caller's session.
#[utoipa::path(
    get, path = "/v1/sessions/current", tag = "sessions",
    responses((status = 200, description = "The session", body = Session))
)]
pub async fn show(State(app): State<App>, Signed(caller): Signed) -> Result<Json<Session>> {
    let body = app.engine().show_session(&caller).await?;
    Ok(Json(session(&app, &caller, body).await?))
}

/// Sign out.
#[utoipa::path(
    delete, path = "/v1/sessions/current", tag = "sessions",
    responses((status = 204, description = "The session is over"))
)]
pub async fn delete(State(app): State<App>, Signed(caller): Signed) -> Result<Response> {
    app.engine().sign_out(&caller).await?;
    app.tell_of_sign_out();
    let gone = [(SET_COOKIE, auth::set_cookie(&app, None, 0)?)];
    Ok((StatusCode::NO_CONTENT, gone).into_response())
}

async fn session(app: &App, caller: &engine::access::Caller, body: SessionBody) -> Result<Session> {
    let person = person_of(app, caller).await?;
    Ok(Session { person, method: body.method, expires: body.expires, token: None })
}
