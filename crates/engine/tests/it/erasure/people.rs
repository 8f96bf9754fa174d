//! A person who leaves: their name goes from wherever it stood, what they decided stays.

use domain::principal::Principal;
use domain::run::Stage;
use engine::Code;
use engine::access::Role;
use engine::admin::{DataSubject, ErasureRequest, NewPerson, PrincipalChange};
use engine::commands::Answer;
use engine::queries::SealedMember;

use super::{acts, erase, of, places};
use crate::world::{World, refused, solve};

async fn set_disabled(world: &World, id: Principal, disabled: bool) -> engine::Result<()> {
    let change = PrincipalChange { disabled: Some(disabled), ..PrincipalChange::default() };
    world.engine.change_principal(&world.admin, id, change).await.map(|_| ())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_of_a_person_goes_and_what_they_decided_stays() {
    let world = World::start().await;
    let run = world.propose(&world.agent, solve("48213")).await.unwrap();
    let view = world.until(run, |view| view.run.stage == Stage::AwaitingApproval).await;
    let digest = view.run.plan_digest().unwrap();
    world.verdict(&world.maya, run, Answer::Approve, digest).await.unwrap();
    world.settled(run).await;
    let (maya, id) = (world.maya.principal.person().unwrap(), world.maya.principal);
    assert!(!places(world.dir.path(), "Maya Lindqvist").is_empty(), "an account stands in the database");

    let request = of(DataSubject::Person(maya));
    assert_eq!(refused(erase(&world, request.clone()).await), Code::InvalidRequest, "the account is open");
    set_disabled(&world, id, true).await.unwrap();
    let open_ended = ErasureRequest { complete_by: None, ..request.clone() };
    assert_eq!(refused(erase(&world, open_ended).await), Code::InvalidRequest);
    let done = erase(&world, request.clone()).await.unwrap();
    assert_eq!(done.runs, [run]);
    assert_eq!(places(world.dir.path(), "Maya Lindqvist"), Vec::<String>::new());
    let audit = format!("{:?}", world.engine.audit(&world.admin, None, 200).await.unwrap());
    assert!(!audit.contains("Maya Lindqvist") && !audit.contains("Missing"), "{audit}");

    let view = world.show(run).await;
    assert_eq!((view.run.stage, view.approvals[0].person.name.as_str()), (Stage::Applied, "Erased person"));
    assert_eq!(view.approvals[0].person.id, id.to_string());
    assert_eq!(view.approvals[0].rationale.as_deref(), Some("Agreed"), "it is about the record");
    assert!(view.mutations.iter().all(|mutation| !mutation.erased) && view.reason.is_some());
    let lineage = world.engine.lineage(&world.admin, run).await.unwrap();
    let given = lineage.iter().find(|event| event.kind == "approval.given").unwrap();
    assert!(matches!(given.sealed["approver"], SealedMember::Erased(_)), "{given:?}");
    let review = world.engine.review_rows(world.ws, false, |_| {}).await.unwrap();
    assert!(review.differing.is_empty() && review.damaged.is_empty(), "{review:?}");

    // The account never opens again, and its user name is free.
    assert_eq!(refused(set_disabled(&world, id, false).await), Code::NotFound);
    assert_eq!(refused(erase(&world, request).await), Code::NotFound);
    let new = NewPerson {
        username: "maya".to_owned(),
        name: "Another Maya".to_owned(),
        email: None,
        password: "otter lamp seventeen".to_owned(),
        roles: [Role::Viewer].into(),
    };
    world.engine.add_person(&world.admin, new, None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_erases_themselves() {
    let world = World::start().await;
    let admin = DataSubject::Person(world.admin.principal.person().unwrap());
    assert_eq!(refused(erase(&world, of(admin)).await), Code::SecondPersonRequired);
    let events = acts(&world, 200).await;
    assert!(events.iter().all(|event| event.kind != "disclosure.erased"));
}
