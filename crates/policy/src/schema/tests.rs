use super::*;
use crate::sample;

fn shape(system: &str, object: &str, action: &str, fields: &[&str]) -> ActionShape {
    let field =
        |&name: &&str| FieldShape { name: name.to_owned(), ty: FieldType::Text, policy_visible: true };
    ActionShape {
        system: system.to_owned(),
        object: object.to_owned(),
        action: action.to_owned(),
        fields: fields.iter().map(field).collect(),
    }
}

fn fault(shapes: impl IntoIterator<Item = ActionShape>) -> Option<SchemaFault> {
    Schema::new(shapes).err()
}

#[test]
fn actions_are_found_by_their_id_and_sorted() {
    let schema = sample::schema();
    assert_eq!(
        schema.action("zendesk.ticket.reply").map(ActionShape::id).as_deref(),
        Some("zendesk.ticket.reply")
    );
    assert_eq!(schema.action("zendesk.ticket.*"), None);
    assert!(schema.actions().map(|(id, _)| id).is_sorted());
    assert!(schema.action("zendesk.ticket.update").and_then(|shape| shape.field("tags")).is_some());
}

#[test]
fn every_part_of_an_action_is_a_slug_without_dots() {
    for (system, object, action) in [
        ("", "o", "a"),
        ("s", "O", "a"),
        ("s", "o", "a.b"),
        ("s", "o.p", "a"),
        ("*", "o", "a"),
        ("s", "o", "a b"),
    ] {
        let id = format!("{system}.{object}.{action}");
        assert_eq!(fault([shape(system, object, action, &[])]), Some(SchemaFault::ActionName(id)));
    }
}

#[test]
fn nothing_is_there_twice() {
    let twice = [shape("s", "o", "a", &[]), shape("s", "o", "a", &["F"])];
    assert_eq!(fault(twice), Some(SchemaFault::DuplicateAction("s.o.a".to_owned())));
    let expected = SchemaFault::DuplicateField { action: "s.o.a".to_owned(), field: "F".to_owned() };
    assert_eq!(fault([shape("s", "o", "a", &["F", "G", "F"])]), Some(expected));
}

#[test]
fn field_names_may_be_anything_printable() {
    assert_eq!(
        fault([shape(
            "s",
            "o",
            "a",
            &["Amount__c", "is admin?", "\"quoted\"", "größe", "if", "__x", &"f".repeat(128)]
        )]),
        None
    );
    for name in ["", "a\nb", "\u{0}", &"f".repeat(129)] {
        assert!(
            matches!(fault([shape("s", "o", "a", &[name])]), Some(SchemaFault::FieldName { .. })),
            "{name:?}"
        );
    }
}

#[test]
fn limits_hold_at_and_beyond_the_limit() {
    let fields = |count: usize| {
        let names: Vec<String> = (0..count).map(|n| format!("f{n}")).collect();
        shape("s", "o", "a", &names.iter().map(String::as_str).collect::<Vec<_>>())
    };
    assert_eq!(fault([fields(FIELDS_MAX)]), None);
    let expected = SchemaFault::TooManyFields { action: "s.o.a".to_owned(), count: FIELDS_MAX + 1 };
    assert_eq!(fault([fields(FIELDS_MAX + 1)]), Some(expected));
    let actions = |count: usize| (0..count).map(|n| shape("s", "o", &format!("a{n}"), &[]));
    assert_eq!(fault(actions(ACTIONS_MAX)), None);
    assert_eq!(fault(actions(ACTIONS_MAX + 1)), Some(SchemaFault::TooManyActions(ACTIONS_MAX + 1)));
}

#[test]
fn a_schema_does_not_depend_on_the_order_of_its_actions() {
    let mut reversed = sample::shapes();
    reversed.reverse();
    assert_eq!(Schema::new(reversed).unwrap().to_value(), sample::schema().to_value());
}

#[test]
fn the_schema_of_an_action_reads_as_cedar() {
    let amount =
        FieldShape { name: "Amount".to_owned(), ty: FieldType::Money { scale: 2 }, policy_visible: true };
    let tags = FieldShape { name: "Tags".to_owned(), ty: FieldType::List, policy_visible: true };
    let note = FieldShape { name: "Note".to_owned(), ty: FieldType::Text, policy_visible: false };
    let shape = ActionShape { fields: vec![amount, tags, note], ..shape("crm", "deal", "update", &[]) };
    let schema = Schema::new([shape]).unwrap();
    let json = canonical::to_string(schema.to_value());
    let cedar = cedar_policy::SchemaFragment::from_json_str(&json).unwrap().to_cedarschema().unwrap();
    insta::assert_snapshot!(cedar.replace("__cedar::", ""));
}
