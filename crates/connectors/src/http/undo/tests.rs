use crate::connector::{Connector, UndoPlan};
use crate::testing::{connector, fields, manifest, mutation};
use domain::mutation::{Kind, Mutation};
use proof::json::Value;

fn undo(mutation: &Mutation, handle: Option<&str>) -> UndoPlan {
    connector("http://127.0.0.1:9", &manifest("Test desk", "Test desk")).undo(mutation, handle)
}

fn made(verb: &str, changes: &[(&str, Value, Value)]) -> Mutation {
    mutation(&manifest("Test desk", "Test desk"), "ticket", verb, changes, fields([]))
}

fn reason(plan: UndoPlan) -> String {
    let UndoPlan::Irreversible(reason) = plan else { panic!("{plan:?}") };
    reason
}

#[test]
fn a_rollback_puts_the_before_values_back_by_an_update() {
    for verb in ["update", "resolve"] {
        let plan = undo(
            &made(verb, &[("status", "open".into(), "solved".into()), ("amount", Value::Null, "5".into())]),
            None,
        );
        let UndoPlan::Restore(proposed) = plan else { panic!("{plan:?}") };
        assert_eq!(
            (proposed.kind, proposed.id.as_deref(), proposed.check()),
            (Kind::Update, Some("7"), Ok(()))
        );
        assert_eq!(proposed.changes, fields([("amount", Value::Null), ("status", "open".into())]));
    }
}

#[test]
fn a_field_that_was_absent_is_cleared_where_it_can_be() {
    let mut clearable = made("update", &[("amount", Value::Null, "5".into())]);
    clearable.changes[0].before = None;
    let UndoPlan::Restore(proposed) = undo(&clearable, None) else { panic!() };
    assert_eq!(proposed.changes, fields([("amount", Value::Null)]));
    let stuck = made("update", &[("status", Value::Null, "open".into())]);
    assert_eq!(reason(undo(&stuck, None)), "Status cannot be set back to what it was.");
    let read_only = made("update", &[("status", "closed".into(), "open".into())]);
    assert_eq!(reason(undo(&read_only, None)), "Status cannot be set back to what it was.");
}

#[test]
fn a_create_is_countered_by_a_delete_of_what_was_created() {
    let create = made("create", &[("status", Value::Null, "open".into())]);
    let UndoPlan::Counter(proposed) = undo(&create, Some("99")) else { panic!() };
    assert_eq!((proposed.kind, proposed.id.as_deref(), proposed.check()), (Kind::Delete, Some("99"), Ok(())));
    assert_eq!(reason(undo(&create, None)), "The id of the created record is not known.");
}

#[test]
fn what_cannot_be_undone_says_why() {
    assert_eq!(reason(undo(&made("note", &[]), Some("5"))), "A note stays.");
    assert_eq!(reason(undo(&made("delete", &[]), None)), "It is gone.");
    assert_eq!(reason(undo(&made("retire", &[]), None)), "The manifest no longer describes this action.");
    assert_eq!(reason(undo(&made("resolve", &[]), None)), "It changed no field that could be set back.");
}
