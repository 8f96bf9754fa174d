//! Exports over HTTP: what they say is what the leaves say, in every format, and nothing leaves that does not verify.

use exports::{aat, attestation};
use proof::digest::sha256;
use proof::dsse::Envelope;
use proof::note::VerifierKey;
use proof::trust::TrustPolicy;
use reqwest::Method;
use serde_json::{Value, json};
use verifier::{Examined, Question, Verdict, examine};

use super::evidence::{bytes, copy, files, plain, rolled_back, tamper};
use crate::world::{World, self_link, start, tag, text};

/// A run's evidence, as a stranger reads it from its bundle.
async fn examined(world: &World, run: &Value) -> (verifier::Files, Examined) {
    let files = files(&bytes(world, &world.admin, &format!("{}/bundle", self_link(run))).await);
    let trust = TrustPolicy::parse(plain(world, "/v1/log/trust").await.as_bytes()).unwrap();
    let examined = examine(&files, &Question { trust: Some(&trust), ..Question::default() });
    (files, examined)
}

fn records(bytes: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(bytes).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The leaf that a record names, wherever the format puts it.
fn leaf(record: &Value) -> (u64, String) {
    let holder = ["action_detail", "unmapped", "data"]
        .iter()
        .find_map(|name| record.get(name).filter(|holder| holder.get("ap_leaf_hash").is_some()));
    let holder = holder.unwrap_or_else(|| panic!("no leaf: {record}"));
    assert!(holder["ap_origin"].is_string());
    (holder["ap_log_index"].as_u64().unwrap(), text(&holder["ap_leaf_hash"]))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_has_a_statement_and_a_trail_that_say_what_its_events_say() {
    let world = World::start().await;
    let run = rolled_back(&world).await;
    let (files, examined) = examined(&world, &run).await;
    assert_eq!(examined.report.verdict, Verdict::Unwitnessed, "{}", examined.report.to_text());
    assert_eq!(examined.runs.len(), 2);
    for one in &examined.runs {
        let file = |name: &str| files.get(&format!("runs/{}/{name}", one.run.id)).unwrap();
        let envelope = Envelope::parse(file("attestation.dsse.json")).unwrap();
        attestation::says(&envelope, one, sha256(file("events.jsonl"))).unwrap();
        let key = std::str::from_utf8(file("attestation.vkey")).unwrap();
        let key = VerifierKey::parse(key.trim_end()).unwrap();
        assert_eq!(envelope.verify([&key]).unwrap(), [&key]);
        aat::says(file("aat.jsonl"), file("aat.keys.json"), one).unwrap();
    }
    let projections = examined.report.checks.iter().find(|checked| checked.check.id() == "projections");
    assert_eq!(projections.unwrap().looked_at, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_format_names_each_leaf_of_the_run_once() {
    let world = World::start().await;
    let run = rolled_back(&world).await;
    let id = text(&run["id"]);
    let (files, examined) = examined(&world, &run).await;
    let one = examined.runs.iter().find(|one| one.run.id.to_string() == id).unwrap();
    let due: Vec<(u64, String)> =
        one.entries.iter().map(|entry| (entry.index, entry.hash.to_string())).collect();
    let export = |format: &str| format!("/v1/exports?format={format}&run={id}");
    for format in ["aat", "ocsf", "cloudevents"] {
        let told = bytes(&world, &world.maya.token, &export(format)).await;
        let leaves: Vec<_> = records(&told).iter().map(leaf).collect();
        assert_eq!(leaves, due, "{format}");
        // These formats never show a sealed value.
        for secret in ["Maya Lindqvist", "48213", "I looked at it", "The customer asked"] {
            assert!(!String::from_utf8_lossy(&told).contains(secret), "{format}: {secret}");
        }
    }
    let trail = bytes(&world, &world.maya.token, &export("aat")).await;
    aat::says(&trail, files.get(&format!("runs/{id}/aat.keys.json")).unwrap(), one).unwrap();
    let envelope = Envelope::parse(&bytes(&world, &world.maya.token, &export("dsse")).await).unwrap();
    let events = files.get(&format!("runs/{id}/events.jsonl")).unwrap();
    // A later head covers more, so only the statement's subject is that of the earlier bundle.
    assert_eq!(attestation::says(&envelope, one, sha256(events)), Err(attestation::Differs::Predicate));
    assert_eq!(attestation::says(&envelope, one, sha256(b"")), Err(attestation::Differs::Subject));

    let table = String::from_utf8(bytes(&world, &world.maya.token, &export("csv")).await).unwrap();
    assert_eq!(table.lines().count(), due.len() + 1);
    assert!(due.iter().all(|(_, hash)| table.contains(hash)));
    assert!(table.contains("I looked at it") && table.contains("Maya Lindqvist"), "{table}");
    let bare = bytes(&world, &world.maya.token, &format!("{}&values=false", export("csv"))).await;
    let bare = String::from_utf8(bare).unwrap();
    assert!(bare.contains("[withheld]") && !bare.contains("Maya Lindqvist"), "{bare}");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_downloads_of_their_type_and_are_recorded() {
    let world = World::start().await;
    let run = world.waited(&world.propose(&world.agent, tag(&["vip"])).await).await;
    let id = text(&run["id"]);
    for (format, kind) in [
        ("aat", "application/x-ndjson"),
        ("dsse", "application/vnd.dsse.envelope.v1+json"),
        ("ocsf", "application/x-ndjson"),
        ("cloudevents", "application/x-ndjson"),
        ("csv", "text/csv; charset=utf-8"),
    ] {
        let path = format!("/v1/exports?format={format}&run={id}");
        let response = world.request(Method::GET, &path).bearer_auth(&world.admin).send().await.unwrap();
        assert_eq!(response.headers()["content-type"], kind);
        let name = response.headers()["content-disposition"].to_str().unwrap().to_owned();
        assert!(name.starts_with(&format!("attachment; filename=\"{id}.")), "{name}");
    }
    let acts = world.get(&world.admin, "/v1/audit/workspace?limit=200").await.expect(200);
    let made = acts["items"].as_array().unwrap().iter().filter(|act| act["type"] == "export.made");
    assert_eq!(made.count(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_read_one_run_does_not_read_the_log() {
    let world = World::start().await;
    let run = world.waited(&world.propose(&world.agent, tag(&["vip"])).await).await;
    let id = text(&run["id"]);
    let maya = &world.maya.token;
    world.get(&world.agent, &format!("/v1/exports?format=csv&run={id}")).await.refused("forbidden");
    for forbidden in [
        "exports?format=csv",
        "exports?format=ocsf&from=2020-01-01T00:00:00Z",
        "controls?from=2020-01-01T00:00:00Z",
    ] {
        world.get(maya, &format!("/v1/{forbidden}")).await.refused("forbidden");
    }
    for malformed in [
        "exports?format=aat".to_owned(),
        "exports?format=dsse&from=2020-01-01T00:00:00Z".to_owned(),
        format!("exports?format=csv&run={id}&from=2020-01-01T00:00:00Z"),
        format!("exports?format=pdf&run={id}"),
        "exports?format=csv&from=yesterday".to_owned(),
        "controls?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z".to_owned(),
    ] {
        world.get(&world.admin, &format!("/v1/{malformed}")).await.refused("invalid_request");
    }
    world.get(maya, "/v1/exports?format=csv&run=nonsense").await.refused("not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_and_the_evidence_of_controls_are_whole() {
    let world = World::start().await;
    rolled_back(&world).await;
    let full = records(&bytes(&world, &world.admin, "/v1/exports?format=cloudevents").await);
    let indexes: Vec<u64> = full.iter().map(|record| leaf(record).0).collect();
    assert_eq!(indexes, (0..indexes.len() as u64).collect::<Vec<_>>(), "every leaf once, in order");
    let period = bytes(&world, &world.admin, "/v1/exports?format=ocsf&from=2020-01-01T00:00:00Z").await;
    assert!(records(&period).len() > indexes.len(), "the first export was recorded meanwhile");

    let path = "/v1/controls?from=2020-01-01T00:00:00Z&format=";
    let told: Value =
        serde_json::from_slice(&bytes(&world, &world.admin, &format!("{path}json")).await).unwrap();
    assert_eq!(told["complete"], json!(true));
    let section = |id: &str| {
        let found = told["sections"].as_array().unwrap().iter().find(|section| section["id"] == id);
        found.unwrap_or_else(|| panic!("no section {id}")).clone()
    };
    assert!(section("approvals").to_string().contains("support-leads"));
    assert!(section("population")["rows"].as_array().unwrap().len() > 3);
    let page = String::from_utf8(bytes(&world, &world.admin, &format!("{path}html")).await).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("support-leads"));
    let table = String::from_utf8(bytes(&world, &world.admin, &format!("{path}csv")).await).unwrap();
    assert!(table.starts_with("section,item,measure,value,"), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_erased_stays_erased_in_every_format() {
    let world = World::start().await;
    let run = world.waited(&world.propose(&world.agent, tag(&["vip"])).await).await;
    let id = text(&run["id"]);
    let path = format!("/v1/exports?format=csv&run={id}");
    let before = String::from_utf8(bytes(&world, &world.admin, &path).await).unwrap();
    assert!(before.contains("The customer asked for it"), "{before}");
    let body = json!({ "subject": { "run": id }, "basis": "gdpr-17-1-b", "request_ref": "DSR-1", "complete_by": "2027-06-01T00:00:00.000Z", "override_retention": true });
    let erased = world.post(&world.admin, "/v1/erasures", body).await;
    assert!((200..300).contains(&erased.status.as_u16()), "{:#}", erased.body);
    let after = String::from_utf8(bytes(&world, &world.admin, &path).await).unwrap();
    assert!(after.contains("[erased ") && after.contains("gdpr-17-1-b"), "{after}");
    assert!(!after.contains("The customer asked for it"), "{after}");
    let trail = bytes(&world, &world.admin, &format!("/v1/exports?format=aat&run={id}")).await;
    let (files, examined) = examined(&world, &run).await;
    assert!(examined.report.fields.erased > 0);
    aat::says(&trail, files.get(&format!("runs/{id}/aat.keys.json")).unwrap(), &examined.runs[0]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tampered_database_exports_nothing() {
    let mut world = World::start().await;
    let run = rolled_back(&world).await;
    world.bare.server.take().unwrap().stop().await;
    let dir = tempfile::tempdir().unwrap();
    copy(world.dir.path(), dir.path());
    tamper(
        dir.path(),
        "UPDATE document SET bytes = CAST(replace(CAST(bytes AS TEXT), 'rollback', 'irrevers') AS BLOB) WHERE rowid = 1",
    );
    let server = start(dir.path(), |_| {}).await;
    world.bare.base = format!("http://{}", server.addr());
    world.bare.server = Some(server);
    let id = text(&run["id"]);
    for path in [
        format!("exports?format=aat&run={id}"),
        format!("exports?format=dsse&run={id}"),
        format!("exports?format=ocsf&run={id}"),
        "exports?format=cloudevents".to_owned(),
        "exports?format=csv&from=2020-01-01T00:00:00Z".to_owned(),
        "controls?from=2020-01-01T00:00:00Z".to_owned(),
    ] {
        let reply = world.get(&world.admin, &format!("/v1/{path}")).await;
        assert!(reply.status.as_u16() >= 400, "{path}: {:#}", reply.body);
    }
}
