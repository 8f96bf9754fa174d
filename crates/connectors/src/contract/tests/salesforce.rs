//! The Salesforce manifest against the simulated CRM.

use simulators::salesforce::{
    ASTER_HEALTH_RENEWAL, CLIENT_ID, CLIENT_SECRET, DRIFTING_PROBE_CASE, LOCKED_OPPORTUNITY, REFRESH_TOKEN,
};
use simulators::{Edit, Fault, FaultKind};

use super::*;
use crate::connector::Basis;
use crate::secret::Secret;

async fn crm(object: &'static str) -> (Simulator, Story) {
    let simulator = simulator(simulators::Kind::Salesforce).await;
    let credentials = Credentials::ClientCredentials {
        client_id: CLIENT_ID.to_owned(),
        client_secret: Secret::new(CLIENT_SECRET.to_owned()),
    };
    let http = connected("salesforce", &simulator.base_url(), Environment::Simulation, credentials);
    (simulator, Story { http, object })
}

#[tokio::test]
async fn the_manifest_holds_in_every_step_of_the_kit() {
    let (simulator, story) = crm("opportunity").await;
    let drill = Drill {
        record: record("opportunity", ASTER_HEALTH_RENEWAL),
        changes: fields([("Amount", "71400.50".into()), ("NextStep", Value::Null)]),
        other_changes: fields([("Amount", "90000".into())]),
        faults: Some(format!("{}/__sim/faults", simulator.base_url())),
    };
    let drill = Drill {
        changes: fields([("Amount", "71400.5".into()), ("CloseDate", "2026-12-20".into())]),
        ..drill
    };
    let facts = run(&story.http, &drill).await;
    let expect = [
        (Step::Read, Some(true), "the record can be read"),
        (Step::Metadata, Some(true), "the vendor's fields are the manifest's"),
        (Step::DryRun, Some(true), "2 field(s) change"),
        (Step::Write, Some(true), "the reply was accepted"),
        (Step::StaleRefused, Some(true), "the reply was rejected: conflict"),
        (Step::KeyLookup, None, "the vendor keeps no key of ours"),
        (Step::UnknownDrill, Some(true), "the reply was unknown: reset; the effect was found by journal"),
        (Step::Rollback, Some(true), "the reply was accepted"),
    ];
    assert_eq!(facts, expect.map(|(step, ok, detail)| (step, ok, detail.to_owned())));
}

#[tokio::test]
async fn a_refresh_token_signs_in_too_and_a_wrong_one_does_not() {
    let (simulator, _) = crm("opportunity").await;
    for (token, ok) in [(REFRESH_TOKEN, true), ("wrong-token", false)] {
        let credentials = Credentials::RefreshToken {
            client_id: CLIENT_ID.to_owned(),
            client_secret: Secret::new(CLIENT_SECRET.to_owned()),
            refresh_token: Secret::new(token.to_owned()),
        };
        let http = connected("salesforce", &simulator.base_url(), Environment::Simulation, credentials);
        assert_eq!(http.snapshot(&record("opportunity", ASTER_HEALTH_RENEWAL)).await.is_ok(), ok);
    }
}

#[tokio::test]
async fn the_record_is_read_under_its_long_id_with_exact_values() {
    let (_simulator, story) = crm("opportunity").await;
    let short = ASTER_HEALTH_RENEWAL.get(..15).unwrap();
    let snapshot = story.read(short).await;
    assert_eq!(snapshot.id, ASTER_HEALTH_RENEWAL);
    assert_eq!(snapshot.fields["Amount"], "84000".into());
    assert_eq!(snapshot.fields["CloseDate"], "2026-12-18".into());
    assert_eq!(
        snapshot.fields.len(),
        story.http.describe().object(&slug("opportunity")).unwrap().fields.len()
    );
}

#[tokio::test]
async fn resolving_closes_the_case_and_its_undo_opens_it_again() {
    let (_simulator, story) = crm("case").await;
    let before = story.read(DRIFTING_PROBE_CASE).await;
    let sets = story.http.describe().action(&slug("case"), "resolve").unwrap().sets.clone();
    let mutation = story.mutation("resolve", Some(&before), &sets, fields([]));
    assert!(is_accepted(&story.send(&mutation, sha256(b"resolve")).await));
    let closed = story.read(DRIFTING_PROBE_CASE).await;
    assert_eq!((&closed.fields["Status"], &closed.fields["IsClosed"]), (&"Closed".into(), &true.into()));
    let UndoPlan::Restore(undo) = story.http.undo(&mutation, None) else { panic!() };
    let restore = story.mutation("update", Some(&closed), &undo.changes, fields([]));
    assert!(is_accepted(&story.send(&restore, sha256(b"restore")).await));
    assert_eq!(story.read(DRIFTING_PROBE_CASE).await.fields, before.fields);
}

