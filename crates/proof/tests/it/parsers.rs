//! Every text that arrives from elsewhere is refused or written again as it came, and none breaks its parser.

use std::collections::BTreeMap;

use proof::bundle::{Bundle, MANIFEST, Manifest, Scope, pack};
use proof::checkpoint::{Checkpoint, SignedCheckpoint};
use proof::digest::{Digest, sha256};
use proof::dsse::{Envelope, IN_TOTO};
use proof::note::{KeyKind, Note, SignatureLine, SigningKey, VerifierKey};
use proof::tile::{Tile, parse_entries, parse_hashes, write_entries, write_hashes};
use proof::tlog_proof::TlogProof;
use proof::tree::SIZE_MAX;
use proof::trust::TrustPolicy;
use proof::witness::{AddCheckpoint, parse_size, write_size};
use proof::zip;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use crate::properties::{edited, edits};
use crate::signed::{note, signing_key};

/// What a parser took is written as it came.
fn same(parsed: Option<impl ToString>, bytes: &[u8]) {
    if let Some(parsed) = parsed {
        assert_eq!(parsed.to_string().as_bytes(), bytes);
    }
}

/// Gives the bytes to every parser.
pub fn check_every_door(bytes: &[u8]) {
    same(Note::parse(bytes).ok(), bytes);
    same(SignedCheckpoint::parse(bytes).ok(), bytes);
    same(TlogProof::parse(bytes).ok(), bytes);
    same(AddCheckpoint::parse(bytes).ok(), bytes);
    same(parse_size(bytes).map(write_size), bytes);
    if let Ok(text) = str::from_utf8(bytes) {
        let lines = SignatureLine::parse_all(text).ok();
        same(lines.map(|lines| lines.iter().map(SignatureLine::to_string).collect::<String>()), bytes);
        same(Checkpoint::parse(text).ok(), bytes);
        same(VerifierKey::parse(text).ok(), bytes);
        same(Tile::parse(text), bytes);
        same(Digest::parse_base64(text).map(|digest| digest.to_base64()), bytes);
    }
    // Comments and layout go, what is left means the same.
    if let Ok(policy) = TrustPolicy::parse(bytes) {
        let written = policy.to_string();
        let again = TrustPolicy::parse(written.as_bytes());
        assert_eq!(again.as_ref().map(TrustPolicy::to_string), Ok(written));
        assert_eq!(again, Ok(policy));
    }
    if let Ok(manifest) = Manifest::parse(bytes) {
        assert_eq!(manifest.to_bytes().as_deref(), Ok(bytes));
    }
    if let Ok(envelope) = Envelope::parse(bytes) {
        assert_eq!(envelope.to_bytes().as_deref(), Ok(bytes));
    }
    if let Ok(files) = zip::read(bytes) {
        assert_eq!(zip::write(files).as_deref(), Ok(bytes));
    }
    if let Some(entries) = parse_entries(bytes) {
        assert_eq!(write_entries(&entries).as_deref(), Some(bytes));
    }
    if let Some(hashes) = parse_hashes(bytes) {
        assert_eq!(write_hashes(&hashes), bytes);
    }
    let _ = Bundle::open(bytes);
}

fn names() -> impl Strategy<Value = String> {
    "[a-z]{1,6}(\\.[a-z]{1,4})?(/[a-zé]{1,4})?"
}

fn seeds() -> impl Strategy<Value = (String, [u8; 32])> {
    (names(), any::<[u8; 32]>())
}

fn key(name: &str, kind: KeyKind, seed: &[u8; 32]) -> SigningKey {
    SigningKey::new(name, kind, seed).expect("a name")
}

fn digests() -> impl Strategy<Value = Digest> {
    any::<u64>().prop_map(|seed| sha256(&seed.to_be_bytes()))
}

prop_compose! {
    fn checkpoints()(origin in names(), size in 0..=SIZE_MAX, root in digests()) -> Checkpoint {
        Checkpoint { origin, size, root }
    }
}

