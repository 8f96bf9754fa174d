//! Legal holds: what they keep is not erased by anybody, and what they say is sealed.

use domain::id::HoldId;
use engine::Code;
use engine::admin::{DataSubject, HoldView, NewHold, Selector};
use proof::json::Value;

use super::{acts, erase, of, ticket};
use crate::world::{World, refused, solve, tag};

async fn place(world: &World, selector: Selector) -> HoldView {
    let new = NewHold { matter: "Case 12/26".to_owned(), selector, until: None };
    world.engine.place_hold(&world.admin, new, None).await.unwrap()
}

async fn release(world: &World, id: HoldId) {
    world.engine.release_hold(&world.admin, id, "The case was settled").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_refuses_whatever_would_take_one_of_its_values() {
    let world = World::start().await;
    let mut proposal = tag("48213", &["vat"]);
    proposal.mutations.extend(tag("48209", &["vat"]).mutations);
    let both = world.propose(&world.agent, proposal).await.unwrap();
    world.settled(both).await;
    let alone = world.propose(&world.agent, tag("48208", &["vat"])).await.unwrap();
    world.settled(alone).await;
    let approved = world.propose(&world.agent, solve("48208")).await.unwrap();
    let view = world.until(approved, |view| view.run.plan_digest().is_some()).await;
    let digest = view.run.plan_digest().unwrap();
    world.verdict(&world.maya, approved, engine::commands::Answer::Approve, digest).await.unwrap();
    world.settled(approved).await;
    let maya = world.maya.principal.person().unwrap();
    let run = DataSubject::Run;
    // Which subjects each hold keeps from being erased.
    let table: [(Selector, Vec<DataSubject>); 5] = [
        (Selector::Everything, vec![ticket("48213"), run(both), run(alone), ticket("48208")]),
        // With the other record of its run, what that run says of both would go.
        (Selector::Of(ticket("48213")), vec![ticket("48213"), ticket("48209"), run(both)]),
        (Selector::Of(run(both)), vec![ticket("48213"), ticket("48209"), run(both)]),
        (Selector::Of(run(approved)), vec![ticket("48208"), run(approved)]),
        (Selector::Of(DataSubject::Person(maya)), vec![run(approved)]),
    ];
    for (selector, kept) in table {
        let hold = place(&world, selector.clone()).await;
        for subject in kept {
            let refusal = erase(&world, of(subject.clone())).await;
            assert_eq!(refused(refusal), Code::ErasureHeld, "{selector:?} keeps {subject:?}");
            let refusal = acts(&world, 1).await.remove(0);
            assert_eq!(refusal.kind, "erasure.refused");
            assert_eq!(refusal.data["hold"].as_str(), Some(&*hold.id.to_string()));
            assert_eq!(refusal.data["basis"].as_str(), Some("gdpr-17-3-b"));
        }
        release(&world, hold.id).await;
    }
    assert_eq!(world.engine.list_holds(&world.admin).await.unwrap(), []);
    // A hold on something else keeps nothing of it, and a released one neither.
    let other = place(&world, Selector::Of(ticket("48213"))).await;
    erase(&world, of(run(alone))).await.unwrap();
    assert_eq!(world.engine.list_holds(&world.admin).await.unwrap(), std::slice::from_ref(&other));
    release(&world, other.id).await;
    erase(&world, of(ticket("48213"))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_ends_when_it_said_or_when_somebody_says_why() {
    let world = World::start().await;
    let run = world.propose(&world.agent, tag("48213", &["vat"])).await.unwrap();
    world.settled(run).await;
    let until = world.engine.now().plus_s(3600);
    let new = NewHold {
        matter: "Audit of the third quarter".to_owned(),
        selector: Selector::Of(ticket("48213")),
        until: Some(until),
    };
    let hold = world.engine.place_hold(&world.admin, new.clone(), None).await.unwrap();
    let record = hold.selector.get("record").and_then(|record| record.get("id"));
    assert_eq!((record.and_then(Value::as_str), &*hold.matter), (Some("48213"), &*new.matter));
    let placed = acts(&world, 1).await.remove(0);
    assert_eq!((placed.kind.as_str(), placed.value("matter")), ("hold.placed", Some(&(&*new.matter).into())));
    assert_eq!(refused(erase(&world, of(ticket("48213"))).await), Code::ErasureHeld);
    assert_eq!(refused(world.engine.release_hold(&world.admin, hold.id, " ").await), Code::RationaleRequired);
    world.clock.advance_s(3601);
    assert_eq!(world.engine.list_holds(&world.admin).await.unwrap(), []);
    assert_eq!(refused(world.engine.release_hold(&world.admin, hold.id, "over").await), Code::NotFound);
    erase(&world, of(ticket("48213"))).await.unwrap();
    // What the hold said of the record went with the record.
    let lineage = world.engine.audit(&world.admin, None, 200).await.unwrap();
    let placed = lineage.iter().find(|act| act.kind == "hold.placed").unwrap();
    assert!(placed.value("selector").is_none() && placed.tombstone(&["selector"]).is_some());
    let kept = world.engine.store().entity(world.ws, store::EntityKind::Hold, hold.id.to_string()).await;
    assert_eq!(kept.unwrap(), None);

    let past = NewHold { until: Some(world.engine.now()), ..new.clone() };
    assert_eq!(refused(world.engine.place_hold(&world.admin, past, None).await), Code::InvalidRequest);
    let idle = NewHold { matter: String::new(), ..new.clone() };
    assert_eq!(refused(world.engine.place_hold(&world.admin, idle, None).await), Code::InvalidRequest);
    for caller in [&world.agent, &world.tom] {
        assert_eq!(refused(world.engine.place_hold(caller, new.clone(), None).await), Code::Forbidden);
    }
}
