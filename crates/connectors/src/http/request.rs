//! From a mutation to one request: path, headers, body, in the vendor's spelling. It sends nothing.

use std::collections::BTreeMap;

use domain::field::FieldType;
use proof::digest::Digest;
use proof::json::Value;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};

use super::auth::Signed;
use super::version::http_date;
use crate::connector::Write;
use crate::description::Conditional;
use crate::json::Json;
use crate::manifest::{
    Action, ConditionalWrite, Encoding, IdForm, Manifest, Object, Scope, Text, VersionAt, merged,
};
use crate::outbound::Target;

/// Why no request can be formed. Nothing leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unformed {
    /// The manifest has no such action, field or argument.
    Undescribed,
    /// A value that the vendor's spelling cannot hold.
    Unencodable,
    /// A conditional write without a version token.
    NoVersion,
}

impl Unformed {
    pub fn code(self) -> &'static str {
        match self {
            Self::Undescribed => "undescribed",
            Self::Unencodable => "unencodable",
            Self::NoVersion => "no_version",
        }
    }
}

/// A request, except for its signature.
pub(super) struct Prepared<'a> {
    pub action: &'a Action,
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Option<Json>,
}

/// The headers that every request has, with the one that signs it.
pub(super) fn headers(manifest: &Manifest, target: &Target, signed: &Signed) -> HeaderMap {
    let scope = place(target);
    let mut headers = filled(&manifest.headers, &scope);
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(signed.header.0.clone(), signed.header.1.clone());
    headers
}

/// The path that reads a record; `None` for an id that no record of this object can have.
pub(super) fn read_path(object: &Object, id: &str) -> Option<String> {
    let scope =
        Scope { id: Some(checked_id(object.id_form, id)?), fields: wire_fields(object), ..Scope::default() };
    object.read.fill_path(&scope)
}

/// What a write has to offer to its templates.
pub(super) fn scope(
    object: &Object,
    action: &Action,
    write: &Write<'_>,
    key: &Digest,
) -> Result<Scope, Unformed> {
    let mutation = write.mutation;
    let mut scope = Scope { key: Some(key.to_string()), ..Scope::default() };
    if let Some(record) = &mutation.record {
        scope.id = Some(checked_id(object.id_form, record).ok_or(Unformed::Unencodable)?);
    }
    for change in &mutation.changes {
        let (member, json) =
            encoded_field(object, &change.field, change.after.as_ref().unwrap_or(&Value::Null))?;
        scope.changes.insert(change.field.clone(), json.clone());
        scope.change_members.insert(member, json);
    }
    for (field, value) in &action.sets {
        let (member, json) = encoded_field(object, field, value)?;
        scope.set_members.insert(member, json);
    }
    let described = object.description.actions.get(&verb(mutation.verb())?).ok_or(Unformed::Undescribed)?;
    for (name, value) in &mutation.arguments {
        let argument = described.arguments.get(name).ok_or(Unformed::Undescribed)?;
        let encoding = action.arguments.get(name).ok_or(Unformed::Undescribed)?;
        scope
            .arguments
            .insert(name.clone(), encoded(argument.ty, encoding, value).ok_or(Unformed::Unencodable)?);
    }
    if let Some(version) = write.fresh_version {
        scope.version = Some(version.to_owned());
        scope.version_http_date = http_date(version);
    }
    Ok(scope)
}

