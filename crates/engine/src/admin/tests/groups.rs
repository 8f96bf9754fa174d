//! Groups of approvers.

use super::world::{World, code, id, key, slug};
use crate::Code;
use crate::access::Role;
use crate::admin::PrincipalChange;

#[tokio::test]
async fn a_group_begins_empty_and_keeps_who_enrolled_whom() {
    let world = World::new().await;
    let maya = world.person("maya", &[]).await;
    let desk = slug("deal-desk");
    let group = world.engine.add_group(&world.admin, &desk, "Deal desk", None).await.unwrap();
    assert!(group.members.is_empty());
    let group = world.engine.enrol(&world.admin, &desk, id(&maya), Some("course 7")).await.unwrap();
    let member = &group.members[0];
    assert_eq!(
        (member.person.name.as_str(), member.by.name.as_str()),
        ("maya of the tests", "Administrator")
    );
    let control = world.engine.control(world.ws).await.unwrap();
    assert_eq!(control.approver_groups(id(&maya)), [desk.clone()].into());
    world.engine.remove_member(&world.admin, &desk, id(&maya)).await.unwrap();
    let control = world.engine.control(world.ws).await.unwrap();
    assert!(control.approver_groups(id(&maya)).is_empty());
    let acts = world.acts().await;
    assert_eq!(acts[2..], ["group_added", "approver.enrolled", "approver.removed"]);
}

#[tokio::test]
async fn nobody_enrols_themselves() {
    let world = World::new().await;
    let desk = slug("deal-desk");
    world.engine.add_group(&world.admin, &desk, "Deal desk", None).await.unwrap();
    let own = world.engine.enrol(&world.admin, &desk, id(&world.admin), None).await;
    assert_eq!(code(own), Code::SecondPersonRequired);
    let second = world.person("second", &[Role::Admin]).await;
    assert!(world.engine.enrol(&second, &desk, id(&world.admin), None).await.is_ok());
}

#[tokio::test]
async fn enrolling_twice_keeps_the_first_and_writes_no_second_event() {
    let world = World::new().await;
    let (maya, second) = (world.person("maya", &[]).await, world.person("second", &[Role::Admin]).await);
    let desk = slug("deal-desk");
    world.engine.add_group(&world.admin, &desk, "Deal desk", None).await.unwrap();
    let first = world.engine.enrol(&world.admin, &desk, id(&maya), None).await.unwrap();
    let again = world.engine.enrol(&second, &desk, id(&maya), None).await.unwrap();
    assert_eq!(first, again);
    assert_eq!(world.acts().await.iter().filter(|act| *act == "approver.enrolled").count(), 1);
}

#[tokio::test]
async fn a_closed_account_is_not_enrolled_and_does_not_approve() {
    let world = World::new().await;
    let maya = world.person("maya", &[]).await;
    let desk = slug("deal-desk");
    world.engine.add_group(&world.admin, &desk, "Deal desk", None).await.unwrap();
    let close = PrincipalChange { disabled: Some(true), ..Default::default() };
    world.engine.enrol(&world.admin, &desk, id(&maya), None).await.unwrap();
    world.engine.change_principal(&world.admin, maya.principal, close).await.unwrap();
    let control = world.engine.control(world.ws).await.unwrap();
    assert!(control.approver_groups(id(&maya)).is_empty());
    world.engine.remove_member(&world.admin, &desk, id(&maya)).await.unwrap();
    let closed = world.engine.enrol(&world.admin, &desk, id(&maya), None).await;
    assert_eq!(code(closed), Code::InvalidRequest);
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_what_is_there_is_not_made_again() {
    let world = World::new().await;
    let (desk, other) = (slug("deal-desk"), slug("other"));
    let k = key("k", "deal-desk");
    let group = world.engine.add_group(&world.admin, &desk, "Deal desk", Some(&k)).await.unwrap();
    assert_eq!(world.engine.add_group(&world.admin, &desk, "Deal desk", Some(&k)).await.unwrap(), group);
    let again = world.engine.add_group(&world.admin, &desk, "Deal desk", None).await;
    assert_eq!(code(again), Code::AlreadyExists);
    let maya = world.person("maya", &[]).await;
    assert_eq!(code(world.engine.enrol(&world.admin, &other, id(&maya), None).await), Code::NotFound);
    assert_eq!(code(world.engine.remove_member(&world.admin, &desk, id(&maya)).await), Code::NotFound);
    assert_eq!(code(world.engine.show_group(&world.admin, &other).await), Code::NotFound);
}
