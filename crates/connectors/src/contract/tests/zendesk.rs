//! The Zendesk manifest against the simulated help desk.

use simulators::zendesk::{AGENT_EMAIL, API_TOKEN, BEARER_TOKEN, VAT_TICKET};
use simulators::{Edit, Fault, FaultKind};

use super::*;
use crate::connector::Basis;
use crate::secret::Secret;

async fn desk() -> (Simulator, Story) {
    let simulator = simulator(simulators::Kind::Zendesk).await;
    let credentials =
        Credentials::EmailToken { email: AGENT_EMAIL.to_owned(), token: Secret::new(API_TOKEN.to_owned()) };
    let http = connected("zendesk", &simulator.base_url(), Environment::Simulation, credentials);
    (simulator, Story { http, object: "ticket" })
}

fn vat() -> String {
    VAT_TICKET.to_string()
}

fn colleague(fields: &[(&str, &str)]) -> Edit {
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    Edit { object: "ticket".to_owned(), id: vat(), fields, author: None }
}

#[tokio::test]
async fn the_manifest_holds_in_every_step_of_the_kit() {
    let (simulator, story) = desk().await;
    let drill = Drill {
        record: record("ticket", &vat()),
        changes: fields([("priority", "low".into()), ("status", "pending".into())]),
        other_changes: fields([("priority", "urgent".into())]),
        faults: Some(format!("{}/__sim/faults", simulator.base_url())),
    };
    let facts = run(&story.http, &drill).await;
    let expect = [
        (Step::Read, "the record can be read"),
        (Step::Metadata, "the vendor's fields are the manifest's"),
        (Step::DryRun, "2 field(s) change"),
        (Step::Write, "the reply was accepted"),
        (Step::StaleRefused, "the reply was rejected: conflict"),
        (Step::KeyLookup, "found by key_lookup"),
        (Step::UnknownDrill, "the reply was unknown: reset; the effect was found by key_lookup"),
        (Step::Rollback, "the reply was accepted"),
    ];
    assert_eq!(facts, expect.map(|(step, detail)| (step, Some(true), detail.to_owned())));
}

#[tokio::test]
async fn a_bearer_token_signs_in_too_and_a_wrong_one_does_not() {
    let (simulator, _) = desk().await;
    for (token, ok) in [(BEARER_TOKEN, true), ("wrong", false)] {
        let credentials = Credentials::Bearer { token: Secret::new(token.to_owned()) };
        let http = connected("zendesk", &simulator.base_url(), Environment::Simulation, credentials);
        assert_eq!(http.snapshot(&record("ticket", &vat())).await.is_ok(), ok);
    }
}

#[tokio::test]
async fn notes_and_replies_are_proven_by_the_audit_that_carries_our_key() {
    let (simulator, story) = desk().await;
    for (verb, public) in [("note", false), ("reply", true)] {
        let before = story.read(&vat()).await;
        let body = fields([("body", "The VAT number on invoice 20417 is corrected.\nBest regards".into())]);
        let mutation = story.mutation(verb, Some(&before), &fields([]), body);
        let key = sha256(verb.as_bytes());
        assert_eq!(story.find(&mutation, &key, None).await, Effect::NotFound { conclusive: true });
        assert!(is_accepted(&story.send(&mutation, key).await));
        let Effect::Found { basis: Basis::KeyLookup, handle: Some(_), by_other: false } =
            story.find(&mutation, &key, None).await
        else {
            panic!()
        };
        let write = simulator.writes().pop().unwrap();
        assert_eq!(write.fields["comment"]["public"], public);
    }
}

#[tokio::test]
async fn resolving_solves_the_ticket_and_its_undo_opens_it_again() {
    let (_simulator, story) = desk().await;
    let before = story.read(&vat()).await;
    let sets = story.http.describe().action(&slug("ticket"), "resolve").unwrap().sets.clone();
    let mutation = story.mutation("resolve", Some(&before), &sets, fields([("note", "Corrected.".into())]));
    assert!(is_accepted(&story.send(&mutation, sha256(b"resolve")).await));
    let solved = story.read(&vat()).await;
    assert_eq!(solved.fields["status"], "solved".into());
    let UndoPlan::Restore(undo) = story.http.undo(&mutation, None) else { panic!() };
    let restore = story.mutation("update", Some(&solved), &undo.changes, fields([]));
    assert!(is_accepted(&story.send(&restore, sha256(b"restore")).await));
    assert_eq!(story.read(&vat()).await.fields["status"], before.fields["status"]);
}

