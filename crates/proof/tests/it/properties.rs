//! No input breaks a parser, whatever is accepted is written again byte for byte, and canonical JSON is that of
//! another implementation.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proof::canonical;
use proof::digest::{Digest, sha256};
use proof::disclosure::Disclosure;
use proof::document::{MutationDocument, PlanHeader};
use proof::json::{INTEGER_MAX, Object, Value};
use proof::leaf::{By, ByKind, Leaf, SdDigest};
use proof::strict::{DEPTH_MAX, Fault, parse_evidence, parse_lenient, parse_open};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;

/// Values as disclosures hold them.
fn values() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-INTEGER_MAX..=INTEGER_MAX).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    scalar.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            btree_map(any::<String>(), inner, 0..6).prop_map(Value::from),
        ]
    })
}

/// Values as `data` holds them, without sealed digests.
fn evidence_values() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        any::<bool>().prop_map(Value::from),
        (-INTEGER_MAX..=INTEGER_MAX).prop_map(Value::from),
        "[ -~]{0,20}".prop_map(Value::from),
    ];
    scalar.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![vec(inner.clone(), 0..4).prop_map(Value::from), members(inner).prop_map(Value::from)]
    })
}

fn members(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Object> {
    btree_map("[a-z][a-z0-9_]{0,10}", inner, 0..4)
}

fn digests() -> impl Strategy<Value = Digest> {
    any::<u64>().prop_map(|seed| sha256(&seed.to_be_bytes()))
}

fn sd_digests() -> impl Strategy<Value = SdDigest> {
    any::<[u8; 32]>()
        .prop_map(|salt| Disclosure::seal(salt, "x", &Value::Null).expect("an allowed name").digest)
}

fn leaves() -> impl Strategy<Value = Leaf> {
    let kinds = [ByKind::Agent, ByKind::Person, ByKind::Service, ByKind::Policy, ByKind::System];
    let id = "[a-z][a-z0-9]{1,11}_[0-9A-Za-z-]{8,40}";
    let time =
        "20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3])(:[0-5][0-9]){2}\\.[0-9]{3}Z";
    let frame =
        (id, prop::sample::select(kinds.to_vec()), id, option::of(id), time, "[a-z]{1,8}\\.[a-z_]{1,12}");
    let chain = prop_oneof![
        Just((0, None)),
        (1..=INTEGER_MAX.unsigned_abs(), digests()).prop_map(|(seq, prev)| (seq, Some(prev)))
    ];
    let lists = (btree_set(sd_digests(), 0..4), btree_set(digests(), 0..4), members(evidence_values()));
    (frame, chain, lists).prop_map(
        |((by, by_kind, node, run, time, kind), (seq, prev), (sd, cause, data))| Leaf {
            sd: sd.into_iter().collect(),
            by: By { id: by, kind: by_kind },
            cause: cause.into_iter().collect(),
            data,
            node,
            prev,
            run,
            seq,
            time,
            kind,
        },
    )
}

fn documents() -> impl Strategy<Value = MutationDocument> {
    let slug = "[a-z0-9][a-z0-9._-]{0,63}";
    let sealed = (btree_set(sd_digests(), 4), vec(sd_digests(), 0..4));
    let undo = prop_oneof!["rollback", "compensation", "irreversible"];
    let place = (slug, prop_oneof!["simulation", "sandbox", "production"], slug, digests(), any::<u32>());
    let action = prop_oneof![
        prop_oneof!["create", "update", "delete"].prop_map(|kind| (kind, None)),
        slug.prop_map(|action| ("invoke".to_owned(), Some(action)))
    ];
    (sealed, undo, place, action).prop_map(
        |((sd, changes), undo, (connector, environment, object, manifest, n), (kind, action))| {
            MutationDocument {
                sd: Vec::from_iter(sd).try_into().expect("four digests"),
                changes,
                connector,
                environment,
                kind,
                manifest,
                n,
                object,
                undo,
                action,
            }
        },
    )
}

/// A change of bytes: which place, how many bytes go, which come.
pub fn edits() -> impl Strategy<Value = (prop::sample::Index, usize, Vec<u8>)> {
    let bytes =
        prop_oneof![Just(b"\"".to_vec()), "[ -~]{0,3}".prop_map(String::into_bytes), vec(any::<u8>(), 0..3)];
    (any::<prop::sample::Index>(), 0..3_usize, bytes)
}

pub fn edited(mut bytes: Vec<u8>, (place, gone, come): (prop::sample::Index, usize, Vec<u8>)) -> Vec<u8> {
    let start = place.index(bytes.len());
    let end = bytes.len().min(start + gone);
    bytes.splice(start..end, come);
    bytes
}

/// What is accepted is written again as it came.
pub fn check_every_door(bytes: &[u8]) {
    if let Ok(leaf) = Leaf::parse(bytes) {
        assert_eq!(leaf.to_bytes().as_deref(), Ok(bytes));
    }
    if let Ok(document) = MutationDocument::parse(bytes) {
        assert_eq!(document.to_bytes().as_deref(), Ok(bytes));
    }
    if let Ok(header) = PlanHeader::parse(bytes) {
        assert_eq!(header.to_bytes().as_deref(), Ok(bytes));
    }
    for value in [parse_evidence(bytes), parse_open(bytes)].into_iter().flatten() {
        assert_eq!(canonical::to_bytes(&value), bytes);
    }
    if let Ok(value) = parse_lenient(bytes) {
        assert_eq!(parse_open(&canonical::to_bytes(&value)), Ok(value));
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(elements) => 1 + elements.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Str(_) => 0,
    }
}

fn to_serde(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(truth) => (*truth).into(),
        Value::Int(number) => (*number).into(),
        Value::Str(text) => text.as_str().into(),
        Value::Array(elements) => elements.iter().map(to_serde).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), to_serde(value))).collect()
        }
    }
}

