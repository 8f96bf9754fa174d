//! What a request of the REST API means: sign-in, versions, paths. Rules stand elsewhere.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::errors::Problem;
use super::schema::{self, OBJECTS, Object};
use super::{ACCESS_TOKEN, INTEGRATION_USER, Org, Record, conditions, query, token};
use crate::exchange::{Answer, Call, segments};

/// The API versions that are served, all alike.
const VERSIONS: [(&str, &str); 3] =
    [("v60.0", "Spring '24"), ("v61.0", "Summer '24"), ("v62.0", "Winter '25")];

/// Requests a day that the org is said to have. Only a fault makes them run out.
const REQUESTS_MAX: u64 = 5_000_000;

/// Answers one request.
pub(crate) fn handle(org: &mut Org, call: &Call) -> Answer {
    let decoded = segments(&call.path);
    let path: Vec<&str> = decoded.iter().map(AsRef::as_ref).collect();
    match (call.method.as_str(), path.as_slice()) {
        ("POST", ["services", "oauth2", "token"]) => {
            let user = org.user_id(INTEGRATION_USER).unwrap_or_default();
            token::issue(call, user, org.clock.now())
        }
        ("GET", ["services", "data"]) => list_versions(),
        (_, ["services", "data", version, path @ ..]) => {
            org.requests = org.requests.saturating_add(1);
            let usage = format!("api-usage={}/{REQUESTS_MAX}", org.requests);
            route(org, call, version, path)
                .unwrap_or_else(|problem| problem.answer())
                .with("sforce-limit-info", &usage)
        }
        _ => Problem::NoResource.answer(),
    }
}

/// The record that a path addresses by id.
pub(crate) fn addressed(path: &str) -> Option<(String, String)> {
    let decoded = segments(path);
    let path: Vec<&str> = decoded.iter().map(AsRef::as_ref).collect();
    match path.as_slice() {
        ["services", "data", _, "sobjects", object, id] => Some(((*object).to_owned(), (*id).to_owned())),
        _ => None,
    }
}

fn list_versions() -> Answer {
    let version = |(name, label): &(&str, &str)| json!({ "label": label, "url": format!("/services/data/{name}"), "version": name.trim_start_matches('v') });
    Answer::json(StatusCode::OK, &VERSIONS.iter().map(version).collect())
}

fn route(org: &mut Org, call: &Call, version: &str, path: &[&str]) -> Result<Answer, Problem> {
    let token = call.header("authorization").and_then(|header| header.strip_prefix("Bearer "));
    if token != Some(ACCESS_TOKEN) {
        return Err(Problem::InvalidSession);
    }
    if !VERSIONS.iter().any(|(name, _)| *name == version) {
        return Err(Problem::NoResource);
    }
    let base = format!("/services/data/{version}");
    let author = org.user_id(INTEGRATION_USER).unwrap_or_default().to_owned();
    match (call.method.as_str(), path) {
        ("GET", []) => {
            let resource = |name: &str| (name.to_owned(), json!(format!("{base}/{name}")));
            let resources = ["limits", "query", "sobjects"].map(resource);
            Ok(Answer::json(StatusCode::OK, &Value::Object(resources.into_iter().collect())))
        }
        ("GET", ["limits"]) => {
            let left = REQUESTS_MAX.saturating_sub(org.requests);
            let limits = json!({ "DailyApiRequests": { "Max": REQUESTS_MAX, "Remaining": left } });
            Ok(Answer::json(StatusCode::OK, &limits))
        }
        ("GET", ["query"]) => {
            let text = call.query("q").ok_or_else(|| Problem::BadQuery("a query is required".to_owned()))?;
            Ok(Answer::json(StatusCode::OK, &query::run(org, &text, &base)?))
        }
        ("GET", ["sobjects"]) => {
            let objects: Value = OBJECTS.iter().map(|object| object.summary(&base)).collect();
            let all = json!({ "encoding": "UTF-8", "maxBatchSize": 200, "sobjects": objects });
            Ok(Answer::json(StatusCode::OK, &all))
        }
        ("GET", ["sobjects", name, "describe"]) => {
            Ok(Answer::json(StatusCode::OK, &named(name)?.describe(&base)))
        }
        ("POST", ["sobjects", name]) => {
            let object = named(name)?;
            let id = org.create(object, &body(call)?, &author)?;
            Ok(created(&base, object, &id, None))
        }
        ("GET", ["sobjects", name, id]) => {
            let object = named(name)?;
            let record = org.record(object, id).ok_or(Problem::NotFound)?;
            show(call, &base, record)
        }
        ("PATCH", ["sobjects", name, id]) => {
            let object = named(name)?;
            if let Some(record) = org.record(object, id) {
                conditions::check(call, object, &record.fields)?;
            }
            org.update(object, id, &body(call)?, &author)?;
            Ok(Answer::empty(StatusCode::NO_CONTENT))
        }
        ("DELETE", ["sobjects", name, id]) => {
            org.delete(named(name)?, id, &author)?;
            Ok(Answer::empty(StatusCode::NO_CONTENT))
        }
        ("GET", ["sobjects", name, field, key]) => {
            let object = named(name)?;
            let id = by_key(org, object, field, key)?.ok_or(Problem::NotFound)?;
            show(call, &base, org.record(object, &id).ok_or(Problem::NotFound)?)
        }
        ("PATCH", ["sobjects", name, field, key]) => {
            let object = named(name)?;
            upsert(org, call, &base, object, (*field, *key), &author)
        }
        (_, ["sobjects", ..] | ["query" | "limits"] | []) => Err(Problem::MethodNotAllowed),
        _ => Err(Problem::NoResource),
    }
}