/// A head signed by its log and by witnesses, with the keys, that of the log first.
fn heads() -> impl Strategy<Value = (SignedCheckpoint, Vec<VerifierKey>)> {
    (checkpoints(), any::<[u8; 32]>(), vec(seeds(), 0..3), 0..1_u64 << 40).prop_map(
        |(checkpoint, seed, witnesses, time)| {
            let log = key(&checkpoint.origin, KeyKind::Ed25519, &seed);
            let mut head = SignedCheckpoint::sign(&checkpoint, [&log]).expect("its own key");
            let mut keys = vec![log.verifier().clone()];
            for (name, seed) in witnesses {
                let witness = key(&name, KeyKind::CosignatureV1, &seed);
                head.add(head.cosign(time, &witness).expect("a witness")).expect("room for it");
                keys.push(witness.verifier().clone());
            }
            (head, keys)
        },
    )
}

fn proofs() -> impl Strategy<Value = TlogProof> {
    let extra = option::of(vec(any::<u8>(), 1..9));
    (extra, any::<u64>(), vec(digests(), 0..6), heads())
        .prop_map(|(extra, index, path, (checkpoint, _))| TlogProof { extra, index, path, checkpoint })
}

fn manifests() -> impl Strategy<Value = Manifest> {
    let scopes = prop::sample::select(vec![Scope::Run, Scope::Range, Scope::Full]);
    ("[a-z.]{1,9}(/[a-z]{1,4})?", scopes, 0..1_u64 << 53, option::of("[ -~]{1,9}")).prop_map(
        |(origin, scope, size, retention)| {
            let created = "2026-11-24T22:02:38.683Z".into();
            Manifest { created, files: Vec::new(), origin, scope, size, retention }
        },
    )
}

fn files() -> impl Strategy<Value = BTreeMap<String, Vec<u8>>> {
    btree_map("[a-z0-9_]{1,4}(/[a-z0-9_]{1,4}){0,2}", vec(any::<u8>(), 0..20), 0..5)
}

/// Lines of a trust policy, often a valid one.
fn policies() -> impl Strategy<Value = String> {
    let log = signing_key("log").verifier().to_string();
    let witness = ["witness0", "witness1"].map(|usage| signing_key(usage).verifier().to_string());
    let line = prop_oneof![
        Just(format!("log {log}\n")),
        Just(format!("witness a {}\n", witness[0])),
        Just(format!("witness b {} https://b\n", witness[1])),
        Just("group g 1 a b\n".to_owned()),
        Just("group h all g\n".to_owned()),
        Just("quorum h # all\n".to_owned()),
        Just("quorum none\n".to_owned()),
        "[a-z#\t ]{0,9}\n",
    ];
    let whole = format!("log {log}\nwitness a {}\n", witness[0]);
    prop_oneof![
        vec(line.clone(), 1..8).prop_map(|lines| lines.concat()),
        vec(line, 0..4).prop_map(move |lines| whole.clone() + &lines.concat()),
    ]
}

