//! From an answer to a snapshot, and from an exchange to what evidence keeps of it.

use std::collections::{BTreeMap, BTreeSet};

use domain::field::normalize;
use domain::mutation::Snapshot;
use proof::json::Value;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap};
use reqwest::{Method, Url};

use super::auth::Signed;
use crate::connector::{Exchange, ReadFault};
use crate::json::{Json, Pointer};
use crate::manifest::{Manifest, Object, VersionAt};
use crate::outbound::Sent;
use crate::secret::scrub;

/// Bytes of an answer that evidence keeps; a longer one is kept as text, cut here.
pub const KEPT_BYTES_MAX: usize = 32 * 1024;
/// Levels of an answer that evidence keeps as JSON, so that an exchange fits into a sealed value; a deeper one is kept as text.
pub const KEPT_DEPTH_MAX: usize = 10;

/// Headers of answers that carry meaning at any vendor.
const RESPONSE_HEADERS: [&str; 8] = [
    "content-type",
    "date",
    "etag",
    "last-modified",
    "location",
    "retry-after",
    "x-request-id",
    "x-correlation-id",
];

/// Reads a record out of an answer.
pub(super) fn snapshot(object: &Object, json: &Json, headers: &HeaderMap) -> Result<Snapshot, ReadFault> {
    let missing = |at: &Pointer| ReadFault::Answer { at: at.to_string(), what: "it is not there".to_owned() };
    let record = json
        .at(&object.record)
        .filter(|record| **record != Json::Null)
        .ok_or_else(|| missing(&object.record))?;
    let id = record.at(&object.id).and_then(Json::token).ok_or_else(|| missing(&object.id))?;
    let version = match &object.version {
        None => None,
        Some(VersionAt::Body(at)) => Some(record.at(at).and_then(Json::token).ok_or_else(|| missing(at))?),
        Some(VersionAt::Header(name)) => {
            let value = headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
            Some(value.ok_or_else(|| ReadFault::Answer {
                at: name.to_string(),
                what: "the header is not there".to_owned(),
            })?)
        }
    };
    let mut fields = BTreeMap::new();
    for (name, wire) in &object.fields {
        let Some(value) = record.at(&wire.read) else { continue };
        let Some(description) = object.description.fields.get(name) else { continue };
        let value = normalize(description.ty, &value.value()).map_err(|fault| ReadFault::Answer {
            at: wire.read.to_string(),
            what: kind_of(&fault).to_owned(),
        })?;
        fields.insert(name.clone(), value);
    }
    Ok(Snapshot { id, version, fields })
}

/// What is wrong with a value, without the value.
fn kind_of(fault: &domain::field::ValueFault) -> &'static str {
    use domain::field::ValueFault;
    match fault {
        ValueFault::Type { .. } => "it has another type than the manifest says",
        ValueFault::Decimal(_) => "it is no decimal number",
        ValueFault::Scale { .. } => "it has more digits after the point than the manifest says",
        ValueFault::Time(..) => "it is no date or time",
        ValueFault::TooLarge(_) => "it is too large",
    }
}

/// What evidence keeps: no credential, only headers with a meaning, a body with exact digits and a largest size.
pub(super) fn exchange(
    manifest: &Manifest,
    method: &Method,
    url: &Url,
    request_headers: &HeaderMap,
    request_body: Option<&Json>,
    sent: &Sent,
    signed: &Signed,
) -> Exchange {
    let secrets: Vec<_> = signed.secrets.iter().collect();
    let clean = |text: &str| scrub(text, &secrets);
    let unsigned: BTreeSet<&str> = [AUTHORIZATION.as_str(), ACCEPT.as_str(), signed.header.0.as_str()].into();
    let answer = sent.result.as_ref().ok();
    let with_meaning =
        |name: &str| RESPONSE_HEADERS.contains(&name) || manifest.evidence_headers.contains(name);
    Exchange {
        method: method.to_string(),
        url: clean(url.as_str()),
        request_headers: kept(request_headers, |name| !unsigned.contains(name), &clean),
        request_body: request_body.map(|body| scrubbed(body.value(), &clean)),
        status: answer.map(|answer| answer.status),
        response_headers: answer
            .map(|answer| kept(&answer.headers, with_meaning, &clean))
            .unwrap_or_default(),
        response_body: answer.and_then(|answer| kept_body(&answer.body)).map(|body| scrubbed(body, &clean)),
        started: sent.started,
        ended: sent.ended,
    }
}

fn kept(
    headers: &HeaderMap,
    keep: impl Fn(&str) -> bool,
    clean: &impl Fn(&str) -> String,
) -> BTreeMap<String, String> {
    let kept = headers.iter().filter(|(name, _)| keep(name.as_str()));
    kept.filter_map(|(name, value)| Some((name.to_string(), clean(value.to_str().ok()?)))).collect()
}

fn kept_body(body: &str) -> Option<Value> {
    if body.is_empty() {
        return None;
    }
    let json = (body.len() <= KEPT_BYTES_MAX).then(|| Json::parse(body).ok()).flatten();
    let json = json.filter(|json| json.depth() <= KEPT_DEPTH_MAX);
    Some(json.map_or_else(|| Value::Str(cut(body).to_owned()), |json| json.value()))
}

fn cut(text: &str) -> &str {
    let end = (0..=KEPT_BYTES_MAX.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

fn scrubbed(value: Value, clean: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::Null | Value::Bool(_) | Value::Int(_) => value,
        Value::Str(text) => Value::Str(clean(&text)),
        Value::Array(elements) => {
            Value::Array(elements.into_iter().map(|element| scrubbed(element, clean)).collect())
        }
        Value::Object(members) => Value::Object(
            members.into_iter().map(|(name, member)| (clean(&name), scrubbed(member, clean))).collect(),
        ),
    }
}

#[cfg(test)]
mod tests;
