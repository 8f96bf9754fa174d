//! Connectors, their credentials and their readiness.

use domain::mutation::Environment;
use store::EntityKind;
use zeroize::Zeroizing;

use super::world::{CREDENTIALS, World, code, help_desk, key, refused, slug};
use crate::Code;
use crate::access::{Caller, Role};
use crate::admin::{ConnectorSettings, Finding, NewKey};
use crate::control::PauseKind;
use crate::seams::Clock;

#[tokio::test]
async fn a_connector_is_described_and_its_credentials_are_sealed() {
    let world = World::new().await;
    let k = key("k", "body");
    let desk = slug("help-desk");
    let add = |key| world.engine.add_connector(&world.admin, &desk, help_desk(), key);
    let view = add(Some(&k)).await.unwrap();
    assert_eq!(
        (view.system.as_str(), view.environment.as_str(), view.paused),
        ("zendesk", "simulation", false)
    );
    assert!(view.description.unwrap().action(&slug("ticket"), "update").is_some());
    assert_eq!(add(Some(&k)).await.unwrap().name, slug("help-desk"));
    assert_eq!(code(add(None).await), Code::AlreadyExists);
    let opened = world.engine.open_secret(world.ws, "connector/help-desk").await.unwrap();
    assert_eq!(&*opened, CREDENTIALS.as_bytes());
    let id = "connector/help-desk".to_owned();
    let kept = world.engine.store().entity(world.ws, EntityKind::Secret, id).await.unwrap().unwrap();
    assert!(!String::from_utf8_lossy(&kept.body).contains("sim-token"));
    assert_eq!(world.acts().await, ["person_added", "connector.changed"]);
}

