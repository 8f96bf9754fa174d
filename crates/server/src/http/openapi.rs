//! The OpenAPI document: made from the routes, completed with what all of them share.
//!
//! A handler describes what is its own. Credentials, headers that every POST takes, problems, and who may use a route are
//! the same everywhere, so they are added here, from the same tables that the code uses.

use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, Info, ObjectBuilder, OpenApi, Ref, Required, ResponseBuilder,
    SecurityRequirement, Type,
};
use utoipa::{PartialSchema, ToSchema};

use super::problem::{MEDIA_TYPE, ProblemBody};
use super::router;
use crate::surface::{Asks, asks, who};

const DESCRIPTION: &str = "\
Governed runs between AI agents and systems of record.

Timestamps are UTC with milliseconds, ids are TypeIDs. Request bodies with unknown members are refused. Lists take \
`limit` and `cursor`; `next` of a page is the cursor of the following one, `null` on the last.

Errors are problem documents (RFC 9457) with a stable `code`; `type` leads to a page about it.";

/// The document.
pub fn document() -> OpenApi {
    let (_, mut document) = router::routes().split_for_parts();
    document.info = Info::builder()
        .title("ActionPlane")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(
            utoipa::openapi::License::builder().name("Apache-2.0").identifier(Some("Apache-2.0")).build(),
        ))
        .build();
    let components = document.components.get_or_insert_with(Components::default);
    components.schemas.insert(ProblemBody::name().into_owned(), ProblemBody::schema());
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An API key (`apk_…`) or a session token (`aps_…`)."))
        .build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    let cookie = ApiKeyValue::with_description(
        "ap_session",
        "The session of a browser, `__Host-ap_session` over https. Requests that change something must come from our own \
         pages.",
    );
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    // The router's name for a parameter with slashes in it is no path template of OpenAPI.
    let paths = std::mem::take(&mut document.paths.paths);
    document.paths.paths = paths.into_iter().map(|(path, item)| (path.replace("{*", "{"), item)).collect();
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in [
            ("get", &mut item.get),
            ("put", &mut item.put),
            ("post", &mut item.post),
            ("delete", &mut item.delete),
            ("patch", &mut item.patch),
        ] {
            if let Some(operation) = operation {
                complete(method, path, operation);
            }
        }
    }
    document
}

/// Adds what all operations share.
fn complete(method: &str, path: &str, operation: &mut Operation) {
    let asked = asks(method, path);
    operation.operation_id = Some(operation_id(operation, path));
    if let Some(asked) = asked {
        let before = operation.description.take().map(|text| format!("{}\n\n", text.trim_end()));
        // Sessions are no operation of the matrix, and still only people have them.
        let who = if path == "/v1/sessions/current" {
            "Open to every person; an API key has no session and is refused.".to_owned()
        } else {
            who(asked)
        };
        operation.description = Some(before.unwrap_or_default() + &who);
    }
    if !path.starts_with("/v1/") {
        return;
    }
    if asked != Some(Asks::Nobody) {
        let none: [&str; 0] = [];
        operation.security =
            Some(vec![SecurityRequirement::new("bearer", none), SecurityRequirement::new("session", none)]);
    }
    let mut header = |name: &str, description: &str, schema: ObjectBuilder| {
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(description))
            .schema(Some(schema));
        operation.parameters.get_or_insert_default().push(parameter.build().into());
    };
    let text = || ObjectBuilder::new().schema_type(Type::String);
    if method == "post" {
        let what = "Makes the request repeatable for 24 hours: the same key with the same body is done once.";
        header("Idempotency-Key", what, text().min_length(Some(1)).max_length(Some(255)));
    }
    if is_run(method, path) {
        let what = "`wait=<seconds>`, at most 25: answer once the run needs a person, is closed, or the time is over.";
        header("Prefer", what, text());
    }
    if (method, path) == ("post", "/v1/runs") {
        header("traceparent", "W3C Trace Context; kept on the run.", text());
    }
    let problem = ResponseBuilder::new().description("What is wrong").content(
        MEDIA_TYPE,
        ContentBuilder::new().schema(Some(Ref::from_schema_name(ProblemBody::name()))).build(),
    );
    operation.responses.responses.insert("default".to_owned(), problem.build().into());
}

/// Whether a route answers with a run.
fn is_run(method: &str, path: &str) -> bool {
    let Some(rest) = path.strip_prefix("/v1/runs") else { return false };
    match method {
        "post" => rest != "/{id}/artifacts",
        "put" => rest == "/{id}/plan",
        "get" => rest == "/{id}",
        _ => false,
    }
}

/// Names of operations are unique: `runs_list`, not `list`.
fn operation_id(operation: &Operation, path: &str) -> String {
    let resource = path.trim_start_matches("/v1/").split('/').next().unwrap_or_default();
    let own = operation.operation_id.as_deref().unwrap_or_default();
    if path.starts_with("/v1/") { format!("{resource}_{own}") } else { own.to_owned() }
}

/// The document as it is printed and committed.
pub fn text() -> serde_json::Result<String> {
    let mut text = serde_json::to_string_pretty(&document())?;
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests;
