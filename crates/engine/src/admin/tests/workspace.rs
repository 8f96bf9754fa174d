//! The first workspace, and the chain that all acts stand on.

use std::sync::Arc;

use domain::id::WorkspaceId;
use store::{Chain, StoredLeaf};

use super::world::{PASSWORD, World, code, new_person, slug, start};
use crate::access::Role;
use crate::{Code, Engine};

async fn chain(engine: &Engine, ws: WorkspaceId) -> Vec<StoredLeaf> {
    engine.store().chain(ws, Chain::Workspace, 0, 1_000).await.unwrap()
}

#[tokio::test]
async fn an_empty_store_has_no_workspace_and_the_first_is_found_by_name_and_alone() {
    let world = World::new().await;
    assert_eq!(world.engine.only_workspace().await.unwrap(), Some(world.ws));
    assert_eq!(world.engine.workspace_by_name("main").await.unwrap(), Some(world.ws));
    assert_eq!(world.engine.workspace_by_name("other").await.unwrap(), None);
    let empty = tempfile::tempdir().unwrap();
    let engine = start(&empty, &world.clock, 2).await;
    assert_eq!(engine.only_workspace().await.unwrap(), None);
}

#[tokio::test]
async fn the_first_person_has_every_role_but_approves_for_no_group() {
    let world = World::new().await;
    let control = world.engine.control(world.ws).await.unwrap();
    assert_eq!(control.settings.origin, "localhost/w/main");
    assert_eq!((control.settings.zone.as_str(), control.settings.approval_lifetime_s), ("UTC", 86_400));
    let roles = [Role::Auditor, Role::Operator, Role::PolicyAuthor, Role::Admin];
    assert_eq!(world.admin.roles, roles.into());
    assert!(control.approver_groups(super::world::id(&world.admin)).is_empty());
    assert_eq!(world.acts().await, ["person_added"]);
}

#[tokio::test]
async fn a_workspace_name_is_used_once_and_a_second_workspace_is_separate() {
    let world = World::new().await;
    let engine = &world.engine;
    assert_eq!(code(engine.bootstrap("localhost", &slug("main"), PASSWORD).await), Code::AlreadyExists);
    let other = engine.bootstrap("localhost", &slug("other"), PASSWORD).await.unwrap();
    assert_ne!(other, world.ws);
    assert_eq!(code(engine.only_workspace().await), Code::InvalidRequest);
    let foreign = *engine.control(other).await.unwrap().persons.keys().next().unwrap();
    let seen = engine.show_principal(&world.admin, domain::principal::Principal::Person(foreign)).await;
    assert_eq!(code(seen), Code::NotFound);
}

#[tokio::test]
async fn a_workspace_needs_a_good_password_and_a_host() {
    let world = World::new().await;
    let new = slug("new");
    let make = |host: &'static str, password| world.engine.bootstrap(host, &new, password);
    assert_eq!(code(make("localhost", "short").await), Code::WeakPassword);
    for host in ["", "Upper", "a b", "https://x"] {
        assert_eq!(code(make(host, PASSWORD).await), Code::InvalidRequest, "{host}");
    }
    for (length, fits) in [(129, false), (128, true)] {
        let made = world.engine.bootstrap(&"h".repeat(length), &new, PASSWORD).await;
        assert_eq!(made.is_ok(), fits, "{length}");
    }
}

#[tokio::test]
async fn acts_are_chained_without_gap_and_each_raises_the_epoch() {
    let world = World::new().await;
    let before = world.engine.control(world.ws).await.unwrap().epoch;
    world.engine.add_group(&world.admin, &slug("deal-desk"), "Deal desk", None).await.unwrap();
    world.engine.add_workflow(&world.admin, &slug("renewals"), "Renewals", None).await.unwrap();
    assert_eq!(world.engine.control(world.ws).await.unwrap().epoch, before + 2);
    let leaves = chain(&world.engine, world.ws).await;
    let events = world.engine.audit(&world.admin, None, 200).await.unwrap();
    for (n, (leaf, event)) in leaves.iter().zip(&events).enumerate() {
        assert_eq!((leaf.seq, event.seq), (n as u64, n as u64));
        assert_eq!(event.prev, n.checked_sub(1).map(|before| leaves[before].hash));
    }
    assert_eq!(world.acts().await, ["person_added", "group_added", "workflow_added"]);
}

#[tokio::test]
async fn acts_at_the_same_time_are_all_kept_in_one_order() {
    let world = World::new().await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..8 {
        let (engine, admin) = (Arc::clone(&world.engine), world.admin.clone());
        tasks.spawn(async move {
            engine.add_group(&admin, &slug(&format!("group-{n}")), "A group", None).await.map(|_| ())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap().unwrap();
    }
    assert_eq!(world.engine.list_groups(&world.admin).await.unwrap().len(), 8);
    let seqs: Vec<u64> = chain(&world.engine, world.ws).await.iter().map(|leaf| leaf.seq).collect();
    assert_eq!(seqs, (0..10).collect::<Vec<u64>>());
}

#[tokio::test]
async fn another_engine_goes_on_where_the_chain_ended() {
    let world = World::new().await;
    world.engine.add_group(&world.admin, &slug("a"), "A", None).await.unwrap();
    let World { engine, clock, ws, admin, folder } = world;
    drop(engine);
    let engine = start(&folder, &clock, 2).await;
    engine.add_group(&admin, &slug("b"), "B", None).await.unwrap();
    assert_eq!(chain(&engine, ws).await.len(), 4);
    assert_eq!(engine.list_groups(&admin).await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_stored_about_people_is_sealed_in_the_chain() {
    let world = World::new().await;
    world.engine.add_person(&world.admin, new_person("maya", &[]), None).await.unwrap();
    for leaf in chain(&world.engine, world.ws).await {
        let text = String::from_utf8(leaf.bytes).unwrap();
        assert!(!text.contains("maya"), "{text}");
    }
}
