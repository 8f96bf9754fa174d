use super::*;

fn base(kind: Kind) -> ProposedMutation {
    let invoke = kind == Kind::Invoke;
    let writes = matches!(kind, Kind::Create | Kind::Update);
    ProposedMutation {
        connector: Slug::parse("crm-main").unwrap(),
        object: Slug::parse("opportunity").unwrap(),
        id: (kind != Kind::Create).then(|| "006A".to_owned()),
        kind,
        action: invoke.then(|| Slug::parse("resolve").unwrap()),
        changes: if writes {
            Fields::from([("StageName".to_owned(), Value::from("Won"))])
        } else {
            Fields::new()
        },
        arguments: Fields::new(),
        guard: BTreeSet::new(),
    }
}

fn check(kind: Kind, edit: impl Fn(&mut ProposedMutation), expect: Result<(), ShapeFault>) {
    let mut mutation = base(kind);
    edit(&mut mutation);
    assert_eq!(mutation.check(), expect, "{mutation:?}");
}

#[test]
fn each_kind_has_its_own_members() {
    for kind in Kind::ALL {
        check(*kind, |_| (), Ok(()));
    }
    for kind in [Kind::Update, Kind::Delete, Kind::Invoke] {
        check(kind, |m| m.id = None, Err(ShapeFault::NoId(kind)));
    }
    check(Kind::Create, |m| m.id = Some("x".into()), Err(ShapeFault::IdOnCreate));
    for kind in [Kind::Create, Kind::Update] {
        check(kind, |m| m.changes.clear(), Err(ShapeFault::NoChanges(kind)));
        check(kind, |m| m.arguments = m.changes.clone(), Err(ShapeFault::Arguments(kind)));
        check(kind, |m| m.action = Slug::parse("resolve").ok(), Err(ShapeFault::Action));
    }
    for kind in [Kind::Delete, Kind::Invoke] {
        check(kind, |m| m.changes = base(Kind::Update).changes, Err(ShapeFault::Changes(kind)));
    }
    check(Kind::Invoke, |m| m.action = None, Err(ShapeFault::Action));
    check(Kind::Invoke, |m| m.arguments = base(Kind::Update).changes, Ok(()));
}

#[test]
fn names_and_ids_have_limits() {
    check(Kind::Update, |m| m.id = Some("x".repeat(RECORD_ID_LEN_MAX)), Ok(()));
    for bad in [String::new(), "a\nb".to_owned(), "x".repeat(RECORD_ID_LEN_MAX + 1)] {
        check(Kind::Update, |m| m.id = Some(bad.clone()), Err(ShapeFault::IdForm));
    }
    let long = "f".repeat(FIELD_NAME_LEN_MAX);
    check(Kind::Update, |m| m.guard = BTreeSet::from([long.clone()]), Ok(()));
    let longer = "f".repeat(FIELD_NAME_LEN_MAX + 1);
    check(
        Kind::Update,
        |m| m.guard = BTreeSet::from([longer.clone()]),
        Err(ShapeFault::FieldName(long.clone())),
    );
    let fields = |count: usize| (0..count).map(|i| (format!("f{i}"), Value::Null)).collect::<Fields>();
    check(Kind::Update, |m| m.changes = fields(CHANGES_MAX), Ok(()));
    check(Kind::Update, |m| m.changes = fields(CHANGES_MAX + 1), Err(ShapeFault::TooMany));
}

#[test]
fn words_read_back() {
    for kind in Kind::ALL {
        assert_eq!(Kind::parse(kind.word()), Some(*kind));
    }
    for environment in Environment::ALL {
        assert_eq!(Environment::parse(environment.word()), Some(*environment));
    }
    assert_eq!(UndoKind::parse("Rollback"), None);
}
