//! The mutations of a proposal or amendment, as they are kept beside its event: until the preview, and for the next one.

use domain::mutation::{Kind, ProposedMutation};
use domain::name::Slug;
use proof::json::Value;

/// The name under which each is kept. It is no member of the event, so no digest covers it.
pub(super) const NAME: &str = "mutation";

/// What is kept of a proposal or amendment: each mutation with its place.
pub(super) fn values(mutations: &[ProposedMutation]) -> Vec<Value> {
    (0i64..).zip(mutations).map(|(n, mutation)| one_value(n, mutation)).collect()
}

fn one_value(n: i64, mutation: &ProposedMutation) -> Value {
    let mut object = proof::json::Object::from([("n".to_owned(), Value::Int(n))]);
    let mut put = |name: &str, value: Value| drop(object.insert(name.to_owned(), value));
    put("connector", mutation.connector.as_str().into());
    put("object", mutation.object.as_str().into());
    put("kind", mutation.kind.word().into());
    if let Some(id) = &mutation.id {
        put("id", id.as_str().into());
    }
    if let Some(action) = &mutation.action {
        put("action", action.as_str().into());
    }
    put("changes", Value::Object(mutation.changes.clone()));
    put("arguments", Value::Object(mutation.arguments.clone()));
    put("guard", Value::Array(mutation.guard.iter().map(|field| field.as_str().into()).collect()));
    Value::Object(object)
}

/// Reads what [`values`] wrote; `None` when one is missing.
pub(super) fn read<'a>(values: impl Iterator<Item = &'a Value>) -> Option<Vec<ProposedMutation>> {
    let mut read = values
        .map(|value| Some((value.get("n")?.as_int()?, read_one(value)?)))
        .collect::<Option<Vec<_>>>()?;
    read.sort_by_key(|(n, _)| *n);
    let complete = (0i64..).zip(&read).all(|(place, (n, _))| place == *n);
    complete.then(|| read.into_iter().map(|(_, mutation)| mutation).collect())
}

fn read_one(value: &Value) -> Option<ProposedMutation> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let fields = |name: &str| value.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
    let guard = value.get("guard").and_then(Value::as_array).unwrap_or_default();
    Some(ProposedMutation {
        connector: Slug::parse(text("connector")?).ok()?,
        object: Slug::parse(text("object")?).ok()?,
        id: text("id").map(str::to_owned),
        kind: Kind::parse(text("kind")?)?,
        action: text("action").map(Slug::parse).transpose().ok()?,
        changes: fields("changes"),
        arguments: fields("arguments"),
        guard: guard.iter().filter_map(|field| field.as_str().map(str::to_owned)).collect(),
    })
}
