//! From a proposal to a plan: resolve against the manifest, read every live record, compute the diff.
//!
//! A *refused* proposal names something that cannot be written at all; nothing is recorded. A *failed* preview is about
//! the record as it is: it is recorded and closes the run. An *unreachable* system is tried again.

use std::collections::{BTreeMap, BTreeSet};

use connectors::connector::{Connector, ReadFault};
use connectors::description::{ActionDescription, ObjectDescription};
use domain::drift::diff;
use domain::field::normalize_new;
use domain::limits::MUTATIONS_MAX;
use domain::mutation::{
    Change, Environment, Fields, Kind, Mutation, ProposedMutation, RecordRef, Snapshot, UndoKind,
};
use domain::name::Slug;
use domain::plan::Previewed as Based;
use proof::json::Value;

use crate::access::Caller;
use crate::control::Control;
use crate::ledger::{fields_bytes, slug};
use crate::{Code, Error, Result};

/// Bytes of all records that one plan is made from. They are in memory together while the plan is decided and saved.
const RECORDS_BYTES_MAX: usize = 32 * 1024 * 1024;

/// A proposed mutation that its connector knows: names are allowed, values are normalized.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resolved {
    /// The mutation; for a business action `changes` holds what the action sets.
    pub proposed: ProposedMutation,
    /// `<system>.<object>.<verb>`.
    pub action: String,
    /// Where it points.
    pub environment: Environment,
}

/// What a preview found.
pub(crate) enum Previewed {
    /// The plan.
    Plan(Vec<Based>),
    /// It can never be previewed: the code says why.
    Failed(Slug),
    /// The system of record does not answer now.
    Unreachable(String),
}

/// Resolves a plan, or says what in it cannot be written.
pub(crate) fn resolve(
    control: &Control,
    caller: Option<&Caller>,
    mutations: Vec<ProposedMutation>,
) -> Result<(Environment, Vec<Resolved>)> {
    if mutations.is_empty() || mutations.len() > MUTATIONS_MAX {
        return Err(Error::new(Code::InvalidPlan, format!("a plan has 1 to {MUTATIONS_MAX} mutations"))
            .at("/plan/mutations"));
    }
    let mut resolved = Vec::with_capacity(mutations.len());
    let mut environments = BTreeSet::new();
    let mut records = BTreeMap::new();
    for (n, mutation) in mutations.into_iter().enumerate() {
        let at = format!("/plan/mutations/{n}");
        let one = resolve_one(control, caller, mutation, &at)?;
        environments.insert(one.environment);
        if let Some(id) = &one.proposed.id {
            let record = (one.proposed.connector.clone(), one.proposed.object.clone(), id.clone());
            if let Some(first) = records.insert(record, n) {
                return Err(Error::new(
                    Code::InvalidPlan,
                    format!("mutations {first} and {n} are about the same record"),
                )
                .hint("put all changes of one record into one mutation")
                .at(at));
            }
        }
        resolved.push(one);
    }
    let mut environments = environments.into_iter();
    match (environments.next(), environments.next()) {
        (Some(environment), None) => Ok((environment, resolved)),
        _ => Err(Error::new(Code::InvalidPlan, "a plan does not mix environments")
            .hint("propose one run for each environment")
            .at("/plan/mutations")),
    }
}

fn resolve_one(
    control: &Control,
    caller: Option<&Caller>,
    mutation: ProposedMutation,
    at: &str,
) -> Result<Resolved> {
    mutation.check().map_err(|fault| Error::new(Code::InvalidPlan, fault.to_string()).at(at))?;
    if caller.is_some_and(|caller| !caller.covers_connector(&mutation.connector)) {
        return Err(Error::new(
            Code::Forbidden,
            format!("this key does not cover the connector `{}`", mutation.connector),
        )
        .at(format!("{at}/connector")));
    }
    let connector =
        control.connector(&mutation.connector).map_err(|error| error.at(format!("{at}/connector")))?;
    let description = connector.describe();
    let object = description.object(&mutation.object).ok_or_else(|| {
        unknown(
            "object",
            mutation.object.as_str(),
            description.objects.keys().map(Slug::as_str),
            &format!("{at}/object"),
        )
    })?;
    let verb = slug(mutation.verb());
    let where_verb =
        if mutation.kind == Kind::Invoke { format!("{at}/action") } else { format!("{at}/kind") };
    let action =
        object.actions.get(&verb).filter(|action| action.kind == mutation.kind).ok_or_else(|| {
            let known = object.actions.keys().map(Slug::as_str);
            unknown("action", verb.as_str(), known, &where_verb)
        })?;
    let name = description.action_name(&mutation.object, verb.as_str());
    if caller.is_some_and(|caller| !caller.covers_action(&name)) {
        return Err(Error::new(Code::Forbidden, format!("this key does not cover the action `{name}`"))
            .at(where_verb));
    }
    let mut proposed = mutation;
    check_guard(object, &proposed, at)?;
    proposed.changes = normal_changes(object, action, &proposed, at)?;
    proposed.arguments = normal_arguments(action, &proposed, at)?;
    Ok(Resolved { proposed, action: name, environment: description.environment })
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>, at: &str) -> Error {
    let known = known.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    Error::new(Code::UnknownTarget, format!("there is no {what} `{name}` here"))
        .hint(format!("known: {known}"))
        .at(at)
}

