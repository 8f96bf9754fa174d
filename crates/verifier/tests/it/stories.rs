//! Good bundles: one for each way that a run can go.

use std::collections::BTreeSet;

use domain::attempt::Outcome;
use domain::command::Command;
use domain::mutation::Environment;
use domain::run::Stage;
use exports::aat::{TrailKey, TrailKeys, trail};
use proof::bundle::Scope;
use proof::digest::sha256;
use proof::dsse::{Envelope, IN_TOTO};
use proof::json::Value;
use proof::note::{KeyKind, SigningKey};
use verifier::Verdict;
use verifier::checks::projections;
use verifier::finding::Docket;
use verifier::read;
use verifier::values::Values;

use crate::corpus::{self, Case};
use crate::export::{Export, Tree, hash};
use crate::lab::{ADMIN, ANN, BOB, HOLDER, Lab, ORIGIN, person, run_id, slug};

pub const STAGE: &[(&str, &str, &str)] = &[("stage", "Negotiation", "Closed Won")];
pub const AMOUNT: &[(&str, &str, &str)] = &[("amount", "71400", "79800"), ("note", "(absent)", "signed")];
const BACK: &[(&str, &str, &str)] = &[("note", "signed", "(absent)"), ("amount", "79800", "71400")];
const OWNER: &[(&str, &str, &str)] = &[("owner", "005A", "005B")];

/// One run that executes by itself.
pub fn auto() -> Lab {
    let mut lab = Lab::ready();
    lab.planned(run_id(1), STAGE);
    lab.apply(run_id(1));
    lab
}

/// Two changes, approved by two persons.
pub fn approved() -> Lab {
    let mut lab = Lab::ready();
    lab.planned(run_id(1), AMOUNT);
    lab.approve(run_id(1), ANN);
    lab.approve(run_id(1), BOB);
    lab.apply(run_id(1));
    lab
}

/// The approved run, taken back by another one.
pub fn rolled_back() -> Lab {
    let mut lab = approved();
    lab.roll_back(run_id(1), run_id(2), BACK);
    lab
}

/// The approved run, and its values erased.
pub fn erased() -> Lab {
    let mut lab = approved();
    lab.erase(run_id(1));
    lab
}

pub fn reconciled() -> Lab {
    let mut lab = Lab::ready();
    lab.planned(run_id(1), STAGE);
    lab.attempt(run_id(1));
    lab.finish(run_id(1), Outcome::Unknown, "timeout");
    lab.settle(run_id(1), Outcome::Applied, "key_lookup");
    lab
}

pub fn taken_over() -> Lab {
    let mut lab = Lab::ready();
    let id = run_id(1);
    lab.planned(id, AMOUNT);
    lab.take_over(id);
    lab.amend(id, STAGE);
    lab.preview(id);
    lab.decide(id);
    lab.apply(id);
    lab
}

/// A run that waits for its second approval.
pub fn open() -> Lab {
    let mut lab = Lab::ready();
    lab.planned(run_id(1), AMOUNT);
    lab.approve(run_id(1), ANN);
    lab
}

/// What an exporter writes a minute later.
pub fn export(lab: &Lab) -> Export {
    Export::at(lab.now.plus_s(60))
}

fn good(name: &'static str, lab: &Lab, expect: Verdict) -> Case {
    Case::new(name, export(lab).files(&lab.log), expect)
}

