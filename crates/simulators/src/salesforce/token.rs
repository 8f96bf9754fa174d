//! The token endpoint: client credentials and refresh token in, always the same access token out.

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;

use super::{ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN};
use crate::clock::Stamp;
use crate::exchange::{Answer, Call};

/// Answers `POST /services/oauth2/token`; `user` is the id of the user behind the app.
pub(crate) fn issue(call: &Call, user: &str, now: Stamp) -> Answer {
    let grant = call.form("grant_type").unwrap_or_default();
    if !["client_credentials", "refresh_token"].contains(&grant.as_str()) {
        return refused("unsupported_grant_type", "grant type not supported");
    }
    match credentials(call) {
        Some((id, _)) if id != CLIENT_ID => return refused("invalid_client_id", "client identifier invalid"),
        Some((_, secret)) if secret == CLIENT_SECRET => {}
        Some(_) | None => return refused("invalid_client", "invalid client credentials"),
    }
    if grant == "refresh_token" && call.form("refresh_token").as_deref() != Some(REFRESH_TOKEN) {
        return refused("invalid_grant", "expired access/refresh token");
    }
    let base_url = call.base_url();
    let token = json!({
        "access_token": ACCESS_TOKEN,
        "signature": "c2ltdWxhdGVkIHNpZ25hdHVyZQ==",
        "scope": "api refresh_token",
        "instance_url": base_url,
        "id": format!("{base_url}/id/00DHp0000000001IAA/{user}"),
        "token_type": "Bearer",
        "issued_at": now.seconds().saturating_mul(1000).to_string(),
    });
    Answer::json(StatusCode::OK, &token).with("cache-control", "no-store")
}

/// Client id and secret, from basic auth or from the form.
fn credentials(call: &Call) -> Option<(String, String)> {
    if let Some(basic) = call.header("authorization").and_then(|header| header.strip_prefix("Basic ")) {
        let text = String::from_utf8(BASE64.decode(basic).ok()?).ok()?;
        let (id, secret) = text.split_once(':')?;
        return Some((id.to_owned(), secret.to_owned()));
    }
    Some((call.form("client_id")?, call.form("client_secret")?))
}

fn refused(error: &str, description: &str) -> Answer {
    Answer::json(StatusCode::BAD_REQUEST, &json!({ "error": error, "error_description": description }))
}
