//! Pauses of everything, an agent, a connector and a lane.

use super::world::{World, code, key, slug};
use crate::Code;
use crate::control::PauseKind;

#[tokio::test]
async fn each_kind_is_set_listed_and_lifted() {
    let world = World::new().await;
    world.help_desk().await;
    let agent = world.agent("triage").await;
    world.engine.add_workflow(&world.admin, &slug("renewals"), "Renewals", None).await.unwrap();
    let targets = [
        (PauseKind::Workspace, world.ws.to_string()),
        (PauseKind::Agent, agent.id.to_string()),
        (PauseKind::Connector, "help-desk".to_owned()),
        (PauseKind::Lane, "renewals/help-desk/zendesk.ticket.update".to_owned()),
    ];
    for (kind, id) in &targets {
        world.engine.set_pause(&world.admin, *kind, id, Some("a drill"), None).await.unwrap();
    }
    assert_eq!(world.engine.list_pauses(&world.admin).await.unwrap().len(), 4);
    let control = world.engine.control(world.ws).await.unwrap();
    let lane = targets[3].1.as_str();
    assert!(control.paused(world.admin.principal, &slug("other"), "no lane").is_some(), "all is paused");
    for (kind, id) in &targets {
        world.engine.lift_pause(&world.admin, *kind, id, None).await.unwrap();
        assert_eq!(code(world.engine.lift_pause(&world.admin, *kind, id, None).await), Code::NotFound);
    }
    let control = world.engine.control(world.ws).await.unwrap();
    assert!(control.paused(agent.id, &slug("help-desk"), lane).is_none());
    assert_eq!(world.acts().await.iter().filter(|act| *act == "pause.set").count(), 4);
    assert_eq!(world.acts().await.iter().filter(|act| *act == "pause.lifted").count(), 4);
}

#[tokio::test]
async fn pausing_twice_keeps_the_first_and_writes_no_second_event() {
    let world = World::new().await;
    world.help_desk().await;
    let k = key("k", "body");
    let pause = |key| world.engine.set_pause(&world.admin, PauseKind::Connector, "help-desk", None, key);
    let first = pause(Some(&k)).await.unwrap();
    world.clock.step_s(60);
    for again in [pause(Some(&k)).await.unwrap(), pause(None).await.unwrap()] {
        assert_eq!((again.at, again.by), (first.at.clone(), first.by.clone()));
    }
    assert_eq!(world.acts().await.iter().filter(|act| *act == "pause.set").count(), 1);
}

#[tokio::test]
async fn what_does_not_exist_cannot_be_paused() {
    let world = World::new().await;
    world.help_desk().await;
    for (kind, id) in [
        (PauseKind::Workspace, "main"),
        (PauseKind::Agent, "agent_01h455vb4pex5vsknk084sn02q"),
        (PauseKind::Agent, "triage"),
        (PauseKind::Connector, "crm"),
        (PauseKind::Lane, "renewals/help-desk/zendesk.ticket.update"),
        (PauseKind::Lane, "help-desk"),
    ] {
        let pause = world.engine.set_pause(&world.admin, kind, id, None, None).await;
        assert_eq!(code(pause), Code::UnknownTarget, "{id}");
    }
    world.engine.add_workflow(&world.admin, &slug("renewals"), "Renewals", None).await.unwrap();
    let lane = "renewals/help-desk/zendesk.ticket.fly";
    let pause = world.engine.set_pause(&world.admin, PauseKind::Lane, lane, None, None).await;
    assert_eq!(code(pause), Code::UnknownTarget);
}
