//! Policy sets: publishing, testing, and who activates.

use domain::mutation::Environment;
use proof::json::Value;

use super::world::{World, code, help_desk, key, refused, slug};
use crate::access::{Caller, Role};
use crate::admin::{ConnectorSettings, PolicySetView, Which};
use crate::{Code, Result};

const SMALL: &str =
    r#"@id("retag") permit(principal is Agent, action == Action::"zendesk.ticket.update", resource);"#;
const CASES: &str = r#"
[[case]]
name = "a retag runs by itself"
principal = { kind = "agent", id = "triage" }
environment = "simulation"
action = "zendesk.ticket.update"
change.tags = { before = ["a"], after = ["b"] }
expect.outcome = "auto"
"#;

async fn publish(world: &World, who: &Caller, text: &str, cases: &[&str]) -> Result<PolicySetView> {
    let cases: Vec<String> = cases.iter().map(|&text| text.to_owned()).collect();
    world.engine.publish_policy(who, "A set", text, &cases, None).await
}

fn starter_cases() -> Vec<&'static str> {
    policy::starter_cases().into_iter().map(|(_, text)| text).collect()
}

#[tokio::test]
async fn a_text_is_reviewed_with_its_cases_and_the_groups_that_are_empty() {
    let world = World::new().await;
    let cases: Vec<String> = starter_cases().into_iter().map(str::to_owned).collect();
    let report = world.engine.validate_policy(&world.admin, policy::starter(), &cases).await.unwrap();
    assert!(report.report.faults.is_empty(), "{:?}", report.report.faults);
    assert!(report.report.digest.is_some() && report.cases_fault.is_none());
    assert!(report.cases.len() > 20 && report.cases.iter().all(policy::cases::CaseResult::passed));
    assert!(!report.empty_groups.is_empty());
    let group = slug(&report.empty_groups[0]);
    world.engine.add_group(&world.admin, &group, "Group", None).await.unwrap();
    let maya = world.person("maya", &[]).await;
    world.engine.enrol(&world.admin, &group, super::world::id(&maya), None).await.unwrap();
    let after = world.engine.validate_policy(&world.admin, policy::starter(), &[]).await.unwrap();
    assert_eq!(after.empty_groups.len(), report.empty_groups.len() - 1);
    let broken = world.engine.validate_policy(&world.admin, "permit(", &cases).await.unwrap();
    assert!(!broken.report.faults.is_empty() && broken.cases.is_empty());
    let no_cases = world.engine.validate_policy(&world.admin, SMALL, &["x = ".to_owned()]).await.unwrap();
    assert!(no_cases.cases_fault.is_some());
}

#[tokio::test]
async fn only_what_loads_and_passes_its_cases_is_published() {
    let world = World::new().await;
    assert_eq!(code(publish(&world, &world.admin, "permit(", &[]).await), Code::InvalidPolicy);
    let wrong = CASES.replace("\"auto\"", "\"deny\"");
    let failed = refused(publish(&world, &world.admin, SMALL, &[CASES, &wrong]).await);
    assert_eq!((failed.code, failed.pointer.as_deref()), (Code::InvalidPolicy, Some("/cases")));
    assert!(failed.message.contains("a retag runs by itself"), "{}", failed.message);
    let set = publish(&world, &world.admin, SMALL, &[CASES]).await.unwrap();
    assert_eq!((set.text.as_str(), set.cases.len(), set.summary.active), (SMALL, 1, false));
    assert_eq!(code(publish(&world, &world.admin, SMALL, &[]).await), Code::AlreadyExists);
    assert_eq!(world.engine.list_policies(&world.admin).await.unwrap(), [set.summary]);
    assert_eq!(world.acts().await, ["person_added", "policy.published"]);
    let many = vec![CASES; 17];
    assert_eq!(code(publish(&world, &world.admin, SMALL, &many).await), Code::InvalidRequest);
}

#[tokio::test]
async fn a_repeated_publication_with_the_same_key_answers_the_same() {
    let world = World::new().await;
    let k = key("k", "body");
    let publish = || world.engine.publish_policy(&world.admin, "A set", SMALL, &[], Some(&k));
    let first = publish().await.unwrap();
    assert_eq!(publish().await.unwrap(), first);
}

#[tokio::test]
async fn another_person_than_the_author_activates() {
    let world = World::new().await;
    let author = world.person("author", &[Role::PolicyAuthor]).await;
    let set = publish(&world, &author, SMALL, &[CASES]).await.unwrap();
    let digest = set.summary.digest;
    assert_eq!(code(world.engine.activate_policy(&author, digest).await), Code::SecondPersonRequired);
    assert!(world.engine.control(world.ws).await.unwrap().policy.is_none());
    let active = world.engine.activate_policy(&world.admin, digest).await.unwrap();
    assert!(active.summary.active);
    assert_eq!(active.summary.activated_by.unwrap().id, world.admin.principal.to_string());
    let control = world.engine.control(world.ws).await.unwrap();
    assert_eq!(control.policy.as_ref().unwrap().digest, digest);
    world.engine.activate_policy(&world.admin, digest).await.unwrap();
    let acts = world.acts().await;
    assert_eq!(acts.iter().filter(|act| *act == "policy.activated").count(), 1);
}

async fn starter(world: &World, who: &Caller) -> PolicySetView {
    world.engine.publish_starter(who, None).await.unwrap()
}

