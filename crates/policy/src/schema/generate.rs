//! Shapes → Cedar's JSON form of a schema, canonical from the start because it is hashed.

use std::collections::BTreeMap;

use proof::json::{Object, Value, object};

use super::shape::{ActionShape, FieldType, KINDS};

pub(super) fn cedar_value(shapes: &BTreeMap<String, ActionShape>) -> Value {
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
        visible().map(|field| (field.name.clone(), optional(cedar_type(field.ty)))).collect();
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

fn cedar_type(ty: FieldType) -> Value {
    match ty {
        FieldType::Boolean => named("Boolean"),
        FieldType::Integer => named("Long"),
        FieldType::List => set_of_texts(),
        FieldType::Text
        | FieldType::Enum
        | FieldType::Decimal
        | FieldType::Money { .. }
        | FieldType::Date
        | FieldType::DateTime
        | FieldType::Reference => named("String"),
    }
}
