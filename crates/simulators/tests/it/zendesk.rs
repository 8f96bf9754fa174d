//! The help desk, as a connector sees it.

use serde_json::json;
use simulators::Kind;
use simulators::zendesk::{AGENT_EMAIL, API_TOKEN, BEARER_TOKEN};

use crate::client::{Desk, send};

const VAT: &str = "/api/v2/tickets/48213.json";

#[tokio::test]
async fn only_an_agent_with_the_right_key_is_let_in() {
    let desk = Desk::start(Kind::Zendesk).await;
    let token_user = format!("{AGENT_EMAIL}/token");
    let me = || desk.bare("GET", "/api/v2/users/me.json");
    let cases = [
        (me().basic_auth(&token_user, Some(API_TOKEN)), 200),
        (me().bearer_auth(BEARER_TOKEN), 200),
        (me(), 401),
        (me().bearer_auth("wrong"), 401),
        (me().basic_auth(&token_user, Some("wrong")), 401),
        (me().basic_auth(AGENT_EMAIL, Some(API_TOKEN)), 401),
        (me().basic_auth("ingrid.solberg@asterhealth.example/token", Some(API_TOKEN)), 401),
        (me().basic_auth("nobody@northwind.example/token", Some(API_TOKEN)), 401),
        (me().header("authorization", "Basic ???"), 401),
    ];
    for (request, status) in cases {
        let told = format!("{request:?}");
        let reply = send(request).await.unwrap();
        assert_eq!(reply.status, status, "{told}");
        let body = reply.json();
        if status == 200 {
            assert_eq!(body["user"]["email"], AGENT_EMAIL, "{told}");
        } else {
            assert_eq!(body, json!({ "error": "Couldn't authenticate you" }), "{told}");
        }
    }
}

#[tokio::test]
async fn a_ticket_is_read_changed_under_its_stamp_and_read_back() {
    let desk = Desk::start(Kind::Zendesk).await;
    let seen = desk.get(VAT).await.json()["ticket"].clone();
    assert_eq!(seen["subject"], "Invoice shows the wrong VAT number");
    assert_eq!((&seen["status"], &seen["priority"]), (&json!("open"), &json!("high")));

    let update = json!({ "ticket": {
        "status": "solved", "comment": { "body": "The invoice is corrected.", "public": true },
        "safe_update": true, "updated_stamp": seen["updated_at"],
    } });
    let reply = desk.ask("PUT", VAT, update.clone()).await;
    assert_eq!((reply.status, &reply.json()["ticket"]["status"]), (200, &json!("solved")));
    let stale = desk.ask("PUT", VAT, update).await;
    assert_eq!((stale.status, &stale.json()["error"]), (409, &json!("UpdateConflict")));

    assert_eq!(desk.get(VAT).await.json()["ticket"]["status"], "solved");
    let audits = desk.get("/api/v2/tickets/48213/audits.json").await.json();
    assert_eq!((&audits["count"], &audits["audits"][1]["author_id"]), (&json!(2), &json!(9001)));
    assert_eq!(desk.simulator.writes().len(), 1);
}

#[tokio::test]
async fn an_unknown_field_gets_200_and_nothing_is_changed() {
    let desk = Desk::start(Kind::Zendesk).await;
    let reply = desk.ask("PUT", VAT, json!({ "ticket": { "prioritee": "low" } })).await;
    assert_eq!((reply.status, &reply.json()["ticket"]["priority"]), (200, &json!("high")));
    assert_eq!(desk.simulator.writes(), []);
}

#[tokio::test]
async fn what_breaks_a_rule_is_told_by_field() {
    let desk = Desk::start(Kind::Zendesk).await;
    let reply = desk.ask("PUT", VAT, json!({ "ticket": { "status": "done", "priority": "highest" } })).await;
    assert_eq!(reply.status, 422);
    let inclusion = |field: &str| json!([{ "description": format!("{field}: is not included in the list") }]);
    assert_eq!(
        reply.json(),
        json!({
            "error": "RecordInvalid", "description": "Record validation errors",
            "details": { "status": inclusion("Status"), "priority": inclusion("Priority") },
        })
    );
    let missing = desk.get("/api/v2/tickets/1.json").await;
    assert_eq!(
        (missing.status, missing.json()),
        (404, json!({ "error": "RecordNotFound", "description": "Not found" }))
    );
}

#[tokio::test]
async fn a_repeated_creation_with_its_key_makes_one_ticket() {
    let desk = Desk::start(Kind::Zendesk).await;
    let create = |body: &str| {
        let asked = json!({ "ticket": { "subject": "Refund INV-3391", "comment": { "body": body } } });
        send(desk.request("POST", "/api/v2/tickets.json").header("Idempotency-Key", "run_1-0").json(&asked))
    };
    let (first, again, other) =
        (create("a").await.unwrap(), create("a").await.unwrap(), create("b").await.unwrap());
    assert_eq!((first.status, first.header("x-idempotency-lookup")), (201, Some("miss")));
    assert_eq!((again.status, again.header("x-idempotency-lookup")), (201, Some("hit")));
    assert_eq!(first.json(), again.json());
    assert_eq!((other.status, &other.json()["error"]), (400, &json!("IdempotentRequestError")));
    assert_eq!(desk.simulator.writes().len(), 1);
}

#[tokio::test]
async fn fields_people_and_groups_can_be_listed() {
    let desk = Desk::start(Kind::Zendesk).await;
    let fields = desk.get("/api/v2/ticket_fields.json").await.json();
    let status =
        fields["ticket_fields"].as_array().unwrap().iter().find(|f| f["type"] == "status").cloned().unwrap();
    assert_eq!(status["system_field_options"][4], json!({ "name": "Solved", "value": "solved" }));
    assert_eq!(desk.get("/api/v2/groups.json").await.json()["groups"][0]["name"], "Billing");
    assert_eq!(desk.get("/api/v2/users/9002.json").await.json()["user"]["name"], "Priya Raman");
    assert_eq!(desk.get("/api/v2/users/1.json").await.status, 404);
}

#[tokio::test]
async fn of_many_safe_updates_with_one_stamp_exactly_one_wins() {
    let desk = std::sync::Arc::new(Desk::start(Kind::Zendesk).await);
    let stamp = desk.get(VAT).await.json()["ticket"]["updated_at"].clone();
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..30 {
        let (desk, stamp) = (desk.clone(), stamp.clone());
        writers.spawn(async move {
            let subject = format!("Writer {number}");
            let ticket = json!({ "subject": subject, "safe_update": true, "updated_stamp": stamp });
            desk.ask("PUT", VAT, json!({ "ticket": ticket })).await.status
        });
    }
    let mut statuses = writers.join_all().await;
    statuses.sort_unstable();
    let mut expect = vec![409; 30];
    expect[0] = 200;
    assert_eq!(statuses, expect);
}
