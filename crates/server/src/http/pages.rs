//! Pages for people: the way in, the reference of this interface, and what each error means.
//!
//! Each is one static document without scripts, pictures or anything else to load; its style is allowed by its hash.

mod html;
mod reference;

use std::sync::OnceLock;

use axum::extract::Path;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use engine::Error;
use proof::digest::sha256;

use super::problem::{MEDIA_TYPE, ProblemBody, Result};

const STYLE: &str = include_str!("pages/style.css");
/// The pages of `docs/errors` by code.
const ERRORS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/error_pages.rs"));
const INDEX: &str = "\
<h1>ActionPlane</h1>
<p>Governed runs between AI agents and systems of record: what was proposed, what policy decided, who approved it, \
what was executed, and how to recover.</p>
<ul>
<li><a href=\"/docs\">The REST interface</a></li>
<li><a href=\"/openapi.json\">The same as an OpenAPI document</a></li>
<li><a href=\"/healthz\">Is it alive</a>, <a href=\"/readyz\">can it work</a>, <a href=\"/metrics\">what does it count</a></li>
</ul>
";

/// The way in.
#[utoipa::path(
    get, path = "/", tag = "operations",
    responses((status = 200, description = "A page", body = String, content_type = "text/html"))
)]
pub async fn index() -> Response {
    page("ActionPlane", INDEX)
}

/// This interface as a page.
#[utoipa::path(
    get, path = "/docs", tag = "operations",
    responses((status = 200, description = "A page", body = String, content_type = "text/html"))
)]
pub async fn docs() -> Result<Response> {
    static BODY: OnceLock<Option<String>> = OnceLock::new();
    let write = || Some(reference::body(&serde_json::to_value(super::openapi::document()).ok()?));
    let body = BODY.get_or_init(write).as_deref();
    let body = body.ok_or_else(|| Error::internal("the OpenAPI document does not print"))?;
    Ok(page("ActionPlane: REST interface", body))
}

/// What an error code means.
#[utoipa::path(
    get, path = "/errors/{code}", tag = "operations", params(("code" = String, Path, description = "The code")),
    responses(
        (status = 200, description = "A page", body = String, content_type = "text/html"),
        (status = 404, description = "There is no such code", body = ProblemBody, content_type = MEDIA_TYPE)
    )
)]
pub async fn error(Path(code): Path<String>) -> Result<Response> {
    let known = ERRORS.iter().find(|(known, _)| *known == code);
    let (_, text) = known.ok_or_else(|| Error::not_found("error code", &code))?;
    Ok(page(&format!("ActionPlane: {code}"), &html::of_markdown(text)))
}

fn page(title: &str, body: &str) -> Response {
    let title = html::escaped(title);
    let document = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    );
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, policy()),
        (CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
    ];
    (headers, document).into_response()
}

/// The one style may be used; nothing else may be loaded or run.
fn policy() -> HeaderValue {
    let hash = BASE64.encode(sha256(STYLE.as_bytes()).as_bytes());
    let policy =
        format!("default-src 'none'; style-src 'sha256-{hash}'; frame-ancestors 'none'; base-uri 'none'");
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

#[cfg(test)]
mod tests {
    use engine::Code;

    use super::*;

    #[test]
    fn every_code_has_a_page() {
        for code in Code::ALL {
            assert!(ERRORS.iter().any(|(known, _)| known == &code.word()), "no page for {}", code.word());
        }
    }

    #[tokio::test]
    async fn an_unknown_code_has_none() {
        assert!(error(Path("nothing".to_owned())).await.is_err());
        assert!(error(Path("../../Cargo.toml".to_owned())).await.is_err());
    }
}
