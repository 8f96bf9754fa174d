//! Evidence over HTTP: what a stranger can verify, and what shows when somebody was at the database.

use std::path::Path;

use proof::checkpoint::SignedCheckpoint;
use proof::inclusion;
use proof::tile::parse_entries;
use proof::tlog_proof::TlogProof;
use proof::tree::leaf_hash;
use proof::trust::TrustPolicy;
use reqwest::Method;
use rusqlite::Connection;
use serde_json::{Value, json};
use server::config::Config;
use server::wiring::Opened;
use verifier::{Files, Question, Report, Verdict, verify};

use crate::world::{World, self_link, solve, start, tag, text};

/// The bytes of an answer that must be good.
pub async fn bytes(world: &World, token: &str, path: &str) -> Vec<u8> {
    let response = world.request(Method::GET, path).bearer_auth(token).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 200, "{path}");
    response.bytes().await.unwrap().to_vec()
}

pub async fn plain(world: &World, path: &str) -> String {
    String::from_utf8(bytes(world, &world.admin, path).await).unwrap()
}

pub fn files(zip: &[u8]) -> Files {
    let mut files = Files::new();
    for (path, content) in proof::zip::read(zip).unwrap() {
        files.insert(path, content.to_vec()).unwrap();
    }
    files
}

async fn judged(world: &World, zip: &[u8]) -> Report {
    let trust = TrustPolicy::parse(plain(world, "/v1/log/trust").await.as_bytes()).unwrap();
    verify(&files(zip), &Question { trust: Some(&trust), ..Question::default() })
}

