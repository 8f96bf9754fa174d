//! Retry, reconcile, accept, roll back, compensate.

use serde_json::json;
use simulators::{Fault, FaultKind};

use crate::world::{World, change, self_link, solve, tag, text};

#[tokio::test]
async fn what_a_run_changed_is_restored_by_a_run_of_its_own() {
    let world = World::start().await;
    let run = world.propose(&world.agent, change("48213", json!({ "priority": "low" }))).await;
    let done = world.waited(&run).await;
    assert_eq!(done["stage"], "applied");
    assert_eq!(done["recovery"]["possible"], json!(["rollback"]));
    let other = json!({ "plan_digest": "0".repeat(64) });
    world
        .post(&world.tom.token, &format!("{}/rollback", self_link(&run)), other)
        .await
        .refused("plan_digest_mismatch");
    world.command(&world.agent, &done, "rollback").await.refused("forbidden");
    world.command(&world.tom.token, &done, "compensate").await.refused("irreversible");

    let request = world.request(reqwest::Method::POST, &format!("{}/rollback", self_link(&run)));
    let body = json!({ "plan_digest": done["plan_digest"], "rationale": "wrong customer" });
    let reply =
        world.send(request.bearer_auth(&world.tom.token).json(&body).header("prefer", "wait=20")).await;
    let location = reply.headers["location"].to_str().unwrap().to_owned();
    let mut child = reply.expect(201);
    assert_eq!(child["recovers"], json!({ "run": run["id"], "kind": "rollback" }));
    assert_eq!(self_link(&child), location);
    if child["stage"] == "awaiting_approval" {
        world.verdict(&world.maya, &child, "approve").await.expect(201);
        child = world.waited(&child).await;
    }
    assert_eq!(child["stage"], "applied", "{child:#}");
    let parent = world.waited(&done).await;
    assert_eq!(parent["stage"], "rolled_back");
    assert_eq!(parent["recovery"]["runs"][0]["run"], child["id"]);
    assert_eq!(parent["recovery"]["runs"][0]["recovered"], json!([0]));
    let query = format!("/v1/runs?recovers={}", text(&run["id"]));
    let page = world.get(&world.maya.token, &query).await.expect(200);
    assert_eq!(page["items"][0]["id"], child["id"]);
    world.command(&world.tom.token, &parent, "rollback").await.refused("nothing_to_recover");
}

#[tokio::test]
async fn an_outcome_that_nobody_saw_is_looked_for_and_never_written_twice() {
    let world = World::start().await;
    world
        .desk
        .faults()
        .arm(Fault::new(FaultKind::DropConnectionAfterCommit).on("PUT", "/tickets/48213"))
        .unwrap();
    let run = world.propose(&world.agent, tag(&["once"])).await;
    let mut seen = world.show(&run).await;
    for _ in 0..200 {
        if seen["attempts"][0]["outcome"].is_string() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        seen = world.show(&run).await;
    }
    let body = json!({ "plan_digest": seen["plan_digest"], "n": 0, "outcome": "applied" });
    let path = format!("{}/reconcile", self_link(&run));
    let problem = world.post(&world.tom.token, &path, body).await.refused("invalid_request");
    assert_eq!(problem["pointer"], "/rationale");
    let body = json!({ "plan_digest": seen["plan_digest"], "n": 0, "outcome": "rejected", "rationale": "x" });
    world.post(&world.tom.token, &path, body).await.refused("invalid_request");
    world.command(&world.maya.token, &seen, "reconcile").await.refused("forbidden");
    if seen["stage"] == "needs_attention" {
        world.command(&world.tom.token, &seen, "retry").await.refused("mutation_unsettled");
        let attention = world.get(&world.maya.token, "/v1/inbox?attention=true").await.expect(200);
        assert_eq!(attention["items"][0]["id"], run["id"]);
        world.command(&world.tom.token, &seen, "reconcile").await.expect(200);
    }
    let done = world.waited(&run).await;
    assert_eq!(done["stage"], "applied", "{done:#}");
    assert_eq!(done["attempts"].as_array().unwrap().len(), 1);
    assert_eq!(world.desk.writes().len(), 1);
    world.command(&world.tom.token, &done, "reconcile").await.refused("not_unknown");
}

#[tokio::test]
async fn a_write_that_came_back_different_waits_for_a_person() {
    let world = World::start().await;
    let mut partial = Fault::new(FaultKind::PartialWrite).on("PUT", "/tickets/48213");
    partial.lose.insert("priority".to_owned());
    world.desk.faults().arm(partial).unwrap();
    let run =
        world.propose(&world.agent, change("48213", json!({ "priority": "low", "tags": ["kept"] }))).await;
    let seen = world.waited(&run).await;
    assert_eq!(seen["stage"], "needs_attention", "{seen:#}");
    assert_eq!(seen["attempts"][0]["outcome"], "diverged");
    let accept = |token: &str| {
        let body = json!({ "plan_digest": seen["plan_digest"], "n": 0, "rationale": "good enough" });
        let (world, token, path) = (&world, token.to_owned(), format!("{}/accept", self_link(&seen)));
        async move { world.post(&token, &path, body).await }
    };
    accept(&world.agent).await.refused("forbidden");
    let done = accept(&world.tom.token).await.expect(200);
    assert_eq!(
        (&done["stage"], &done["attempts"][0]["accepted"]),
        (&json!("applied"), &json!(true)),
        "{done:#}"
    );
}

#[tokio::test]
async fn what_the_system_of_record_refused_for_now_is_tried_again_on_request() {
    let world = World::start().await;
    let mut limited = Fault::new(FaultKind::RateLimited).on("PUT", "/tickets/48213");
    limited.delay_ms = Some(1_000);
    world.desk.faults().arm(limited).unwrap();
    let run = world.propose(&world.agent, solve()).await;
    world.verdict(&world.maya, &run, "approve").await.expect(201);
    let seen = world.waited(&run).await;
    if seen["stage"] == "needs_attention" {
        assert_eq!(seen["attempts"][0]["retryable"], true, "{seen:#}");
        world.command(&world.agent, &seen, "retry").await.expect(200);
    }
    let done = world.waited(&seen).await;
    assert_eq!(done["stage"], "applied", "{done:#}");
    assert_eq!(done["attempts"].as_array().unwrap().len(), 2);
    world.command(&world.tom.token, &done, "retry").await.refused("run_closed");
}
