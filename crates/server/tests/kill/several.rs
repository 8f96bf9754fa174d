//! A plan of several mutations, and the run that rolls it back, each killed in the middle.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use simulators::FaultKind;

use crate::scene::{Scene, held, tag_all};

/// The newest outcome of each mutation.
fn outcomes(run: &Value) -> Vec<(u64, &str)> {
    let mut newest = BTreeMap::new();
    for attempt in run["attempts"].as_array().unwrap() {
        newest.insert(attempt["n"].as_u64().unwrap(), attempt["outcome"].as_str().unwrap_or("in flight"));
    }
    newest.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_goes_on_where_it_was_and_so_does_its_rollback() {
    let mut scene = Scene::start().await;
    let (first, second) = (scene.ticket(1), scene.ticket(2));
    let done = scene.arm(held(FaultKind::TimeoutAfterCommit).on("PUT", &second));
    let run = scene.propose(&tag_all(&[&first, &second]), "both").await.unwrap().done();
    done.hit().await;
    scene.kill();
    scene.restart();
    let operator = scene.company.operator.clone();
    let run = scene.finish(&run["id"]).await;
    assert_eq!(
        (run["stage"].as_str(), outcomes(&run)),
        (Some("applied"), vec![(0, "applied"), (1, "applied")])
    );
    assert_eq!((scene.writes(&first), scene.writes(&second)), (1, 1));

    // What was written last is taken back first; the request for the other one is lost with the server.
    let lost = scene.arm(held(FaultKind::TimeoutBeforeCommit).on("PUT", &first));
    let undo = json!({ "plan_digest": run["plan_digest"], "rationale": "It was the wrong tag" });
    let recovery = operator.command(&run, "rollback", &undo).await.done();
    scene.company.approve(&recovery).await;
    lost.hit().await;
    scene.kill();
    scene.restart();
    let open = operator.run(&run["id"]).await;
    assert_eq!((&open["stage"], &open["recovery"]["open"]), (&json!("applied"), &recovery["id"]));
    let recovery = scene.finish(&recovery["id"]).await;
    assert_eq!(
        (recovery["stage"].as_str(), outcomes(&recovery)),
        (Some("applied"), vec![(0, "applied"), (1, "applied")])
    );
    let run = operator.run(&run["id"]).await;
    assert_eq!(
        (&run["stage"], &run["recovery"]["runs"][0]["outcome"]),
        (&json!("rolled_back"), &json!("restored"))
    );
    assert_eq!((scene.writes(&first), scene.writes(&second)), (2, 2));
}