/// Forms the one request of a write.
pub(super) fn prepare<'a>(
    manifest: &'a Manifest,
    target: &Target,
    write: &Write<'_>,
    key: Digest,
) -> Result<Prepared<'a>, Unformed> {
    let mutation = write.mutation;
    let verb = verb(mutation.verb())?;
    let object = manifest.objects.get(&mutation.object).ok_or(Unformed::Undescribed)?;
    let action = object.actions.get(&verb).ok_or(Unformed::Undescribed)?;
    let described = object.description.actions.get(&verb).ok_or(Unformed::Undescribed)?;
    if described.kind != mutation.kind {
        return Err(Unformed::Undescribed);
    }
    let allowed = |field: &String| described.fields.contains(field) || described.sets.contains_key(field);
    if !mutation.changes.iter().all(|change| allowed(&change.field)) {
        return Err(Unformed::Undescribed);
    }
    let scope = Scope { ..scope(object, action, write, &key)? };
    let path = action.path.fill_path(&scope).ok_or(Unformed::Unencodable)?;
    let url = target.url(&path).ok_or(Unformed::Unencodable)?;
    let mut headers = filled(&action.headers, &scope);
    let mut body = match &action.body {
        None => None,
        Some(template) => Some(template.fill(&scope).ok_or(Unformed::Unencodable)?),
    };
    match (described.conditional, &object.conditional_write) {
        (Conditional::None, _) | (Conditional::Atomic | Conditional::Advisory, None) => {}
        (Conditional::Atomic | Conditional::Advisory, Some(ConditionalWrite::Header(name, text))) => {
            let value = text.fill(&scope).ok_or(Unformed::NoVersion)?;
            headers.insert(name.clone(), HeaderValue::from_str(&value).map_err(|_| Unformed::Unencodable)?);
        }
        (Conditional::Atomic | Conditional::Advisory, Some(ConditionalWrite::Body(template))) => {
            scope.version.as_ref().ok_or(Unformed::NoVersion)?;
            let condition = template.fill(&scope).ok_or(Unformed::NoVersion)?;
            body = Some(merged(body.unwrap_or(Json::Object(BTreeMap::new())), condition));
        }
    }
    if body.is_some() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Ok(Prepared { action, method: action.method.clone(), url, headers, body })
}

/// A value in the vendor's spelling; `None` when that has no place for it.
pub(super) fn encoded(ty: FieldType, encoding: &Encoding, value: &Value) -> Option<Json> {
    if value.is_null() {
        return Some(encoding.null.clone());
    }
    match (encoding.number, value) {
        (true, Value::Str(digits)) => number_form(digits).then(|| Json::Number(digits.clone())),
        (true, Value::Int(number)) => Some(Json::Number(number.to_string())),
        (true, Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) => None,
        (false, _) => domain::field::normalize(ty, value).ok().map(|value| Json::from(&value)),
    }
}

fn number_form(digits: &str) -> bool {
    let magnitude = digits.strip_prefix('-').unwrap_or(digits);
    let (whole, fraction) = magnitude.split_once('.').unwrap_or((magnitude, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    all_digits(whole) && all_digits(fraction) && (whole == "0" || !whole.starts_with('0'))
}

fn encoded_field(object: &Object, field: &str, value: &Value) -> Result<(String, Json), Unformed> {
    let description = object.description.fields.get(field).ok_or(Unformed::Undescribed)?;
    let wire = object.fields.get(field).ok_or(Unformed::Undescribed)?;
    let member = wire.write.clone().ok_or(Unformed::Undescribed)?;
    let read_only =
        description.values.iter().any(|known| value.as_str() == Some(&known.value) && !known.settable);
    if read_only || (value.is_null() && !description.clearable) {
        return Err(Unformed::Unencodable);
    }
    Ok((member, encoded(description.ty, &wire.encoding, value).ok_or(Unformed::Unencodable)?))
}

fn verb(verb: &str) -> Result<domain::name::Slug, Unformed> {
    domain::name::Slug::parse(verb).map_err(|_| Unformed::Undescribed)
}

fn checked_id(form: IdForm, id: &str) -> Option<String> {
    let fits = |byte: u8| match form {
        IdForm::Digits => byte.is_ascii_digit(),
        IdForm::Alphanumeric => byte.is_ascii_alphanumeric(),
        IdForm::Token => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
    };
    (!id.is_empty() && id.bytes().all(fits)).then(|| id.to_owned())
}

/// The record's members that are read: fields, id and version, for vendors that want them named.
fn wire_fields(object: &Object) -> String {
    let version = match &object.version {
        Some(VersionAt::Body(pointer)) => Some(pointer),
        Some(VersionAt::Header(_)) | None => None,
    };
    let pointers = object.fields.values().map(|wire| &wire.read).chain([&object.id]).chain(version);
    let names: std::collections::BTreeSet<&str> = pointers.filter_map(|pointer| pointer.first()).collect();
    names.into_iter().collect::<Vec<_>>().join(",")
}

fn place(target: &Target) -> Scope {
    Scope { base_url: target.as_str().to_owned(), origin: target.origin(), ..Scope::default() }
}

fn filled(headers: &[(HeaderName, Text)], scope: &Scope) -> HeaderMap {
    let value = |text: &Text| HeaderValue::from_str(&text.fill(scope)?).ok();
    headers.iter().filter_map(|(name, text)| Some((name.clone(), value(text)?))).collect()
}
