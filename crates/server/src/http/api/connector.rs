//! What a configured connector can do.

use std::collections::BTreeMap;

use connectors::description::{
    ActionDescription, ArgumentDescription, EnumValue, FieldDescription, ObjectDescription, Undo,
};
use engine::admin::ConnectorView;
use engine::control::ReadinessFact;
use serde::Serialize;
use utoipa::ToSchema;

use super::plan::type_word;
use crate::http::json::Any;

/// A configured connector.
#[derive(Debug, Serialize, ToSchema)]
pub struct Connector {
    /// Its name.
    pub name: String,
    /// The kind of software.
    pub system: String,
    /// The kind of software, for people; `null` when it does not load.
    #[schema(required)]
    pub title: Option<String>,
    /// `simulation`, `sandbox` or `production`.
    pub environment: String,
    /// Where it points.
    pub base_url: String,
    /// Digest of its manifest.
    pub manifest: String,
    /// When its configuration was last changed.
    pub changed: String,
    /// Whether new attempts on it are stopped.
    pub paused: bool,
    /// What is known of its readiness, by fact.
    pub readiness: BTreeMap<String, Fact>,
    /// Why it does not load; missing when it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub fault: Option<String>,
    /// Its kinds of records by name; missing in lists, and when it does not load.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub objects: Option<BTreeMap<String, ConnectorObject>>,
}

/// One readiness fact.
#[derive(Debug, Serialize, ToSchema)]
pub struct Fact {
    /// Whether it holds.
    pub ok: bool,
    /// How it was found.
    pub detail: String,
    /// When.
    pub at: String,
    /// When it has to be found again: from then on no policy counts it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub expires: Option<String>,
}

/// One kind of record.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConnectorObject {
    /// For people.
    label: String,
    /// The fields by name.
    fields: BTreeMap<String, ConnectorField>,
    /// The actions by the last part of their name.
    actions: BTreeMap<String, ConnectorAction>,
}

/// One field.
#[derive(Debug, Serialize, ToSchema)]
struct ConnectorField {
    /// For people.
    label: String,
    /// What it holds.
    #[serde(rename = "type")]
    ty: &'static str,
    /// The values of an enum.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    values: Vec<ConnectorValue>,
    /// How careful its values are handled.
    sensitivity: &'static str,
    /// Whether any action may change it.
    writable: bool,
    /// Whether `null` may be written to clear it.
    clearable: bool,
}

/// One value of an enum.
#[derive(Debug, Serialize, ToSchema)]
struct ConnectorValue {
    /// On the wire.
    value: String,
    /// For people.
    label: String,
    /// Whether it may be written.
    settable: bool,
}

/// One thing that can be done to a record.
#[derive(Debug, Serialize, ToSchema)]
struct ConnectorAction {
    /// `<system>.<object>.<action>`, as policies name it.
    name: String,
    /// `create`, `update`, `delete` or `invoke`.
    kind: &'static str,
    /// For people.
    label: String,
    /// The fields that `changes` may name.
    fields: Vec<String>,
    /// The fields that `changes` of a create must name.
    required: Vec<String>,
    /// After-values that it always sets.
    #[schema(value_type = BTreeMap<String, serde_json::Value>)]
    sets: BTreeMap<String, Any>,
    /// The arguments of a business action.
    arguments: BTreeMap<String, ConnectorArgument>,
    /// What else may happen.
    consequences: Vec<String>,
    /// How it can be undone.
    undo: ConnectorUndo,
    /// What the write can promise against other writers.
    guarantee: &'static str,
    /// How its effect is proven.
    proof: &'static str,
}

/// One argument of a business action.
#[derive(Debug, Serialize, ToSchema)]
struct ConnectorArgument {
    /// For people.
    label: String,
    /// What it holds.
    #[serde(rename = "type")]
    ty: &'static str,
    /// The values of an enum.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    values: Vec<ConnectorValue>,
    /// How careful its values are handled.
    sensitivity: &'static str,
    /// Whether it must be given.
    required: bool,
}

/// How an action can be undone.
#[derive(Debug, Serialize, ToSchema)]
struct ConnectorUndo {
    /// `rollback`, `compensation` or `irreversible`.
    kind: &'static str,
    /// The action that counters it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    action: Option<String>,
    /// Why it cannot be undone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    why: Option<String>,
}