#[tokio::test]
async fn what_does_not_fit_together_is_refused() {
    let world = World::new().await;
    let credentials = |text: &str| Some(Zeroizing::new(text.to_owned()));
    let cases = [
        ("system", ConnectorSettings { system: slug("sap"), ..help_desk() }),
        ("credentials", ConnectorSettings { credentials: None, ..help_desk() }),
        ("form", ConnectorSettings { credentials: credentials("{}"), ..help_desk() }),
        (
            "scheme",
            ConnectorSettings {
                credentials: credentials(r#"{"scheme":"basic","user":"u","password":"p"}"#),
                ..help_desk()
            },
        ),
        ("large", ConnectorSettings { credentials: credentials(&"x".repeat(16 * 1024 + 1)), ..help_desk() }),
        ("url", ConnectorSettings { base_url: Some("ftp://127.0.0.1".to_owned()), ..help_desk() }),
        ("host", ConnectorSettings { base_url: Some("https://evil.example".to_owned()), ..help_desk() }),
        ("loopback", ConnectorSettings { environment: Environment::Production, ..help_desk() }),
    ];
    for (name, settings) in cases {
        let error = refused(world.engine.add_connector(&world.admin, &slug("x"), settings, None).await);
        assert_eq!(error.code, Code::InvalidConnector, "{name}");
        assert!(!error.message.contains("sim-token"), "{name}");
    }
    assert!(world.engine.list_connectors(&world.admin).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_change_rotates_credentials_or_keeps_them_and_never_moves_the_connector() {
    let world = World::new().await;
    world.help_desk().await;
    let desk = slug("help-desk");
    let change = |settings| world.engine.change_connector(&world.admin, &desk, settings);
    let at = |url: String| ConnectorSettings { credentials: None, base_url: Some(url), ..help_desk() };
    let home = help_desk().base_url.unwrap();
    let view = change(at(format!("{home}/desk"))).await.unwrap();
    assert_eq!(view.base_url, format!("{home}/desk"));
    // Whoever listens elsewhere does not get the stored credentials.
    for elsewhere in ["http://127.0.0.1:10", "http://127.0.0.1:10/desk", "http://localhost:9"] {
        let error = refused(change(at(elsewhere.to_owned())).await);
        assert_eq!((error.code, error.pointer.as_deref()), (Code::InvalidConnector, Some("/credentials")));
    }
    let open = || world.engine.open_secret(world.ws, "connector/help-desk");
    assert_eq!(&*open().await.unwrap(), CREDENTIALS.as_bytes());
    let new = r#"{"scheme":"bearer","token":"another-token"}"#;
    let rotated = ConnectorSettings { credentials: Some(Zeroizing::new(new.to_owned())), ..help_desk() };
    assert!(change(rotated).await.unwrap().description.is_ok());
    assert_eq!(&*open().await.unwrap(), new.as_bytes());
    for moved in [
        ConnectorSettings { system: slug("roundup"), ..help_desk() },
        ConnectorSettings { environment: Environment::Sandbox, ..help_desk() },
    ] {
        assert_eq!(code(change(moved).await), Code::InvalidConnector);
    }
    let unknown = world.engine.change_connector(&world.admin, &slug("crm"), help_desk()).await;
    assert_eq!(code(unknown), Code::NotFound);
}

#[tokio::test]
async fn a_key_that_is_bound_to_connectors_sees_those_only() {
    let world = World::new().await;
    world.help_desk().await;
    world.engine.add_connector(&world.admin, &slug("second"), help_desk(), None).await.unwrap();
    let agent = world.agent("triage").await;
    let new = NewKey {
        principal: agent.id,
        label: "bound".to_owned(),
        workflows: [].into(),
        connectors: [slug("second")].into(),
        actions: [].into(),
        expires_in_s: None,
    };
    let issued = world.engine.issue_key(&world.admin, new, None).await.unwrap();
    let caller: Caller = world.engine.authenticate_key(&issued.secret).await.unwrap();
    let seen = world.engine.list_connectors(&caller).await.unwrap();
    assert_eq!(seen.iter().map(|view| view.name.as_str()).collect::<Vec<_>>(), ["second"]);
    assert_eq!(code(world.engine.show_connector(&caller, &slug("help-desk")).await), Code::NotFound);
}

#[tokio::test]
async fn a_check_records_what_it_found_with_its_date() {
    let world = World::new().await;
    world.help_desk().await;
    let desk = slug("help-desk");
    let finding = |fact: &str, ok| Finding { fact: slug(fact), ok, detail: "tried".to_owned() };
    let probe = async |spec: crate::ConnectorSpec| {
        assert_eq!(&*spec.credentials.unwrap(), CREDENTIALS.as_bytes());
        vec![finding("auth", true), finding("metadata-synced", false)]
    };
    world.engine.check_connector(&world.admin, &desk, probe).await.unwrap();
    world.clock.step_s(60);
    world.engine.record_readiness(&world.admin, "help-desk", &[finding("auth", false)]).await.unwrap();
    let view = world.engine.show_connector(&world.admin, &desk).await.unwrap();
    let facts: Vec<_> = view.readiness.iter().map(|(name, fact)| (name.as_str(), fact.ok)).collect();
    assert_eq!(facts, [("auth", false), ("metadata-synced", false)]);
    assert!(view.readiness["auth"].at > view.readiness["metadata-synced"].at);
    assert_eq!(world.acts().await[2..], ["lane.changed", "lane.changed"]);
}

#[tokio::test]
async fn a_fact_holds_for_thirty_days_and_not_a_moment_longer() {
    let world = World::new().await;
    world.help_desk().await;
    let found = [true, false].map(|ok| Finding {
        fact: slug(if ok { "auth" } else { "dry-run" }),
        ok,
        detail: "tried".to_owned(),
    });
    let body = world.engine.record_readiness(&world.admin, "help-desk", &found).await.unwrap();
    let at = world.clock.now();
    let day_30 = at.plus_s(30 * 24 * 3600);
    assert_eq!(body.facts["auth"].expires(), Some(day_30));
    let holds = |now| body.facts.values().map(|fact| fact.holds(now)).collect::<Vec<_>>();
    assert_eq!(holds(at), [true, false]);
    assert_eq!(holds(day_30.plus_ms(-1)), [true, false]);
    assert_eq!(holds(day_30), [false, false]);
}

#[tokio::test]
async fn readiness_of_a_lane_stands_where_decisions_look_for_it() {
    let world = World::new().await;
    world.help_desk().await;
    world.engine.add_workflow(&world.admin, &slug("renewals"), "Renewals", None).await.unwrap();
    let lane = "renewals/help-desk/zendesk.ticket.update";
    let finding = Finding { fact: slug("rollback-proven"), ok: true, detail: "x".repeat(501) };
    world.engine.record_readiness(&world.admin, lane, std::slice::from_ref(&finding)).await.unwrap();
    let control = world.engine.control(world.ws).await.unwrap();
    let kept = &control.lanes[&slug("renewals_help-desk_zendesk.ticket.update")].facts["rollback-proven"];
    assert_eq!((kept.ok, kept.detail.len()), (true, 500));
    for unknown in ["crm", "renewals/crm/zendesk.ticket.update", "other/help-desk/zendesk.ticket.update"] {
        let recorded =
            world.engine.record_readiness(&world.admin, unknown, std::slice::from_ref(&finding)).await;
        assert_eq!(code(recorded), Code::NotFound, "{unknown}");
    }
}

#[tokio::test]
async fn a_paused_connector_says_so() {
    let world = World::new().await;
    world.help_desk().await;
    let operator = world.person("olga", &[Role::Operator]).await;
    world.engine.set_pause(&operator, PauseKind::Connector, "help-desk", None, None).await.unwrap();
    assert!(world.engine.show_connector(&operator, &slug("help-desk")).await.unwrap().paused);
}