/// A JSON Pointer token: `~` and `/` are escaped (RFC 6901).
fn token(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn check_guard(object: &ObjectDescription, proposed: &ProposedMutation, at: &str) -> Result<()> {
    match proposed.guard.iter().find(|field| !object.fields.contains_key(*field)) {
        None => Ok(()),
        Some(field) => {
            Err(unknown("field", field, object.fields.keys().map(String::as_str), &format!("{at}/guard")))
        }
    }
}

fn normal_changes(
    object: &ObjectDescription,
    action: &ActionDescription,
    proposed: &ProposedMutation,
    at: &str,
) -> Result<Fields> {
    let mut changes = action.sets.clone();
    for (name, value) in &proposed.changes {
        let here = format!("{at}/changes/{}", token(name));
        let field = object.fields.get(name).filter(|_| action.fields.contains(name)).ok_or_else(|| {
            unknown("writable field", name, action.fields.iter().map(String::as_str), &here)
        })?;
        if value.is_null() && !field.clearable {
            return Err(Error::new(Code::InvalidValue, format!("`{name}` cannot be cleared")).at(here));
        }
        let normal = normalize_new(field.ty, value)
            .map_err(|fault| Error::new(Code::InvalidValue, format!("`{name}`: {fault}")).at(here.clone()))?;
        check_listed(name, &normal, &field.values, &here)?;
        changes.insert(name.clone(), normal);
    }
    if let Some(missing) = action.required.iter().find(|name| !changes.contains_key(*name)) {
        return Err(
            Error::new(Code::InvalidPlan, format!("`{missing}` is required")).at(format!("{at}/changes"))
        );
    }
    Ok(changes)
}

fn check_listed(
    name: &str,
    value: &Value,
    values: &[connectors::description::EnumValue],
    at: &str,
) -> Result<()> {
    let listed = values.is_empty()
        || value.as_str().is_none_or(|text| values.iter().any(|known| known.settable && known.value == text));
    if listed {
        return Ok(());
    }
    let settable = values.iter().filter(|known| known.settable);
    let known = settable.map(|known| format!("`{}`", known.value)).collect::<Vec<_>>().join(", ");
    Err(Error::new(Code::InvalidValue, format!("`{name}` does not take this value"))
        .hint(format!("one of {known}"))
        .at(at))
}

fn normal_arguments(action: &ActionDescription, proposed: &ProposedMutation, at: &str) -> Result<Fields> {
    let mut arguments = Fields::new();
    for (name, value) in &proposed.arguments {
        let here = format!("{at}/arguments/{}", token(name));
        let argument = action
            .arguments
            .get(name)
            .ok_or_else(|| unknown("argument", name, action.arguments.keys().map(String::as_str), &here))?;
        let normal = normalize_new(argument.ty, value)
            .map_err(|fault| Error::new(Code::InvalidValue, format!("`{name}`: {fault}")).at(here.clone()))?;
        check_listed(name, &normal, &argument.values, &here)?;
        arguments.insert(name.clone(), normal);
    }
    let missing =
        action.arguments.iter().find(|(name, argument)| argument.required && !arguments.contains_key(*name));
    match missing {
        None => Ok(arguments),
        Some((name, _)) => Err(Error::new(Code::InvalidPlan, format!("the argument `{name}` is required"))
            .at(format!("{at}/arguments"))),
    }
}

/// Reads every record and computes the plan.
pub(crate) async fn preview(control: &Control, resolved: &[Resolved]) -> Result<Previewed> {
    let mut plan = Vec::with_capacity(resolved.len());
    let mut leases = BTreeSet::new();
    let mut weight = 0;
    for (n, one) in resolved.iter().enumerate() {
        let connector = control.connector(&one.proposed.connector)?;
        let base = match &one.proposed.id {
            None => None,
            Some(id) => {
                let record = RecordRef {
                    connector: one.proposed.connector.clone(),
                    object: one.proposed.object.clone(),
                    id: id.clone(),
                };
                match connector.snapshot(&record).await {
                    Ok(read) => {
                        weight = heavier(weight, &read.snapshot.fields)?;
                        Some(read.snapshot)
                    }
                    Err(fault) => return Ok(failed_read(fault)),
                }
            }
        };
        let n = u32::try_from(n).unwrap_or(u32::MAX);
        let mutation = plan_one(connector, n, one, base.as_ref());
        if mutation.changes.is_empty() && matches!(mutation.kind, Kind::Create | Kind::Update) {
            return Ok(Previewed::Failed(slug("nothing_to_change")));
        }
        if !leases.insert(lease_key(control, connector, &mutation)) {
            return Ok(Previewed::Failed(slug("record_twice")));
        }
        let configuration = connector.describe().configuration;
        plan.push(Based { mutation, base, configuration });
    }
    Ok(Previewed::Plan(plan))
}

/// The weight of the records with one more, as long as one plan holds them.
fn heavier(weight: usize, fields: &Fields) -> Result<usize> {
    let weight = weight.saturating_add(fields_bytes(fields));
    if weight <= RECORDS_BYTES_MAX {
        return Ok(weight);
    }
    let most = RECORDS_BYTES_MAX / (1024 * 1024);
    Err(Error::new(Code::InvalidPlan, format!("the records of a plan have at most {most} MiB together"))
        .hint("propose several runs with fewer records each")
        .at("/plan/mutations"))
}

fn failed_read(fault: ReadFault) -> Previewed {
    match fault {
        ReadFault::NotFound => Previewed::Failed(slug("record_not_found")),
        ReadFault::Refused { code, retryable: false, .. } => Previewed::Failed(code),
        ReadFault::Answer { .. } => Previewed::Failed(slug("unexpected_answer")),
        ReadFault::Undescribed(_) => Previewed::Failed(slug("undescribed")),
        fault @ (ReadFault::Refused { .. } | ReadFault::Unreachable { .. }) => {
            Previewed::Unreachable(fault.to_string())
        }
    }
}

fn plan_one(connector: &dyn Connector, n: u32, one: &Resolved, base: Option<&Snapshot>) -> Mutation {
    let description = connector.describe();
    let proposed = &one.proposed;
    let live = base.map(|base| base.fields.clone()).unwrap_or_default();
    let mut mutation = Mutation {
        n,
        connector: proposed.connector.clone(),
        environment: description.environment,
        manifest: description.manifest,
        object: proposed.object.clone(),
        kind: proposed.kind,
        action: proposed.action.clone(),
        record: base.map(|base| base.id.clone()),
        version: base.and_then(|base| base.version.clone()),
        changes: changes_of(proposed, &live),
        guard: guarded(proposed, &live),
        arguments: proposed.arguments.clone(),
        undo: UndoKind::Irreversible,
    };
    mutation.undo = description
        .action(&proposed.object, proposed.verb())
        .map_or(UndoKind::Irreversible, |action| action.undo.kind());
    mutation
}

/// What must not move: the fields that the proposer named. Of a record that goes away, or on which something happens that
/// no field shows, such as a reply, every field: that is what people had before them.
fn guarded(proposed: &ProposedMutation, live: &Fields) -> BTreeMap<String, Option<Value>> {
    let named = proposed.guard.iter().map(|field| (field.clone(), live.get(field).cloned()));
    let bare = matches!(proposed.kind, Kind::Delete | Kind::Invoke) && proposed.changes.is_empty();
    let all = live.iter().filter(|_| bare);
    all.map(|(field, value)| (field.clone(), Some(value.clone()))).chain(named).collect()
}

/// Only what really changes; a deletion takes every field away.
fn changes_of(proposed: &ProposedMutation, live: &Fields) -> Vec<Change> {
    match proposed.kind {
        Kind::Create | Kind::Update | Kind::Invoke => diff(&proposed.changes, live),
        Kind::Delete => Vec::new(),
    }
}

/// What a mutation locks: its record; a create its object, since it has no record yet.
pub(crate) fn lease_key(control: &Control, connector: &dyn Connector, mutation: &Mutation) -> [u8; 32] {
    let tenant = &connector.describe().tenant;
    if let Some(id) = &mutation.record {
        return control.keys_of.lease(tenant, &mutation.object, id);
    }
    // What it would make is its natural key: two equal creates wait for each other, others do not.
    let made = mutation.changes.iter().map(|change| change.after.clone().unwrap_or(Value::Null)).collect();
    let name = proof::digest::sha256(proof::canonical::to_string(&Value::Array(made)).as_bytes());
    control.keys_of.lease(tenant, &mutation.object, &format!("create:{}:{name}", mutation.n))
}

#[cfg(test)]
mod tests;
