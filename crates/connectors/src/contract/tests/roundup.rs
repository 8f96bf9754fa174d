//! The Roundup manifest against a real tracker, where one runs: `cargo xtask roundup cargo nextest run -p connectors`.

use super::*;
use crate::connector::Basis;
use crate::secret::Secret;

/// The tracker that the environment names, if any.
fn tracker() -> Option<Story> {
    let told = |name: &str| std::env::var(format!("ACTIONPLANE_TEST_ROUNDUP_{name}")).ok();
    let credentials = Credentials::Basic { user: told("USER")?, password: Secret::new(told("PASSWORD")?) };
    let http = connected("roundup", &told("URL")?, Environment::Sandbox, credentials);
    Some(Story { http, object: "issue" })
}

#[tokio::test]
async fn the_manifest_holds_on_a_real_tracker() {
    let Some(story) = tracker() else {
        eprintln!("no tracker is named by ACTIONPLANE_TEST_ROUNDUP_URL, so there is nothing to compare with");
        return;
    };
    let drill = Drill {
        record: record("issue", "1"),
        changes: fields([("title", "Cannot log in since Monday".into()), ("status", "in-progress".into())]),
        other_changes: fields([("priority", "bug".into()), ("assignedto", Value::Null)]),
        faults: None,
    };
    let facts = run(&story.http, &drill).await;
    let expect = [
        (Step::Read, Some(true), "the record can be read"),
        (Step::Metadata, None, "the vendor does not describe its fields"),
        (Step::DryRun, Some(true), "2 field(s) change"),
        (Step::Write, Some(true), "the reply was accepted"),
        (Step::StaleRefused, Some(true), "the reply was rejected: conflict"),
        (Step::KeyLookup, None, "the vendor keeps no key of ours"),
        (Step::UnknownDrill, None, "there is no fault switchboard"),
        (Step::Rollback, Some(true), "the reply was accepted"),
    ];
    assert_eq!(facts, expect.map(|(step, ok, detail)| (step, ok, detail.to_owned())));
    resolve_and_clear(&story).await;
    create(&story).await;
}

async fn resolve_and_clear(story: &Story) {
    let before = story.read("1").await;
    let sets = story.http.describe().action(&slug("issue"), "resolve").unwrap().sets.clone();
    let resolve = story.mutation("resolve", Some(&before), &sets, fields([]));
    assert!(is_accepted(&story.send(&resolve, sha256(b"resolve")).await));
    let resolved = story.read("1").await;
    assert_eq!(resolved.fields["status"], "resolved".into());
    // No journal is within reach: only the record speaks.
    assert_eq!(story.find(&resolve, &sha256(b"resolve"), None).await, Effect::CannotTell);

    let clear = story.mutation("update", Some(&resolved), &fields([("assignedto", Value::Null)]), fields([]));
    assert!(is_accepted(&story.send(&clear, sha256(b"clear")).await));
    let cleared = story.read("1").await;
    assert_eq!(cleared.fields["assignedto"], Value::Null);
    let UndoPlan::Restore(undo) = story.http.undo(&clear, None) else { panic!() };
    let restore = story.mutation("update", Some(&cleared), &undo.changes, fields([]));
    assert!(is_accepted(&story.send(&restore, sha256(b"restore")).await));
    assert_eq!(story.read("1").await.fields["assignedto"], before.fields["assignedto"]);

    let bad = story.mutation(
        "update",
        Some(&story.read("1").await),
        &fields([("assignedto", "nobody".into())]),
        fields([]),
    );
    assert_eq!(story.send(&bad, sha256(b"bad")).await, rejected("invalid", false, false));
}

async fn create(story: &Story) {
    let after = fields([
        ("title", "Printer & scanner offline?".into()),
        ("priority", "bug".into()),
        ("status", "unread".into()),
    ]);
    let create = story.mutation("create", None, &after, fields([]));
    let since = Timestamp::from_millis(jiff::Timestamp::now().as_millisecond()).plus_ms(-1000);
    let find = || async {
        let (key, handle) = (sha256(b"create"), None);
        story.http.find_effect(&EffectQuery { mutation: &create, key: &key, handle, since }).await.unwrap()
    };
    assert_eq!(find().await, Effect::NotFound { conclusive: false });
    let Reply::Accepted { handle: Some(id) } = story.send(&create, sha256(b"create")).await else { panic!() };
    let created = story.read(&id).await;
    assert!(after.iter().all(|(name, value)| created.fields.get(name) == Some(value)), "{created:?}");
    assert_eq!(find().await, Effect::Found { basis: Basis::ProofQuery, handle: Some(id), by_other: false });
    let UndoPlan::Irreversible(_) = story.http.undo(&create, Some("2")) else { panic!() };
}
