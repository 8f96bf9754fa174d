use cedar_policy::EntityUid;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::sample;

/// What Cedar's own checks say: scope, context and entities against the schema.
fn cedar_accepts(request: &Request, schema: &Schema) -> Result<(), String> {
    let checked = Checked::new(request, schema.entry(&request.action).unwrap(), schema)
        .map_err(|fault| fault.to_string())?;
    let entities = checked.entities.iter().map(|entity| cedar_policy::Entity::from(entity.clone()));
    cedar_policy::Entities::from_entities(entities, Some(schema.cedar()))
        .map_err(|cause| cause.to_string())?;
    for approved in [false, true] {
        let question = cedar_policy::Request::from(checked.ask(approved));
        let part = |part: Option<&EntityUid>| part.unwrap().clone();
        let (principal, action, resource) =
            (part(question.principal()), part(question.action()), part(question.resource()));
        let context = question.context().unwrap().clone();
        cedar_policy::Request::new(principal, action, resource, context, Some(schema.cedar()))
            .map_err(|cause| cause.to_string())?;
    }
    Ok(())
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-5_i64..5).prop_map(Value::from),
        "[a-z0-9.]{0,4}".prop_map(Value::from),
        prop::collection::vec("[a-z]{0,2}".prop_map(Value::from), 0..3).prop_map(Value::from),
        Just(Value::Array(vec![Value::Null])),
        Just(Value::Object([].into())),
    ]
}

fn fields() -> impl Strategy<Value = BTreeMap<String, Value>> {
    const NAMES: &[&str] = &[
        "StageName",
        "Amount",
        "Probability",
        "IsPrivate",
        "Discount",
        "status",
        "tags",
        "Description",
        "Bogus",
    ];
    prop::collection::btree_map(select(NAMES).prop_map(str::to_owned), any_value(), 0..3)
}

fn deltas() -> impl Strategy<Value = BTreeMap<String, i64>> {
    const NAMES: &[&str] = &[
        "AmountBp",
        "AmountMinor",
        "ProbabilityBp",
        "ProbabilityMinor",
        "DiscountMinor",
        "StageNameBp",
        "Bp",
        "Amount",
    ];
    prop::collection::btree_map(select(NAMES).prop_map(str::to_owned), any::<i64>(), 0..3)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Whatever passes our check passes Cedar's; whatever Cedar refuses, ours has refused.
    #[test]
    fn cedar_accepts_what_is_accepted_here(
        action in select(&["salesforce.opportunity.update", "zendesk.ticket.update", "zendesk.ticket.reply"][..]),
        (before, after, delta) in (fields(), fields(), deltas()),
        kind in select(PrincipalKind::ALL),
        texts in prop::collection::btree_set("\\PC{0,3}", 0..3),
        (confidence_bp, on_behalf_of, id) in any::<(Option<u32>, Option<String>, Option<String>)>(),
        (local_hour, weekday, plan_size) in (0_u8..25, 0_u8..9, 0_u32..3),
        (recovery, takeover) in any::<(bool, bool)>(),
    ) {
        let mut request = sample::request(action);
        request.principal.kind = kind;
        request.principal.groups.clone_from(&texts);
        request.record.labels.clone_from(&texts);
        request.changed_fields.clone_from(&texts);
        request.readiness = texts;
        request.record.id = id;
        (request.before, request.after, request.delta) = (before, after, delta);
        (request.confidence_bp, request.on_behalf_of) = (confidence_bp, on_behalf_of);
        (request.local_hour, request.weekday, request.plan_size) = (local_hour, weekday, plan_size);
        (request.recovery, request.takeover) = (recovery, takeover);
        let schema = sample::schema();
        let ours = Checked::new(&request, schema.entry(action).unwrap(), &schema);
        prop_assert_eq!(cedar_accepts(&request, &schema), ours.map(drop).map_err(|fault| fault.to_string()));
    }
}

#[test]
fn cedar_accepts_a_request_with_every_kind_of_fact() {
    let mut request = sample::request("salesforce.opportunity.update");
    for (field, before, after) in
        [("Amount", "1", "2"), ("Discount", "1", "2"), ("CloseDate", "2026-12-31", "2027-01-31")]
    {
        sample::change(&mut request, field, before, after);
    }
    request.after.insert("IsPrivate".to_owned(), true.into());
    request.after.insert("Probability".to_owned(), 5_i64.into());
    request.delta.insert("ProbabilityBp".to_owned(), 5);
    (request.confidence_bp, request.on_behalf_of) = (Some(1), Some("person_a".to_owned()));
    assert_eq!(cedar_accepts(&request, &sample::schema()), Ok(()));
    let mut request = sample::request("zendesk.ticket.create");
    request.record.id = None;
    request.after.insert("tags".to_owned(), Value::Array(vec!["vip".into()]));
    assert_eq!(cedar_accepts(&request, &sample::schema()), Ok(()));
}