/// Updates the record with that external id, or creates it.
fn upsert(
    org: &mut Org,
    call: &Call,
    base: &str,
    object: &'static Object,
    (field, key): (&str, &str),
    author: &str,
) -> Result<Answer, Problem> {
    let id = by_key(org, object, field, key)?;
    let mut asked = body(call)?;
    if asked.contains_key(field) {
        return Err(Problem::NotInBody { field: field.to_owned() });
    }
    if let Some(id) = id {
        if let Some(record) = org.record(object, &id) {
            conditions::check(call, object, &record.fields)?;
        }
        org.update(object, &id, &asked, author)?;
        let updated = json!({ "id": id, "success": true, "errors": [], "created": false });
        return Ok(Answer::json(StatusCode::OK, &updated));
    }
    asked.insert(field.to_owned(), json!(key));
    let id = org.create(object, &asked, author)?;
    Ok(created(base, object, &id, Some(true)))
}

/// The id of the record with that external id, if there is one. Other fields cannot be used to look up.
fn by_key(org: &Org, object: &Object, field: &str, key: &str) -> Result<Option<String>, Problem> {
    if !object.field(field).is_some_and(schema::Field::is_external_id) {
        return Err(Problem::NotFound);
    }
    Ok(org.external.get(&(object.name, key.to_owned())).cloned())
}

/// An object with records of its own; history objects can only be described and queried.
fn named(name: &str) -> Result<&'static Object, Problem> {
    schema::object(name).ok_or(Problem::NoResource)
}

fn body(call: &Call) -> Result<Map<String, Value>, Problem> {
    match call.json() {
        Some(Value::Object(body)) => Ok(body),
        Some(_) | None => {
            Err(Problem::BadJson("The HTTP entity body is required to be a JSON object".to_owned()))
        }
    }
}

fn created(base: &str, object: &Object, id: &str, upserted: Option<bool>) -> Answer {
    let mut body = json!({ "id": id, "success": true, "errors": [] });
    if let (Some(created), Some(body)) = (upserted, body.as_object_mut()) {
        body.insert("created".to_owned(), json!(created));
    }
    Answer::json(StatusCode::CREATED, &body)
        .with("location", &format!("{base}/sobjects/{}/{id}", object.name))
}

/// A record, whole or with the fields that `?fields=` names.
fn show(call: &Call, base: &str, record: &Record) -> Result<Answer, Problem> {
    let object = record.object;
    let row = match call.query("fields") {
        None => record.fields.clone(),
        Some(names) => {
            let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
            selected(object, &record.fields, names.chain(["Id"]))?
        }
    };
    let shown = with_attributes(base, object, &record.fields, row);
    let mut answer = Answer::json(StatusCode::OK, &shown);
    if let Some(at) = conditions::last_modified(&record.fields) {
        answer = answer.with("last-modified", &at.http_date());
    }
    if let Some(etag) = conditions::etag(object, &record.fields) {
        answer = answer.with("etag", &etag);
    }
    Ok(answer)
}

/// Only the named fields.
pub(crate) fn selected<'a>(
    object: &'static Object,
    fields: &Map<String, Value>,
    names: impl Iterator<Item = &'a str>,
) -> Result<Map<String, Value>, Problem> {
    names
        .map(|name| match object.field(name) {
            Some(field) => Ok((name.to_owned(), fields.get(field.name).cloned().unwrap_or_default())),
            None => Err(Problem::UnknownField { object: object.name, field: name.to_owned() }),
        })
        .collect()
}

/// A row with its type and the link to the record, which `fields` are all of.
pub(crate) fn with_attributes(
    base: &str,
    object: &Object,
    fields: &Map<String, Value>,
    mut row: Map<String, Value>,
) -> Value {
    let id = fields.get("Id").and_then(Value::as_str).unwrap_or_default();
    let url = format!("{base}/sobjects/{}/{id}", object.name);
    row.insert("attributes".to_owned(), json!({ "type": object.name, "url": url }));
    Value::Object(row)
}
