//! Every fault: what the client sees, and what the system of record holds afterwards.

use std::time::Duration;

use serde_json::{Value, json};
use simulators::salesforce::ASTER_HEALTH_RENEWAL;
use simulators::{Fault, FaultKind, Kind};

use crate::client::{Desk, Reply, send};

const VAT: &str = "/api/v2/tickets/48213.json";

/// Long enough that no test waits for its end.
const LONG_MS: u64 = 60_000;
const PATIENCE: Duration = Duration::from_millis(300);

fn lower() -> Value {
    json!({ "ticket": { "priority": "low" } })
}

fn deal() -> String {
    format!("/services/data/v61.0/sobjects/Opportunity/{ASTER_HEALTH_RENEWAL}")
}

fn on_put(kind: FaultKind) -> Fault {
    Fault::new(kind).on("PUT", "/tickets/48213")
}

async fn help_desk(fault: Fault) -> Desk {
    let desk = Desk::start(Kind::Zendesk).await;
    desk.arm(fault);
    desk
}

async fn crm(kind: FaultKind) -> Desk {
    let crm = Desk::start(Kind::Salesforce).await;
    crm.arm(Fault::new(kind).on("PATCH", "/Opportunity/"));
    crm
}

async fn priority(desk: &Desk) -> Value {
    desk.get(VAT).await.json()["ticket"]["priority"].clone()
}

/// Whoever waits for the answer gives up; the record tells whether the write had an effect.
async fn check_timeout(kind: FaultKind, after: &str) {
    let desk = help_desk(Fault { delay_ms: Some(LONG_MS), ..on_put(kind) }).await;
    let gave_up = desk.ask_within(PATIENCE, "PUT", VAT, lower()).await.unwrap_err();
    assert!(gave_up.is_timeout(), "{gave_up}");
    assert_eq!(priority(&desk).await, after);
}

#[tokio::test]
async fn a_timeout_before_the_commit_has_no_effect() {
    check_timeout(FaultKind::TimeoutBeforeCommit, "high").await;
}

#[tokio::test]
async fn a_timeout_after_the_commit_has_its_effect() {
    check_timeout(FaultKind::TimeoutAfterCommit, "low").await;
}

#[tokio::test]
async fn a_held_answer_comes_at_the_end_of_its_delay() {
    let short = |kind| Fault { delay_ms: Some(20), ..on_put(kind) };
    let desk = help_desk(short(FaultKind::TimeoutBeforeCommit)).await;
    desk.arm(short(FaultKind::TimeoutAfterCommit));
    assert_eq!(desk.ask("PUT", VAT, lower()).await.status, 504);
    assert_eq!(desk.ask("PUT", VAT, lower()).await.json()["ticket"]["priority"], "low");
}

#[tokio::test]
async fn a_held_answer_goes_out_when_the_simulator_stops() {
    let fault = Fault { delay_ms: Some(LONG_MS), ..on_put(FaultKind::TimeoutBeforeCommit) };
    let desk = help_desk(fault).await;
    let waiting = tokio::spawn(send(desk.request("PUT", VAT).json(&lower())));
    until(|| desk.simulator.faults().armed()[0].fired == 1).await;
    desk.simulator.shutdown().await;
    assert_eq!(waiting.await.unwrap().unwrap().status, 504);
}

