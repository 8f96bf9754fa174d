//! Who asks: an API key or session token as bearer, or the session cookie of a browser.
//!
//! A browser sends its cookie whoever made it ask. So a request that changes something counts only when the browser says
//! that our own pages made it; one without such a word is refused.

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use engine::access::Caller;
use engine::{Code, Error};

use super::App;
use super::problem::{Problem, Result};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// First letters of an API key; every other bearer token is a session's.
const KEY_PREFIX: &str = "apk_";

/// An authenticated request.
pub struct Signed(pub Caller);

impl FromRequestParts<App> for Signed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let credentials = Credentials::of(app, parts)?;
        let caller = credentials.caller(app).await?;
        tracing::Span::current().record("principal.id", tracing::field::display(caller.principal));
        Ok(Self(caller))
    }
}

/// What a request signs in with. It has no `Debug`: it is a secret.
#[derive(Clone)]
pub struct Credentials(String);

impl Credentials {
    /// Reads them. A bearer token goes before a cookie.
    pub fn of(app: &App, parts: &Parts) -> Result<Self> {
        let mut headers = parts.headers.get_all(AUTHORIZATION).iter();
        if let Some(header) = headers.next() {
            if headers.next().is_some() {
                let message = "the header `authorization` comes twice";
                return Err(Problem::new(Code::MalformedRequest, message));
            }
            let token = header.to_str().ok().and_then(bearer);
            let token = token.ok_or_else(|| unauthenticated("`authorization` is not `Bearer <token>`"))?;
            return Ok(Self(token.to_owned()));
        }
        let token = cookie(&parts.headers, cookie_name(app.is_secure()));
        let token = token.ok_or_else(|| unauthenticated("this needs credentials"))?;
        if !parts.method.is_safe() && site(app, &parts.headers) != Site::Own {
            return Err(cross_site());
        }
        Ok(Self(token.to_owned()))
    }

    /// Whose they are, now.
    pub async fn caller(&self, app: &App) -> Result<Caller> {
        let caller = if self.0.starts_with(KEY_PREFIX) {
            app.engine().authenticate_key(&self.0).await
        } else {
            app.engine().authenticate_session(&self.0).await
        };
        Ok(caller?)
    }
}

/// Refuses a sign-in that another site's page started. Programs say nothing about sites and are let through.
pub fn refuse_other_sites(app: &App, headers: &HeaderMap) -> Result<()> {
    match site(app, headers) {
        Site::Own | Site::Unsaid => Ok(()),
        Site::Other => Err(cross_site()),
    }
}

fn cross_site() -> Problem {
    Error::new(Code::CrossSite, "another site's page made this request")
        .hint("programs use `Authorization: Bearer` instead of the cookie")
        .into()
}

fn unauthenticated(message: &str) -> Problem {
    Error::new(Code::Unauthenticated, message)
        .hint("send `Authorization: Bearer` with an API key or session token, or sign in at /v1/sessions")
        .into()
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// Whose page made a browser send a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Site {
    Own,
    Other,
    /// Nothing says so: no browser, or one from before 2020.
    Unsaid,
}

fn site(app: &App, headers: &HeaderMap) -> Site {
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    match (text(&SEC_FETCH_SITE), text(&ORIGIN)) {
        (Some("same-origin"), _) => Site::Own,
        // `none` is an address typed by the user: never a request that changes something.
        (Some(_), _) => Site::Other,
        (None, Some(origin)) => {
            let host = text(&HOST).map(|host| format!("http://{host}"));
            let own = app.0.public_url.as_deref() == Some(origin)
                || (!app.is_secure() && host.as_deref() == Some(origin));
            if own { Site::Own } else { Site::Other }
        }
        (None, None) => Site::Unsaid,
    }
}

/// The session cookie's name. With TLS the prefix binds it to this host and to secure connections.
fn cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-ap_session" } else { "ap_session" }
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|header| header.to_str().ok());
    let pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut own = pairs.filter(|(key, value)| *key == name && !value.is_empty());
    own.next().map(|(_, value)| value)
}

/// The header that sets the session cookie, or removes it.
pub fn set_cookie(app: &App, token: Option<&str>, max_age_s: u64) -> Result<HeaderValue> {
    let name = cookie_name(app.is_secure());
    let secure = if app.is_secure() { "; Secure" } else { "" };
    let (token, max_age_s) = token.map_or(("", 0), |token| (token, max_age_s));
    let header = format!("{name}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age_s}{secure}");
    let header = HeaderValue::from_str(&header);
    header
        .map_err(|fault| Error::internal("a session token does not fit into a header").because(fault).into())
}

#[cfg(test)]
mod tests;
