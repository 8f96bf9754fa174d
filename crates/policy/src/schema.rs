//! Connector actions, as plain shapes → the Cedar schema that policies are validated against.
//!
//! The schema is closed and strict: a policy that names an unknown action, field or fact does not load, and an optional
//! fact must be guarded with `has`. It knows no connector type; whoever knows manifests hands in [`ActionShape`]s.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cedar_policy_core::ast::{Eid, Entity, EntityType, EntityUID};
use proof::canonical;
use proof::json::{Object, Value, object};

use crate::rule::slug;

/// Most actions of one schema.
pub const ACTIONS_MAX: usize = 2_000;

/// Most fields of one action.
pub const FIELDS_MAX: usize = 1_000;

/// Longest field name, in characters.
pub const FIELD_NAME_LEN_MAX: usize = 128;

/// One connector action: what may be proposed, and on which fields policies may look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionShape {
    /// The kind of software, such as `zendesk`.
    pub system: String,
    /// The object, such as `ticket`.
    pub object: String,
    /// `update`, `create`, `delete` or a business action such as `resolve`.
    pub action: String,
    /// The fields, or for a business action its arguments.
    pub fields: Vec<FieldShape>,
}

/// One field of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldShape {
    /// The vendor's name.
    pub name: String,
    /// What it holds.
    pub ty: FieldType,
    /// Whether policies may see its values. Its name always shows in `context.changedFields`.
    pub policy_visible: bool,
}

/// What a field holds, as far as policies care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// Text.
    Text,
    /// One of a list of texts.
    Enum,
    /// True or false.
    Boolean,
    /// A whole number.
    Integer,
    /// An exact decimal number, as text.
    Decimal,
    /// An amount of money, as decimal text.
    Money {
        /// Digits after the point of the currency's minor unit.
        scale: u8,
    },
    /// A calendar date, as text.
    Date,
    /// A point in time, as text.
    DateTime,
    /// The id of another record, as text.
    Reference,
    /// A set of texts.
    List,
}

/// How the action changes its record: `create`, `update` and `delete` by name, every other name is `invoke`.
const KINDS: [&str; 4] = ["create", "update", "delete", "invoke"];

impl ActionShape {
    /// The action's id, `<system>.<object>.<action>`.
    pub fn id(&self) -> String {
        format!("{}.{}.{}", self.system, self.object, self.action)
    }

    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&FieldShape> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Whether `context.delta` has a fact of that name for this action.
    pub(crate) fn declares_delta(&self, name: &str) -> bool {
        let measures = |suffix: &str, fits: fn(FieldType) -> bool| {
            let field = name.strip_suffix(suffix).and_then(|field| self.field(field));
            field.is_some_and(|field| field.policy_visible && fits(field.ty))
        };
        measures("Bp", FieldType::is_number) || measures("Minor", |ty| ty.minor_scale().is_some())
    }

    /// The action groups that it belongs to: `zendesk.*`, `zendesk.ticket.*` and `*.update`. No slug has a star, so no
    /// group is mistaken for an action.
    fn groups(&self) -> [String; 3] {
        let kind = KINDS.into_iter().find(|kind| *kind == self.action).unwrap_or("invoke");
        [format!("{}.*", self.system), format!("{}.{}.*", self.system, self.object), format!("*.{kind}")]
    }
}

impl FieldType {
    /// Digits after the point of the minor unit; absent for what is no amount. Plain decimals count in hundredths.
    pub(crate) fn minor_scale(self) -> Option<u8> {
        match self {
            Self::Decimal => Some(2),
            Self::Money { scale } => Some(scale),
            Self::Text
            | Self::Enum
            | Self::Boolean
            | Self::Integer
            | Self::Date
            | Self::DateTime
            | Self::Reference
            | Self::List => None,
        }
    }

    fn is_number(self) -> bool {
        self == Self::Integer || self.minor_scale().is_some()
    }

    fn cedar_type(self) -> Value {
        match self {
            Self::Boolean => named("Boolean"),
            Self::Integer => named("Long"),
            Self::List => set_of_texts(),
            Self::Text
            | Self::Enum
            | Self::Decimal
            | Self::Money { .. }
            | Self::Date
            | Self::DateTime
            | Self::Reference => named("String"),
        }
    }
}