/// Text from the pieces of JSON, often valid, more often nearly so.
const JSON_LIKE: &str = r#"([\[\]{}",:0a1.eE +\-\\/u]|"a"|"b":|\\u00e9|\\ud83d|\\ude00|true|null|é){0,12}"#;

proptest! {
    #[test]
    fn canonical_json_is_that_of_another_implementation(value in values()) {
        let oracle = serde_json_canonicalizer::to_string(&to_serde(&value)).expect("no fractions");
        prop_assert_eq!(canonical::to_string(&value), oracle);
    }

    #[test]
    fn a_value_survives_any_layout(value in values()) {
        prop_assume!(depth(&value) <= DEPTH_MAX);
        let parsed = parse_open(&canonical::to_bytes(&value));
        prop_assert_eq!(parsed.as_ref(), Ok(&value));
        let pretty = serde_json::to_vec_pretty(&to_serde(&value)).expect("serializable");
        prop_assert_eq!(parse_lenient(&pretty), Ok(value));
    }

    #[test]
    fn json_is_what_another_parser_takes_for_json(text in JSON_LIKE) {
        let oracle = serde_json::from_str::<serde_json::Value>(&text);
        match parse_lenient(text.as_bytes()) {
            Ok(value) => prop_assert_eq!(to_serde(&value), oracle.expect("accepted here")),
            Err(Fault::Syntax | Fault::LoneSurrogate) => prop_assert!(oracle.is_err()),
            Err(Fault::Depth | Fault::Number | Fault::IntegerRange | Fault::DuplicateKey) => {}
            Err(other) => prop_assert!(false, "{other:?} is no fault of client JSON"),
        }
    }

    #[test]
    fn a_leaf_is_read_back_as_it_was_written(leaf in leaves()) {
        let bytes = leaf.to_bytes().expect("within the rules");
        prop_assert_eq!(Leaf::parse(&bytes), Ok(leaf));
        check_every_door(&bytes);
    }

    #[test]
    fn an_edited_leaf_is_refused_or_written_again_as_it_came(leaf in leaves(), edit in edits()) {
        check_every_door(&edited(leaf.to_bytes().expect("within the rules"), edit));
    }

    #[test]
    fn an_edited_document_is_refused_or_written_again_as_it_came(document in documents(), edit in edits()) {
        let bytes = document.to_bytes().expect("within the rules");
        prop_assert_eq!(MutationDocument::parse(&bytes), Ok(document));
        check_every_door(&edited(bytes, edit));
    }

    #[test]
    fn a_disclosure_is_opened_as_it_was_sealed(salt: [u8; 32], name: String, value in values()) {
        prop_assume!(name != "_sd" && name != "..." && depth(&value) < DEPTH_MAX);
        let sealed = Disclosure::seal(salt, &name, &value).expect("within the rules");
        let opened = Disclosure::open(&sealed.text).expect("sealed before");
        prop_assert_eq!(opened.digest, sealed.digest);
        prop_assert_eq!((opened.salt, opened.name, opened.value), (salt, name, value));
    }

    #[test]
    fn an_edited_disclosure_is_refused_or_sealed_again_as_it_came(value in values(), edit in edits()) {
        let sealed = Disclosure::seal([7; 32], "reason", &value).expect("within the rules");
        let json = URL_SAFE_NO_PAD.decode(&sealed.text).expect("base64url");
        let texts = [
            URL_SAFE_NO_PAD.encode(edited(json, edit.clone())),
            String::from_utf8_lossy(&edited(sealed.text.into(), edit)).into_owned(),
        ];
        for text in texts {
            if let Ok(opened) = Disclosure::open(&text) {
                let again = Disclosure::seal(opened.salt, &opened.name, &opened.value).expect("opened before");
                prop_assert_eq!((again.digest, again.text), (opened.digest, text));
            }
        }
    }

    #[test]
    fn no_bytes_break_a_parser(bytes in vec(any::<u8>(), 0..200), text in any::<String>()) {
        check_every_door(&bytes);
        check_every_door(text.as_bytes());
        prop_assert_eq!(Digest::parse(&text).map_or(text.clone(), |digest| digest.to_string()), text);
    }
}
