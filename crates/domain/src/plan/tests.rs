use super::*;
use proptest::prelude::*;

fn mutation(changes: Vec<Change>, guard: BTreeMap<String, Option<Value>>) -> Mutation {
    Mutation {
        n: 0,
        connector: Slug::parse("crm-main").unwrap(),
        environment: Environment::Simulation,
        manifest: proof::digest::sha256(b"manifest"),
        object: Slug::parse("opportunity").unwrap(),
        kind: Kind::Update,
        action: None,
        record: Some("006A".to_owned()),
        version: Some("2026-11-23T22:00:00.000Z".to_owned()),
        changes,
        guard,
        arguments: Fields::new(),
        undo: UndoKind::Rollback,
    }
}

fn salts() -> impl FnMut() -> [u8; 32] {
    let mut next = 0u8;
    move || {
        next += 1;
        [next; 32]
    }
}

fn run() -> RunId {
    RunId::parse("run_01h455vb4pex5vsknk084sn02q").unwrap()
}

fn sealed(mutation: &Mutation) -> SealedPlan {
    let policy = proof::digest::sha256(b"policy");
    let configuration = proof::digest::sha256(b"configuration");
    let previewed = Previewed { mutation: mutation.clone(), base: None, configuration };
    seal(run(), "ap.example/w/acme", policy, 1, &[previewed], &mut salts()).unwrap()
}

fn opened(document: &SealedMutation) -> Vec<Opened> {
    document.disclosures.iter().map(|disclosure| Disclosure::open(&disclosure.text).unwrap()).collect()
}

fn change(field: &str, before: Option<Value>, after: Option<Value>) -> Change {
    Change { field: field.to_owned(), before, after }
}

#[test]
fn null_empty_and_absent_are_three_things_and_give_three_digests() {
    let digests: Vec<Digest> = [None, Some(Value::Null), Some(Value::from(""))]
        .into_iter()
        .map(|before| {
            sealed(&mutation(vec![change("NextStep", before, Some(Value::from("call")))], BTreeMap::new()))
        })
        .map(|plan| plan.previewed.plan_digest)
        .collect();
    assert_ne!(digests[0], digests[1]);
    assert_ne!(digests[1], digests[2]);
    assert_ne!(digests[0], digests[2]);
}

#[test]
fn the_digest_moves_with_everything_that_approvals_bind_to() {
    let base = mutation(
        vec![change("Amount", Some(Value::from("84000")), Some(Value::from("71400")))],
        BTreeMap::new(),
    );
    let digest = sealed(&base).previewed.plan_digest;
    let edits: [fn(&mut Mutation); 6] = [
        |m| m.version = None,
        |m| m.record = Some("006B".to_owned()),
        |m| m.changes[0].after = Some(Value::from("71400.01")),
        |m| m.changes[0].before = Some(Value::from("84001")),
        |m| drop(m.guard.insert("StageName".to_owned(), Some(Value::from("Proposal")))),
        |m| m.manifest = proof::digest::sha256(b"other"),
    ];
    for edit in edits {
        let mut edited = base.clone();
        edit(&mut edited);
        assert_ne!(sealed(&edited).previewed.plan_digest, digest, "{edited:?}");
    }
    assert_eq!(sealed(&base).previewed.plan_digest, digest);
}

#[test]
fn a_document_holds_no_value_and_an_erased_value_leaves_the_rest_readable() {
    let plan = sealed(&mutation(
        vec![change("Email", None, Some(Value::from("ada@customer.example")))],
        BTreeMap::new(),
    ));
    let document = &plan.documents[0];
    let text = String::from_utf8(document.bytes.clone()).unwrap();
    assert!(!text.contains("ada@") && !text.contains("006A") && !text.contains("Email"), "{text}");
    let mut left = opened(document);
    left.retain(|opened| opened.name != "change");
    let read = open(&document.bytes, &left).unwrap();
    assert_eq!(read.mutation, None);
    assert_eq!((read.document.connector.as_str(), read.hash), ("crm-main", document.hash));
}

fn value() -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        Just(None),
        Just(Some(Value::Null)),
        ".{0,20}".prop_map(|text| Some(Value::Str(text))),
        any::<bool>().prop_map(|flag| Some(Value::Bool(flag))),
        (-1000i64..1000).prop_map(|number| Some(Value::Int(number))),
    ]
}

proptest! {
    #[test]
    fn a_sealed_plan_opens_to_what_it_was(
        changes in proptest::collection::btree_map("[A-Za-zä]{1,12}", (value(), value()), 0..6),
        guard in proptest::collection::btree_map("[A-Z]{1,6}", value(), 0..4),
    ) {
        let changes = changes.into_iter().map(|(field, (before, after))| Change { field, before, after }).collect();
        let mutation = mutation(changes, guard);
        let plan = sealed(&mutation);
        let document = &plan.documents[0];
        prop_assert_eq!(open(&document.bytes, &opened(document)).unwrap().mutation, Some(mutation));
    }
}
