//! The OpenAPI document: made from the routes, completed with what all of them share.

use utoipa::OpenApi;

use super::router;

#[derive(OpenApi)]
#[openapi()]
struct Base;

/// The document.
pub fn document() -> utoipa::openapi::OpenApi {
    let mut base = Base::openapi();
    base.merge(router::routes().split_for_parts().1);
    base
}

/// The document as it is printed and committed.
pub fn text() -> serde_json::Result<String> {
    let mut text = serde_json::to_string_pretty(&document())?;
    text.push('\n');
    Ok(text)
}
