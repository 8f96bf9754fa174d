use proof::{canonical, strict};
use proptest::prelude::*;

use super::*;
use crate::delta::DELTA_BP_MAX;
use crate::sample;

fn field(ty: FieldType, policy_visible: bool) -> FieldShape {
    FieldShape { name: "F".to_owned(), ty, policy_visible }
}

/// One change of a field `F` → `before`, `after` and `delta` in canonical JSON.
fn check(ty: FieldType, before: Option<Value>, after: Option<Value>, expected: [&str; 3]) {
    let mut request = sample::request("zendesk.ticket.update");
    request.add_change(&field(ty, true), before.as_ref(), after.as_ref()).unwrap();
    let wire = request.to_value();
    let got = ["before", "after", "delta"].map(|name| canonical::to_string(wire.get(name).unwrap()));
    assert_eq!(got, expected, "{ty:?}");
    assert_eq!(request.changed_fields, ["F".to_owned()].into());
}

fn value(value: impl Into<Value>) -> Value {
    value.into()
}

#[test]
fn a_visible_change_gives_its_values() {
    check(FieldType::Text, Some(value("a")), Some(value("b")), [r#"{"F":"a"}"#, r#"{"F":"b"}"#, "{}"]);
    check(
        FieldType::Boolean,
        Some(value(false)),
        Some(value(true)),
        [r#"{"F":false}"#, r#"{"F":true}"#, "{}"],
    );
    let list = |texts: &[&str]| Some(Value::Array(texts.iter().map(|&text| text.into()).collect()));
    check(FieldType::List, list(&[]), list(&["vip"]), [r#"{"F":[]}"#, r#"{"F":["vip"]}"#, "{}"]);
}

#[test]
fn null_and_absent_are_both_left_out_but_empty_text_is_a_value() {
    check(FieldType::Text, Some(Value::Null), Some(value("")), ["{}", r#"{"F":""}"#, "{}"]);
    check(FieldType::Text, Some(value("a")), None, [r#"{"F":"a"}"#, "{}", "{}"]);
    check(FieldType::Money { scale: 2 }, Some(Value::Null), Some(Value::Null), ["{}", "{}", r#"{"FBp":0}"#]);
}

#[test]
fn numbers_give_their_deltas() {
    check(
        FieldType::Integer,
        Some(value(10_i64)),
        Some(value(15_i64)),
        [r#"{"F":10}"#, r#"{"F":15}"#, r#"{"FBp":5000}"#],
    );
    let money = FieldType::Money { scale: 3 };
    check(
        money,
        Some(value("10")),
        Some(value("9.5")),
        [r#"{"F":"10"}"#, r#"{"F":"9.5"}"#, r#"{"FBp":-500,"FMinor":9500}"#],
    );
    check(
        FieldType::Decimal,
        Some(value("0")),
        Some(value("12.5")),
        [r#"{"F":"0"}"#, r#"{"F":"12.5"}"#, &format!(r#"{{"FBp":{DELTA_BP_MAX},"FMinor":1250}}"#)],
    );
    check(money, Some(value("10")), None, [r#"{"F":"10"}"#, "{}", r#"{"FBp":-10000}"#]);
}

#[test]
fn a_hidden_change_gives_its_name_only() {
    let mut request = sample::request("zendesk.ticket.update");
    let hidden = field(FieldType::Money { scale: 2 }, false);
    request.add_change(&hidden, Some(&"1".into()), Some(&"no number".into())).unwrap();
    assert_eq!(request.changed_fields, ["F".to_owned()].into());
    assert!(request.before.is_empty() && request.after.is_empty() && request.delta.is_empty());
}

#[test]
fn a_value_of_another_type_is_refused_and_leaves_nothing_behind() {
    let fresh = sample::request("zendesk.ticket.update");
    for (ty, value) in [
        (FieldType::Text, Value::Int(1)),
        (FieldType::Enum, Value::Bool(true)),
        (FieldType::Reference, Value::Array(vec![])),
        (FieldType::Boolean, "true".into()),
        (FieldType::Integer, "1".into()),
        (FieldType::Integer, Value::Int(INTEGER_MAX + 1)),
        (FieldType::Integer, Value::Int(i64::MIN)),
        (FieldType::Decimal, Value::Int(1)),
        (FieldType::Money { scale: 2 }, "1,00".into()),
        (FieldType::Money { scale: 2 }, "ten".into()),
        (FieldType::List, "vip".into()),
        (FieldType::List, Value::Array(vec![Value::Int(1)])),
        (FieldType::Text, Value::Object([].into())),
    ] {
        for (before, after) in [(Some(&value), None), (None, Some(&value))] {
            let mut request = fresh.clone();
            assert!(request.add_change(&field(ty, true), before, after).is_err(), "{ty:?} {value:?}");
            assert_eq!(request, fresh, "{ty:?} {value:?}");
        }
    }
    assert!(
        fresh
            .clone()
            .add_change(&field(FieldType::Integer, true), None, Some(&Value::Int(INTEGER_MAX)))
            .is_ok()
    );
}

#[test]
fn a_request_reads_back_from_its_stored_form() {
    let mut request = sample::request("salesforce.opportunity.update");
    sample::change(&mut request, "Amount", "100", "120");
    request.on_behalf_of = Some("person_a".to_owned());
    request.confidence_bp = Some(8_200);
    request.record.labels = ["vip".to_owned()].into();
    request.readiness = ["dry-run".to_owned(), "rollback-proven".to_owned()].into();
    request.usage = Usage { agent_hour: 1, agent_day: 2, lane_hour: 3, lane_day: 4 };
    for edited in [request.clone(), sample::request("zendesk.ticket.create")] {
        let text = canonical::to_string(&edited.to_value());
        let stored = strict::parse_open(text.as_bytes()).unwrap();
        assert_eq!(Request::from_value(&stored), Ok(edited));
    }
    insta::assert_snapshot!(canonical::to_string(&request.to_value()));
}

#[test]
fn a_stored_request_with_any_member_missing_changed_or_added_is_refused() {
    let whole = sample::request("zendesk.ticket.update").to_value();
    let members = whole.as_object().unwrap();
    for name in members.keys() {
        let mut without = members.clone();
        without.remove(name);
        assert!(Request::from_value(&without.into()).is_err(), "without {name}");
        let mut changed = members.clone();
        let wrong =
            if name == "confidence_bp" || name == "on_behalf_of" { Value::Bool(true) } else { Value::Null };
        changed.insert(name.clone(), wrong);
        assert!(Request::from_value(&changed.into()).is_err(), "changed {name}");
    }
    for within in ["principal", "record", "usage"] {
        let mut added = members.clone();
        let mut inner = members[within].as_object().unwrap().clone();
        inner.insert("extra".to_owned(), true.into());
        added.insert(within.to_owned(), inner.into());
        assert_eq!(Request::from_value(&added.into()), Err(WireFault::UnknownMember("extra".to_owned())));
    }
    let mut added = members.clone();
    added.insert("extra".to_owned(), true.into());
    assert_eq!(Request::from_value(&added.into()), Err(WireFault::UnknownMember("extra".to_owned())));
    assert_eq!(Request::from_value(&true.into()), Err(WireFault::NotAnObject("request")));
}

#[test]
fn sets_are_stored_sorted_and_without_repeats() {
    let whole = sample::request("zendesk.ticket.update").to_value();
    for (texts, good) in [(vec!["a", "b"], true), (vec!["b", "a"], false), (vec!["a", "a"], false)] {
        let mut members = whole.as_object().unwrap().clone();
        members.insert("readiness".to_owned(), Value::Array(texts.into_iter().map(Value::from).collect()));
        assert_eq!(Request::from_value(&members.into()).is_ok(), good);
    }
}

#[test]
fn the_schema_declares_exactly_the_facts_that_are_given() {
    let set = sample::set("@id(\"a\") permit (principal, action, resource);");
    let mut request = sample::request("salesforce.opportunity.update");
    for (name, before, after) in [("Amount", "1", "2"), ("Discount", "1", "2"), ("StageName", "a", "b")] {
        sample::change(&mut request, name, before, after);
    }
    request.on_behalf_of = Some("person_a".to_owned());
    request.confidence_bp = Some(1);
    assert_eq!(set.decide(&request).outcome.word(), "auto");
}

proptest! {
    #[test]
    fn no_stored_value_breaks_the_reader(text in "\\PC{0,60}") {
        if let Ok(value) = strict::parse_lenient(text.as_bytes()) {
            prop_assert!(Request::from_value(&value).is_err());
        }
    }
}
