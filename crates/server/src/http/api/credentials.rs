//! What a connector signs in with, as it is given; it is never shown.

use engine::{Code, Error};
use proof::canonical;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::{ObjectBuilder, OneOfBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use zeroize::Zeroizing;

use crate::http::json::Any;
use crate::http::problem::Result;

/// Each scheme: its name, what it is, and its members, every one needed.
const SCHEMES: &[(&str, &str, &[&str])] = &[
    ("basic", "Basic authentication.", &["user", "password"]),
    ("email_token", "Basic authentication as `<email>/token` with an API token.", &["email", "token"]),
    ("bearer", "A fixed bearer token.", &["token"]),
    ("api_key", "A key in the header that the manifest names.", &["key"]),
    ("client_credentials", "OAuth 2 client credentials.", &["client_id", "client_secret"]),
    ("refresh_token", "OAuth 2 refresh token.", &["client_id", "client_secret", "refresh_token"]),
];

/// A scheme with its members. The connector knows which schemes its system takes.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct Credentials(Any);

impl Credentials {
    /// The text that is sealed. Control characters fit into no header and are refused here, where somebody can still
    /// correct them.
    pub fn sealable(&self) -> Result<Zeroizing<String>> {
        let Self(Any(value)) = self;
        let mut members = value.as_object().into_iter().flatten();
        match members.find(|(_, text)| text.as_str().is_some_and(|text| text.contains(char::is_control))) {
            Some((name, _)) => {
                let message = format!("`{name}` of the credentials has a control character");
                Err(Error::new(Code::InvalidRequest, message).at("/credentials").into())
            }
            None => Ok(Zeroizing::new(canonical::to_string(value))),
        }
    }
}

impl PartialSchema for Credentials {
    fn schema() -> RefOr<Schema> {
        let one = OneOfBuilder::new().description(Some(
            "One of the schemes that the connector's manifest names. Texts have no control characters.",
        ));
        SCHEMES.iter().fold(one, |one, (scheme, what, members)| one.item(form(scheme, what, members))).into()
    }
}

impl ToSchema for Credentials {}

/// What the credentials of one scheme look like, with an example.
fn form(scheme: &str, what: &str, members: &[&str]) -> ObjectBuilder {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let object = ObjectBuilder::new()
        .title(Some(scheme))
        .description(Some(what))
        .property("scheme", text().enum_values(Some([scheme])))
        .required("scheme")
        .additional_properties(Some(AdditionalProperties::FreeForm(false)));
    let object = members.iter().fold(object, |object, name| object.property(*name, text()).required(*name));
    let mut example = Map::from_iter([("scheme".to_owned(), scheme.into())]);
    example.extend(
        members.iter().map(|name| ((*name).to_owned(), format!("the {name}").replace('_', " ").into())),
    );
    object.examples([Value::Object(example)])
}
