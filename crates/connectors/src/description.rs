//! What a connector can do, in plain shapes: for the preview, the policy schema, the agent's tools and the Console.

use std::collections::{BTreeMap, BTreeSet};

use domain::attempt::Guarantee;
use domain::field::FieldType;
use domain::mutation::{Environment, Fields, Kind, Mutation, UndoKind};
use domain::name::Slug;
use policy::{ActionShape, FieldShape, FieldType as ShapeType};
use proof::canonical::to_string;
use proof::digest::{Digest, sha256};
use proof::json::{Value, object};

use crate::manifest::{Manifest, Times};
use crate::words::words;

words! {
    /// How careful a field's values are handled.
    Sensitivity {
        /// Anybody may know it.
        Public = "public",
        /// Anybody in the customer's organization may know it.
        Internal = "internal",
        /// It is about a person, or may be.
        Personal = "personal",
        /// It must not be shown or stored in clear.
        Secret = "secret",
    }
}

words! {
    /// What the vendor does with the version token of a write.
    Conditional {
        /// Checks and writes in one step: of two writers with one token, one wins.
        Atomic = "atomic",
        /// Checks, but two writers may both pass: no lock, or a coarse token.
        Advisory = "advisory",
        /// Checks nothing.
        None = "none",
    }
}

words! {
    /// How an action's effect is proven after the system of record accepted it.
    Proof {
        /// A fresh read shows the after-values.
        ReadBack = "read_back",
        /// A fresh read finds no record.
        Gone = "gone",
        /// [`crate::connector::Connector::find_effect`] finds it.
        Effect = "effect",
    }
}

/// The bytes hashed before a configuration, so that its digest can stand for nothing else.
const CONFIGURATION_TAG: &str = "actionplane/configuration/v1\n";

/// A configured connector: its identity, and everything that its manifest allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The kind of software, such as `zendesk`.
    pub system: Slug,
    /// The software's name for people.
    pub title: String,
    /// The configured instance, such as `help-desk`.
    pub connector: Slug,
    /// Where it points.
    pub environment: Environment,
    /// Digest of the manifest's bytes.
    pub manifest: Digest,
    /// Digest of the manifest and of the configuration without its secrets.
    pub configuration: Digest,
    /// The vendor's tenant: the same for two connectors that reach the same records.
    pub tenant: String,
    /// The objects by name.
    pub objects: BTreeMap<Slug, ObjectDescription>,
}

/// One kind of record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectDescription {
    /// For people.
    pub label: String,
    /// The fields that a snapshot holds, by name.
    pub fields: BTreeMap<String, FieldDescription>,
    /// The actions by the last part of their name.
    pub actions: BTreeMap<Slug, ActionDescription>,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldDescription {
    /// For people.
    pub label: String,
    /// What it holds.
    pub ty: FieldType,
    /// The values of an enum.
    pub values: Vec<EnumValue>,
    /// How careful its values are handled.
    pub sensitivity: Sensitivity,
    /// Whether any action may change it.
    pub writable: bool,
    /// Whether `null` may be written to clear it.
    pub clearable: bool,
}

/// One value of an enum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumValue {
    /// On the wire.
    pub value: String,
    /// For people.
    pub label: String,
    /// Whether it may be written; some values only the vendor sets, or cannot be taken back.
    pub settable: bool,
}

/// One thing that can be done to a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionDescription {
    /// What it does to the record.
    pub kind: Kind,
    /// For people.
    pub label: String,
    /// The fields that `changes` may name.
    pub fields: BTreeSet<String>,
    /// The fields that `changes` of a create must name.
    pub required: BTreeSet<String>,
    /// After-values that the action always sets, normalized.
    pub sets: Fields,
    /// The arguments of a business action.
    pub arguments: BTreeMap<String, ArgumentDescription>,
    /// What else happens.
    pub consequences: Vec<Consequence>,
    /// How it can be undone.
    pub undo: Undo,
    /// What the vendor does with the version token.
    pub conditional: Conditional,
    /// What the write can promise against other writers.
    pub guarantee: Guarantee,
    /// How the effect is proven.
    pub proof: Proof,
    /// Whether the effect can be looked up by our idempotency key.
    pub key_lookup: bool,
    /// How long the request may take: milliseconds.
    pub timeout_ms: u64,
    /// How long after acceptance a read may still show the old values: milliseconds.
    pub settle_ms: u64,
    /// How long after the timeout a lost request may still take effect: milliseconds.
    pub lands_within_ms: u64,
    /// Refusals after which a new attempt can help.
    pub retryable: BTreeSet<Slug>,
}

/// One argument of a business action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArgumentDescription {
    /// For people.
    pub label: String,
    /// What it holds.
    pub ty: FieldType,
    /// The values of an enum.
    pub values: Vec<EnumValue>,
    /// How careful its values are handled.
    pub sensitivity: Sensitivity,
    /// Whether it must be given.
    pub required: bool,
}

/// Something that happens beside the change, said before approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consequence {
    /// For people.
    pub text: String,
    /// When it happens; absent means always.
    pub when: Option<Condition>,
}

