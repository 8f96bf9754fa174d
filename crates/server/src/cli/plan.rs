//! Plans as they are written on a command line or in a file. Values are JSON where they read as JSON, and text where not:
//! `--set priority=high`, `--set amount=71400`, `--set tags='["vat"]'`, `--set note='"71400"'` for text that looks like a
//! number.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

use clap::Args;
use serde_json::{Map, Value, json};

use super::failure::{Failure, Result};
use super::paint::{CYAN, DIM, GREEN, Lines, paint, printable};
use super::view::{Held, Mutation, Run};
use super::words;

/// What a mutation does to its record.
#[derive(Debug, Clone, Default, Args)]
pub struct Target {
    /// Set a field; the value is JSON if it reads as JSON, else text
    #[arg(long, value_name = "FIELD=VALUE")]
    pub set: Vec<String>,
    /// Give the business action an argument
    #[arg(long, value_name = "NAME=VALUE")]
    pub arg: Vec<String>,
    /// A field that must not move before the write
    #[arg(long, value_name = "FIELD")]
    pub guard: Vec<String>,
}

/// `name=value` as a member.
pub fn member(text: &str) -> Result<(String, Value)> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), typed(value))),
        _ => Err(Failure::Usage(format!("`{text}` is not of the form name=value"))),
    }
}

fn typed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// Several of them as an object.
pub fn members(texts: &[String]) -> Result<Map<String, Value>> {
    texts.iter().map(|text| member(text)).collect()
}

/// Reads a JSON or TOML document from a file or, for `-`, JSON from standard input.
pub fn read(file: &str) -> Result<Value> {
    let path = Path::new(file);
    let mut text = String::new();
    if file == "-" {
        std::io::stdin().read_to_string(&mut text).map_err(Failure::reading(path))?;
    } else {
        text = std::fs::read_to_string(path).map_err(Failure::reading(path))?;
    }
    let fault = |fault: String| Failure::Usage(format!("`{file}` cannot be read: {fault}"));
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml")) {
        toml::from_str(&text).map_err(|error| fault(error.to_string()))
    } else {
        serde_json::from_str(&text).map_err(|error| fault(error.to_string()))
    }
}

/// The mutations of a document: a list, `{mutations: […]}`, or a whole proposal.
pub fn mutations_of(document: Value) -> Result<Vec<Value>> {
    match document {
        Value::Array(mutations) => Ok(mutations),
        Value::Object(mut members) => match members.remove("mutations").or_else(|| members.remove("plan")) {
            Some(inner) => mutations_of(inner),
            None => Err(Failure::Usage("the document has no `mutations`".to_owned())),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Err(Failure::Usage("the document holds no mutations".to_owned()))
        }
    }
}

/// The run's mutations with one of them changed: mutation `number`, counted from one.
pub fn amended(run: &Run, number: u32, target: &Target, unset: &[String]) -> Result<Vec<Value>> {
    if target.set.is_empty() && target.arg.is_empty() && target.guard.is_empty() && unset.is_empty() {
        return Err(Failure::Usage(
            "nothing is amended: use --set, --unset, --arg, --guard or --file".to_owned(),
        ));
    }
    let mut mutations = run.plan.mutations.iter().map(Draft::of).collect::<Result<Vec<_>>>()?;
    let position = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    let chosen = position.and_then(|position| mutations.get_mut(position));
    let chosen = chosen.ok_or_else(|| Failure::Usage(format!("the plan has no mutation {number}")))?;
    chosen.changes.extend(members(&target.set)?);
    for field in unset {
        if chosen.changes.remove(field).is_none() {
            return Err(Failure::Usage(format!("the plan does not change `{field}`")));
        }
    }
    chosen.arguments.extend(members(&target.arg)?);
    chosen.guard.extend(target.guard.iter().cloned());
    Ok(mutations.into_iter().map(Draft::into_value).collect())
}

/// A mutation that is being written.
struct Draft<'a> {
    planned: &'a Mutation,
    changes: Map<String, Value>,
    arguments: Map<String, Value>,
    guard: BTreeSet<String>,
}

impl<'a> Draft<'a> {
    /// A planned mutation as it would be proposed.
    fn of(planned: &'a Mutation) -> Result<Self> {
        if planned.erased {
            return Err(Failure::other("values of the plan were erased: write the new plan into a file"));
        }
        let held = |(name, held): (&String, &Held)| match held {
            Held::Absent => None,
            Held::Is(value) => Some((name.clone(), value.clone())),
        };
        let after = planned.changes.iter().map(|change| (&change.field, &change.after));
        Ok(Self {
            planned,
            // What a business action sets is its own; only its arguments are ours.
            changes: if planned.kind == "invoke" { Map::new() } else { after.filter_map(held).collect() },
            arguments: planned.arguments.iter().filter_map(held).collect(),
            guard: planned.guard.keys().chain(&planned.guard_absent).cloned().collect(),
        })
    }

    fn into_value(self) -> Value {
        let Self { planned, changes, arguments, guard } = self;
        let verb = (planned.kind == "invoke").then(|| planned.action.clone());
        let some = |members: Map<String, Value>| (!members.is_empty()).then_some(Value::Object(members));
        let members = [
            ("connector", Some(planned.connector.clone().into())),
            ("object", Some(planned.object.clone().into())),
            ("id", planned.record.clone().map(Value::from)),
            ("kind", Some(planned.kind.clone().into())),
            ("action", verb.map(Value::from)),
            ("changes", some(changes)),
            ("arguments", some(arguments)),
            ("guard", (!guard.is_empty()).then(|| json!(guard))),
        ];
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }
}

/// Mutations before they are previewed: what they set, without what is there now.
pub fn listed(mutations: &[Value]) -> String {
    let mut text = String::new();
    for (index, mutation) in mutations.iter().enumerate() {
        let member =
            |name: &str| mutation.get(name).and_then(Value::as_str).map(printable).unwrap_or_default();
        let verb = if member("action").is_empty() { member("kind") } else { member("action") };
        text.line(format!(
            "  {}. {verb} {} {} in {}",
            index + 1,
            member("object"),
            paint(CYAN, &member("id")),
            member("connector")
        ));
        for (name, sign) in [("changes", "+"), ("arguments", "→")] {
            for (field, value) in mutation.get(name).and_then(Value::as_object).into_iter().flatten() {
                let value = words::value(value, None);
                text.line(format!("     {}  {} {value}", printable(field), paint(GREEN, sign)));
            }
        }
        for field in mutation.get("guard").and_then(Value::as_array).into_iter().flatten() {
            let field = printable(field.as_str().unwrap_or_default());
            text.line(format!("     {field}  {}", paint(DIM, "must not move")));
        }
    }
    text
}

#[cfg(test)]
mod tests;
