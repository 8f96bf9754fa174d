//! Kills between the request for approvals and the dispatch, which a pause holds back.

use reqwest::Method;
use serde_json::{Value, json};

use crate::memory::Memory;
use crate::scene::{Scene, solve};

#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_that_was_answered_counts_and_a_pause_stays() {
    let mut scene = Scene::start().await;
    let mut memory = Memory::default();
    scene.company.pause("help-desk").await;
    let mut runs = Vec::new();
    for (number, verdict) in [(1, "approve"), (2, "reject")] {
        let ticket = scene.ticket(number);
        let run = scene.propose(&solve(&ticket), &ticket).await.unwrap().done();
        assert_eq!(run["stage"], "awaiting_approval");
        memory.hear(&run);
        runs.push((ticket, verdict, run));
    }
    scene.kill();
    scene.restart();
    memory.holds(&scene.company.operator).await;

    for (ticket, verdict, run) in &runs {
        let path = format!("/v1/runs/{}/approvals", run["id"].as_str().unwrap());
        let body =
            json!({ "verdict": verdict, "plan_digest": run["plan_digest"], "rationale": "I checked it" });
        let lead = scene.company.lead.clone();
        let give = || lead.ask(Method::POST, &path, &body, ticket);
        let given = give().await.unwrap();
        assert!(!given.replayed);
        memory.hear(&given.done());
        scene.kill();
        scene.restart();
        memory.holds(&scene.company.operator).await;
        let again = give().await.unwrap();
        assert!(again.replayed);
        assert_eq!(again.done()["approvals"].as_array().unwrap().len(), 1, "a verdict is not given twice");
    }
    let (approved, rejected) = (&runs[0], &runs[1]);
    let stage = async |run: &Value| scene.company.operator.run(&run["id"]).await["stage"].clone();
    assert_eq!(
        (stage(&approved.2).await, stage(&rejected.2).await),
        (json!("authorized"), json!("rejected"))
    );
    assert_eq!(scene.desk.writes(), [], "nothing is written under a pause");

    scene.company.resume("help-desk").await;
    assert_eq!(scene.finish(&approved.2["id"]).await["stage"], "applied");
    assert_eq!((scene.writes(&approved.0), scene.writes(&rejected.0)), (1, 0));
}
