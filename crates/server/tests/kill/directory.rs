//! One data directory: a second server on it, and a byte in it that somebody changed.

use std::fs;
use std::process::Stdio;

use reqwest::Method;
use serde_json::{Value, json};

use crate::program::{logged, serve};
use crate::scene::{Scene, solve};

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_a_data_directory_refuses_to_start_and_the_first_goes_on() {
    let mut scene = Scene::start().await;
    let second = serve(scene.folder.path()).stdout(Stdio::piped()).output().unwrap();
    assert!(!second.status.success());
    assert_eq!(String::from_utf8(second.stdout).unwrap(), "", "it does not say that it listens");
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(said.contains("actionplane.lock") && said.contains("another process"), "{said}");

    let ticket = scene.ticket(1);
    let run = scene.propose(&solve(&ticket), &ticket).await.unwrap().done();
    assert_eq!(scene.finish(&run["id"]).await["stage"], "applied");
    // The lock ends with the process that holds it, however that ends.
    scene.kill();
    scene.restart();
    assert_eq!(scene.company.operator.run(&run["id"]).await["stage"], "applied");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_evidence_was_altered_is_said_to_be_damaged_and_is_not_executed() {
    let mut scene = Scene::start().await;
    scene.company.pause("help-desk").await;
    let mut runs = Vec::new();
    for number in 1..=4 {
        let ticket = scene.ticket(number);
        let run = scene.propose(&solve(&ticket), &ticket).await.unwrap().done();
        runs.push((ticket, run));
    }
    let [approved, altered, waiting, waiting_altered] = &runs[..] else { panic!("four runs") };
    for (_, run) in [approved, altered] {
        assert_eq!(scene.company.approve(run).await["stage"], "authorized");
    }
    scene.stop();
    for (_, run) in [altered, waiting_altered] {
        alter(&scene, run);
    }
    scene.restart();

    let operator = scene.company.operator.clone();
    for (_, run) in [altered, waiting_altered] {
        let path = format!("/v1/runs/{}", run["id"].as_str().unwrap());
        for path in [path.clone(), format!("{path}/events")] {
            let answer = operator.ask(Method::GET, &path, &Value::Null, "").await.unwrap();
            assert_eq!(answer.refused(), (500, "internal"), "{path}");
        }
        let verdict =
            json!({ "verdict": "approve", "plan_digest": run["plan_digest"], "rationale": "Why not" });
        let answer = scene.company.lead.command(run, "approvals", &verdict).await;
        assert_eq!(answer.refused(), (500, "internal"));
    }
    // The others go on, and a list shows all of them.
    let listed = operator.get("/v1/runs").await["items"].as_array().unwrap().len();
    assert_eq!(listed, runs.len());
    scene.company.resume("help-desk").await;
    for (ticket, run) in [approved, waiting] {
        assert_eq!(scene.finish(&run["id"]).await["stage"], "applied");
        assert_eq!(scene.writes(ticket), 1);
    }
    // The callers hear that it is our fault, the operator hears what it is.
    let log = logged(scene.folder.path());
    for (ticket, run) in [altered, waiting_altered] {
        assert_eq!(scene.writes(ticket), 0, "{run:#}");
        let id = run["id"].as_str().unwrap();
        let told = log.lines().any(|line| line.contains(id) && line.contains("the stored leaf is damaged"));
        assert!(told, "{log}");
    }
}

/// Changes one digit of the time in the first leaf of a run, where it stands in the database file.
fn alter(scene: &Scene, run: &Value) {
    let path = scene.folder.path().join("data/actionplane.db");
    let mut bytes = fs::read(&path).unwrap();
    let leaf = format!("\"run\":{},\"seq\":0,\"time\":\"", run["id"]);
    let found: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(leaf.as_bytes())).collect();
    let [at] = found[..] else { panic!("the leaf is there {} times", found.len()) };
    // The last digit of the year.
    let digit = &mut bytes[at + leaf.len() + 3];
    *digit = if *digit == b'9' { b'8' } else { *digit + 1 };
    fs::write(&path, bytes).unwrap();
}
