use serde_json::{Map, Value, json};

use super::{INVOICE_NUMBER, apply, blank, changes};
use crate::clock::Clock;
use crate::zendesk::errors::{Details, Problem};

/// Sets `asked` on a new ticket: what changed, or why not.
fn check(asked: Value, expect: Result<Value, &str>) {
    let before = blank(1, Clock::new().now());
    let mut after = before.clone();
    let mut problems = Details::default();
    apply(&mut after, asked.as_object().unwrap(), &mut problems);
    let got = problems.into_result().map(|()| {
        let changed = changes(&before, &after).into_iter().map(|change| (change.field, change.after));
        Value::Object(changed.collect::<Map<_, _>>())
    });
    assert_eq!(got.map_err(|problem| problem.to_string()), expect.map_err(str::to_owned), "{asked}");
}

#[test]
fn values_are_stored_as_the_desk_keeps_them() {
    let cases = [
        (json!({ "priority": "urgent" }), json!({ "priority": "urgent" })),
        (json!({ "group_id": "601" }), json!({ "group_id": 601 })),
        (json!({ "tags": ["VAT", "invoice", "vat"] }), json!({ "tags": ["invoice", "vat"] })),
        (json!({ "due_at": "2026-12-01T09:00:00+01:00" }), json!({ "due_at": "2026-12-01T08:00:00Z" })),
        (
            json!({ "custom_fields": [{ "id": INVOICE_NUMBER, "value": "INV-1" }] }),
            json!({ "360001": "INV-1" }),
        ),
        (json!({ "assignee_id": 9002 }), json!({ "assignee_id": 9002, "status": "open" })),
        (
            json!({ "assignee_id": 9002, "status": "solved" }),
            json!({ "assignee_id": 9002, "status": "solved" }),
        ),
    ];
    for (asked, stored) in cases {
        check(asked, Ok(stored));
    }
}

#[test]
fn unknown_and_read_only_fields_are_ignored_in_silence() {
    for asked in
        [json!({ "statuss": "open" }), json!({ "created_at": "2020-01-01T00:00:00Z" }), json!({ "id": 7 })]
    {
        check(asked, Ok(json!({})));
    }
    check(json!({ "custom_fields": [{ "id": 1, "value": "x" }] }), Ok(json!({})));
}

#[test]
fn values_that_are_not_allowed_are_refused_by_field() {
    let long = "x".repeat(256);
    let cases = [
        (json!({ "status": "done" }), "Status: is not included in the list"),
        (json!({ "status": null }), "Status: is not included in the list"),
        (json!({ "priority": "highest" }), "Priority: is not included in the list"),
        (json!({ "type": 1 }), "Type: is not included in the list"),
        (json!({ "assignee_id": 9101 }), "Assignee id: is invalid"),
        (json!({ "requester_id": null }), "Requester id: is invalid"),
        (json!({ "group_id": 9 }), "Group id: is invalid"),
        (json!({ "tags": "vat" }), "Tags: is invalid"),
        (json!({ "due_at": "soon" }), "Due at: is not a valid date"),
        (json!({ "subject": long }), "Subject: is too long (maximum is 255 characters)"),
        (
            json!({ "custom_fields": [{ "id": 360_003, "value": "moon" }] }),
            "360003: is not included in the list",
        ),
        (
            json!({ "custom_fields": [{ "id": 360_002, "value": "much" }] }),
            "360002: must be a decimal number",
        ),
        (json!({ "status": "solved" }), "Assignee: is required when solving a ticket"),
    ];
    for (asked, refused) in cases {
        check(asked, Err(refused));
    }
}

#[test]
fn a_subject_of_the_longest_length_is_accepted() {
    let longest = "x".repeat(255);
    check(json!({ "subject": longest }), Ok(json!({ "subject": longest })));
}

#[test]
fn all_problems_of_a_request_are_told_together() {
    let mut problems = Details::default();
    let asked = json!({ "status": "done", "priority": "highest" });
    apply(&mut blank(1, Clock::new().now()), asked.as_object().unwrap(), &mut problems);
    let Err(Problem::RecordInvalid(details)) = problems.into_result() else { panic!("accepted") };
    let shown = Problem::RecordInvalid(details).answer().body();
    let fields: Vec<_> = shown["details"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(fields, ["priority", "status"]);
}