impl Connector {
    /// A connector with everything that it can do.
    pub fn whole(view: ConnectorView) -> Self {
        let objects = view.description.as_ref().ok().map(|description| {
            let object = |(name, object): (&domain::name::Slug, &ObjectDescription)| {
                let prefix = format!("{}.{name}", description.system);
                (name.to_string(), ConnectorObject::of(&prefix, object))
            };
            description.objects.iter().map(object).collect()
        });
        Self { objects, ..Self::brief(view) }
    }

    /// A connector in a list.
    pub fn brief(view: ConnectorView) -> Self {
        let (title, fault) = match view.description {
            Ok(description) => (Some(description.title), None),
            Err(why) => (None, Some(why)),
        };
        Self {
            name: view.name.to_string(),
            system: view.system,
            title,
            environment: view.environment,
            base_url: view.base_url,
            manifest: view.manifest,
            changed: view.changed,
            paused: view.paused,
            readiness: facts(view.readiness),
            fault,
            objects: None,
        }
    }
}

/// Readiness facts by name.
pub fn facts(facts: BTreeMap<String, ReadinessFact>) -> BTreeMap<String, Fact> {
    let fact = |(name, fact): (String, ReadinessFact)| {
        let expires = fact.expires().map(|expires| expires.to_string());
        (name, Fact { ok: fact.ok, detail: fact.detail, at: fact.at, expires })
    };
    facts.into_iter().map(fact).collect()
}

impl ConnectorObject {
    fn of(prefix: &str, object: &ObjectDescription) -> Self {
        let field = |(name, field): (&String, &FieldDescription)| (name.clone(), field.into());
        let action = |(name, action): (&domain::name::Slug, &ActionDescription)| {
            (name.to_string(), ConnectorAction::of(format!("{prefix}.{name}"), action))
        };
        Self {
            label: object.label.clone(),
            fields: object.fields.iter().map(field).collect(),
            actions: object.actions.iter().map(action).collect(),
        }
    }
}

impl From<&FieldDescription> for ConnectorField {
    fn from(field: &FieldDescription) -> Self {
        Self {
            label: field.label.clone(),
            ty: type_word(field.ty),
            values: field.values.iter().map(ConnectorValue::from).collect(),
            sensitivity: field.sensitivity.word(),
            writable: field.writable,
            clearable: field.clearable,
        }
    }
}

impl From<&EnumValue> for ConnectorValue {
    fn from(value: &EnumValue) -> Self {
        Self { value: value.value.clone(), label: value.label.clone(), settable: value.settable }
    }
}

impl From<&ArgumentDescription> for ConnectorArgument {
    fn from(argument: &ArgumentDescription) -> Self {
        Self {
            label: argument.label.clone(),
            ty: type_word(argument.ty),
            values: argument.values.iter().map(ConnectorValue::from).collect(),
            sensitivity: argument.sensitivity.word(),
            required: argument.required,
        }
    }
}

impl ConnectorAction {
    fn of(name: String, action: &ActionDescription) -> Self {
        let undo = match &action.undo {
            Undo::Rollback => ConnectorUndo { kind: "rollback", action: None, why: None },
            Undo::Compensation { action } => {
                ConnectorUndo { kind: "compensation", action: Some(action.to_string()), why: None }
            }
            Undo::Irreversible { reason } => {
                ConnectorUndo { kind: "irreversible", action: None, why: Some(reason.clone()) }
            }
        };
        Self {
            name,
            kind: action.kind.word(),
            label: action.label.clone(),
            fields: action.fields.iter().cloned().collect(),
            required: action.required.iter().cloned().collect(),
            sets: action.sets.iter().map(|(name, value)| (name.clone(), value.into())).collect(),
            arguments: action
                .arguments
                .iter()
                .map(|(name, argument)| (name.clone(), argument.into()))
                .collect(),
            consequences: action.consequences.iter().map(|consequence| consequence.text.clone()).collect(),
            undo,
            guarantee: action.guarantee.word(),
            proof: action.proof.word(),
        }
    }
}