proptest! {
    #[test]
    fn a_signed_head_is_read_as_it_was_written_and_verifies((head, keys) in heads(), edit in edits()) {
        let bytes = head.to_string().into_bytes();
        prop_assert_eq!(SignedCheckpoint::parse(&bytes), Ok(head.clone()));
        prop_assert_eq!(head.verify(&keys).map(|signed| signed.len()), Ok(keys.len()));

        let edited = edited(bytes, edit);
        check_every_door(&edited);
        // Whatever else reads as a head, the log did not sign another text.
        if let Ok(other) = SignedCheckpoint::parse(&edited)
            && other.checkpoint() != head.checkpoint()
        {
            prop_assert!(other.verify(keys.first()).map_or(true, |signed| signed.is_empty()));
        }
    }

    #[test]
    fn a_log_proof_is_read_as_it_was_written(proof in proofs(), edit in edits()) {
        let bytes = proof.to_string().into_bytes();
        prop_assert_eq!(TlogProof::parse(&bytes), Ok(proof));
        check_every_door(&edited(bytes, edit));
    }

    #[test]
    fn a_request_is_read_as_it_was_written(
        old_size: u64, proof in vec(digests(), 0..4), (checkpoint, _) in heads(), edit in edits(),
    ) {
        let request = AddCheckpoint { old_size, proof, checkpoint };
        let bytes = request.to_string().into_bytes();
        prop_assert_eq!(AddCheckpoint::parse(&bytes), Ok(request));
        check_every_door(&edited(bytes, edit));
    }

    #[test]
    fn a_key_is_read_as_it_was_written((name, seed) in seeds(), edit in edits()) {
        let key = key(&name, KeyKind::Ed25519, &seed).verifier().clone();
        let text = key.to_string();
        prop_assert_eq!(VerifierKey::parse(&text), Ok(key));
        check_every_door(&edited(text.into_bytes(), edit));
    }

    #[test]
    fn a_bundle_is_read_as_it_was_packed(manifest in manifests(), files in files(), edit in edits()) {
        let packed = pack(&manifest, &files).expect("allowed names");
        let bundle = Bundle::open(&packed).expect("packed just now");
        let opened = bundle.files().map(|(path, content)| (path.to_owned(), content.to_vec()));
        prop_assert_eq!(opened.collect::<BTreeMap<_, _>>(), files);
        check_every_door(&bundle.manifest().to_bytes().expect("packed just now"));

        let edited = edited(packed.clone(), edit);
        check_every_door(&edited);
        prop_assert_eq!(Bundle::open(&edited).is_ok(), edited == packed);
    }

    #[test]
    fn a_manifest_that_was_edited_is_refused_or_written_again(
        manifest in manifests(), files in files(), edit in edits(),
    ) {
        let packed = pack(&manifest, &files).expect("allowed names");
        let (name, manifest) = zip::read(&packed).expect("packed just now").remove(0);
        prop_assert_eq!(name, MANIFEST);
        check_every_door(&edited(manifest.to_vec(), edit));
    }

    #[test]
    fn an_envelope_is_read_as_it_was_written(payload in vec(any::<u8>(), 0..40), edit in edits()) {
        let envelope = Envelope::sign(IN_TOTO, &payload, &signing_key("dsse")).expect("a key for texts");
        let bytes = envelope.to_bytes().expect("small enough");
        prop_assert_eq!(Envelope::parse(&bytes), Ok(envelope));
        check_every_door(&edited(bytes, edit));
    }

    #[test]
    fn a_trust_policy_means_the_same_when_written_again(text in policies(), edit in edits()) {
        check_every_door(text.as_bytes());
        check_every_door(&edited(text.into_bytes(), edit));
    }

    #[test]
    fn the_note_of_the_vectors_survives_no_edit_of_its_text(edit in edits()) {
        let good = note("quorum");
        let edited = edited(good.clone().into_bytes(), edit);
        let log = signing_key("log");
        let signed = SignedCheckpoint::parse(&edited).ok().and_then(|head| {
            let signed = head.verify([log.verifier()]).is_ok_and(|signed| signed.len() == 1);
            signed.then(|| head.note().text().to_owned())
        });
        prop_assert!(signed.is_none_or(|text| good.starts_with(&text)));
    }

    #[test]
    fn no_bytes_break_a_parser_of_the_log(
        bytes in vec(any::<u8>(), 0..200), text: String, lines in "([a-z0-9+=/ \u{2014}]{0,9}\n){0,9}",
    ) {
        check_every_door(&bytes);
        check_every_door(text.as_bytes());
        check_every_door(lines.as_bytes());
        check_every_door(&[b"PK\x03\x04".as_slice(), &bytes].concat());
    }
}
