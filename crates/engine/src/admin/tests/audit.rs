//! The workspace chain as auditors read it.

use proof::json::Value;

use super::world::{World, code, slug};
use crate::Code;
use crate::access::Role;
use crate::control::PauseKind;
use crate::queries::SealedMember;

#[tokio::test]
async fn an_auditor_reads_every_act_with_its_sealed_values() {
    let world = World::new().await;
    world.help_desk().await;
    world
        .engine
        .set_pause(&world.admin, PauseKind::Connector, "help-desk", Some("a drill"), None)
        .await
        .unwrap();
    let auditor = world.person("ada", &[Role::Auditor]).await;
    let events = world.engine.audit(&auditor, None, 200).await.unwrap();
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["log.opened", "access.changed", "connector.changed", "pause.set", "access.changed"]);
    assert_eq!(events[0].by.kind, "system");
    assert_eq!((events[3].by.kind, events[3].by.name.as_str()), ("person", "Administrator"));
    assert_eq!(events[3].value("rationale"), Some(&Value::from("a drill")));
    let detail = events[4].value("detail").unwrap();
    assert_eq!(detail.get("name").and_then(Value::as_str), Some("ada of the tests"));
}

#[tokio::test]
async fn the_chain_is_read_in_pages() {
    let world = World::new().await;
    for n in 0..4 {
        world.engine.add_group(&world.admin, &slug(&format!("g{n}")), "G", None).await.unwrap();
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = world.engine.audit(&world.admin, after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.seq);
        seen.extend(page.iter().map(|event| event.seq));
    }
    assert_eq!(seen, [0, 1, 2, 3, 4, 5]);
}

/// What is gone without an erasure that says so was lost, and is not passed off as erased.
#[tokio::test]
async fn a_value_that_was_lost_is_said_to_be_missing() {
    let world = World::new().await;
    let maya = world.person("maya", &[]).await;
    let control = world.engine.control(world.ws).await.unwrap();
    let subject = control.keys_of.principal(&maya.principal.to_string());
    let scope = store::Scope::Subject { subject, class: None };
    let count = world.engine.store().sealed_fields(world.ws, scope.clone()).await.unwrap().len();
    assert_eq!(count, 1, "values about a person are filed under that person");
    let mut commit = store::Commit::new(world.ws, world.engine.now());
    commit.erasures.push(store::Erasure { scope, count, may_leave_keys: false, leaf: None, id: None });
    world.engine.store().commit(commit).await.unwrap();
    let events = world.engine.audit(&world.admin, None, 200).await.unwrap();
    assert_eq!(events[2].sealed["detail"], SealedMember::Missing);
    assert!(matches!(events[1].sealed["detail"], SealedMember::Open(_)));
}

#[tokio::test]
async fn others_do_not_read_it() {
    let world = World::new().await;
    let viewer = world.person("vera", &[Role::Viewer, Role::Operator]).await;
    assert_eq!(code(world.engine.audit(&viewer, None, 10).await), Code::Forbidden);
}
