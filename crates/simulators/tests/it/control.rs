//! The controls over HTTP, and that every run is the same.

use serde_json::{Value, json};
use simulators::{BODY_BYTES_MAX, Kind};

use crate::client::{Desk, send};

const VAT: &str = "/api/v2/tickets/48213.json";

/// A few requests of every kind, with all answers.
async fn story(desk: &Desk) -> Vec<(u16, String)> {
    let create = json!({ "ticket": { "subject": "New", "comment": { "body": "text" } } });
    let steps = [
        (
            "PUT",
            VAT,
            json!({ "ticket": { "priority": "low", "comment": { "body": "note", "public": false } } }),
        ),
        ("POST", "/api/v2/tickets.json", create),
        ("DELETE", "/api/v2/tickets/48211.json", Value::Null),
        ("GET", "/api/v2/tickets.json", Value::Null),
        ("GET", "/api/v2/tickets/48213/audits.json", Value::Null),
        ("GET", "/__sim/writes", Value::Null),
    ];
    let mut answers = Vec::new();
    for (method, path, body) in steps {
        let reply = desk.ask(method, path, body).await;
        answers.push((reply.status, reply.text.replace(&desk.simulator.base_url(), "")));
    }
    answers
}

#[tokio::test]
async fn every_run_is_the_same_after_a_reset_and_in_another_simulator() {
    let desk = Desk::start(Kind::Zendesk).await;
    let first = story(&desk).await;
    assert_eq!(desk.ask("POST", "/__sim/reset", Value::Null).await.status, 204);
    assert_eq!(story(&desk).await, first);
    assert_eq!(story(&Desk::start(Kind::Zendesk).await).await, first);
}

#[tokio::test]
async fn an_edit_by_a_colleague_makes_a_stale_write_lose() {
    let desk = Desk::start(Kind::Zendesk).await;
    let stamp = desk.get(VAT).await.json()["ticket"]["updated_at"].clone();
    let edit = json!({ "object": "ticket", "id": "48213", "fields": { "priority": "urgent" } });
    assert_eq!(desk.ask("POST", "/__sim/edit", edit).await.status, 204);
    let ticket = json!({ "priority": "low", "safe_update": true, "updated_stamp": stamp });
    assert_eq!(desk.ask("PUT", VAT, json!({ "ticket": ticket })).await.status, 409);
    let writes = desk.get("/__sim/writes?object=ticket&id=48213&after=0").await.json();
    assert_eq!(
        (&writes["total"], &writes["writes"][0]["author"]),
        (&json!(1), &json!("priya.raman@northwind.example"))
    );
    assert_eq!(desk.get("/__sim/writes?after=1").await.json()["writes"], json!([]));
}

#[tokio::test]
async fn a_control_that_cannot_be_carried_out_says_why() {
    let desk = Desk::start(Kind::Zendesk).await;
    let cases = [
        ("/__sim/edit", json!({ "object": "ticket", "id": "1", "fields": {} }), "there is no ticket `1`"),
        ("/__sim/records", json!({ "object": "deal", "id": "1", "fields": {} }), "there is no object `deal`"),
        (
            "/__sim/faults",
            json!({ "fault": "slow", "delay_ms": 60_001 }),
            "`delay_ms` is 60001, but at most 60000 is allowed",
        ),
        ("/__sim/faults", json!({ "fault": "drift" }), "a drift needs the fields to change in `set`"),
    ];
    for (path, body, why) in cases {
        let reply = desk.ask("POST", path, body).await;
        assert_eq!((reply.status, reply.json()), (422, json!({ "error": why })));
    }
    assert_eq!(desk.ask("POST", "/__sim/faults", json!({ "fault": "explode" })).await.status, 422);
}

#[tokio::test]
async fn time_records_and_settings_can_be_set() {
    let desk = Desk::start(Kind::Zendesk).await;
    assert_eq!(desk.get("/__sim").await.json(), json!({ "kind": "zendesk", "now": "2026-11-23T22:00:00Z" }));
    let advanced = desk.ask("POST", "/__sim/clock", json!({ "advance_s": 600 })).await.json();
    assert_eq!(advanced["now"], "2026-11-23T22:10:00Z");
    let record = json!({ "object": "ticket", "id": "7", "fields": { "status": "closed" } });
    assert_eq!(desk.ask("POST", "/__sim/records", record).await.status, 204);
    assert_eq!(desk.get("/api/v2/tickets/7.json").await.json()["ticket"]["status"], "closed");

    let limit = json!({ "limit_updates_per_ticket": true });
    assert_eq!(desk.ask("POST", "/__sim/settings", limit).await.status, 204);
    let mut statuses = Vec::new();
    for number in 0..31 {
        let ticket = json!({ "subject": number.to_string() });
        statuses.push(desk.ask("PUT", VAT, json!({ "ticket": ticket })).await.status);
    }
    assert_eq!((statuses.iter().filter(|s| **s == 200).count(), statuses.last()), (30, Some(&429)));
}

#[tokio::test]
async fn a_body_is_read_up_to_its_limit() {
    let desk = Desk::start(Kind::Zendesk).await;
    let put = |bytes: usize| send(desk.request("PUT", VAT).body(vec![b' '; bytes]));
    assert_eq!(put(BODY_BYTES_MAX).await.unwrap().status, 400);
    assert_eq!(put(BODY_BYTES_MAX + 1).await.unwrap().status, 413);
}

#[tokio::test]
async fn a_simulator_stops_listening_when_it_is_shut_down() {
    let Desk { simulator, .. } = Desk::start(Kind::Salesforce).await;
    let addr = simulator.addr;
    simulator.shutdown().await;
    assert!(tokio::net::TcpStream::connect(addr).await.is_err());
}