/// A field's after-value or an argument has a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The field or argument.
    pub name: String,
    /// Its normalized value.
    pub equals: Value,
}

/// How an action can be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undo {
    /// The changed fields are written back.
    Rollback,
    /// Another action of the same object counters it.
    Compensation {
        /// That action.
        action: Slug,
    },
    /// It cannot.
    Irreversible {
        /// Why, for people.
        reason: String,
    },
}

impl Undo {
    /// The kind, as plans carry it.
    pub fn kind(&self) -> UndoKind {
        match self {
            Self::Rollback => UndoKind::Rollback,
            Self::Compensation { .. } => UndoKind::Compensation,
            Self::Irreversible { .. } => UndoKind::Irreversible,
        }
    }
}

impl Description {
    /// What a manifest becomes at a place; `user` is the part of the credentials that may be shown.
    pub(crate) fn of(
        manifest: &Manifest,
        name: Slug,
        environment: Environment,
        place: &str,
        user: &str,
    ) -> Self {
        let configuration = object([
            ("base_url", place.into()),
            ("environment", environment.word().into()),
            ("manifest", manifest.digest.into()),
            ("name", name.to_string().into()),
            ("user", user.into()),
        ]);
        Self {
            system: manifest.system.clone(),
            title: manifest.title.clone(),
            connector: name,
            environment,
            manifest: manifest.digest,
            configuration: sha256(format!("{CONFIGURATION_TAG}{}", to_string(&configuration)).as_bytes()),
            tenant: place.to_owned(),
            objects: manifest.objects().map(|(name, object)| (name.clone(), object.clone())).collect(),
        }
        .timed(manifest.simulation.filter(|_| environment == Environment::Simulation))
    }

    /// With other times than the vendor's, for a simulator.
    fn timed(mut self, times: Option<Times>) -> Self {
        let Some(times) = times else { return self };
        for action in self.objects.values_mut().flat_map(|object| object.actions.values_mut()) {
            action.timeout_ms = times.timeout_ms;
            action.settle_ms = times.settle_ms;
            action.lands_within_ms = times.lands_within_ms;
        }
        self
    }

    /// The object of that name.
    pub fn object(&self, object: &Slug) -> Option<&ObjectDescription> {
        self.objects.get(object)
    }

    /// The action of that object; `verb` is a kind or a business action.
    pub fn action(&self, object: &Slug, verb: &str) -> Option<&ActionDescription> {
        self.objects.get(object)?.actions.get(&Slug::parse(verb).ok()?)
    }

    /// The action's full name, `<system>.<object>.<verb>`.
    pub fn action_name(&self, object: &Slug, verb: &str) -> String {
        format!("{}.{object}.{verb}", self.system)
    }

    /// What happens beside the changes of this mutation, in the manifest's order.
    pub fn consequences(&self, mutation: &Mutation) -> Vec<String> {
        let Some(action) = self.action(&mutation.object, mutation.verb()) else { return Vec::new() };
        let after = |name: &str| {
            let change = mutation.changes.iter().find(|change| change.field == name);
            change.and_then(|change| change.after.as_ref()).or_else(|| mutation.arguments.get(name))
        };
        let happens = |consequence: &&Consequence| {
            consequence.when.as_ref().is_none_or(|when| after(&when.name) == Some(&when.equals))
        };
        action.consequences.iter().filter(happens).map(|consequence| consequence.text.clone()).collect()
    }

    /// Every action as policies see it. Personal and secret values stay out of their sight.
    pub fn policy_shapes(&self) -> Vec<ActionShape> {
        let mut shapes = Vec::new();
        for (name, object) in &self.objects {
            for (verb, action) in &object.actions {
                let fields = action.fields.iter().chain(action.sets.keys()).filter_map(|field| {
                    let description = object.fields.get(field)?;
                    Some(shape(field, description.ty, description.sensitivity))
                });
                let arguments = action
                    .arguments
                    .iter()
                    .map(|(name, argument)| shape(name, argument.ty, argument.sensitivity));
                shapes.push(ActionShape {
                    system: self.system.to_string(),
                    object: name.to_string(),
                    action: verb.to_string(),
                    fields: fields.chain(arguments).collect(),
                });
            }
        }
        shapes
    }
}

fn shape(name: &str, ty: FieldType, sensitivity: Sensitivity) -> FieldShape {
    let policy_visible = match sensitivity {
        Sensitivity::Public | Sensitivity::Internal => true,
        Sensitivity::Personal | Sensitivity::Secret => false,
    };
    let ty = match ty {
        FieldType::Text | FieldType::LongText => ShapeType::Text,
        FieldType::Enum => ShapeType::Enum,
        FieldType::Boolean => ShapeType::Boolean,
        FieldType::Integer => ShapeType::Integer,
        FieldType::Decimal => ShapeType::Decimal,
        FieldType::Money { scale } => ShapeType::Money { scale },
        FieldType::Date => ShapeType::Date,
        FieldType::DateTime => ShapeType::DateTime,
        FieldType::Reference => ShapeType::Reference,
        FieldType::Set => ShapeType::List,
    };
    FieldShape { name: name.to_owned(), ty, policy_visible }
}

#[cfg(test)]
mod tests;
