//! A request in Cedar's terms: checked against the action's shape, built once, asked twice.
//!
//! It is built from Cedar's own values rather than from its expressions or from JSON, which a back-test of a million
//! requests would spend most of its time on. That skips Cedar's schema check, so this one is complete by itself: a test
//! shows that Cedar accepts whatever passes here.

use std::collections::BTreeMap;
use std::sync::Arc;

use cedar_policy_core::ast::{
    Context, Entity, EntityUIDEntry, PartialValue, Request as Question, Value as Fact,
};
use cedar_policy_core::entities::{AllEntitiesNoAttrsSchema, Entities, TCComputation};
use cedar_policy_core::extensions::Extensions;
use proof::json::Value;

use super::{ChangeFault, PrincipalKind, Record, Request, check_type};
use crate::schema::{Action, ActionShape, EntityKinds, FieldShape, Schema, uid};

/// Why a request cannot be decided on. No message holds a field's value, because values may be personal.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("`{0}` is {1}, which is not within {2} to {3}")]
    Range(&'static str, u32, u32, u32),
    #[error("`{0}` has no field `{1}` that policy may see")]
    Field(String, String),
    #[error("`{0}` has no number for `delta.{1}`")]
    Delta(String, String),
    #[error(transparent)]
    Change(#[from] ChangeFault),
    #[error("the facts make no request: {0}")]
    Engine(String),
}

/// The request for one action, with every fact but `approved`.
pub(crate) struct Checked {
    pub entities: Entities,
    principal: EntityUIDEntry,
    action: EntityUIDEntry,
    resource: EntityUIDEntry,
    facts: Vec<(&'static str, Fact)>,
}

impl Checked {
    pub(crate) fn new(request: &Request, action: &Action, schema: &Schema) -> Result<Self, Malformed> {
        check_ranges(request)?;
        let (kinds, shape) = (schema.kinds(), &action.shape);
        let facts = facts(request, shape)?;
        let principal = principal_entity(request, kinds);
        let resource = resource_entity(&request.record, shape, kinds);
        let known = |entity: &Entity| EntityUIDEntry::known(entity.uid().clone(), None);
        let (principal_id, action_id, resource_id) =
            (known(&principal), known(&action.entity), known(&resource));
        let entities = Entities::from_entities(
            [principal, resource, action.entity.clone()],
            None::<&AllEntitiesNoAttrsSchema>,
            // Teams, groups and action groups have no parents of their own.
            TCComputation::AssumeAlreadyComputed,
            Extensions::all_available(),
        )
        .map_err(|cause| Malformed::Engine(cause.to_string()))?;
        Ok(Self { entities, principal: principal_id, action: action_id, resource: resource_id, facts })
    }

    /// The request with `context.approved` as given.
    pub(crate) fn ask(&self, approved: bool) -> Question {
        let approved = ("approved", Fact::from(approved));
        let facts = self.facts.iter().cloned().chain([approved]).map(|(name, fact)| (name.into(), fact));
        let context = Context::Value(Arc::new(facts.collect()));
        Question::new_unchecked(
            self.principal.clone(),
            self.action.clone(),
            self.resource.clone(),
            Some(context),
        )
    }
}

fn check_ranges(request: &Request) -> Result<(), Malformed> {
    let ranges = [
        ("local_hour", u32::from(request.local_hour), 0, 23),
        ("weekday", u32::from(request.weekday), 1, 7),
        ("plan_size", request.plan_size, 1, u32::MAX),
        ("confidence_bp", request.confidence_bp.unwrap_or(0), 0, 10_000),
    ];
    match ranges.into_iter().find(|(_, value, min, max)| value < min || value > max) {
        Some((name, value, min, max)) => Err(Malformed::Range(name, value, min, max)),
        None => Ok(()),
    }
}

fn principal_entity(request: &Request, kinds: &EntityKinds) -> Entity {
    let (kind, parent) = match request.principal.kind {
        PrincipalKind::Agent => (&kinds.agent, &kinds.team),
        PrincipalKind::Person => (&kinds.person, &kinds.group),
        PrincipalKind::Service => (&kinds.service, &kinds.team),
    };
    let parents = request.principal.groups.iter().map(|group| uid(parent, group)).collect();
    Entity::new_with_attr_partial_value(uid(kind, &request.principal.id), [], [].into(), parents, [])
}

fn resource_entity(record: &Record, shape: &ActionShape, kinds: &EntityKinds) -> Entity {
    let id = format!("{}/{}/{}", record.connector, shape.object, record.id.as_deref().unwrap_or("new"));
    let attributes = [
        ("connector", text(&record.connector)),
        ("environment", text(&record.environment)),
        ("labels", texts(&record.labels)),
        ("object", text(&shape.object)),
        ("system", text(&shape.system)),
    ];
    let attributes = attributes.map(|(name, fact)| (name.into(), PartialValue::Value(fact)));
    Entity::new_with_attr_partial_value(uid(&kinds.record, &id), attributes, [].into(), [].into(), [])
}

/// Exactly the facts that the schema declares, but for `approved`.
fn facts(request: &Request, shape: &ActionShape) -> Result<Vec<(&'static str, Fact)>, Malformed> {
    let usage = &request.usage;
    let usage = [
        ("agentDay", long(usage.agent_day)),
        ("agentHour", long(usage.agent_hour)),
        ("laneDay", long(usage.lane_day)),
        ("laneHour", long(usage.lane_hour)),
    ];
    let mut facts = vec![
        ("after", values(&request.after, shape)?),
        ("before", values(&request.before, shape)?),
        ("changedFields", texts(&request.changed_fields)),
        ("delta", delta(&request.delta, shape)?),
        ("environment", text(&request.record.environment)),
        ("lane", Fact::record([("readiness", texts(&request.readiness))], None)),
        ("localHour", long(request.local_hour)),
        ("planSize", long(request.plan_size)),
        ("recovery", Fact::from(request.recovery)),
        ("reversibility", text(request.reversibility.word())),
        ("source", text(&request.source)),
        ("takeover", Fact::from(request.takeover)),
        ("usage", Fact::record(usage, None)),
        ("weekday", long(request.weekday)),
        ("workflow", text(&request.workflow)),
    ];
    facts.extend(request.confidence_bp.map(|confidence| ("confidenceBp", long(confidence))));
    facts.extend(request.on_behalf_of.as_deref().map(|person| ("onBehalfOf", text(person))));
    Ok(facts)
}

fn values(fields: &BTreeMap<String, Value>, shape: &ActionShape) -> Result<Fact, Malformed> {
    let mut facts = Vec::with_capacity(fields.len());
    for (name, value) in fields {
        let visible = shape.field(name).filter(|field| field.policy_visible);
        let field = visible.ok_or_else(|| Malformed::Field(shape.id(), name.clone()))?;
        facts.push((name.as_str(), fact(field, value)?));
    }
    Ok(Fact::record(facts, None))
}

fn delta(sizes: &BTreeMap<String, i64>, shape: &ActionShape) -> Result<Fact, Malformed> {
    if let Some(name) = sizes.keys().find(|name| !shape.declares_delta(name)) {
        return Err(Malformed::Delta(shape.id(), name.clone()));
    }
    Ok(Fact::record(sizes.iter().map(|(name, &size)| (name.as_str(), long(size))), None))
}

fn fact(field: &FieldShape, value: &Value) -> Result<Fact, ChangeFault> {
    check_type(field, value)?;
    Ok(match value {
        Value::Bool(truth) => Fact::from(*truth),
        Value::Int(number) => long(*number),
        Value::Str(one) => text(one),
        Value::Array(list) => texts(list.iter().filter_map(Value::as_str)),
        // No field type holds these, so the check above has refused them.
        Value::Null | Value::Object(_) => Fact::empty_record(None),
    })
}

fn text(text: &str) -> Fact {
    Fact::from(text)
}

fn texts(set: impl IntoIterator<Item = impl AsRef<str>>) -> Fact {
    Fact::set(set.into_iter().map(|one| text(one.as_ref())), None)
}

fn long(number: impl Into<i64>) -> Fact {
    Fact::from(number.into())
}

#[cfg(test)]
mod tests;