/// Every good bundle.
pub fn cases() -> Vec<Case> {
    let mut cases = vec![
        good("auto", &auto(), Verdict::Valid),
        good("approved", &approved(), Verdict::Valid),
        good("rolled_back", &rolled_back(), Verdict::Valid),
        good("reconciled", &reconciled(), Verdict::Valid),
        good("taken_over", &taken_over(), Verdict::Valid),
        good("erased", &erased(), Verdict::ValidRedacted),
        good("open", &open(), Verdict::Open),
    ];
    let mut lab = Lab::ready();
    lab.planned(run_id(1), OWNER);
    assert_eq!(lab.run(run_id(1)).stage, Stage::Denied);
    cases.push(good("denied", &lab, Verdict::Valid));

    let mut lab = Lab::ready();
    lab.planned(run_id(1), AMOUNT);
    let verdict = lab.verdict(run_id(1), BOB);
    lab.give(run_id(1), Command::Reject(Box::new(verdict)));
    cases.push(good("rejected", &lab, Verdict::Valid));

    let mut lab = Lab::ready();
    lab.planned(run_id(1), STAGE);
    lab.drift(run_id(1));
    lab.preview(run_id(1));
    lab.decide(run_id(1));
    lab.apply(run_id(1));
    cases.push(good("drifted", &lab, Verdict::Valid));

    let mut lab = Lab::ready_in(Environment::Sandbox);
    lab.planned(run_id(1), STAGE);
    lab.apply(run_id(1));
    cases.push(good("sandbox", &lab, Verdict::Valid));

    let mut lab = Lab::ready();
    lab.planned(run_id(1), STAGE);
    lab.attempt(run_id(1));
    let long = Value::Str("Überlänge ".repeat(8_000));
    lab.finish_with(run_id(1), Outcome::Applied, "read_back", long);
    cases.push(good("large_value", &lab, Verdict::Valid));

    // An approver who left after it was over, and a comment in between that is another run's.
    let mut lab = approved();
    lab.remove(ANN);
    cases.push(good("approver_left_later", &lab, Verdict::Valid));

    let mut lab = Lab::empty();
    lab.publish(ADMIN);
    lab.activate(ADMIN, Some("bootstrap"));
    lab.connect(crate::lab::manifest());
    lab.planned(run_id(1), STAGE);
    lab.apply(run_id(1));
    cases.push(good("bootstrap", &lab, Verdict::Valid));

    let mut lab = Lab::ready();
    lab.planned(run_id(1), AMOUNT);
    lab.take_over(run_id(1));
    let rationale = Value::from("not mine");
    lab.give(run_id(1), Command::HandBack { person: person(HOLDER), rationale });
    lab.preview(run_id(1));
    lab.decide(run_id(1));
    lab.give(
        run_id(1),
        Command::Cancel { by: crate::lab::human(HOLDER), code: slug("by_request"), rationale: Value::Null },
    );
    cases.push(good("handed_back", &lab, Verdict::Valid));

    cases.extend(exports());
    cases
}

/// The same runs, exported in other ways.
fn exports() -> Vec<Case> {
    let lab = approved();
    let mut cases = Vec::new();
    let mut export = export(&lab);
    export.disclose = Some(BTreeSet::from(["reason", "proposer", "approver", "change", "record"]));
    cases.push(Case::new("some_fields", export.files(&lab.log), Verdict::ValidRedacted));
    export.disclose = Some(BTreeSet::new());
    export.texts = false;
    cases.push(Case::new("no_fields", export.files(&lab.log), Verdict::ValidRedacted));

    let mut export = self::export(&lab);
    export.witnesses = vec![1];
    cases.push(Case::new("one_witness", export.files(&lab.log), Verdict::Unwitnessed));
    export.witnesses = vec![0, 1, 2];
    export.keys = vec![1, 2];
    cases.push(Case::new("two_keys", export.files(&lab.log), Verdict::Valid));
    export.keys = vec![2];
    cases.push(Case::new("new_key", export.files(&lab.log), Verdict::Valid));
    export.keys = vec![3];
    cases.push(Case::new("foreign_key", export.files(&lab.log), Verdict::Untrusted));

    let export = self::export(&lab);
    let mut untrusted = Case::new("no_trust_policy", export.files(&lab.log), Verdict::Untrusted);
    untrusted.trust = None;
    cases.push(untrusted);
    let mut unwitnessed = Case::new("quorum_none", export.files(&lab.log), Verdict::Unwitnessed);
    unwitnessed.trust = unwitnessed.trust.map(|trust| trust.replace("quorum g", "quorum none"));
    cases.push(unwitnessed);

    let mut fresh = Case::new("fresh", export.files(&lab.log), Verdict::Valid);
    fresh.now = Some(export.seen.plus_s(3600));
    fresh.max_age_s = Some(2 * 3600);
    cases.push(fresh);

    let mut full = self::export(&lab);
    full.scope = Scope::Full;
    cases.push(Case::new("full", full.files(&lab.log), Verdict::Valid));
    cases.push(projected(&lab));
    cases.push(anchored(&lab));

    // One of two runs, and a head that the auditor kept between them.
    let mut lab = auto();
    let kept = self::export(&lab).sign(&Tree::of(&lab.log).checkpoint());
    lab.planned(run_id(3), STAGE);
    lab.apply(run_id(3));
    let mut later = self::export(&lab);
    later.since = vec![kept.checkpoint().size];
    later.runs = Some(vec![run_id(3)]);
    let mut case = Case::new("continued", later.files(&lab.log), Verdict::Valid);
    case.known = vec![kept.to_string()];
    cases.push(case);
    let mut full = self::export(&lab);
    full.scope = Scope::Full;
    full.runs = Some(vec![run_id(3)]);
    let mut case = Case::new("full_continued", full.files(&lab.log), Verdict::Valid);
    case.known = vec![kept.to_string()];
    cases.push(case);
    cases
}

