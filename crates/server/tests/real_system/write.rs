//! One approved change, written once, with what was promised about it.

use reqwest::Method;
use serde_json::json;

use crate::{Scene, update};

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_change_is_written_once_and_says_what_was_promised() {
    let scene = Scene::start().await;
    let Scene { tracker, company, .. } = &scene;
    let issue = tracker.open("Cannot log in since Monday").await;
    let proposal = update(&issue, json!({ "status": "resolved", "priority": "bug" }));
    let ask = || company.agent.ask(Method::POST, "/v1/runs", &proposal, "proposal-1");

    let first = ask().await.unwrap();
    assert!(!first.replayed);
    let run = first.done();
    assert_eq!((&run["stage"], &run["environment"]), (&json!("awaiting_approval"), &json!("sandbox")));
    let changes = run["plan"]["mutations"][0]["changes"].as_array().unwrap();
    let shown: Vec<_> = changes.iter().map(|c| json!([c["field"], c["before"], c["after"]])).collect();
    assert_eq!(json!(shown), json!([["priority", "urgent", "bug"], ["status", "unread", "resolved"]]));
    assert_eq!(tracker.issue(&issue).await.status, "unread", "nothing is written before somebody approves");
    // The agent did not hear the answer and asks again.
    let again = ask().await.unwrap();
    assert!(again.replayed);
    assert_eq!(again.done()["id"], run["id"]);
    // Nobody who answers for the agent approves its run, and the agent does not either.
    let verdict = json!({ "verdict": "approve", "plan_digest": run["plan_digest"], "rationale": "Mine" });
    for caller in [&company.agent, &company.operator] {
        assert_eq!(caller.command(&run, "approvals", &verdict).await.status, 403);
    }

    company.approve(&run).await;
    let run = scene.closed(&run).await;
    assert_eq!(run["stage"], "applied", "{run:#}");
    let attempts = run["attempts"].as_array().unwrap();
    let facts: Vec<_> =
        attempts.iter().map(|a| json!([a["outcome"], a["code"], a["guarantee"], a["evidence"]])).collect();
    assert_eq!(json!(facts), json!([["applied", "read_back", "advisory", "sealed"]]));
    let now = tracker.issue(&issue).await;
    assert_eq!((now.status, now.priority), (json!("resolved"), json!("bug")));
    assert_eq!((now.title, now.assigned_to), (json!("Cannot log in since Monday"), json!("agent1")));
    assert_eq!(
        ask().await.unwrap().done()["stage"],
        "applied",
        "the answer to a repetition is the run as it is"
    );
    assert_eq!(tracker.writes(&issue), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_restores_the_old_values_after_an_approval_of_its_own() {
    let scene = Scene::start().await;
    let Scene { tracker, company, .. } = &scene;
    let issue = tracker.open("Invoice shows another VAT number").await;
    let run = scene.apply(&issue, json!({ "status": "in-progress", "priority": "critical" })).await;
    assert_eq!(tracker.writes(&issue), 1);

    let recovery = scene.roll_back(&run).await;
    assert_eq!(recovery["recovers"], json!({ "run": run["id"], "kind": "rollback" }));
    assert_eq!(recovery["stage"], "awaiting_approval");
    assert_eq!(
        tracker.issue(&issue).await.status,
        "in-progress",
        "a rollback is approved like any other write"
    );
    company.approve(&recovery).await;
    assert_eq!(scene.closed(&recovery).await["stage"], "applied");

    let parent = company.operator.until(&run["id"], "rolled back", |run| run["stage"] == "rolled_back").await;
    assert_eq!(parent["recovery"]["runs"][0]["outcome"], "restored");
    let now = tracker.issue(&issue).await;
    assert_eq!((now.status, now.priority), (json!("unread"), json!("urgent")));
    assert_eq!(tracker.writes(&issue), 2);
}
