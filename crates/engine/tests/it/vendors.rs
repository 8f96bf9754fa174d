//! What a system of record bears: it is left alone when it asks for that, and it holds up no other one.

use std::time::Duration;

use domain::mutation::Environment;
use domain::run::Stage;
use engine::admin::ConnectorSettings;
use simulators::{Fault, FaultKind};

use crate::bulk::open_tickets;
use crate::world::{World, credentials, slug, tag};

#[tokio::test(flavor = "multi_thread")]
async fn a_system_that_asks_to_be_left_alone_is_left_alone() {
    let world = World::start().await;
    // Its answer says `Retry-After: 30`.
    world.fault("PUT", "/tickets/48213", FaultKind::RateLimited);
    let run = world.propose(&world.agent, tag("48213", &["vat"])).await.unwrap();
    world.until(run, |view| view.attempts.first().is_some_and(|attempt| attempt.outcome.is_some())).await;
    let other = world.propose(&world.agent, tag("48209", &["vat"])).await.unwrap();
    // Its own pause after a first failure would be a second.
    world.clock.advance_s(25);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (first, second) = (world.show(run).await, world.show(other).await);
    assert_eq!((first.attempts.len(), second.attempts.len()), (1, 0));
    world.clock.advance_s(6);
    assert_eq!(world.settled(run).await.run.stage, Stage::Applied);
    assert_eq!(world.settled(other).await.run.stage, Stage::Applied);
    assert_eq!((world.writes("48213"), world.writes("48209")), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_system_that_hangs_does_not_keep_the_runs_of_another_one_waiting() {
    let world = World::start().await;
    let healthy = simulators::start(simulators::Kind::Zendesk, "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let settings = ConnectorSettings {
        system: slug("zendesk"),
        environment: Environment::Simulation,
        base_url: Some(healthy.base_url()),
        credentials: Some(credentials()),
    };
    world.engine.add_connector(&world.admin, &slug("second-desk"), settings, None).await.unwrap();
    let hang = Fault { times: 200, delay_ms: Some(9_000), ..Fault::new(FaultKind::TimeoutBeforeCommit) };
    world.desk.faults().arm(hang.on("POST", "/api/v2/tickets")).unwrap();
    // Two more than one connector has places for.
    for n in 0..66 {
        world.propose(&world.agent, open_tickets(1, &format!("Invoice {n}"))).await.unwrap();
    }
    let mut proposal = open_tickets(1, "Reminder");
    proposal.mutations[0].connector = slug("second-desk");
    let run = world.propose(&world.agent, proposal).await.unwrap();
    assert_eq!(world.settled(run).await.run.stage, Stage::Applied);
    assert_eq!(healthy.writes().len(), 1);
}
