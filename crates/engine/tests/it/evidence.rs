//! The log: what happens is under a signed head, and nothing is signed or executed that does not continue it.

use std::path::Path;
use std::sync::Arc;

use domain::attempt::EvidenceLevel;
use domain::mutation::Environment;
use domain::run::Stage;
use engine::admin::ConnectorSettings;
use engine::commands::Answer;
use engine::seams::{Signer, SystemEntropy};
use engine::{Engine, KeyFile};
use proof::checkpoint::SignedCheckpoint;
use proof::consistency;
use proof::tree::{leaf_hash, root};

use crate::world::{World, change, credentials, open_store, slug, solve, start_engine, tag};

async fn newest(world: &World) -> SignedCheckpoint {
    for _ in 0..200 {
        let size = world.engine.store().integrate(world.ws).await.unwrap();
        let kept = world.engine.store().checkpoint(world.ws, None).await.unwrap();
        if let Some(kept) = kept.filter(|kept| kept.size == size) {
            return SignedCheckpoint::parse(kept.note.as_bytes()).unwrap();
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("no head covers the log");
}

/// Copies what a data directory holds: the database, or the keys.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_head_is_that_of_the_leaves_and_continues_the_one_before() {
    let world = World::start().await;
    let before = newest(&world).await;
    let run = world.propose(&world.agent, tag("48213", &["vip"])).await.unwrap();
    world.settled(run).await;
    let after = newest(&world).await;
    let store = world.engine.store();
    let entries = store.entries(world.ws, 0, 4096).await.unwrap();
    let hashes: Vec<_> = entries.iter().map(|entry| leaf_hash(&entry.bytes)).collect();
    let (old, new) = (before.checkpoint(), after.checkpoint());
    assert!(old.size < new.size && new.origin == "ap.example/w/main");
    assert_eq!(root(&hashes), new.root);
    let proof = world.engine.nodes(world.ws, new.size).consistency(old.size).await.unwrap();
    consistency::verify(old.size, &old.root, new.size, &new.root, &proof).unwrap();
    let signer = KeyFile::new(world.dir.path().join("keys/log"), Arc::clone(store), Arc::new(SystemEntropy));
    let keys = signer.keys(world.ws, &new.origin).unwrap();
    assert_eq!((after.verify(&keys).unwrap().len(), keys.len()), (1, 1));
    let opened = &entries[0];
    let text = String::from_utf8(opened.bytes.clone()).unwrap();
    assert!(text.contains("log.opened") && text.contains(&keys[0].to_string()), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_is_written_to_under_a_signed_head_only() {
    let world = World::start().await;
    world.put_in_force(&policy::starter().replace(r#"@quorum("1")"#, r#"@quorum("2")"#)).await;
    let settings = ConnectorSettings {
        system: slug("zendesk"),
        environment: Environment::Sandbox,
        base_url: Some(world.desk.base_url()),
        credentials: Some(credentials()),
    };
    world.engine.add_connector(&world.admin, &slug("desk-sandbox"), settings, None).await.unwrap();
    let mut proposal = tag("48213", &["vip"]);
    proposal.mutations[0].connector = slug("desk-sandbox");
    let run = world.propose(&world.agent, proposal).await.unwrap();
    let view = world.settled(run).await;
    assert_eq!(view.run.stage, Stage::Applied, "{view:#?}");
    let attempt = &view.run.progress[0].attempts[0];
    assert_eq!(attempt.evidence, EvidenceLevel::Sealed);
    // Every leaf before the attempt is under a head that was signed before it.
    let leaves = world.engine.store().chain(world.ws, store::Chain::Run(run), 0, 100).await.unwrap();
    let started = leaves.iter().find(|leaf| leaf.seq == attempt.started).unwrap();
    let before = leaves[usize::try_from(attempt.started).unwrap() - 1].index.unwrap();
    let head = world.engine.store().checkpoint(world.ws, Some(before + 1)).await.unwrap().unwrap();
    assert!(head.size <= started.index.unwrap(), "{} {:?}", head.size, started.index);
}

/// A second process on the keys of the first and an older copy of its database.
async fn rolled_back(world: &World, keys: &Path, database: &Path) -> (Arc<Engine>, engine::Workers) {
    let dir = world.dir.path().join("second");
    copy(database, &dir);
    copy(keys, &dir.join("keys"));
    let store = open_store(&dir).await;
    start_engine(store, &world.clock, &dir).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_put_back_is_neither_signed_nor_acted_on() {
    let world = World::start().await;
    let waits = world.propose(&world.agent, solve("48213")).await.unwrap();
    let view = world.until(waits, |view| view.run.stage == Stage::AwaitingApproval).await;
    let digest = view.run.plan_digest().unwrap();
    newest(&world).await;
    let backup = tempfile::tempdir().unwrap();
    for file in ["actionplane.db", "actionplane.db-wal"] {
        std::fs::copy(world.dir.path().join(file), backup.path().join(file)).unwrap();
    }
    let run = world.propose(&world.agent, tag("48213", &["vip"])).await.unwrap();
    world.settled(run).await;
    newest(&world).await;
    let keys = world.dir.path().join("keys");

    let (engine, workers) = rolled_back(&world, &keys, backup.path()).await;
    let heads = engine.evidence_heads(world.ws);
    assert!(heads.fork_risk.as_deref().is_some_and(|why| why.contains("do not continue")), "{heads:?}");
    // It can be read and decided on, but nothing is executed, in a simulation either.
    let verdict = engine::commands::VerdictRequest {
        answer: Answer::Approve,
        plan_digest: digest,
        group: None,
        rationale: Some("Agreed".to_owned()),
    };
    engine.give_verdict(&world.maya, waits, verdict, None).await.unwrap();
    let size = engine.store().integrate(world.ws).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    assert!(engine.store().checkpoint(world.ws, Some(size)).await.unwrap().is_none());
    assert_eq!(engine.show_run(&world.tom, waits).await.unwrap().run.stage, Stage::Authorized);
    assert_eq!(world.writes("48213"), 1);
    workers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_database_goes_on_where_it_was() {
    let mut world = World::start().await;
    let run = world.propose(&world.agent, tag("48213", &["vip"])).await.unwrap();
    world.settled(run).await;
    let before = newest(&world).await;
    let store = Arc::clone(world.engine.store());
    world.restart(store).await;
    assert_eq!(world.engine.evidence_heads(world.ws).fork_risk, None);
    let run = world.propose(&world.agent, change("48213", &[("priority", "high".into())])).await.unwrap();
    world.until(run, |view| view.run.stage != Stage::Proposed).await;
    assert!(newest(&world).await.checkpoint().size > before.checkpoint().size);
}

/// Without the newest head, its key, or with others, nobody can tell what was signed: nothing is signed.
#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_missing_or_altered_stops_the_log() {
    let world = World::start().await;
    newest(&world).await;
    let keys = world.dir.path().join("keys");
    let database = tempfile::tempdir().unwrap();
    for file in ["actionplane.db", "actionplane.db-wal"] {
        std::fs::copy(world.dir.path().join(file), database.path().join(file)).unwrap();
    }
    let head = keys.join("log/ap.example+w+main.head");
    let good = std::fs::read_to_string(&head).unwrap();
    let digits = good.lines().nth(1).unwrap();
    let fewer = good.replacen(digits, "1", 1);
    for (altered, told) in [(None, "missing"), (Some(fewer.as_str()), "damaged"), (Some("x"), "damaged")] {
        let broken = tempfile::tempdir().unwrap();
        copy(&keys, broken.path());
        let head = broken.path().join("log/ap.example+w+main.head");
        match altered {
            None => std::fs::remove_file(&head).unwrap(),
            Some(text) => std::fs::write(&head, text).unwrap(),
        }
        let _ = std::fs::remove_dir_all(world.dir.path().join("second"));
        let (engine, workers) = rolled_back(&world, broken.path(), database.path()).await;
        let why = engine.evidence_heads(world.ws).fork_risk.unwrap();
        assert!(why.contains(told), "{why}");
        workers.stop().await;
        drop(engine);
    }
}
