//! A request in Cedar's terms: built and checked once, asked twice.

use std::collections::BTreeMap;

use cedar_policy::{Context, Entities, Entity, EntityUid, RestrictedExpression};
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
    #[error(transparent)]
    Change(#[from] ChangeFault),
    #[error("the facts do not fit the schema of `{0}`")]
    Schema(String),
    #[error("the facts make no request: {0}")]
    Engine(String),
}

/// The request for one action, with every fact but `approved`.
pub(crate) struct Checked {
    action: EntityUid,
    principal: EntityUid,
    resource: EntityUid,
    facts: Vec<(String, RestrictedExpression)>,
    pub entities: Entities,
}

impl Checked {
    pub(crate) fn new(request: &Request, action: &Action, schema: &Schema) -> Result<Self, Malformed> {
        check_ranges(request)?;
        let (kinds, shape) = (schema.kinds(), &action.shape);
        let principal = principal_entity(request, kinds);
        let resource = resource_entity(&request.record, shape, kinds)?;
        let (principal_id, resource_id) = (principal.uid(), resource.uid());
        let entities =
            Entities::from_entities([principal, resource, action.entity.clone()], None).map_err(engine)?;
        let facts = facts(request, shape)?;
        Ok(Self {
            action: action.entity.uid(),
            principal: principal_id,
            resource: resource_id,
            facts,
            entities,
        })
    }

    /// The same request with `context.approved` as given. The first one asked is checked against the schema; the other
    /// differs in nothing but the value of a boolean.
    pub(crate) fn ask(
        &self,
        approved: bool,
        schema: Option<&Schema>,
    ) -> Result<cedar_policy::Request, Malformed> {
        let approved = ("approved".to_owned(), RestrictedExpression::new_bool(approved));
        let context = Context::from_pairs(self.facts.iter().cloned().chain([approved])).map_err(engine)?;
        let (principal, action, resource) =
            (self.principal.clone(), self.action.clone(), self.resource.clone());
        cedar_policy::Request::new(principal, action, resource, context, schema.map(Schema::cedar))
            .map_err(|_| Malformed::Schema(self.action.id().unescaped().to_owned()))
    }
}

fn engine(cause: impl std::fmt::Display) -> Malformed {
    Malformed::Engine(cause.to_string())
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
    let parents = request.principal.groups.iter().map(|group| uid(parent, group));
    Entity::new_no_attrs(uid(kind, &request.principal.id), parents.collect())
}

fn resource_entity(record: &Record, shape: &ActionShape, kinds: &EntityKinds) -> Result<Entity, Malformed> {
    let id = format!("{}/{}/{}", record.connector, shape.object, record.id.as_deref().unwrap_or("new"));
    let attributes = [
        ("connector", text(&record.connector)),
        ("environment", text(&record.environment)),
        ("labels", texts(&record.labels)),
        ("object", text(&shape.object)),
        ("system", text(&shape.system)),
    ];
    let attributes = attributes.map(|(name, value)| (name.to_owned(), value));
    Entity::new(uid(&kinds.record, &id), attributes.into(), [].into()).map_err(engine)
}

/// Exactly the facts that the schema declares, but for `approved`.
fn facts(request: &Request, shape: &ActionShape) -> Result<Vec<(String, RestrictedExpression)>, Malformed> {
    let usage = &request.usage;
    let usage = [
        ("agentHour", usage.agent_hour),
        ("agentDay", usage.agent_day),
        ("laneHour", usage.lane_hour),
        ("laneDay", usage.lane_day),
    ];
    let delta =
        request.delta.iter().map(|(name, &size)| (name.clone(), RestrictedExpression::new_long(size)));
    let required = [
        ("after", record(values(&request.after, shape)?)?),
        ("before", record(values(&request.before, shape)?)?),
        ("changedFields", texts(&request.changed_fields)),
        ("delta", record(delta)?),
        ("environment", text(&request.record.environment)),
        ("lane", record([("readiness".to_owned(), texts(&request.readiness))])?),
        ("localHour", long(request.local_hour)),
        ("planSize", long(request.plan_size)),
        ("recovery", RestrictedExpression::new_bool(request.recovery)),
        ("reversibility", text(request.reversibility.word())),
        ("source", text(&request.source)),
        ("takeover", RestrictedExpression::new_bool(request.takeover)),
        ("usage", record(usage.map(|(name, count)| (name.to_owned(), long(count))))?),
        ("weekday", long(request.weekday)),
        ("workflow", text(&request.workflow)),
    ];
    let optional = [
        ("confidenceBp", request.confidence_bp.map(long)),
        ("onBehalfOf", request.on_behalf_of.as_deref().map(text)),
    ];
    let optional = optional.into_iter().filter_map(|(name, value)| Some((name, value?)));
    Ok(required.into_iter().chain(optional).map(|(name, value)| (name.to_owned(), value)).collect())
}

fn values(
    fields: &BTreeMap<String, Value>,
    shape: &ActionShape,
) -> Result<Vec<(String, RestrictedExpression)>, Malformed> {
    fields
        .iter()
        .map(|(name, value)| {
            let visible = shape.field(name).filter(|field| field.policy_visible);
            let field = visible.ok_or_else(|| Malformed::Field(shape.id(), name.clone()))?;
            Ok((name.clone(), expression(field, value)?))
        })
        .collect()
}

fn expression(field: &FieldShape, value: &Value) -> Result<RestrictedExpression, ChangeFault> {
    check_type(field, value)?;
    Ok(match value {
        Value::Bool(truth) => RestrictedExpression::new_bool(*truth),
        Value::Int(number) => RestrictedExpression::new_long(*number),
        Value::Str(one) => text(one),
        Value::Array(list) => texts(list.iter().filter_map(Value::as_str)),
        // No field type holds these, so the check above has refused them.
        Value::Null | Value::Object(_) => RestrictedExpression::new_set([]),
    })
}

fn text(text: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(text.to_owned())
}

fn texts(set: impl IntoIterator<Item = impl AsRef<str>>) -> RestrictedExpression {
    RestrictedExpression::new_set(set.into_iter().map(|one| text(one.as_ref())))
}

fn long(number: impl Into<i64>) -> RestrictedExpression {
    RestrictedExpression::new_long(number.into())
}

fn record(
    members: impl IntoIterator<Item = (String, RestrictedExpression)>,
) -> Result<RestrictedExpression, Malformed> {
    RestrictedExpression::new_record(members).map_err(engine)
}
