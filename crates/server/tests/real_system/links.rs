//! Links that can be empty, and values that the tracker does not know: what it drops or refuses in its own way.

use serde_json::{Value, json};

use crate::{Scene, update};

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_cleared_and_set_again() {
    let scene = Scene::start().await;
    let Scene { tracker, company, .. } = &scene;
    let issue = tracker.open("New delivery address for order 20466").await;
    // The tracker itself ignores a JSON null; that it is cleared shows that we did not send one.
    let cleared = scene.apply(&issue, json!({ "assignedto": null })).await;
    assert_eq!(tracker.issue(&issue).await.assigned_to, Value::Null);
    let change = &cleared["plan"]["mutations"][0]["changes"][0];
    assert_eq!((&change["before"], &change["after"]), (&json!("agent1"), &Value::Null));

    let recovery = scene.roll_back(&cleared).await;
    company.approve(&recovery).await;
    company.operator.until(&cleared["id"], "rolled back", |run| run["stage"] == "rolled_back").await;
    assert_eq!(tracker.issue(&issue).await.assigned_to, "agent1");

    let other = scene.apply(&issue, json!({ "assignedto": "admin" })).await;
    assert_eq!(tracker.issue(&issue).await.assigned_to, "admin");
    assert_eq!(other["attempts"][0]["guarantee"], "advisory");
    assert_eq!(tracker.writes(&issue), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_cleared_or_is_no_value_is_refused_before_anything_is_recorded() {
    let scene = Scene::start().await;
    let Scene { tracker, company, .. } = &scene;
    let issue = tracker.open("How do I export a year of readings?").await;
    for (changes, pointer) in [
        (json!({ "status": null }), "/plan/mutations/0/changes/status"),
        (json!({ "status": "fixed" }), "/plan/mutations/0/changes/status"),
        (json!({ "priority": 3 }), "/plan/mutations/0/changes/priority"),
        (json!({ "nosy": ["admin"] }), "/plan/mutations/0/changes/nosy"),
    ] {
        let answer = company.agent.post("/v1/runs", &update(&issue, changes.clone())).await;
        assert_eq!(
            (answer.status, &answer.body["pointer"]),
            (422, &json!(pointer)),
            "{changes}: {answer:#?}"
        );
    }
    assert_eq!(company.operator.get("/v1/runs").await["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_nobody_is_refused_by_the_tracker_and_said_so() {
    let scene = Scene::start().await;
    let Scene { tracker, company, .. } = &scene;
    let issue = tracker.open("Quote for 40 pressure transmitters").await;
    let run = scene.propose(&issue, json!({ "assignedto": "nobody-here" })).await;
    company.approve(&run).await;
    let run = scene.closed(&run).await;
    assert_eq!(run["stage"], "failed", "{run:#}");
    let attempt = &run["attempts"][0];
    assert_eq!(json!([attempt["outcome"], attempt["code"]]), json!(["rejected", "invalid"]));
    assert_eq!((tracker.issue(&issue).await.assigned_to, tracker.writes(&issue)), (json!("agent1"), 0));
}
