//! API keys and what they let through.

use domain::principal::Principal;

use super::world::{World, code, id, key, refused, slug};
use crate::Code;
use crate::access::Role;
use crate::admin::keys::{KEY_S, KEY_S_MAX};
use crate::admin::{NewKey, NewProgram, PrincipalChange, Program};

fn new(principal: Principal) -> NewKey {
    NewKey {
        principal,
        label: "for the tests".to_owned(),
        workflows: [].into(),
        connectors: [].into(),
        actions: [].into(),
        expires_in_s: None,
    }
}

#[tokio::test]
async fn a_key_speaks_for_its_agent_with_its_owner_and_limits() {
    let world = World::new().await;
    let agent = world.agent("triage").await;
    world.engine.add_workflow(&world.admin, &slug("renewals"), "Renewals", None).await.unwrap();
    let limited = NewKey {
        workflows: [slug("renewals")].into(),
        actions: ["zendesk.ticket.update".to_owned()].into(),
        ..new(agent.id)
    };
    let issued = world.engine.issue_key(&world.admin, limited, None).await.unwrap();
    assert!(issued.secret.starts_with("apk_") && issued.secret.len() == 73);
    let caller = world.engine.authenticate_key(&issued.secret).await.unwrap();
    assert_eq!((caller.principal, caller.owner), (agent.id, Some(id(&world.admin))));
    assert!(caller.covers_workflow(&slug("renewals")) && !caller.covers_workflow(&slug("other")));
    assert!(caller.covers_action("zendesk.ticket.update") && !caller.covers_action("zendesk.ticket.delete"));
    assert_eq!(world.engine.list_keys(&world.admin).await.unwrap(), [issued.key]);
}

#[tokio::test]
async fn only_the_hash_of_a_secret_is_kept() {
    let world = World::new().await;
    let agent = world.agent("triage").await;
    let issued = world.engine.issue_key(&world.admin, new(agent.id), None).await.unwrap();
    let control = world.engine.control(world.ws).await.unwrap();
    let kept = serde_json::to_string(control.keys.values().next().unwrap()).unwrap();
    assert!(!kept.contains(&issued.secret[30..]));
}

#[tokio::test]
async fn people_have_no_keys() {
    let world = World::new().await;
    let maya = world.person("maya", &[Role::Operator]).await;
    assert_eq!(
        code(world.engine.issue_key(&world.admin, new(maya.principal), None).await),
        Code::InvalidRequest
    );
    let service = world.program(Program::Service, "nightly").await;
    assert!(world.engine.issue_key(&world.admin, new(service.id), None).await.is_ok());
}

#[tokio::test]
async fn a_key_ends_by_time_and_when_it_is_revoked() {
    let world = World::new().await;
    let agent = world.agent("triage").await;
    let first = world.engine.issue_key(&world.admin, new(agent.id), None).await.unwrap();
    let second = world.engine.issue_key(&world.admin, new(agent.id), None).await.unwrap();
    for _ in 0..2 {
        world.engine.revoke_key(&world.admin, second.key.id).await.unwrap();
    }
    assert_eq!(code(world.engine.authenticate_key(&second.secret).await), Code::Unauthenticated);
    world.clock.step_s(KEY_S - 1);
    assert!(world.engine.authenticate_key(&first.secret).await.is_ok());
    world.clock.step_s(1);
    assert_eq!(code(world.engine.authenticate_key(&first.secret).await), Code::Unauthenticated);
    assert_eq!(world.acts().await.iter().filter(|act| *act == "key_revoked").count(), 1);
    let foreign = crate::seams::SystemEntropy;
    let unknown = (&foreign as &dyn crate::seams::Entropy).key_id(world.engine.now());
    assert_eq!(code(world.engine.revoke_key(&world.admin, unknown).await), Code::NotFound);
}

#[tokio::test]
async fn a_key_falls_with_its_agent_and_with_its_owner() {
    let world = World::new().await;
    let maya = world.person("maya", &[]).await;
    let program = NewProgram {
        kind: Program::Agent,
        name: slug("triage"),
        title: "Triage".to_owned(),
        owner: Some(id(&maya)),
        teams: [].into(),
    };
    let agent = world.engine.add_program(&world.admin, program, None).await.unwrap();
    let issued = world.engine.issue_key(&world.admin, new(agent.id), None).await.unwrap();
    for principal in [agent.id, maya.principal] {
        for (disabled, valid) in [(true, false), (false, true)] {
            let change = PrincipalChange { disabled: Some(disabled), ..Default::default() };
            world.engine.change_principal(&world.admin, principal, change).await.unwrap();
            let known = world.engine.authenticate_key(&issued.secret).await;
            assert_eq!(known.is_ok(), valid, "{principal} {disabled}");
        }
        let change = PrincipalChange { disabled: Some(true), ..Default::default() };
        world.engine.change_principal(&world.admin, principal, change).await.unwrap();
        let more = world.engine.issue_key(&world.admin, new(agent.id), None).await;
        assert_eq!(code(more), Code::InvalidRequest);
        let change = PrincipalChange { disabled: Some(false), ..Default::default() };
        world.engine.change_principal(&world.admin, principal, change).await.unwrap();
    }
}

#[tokio::test]
async fn a_repeated_request_does_not_show_the_secret_again() {
    let world = World::new().await;
    let agent = world.agent("triage").await;
    let k = key("k", "body");
    world.engine.issue_key(&world.admin, new(agent.id), Some(&k)).await.unwrap();
    let error = refused(world.engine.issue_key(&world.admin, new(agent.id), Some(&k)).await);
    assert_eq!(error.code, Code::IdempotencyKeyReused);
    assert!(error.hint.unwrap().contains("cannot be shown again"));
    assert_eq!(world.engine.list_keys(&world.admin).await.unwrap().len(), 1);
}

#[tokio::test]
async fn limits_and_lifetime_must_make_sense() {
    let world = World::new().await;
    let agent = world.agent("triage").await;
    let issue = |new| world.engine.issue_key(&world.admin, new, None);
    let with = |expires_in_s| NewKey { expires_in_s, ..new(agent.id) };
    assert!(issue(with(Some(KEY_S_MAX))).await.is_ok());
    for (wrong, expected) in [
        (with(Some(KEY_S_MAX + 1)), Code::InvalidRequest),
        (with(Some(0)), Code::InvalidRequest),
        (NewKey { label: String::new(), ..new(agent.id) }, Code::InvalidRequest),
        (NewKey { workflows: [slug("unknown")].into(), ..new(agent.id) }, Code::UnknownWorkflow),
        (NewKey { connectors: [slug("unknown")].into(), ..new(agent.id) }, Code::UnknownTarget),
        (NewKey { actions: ["update".to_owned()].into(), ..new(agent.id) }, Code::InvalidRequest),
    ] {
        assert_eq!(code(issue(wrong).await), expected);
    }
}
