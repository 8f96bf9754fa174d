use std::collections::BTreeMap;

use super::*;
use crate::mutation::{Environment, Kind, UndoKind};
use crate::name::Slug;

fn fields(entries: &[(&str, Value)]) -> Fields {
    entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn s(text: &str) -> Value {
    Value::from(text)
}

/// Stage Proposal → Negotiation, NextStep absent → "call", guarded Owner.
fn mutation() -> Mutation {
    let change =
        |field: &str, before: Option<Value>, after| Change { field: field.to_owned(), before, after };
    Mutation {
        n: 0,
        connector: Slug::parse("crm").unwrap(),
        environment: Environment::Simulation,
        manifest: proof::digest::sha256(b""),
        object: Slug::parse("opportunity").unwrap(),
        kind: Kind::Update,
        action: None,
        record: Some("1".into()),
        version: None,
        changes: vec![
            change("NextStep", None, Some(s("call"))),
            change("Stage", Some(s("Proposal")), Some(s("Negotiation"))),
        ],
        guard: BTreeMap::from([("Owner".to_owned(), Some(s("tom")))]),
        arguments: Fields::new(),
        undo: UndoKind::Rollback,
    }
}

fn base() -> Fields {
    fields(&[("Stage", s("Proposal")), ("Owner", s("tom")), ("Amount", s("84000"))])
}

fn names(moved: &[Moved]) -> Vec<&str> {
    moved.iter().map(|moved| moved.field.as_str()).collect()
}

#[test]
fn a_diff_holds_only_fields_that_really_change() {
    let proposed = fields(&[("Stage", s("Negotiation")), ("Amount", s("84000")), ("NextStep", Value::Null)]);
    let changes = diff(&proposed, &base());
    assert_eq!(changes.iter().map(|c| c.field.as_str()).collect::<Vec<_>>(), ["NextStep", "Stage"]);
    assert_eq!((changes[0].before.clone(), changes[0].after.clone()), (None, Some(Value::Null)));
}

#[test]
fn only_touched_and_guarded_fields_are_drift() {
    let check = |edit: &[(&str, Value)], expect: &[&str], other: &[&str]| {
        let mut now = base();
        now.extend(fields(edit));
        assert_eq!(names(&moved(&mutation(), &now)), expect, "{edit:?}");
        assert_eq!(unrelated(&mutation(), &base(), &now), other, "{edit:?}");
    };
    check(&[], &[], &[]);
    check(&[("Amount", s("1"))], &[], &["Amount"]);
    check(&[("New", s("x"))], &[], &["New"]);
    check(&[("Stage", s("Closed"))], &["Stage"], &[]);
    check(&[("NextStep", Value::Null)], &["NextStep"], &[]);
    check(&[("NextStep", s(""))], &["NextStep"], &[]);
    check(&[("Owner", s("ann"))], &["Owner"], &[]);
    let mut without = base();
    without.remove("Owner");
    assert_eq!(names(&moved(&mutation(), &without)), ["Owner"]);
}

#[test]
fn a_read_back_proves_every_after_value() {
    let after = fields(&[("Stage", s("Negotiation")), ("NextStep", s("call"))]);
    assert_eq!(diverging(&mutation(), &after), []);
    assert_eq!(names(&diverging(&mutation(), &base())), ["NextStep", "Stage"]);
}

#[test]
fn a_rollback_conflicts_with_values_that_are_neither_ours_nor_the_old_ones() {
    let check = |now: &[(&str, Value)], expect: &[&str]| {
        assert_eq!(names(&conflicts(&mutation(), &fields(now))), expect, "{now:?}");
    };
    check(&[("Stage", s("Negotiation")), ("NextStep", s("call"))], &[]);
    check(&[("Stage", s("Proposal"))], &[]);
    check(&[("Stage", s("Closed Won")), ("NextStep", s("call"))], &["Stage"]);
    check(&[("Stage", s("Negotiation")), ("NextStep", Value::Null)], &["NextStep"]);
}