#[tokio::test]
async fn the_sole_admin_of_a_new_workspace_activates_the_starter_set_once() {
    let world = World::new().await;
    world.help_desk().await;
    let set = starter(&world, &world.admin).await;
    world.engine.activate_policy(&world.admin, set.summary.digest).await.unwrap();
    let events = world.engine.audit(&world.admin, None, 200).await.unwrap();
    let activated = events.iter().find(|event| event.kind == "policy.activated").unwrap();
    assert_eq!(activated.data["code"], Value::from("bootstrap"));
    let next = publish(&world, &world.admin, SMALL, &[]).await.unwrap();
    let own = world.engine.activate_policy(&world.admin, next.summary.digest).await;
    assert_eq!(code(own), Code::SecondPersonRequired, "no second time");
}

#[tokio::test]
async fn the_starter_set_needs_a_second_person_in_every_other_case() {
    let changed = World::new().await;
    let text = format!("{}\n{}", policy::starter(), SMALL);
    let set = publish(&changed, &changed.admin, &text, &[]).await.unwrap();
    let own = changed.engine.activate_policy(&changed.admin, set.summary.digest).await;
    assert_eq!(code(own), Code::SecondPersonRequired, "a changed text");

    let two = World::new().await;
    let second = two.person("second", &[Role::Admin]).await;
    let set = starter(&two, &two.admin).await;
    let own = two.engine.activate_policy(&two.admin, set.summary.digest).await;
    assert_eq!(code(own), Code::SecondPersonRequired, "two admins");
    assert!(two.engine.activate_policy(&second, set.summary.digest).await.is_ok());

    let author = World::new().await;
    let writer = author.person("writer", &[Role::PolicyAuthor]).await;
    let set = starter(&author, &writer).await;
    let own = author.engine.activate_policy(&writer, set.summary.digest).await;
    assert_eq!(code(own), Code::SecondPersonRequired, "an author who is no admin");

    let real = World::new().await;
    real.engine.add_connector(&real.admin, &slug("desk"), sandbox(), None).await.unwrap();
    let set = starter(&real, &real.admin).await;
    let own = real.engine.activate_policy(&real.admin, set.summary.digest).await;
    assert_eq!(code(own), Code::SecondPersonRequired, "a connector that is no simulation");
}

fn sandbox() -> ConnectorSettings {
    let base_url = Some("https://example.zendesk.com".to_owned());
    ConnectorSettings { environment: Environment::Sandbox, base_url, ..help_desk() }
}

#[tokio::test]
async fn beyond_simulations_a_second_person_stands_behind_the_set_in_force() {
    let world = World::new().await;
    let set = starter(&world, &world.admin).await;
    world.engine.activate_policy(&world.admin, set.summary.digest).await.unwrap();
    let add = |name: &'static str| {
        let engine = &world.engine;
        let admin = &world.admin;
        async move { engine.add_connector(admin, &slug(name), sandbox(), None).await }
    };
    assert_eq!(code(add("desk").await), Code::SecondPersonRequired);
    let second = world.person("second", &[Role::PolicyAuthor]).await;
    world.engine.activate_policy(&second, set.summary.digest).await.unwrap();
    assert!(add("desk").await.is_ok());
}

#[tokio::test]
async fn a_set_is_tested_and_explained() {
    let world = World::new().await;
    let set = publish(&world, &world.admin, SMALL, &[CASES]).await.unwrap();
    let which = Which::Set(set.summary.digest);
    let own = world.engine.test_policy(&world.admin, which, None).await.unwrap();
    assert!(own.len() == 1 && own[0].passed());
    let other = CASES.replace("\"auto\"", "\"deny\"");
    let given = world.engine.test_policy(&world.admin, which, Some(vec![other])).await.unwrap();
    assert!(given.len() == 1 && !given[0].passed());
    assert_eq!(code(world.engine.test_policy(&world.admin, Which::Active, None).await), Code::NoPolicy);

    let request = request();
    let explained = world.engine.explain_policy(&world.admin, which, &request).await.unwrap();
    assert_eq!((explained.policy, explained.decision.outcome.word()), (set.summary.digest, "auto"));
    assert!(explained.sentences[0].starts_with("Runs by itself"), "{:?}", explained.sentences);
    let malformed = world.engine.explain_policy(&world.admin, which, &Value::from("x")).await;
    assert_eq!(code(malformed), Code::InvalidRequest);
    let unknown = Which::Set(proof::digest::sha256(b"none"));
    assert_eq!(code(world.engine.explain_policy(&world.admin, unknown, &request).await), Code::NotFound);
}

fn request() -> Value {
    use policy::facts::{Principal, PrincipalKind, Record, Reversibility, Usage};
    policy::Request {
        principal: Principal { kind: PrincipalKind::Agent, id: "triage".to_owned(), groups: [].into() },
        on_behalf_of: None,
        action: "zendesk.ticket.update".to_owned(),
        record: Record {
            connector: "help-desk".to_owned(),
            id: Some("1".to_owned()),
            environment: "simulation".to_owned(),
            labels: [].into(),
        },
        changed_fields: ["tags".to_owned()].into(),
        before: [].into(),
        after: [].into(),
        delta: [].into(),
        confidence_bp: None,
        workflow: "renewals".to_owned(),
        source: "api".to_owned(),
        local_hour: 9,
        weekday: 1,
        reversibility: Reversibility::Rollback,
        plan_size: 1,
        usage: Usage::default(),
        readiness: [].into(),
        recovery: false,
        takeover: false,
    }
    .to_value()
}
