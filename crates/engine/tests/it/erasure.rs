//! Erasure: what was erased is nowhere any more, what must be kept is kept, and the proofs hold.

mod holds;
mod people;
mod restore;
mod trace;

use std::path::Path;

use domain::id::RunId;
use domain::mutation::RecordRef;
use domain::run::{RecoveryKind, Stage};
use domain::time::Timestamp;
use engine::Code;
use engine::access::Caller;
use engine::admin::{DataSubject, ErasureRequest, ErasureView, NewArtifact};
use engine::commands::{Answer, Proposal};
use engine::queries::{BundleOf, BundleRequest, LineageEvent, RunFilter, SealedMember, Tombstone};
use proof::json::Value;
use simulators::FaultKind;
use store::{Chain, Scope};

use crate::world::{World, change, refused, slug, solve, tag};

/// A word that no product text holds.
const CANARY: &str = "Kanarienvogel";

pub fn ticket(id: &str) -> DataSubject {
    let (connector, object) = (slug("help-desk"), slug("ticket"));
    DataSubject::Record(RecordRef { connector, object, id: id.to_owned() })
}

/// A request that nothing but a hold stands against.
pub fn of(subject: DataSubject) -> ErasureRequest {
    ErasureRequest {
        subject,
        basis: slug("gdpr-17-1-b"),
        request_ref: "DSR-2026-17".to_owned(),
        complete_by: Some(Timestamp::from_millis(1_800_000_000_000)),
        override_retention: true,
    }
}

pub async fn erase(world: &World, request: ErasureRequest) -> engine::Result<ErasureView> {
    world.engine.erase(&world.admin, request, None).await
}

/// The kinds of the newest acts, oldest first.
pub async fn acts(world: &World, most: usize) -> Vec<LineageEvent> {
    let acts = world.engine.audit(&world.admin, None, 200).await.unwrap();
    acts[acts.len().saturating_sub(most)..].to_vec()
}

/// Every place of the data directory in which a text stands, in whatever encoding a text column or a JSON text has.
fn places(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            found.extend(places(&entry.path(), text));
            continue;
        }
        let bytes = std::fs::read(entry.path()).unwrap();
        if bytes.windows(text.len()).any(|window| window == text.as_bytes()) {
            found.push(entry.path().display().to_string());
        }
    }
    found
}

/// Everything that anybody can read about a run, as text.
pub async fn told(world: &World, run: RunId) -> String {
    let engine = &world.engine;
    let view = engine.show_run(&world.admin, run).await.unwrap();
    let lineage = engine.lineage(&world.admin, run).await.unwrap();
    let record = RecordRef { connector: slug("help-desk"), object: slug("ticket"), id: "48213".to_owned() };
    let history = engine.record_history(&world.admin, &record, None, None).await.unwrap();
    let list = engine.list_runs(&world.admin, RunFilter::default()).await.unwrap();
    let inbox = engine.inbox(&world.maya, None, None).await.unwrap();
    let row = engine.store().projection(world.ws, run).await.unwrap();
    format!("{view:?}\n{lineage:?}\n{history:?}\n{list:?}\n{inbox:?}\n{row:?}")
}

async fn search(world: &World, text: &str) -> Vec<RunId> {
    let filter = RunFilter { search: Some(text.to_owned()), ..RunFilter::default() };
    let page = world.engine.list_runs(&world.admin, filter).await.unwrap();
    page.items.iter().map(|run| run.row.id).collect()
}

/// Rows agree with the leaves, every run replays, and the evidence of a run is a bundle without the word.
async fn is_sound(world: &World, run: RunId) {
    let review = world.engine.review_rows(world.ws, false, |_| {}).await.unwrap();
    assert!(review.differing.is_empty() && review.damaged.is_empty(), "{review:?}");
    let request = BundleRequest { of: BundleOf::Run(run), disclose: true };
    let bundle = world.engine.bundle(&world.admin, request).await.unwrap();
    for (path, bytes) in &bundle.files {
        assert!(!String::from_utf8_lossy(bytes).contains(CANARY), "{path}");
    }
}

