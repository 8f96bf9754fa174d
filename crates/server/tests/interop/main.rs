//! A sample of everything that others verify, from a real server: a log of more than one tile under heads that three
//! witnesses cosigned, one of them a stranger's program; an approved run and its rollback; proofs and bundles.
//!
//! Run by `cargo xtask interop`, which then gives the sample to programs that we did not write. The folder for it stands in
//! `ACTIONPLANE_TEST_SAMPLE`, that of the stranger's programs in `ACTIONPLANE_TEST_STRANGERS`.

// Says so to the linter, which is milder with tests.
#![cfg(test)]

mod sample;
mod witnesses;
#[path = "../it/world.rs"]
#[expect(dead_code, reason = "the world has more in it than one story needs")]
mod world;

use std::path::PathBuf;
use std::time::Duration;

use proof::trust::TrustPolicy;
use serde_json::{Value, json};
use verifier::{Question, Verdict, verify_zip};

use crate::sample::Sample;
use crate::witnesses::Witnesses;
use crate::world::{World, self_link, solve, start, tag};

/// So many runs make more leaves than one tile holds.
const EVERYDAY_RUNS: usize = 40;
const POLLS_MAX: u32 = 600;
const POLL: Duration = Duration::from_millis(50);

fn folder(variable: &str) -> PathBuf {
    PathBuf::from(std::env::var_os(variable).unwrap_or_else(|| panic!("`{variable}` names a folder")))
}

/// The log's state once every witness has cosigned everything that is in it.
async fn witnessed(world: &World) -> Value {
    for _ in 0..POLLS_MAX {
        let log = world.get(&world.admin, "/v1/log").await.expect(200);
        if log["witnessed"] == log["size"] {
            return log;
        }
        tokio::time::sleep(POLL).await;
    }
    panic!("the witnesses do not cosign: {:#}", world.get(&world.admin, "/v1/log").await.body)
}

/// A run that was approved, applied and rolled back.
async fn rolled_back(world: &World) -> Value {
    let run = world.propose(&world.agent, solve()).await;
    world.verdict(&world.maya, &run, "approve").await.expect(201);
    let run = world.waited(&run).await;
    let undo = world.command(&world.tom.token, &run, "rollback").await.expect(201);
    let undo = world.waited(&undo).await;
    if undo["stage"] == "awaiting_approval" {
        world.verdict(&world.maya, &undo, "approve").await.expect(201);
    }
    for _ in 0..POLLS_MAX {
        let shown = world.show(&run).await;
        if shown["stage"] == "rolled_back" {
            return shown;
        }
        tokio::time::sleep(POLL).await;
    }
    panic!("the run is not rolled back: {:#}", world.show(&run).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_for_strangers_is_made_and_we_verify_it_ourselves() {
    let sample = Sample::new(folder("ACTIONPLANE_TEST_SAMPLE"));
    let mut world = World::start().await;
    // The witnesses have to know the log's key, and the server its witnesses.
    let log = world.get(&world.admin, "/v1/log").await.expect(200);
    let data = tempfile::tempdir().unwrap();
    let witnesses = Witnesses::start(data.path(), &folder("ACTIONPLANE_TEST_STRANGERS"), &log).await;
    let policy = data.path().join("trust.tlog-policy");
    std::fs::write(&policy, witnesses.policy(&log)).unwrap();
    world.bare.server.take().unwrap().stop().await;
    let server = start(world.dir.path(), |config| config.evidence.trust_policy = Some(policy)).await;
    world.bare.base = format!("http://{}", server.addr());
    world.bare.server = Some(server);

    let run = rolled_back(&world).await;
    witnessed(&world).await;
    sample.fetch(&world, "/v1/log/checkpoint", "earlier.checkpoint").await;
    for number in 0..EVERYDAY_RUNS {
        let run = world.propose(&world.agent, tag(&[&format!("seen-{number}")])).await;
        assert_eq!(world.waited(&run).await["stage"], "applied", "{run:#}");
    }
    let log = witnessed(&world).await;
    let size = log["size"].as_u64().unwrap();
    assert!(size > 256, "{size} leaves stand in one tile");

    let trust = sample.fetch(&world, "/v1/log/trust", "trust.tlog-policy").await;
    let trust = TrustPolicy::parse(&trust).unwrap();
    let question = Question { trust: Some(&trust), ..Question::default() };
    // The whole log comes without values unless they are asked for.
    let whole = sample.fetch(&world, "/v1/bundles", "full.apev").await;
    witnessed(&world).await;
    let part = sample.fetch(&world, &format!("{}/bundle", self_link(&run)), "run.apev").await;
    for (bundle, expected) in [(&whole, Verdict::ValidRedacted), (&part, Verdict::Valid)] {
        let report = verify_zip(bundle, &question);
        assert_eq!(report.verdict, expected, "{}", report.to_text());
    }
    sample.unpack("full", &whole);
    sample.unpack("run", &part);

    witnessed(&world).await;
    let places = [0, 1, 254, 255, 256, size - 1];
    for index in places {
        let name = format!("proofs/{index}.tlog-proof");
        sample.fetch(&world, &format!("/v1/log/proofs/{index}"), &name).await;
    }
    for format in ["ocsf", "cloudevents"] {
        sample.fetch(&world, &format!("/v1/exports?format={format}"), &format!("{format}.jsonl")).await;
    }
    let about = json!({
        "origin": log["origin"], "log": log["keys"][0], "witnesses": witnesses.keys(), "places": places,
        "run": run["id"],
    });
    sample.write("sample.json", about.to_string().as_bytes());
    world.bare.server.take().unwrap().stop().await;
    witnesses.stop().await;
}
