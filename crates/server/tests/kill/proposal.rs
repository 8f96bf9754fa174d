//! Kills around the proposal: what was answered is there, what was not answered is asked again under the same key.

use serde_json::json;
use simulators::{Fault, FaultKind};

use crate::memory::Memory;
use crate::scene::{Scene, held, solve, tag};

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_that_was_answered_is_there_and_is_not_made_twice() {
    let mut scene = Scene::start().await;
    let (asked, auto) = (scene.ticket(1), scene.ticket(2));
    let mut memory = Memory::default();
    let mut runs = Vec::new();
    for (ticket, proposal) in [(&asked, solve(&asked)), (&auto, tag(&auto))] {
        let run = scene.propose(&proposal, ticket).await.unwrap().done();
        memory.hear(&run);
        runs.push((ticket, proposal, run));
    }
    scene.kill();
    scene.restart();
    memory.holds(&scene.company.operator).await;
    for (ticket, proposal, run) in &runs {
        let again = scene.propose(proposal, ticket).await.unwrap();
        assert!(again.replayed);
        assert_eq!(again.done()["id"], run["id"]);
        let other = scene.propose(&solve("48213"), ticket).await.unwrap();
        assert_eq!(other.refused(), (422, "idempotency_key_reused"));
        assert_eq!(scene.finish(&run["id"]).await["stage"], "applied");
        assert_eq!(scene.writes(ticket), 1);
    }
    assert_eq!(scene.company.operator.get("/v1/runs").await["items"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_whose_preview_waited_is_asked_again_and_makes_one_run() {
    let mut scene = Scene::start().await;
    let ticket = scene.ticket(1);
    let proposal = solve(&ticket);
    let held = scene.arm(held(FaultKind::TimeoutBeforeCommit).on("GET", &ticket));
    let asking = tokio::spawn({
        let (agent, proposal) = (scene.company.agent.clone(), proposal.clone());
        async move { agent.ask(reqwest::Method::POST, "/v1/runs", &proposal, "one-key").await }
    });
    held.hit().await;
    scene.kill();
    asking.await.unwrap().unwrap_err();
    scene.restart();
    assert_eq!(scene.company.operator.get("/v1/runs").await["items"], json!([]), "nobody was told of a run");
    let run = scene.propose(&proposal, "one-key").await.unwrap();
    assert!(!run.replayed);
    let run = scene.finish(&run.done()["id"]).await;
    assert_eq!((&run["stage"], scene.writes(&ticket)), (&json!("applied"), 1));
    assert_eq!(scene.company.operator.get("/v1/runs").await["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_help_desk_did_not_answer_is_previewed_after_the_kill() {
    let mut scene = Scene::start().await;
    let ticket = scene.ticket(1);
    scene.arm(Fault::new(FaultKind::ServerError).on("GET", &ticket));
    let run = scene.propose(&tag(&ticket), "one-key").await.unwrap().done();
    assert_eq!((&run["stage"], &run["plan_digest"]), (&json!("proposed"), &json!(null)));
    let mut memory = Memory::default();
    memory.hear(&run);
    scene.kill();
    scene.restart();
    memory.holds(&scene.company.operator).await;
    let run = scene.finish(&run["id"]).await;
    assert_eq!((&run["stage"], scene.writes(&ticket)), (&json!("applied"), 1));
}
