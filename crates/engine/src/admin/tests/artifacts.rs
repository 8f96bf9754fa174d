//! Files of runs.

use domain::id::RunId;
use domain::mutation::{Kind, ProposedMutation};
use domain::principal::Principal;
use proof::digest::{Digest, sha256};
use proof::json::{Value, object};
use store::EntityKind;

use super::world::{World, code, key, slug};
use crate::Code;
use crate::access::Caller;
use crate::admin::{Artifact, NewArtifact};
use crate::commands::Proposal;

/// A world in which agents may propose; the help desk does not answer, so their runs stay open.
async fn world() -> World {
    let world = World::new().await;
    world.help_desk().await;
    world.engine.add_workflow(&world.admin, &slug("renewals"), "Renewals", None).await.unwrap();
    let set = world.engine.publish_starter(&world.admin, None).await.unwrap();
    world.engine.activate_policy(&world.admin, set.summary.digest).await.unwrap();
    world
}

async fn agent(world: &World, name: &str) -> Caller {
    let view = world.agent(name).await;
    Caller {
        principal: view.id,
        roles: [].into(),
        owner: world.admin.principal.person(),
        ..world.admin.clone()
    }
}

async fn propose(world: &World, who: &Caller) -> RunId {
    let mutation = ProposedMutation {
        connector: slug("help-desk"),
        object: slug("ticket"),
        kind: Kind::Update,
        action: None,
        id: Some("48213".to_owned()),
        changes: [("priority".to_owned(), Value::from("high"))].into(),
        arguments: [].into(),
        guard: [].into(),
    };
    let proposal = Proposal {
        workflow: slug("renewals"),
        reason: "a test".to_owned(),
        source: None,
        source_ref: None,
        model: None,
        agent_version: None,
        confidence_bp: None,
        on_behalf_of: None,
        branched_from: None,
        trace: None,
        mutations: vec![mutation],
    };
    world.engine.propose(who, proposal, None).await.unwrap().run().id
}

fn file(bytes: &[u8]) -> NewArtifact {
    let (name, media_type) = ("letter.txt".to_owned(), "text/plain".to_owned());
    NewArtifact { name, media_type, bytes: bytes.to_vec() }
}

async fn read(world: &World, who: &Caller, digest: Digest) -> crate::Result<Artifact> {
    world.engine.artifact(who, digest).await
}

#[tokio::test]
async fn a_file_is_kept_encrypted_under_its_digest_and_named_in_the_lineage() {
    let world = world().await;
    let who = agent(&world, "triage").await;
    let run = propose(&world, &who).await;
    let (_, digest) = world.engine.attach(&who, run, file(b"dear customer"), None).await.unwrap();
    assert_eq!(digest, sha256(b"dear customer"));
    let artifact = read(&world, &world.admin, digest).await.unwrap();
    assert_eq!(
        (artifact.media_type.as_str(), artifact.bytes.as_slice()),
        ("text/plain", &b"dear customer"[..])
    );
    let kept = world.engine.store().entity(world.ws, EntityKind::Artifact, digest.to_string()).await.unwrap();
    assert!(!String::from_utf8_lossy(&kept.unwrap().body).contains("customer"));
    let lineage = world.engine.lineage(&world.admin, run).await.unwrap();
    let event = lineage.last().unwrap();
    assert_eq!((event.kind.as_str(), &event.data["bytes"]), ("artifact.attached", &Value::from(13_u32)));
    let named = object([("name", "letter.txt".into()), ("sha256", digest.into())]);
    assert_eq!(event.value("artifact"), Some(&named));
}

#[tokio::test]
async fn an_agent_sees_files_of_its_own_runs_only() {
    let world = world().await;
    let (one, other) = (agent(&world, "one").await, agent(&world, "other").await);
    let (run, others) = (propose(&world, &one).await, propose(&world, &other).await);
    let (_, digest) = world.engine.attach(&one, run, file(b"same"), None).await.unwrap();
    assert!(read(&world, &one, digest).await.is_ok());
    assert_eq!(code(read(&world, &other, digest).await), Code::NotFound);
    assert_eq!(code(world.engine.attach(&other, run, file(b"x"), None).await), Code::NotFound);
    world.engine.attach(&other, others, file(b"same"), None).await.unwrap();
    assert!(read(&world, &other, digest).await.is_ok(), "the same file of a run of its own");
    assert_eq!(code(read(&world, &one, sha256(b"none")).await), Code::NotFound);
}

#[tokio::test]
async fn attaching_again_with_the_same_key_changes_nothing() {
    let world = world().await;
    let who = agent(&world, "triage").await;
    let run = propose(&world, &who).await;
    let k = key("k", "letter");
    let (first, _) = world.engine.attach(&who, run, file(b"letter"), Some(&k)).await.unwrap();
    let (again, _) = world.engine.attach(&who, run, file(b"letter"), Some(&k)).await.unwrap();
    assert_eq!(first.run().events, again.run().events);
    let (more, _) = world.engine.attach(&who, run, file(b"letter"), None).await.unwrap();
    assert_eq!(more.run().events, first.run().events + 1);
}

#[tokio::test]
async fn nothing_is_attached_to_a_closed_run() {
    let world = world().await;
    let who = agent(&world, "triage").await;
    let run = propose(&world, &who).await;
    world.engine.cancel(&who, run, None, None).await.unwrap();
    assert_eq!(code(world.engine.attach(&who, run, file(b"late"), None).await), Code::RunClosed);
    assert_eq!(code(read(&world, &who, sha256(b"late")).await), Code::NotFound);
    assert!(matches!(who.principal, Principal::Agent(_)));
}
