//! People, agents and services, and changes of their access.

use super::world::{World, code, id, key, new_person, refused, slug};
use crate::Code;
use crate::access::Role;
use crate::admin::{NewPerson, NewProgram, PrincipalChange, PrincipalDetails, Program};

fn roles(roles: &[Role]) -> PrincipalChange {
    PrincipalChange { roles: Some(roles.iter().copied().collect()), ..Default::default() }
}

fn disabled(disabled: bool) -> PrincipalChange {
    PrincipalChange { disabled: Some(disabled), ..Default::default() }
}

#[tokio::test]
async fn people_agents_and_services_are_added_and_listed() {
    let world = World::new().await;
    let maya = world.person("Maya", &[Role::Operator]).await;
    let agent = world.agent("triage").await;
    let service = world.program(Program::Service, "nightly").await;
    let PrincipalDetails::Program { handle, owner, teams } = &agent.details else { panic!("an agent") };
    assert_eq!((handle.as_str(), owner.id.clone()), ("triage", world.admin.principal.to_string()));
    assert_eq!(teams, &["crm-agents".to_owned()].into());
    let shown = world.engine.show_principal(&world.admin, maya.principal).await.unwrap();
    assert!(matches!(shown.details, PrincipalDetails::Person { username, .. } if username == "maya"));
    let all: Vec<_> =
        world.engine.list_principals(&world.admin).await.unwrap().iter().map(|p| p.id).collect();
    for id in [world.admin.principal, maya.principal, agent.id, service.id] {
        assert!(all.contains(&id));
    }
    assert_eq!(world.acts().await, ["person_added", "person_added", "agent_added", "service_added"]);
}

#[tokio::test]
async fn a_user_name_or_handle_is_used_once() {
    let world = World::new().await;
    let again = world.engine.add_person(&world.admin, new_person("ADMIN", &[]), None).await;
    assert_eq!(code(again), Code::AlreadyExists);
    world.agent("triage").await;
    let new = NewProgram {
        kind: Program::Agent,
        name: slug("triage"),
        title: "Second".to_owned(),
        owner: None,
        teams: [].into(),
    };
    assert_eq!(code(world.engine.add_program(&world.admin, new, None).await), Code::AlreadyExists);
    world.program(Program::Service, "triage").await;
}

#[tokio::test]
async fn malformed_people_are_refused_with_the_place() {
    let world = World::new().await;
    let good = || new_person("maya", &[]);
    let cases = [
        (NewPerson { username: "m aya".to_owned(), ..good() }, Code::InvalidRequest, "/username"),
        (NewPerson { name: " ".to_owned(), ..good() }, Code::InvalidRequest, "/name"),
        (NewPerson { email: Some("maya".to_owned()), ..good() }, Code::InvalidRequest, "/email"),
        (NewPerson { password: "short".to_owned(), ..good() }, Code::WeakPassword, "/password"),
    ];
    for (new, expected, at) in cases {
        let error = refused(world.engine.add_person(&world.admin, new, None).await);
        assert_eq!((error.code, error.pointer.as_deref()), (expected, Some(at)));
    }
    assert_eq!(world.acts().await, ["person_added"]);
}

#[tokio::test]
async fn a_repeated_request_with_the_same_key_makes_nothing_new() {
    let world = World::new().await;
    let add = |key| world.engine.add_person(&world.admin, new_person("maya", &[]), key);
    let (first_key, other_body) = (key("k1", "maya"), key("k1", "other"));
    let first = add(Some(&first_key)).await.unwrap();
    assert_eq!(add(Some(&first_key)).await.unwrap(), first);
    assert_eq!(code(add(Some(&other_body)).await), Code::IdempotencyKeyReused);
    assert_eq!(code(add(None).await), Code::AlreadyExists);
    world.clock.step_s(24 * 3600);
    assert_eq!(code(add(Some(&first_key)).await), Code::AlreadyExists, "answers are kept for a day");
}

#[tokio::test]
async fn nobody_changes_their_own_roles() {
    let world = World::new().await;
    let own = world.engine.change_principal(&world.admin, world.admin.principal, roles(&[Role::Admin])).await;
    assert_eq!(code(own), Code::SecondPersonRequired);
    let second = world.person("second", &[Role::Admin]).await;
    let more = roles(&[Role::Admin, Role::Operator]);
    let own = world.engine.change_principal(&second, second.principal, more.clone()).await;
    assert_eq!(code(own), Code::SecondPersonRequired);
    world.engine.change_principal(&world.admin, second.principal, more).await.unwrap();
    assert_eq!(world.again(&second).await.roles, [Role::Admin, Role::Operator].into());
}