#[tokio::test]
async fn a_created_record_is_found_by_our_key_and_a_second_one_with_it_is_refused() {
    let (_simulator, story) = crm("opportunity").await;
    let after = fields([
        ("Name", "Borealis Labs expansion".into()),
        ("StageName", "Qualification".into()),
        ("CloseDate", "2027-01-29".into()),
        ("Amount", "12500.25".into()),
    ]);
    let create = story.mutation("create", None, &after, fields([]));
    let key = sha256(b"create");
    assert_eq!(story.find(&create, &key, None).await, Effect::NotFound { conclusive: true });
    let Reply::Accepted { handle: Some(id) } = story.send(&create, key).await else { panic!() };
    assert_eq!(story.send(&create, key).await, rejected("duplicate", false, false));
    let found = Effect::Found { basis: Basis::KeyLookup, handle: Some(id.clone()), by_other: false };
    assert_eq!(story.find(&create, &key, None).await, found);
    let created = story.read(&id).await;
    assert!(after.iter().all(|(name, value)| created.fields.get(name) == Some(value)), "{created:?}");
    let delete = story.mutation("delete", Some(&created), &fields([]), fields([]));
    assert!(is_accepted(&story.send(&delete, sha256(b"delete")).await));
    assert_eq!(
        story.http.snapshot(&record("opportunity", &id)).await,
        Err(crate::connector::ReadFault::NotFound)
    );
}

#[tokio::test]
async fn field_history_attributes_a_change_but_its_silence_proves_nothing() {
    let (simulator, story) = crm("opportunity").await;
    let before = story.read(ASTER_HEALTH_RENEWAL).await;
    let mutation = story.mutation("update", Some(&before), &fields([("Amount", "71400".into())]), fields([]));
    let key = sha256(b"update");
    assert_eq!(story.find(&mutation, &key, None).await, Effect::NotFound { conclusive: false });
    assert!(is_accepted(&story.send(&mutation, key).await));
    let found = |effect: Effect| {
        let Effect::Found { basis: Basis::Journal, by_other, .. } = effect else { panic!("{effect:?}") };
        by_other
    };
    assert!(!found(story.find(&mutation, &key, None).await));
    let edit = Edit {
        object: "Opportunity".to_owned(),
        id: ASTER_HEALTH_RENEWAL.to_owned(),
        fields: [("Amount".to_owned(), 50_000.into())].into_iter().collect(),
        author: None,
    };
    simulator.edit(&edit).unwrap();
    assert!(found(story.find(&mutation, &key, None).await));
}

#[tokio::test]
async fn refusals_keep_their_meaning() {
    let (simulator, story) = crm("opportunity").await;
    let before = story.read(ASTER_HEALTH_RENEWAL).await;
    let update = |before: &Snapshot, amount: &str| {
        story.mutation("update", Some(before), &fields([("Amount", amount.into())]), fields([]))
    };
    for (kind, expect) in [
        (FaultKind::Conflict, rejected("conflict", false, true)),
        (FaultKind::RecordLocked, rejected("record_locked", true, false)),
        (FaultKind::RateLimited, rejected("rate_limited", true, false)),
        (FaultKind::Unauthorized, rejected("unauthenticated", true, false)),
        (FaultKind::ServerError, Reply::Unknown { code: slug("unmapped_500") }),
        (FaultKind::HtmlError, Reply::Unknown { code: slug("unmapped_502") }),
        (FaultKind::DropConnection, Reply::Unknown { code: slug("reset") }),
    ] {
        simulator.faults().arm(Fault::new(kind).on("PATCH", ASTER_HEALTH_RENEWAL)).unwrap();
        assert_eq!(story.send(&update(&before, "71400"), sha256(b"1")).await, expect, "{kind:?}");
    }
    assert_eq!(story.send(&update(&before, "-5"), sha256(b"2")).await, rejected("invalid", false, false));
    let locked = story.read(LOCKED_OPPORTUNITY).await;
    assert_eq!(
        story.send(&update(&locked, "1"), sha256(b"3")).await,
        rejected("record_in_approval", true, false)
    );
    assert_eq!(story.read(ASTER_HEALTH_RENEWAL).await, before);
}
