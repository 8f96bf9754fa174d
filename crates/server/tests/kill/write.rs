//! Kills while the help desk has the write, while it is read back, and while its outcome is looked for.

use serde_json::{Value, json};
use simulators::{Fault, FaultKind};

use crate::memory::Memory;
use crate::scene::{Scene, held, solve, tag};

/// The attempts of a run: outcome, code, and whether a look at the help desk settled it.
fn attempts(run: &Value) -> Vec<Value> {
    let attempts = run["attempts"].as_array().unwrap().iter();
    attempts.map(|attempt| json!([attempt["outcome"], attempt["code"], attempt["reconciled"]])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_was_under_way_is_found_or_shown_to_have_had_no_effect() {
    let mut scene = Scene::start().await;
    let (late, done, lost) = (scene.ticket(1), scene.ticket(2), scene.ticket(3));
    let under_way = [
        // It lands when its sender is already gone.
        scene.arm(Fault { delay_ms: Some(1_500), ..Fault::new(FaultKind::Slow).on("PUT", &late) }),
        scene.arm(held(FaultKind::TimeoutAfterCommit).on("PUT", &done)),
        scene.arm(held(FaultKind::TimeoutBeforeCommit).on("PUT", &lost)),
    ];
    let mut memory = Memory::default();
    let mut runs = Vec::new();
    for ticket in [&late, &done, &lost] {
        let run = scene.propose(&tag(ticket), ticket).await.unwrap().done();
        memory.hear(&run);
        runs.push(run["id"].clone());
    }
    for write in &under_way {
        write.hit().await;
    }
    scene.kill();
    scene.restart();
    let operator = scene.company.operator.clone();
    memory.holds(&operator).await;
    // What the help desk's own journal shows is settled at once; that nothing will come is known only later.
    let unknown = |run: &Value| run["attempts"][0]["outcome"] == "unknown";
    let run = operator.until(&runs[2], "unknown", unknown).await;
    assert_eq!(run["stage"], "needs_attention");
    let seen = json!({ "plan_digest": run["plan_digest"] });
    assert_eq!(operator.command(&run, "retry", &seen).await.refused(), (409, "mutation_unsettled"));
    memory.hear(&run);
    let found = vec![json!(["applied", "key_lookup", true])];
    let tried_again =
        vec![json!(["not_sent", "no_effect_found", true]), json!(["applied", "read_back", false])];
    for (id, ticket, expected) in
        [(&runs[0], &late, &found), (&runs[1], &done, &found), (&runs[2], &lost, &tried_again)]
    {
        let run = scene.finish(id).await;
        assert_eq!((run["stage"].as_str(), &attempts(&run)), (Some("applied"), expected));
        assert_eq!(scene.writes(ticket), 1);
    }
    memory.holds(&operator).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_read_back_was_cut_off_is_proven_later() {
    let mut scene = Scene::start().await;
    let ticket = scene.ticket(1);
    let run = scene.propose(&solve(&ticket), &ticket).await.unwrap().done();
    // The first read of a dispatch is the check for drift, the second one is the proof.
    let reads = held(FaultKind::TimeoutBeforeCommit).on("GET", &format!("{ticket}.json"));
    let read_back = scene.arm(Fault { skip: 1, ..reads });
    scene.company.approve(&run).await;
    read_back.hit().await;
    assert_eq!(scene.writes(&ticket), 1, "the write is done, its proof is not");
    scene.kill();
    scene.restart();
    let run = scene.finish(&run["id"]).await;
    assert_eq!(
        (run["stage"].as_str(), attempts(&run)),
        (Some("applied"), vec![json!(["applied", "key_lookup", true])])
    );
    assert_eq!(scene.writes(&ticket), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_for_the_outcome_that_was_cut_off_is_taken_again() {
    let mut scene = Scene::start().await;
    let ticket = scene.ticket(1);
    scene.arm(held(FaultKind::TimeoutAfterCommit).on("PUT", &ticket));
    let look = scene.arm(held(FaultKind::TimeoutBeforeCommit).on("GET", &format!("{ticket}/audits")));
    let run = scene.propose(&tag(&ticket), &ticket).await.unwrap().done();
    look.hit().await;
    scene.kill();
    scene.restart();
    let run = scene.finish(&run["id"]).await;
    assert_eq!(
        (run["stage"].as_str(), attempts(&run)),
        (Some("applied"), vec![json!(["applied", "key_lookup", true])])
    );
    assert_eq!(scene.writes(&ticket), 1);
}