/// With a statement in DSSE, written by hand from what the log holds, and an audit trail.
pub fn projected(lab: &Lab) -> Case {
    let mut files = export(lab).files(&lab.log);
    let id = run_id(1);
    let run = lab.run(id);
    let plan = run.plan.as_ref().unwrap();
    let head = Tree::of(&lab.log).checkpoint();
    let last = lab.log.leaves.last().unwrap();
    let events = sha256(&files[&format!("runs/{id}/events.jsonl")]);
    let statement = format!(
        concat!(
            r#"{{"_type":"https://in-toto.io/Statement/v1","predicate":{{"events":{},"head":"{}","#,
            r#""log":{{"root":"{}","size":{}}},"origin":"{ORIGIN}","plan_digest":"{}","policy":"{}","run":"{id}","#,
            r#""stage":"applied"}},"predicateType":"https://actionplane.dev/attestations/run/v1","#,
            r#""subject":[{{"digest":{{"sha256":"{events}"}},"name":"{ORIGIN}/{id}/events.jsonl"}}]}}"#
        ),
        run.events,
        hash(last),
        head.root,
        head.size,
        plan.digest,
        plan.policy,
        ORIGIN = ORIGIN,
        id = id,
        events = events,
    );
    let key = SigningKey::new("ap.example/w/acme/attestation", KeyKind::Ed25519, &[5; 32]).unwrap();
    let envelope = Envelope::sign(IN_TOTO, statement.as_bytes(), &key).unwrap();
    files.insert(format!("runs/{id}/attestation.dsse.json"), envelope.to_bytes().unwrap());
    let key = |secret: u8| TrailKey::new(&[secret; 32]).unwrap();
    let keys = TrailKeys::new(key(1), key(2)).unwrap();
    let parts = read::parts(&corpus::files(&files), &mut Docket::default());
    let head = Case::new("head", files.clone(), Verdict::Valid).verify().head.unwrap();
    let trail = trail(&projections::evidence(&parts.runs[&id], run, &head, &Values::default()), &keys);
    files.insert(format!("runs/{id}/aat.jsonl"), trail);
    files.insert(format!("runs/{id}/aat.keys.json"), keys.file());
    Case::new("projected", files, Verdict::Valid).relisted()
}

/// The digest of the head with a time behind it, as DER has them in a time-stamp token.
pub fn token(head: &[u8], time: &str) -> Vec<u8> {
    let digest = sha256(head);
    let time = [[0x18, u8::try_from(time.len()).unwrap()].as_slice(), time.as_bytes()].concat();
    [[0x04, 0x20].as_slice(), digest.as_bytes(), &[0x02, 0x01, 0x07], &time].concat()
}

fn anchored(lab: &Lab) -> Case {
    let mut files = export(lab).files(&lab.log);
    let token = token(&files["log/checkpoint"], "20261124090000Z");
    files.insert("anchors/day.tsr".to_owned(), token);
    files.insert("anchors/ca.pem".to_owned(), b"a certificate".to_vec());
    Case::new("anchored", files, Verdict::Valid).relisted()
}
