use crate::connector::Connector;
use crate::testing::{connector, fields, manifest, mutation, slug};

#[test]
fn consequences_depend_on_the_after_values() {
    let manifest = manifest("Test desk", "Test desk");
    let desk = connector("http://127.0.0.1:9", &manifest);
    let told = |before: &str, after: &str| {
        let change = ("status", before.into(), after.into());
        desk.describe().consequences(&mutation(&manifest, "ticket", "update", &[change], fields([])))
    };
    assert_eq!(told("open", "solved"), ["An e-mail goes out.", "Rules may run."]);
    assert_eq!(told("solved", "open"), ["Rules may run."]);
}

#[test]
fn policies_see_names_of_all_fields_and_values_of_those_that_are_not_personal() {
    let desk = connector("http://127.0.0.1:9", &manifest("Test desk", "Test desk"));
    let shapes = desk.describe().policy_shapes();
    let shape = |action: &str| {
        let shape = shapes.iter().find(|shape| shape.id() == format!("testdesk.ticket.{action}")).unwrap();
        shape.fields.iter().map(|field| (field.name.clone(), field.policy_visible)).collect::<Vec<_>>()
    };
    let visible = |name: &str| (name.to_owned(), true);
    let hidden = |name: &str| (name.to_owned(), false);
    assert_eq!(shape("update"), [visible("amount"), hidden("assignee"), visible("status")]);
    assert_eq!(shape("note"), [hidden("body")]);
    assert_eq!(shape("resolve"), [visible("status"), hidden("note")]);
    assert_eq!(shape("delete"), []);
    assert!(policy::Schema::new(shapes).is_ok());
}

#[test]
fn an_action_is_named_by_system_object_and_verb() {
    let desk = connector("http://127.0.0.1:9", &manifest("Test desk", "Test desk"));
    let description = desk.describe();
    assert_eq!(description.action_name(&slug("ticket"), "resolve"), "testdesk.ticket.resolve");
    assert!(description.action(&slug("ticket"), "resolve").is_some());
    for (object, verb) in [("ticket", "retire"), ("ticket", "Resolve!"), ("user", "update")] {
        assert!(description.action(&slug(object), verb).is_none());
    }
}

#[test]
fn the_configuration_digest_moves_with_place_and_manifest_and_not_with_a_secret() {
    use crate::http::Credentials;
    use crate::testing::{connector_as, secret};
    let manifest_one = manifest("Test desk", "Test desk");
    let digest = |url: &str, manifest, token: &str| {
        connector_as(url, manifest, Credentials::Bearer { token: secret(token) }).describe().configuration
    };
    let one = digest("http://127.0.0.1:9", &manifest_one, "a");
    assert_eq!(one, digest("http://127.0.0.1:9/", &manifest_one, "b"));
    assert_ne!(one, digest("http://127.0.0.1:10", &manifest_one, "a"));
    assert_ne!(one, digest("http://127.0.0.1:9", &manifest("Test desk", "Desk"), "a"));
}
