//! Plans: as proposed, and as previewed with field-level before and after.

use std::collections::{BTreeMap, BTreeSet};

use domain::field::FieldType;
use domain::mutation::{Kind, UndoKind};
use domain::name::Slug;
use engine::queries::{ChangeView, MutationView};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Tombstone;
use crate::http::json::{Any, Form};

/// One mutation as proposed: after-values only; the before-values come from the live record.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposedMutation {
    /// The configured connector.
    #[schema(value_type = String, example = "help-desk")]
    pub connector: Form<Slug>,
    /// The kind of record.
    #[schema(value_type = String, example = "ticket")]
    pub object: Form<Slug>,
    /// The record; absent exactly for `create`.
    #[schema(example = "48213")]
    pub id: Option<String>,
    /// What it does.
    #[schema(value_type = String, example = "update", pattern = "^(create|update|delete|invoke)$")]
    pub kind: Form<Kind>,
    /// The business action, exactly for `invoke`.
    #[schema(value_type = Option<String>)]
    pub action: Option<Form<Slug>>,
    /// After-values by field, for `create` and `update`.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, serde_json::Value>)]
    pub changes: BTreeMap<String, Any>,
    /// Arguments of the business action, for `invoke`.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, serde_json::Value>)]
    pub arguments: BTreeMap<String, Any>,
    /// Fields that are not changed but must not have moved either.
    #[serde(default)]
    pub guard: BTreeSet<String>,
}

impl From<ProposedMutation> for domain::mutation::ProposedMutation {
    fn from(mutation: ProposedMutation) -> Self {
        let fields = |fields: BTreeMap<String, Any>| {
            fields.into_iter().map(|(name, Any(value))| (name, value)).collect()
        };
        Self {
            connector: mutation.connector.0,
            object: mutation.object.0,
            id: mutation.id,
            kind: mutation.kind.0,
            action: Form::opt(mutation.action),
            changes: fields(mutation.changes),
            arguments: fields(mutation.arguments),
            guard: mutation.guard,
        }
    }
}

/// Mutations as the engine takes them.
pub fn proposed(mutations: Vec<ProposedMutation>) -> Vec<domain::mutation::ProposedMutation> {
    mutations.into_iter().map(Into::into).collect()
}

/// A plan as previewed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Plan {
    /// In the order of their execution.
    pub mutations: Vec<Mutation>,
    /// How the plan can be undone.
    pub undo: Undo,
}

/// How many mutations can be undone in which way.
#[derive(Debug, Serialize, ToSchema)]
pub struct Undo {
    /// By restoring the before-values.
    pub rollback: u32,
    /// By a named counter-action.
    pub compensation: u32,
    /// Not at all.
    pub irreversible: u32,
}

/// One mutation as previewed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Mutation {
    /// Position in the plan, from 0.
    pub n: u32,
    /// The configured connector.
    pub connector: String,
    /// The kind of software.
    pub system: String,
    /// The kind of record.
    pub object: String,
    /// The kind of record, for people.
    pub object_label: String,
    /// `create`, `update`, `delete` or `invoke`.
    pub kind: String,
    /// The kind, or the business action.
    pub action: String,
    /// `<system>.<object>.<action>`, as policies name it.
    #[schema(example = "zendesk.ticket.update")]
    pub action_name: String,
    /// The action, for people.
    pub action_label: String,
    /// The record; `null` for a create, or when erased.
    #[schema(required)]
    pub record: Option<String>,
    /// The version token that the preview read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub version: Option<String>,
    /// Hash of the mutation document.
    pub hash: String,
    /// Field by field.
    pub changes: Vec<Change>,
    /// How many fields of the record stay as they are.
    pub unchanged: usize,
    /// Fields that must not move, with their values.
    #[schema(value_type = BTreeMap<String, serde_json::Value>)]
    pub guard: BTreeMap<String, Any>,
    /// Fields that must stay absent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub guard_absent: Vec<String>,
    /// Arguments of the business action.
    #[schema(value_type = BTreeMap<String, serde_json::Value>)]
    pub arguments: BTreeMap<String, Any>,
    /// `rollback`, `compensation` or `irreversible`.
    pub undo: &'static str,
    /// What else happens.
    pub consequences: Vec<String>,
    /// Whether its values were erased.
    pub erased: bool,
    /// When and why they were.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub erasure: Option<Tombstone>,
}

/// One field's before and after; a member that is missing means that the record has no such field.
#[derive(Debug, Serialize, ToSchema)]
pub struct Change {
    /// The vendor's name.
    pub field: String,
    /// For people.
    pub label: String,
    /// What it holds.
    #[serde(rename = "type")]
    #[schema(required)]
    pub ty: Option<&'static str>,
    /// How careful its values are handled.
    pub sensitivity: &'static str,
    /// The value that the preview read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub before: Option<Any>,
    /// The value after this run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub after: Option<Any>,
}

impl From<Vec<MutationView>> for Plan {
    fn from(mutations: Vec<MutationView>) -> Self {
        let count = |kind: UndoKind| {
            let count = mutations.iter().filter(|mutation| mutation.undo == kind).count();
            u32::try_from(count).unwrap_or(u32::MAX)
        };
        let undo = Undo {
            rollback: count(UndoKind::Rollback),
            compensation: count(UndoKind::Compensation),
            irreversible: count(UndoKind::Irreversible),
        };
        Self { mutations: mutations.into_iter().map(Mutation::from).collect(), undo }
    }
}

impl From<MutationView> for Mutation {
    fn from(view: MutationView) -> Self {
        let absent = view.guard.iter().filter(|(_, value)| value.is_none());
        let guard_absent = absent.map(|(name, _)| name.clone()).collect();
        Self {
            n: view.n,
            connector: view.connector,
            system: view.system,
            object: view.object,
            object_label: view.object_label,
            kind: view.kind,
            action: view.verb,
            action_name: view.action_name,
            action_label: view.action_label,
            record: view.record,
            version: view.version,
            hash: view.hash.to_string(),
            changes: view.changes.into_iter().map(Change::from).collect(),
            unchanged: view.unchanged,
            guard_absent,
            guard: view.guard.into_iter().filter_map(|(name, value)| Some((name, Any(value?)))).collect(),
            arguments: view.arguments.into_iter().map(|(name, value)| (name, Any(value))).collect(),
            undo: view.undo.word(),
            consequences: view.consequences,
            erased: view.erased,
            erasure: view.erasure.map(Into::into),
        }
    }
}

impl From<ChangeView> for Change {
    fn from(view: ChangeView) -> Self {
        Self {
            field: view.field,
            label: view.label,
            ty: view.ty.map(type_word),
            sensitivity: view.sensitivity,
            before: view.before.map(Any),
            after: view.after.map(Any),
        }
    }
}

/// The word for what a field holds.
pub fn type_word(ty: FieldType) -> &'static str {
    match ty {
        FieldType::Text => "text",
        FieldType::LongText => "long_text",
        FieldType::Enum => "enum",
        FieldType::Boolean => "boolean",
        FieldType::Integer => "integer",
        FieldType::Decimal => "decimal",
        FieldType::Money { .. } => "money",
        FieldType::Date => "date",
        FieldType::DateTime => "date_time",
        FieldType::Reference => "reference",
        FieldType::Set => "set",
    }
}