/// Why shapes make no schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaFault {
    /// Too many actions.
    #[error("{0} actions, at most {ACTIONS_MAX} are allowed")]
    TooManyActions(usize),
    /// Too many fields.
    #[error("`{action}` has {count} fields, at most {FIELDS_MAX} are allowed")]
    TooManyFields {
        /// The action.
        action: String,
        /// How many.
        count: usize,
    },
    /// A part of the action's id is no plain name.
    #[error("`{0}` must have three parts, each a slug without dots")]
    ActionName(String),
    /// Two shapes with one id.
    #[error("the action `{0}` is there twice")]
    DuplicateAction(String),
    /// A field name that no policy could spell.
    #[error(
        "`{action}`: the field name `{field}` is empty, longer than {FIELD_NAME_LEN_MAX} characters or not printable"
    )]
    FieldName {
        /// The action.
        action: String,
        /// The name.
        field: String,
    },
    /// Two fields with one name.
    #[error("`{action}` has the field `{field}` twice")]
    DuplicateField {
        /// The action.
        action: String,
        /// The field.
        field: String,
    },
    /// A safety net: Cedar refused what was generated.
    #[error("the generated schema was refused: {0}")]
    Engine(String),
}

/// A validated schema. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Schema(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    actions: BTreeMap<String, Action>,
    kinds: EntityKinds,
    value: Value,
    cedar: cedar_policy::Schema,
}

/// The entity types, parsed once.
#[derive(Debug)]
pub(crate) struct EntityKinds {
    pub action: EntityType,
    pub agent: EntityType,
    pub person: EntityType,
    pub service: EntityType,
    pub team: EntityType,
    pub group: EntityType,
    pub record: EntityType,
}

/// One action as the evaluation needs it.
#[derive(Debug)]
pub(crate) struct Action {
    pub shape: ActionShape,
    /// The action with its groups, for `action in …`.
    pub entity: Entity,
    pub groups: BTreeSet<EntityUID>,
}

impl Schema {
    /// Builds the schema of these actions.
    pub fn new(shapes: impl IntoIterator<Item = ActionShape>) -> Result<Self, SchemaFault> {
        let mut by_id = BTreeMap::new();
        for shape in shapes {
            check(&shape)?;
            if let Some(twice) = by_id.insert(shape.id(), shape) {
                return Err(SchemaFault::DuplicateAction(twice.id()));
            }
        }
        if by_id.len() > ACTIONS_MAX {
            return Err(SchemaFault::TooManyActions(by_id.len()));
        }
        let value = cedar_value(&by_id);
        let cedar = cedar_policy::Schema::from_json_str(&canonical::to_string(&value))
            .map_err(|cause| SchemaFault::Engine(cause.to_string()))?;
        let kinds = EntityKinds::parse()?;
        let actions = by_id
            .into_iter()
            .map(|(id, shape)| {
                let groups: BTreeSet<_> =
                    shape.groups().iter().map(|group| uid(&kinds.action, group)).collect();
                let parents = groups.iter().cloned().collect();
                let entity =
                    Entity::new_with_attr_partial_value(uid(&kinds.action, &id), [], [].into(), parents, []);
                (id, Action { shape, entity, groups })
            })
            .collect();
        Ok(Self(Arc::new(Inner { actions, kinds, value, cedar })))
    }

    /// The shape of an action; `None` if there is no such action.
    pub fn action(&self, id: &str) -> Option<&ActionShape> {
        self.entry(id).map(|action| &action.shape)
    }

    /// Every action, sorted by id.
    pub fn actions(&self) -> impl Iterator<Item = (&str, &ActionShape)> {
        self.0.actions.iter().map(|(id, action)| (id.as_str(), &action.shape))
    }

    /// The Cedar schema in Cedar's JSON form; canonical, it is the schema's part of the policy set digest.
    pub fn to_value(&self) -> &Value {
        &self.0.value
    }

