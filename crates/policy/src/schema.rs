//! Connector actions, as plain shapes → the Cedar schema that policies are validated against.
//!
//! The schema is closed and strict: a policy that names an unknown action, field or fact does not load, and an optional
//! fact must be guarded with `has`. It knows no connector type; whoever knows manifests hands in [`ActionShape`]s.

mod generate;
mod shape;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cedar_policy_core::ast::{Eid, Entity, EntityType, EntityUID};
use proof::canonical;
use proof::json::Value;

use crate::rule::slug;

pub use shape::{ActionShape, FieldShape, FieldType};

/// Most actions of one schema.
pub const ACTIONS_MAX: usize = 2_000;

/// Most fields of one action.
pub const FIELDS_MAX: usize = 1_000;

/// Longest field name, in characters.
pub const FIELD_NAME_LEN_MAX: usize = 128;

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
        let value = generate::cedar_value(&by_id);
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

#[cfg(test)]
mod tests;
