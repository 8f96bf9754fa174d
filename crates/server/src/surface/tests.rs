use std::collections::BTreeSet;

use super::*;

#[test]
fn every_operation_has_a_route() {
    for operation in Operation::ALL {
        assert!(ROUTES.iter().any(|route| route.asks == Of(*operation)), "{}", operation.word());
    }
}

#[test]
fn the_table_and_the_openapi_document_name_the_same_routes() {
    let document = serde_json::to_value(crate::http::openapi::document()).unwrap();
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            documented.insert(format!("{method} {path}"));
        }
    }
    let table: BTreeSet<String> =
        ROUTES.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    assert_eq!(table, documented);
    assert_eq!(table.len(), ROUTES.len(), "a route stands twice in the table");
}

#[test]
fn only_what_says_nothing_about_a_workspace_is_open_to_everybody() {
    for route in ROUTES.iter().filter(|route| route.asks == Nobody) {
        assert!(!route.path.starts_with("/v1/") || route.path == "/v1/sessions", "{}", route.path);
    }
}

#[test]
fn who_may_is_said_in_words() {
    assert_eq!(who(Of(Operation::ProposeRun)), "Open to the role operator and to agents.");
    assert_eq!(who(Of(Operation::GiveVerdict)), "Open to every person.");
    assert_eq!(who(Of(Operation::Pause)), "Open to the roles operator, admin.");
    assert_eq!(who(Caller), "Open to every caller.");
}