/// A run with the word in every value that a caller, a person or the system of record can put there.
async fn planted(world: &World) -> (RunId, proof::digest::Digest) {
    world.edit("48213", serde_json::json!({ "subject": format!("{CANARY} subject") }));
    let mut proposal = change(
        "48213",
        &[("status", "solved".into()), ("tags", Value::from(vec![CANARY.to_lowercase().into()]))],
    );
    proposal.reason = format!("{CANARY} reason");
    proposal.source_ref = Some(format!("{CANARY} source"));
    proposal.model = Some(proof::json::object([("prompt", format!("{CANARY} model").into())]));
    let run = world.propose(&world.agent, proposal).await.unwrap();
    let view = world.until(run, |view| view.run.stage == Stage::AwaitingApproval).await;
    let file = NewArtifact {
        name: format!("{CANARY}.txt"),
        media_type: "text/plain".to_owned(),
        bytes: format!("{CANARY} file").into_bytes(),
    };
    let (_, file) = world.engine.attach(&world.agent, run, file, None).await.unwrap();
    world.engine.comment(&world.maya, run, format!("{CANARY} comment"), None).await.unwrap();
    let verdict = engine::commands::VerdictRequest {
        answer: Answer::Approve,
        plan_digest: view.run.plan_digest().unwrap(),
        group: None,
        rationale: Some(format!("{CANARY} rationale")),
    };
    world.engine.give_verdict(&world.maya, run, verdict, None).await.unwrap();
    assert_eq!(world.settled(run).await.run.stage, Stage::Applied);
    (run, file)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_erased_of_a_record_is_nowhere_any_more() {
    let logged = trace::capture();
    let world = World::start().await;
    let (run, file) = planted(&world).await;
    let before = told(&world, run).await;
    for what in ["reason", "source", "model", "comment", "rationale", "subject"] {
        assert!(
            before.contains(&format!("{CANARY} {what}")),
            "{what} is read, so its absence means something"
        );
    }
    assert_eq!(search(&world, CANARY).await, [run]);
    assert_eq!(
        world.engine.artifact(&world.tom, file).await.unwrap().bytes,
        format!("{CANARY} file").as_bytes()
    );

    let done = erase(&world, of(ticket("48213"))).await.unwrap();
    assert_eq!(done.runs, [run]);
    let after = told(&world, run).await.to_lowercase();
    assert!(!after.contains(&CANARY.to_lowercase()), "{after}");
    assert_eq!(search(&world, CANARY).await, []);
    assert_eq!(refused(world.engine.artifact(&world.tom, file).await), Code::NotFound);
    assert_eq!(places(world.dir.path(), CANARY), Vec::<String>::new());
    let logged = logged.text();
    assert!(logged.contains("engine") && !logged.contains(CANARY), "{logged}");

    // Under its record nothing is found any more; the run itself is there, and says why its values are not.
    let record = RecordRef { connector: slug("help-desk"), object: slug("ticket"), id: "48213".to_owned() };
    let filter = RunFilter { record: Some(record), ..RunFilter::default() };
    assert_eq!(world.engine.list_runs(&world.admin, filter).await.unwrap().items, []);
    let view = world.show(run).await;
    let tombstone = Some(Tombstone { at: done.at, basis: slug("gdpr-17-1-b") });
    assert_eq!((view.run.stage, view.reason, &view.erasure), (Stage::Applied, None, &tombstone));
    assert_eq!((view.mutations[0].erased, &view.mutations[0].erasure), (true, &tombstone));
    assert_eq!((&view.approvals[0].rationale, &view.approvals[0].erasure), (&None, &tombstone));
    assert_eq!((&view.attempts[0].request, &view.attempts[0].erasure), (&None, &tombstone));
    assert_eq!(view.explanation_erasure, tombstone);
    // Who approved is another person's data, and stays.
    let lineage = world.engine.lineage(&world.admin, run).await.unwrap();
    let given = lineage.iter().find(|event| event.kind == "approval.given").unwrap();
    assert!(matches!(given.sealed["approver"], SealedMember::Open(_)), "{given:?}");
    is_sound(&world, run).await;

    // The leaf names every digest, and nothing else is missing.
    let named = acts(&world, 1).await.remove(0);
    assert_eq!(named.kind, "disclosure.erased");
    let digests = named.data["digests"].as_array().unwrap();
    assert_eq!(u64::try_from(digests.len()).unwrap(), done.count);
    assert_eq!(named.value("request_ref"), Some(&"DSR-2026-17".into()));
    for event in &lineage {
        let missing = event.sealed.values().any(|member| *member == SealedMember::Missing);
        assert!(!missing, "{event:?}");
    }
}

/// What needs a value that is gone is refused, and the workspace goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_without_its_values_cannot_be_taken_back_and_others_go_on() {
    let world = World::start().await;
    let run = world.propose(&world.agent, tag("48213", &["vat"])).await.unwrap();
    let digest = world.settled(run).await.run.plan_digest().unwrap();
    assert_eq!(world.show(run).await.recovery.possible, [RecoveryKind::Rollback]);
    erase(&world, of(ticket("48213"))).await.unwrap();
    assert_eq!(world.show(run).await.recovery.possible, []);
    let rollback = world.engine.recover(&world.tom, run, RecoveryKind::Rollback, digest, None, None).await;
    assert_eq!(refused(rollback), Code::ValueErased);
    let again = world.propose(&world.agent, tag("48213", &["vat", "new"])).await.unwrap();
    let view = world.settled(again).await;
    assert_eq!((view.run.stage, view.mutations[0].erased), (Stage::Applied, false));
    assert!(view.reason.is_some());
    // Erased again, it takes the new run only: of the first one nothing is left.
    let done = erase(&world, of(ticket("48213"))).await.unwrap();
    assert_eq!(done.runs, [again]);
    assert_eq!(refused(erase(&world, of(ticket("48213"))).await), Code::NotFound);
    is_sound(&world, again).await;
    let list = world.engine.list_erasures(&world.admin, None, 10).await.unwrap();
    assert_eq!(list.iter().map(|one| one.runs.clone()).collect::<Vec<_>>(), [vec![again], vec![run]]);
    let older = world.engine.list_erasures(&world.admin, Some(list[0].id), 10).await.unwrap();
    assert_eq!(older, list[1..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_shares_a_record_goes_alone_and_needs_an_end_of_its_backups() {
    let world = World::start().await;
    let mut runs = Vec::new();
    for word in ["one", "two"] {
        let proposal = Proposal { reason: format!("{CANARY} {word}"), ..tag("48213", &[word]) };
        let run = world.propose(&world.agent, proposal).await.unwrap();
        world.settled(run).await;
        runs.push(run);
    }
    let request = of(DataSubject::Run(runs[0]));
    let open_ended = ErasureRequest { complete_by: None, ..request.clone() };
    let error = world.engine.erase(&world.admin, open_ended, None).await.unwrap_err();
    assert_eq!((error.code, error.pointer.as_deref()), (Code::InvalidRequest, Some("/complete_by")));
    assert!(error.message.contains("keys stay"), "{}", error.message);
    let past = ErasureRequest { complete_by: Some(world.engine.now()), ..request.clone() };
    assert_eq!(refused(erase(&world, past).await), Code::InvalidRequest);
    assert!(world.show(runs[0]).await.reason.is_some(), "a request that is wrong erases nothing");

    let done = erase(&world, request).await.unwrap();
    assert_eq!(
        (&done.runs, done.complete_by),
        (&vec![runs[0]], Some(Timestamp::from_millis(1_800_000_000_000)))
    );
    let first = told(&world, runs[0]).await;
    assert!(!first.contains(&format!("{CANARY} one")), "{first}");
    let fields =
        world.engine.store().sealed_fields(world.ws, Scope::Chain(Chain::Run(runs[0]))).await.unwrap();
    assert_eq!(fields, []);
    let second = world.show(runs[1]).await;
    assert_eq!((second.reason.as_deref(), second.erasure), (Some("Kanarienvogel two"), None));
    let review = world.engine.review_rows(world.ws, false, |_| {}).await.unwrap();
    assert!(review.differing.is_empty(), "{review:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_retention_period_keeps_values_until_it_ends_or_an_admin_says_so() {
    let world = World::start().await;
    let run = world.propose(&world.agent, tag("48213", &["vat"])).await.unwrap();
    world.settled(run).await;
    for subject in [ticket("48213"), DataSubject::Run(run)] {
        let kept = ErasureRequest { override_retention: false, ..of(subject) };
        let error = world.engine.erase(&world.admin, kept, None).await.unwrap_err();
        assert_eq!(error.code, Code::ErasureHeld);
        assert!(error.message.contains("183 days"), "{}", error.message);
        let refusal = acts(&world, 1).await.remove(0);
        assert_eq!(refusal.kind, "erasure.refused");
        assert_eq!(refusal.data["basis"].as_str(), Some("gdpr-17-3-b"));
        assert!(refusal.data["count"].as_int().unwrap() > 0 && !refusal.data.contains_key("hold"));
        assert_eq!(refusal.value("request_ref"), Some(&"DSR-2026-17".into()));
    }
    assert!(world.show(run).await.reason.is_some());
    // An override stands in the chain before what it allowed.
    erase(&world, of(DataSubject::Run(run))).await.unwrap();
    let acts = acts(&world, 2).await;
    assert_eq!(acts[0].data.get("code").and_then(Value::as_str), Some("retention_overridden"));
    assert_eq!(acts[1].kind, "disclosure.erased");

    let other = world.propose(&world.agent, tag("48209", &["vat"])).await.unwrap();
    let closed = world.settled(other).await.run.closed.unwrap().at;
    let days = |days: i64| closed.plus_ms(days * 24 * 3600 * 1000).millis() - world.engine.now().millis();
    world.clock.advance_s(u64::try_from(days(183) / 1000 - 60).unwrap());
    let request = ErasureRequest {
        override_retention: false,
        complete_by: Some(world.engine.now().plus_s(24 * 3600)),
        ..of(DataSubject::Run(other))
    };
    // The session that asked is over by now; the engine is not asked for it here.
    assert_eq!(refused(erase(&world, request.clone()).await), Code::ErasureHeld);
    world.clock.advance_s(120);
    assert_eq!(erase(&world, request).await.unwrap().runs, [other]);
    let last = self::acts(&world, 2).await;
    assert_eq!(last[1].kind, "disclosure.erased");
    assert_ne!(last[0].data.get("code").and_then(Value::as_str), Some("retention_overridden"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_run_is_cancelled_first_and_an_unsettled_one_is_kept() {
    let world = World::start().await;
    let waits = world.propose(&world.agent, solve("48213")).await.unwrap();
    world.until(waits, |view| view.run.stage == Stage::AwaitingApproval).await;
    erase(&world, of(ticket("48213"))).await.unwrap();
    let view = world.show(waits).await;
    assert_eq!((view.run.stage, view.reason.is_none()), (Stage::Cancelled, true));
    assert_eq!(view.run.closed.unwrap().code.as_str(), "erasure");
    assert_eq!(world.writes("48213"), 0);
    is_sound(&world, waits).await;

    world.fault("PUT", "/tickets/48209", FaultKind::TimeoutAfterCommit);
    let unknown = world.propose(&world.agent, tag("48209", &["vat"])).await.unwrap();
    world.until(unknown, |view| view.run.stage == Stage::NeedsAttention).await;
    for subject in [ticket("48209"), DataSubject::Run(unknown)] {
        assert_eq!(refused(erase(&world, of(subject)).await), Code::MutationUnsettled);
        let refusal = acts(&world, 1).await.remove(0);
        assert_eq!(
            (refusal.kind.as_str(), refusal.data["basis"].as_str()),
            ("erasure.refused", Some("unsettled"))
        );
    }
    assert_eq!(world.show(unknown).await.run.stage, Stage::NeedsAttention);
    world.clock.advance_s(120);
    assert_eq!(world.settled(unknown).await.run.stage, Stage::Applied);
    assert_eq!(erase(&world, of(ticket("48209"))).await.unwrap().runs, [unknown]);
    is_sound(&world, unknown).await;
}

/// A recovery carries values of its parent: one that was decided before an erasure is not saved after it.
#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_that_meets_an_erasure_brings_nothing_back() {
    let world = World::start().await;
    for id in ["48213", "48209", "48208", "48206", "48204", "48201"] {
        world.edit(id, serde_json::json!({ "subject": format!("{CANARY} subject") }));
        let run = world.propose(&world.agent, change(id, &[("subject", "New".into())])).await.unwrap();
        let view = world.until(run, |view| view.run.stage != Stage::Proposed).await;
        let digest = view.run.plan_digest().unwrap();
        if view.run.stage == Stage::AwaitingApproval {
            world.verdict(&world.maya, run, Answer::Approve, digest).await.unwrap();
        }
        world.settled(run).await;
        let (child, erased) = tokio::join!(
            world.engine.recover(&world.tom, run, RecoveryKind::Rollback, digest, None, None),
            erase(&world, of(ticket(id))),
        );
        match (child, erased) {
            (Err(error), Ok(_)) => assert_eq!(error.code, Code::ValueErased),
            // The recovery was there first: it was cancelled and went too, or was being written and is kept.
            (Ok(child), Ok(erased)) => assert!(erased.runs.contains(&child.run().id)),
            (Ok(child), Err(error)) => {
                assert_eq!(error.code, Code::MutationUnsettled);
                world.clock.advance_s(1);
                world.settled(child.run().id).await;
                erase(&world, of(ticket(id))).await.unwrap();
            }
            (Err(recover), Err(erase)) => panic!("{recover} {erase}"),
        }
        let list = world.engine.list_runs(&world.admin, RunFilter::default()).await.unwrap();
        for run in list.items {
            let told = told(&world, run.row.id).await;
            assert!(!told.contains(CANARY), "{told}");
        }
    }
}

/// What a run with many records says as a whole goes with each of them; the values of the others stay.
#[tokio::test(flavor = "multi_thread")]
async fn one_record_of_many_takes_what_the_run_says_of_all() {
    let world = World::start().await;
    let mut proposal = tag("48213", &["vat"]);
    proposal.mutations.extend(tag("48209", &["vat"]).mutations);
    let run = world.propose(&world.agent, proposal).await.unwrap();
    world.settled(run).await;
    erase(&world, of(ticket("48213"))).await.unwrap();
    let view = world.show(run).await;
    assert_eq!(view.mutations.iter().map(|one| one.erased).collect::<Vec<_>>(), [true, false]);
    assert_eq!((&view.reason, view.mutations[1].record.as_deref()), (&None, Some("48209")));
    assert!(view.attempts[0].request.is_none() && view.attempts[1].request.is_some());
    let digest = view.run.plan_digest().unwrap();
    let rollback = world.engine.recover(&world.tom, run, RecoveryKind::Rollback, digest, None, None).await;
    assert_eq!((refused(rollback), view.recovery.possible), (Code::ValueErased, vec![]));
    let told = told(&world, run).await;
    assert!(!told.contains("48213"), "{told}");
    is_sound(&world, run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_erasures_at_once_one_finds_nothing_and_different_ones_are_both_done() {
    let world = World::start().await;
    for id in ["48213", "48209"] {
        let run = world.propose(&world.agent, tag(id, &["vat"])).await.unwrap();
        world.settled(run).await;
    }
    let (one, two, other) = tokio::join!(
        erase(&world, of(ticket("48213"))),
        erase(&world, of(ticket("48213"))),
        erase(&world, of(ticket("48209"))),
    );
    assert!(other.is_ok(), "{other:?}");
    let (won, lost) = if one.is_ok() { (one, two) } else { (two, one) };
    assert_eq!(refused(lost), Code::NotFound);
    let all = world.engine.list_erasures(&world.admin, None, 10).await.unwrap();
    assert_eq!(all.len(), 2);
    assert!(all.contains(&won.unwrap()) && all.contains(&other.unwrap()));
}

/// The same request again is answered and not done again, although nothing is left by then.
#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_is_answered_with_what_it_did() {
    let world = World::start().await;
    let run = world.propose(&world.agent, tag("48213", &["vat"])).await.unwrap();
    world.settled(run).await;
    let digest = proof::digest::sha256(b"body");
    let key = engine::commands::IdempotencyKey::new("once", digest).unwrap();
    let request = || of(ticket("48213"));
    let first = world.engine.erase(&world.admin, request(), Some(&key)).await.unwrap();
    assert_eq!(world.engine.erase(&world.admin, request(), Some(&key)).await.unwrap(), first);
    assert_eq!(world.engine.list_erasures(&world.admin, None, 10).await.unwrap().len(), 1);
}

/// A proposal's key is still known after its run was erased: sent again it is refused, and never proposed anew.
#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_that_was_erased_is_not_made_again_by_its_key() {
    let world = World::start().await;
    let key = engine::commands::IdempotencyKey::new("k", proof::digest::sha256(b"the body")).unwrap();
    let proposed = world.engine.propose(&world.agent, tag("48213", &["vat"]), Some(&key)).await.unwrap();
    world.settled(proposed.run().id).await;
    erase(&world, of(ticket("48213"))).await.unwrap();
    let again = world.engine.propose(&world.agent, tag("48213", &["vat"]), Some(&key)).await;
    assert_eq!(refused(again), Code::IdempotencyKeyReused);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_admin_erases_and_what_is_not_there_is_not_found() {
    let world = World::start().await;
    let run = world.propose(&world.agent, tag("48213", &["vat"])).await.unwrap();
    world.settled(run).await;
    let callers: [&Caller; 3] = [&world.agent, &world.maya, &world.tom];
    for caller in callers {
        let refusal = world.engine.erase(caller, of(ticket("48213")), None).await;
        assert_eq!(refused(refusal), Code::Forbidden);
        assert_eq!(refused(world.engine.list_erasures(caller, None, 10).await), Code::Forbidden);
    }
    assert_eq!(refused(erase(&world, of(ticket("1"))).await), Code::NotFound);
    let unknown = RunId::parse("run_01h455vb4pex5vsknk084sn02q").unwrap();
    assert_eq!(refused(erase(&world, of(DataSubject::Run(unknown))).await), Code::NotFound);
    let nameless = ErasureRequest { request_ref: " ".to_owned(), ..of(ticket("48213")) };
    assert_eq!(refused(erase(&world, nameless).await), Code::InvalidRequest);
    assert!(world.show(run).await.reason.is_some());
}