#[tokio::test]
async fn the_roles_that_one_has_may_be_repeated_and_write_no_event() {
    let world = World::new().await;
    let same = PrincipalChange { roles: Some(world.admin.roles.clone()), ..Default::default() };
    world.engine.change_principal(&world.admin, world.admin.principal, same).await.unwrap();
    assert_eq!(world.acts().await, ["person_added"]);
}

#[tokio::test]
async fn the_last_admin_stays() {
    let world = World::new().await;
    let own = |who: &crate::access::Caller| {
        let (engine, who) = (std::sync::Arc::clone(&world.engine), who.clone());
        async move { engine.change_principal(&who, who.principal, disabled(true)).await }
    };
    assert_eq!(code(own(&world.admin).await), Code::LastAdmin);
    let second = world.person("second", &[Role::Admin]).await;
    world.engine.change_principal(&world.admin, second.principal, disabled(true)).await.unwrap();
    assert_eq!(code(own(&world.admin).await), Code::LastAdmin, "a disabled admin does not count");
    world.engine.change_principal(&world.admin, second.principal, disabled(false)).await.unwrap();
    own(&world.admin).await.unwrap();
    assert_eq!(code(own(&second).await), Code::LastAdmin);
}

#[tokio::test]
async fn whoever_lost_a_role_does_nothing_more_with_it() {
    let world = World::new().await;
    let second = world.person("second", &[Role::Admin]).await;
    world.engine.change_principal(&second, world.admin.principal, roles(&[Role::Viewer])).await.unwrap();
    let late = world.engine.change_principal(&world.admin, second.principal, roles(&[])).await;
    assert_eq!(code(late), Code::Forbidden, "the first of two admins who demote each other wins");
    assert_eq!(world.again(&second).await.roles, [Role::Admin].into());
}

#[tokio::test]
async fn each_change_of_access_is_an_event_and_no_change_is_none() {
    let world = World::new().await;
    let maya = world.person("maya", &[]).await;
    let agent = world.agent("triage").await;
    let change = PrincipalChange {
        name: Some("Maya Lindqvist".to_owned()),
        disabled: Some(true),
        roles: Some([Role::Viewer].into()),
        ..Default::default()
    };
    for _ in 0..2 {
        world.engine.change_principal(&world.admin, maya.principal, change.clone()).await.unwrap();
    }
    let change = PrincipalChange {
        teams: Some(["other".to_owned()].into()),
        name: Some("Triage".to_owned()),
        ..disabled(true)
    };
    world.engine.change_principal(&world.admin, agent.id, change).await.unwrap();
    let acts = world.acts().await;
    let expected = ["roles_changed", "renamed", "disabled", "renamed", "teams_changed", "disabled"];
    assert_eq!(acts[3..], expected);
}

#[tokio::test]
async fn what_a_kind_does_not_have_is_refused() {
    let world = World::new().await;
    let agent = world.agent("triage").await;
    let teams = PrincipalChange { teams: Some([].into()), ..Default::default() };
    let password = PrincipalChange { password: Some("x".to_owned()), ..Default::default() };
    for (id, change, at) in [
        (world.admin.principal, teams, "/teams"),
        (agent.id, roles(&[]), "/roles"),
        (agent.id, password, "/password"),
    ] {
        let error = refused(world.engine.change_principal(&world.admin, id, change).await);
        assert_eq!((error.code, error.pointer.as_deref()), (Code::InvalidRequest, Some(at)));
    }
}

#[tokio::test]
async fn an_agent_needs_an_owner_with_an_open_account() {
    let world = World::new().await;
    let maya = world.person("maya", &[]).await;
    let new = |owner| NewProgram {
        kind: Program::Agent,
        name: slug("triage"),
        title: "Triage".to_owned(),
        owner: Some(owner),
        teams: [].into(),
    };
    world.engine.change_principal(&world.admin, maya.principal, disabled(true)).await.unwrap();
    let closed = world.engine.add_program(&world.admin, new(id(&maya)), None).await;
    assert_eq!(code(closed), Code::InvalidRequest);
    world.engine.change_principal(&world.admin, maya.principal, disabled(false)).await.unwrap();
    assert!(world.engine.add_program(&world.admin, new(id(&maya)), None).await.is_ok());
}