/// Gives other tasks their turn until it is so.
async fn until(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn a_slow_write_lands_although_the_client_has_gone() {
    let desk = help_desk(Fault { delay_ms: Some(400), ..on_put(FaultKind::Slow) }).await;
    let gave_up = desk.ask_within(Duration::from_millis(100), "PUT", VAT, lower()).await.unwrap_err();
    assert!(gave_up.is_timeout(), "{gave_up}");
    until(|| desk.simulator.writes().len() == 1).await;
    assert_eq!(priority(&desk).await, "low");
}

#[tokio::test]
async fn a_reset_drops_a_write_that_has_not_landed() {
    let desk = help_desk(Fault { delay_ms: Some(LONG_MS), ..on_put(FaultKind::Slow) }).await;
    let waiting = tokio::spawn(send(desk.request("PUT", VAT).json(&lower())));
    until(|| desk.simulator.faults().armed()[0].fired == 1).await;
    // The late write is queued right after the fault was counted.
    tokio::time::sleep(Duration::from_millis(20)).await;
    desk.simulator.reset();
    assert!(waiting.await.unwrap().is_err());
    assert_eq!(desk.simulator.writes(), []);
}

/// An answer of one fault on the help desk's VAT ticket: its status, its `error`, and the priority afterwards.
async fn check(kind: FaultKind, status: u16, error: &str, after: &str) -> Reply {
    let desk = help_desk(on_put(kind)).await;
    let reply = desk.ask("PUT", VAT, lower()).await;
    assert_eq!((reply.status, &reply.json()["error"]), (status, &json!(error)), "{kind:?}");
    assert_eq!(priority(&desk).await, after, "{kind:?}");
    assert_eq!(desk.ask("PUT", VAT, lower()).await.status, 200, "{kind:?} fires once");
    reply
}

#[tokio::test]
async fn the_help_desks_refusals_have_its_own_shape() {
    check(FaultKind::ServerError, 500, "InternalServerError", "high").await;
    check(FaultKind::ServerErrorAfterCommit, 500, "InternalServerError", "low").await;
    check(FaultKind::Conflict, 409, "UpdateConflict", "high").await;
    check(FaultKind::RecordLocked, 409, "DatabaseConflict", "high").await;
    check(FaultKind::Unauthorized, 401, "Couldn't authenticate you", "high").await;
    let limited = check(FaultKind::RateLimited, 429, "APIRateLimitExceeded", "high").await;
    assert_eq!(
        (limited.header("retry-after"), limited.header("x-rate-limit-remaining")),
        (Some("30"), Some("0"))
    );
}

#[tokio::test]
async fn the_crms_refusals_have_its_own_shape() {
    let cases = [
        (FaultKind::ServerError, 500, "UNKNOWN_EXCEPTION", "Proposal"),
        (FaultKind::ServerErrorAfterCommit, 500, "UNKNOWN_EXCEPTION", "Negotiation"),
        (FaultKind::Conflict, 412, "PRECONDITION_FAILED", "Proposal"),
        (FaultKind::RecordLocked, 400, "UNABLE_TO_LOCK_ROW", "Proposal"),
        (FaultKind::Unauthorized, 401, "INVALID_SESSION_ID", "Proposal"),
        (FaultKind::RateLimited, 403, "REQUEST_LIMIT_EXCEEDED", "Proposal"),
    ];
    for (kind, status, code, stage) in cases {
        let crm = crm(kind).await;
        let reply = crm.ask("PATCH", &deal(), json!({ "StageName": "Negotiation" })).await;
        assert_eq!((reply.status, &reply.json()[0]["errorCode"]), (status, &json!(code)), "{kind:?}");
        assert_eq!(reply.header("retry-after"), None, "{kind:?}");
        assert_eq!(crm.get(&deal()).await.json()["StageName"], stage, "{kind:?}");
    }
}

#[tokio::test]
async fn a_rate_limit_tells_the_seconds_that_were_asked_for() {
    let desk = help_desk(Fault { delay_ms: Some(1_500), ..on_put(FaultKind::RateLimited) }).await;
    assert_eq!(desk.ask("PUT", VAT, lower()).await.header("retry-after"), Some("2"));
}

#[tokio::test]
async fn drift_is_another_persons_write_just_before() {
    let set = json!({ "subject": "Changed meanwhile" }).as_object().cloned().unwrap();
    let desk = Desk::start(Kind::Zendesk).await;
    let stamp = desk.get(VAT).await.json()["ticket"]["updated_at"].clone();
    desk.arm(Fault { set: set.clone(), times: 2, ..on_put(FaultKind::Drift) });
    let conditional = json!({ "ticket": { "priority": "low", "safe_update": true, "updated_stamp": stamp } });
    assert_eq!(desk.ask("PUT", VAT, conditional).await.status, 409);
    assert_eq!(desk.ask("PUT", VAT, lower()).await.status, 200);
    let ticket = desk.get(VAT).await.json()["ticket"].clone();
    assert_eq!((&ticket["subject"], &ticket["priority"]), (&json!("Changed meanwhile"), &json!("low")));
    let authors: Vec<_> = desk.simulator.writes().into_iter().map(|write| write.author).collect();
    assert_eq!(authors, ["priya.raman@northwind.example", "agent@northwind.example"]);
}

#[tokio::test]
async fn a_drift_that_the_system_refuses_is_told() {
    let set = json!({ "status": "nonsense" }).as_object().cloned().unwrap();
    let desk = help_desk(Fault { set, ..on_put(FaultKind::Drift) }).await;
    let reply = desk.ask("PUT", VAT, lower()).await;
    assert_eq!(reply.status, 500);
    assert!(reply.text.contains("Status: is not included in the list"), "{}", reply.text);
    assert_eq!(priority(&desk).await, "high");
}

#[tokio::test]
async fn a_partial_write_says_success_and_loses_fields() {
    let update = json!({ "StageName": "Negotiation", "CloseDate": "2027-01-15", "NextStep": "Call" });
    let lose = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let cases = [
        (lose(&[]), [json!("2027-01-15"), json!("Send revised quote"), json!("Proposal")]),
        (lose(&["CloseDate"]), [json!("2026-12-18"), json!("Call"), json!("Negotiation")]),
    ];
    for (lose, after) in cases {
        let crm = Desk::start(Kind::Salesforce).await;
        crm.arm(Fault { lose, ..Fault::new(FaultKind::PartialWrite).on("PATCH", "/Opportunity/") });
        assert_eq!(crm.ask("PATCH", &deal(), update.clone()).await.status, 204);
        let now = crm.get(&deal()).await.json();
        assert_eq!(["CloseDate", "NextStep", "StageName"].map(|name| now[name].clone()), after);
    }
}

#[tokio::test]
async fn a_partial_write_of_one_field_loses_it_and_keeps_the_condition() {
    let desk = help_desk(on_put(FaultKind::PartialWrite)).await;
    let stamp = "2026-11-23T09:04:50Z";
    let stale = json!({ "ticket": { "priority": "low", "safe_update": true, "updated_stamp": stamp } });
    assert_eq!(desk.ask("PUT", VAT, stale).await.status, 409);
    desk.arm(on_put(FaultKind::PartialWrite));
    assert_eq!(desk.ask("PUT", VAT, lower()).await.status, 200);
    assert_eq!(priority(&desk).await, "high");
}

#[tokio::test]
async fn a_dropped_connection_gives_no_answer_with_or_without_effect() {
    for (kind, after) in [(FaultKind::DropConnection, "high"), (FaultKind::DropConnectionAfterCommit, "low")]
    {
        let desk = help_desk(on_put(kind)).await;
        let error = send(desk.request("PUT", VAT).json(&lower())).await.unwrap_err();
        assert!(error.is_request() && !error.is_timeout(), "{kind:?}: {error:?}");
        assert_eq!(priority(&desk).await, after, "{kind:?}");
    }
}

#[tokio::test]
async fn a_proxys_error_page_is_html() {
    let desk = help_desk(on_put(FaultKind::HtmlError)).await;
    let reply = desk.ask("PUT", VAT, lower()).await;
    assert_eq!((reply.status, reply.header("content-type")), (502, Some("text/html; charset=utf-8")));
    assert_eq!(priority(&desk).await, "high");
}

#[tokio::test]
async fn a_fault_is_armed_listed_and_cleared_over_http() {
    let desk = Desk::start(Kind::Zendesk).await;
    let fault = json!({
        "match": { "method": "PUT", "path_contains": "/tickets/48213" }, "fault": "conflict", "times": 2, "skip": 1,
    });
    let armed = desk.ask("POST", "/__sim/faults", fault).await;
    assert_eq!((armed.status, armed.json()), (201, json!({ "id": 1 })));
    let mut statuses = Vec::new();
    for _ in 0..2 {
        statuses.push(desk.ask("PUT", VAT, lower()).await.status);
    }
    assert_eq!(statuses, [200, 409]);
    let listed = desk.get("/__sim/faults").await.json()["faults"][0].clone();
    assert_eq!((&listed["fired"], &listed["skipped"], &listed["times"]), (&json!(1), &json!(1), &json!(2)));
    assert_eq!(desk.ask("DELETE", "/__sim/faults", Value::Null).await.status, 204);
    assert_eq!(desk.ask("PUT", VAT, lower()).await.status, 200);
}
