//! Who may administer at all.

use super::world::{World, code, id, new_person, slug};
use crate::Code;
use crate::access::{Caller, Role};
use crate::control::PauseKind;

/// Every act of this person that needs a role, with the roles that may.
async fn allowed(world: &World, who: &Caller) -> Vec<&'static str> {
    let engine = &world.engine;
    let person = id(&world.admin);
    let answers = [
        ("people", engine.add_person(who, new_person("x", &[]), None).await.map(|_| ())),
        ("group", engine.add_group(who, &slug("g"), "G", None).await.map(|_| ())),
        ("enrol", engine.enrol(who, &slug("nobody"), person, None).await.map(|_| ())),
        ("remove", engine.remove_member(who, &slug("nobody"), person).await),
        ("workflow", engine.add_workflow(who, &slug("w"), "W", None).await.map(|_| ())),
        ("keys", engine.list_keys(who).await.map(|_| ())),
        ("connector", engine.record_readiness(who, "nothing", &[]).await.map(|_| ())),
        ("pause", engine.lift_pause(who, PauseKind::Connector, "nothing", None).await),
        ("publish", engine.publish_policy(who, "T", "nonsense", &[], None).await.map(|_| ())),
        ("audit", engine.audit(who, None, 10).await.map(|_| ())),
        ("read", engine.list_principals(who).await.map(|_| ())),
    ];
    let may = answers
        .into_iter()
        .filter(|(_, answer)| answer.as_ref().map_or_else(|error| error.code != Code::Forbidden, |()| true));
    may.map(|(name, _)| name).collect()
}

#[tokio::test]
async fn each_role_may_do_its_own_part() {
    let world = World::new().await;
    let cases: [(&[Role], &[&str]); 5] = [
        (&[], &["read"]),
        (&[Role::Viewer], &["read"]),
        (&[Role::Auditor], &["audit", "read"]),
        (&[Role::Operator], &["pause", "read"]),
        (&[Role::PolicyAuthor], &["publish", "read"]),
    ];
    for (n, (roles, expected)) in cases.into_iter().enumerate() {
        let who = world.person(&format!("p{n}"), roles).await;
        assert_eq!(allowed(&world, &who).await, expected, "{roles:?}");
    }
    let all = [
        "people",
        "group",
        "enrol",
        "remove",
        "workflow",
        "keys",
        "connector",
        "pause",
        "publish",
        "audit",
        "read",
    ];
    let admin = world.person("second", &[Role::Admin]).await;
    assert_eq!(allowed(&world, &admin).await, all);
}

#[tokio::test]
async fn an_agent_administers_nothing_but_sees_itself_and_its_workflows() {
    let world = World::new().await;
    let agent = world.agent("triage").await;
    let caller = Caller { principal: agent.id, roles: [].into(), ..world.admin.clone() };
    assert_eq!(allowed(&world, &caller).await, Vec::<&str>::new());
    assert_eq!(world.engine.show_principal(&caller, agent.id).await.unwrap(), agent);
    assert_eq!(code(world.engine.show_principal(&caller, world.admin.principal).await), Code::Forbidden);
    assert!(world.engine.list_workflows(&caller).await.is_ok());
    assert!(world.engine.list_connectors(&caller).await.is_ok());
}
