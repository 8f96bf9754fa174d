//! A small part of SOQL: `SELECT f, … FROM O [WHERE f op literal [AND …]] [ORDER BY f [DESC]] [LIMIT n]`.
//!
//! Enough to find records by id or external id and to read field history. Everything else is `MALFORMED_QUERY`.

mod parse;

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::errors::Problem;
use super::routes::{selected, with_attributes};
use super::schema::{self, EXTERNAL_REF, Object, Shape};
use super::{Org, ids};
use crate::clock::Stamp;
use parse::{Condition, Op, Query};

/// Most rows of one answer.
const ROWS_MAX: usize = 2_000;

/// Runs a query and returns the answer's body.
pub(crate) fn run(org: &Org, text: &str, base: &str) -> Result<Value, Problem> {
    let query = parse::parse(text).map_err(Problem::BadQuery)?;
    let object = schema::object(&query.object)
        .ok_or_else(|| Problem::BadQuery(format!("sObject type '{}' is not supported.", query.object)))?;
    let named =
        query.conditions.iter().map(|condition| &condition.field).chain(query.order.as_ref().map(|o| &o.0));
    if let Some(unknown) = named.into_iter().find(|name| object.field(name).is_none()) {
        return Err(Problem::UnknownField { object: object.name, field: unknown.clone() });
    }
    let mut rows: Vec<_> = candidates(org, object, &query)
        .into_iter()
        .filter(|fields| query.conditions.iter().all(|condition| holds(object, condition, fields)))
        .collect();
    if let Some((field, descending)) = &query.order {
        let value = |fields: &Map<String, Value>| fields.get(field).cloned().unwrap_or_default();
        rows.sort_by(|a, b| compare(&value(a), &value(b)).unwrap_or(Ordering::Equal));
        if *descending {
            rows.reverse();
        }
    }
    if let Some(limit) = query.limit {
        rows.truncate(limit);
    }
    if rows.len() > ROWS_MAX {
        return Err(Problem::TooManyRows);
    }
    let names = || query.fields.iter().map(String::as_str);
    let show = |fields| Ok(with_attributes(base, object, fields, selected(object, fields, names())?));
    let records: Vec<Value> = rows.into_iter().map(show).collect::<Result<_, Problem>>()?;
    Ok(json!({ "totalSize": records.len(), "done": true, "records": records }))
}

/// The rows that can match: one by id or external id, one record's history, or all.
fn candidates<'a>(org: &'a Org, object: &'static Object, query: &Query) -> Vec<&'a Map<String, Value>> {
    let wanted = |name: &str| {
        let equal = |condition: &&Condition| condition.op == Op::Equal && condition.field == name;
        query.conditions.iter().find(equal).and_then(|condition| condition.literal.as_str())
    };
    if let Some((of, parent)) = object.history_of {
        let one = wanted(parent).and_then(ids::canonical).map(|id| org.history.get(&id));
        let prefix = schema::object(of).map_or("", |object| object.prefix);
        return match one {
            Some(rows) => rows.into_iter().flatten().collect(),
            None => org
                .history
                .iter()
                .filter(|(id, _)| id.starts_with(prefix))
                .flat_map(|(_, rows)| rows)
                .collect(),
        };
    }
    let by_key = || org.external.get(&(object.name, wanted(EXTERNAL_REF)?.to_owned())).cloned();
    match wanted("Id").map(str::to_owned).or_else(by_key) {
        Some(id) => org.record(object, &id).map(|record| &record.fields).into_iter().collect(),
        None => org.rows(object).map(|(_, fields)| fields).collect(),
    }
}

fn holds(object: &Object, condition: &Condition, fields: &Map<String, Value>) -> bool {
    let is_id = |shape| matches!(shape, Shape::Id | Shape::Reference(_));
    let literal = match object.field(&condition.field) {
        Some(field) if is_id(field.shape) => {
            let id = condition.literal.as_str().and_then(ids::canonical);
            id.map_or(condition.literal.clone(), Value::String)
        }
        Some(_) | None => condition.literal.clone(),
    };
    let order = compare(fields.get(&condition.field).unwrap_or(&Value::Null), &literal);
    match condition.op {
        Op::Equal => order == Some(Ordering::Equal),
        Op::NotEqual => order != Some(Ordering::Equal),
        Op::Less => order == Some(Ordering::Less),
        Op::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        Op::Greater => order == Some(Ordering::Greater),
        Op::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
    }
}

/// Orders two values of one kind; times in either spelling, text without regard to case.
fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    if let (Some(a), Some(b)) = (a.as_f64(), b.as_f64()) {
        return a.partial_cmp(&b);
    }
    if let (Some(a), Some(b)) = (a.as_str(), b.as_str()) {
        let times = Stamp::parse(a).zip(Stamp::parse(b));
        return Some(times.map_or_else(|| a.to_lowercase().cmp(&b.to_lowercase()), |(a, b)| a.cmp(&b)));
    }
    (a == b).then_some(Ordering::Equal)
}

#[cfg(test)]
mod tests;