    pub(crate) fn entry(&self, id: &str) -> Option<&Action> {
        self.0.actions.get(id)
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (&String, &Action)> {
        self.0.actions.iter()
    }

    pub(crate) fn kinds(&self) -> &EntityKinds {
        &self.0.kinds
    }

    pub(crate) fn cedar(&self) -> &cedar_policy::Schema {
        &self.0.cedar
    }
}

impl EntityKinds {
    fn parse() -> Result<Self, SchemaFault> {
        let kind = |name: &str| {
            EntityType::from_normalized_str(name).map_err(|cause| SchemaFault::Engine(cause.to_string()))
        };
        Ok(Self {
            action: kind("Action")?,
            agent: kind("Agent")?,
            person: kind("Person")?,
            service: kind("Service")?,
            team: kind("Team")?,
            group: kind("Group")?,
            record: kind("Record")?,
        })
    }
}

pub(crate) fn uid(kind: &EntityType, id: &str) -> EntityUID {
    EntityUID::from_components(kind.clone(), Eid::new(id), None)
}

fn check(shape: &ActionShape) -> Result<(), SchemaFault> {
    let action = shape.id();
    if ![&shape.system, &shape.object, &shape.action]
        .iter()
        .all(|part| slug(part).is_some() && !part.contains('.'))
    {
        return Err(SchemaFault::ActionName(action));
    }
    if shape.fields.len() > FIELDS_MAX {
        return Err(SchemaFault::TooManyFields { action, count: shape.fields.len() });
    }
    let mut names = BTreeSet::new();
    for FieldShape { name, .. } in &shape.fields {
        let printable = !name.is_empty() && !name.chars().any(char::is_control);
        if !printable || name.chars().count() > FIELD_NAME_LEN_MAX {
            return Err(SchemaFault::FieldName {
                action,
                field: name.chars().take(FIELD_NAME_LEN_MAX).collect(),
            });
        }
        if !names.insert(name) {
            return Err(SchemaFault::DuplicateField { action, field: name.clone() });
        }
    }
    Ok(())
}

fn cedar_value(shapes: &BTreeMap<String, ActionShape>) -> Value {
    let mut actions = Object::new();
    for kind in KINDS {
        actions.insert(format!("*.{kind}"), object([]));
    }
    for (id, shape) in shapes {
        for group in shape.groups() {
            actions.entry(group).or_insert_with(|| object([]));
        }
        actions.insert(id.clone(), action_value(shape));
    }
    let longs =
        |names: &[&str]| record(names.iter().map(|name| ((*name).to_owned(), named("Long"))).collect());
    let resource = [("connector", named("String")), ("system", named("String")), ("object", named("String"))]
        .into_iter()
        .chain([("environment", named("String")), ("labels", set_of_texts())])
        .map(|(name, ty)| (name.to_owned(), ty))
        .collect();
    let member_of = |parent: &str| object([("memberOfTypes", Value::Array(vec![parent.into()]))]);
    object([(
        "",
        object([
            ("actions", actions.into()),
            (
                "commonTypes",
                object([
                    ("Lane", record([("readiness".to_owned(), set_of_texts())].into())),
                    ("Usage", longs(&["agentHour", "agentDay", "laneHour", "laneDay"])),
                ]),
            ),
            (
                "entityTypes",
                object([
                    ("Agent", member_of("Team")),
                    ("Group", object([])),
                    ("Person", member_of("Group")),
                    ("Record", object([("shape", record(resource))])),
                    ("Service", member_of("Team")),
                    ("Team", object([])),
                ]),
            ),
        ]),
    )])
}

fn action_value(shape: &ActionShape) -> Value {
    let groups = shape.groups().map(|group| object([("id", group.into())]));
    let texts = |names: &[&str]| names.iter().map(|name| Value::from(*name)).collect::<Vec<_>>();
    object([
        (
            "appliesTo",
            object([
                ("context", context_type(shape)),
                ("principalTypes", texts(&["Agent", "Person", "Service"]).into()),
                ("resourceTypes", texts(&["Record"]).into()),
            ]),
        ),
        ("memberOf", Value::Array(groups.into())),
    ])
}

/// The facts of a request; [`crate::facts`] fills in exactly these.
fn context_type(shape: &ActionShape) -> Value {
    let visible = || shape.fields.iter().filter(|field| field.policy_visible);
    let values: Object =
        visible().map(|field| (field.name.clone(), optional(field.ty.cedar_type()))).collect();
    let mut delta = Object::new();
    for field in visible().filter(|field| field.ty.is_number()) {
        delta.insert(format!("{}Bp", field.name), optional(named("Long")));
        if field.ty.minor_scale().is_some() {
            delta.insert(format!("{}Minor", field.name), optional(named("Long")));
        }
    }
    let facts = [
        ("after", record(values.clone())),
        ("approved", named("Boolean")),
        ("before", record(values)),
        ("changedFields", set_of_texts()),
        ("confidenceBp", optional(named("Long"))),
        ("delta", record(delta)),
        ("environment", named("String")),
        ("lane", named("Lane")),
        ("localHour", named("Long")),
        ("onBehalfOf", optional(named("String"))),
        ("planSize", named("Long")),
        ("recovery", named("Boolean")),
        ("reversibility", named("String")),
        ("source", named("String")),
        ("takeover", named("Boolean")),
        ("usage", named("Usage")),
        ("weekday", named("Long")),
        ("workflow", named("String")),
    ];
    record(facts.into_iter().map(|(name, ty)| (name.to_owned(), ty)).collect())
}

fn named(ty: &str) -> Value {
    object([("type", ty.into())])
}

fn set_of_texts() -> Value {
    object([("type", "Set".into()), ("element", named("String"))])
}

fn record(attributes: Object) -> Value {
    object([("type", "Record".into()), ("attributes", attributes.into())])
}

fn optional(ty: Value) -> Value {
    match ty {
        Value::Object(mut members) => {
            members.insert("required".to_owned(), false.into());
            Value::Object(members)
        }
        other @ (Value::Null | Value::Bool(_) | Value::Int(_) | Value::Str(_) | Value::Array(_)) => other,
    }
}

#[cfg(test)]
mod tests;
