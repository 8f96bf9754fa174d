//! Somebody else works in the tracker at the same time: ActionPlane stops, shows, and overwrites nothing.

use serde_json::{Value, json};

use crate::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_in_the_tracker_after_the_approval_stops_the_write() {
    let scene = Scene::start().await;
    let Scene { tracker, company, .. } = &scene;
    let issue = tracker.open("Alarm threshold resets after power loss").await;
    let first = scene.propose(&issue, json!({ "status": "resolved" })).await;
    // The pause holds the dispatch, so that the edit comes between approval and write.
    company.pause("tracker").await;
    assert_eq!(company.approve(&first).await["stage"], "authorized");
    tracker.edit(&issue, &json!({ "status": "chatting" })).await;
    company.resume("tracker").await;

    let asked_again = |run: &Value| run["revision"] == 2 && run["stage"] == "awaiting_approval";
    let second = company.operator.until(&first["id"], "asked about again", asked_again).await;
    let drift = &second["drift"][0]["view"][0];
    assert_eq!(
        json!([drift["field"], drift["base"], drift["now"], drift["proposed"]]),
        json!(["status", "unread", "chatting", "resolved"])
    );
    assert_eq!(second["attempts"], json!([]));
    assert_eq!((tracker.issue(&issue).await.status, tracker.writes(&issue)), (json!("chatting"), 0));
    // The approval was of a plan that no longer holds.
    let verdict =
        json!({ "verdict": "approve", "plan_digest": first["plan_digest"], "rationale": "Seen before" });
    let refusal = company.lead.command(&second, "approvals", &verdict).await;
    assert_eq!(refusal.refused(), (409, "plan_digest_mismatch"));

    company.approve(&second).await;
    let run = scene.closed(&second).await;
    assert_eq!(run["stage"], "applied", "{run:#}");
    assert_eq!((tracker.issue(&issue).await.status, tracker.writes(&issue)), (json!("resolved"), 1));
    // Back to what it was before this write, which is the other person's edit.
    let recovery = scene.roll_back(&run).await;
    company.approve(&recovery).await;
    company.operator.until(&run["id"], "rolled back", |run| run["stage"] == "rolled_back").await;
    assert_eq!((tracker.issue(&issue).await.status, tracker.writes(&issue)), (json!("chatting"), 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_another_field_is_noted_and_does_not_stop_the_write() {
    let scene = Scene::start().await;
    let Scene { tracker, company, .. } = &scene;
    let issue = tracker.open("Export stops after 90 days").await;
    let run = scene.propose(&issue, json!({ "status": "resolved" })).await;
    tracker.edit(&issue, &json!({ "priority": "wish" })).await;
    company.approve(&run).await;
    let run = scene.closed(&run).await;
    assert_eq!(run["stage"], "applied", "{run:#}");
    assert_eq!(run["attempts"][0]["observed"]["unrelated"], json!(["priority"]));
    let now = tracker.issue(&issue).await;
    assert_eq!((now.status, now.priority, tracker.writes(&issue)), (json!("resolved"), json!("wish"), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_shows_what_somebody_changed_since_and_leaves_it() {
    let scene = Scene::start().await;
    let Scene { tracker, company, .. } = &scene;
    let issue = tracker.open("Delivery arrived with a cracked display").await;
    let run = scene.apply(&issue, json!({ "status": "in-progress" })).await;
    tracker.edit(&issue, &json!({ "status": "testing" })).await;

    let recovery = scene.roll_back(&run).await;
    assert_eq!((&recovery["stage"], &recovery["closed"]["code"]), (&json!("failed"), &json!("conflict")));
    let field = &recovery["conflicts"][0]["fields"][0];
    assert_eq!(json!([field["field"], field["now"]]), json!(["status", "testing"]));
    let parent =
        company.operator.until(&run["id"], "free again", |run| run["recovery"]["open"].is_null()).await;
    assert_eq!(parent["stage"], "applied");
    assert_eq!(parent["recovery"]["runs"][0]["outcome"], "conflict");
    assert_eq!((tracker.issue(&issue).await.status, tracker.writes(&issue)), (json!("testing"), 1));
}
