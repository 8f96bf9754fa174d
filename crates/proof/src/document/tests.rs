use super::*;
use crate::digest::sha256;

fn sd_digest(seed: u8) -> SdDigest {
    SdDigest::of_disclosure(&char::from(seed).to_string())
}

fn document() -> MutationDocument {
    let mut sd = [sd_digest(0), sd_digest(1), sd_digest(2), sd_digest(3)];
    sd.sort();
    MutationDocument {
        sd,
        changes: vec![sd_digest(5), sd_digest(4)],
        connector: "crm-main".into(),
        environment: "sandbox".into(),
        kind: "update".into(),
        manifest: sha256(b"manifest"),
        n: 3,
        object: "contact".into(),
        undo: "rollback".into(),
        action: None,
    }
}

fn check(document: &MutationDocument, expect: Result<(), Fault>) {
    let written = document.to_bytes().map(|bytes| {
        assert_eq!(MutationDocument::parse(&bytes).as_ref(), Ok(document));
        assert_eq!(document.hash(), Ok(leaf_hash(&bytes)));
    });
    assert_eq!(written, expect, "{document:?}");
}

#[test]
fn a_document_is_read_back_as_it_was_written() {
    check(&document(), Ok(()));
    check(&MutationDocument { changes: Vec::new(), kind: "delete".into(), ..document() }, Ok(()));
    let invoke = MutationDocument {
        kind: "invoke".into(),
        action: Some("zendesk.ticket.resolve".into()),
        ..document()
    };
    check(&invoke, Ok(()));
}

#[test]
fn sealed_digests_are_sorted_when_written() {
    let mut shuffled = document();
    shuffled.sd.reverse();
    assert_eq!(shuffled.to_bytes(), document().to_bytes());
}

#[test]
fn a_broken_rule_is_not_written() {
    let cases = [
        (MutationDocument { connector: "CRM".into(), ..document() }, Fault::DocumentForm),
        (MutationDocument { environment: "staging".into(), ..document() }, Fault::DocumentForm),
        (MutationDocument { kind: "upsert".into(), ..document() }, Fault::DocumentForm),
        (MutationDocument { object: String::new(), ..document() }, Fault::DocumentForm),
        (MutationDocument { undo: "none".into(), ..document() }, Fault::DocumentForm),
        (MutationDocument { kind: "invoke".into(), ..document() }, Fault::DocumentForm),
        (
            MutationDocument { action: Some("zendesk.ticket.resolve".into()), ..document() },
            Fault::DocumentForm,
        ),
        (MutationDocument { changes: vec![sd_digest(0)], ..document() }, Fault::SdRepeat),
    ];
    for (document, fault) in cases {
        check(&document, Err(fault));
    }
}

#[test]
fn members_are_closed() {
    let text = String::from_utf8(document().to_bytes().unwrap()).unwrap();
    let one_digest = format!("\"_sd\":[\"{}\"],\"_sd_alg\"", sd_digest(9).as_str());
    let sd_end = text.find(",\"_sd_alg\"").unwrap();
    let cases = [
        (text.replace("\"n\":3", "\"n\":3,\"name\":0"), Fault::UnknownMember),
        (text.replace("\"n\":3,", ""), Fault::MissingMember),
        (text.replace("\"n\":3", "\"n\":-1"), Fault::DocumentForm),
        (text.replace("\"n\":3", "\"n\":4294967296"), Fault::DocumentForm),
        (text.replace("\"n\":3", "\"n\":\"3\""), Fault::DocumentForm),
        (text.replace("sha-256", "sha-512"), Fault::SdAlg),
        (text.replace("\"_sd_alg\":\"sha-256\",", ""), Fault::SdAlg),
        (format!("{{{one_digest}{}", &text[sd_end + 10..]), Fault::SdForm),
        (format!("{{{}", &text[sd_end + 1..]), Fault::MissingMember),
        (text.replace("]}],\"connector\"", "],\"a\":1}],\"connector\""), Fault::DocumentForm),
        (text.replace("]}],\"connector\"", "]},{}],\"connector\""), Fault::DocumentForm),
    ];
    for (text, fault) in cases {
        assert_eq!(MutationDocument::parse(text.as_bytes()), Err(fault), "{text}");
    }
}

fn header() -> PlanHeader {
    PlanHeader {
        count: 1,
        origin: "ap.example/w/acme".into(),
        policy: sha256(b"policy"),
        revision: 1,
        root: sha256(b"root"),
        run: "run_01kaq8v0000000000000000001".into(),
    }
}

#[test]
fn a_header_is_read_back_and_its_digest_covers_every_member() {
    assert_eq!(PlanHeader::parse(&header().to_bytes().unwrap()), Ok(header()));
    let variants = [
        header(),
        PlanHeader { count: 2, ..header() },
        PlanHeader { origin: "ap.example/w/other".into(), ..header() },
        PlanHeader { policy: sha256(b"other"), ..header() },
        PlanHeader { revision: 2, ..header() },
        PlanHeader { root: sha256(b"other"), ..header() },
        PlanHeader { run: "run_01kaq8v0000000000000000002".into(), ..header() },
    ];
    let digests: std::collections::BTreeSet<_> =
        variants.iter().map(|header| header.digest().unwrap()).collect();
    assert_eq!(digests.len(), variants.len());
}

#[test]
fn a_header_that_could_not_be_read_has_no_digest() {
    assert_eq!(PlanHeader { run: "4711".into(), ..header() }.digest(), Err(Fault::Run));
    assert_eq!(PlanHeader { origin: String::new(), ..header() }.digest(), Err(Fault::DocumentForm));
    assert_eq!(PlanHeader { origin: "é".into(), ..header() }.digest(), Err(Fault::NotPrintableAscii));
    assert_eq!(PlanHeader { revision: 0, ..header() }.digest(), Err(Fault::DocumentForm));
}

#[test]
fn an_idempotency_key_is_one_mutation_of_one_plan_of_one_run() {
    let plan = header().digest().unwrap();
    let key = idempotency_key("run_01234567", &plan, 0);
    assert_eq!(key, idempotency_key("run_01234567", &plan, 0));
    assert_ne!(key, idempotency_key("run_01234567", &plan, 1));
    assert_ne!(key, idempotency_key("run_01234567", &sha256(b""), 0));
    assert_ne!(key, idempotency_key("run_01234568", &plan, 0));
}

/// The expected digest was computed with another program, from the definition.
#[test]
fn an_approval_challenge_is_that_of_the_definition() {
    let approval = Approval {
        decided: Digest::parse(&"11".repeat(32)).unwrap(),
        expires: "2026-11-23T22:00:00.000Z",
        origin: "ap.example/w/acme",
        plan_digest: Digest::parse(&"22".repeat(32)).unwrap(),
        run: "run_01kaq8v0000000000000000001",
        verdict: "given",
    };
    let expect = "e995475cc070554b5576cef470d85099b1792bfae98a6c7779d8eef1a99dc820";
    assert_eq!(approval_challenge(&approval).to_string(), expect);
}