#[tokio::test]
async fn a_created_ticket_is_found_by_our_key_is_not_created_twice_and_can_be_deleted() {
    let (simulator, story) = desk().await;
    let after = fields([
        ("subject", "Certificate missing".into()),
        ("description", "Order 20500 came without its certificate.".into()),
        ("priority", "normal".into()),
        ("tags", vec![Value::from("certificate")].into()),
    ]);
    let create = story.mutation("create", None, &after, fields([]));
    let key = sha256(b"create");
    assert_eq!(story.find(&create, &key, None).await, Effect::NotFound { conclusive: true });
    let Reply::Accepted { handle: Some(id) } = story.send(&create, key).await else { panic!() };
    assert_eq!(story.send(&create, key).await, Reply::Accepted { handle: Some(id.clone()) });
    assert_eq!(simulator.writes().len(), 1);
    let found = Effect::Found { basis: Basis::KeyLookup, handle: Some(id.clone()), by_other: false };
    assert_eq!(story.find(&create, &key, None).await, found);
    let created = story.read(&id).await;
    assert!(after.iter().all(|(name, value)| created.fields.get(name) == Some(value)), "{created:?}");

    let UndoPlan::Counter(undo) = story.http.undo(&create, Some(&id)) else { panic!() };
    assert_eq!((undo.kind, undo.id.as_deref()), (Kind::Delete, Some(id.as_str())));
    let delete = story.mutation("delete", Some(&created), &fields([]), fields([]));
    assert!(is_accepted(&story.send(&delete, sha256(b"delete")).await));
    let gone = story.http.snapshot(&record("ticket", &id)).await.unwrap_err();
    assert_eq!(gone, crate::connector::ReadFault::NotFound);
}

#[tokio::test]
async fn a_colleague_who_changes_the_same_field_is_seen_in_the_journal() {
    let (simulator, story) = desk().await;
    let before = story.read(&vat()).await;
    let mutation = story.mutation("update", Some(&before), &fields([("priority", "low".into())]), fields([]));
    let key = sha256(b"update");
    assert!(is_accepted(&story.send(&mutation, key).await));
    simulator.edit(&colleague(&[("status", "pending")])).unwrap();
    assert!(matches!(story.find(&mutation, &key, None).await, Effect::Found { by_other: false, .. }));
    simulator.edit(&colleague(&[("priority", "urgent")])).unwrap();
    assert!(matches!(story.find(&mutation, &key, None).await, Effect::Found { by_other: true, .. }));
}

#[tokio::test]
async fn refusals_keep_their_meaning() {
    let (simulator, story) = desk().await;
    let before = story.read(&vat()).await;
    let update = |before: &Snapshot| {
        story.mutation("update", Some(before), &fields([("priority", "low".into())]), fields([]))
    };
    simulator.edit(&colleague(&[("status", "pending")])).unwrap();
    assert_eq!(story.send(&update(&before), sha256(b"1")).await, rejected("conflict", false, true));
    let fresh = story.read(&vat()).await;
    for (kind, expect) in [
        (FaultKind::Conflict, rejected("conflict", false, true)),
        (FaultKind::RecordLocked, rejected("record_locked", true, false)),
        (FaultKind::RateLimited, rejected("rate_limited", true, false)),
        (FaultKind::Unauthorized, rejected("unauthenticated", true, false)),
        (FaultKind::ServerError, Reply::Unknown { code: slug("unmapped_500") }),
        (FaultKind::HtmlError, Reply::Unknown { code: slug("unmapped_502") }),
        (FaultKind::DropConnection, Reply::Unknown { code: slug("reset") }),
    ] {
        simulator.faults().arm(Fault::new(kind).on("PUT", &vat())).unwrap();
        assert_eq!(story.send(&update(&fresh), sha256(b"2")).await, expect, "{kind:?}");
    }
    let unknown_agent =
        story.mutation("update", Some(&fresh), &fields([("assignee_id", "12345".into())]), fields([]));
    assert_eq!(story.send(&unknown_agent, sha256(b"3")).await, rejected("invalid", false, false));
    assert_eq!(story.read(&vat()).await, fresh);
}