/// A run that was approved, applied and rolled back.
pub async fn rolled_back(world: &World) -> Value {
    let run = world.propose(&world.agent, solve()).await;
    world.verdict(&world.maya, &run, "approve").await.expect(201);
    let run = world.waited(&run).await;
    assert_eq!(run["stage"], "applied", "{run:#}");
    let mut undo = world.command(&world.tom.token, &run, "rollback").await.expect(201);
    if undo["stage"] != "awaiting_approval" {
        undo = world.waited(&undo).await;
    }
    if undo["stage"] == "awaiting_approval" {
        world.verdict(&world.maya, &undo, "approve").await.expect(201);
    }
    for _ in 0..200 {
        let shown = world.show(&run).await;
        if shown["stage"] == "rolled_back" {
            return shown;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("the run is not rolled back: {:#}", world.show(&run).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_verifies_a_run_from_one_file() {
    let world = World::start().await;
    let run = rolled_back(&world).await;
    let path = format!("{}/bundle", self_link(&run));
    let zip = bytes(&world, &world.maya.token, &path).await;
    let report = judged(&world, &zip).await;
    assert_eq!(report.verdict, Verdict::Unwitnessed, "{}", report.to_text());
    assert_eq!(report.runs.len(), 2, "the run and the one that recovers it");
    let told = report.to_text();
    assert!(told.contains("solved") && told.contains("Maya Lindqvist"), "{told}");
    // Who people are in the acts of the workspace is for auditors.
    assert!(files(&zip).get("workspace/disclosures.jsonl").is_none());
    assert!(files(&bytes(&world, &world.admin, &path).await).get("workspace/disclosures.jsonl").is_some());

    let bare = bytes(&world, &world.maya.token, &format!("{path}?values=false")).await;
    let report = judged(&world, &bare).await;
    assert_eq!(report.verdict, Verdict::Unwitnessed, "{}", report.to_text());
    assert!(report.fields.disclosed == 0 && report.fields.withheld > 10, "{:?}", report.fields);
    assert!(!bare.windows(14).any(|window| window == b"Maya Lindqvist"));

    let without = verify(&files(&zip), &Question::default());
    assert_eq!(without.verdict, Verdict::Untrusted);
    // The export itself is evidence.
    let acts = world.get(&world.admin, "/v1/audit/workspace?limit=200").await.expect(200);
    let exports = acts["items"].as_array().unwrap().iter().filter(|act| act["type"] == "export.made");
    assert_eq!(exports.count(), 3);
    world.get(&world.agent, &path).await.refused("forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_changed_byte_of_a_bundle_shows() {
    let world = World::start().await;
    let run = world.waited(&world.propose(&world.agent, tag(&["vip"])).await).await;
    let zip = bytes(&world, &world.admin, &format!("{}/bundle", self_link(&run))).await;
    let trust = TrustPolicy::parse(plain(&world, "/v1/log/trust").await.as_bytes()).unwrap();
    let good = verify(&files(&zip), &Question { trust: Some(&trust), ..Question::default() }).verdict;
    // A prime step lands in every kind of file and in the archive's own structure.
    let mut caught = 0;
    for at in (0..zip.len()).step_by(997) {
        let mut bad = zip.clone();
        bad[at] ^= 1 << (at % 8);
        let Ok(read) = proof::zip::read(&bad) else {
            caught += 1;
            continue;
        };
        let mut files = Files::new();
        for (path, content) in read {
            files.insert(path, content.to_vec()).unwrap();
        }
        let report = verify(&files, &Question { trust: Some(&trust), ..Question::default() });
        assert!(report.verdict > good, "byte {at}: {}", report.verdict.word());
        caught += 1;
    }
    assert!(caught > 100, "{caught}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_page_carries_the_bundle() {
    let world = World::start().await;
    let run = world.waited(&world.propose(&world.agent, tag(&["vip"])).await).await;
    let path = format!("{}/bundle?format=html", self_link(&run));
    let response = world.request(Method::GET, &path).bearer_auth(&world.admin).send().await.unwrap();
    let disposition = response.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert!(disposition.starts_with("attachment; filename=\"run_"), "{disposition}");
    let page = response.bytes().await.unwrap();
    let extracted = verifier::html::extract(&page).unwrap();
    assert_eq!(judged(&world, &extracted.bundle).await.verdict, Verdict::Unwitnessed);
    world
        .get(&world.admin, &format!("{}/bundle?format=pdf", self_link(&run)))
        .await
        .refused("invalid_request");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_log_and_a_period_of_it_verify() {
    let world = World::start().await;
    rolled_back(&world).await;
    let full = bytes(&world, &world.admin, "/v1/bundles").await;
    let report = judged(&world, &full).await;
    assert_eq!(report.verdict, Verdict::Unwitnessed, "{}", report.to_text());
    assert_eq!(report.runs.len(), 2);
    assert!(files(&full).get("log/tile/0/000.p/1").is_none());
    assert!(files(&full).iter().any(|(path, _)| path.starts_with("log/tile/entries/000")));
    let range = bytes(&world, &world.admin, "/v1/bundles?from=2020-01-01T00:00:00Z&values=true").await;
    assert_eq!(judged(&world, &range).await.verdict, Verdict::Unwitnessed);
    world.get(&world.admin, "/v1/bundles?to=2020-01-01T00:00:00Z").await.refused("not_found");
    world.get(&world.admin, "/v1/bundles?from=yesterday").await.refused("invalid_request");
    world.get(&world.maya.token, "/v1/bundles").await.refused("forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn proofs_and_tiles_agree_with_the_head() {
    let world = World::start().await;
    world.waited(&world.propose(&world.agent, tag(&["vip"])).await).await;
    // Whatever is signed now covers at least what was committed when this was asked.
    let mut log = world.get(&world.admin, "/v1/log").await.expect(200);
    while log["sealed"] != log["size"] {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        log = world.get(&world.admin, "/v1/log").await.expect(200);
    }
    let head = SignedCheckpoint::parse(plain(&world, "/v1/log/checkpoint").await.as_bytes()).unwrap();
    let (size, root) = (head.checkpoint().size, head.checkpoint().root);
    assert_eq!(log["size"], size);
    let entries = bytes(&world, &world.admin, &format!("/v1/log/tile/entries/000.p/{size}")).await;
    let leaves = parse_entries(&entries).unwrap();
    assert_eq!(leaves.len() as u64, size);
    for (index, leaf) in (0u64..).zip(&leaves) {
        let proof = plain(&world, &format!("/v1/log/proofs/{index}")).await;
        let proof = TlogProof::parse(proof.as_bytes()).unwrap();
        inclusion::verify(&leaf_hash(leaf), index, size, &proof.path, &root).unwrap();
    }
    for missing in [format!("/v1/log/proofs/{size}"), "/v1/log/proofs/x".to_owned()] {
        world.get(&world.admin, &missing).await.refused("not_found");
    }
    for missing in [format!("0/000.p/{}", size + 1), "0/001".into(), "9/000.p/1".into(), "entries/0".into()] {
        world.get(&world.admin, &format!("/v1/log/tile/{missing}")).await.refused("not_found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_signs_beside_the_old_one() {
    let world = World::start().await;
    let run = world.waited(&world.propose(&world.agent, tag(&["vip"])).await).await;
    let before = bytes(&world, &world.admin, &format!("{}/bundle", self_link(&run))).await;
    let old = world.get(&world.admin, "/v1/log").await.expect(200)["keys"].clone();
    let request = world.request(Method::POST, "/v1/log/keys").bearer_auth(&world.admin);
    let request = request.header("idempotency-key", "once").json(&json!({ "overlap_days": 7 }));
    let after = world.send(request.try_clone().unwrap()).await.expect(200);
    assert_eq!(world.send(request).await.expect(200)["keys"], after["keys"], "once");
    assert_eq!(after["keys"].as_array().unwrap().len(), 2);
    assert_eq!(after["keys"][1], old[0]);
    let head = SignedCheckpoint::parse(plain(&world, "/v1/log/checkpoint").await.as_bytes()).unwrap();
    assert_eq!(head.note().signatures().len(), 2);
    // Whoever knows only the old key still verifies what comes after, and the new policy what came before.
    let trust = format!("log {}\nquorum none\n", text(&old[0]));
    let trust = TrustPolicy::parse(trust.as_bytes()).unwrap();
    let zip = bytes(&world, &world.admin, &format!("{}/bundle", self_link(&run))).await;
    let report = verify(&files(&zip), &Question { trust: Some(&trust), ..Question::default() });
    assert_eq!(report.verdict, Verdict::Unwitnessed, "{}", report.to_text());
    assert_eq!(judged(&world, &before).await.verdict, Verdict::Unwitnessed);
    world.post(&world.admin, "/v1/log/keys", json!({ "overlap_days": 731 })).await.refused("invalid_request");
    world.post(&world.tom.token, "/v1/log/keys", json!({})).await.refused("forbidden");
}

/// What somebody with the database file may try. Triggers are put back, so that the schema shows nothing.
const TAMPERINGS: &[&str] = &[
    // A leaf, with and without its hash.
    "UPDATE leaf SET bytes = CAST(replace(CAST(bytes AS TEXT), 'approvals', 'approvalz') AS BLOB) WHERE bytes LIKE '%\"approvals\"%'",
    "UPDATE leaf SET hash = zeroblob(32) WHERE position = 5",
    "UPDATE leaf SET seq = seq + 100 WHERE position = (SELECT max(position) FROM leaf WHERE run <> '')",
    "UPDATE leaf SET idx = -1 WHERE idx = 3; UPDATE leaf SET idx = 3 WHERE idx = 4; UPDATE leaf SET idx = 4 WHERE idx = -1",
    "DELETE FROM leaf WHERE position = (SELECT max(position) FROM leaf)",
    "DELETE FROM leaf WHERE run = (SELECT id FROM run ORDER BY number DESC LIMIT 1)",
    "DELETE FROM leaf WHERE position = 4",
    "INSERT INTO leaf (ws, run, seq, hash, bytes, idx) SELECT ws, run, seq + 1, hash, bytes, idx + 1 FROM leaf ORDER BY idx DESC LIMIT 1",
    // Plans.
    "DELETE FROM document WHERE rowid = 1",
    "UPDATE document SET revision = 9 WHERE rowid = 1",
    "UPDATE document SET bytes = CAST(replace(CAST(bytes AS TEXT), 'rollback', 'irrevers') AS BLOB) WHERE rowid = 1",
    // Sealed values.
    "DELETE FROM disclosure WHERE rowid = 7",
    "UPDATE disclosure SET sealed = zeroblob(length(sealed)) WHERE rowid = 7",
    "UPDATE disclosure SET sealed = (SELECT sealed FROM disclosure WHERE rowid = 8) WHERE rowid = 7",
    "UPDATE disclosure SET holder = (SELECT holder FROM disclosure WHERE rowid = 60) WHERE rowid = 7",
    // What is kept beside the evidence: lists, seats, the policy set in force.
    "UPDATE run SET stage = 'rejected' WHERE stage = 'applied'",
    "DELETE FROM touch WHERE n = 0",
    "UPDATE entity SET body = CAST(json_set(CAST(body AS TEXT), '$.members', json('{}')) AS BLOB) WHERE kind = 'group'",
    "UPDATE entity SET body = CAST(json_remove(CAST(body AS TEXT), '$.active_policy') AS BLOB) WHERE kind = 'workspace'",
    "UPDATE entity SET body = CAST(replace(CAST(body AS TEXT), '@quorum', '@quorun') AS BLOB) WHERE kind = 'policy_set'",
    "UPDATE entity SET body = CAST(replace(CAST(body AS TEXT), 'safe_update', 'safe_updote') AS BLOB) WHERE kind = 'manifest'",
    // Heads.
    "UPDATE checkpoint SET note = CAST(replace(CAST(note AS TEXT), '/w/', '/v/') AS BLOB)",
    "DELETE FROM checkpoint WHERE size = (SELECT max(size) FROM checkpoint); INSERT INTO checkpoint SELECT ws, size + 5000, note FROM checkpoint ORDER BY size DESC LIMIT 1",
];

/// The text of every trigger, which an attacker would put back.
fn triggers(conn: &Connection) -> Vec<(String, String)> {
    let mut rows = conn.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").unwrap();
    rows.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

pub fn tamper(data: &Path, sql: &str) {
    let conn = Connection::open(data.join("actionplane.db")).unwrap();
    let triggers = triggers(&conn);
    for (name, _) in &triggers {
        conn.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
    conn.execute_batch(sql).unwrap();
    for (_, sql) in &triggers {
        conn.execute_batch(sql).unwrap();
    }
}

pub fn copy(from: &Path, to: &Path) {
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

/// What a review of the data directory says; none when it does not even open.
async fn review(data: &Path) -> Option<engine::LogReview> {
    let config = Config { data: data.to_owned(), ..Config::default() };
    let opened = Opened::new(&config).await.ok()?;
    let ws = opened.engine.store().workspaces().await.unwrap()[0];
    opened.engine.review_log(ws, |_| {}).await.ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_at_the_database_is_found_out() {
    let mut world = World::start().await;
    rolled_back(&world).await;
    let verified = world.post(&world.admin, "/v1/log/verify", json!({})).await.expect(200);
    assert_eq!((&verified["verdict"], &verified["found"]), (&json!("valid"), &json!(0)), "{verified:#}");
    assert!(verified["values"].as_u64().unwrap() > 50 && verified["heads"].as_u64().unwrap() > 0);
    world.get(&world.tom.token, "/v1/log").await.expect(200);
    world.post(&world.tom.token, "/v1/log/verify", json!({})).await.refused("forbidden");
    world.bare.server.take().unwrap().stop().await;
    let good = review(world.dir.path()).await.unwrap();
    assert!(good.is_sound(), "{good:?}");
    for sql in TAMPERINGS {
        let dir = tempfile::tempdir().unwrap();
        copy(world.dir.path(), dir.path());
        tamper(dir.path(), sql);
        if let Some(review) = review(dir.path()).await {
            assert!(!review.is_sound(), "nobody noticed: {sql}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_on_a_tampered_database_exports_nothing() {
    let mut world = World::start().await;
    let run = world.waited(&world.propose(&world.agent, tag(&["vip"])).await).await;
    world.bare.server.take().unwrap().stop().await;
    let swapped = TAMPERINGS.iter().find(|sql| sql.starts_with("UPDATE leaf SET idx")).unwrap();
    tamper(world.dir.path(), swapped);
    let server = start(world.dir.path(), |_| {}).await;
    world.bare.base = format!("http://{}", server.addr());
    world.bare.server = Some(server);
    let reply = world.get(&world.admin, &format!("{}/bundle", self_link(&run))).await;
    assert_eq!(reply.status.as_u16(), 500, "{:#}", reply.body);
    assert_eq!(reply.body["code"], "evidence_damaged", "{:#}", reply.body);
}
