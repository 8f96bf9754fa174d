use super::*;

fn manifest() -> Manifest {
    Manifest {
        created: "2026-11-24T22:02:38.683Z".into(),
        files: Vec::new(),
        origin: "ap.example/w/acme".into(),
        scope: Scope::Run,
        size: 54,
        retention: None,
    }
}

fn files(names: &[&str]) -> BTreeMap<String, Vec<u8>> {
    names.iter().map(|name| ((*name).to_owned(), name.as_bytes().to_vec())).collect()
}

fn check(manifest: &Manifest, expect: Result<(), Fault>) {
    let bytes = manifest.to_bytes();
    assert_eq!(bytes.map(|bytes| assert_eq!(Manifest::parse(&bytes).as_ref(), Ok(manifest))), expect);
}

#[test]
fn a_manifest_is_read_back_as_it_was_written() {
    let listed = list(&files(&["a", "b/c"]));
    check(&manifest(), Ok(()));
    check(&Manifest { files: listed, retention: Some("standard".into()), ..manifest() }, Ok(()));
    for scope in [Scope::Run, Scope::Range, Scope::Full] {
        check(&Manifest { scope, ..manifest() }, Ok(()));
    }
}

#[test]
fn a_broken_manifest_is_not_written() {
    let listed = |paths: &[&str]| Manifest {
        files: paths.iter().map(|path| FileEntry::of(path, b"")).collect(),
        ..manifest()
    };
    check(&Manifest { created: "2026-11-24".into(), ..manifest() }, Err(Fault::Time));
    check(&Manifest { origin: "a b".into(), ..manifest() }, Err(Fault::ManifestForm));
    check(&Manifest { size: u64::MAX, ..manifest() }, Err(Fault::IntegerRange));
    check(&Manifest { size: 1 << 53, ..manifest() }, Err(Fault::IntegerRange));
    check(&Manifest { retention: Some(String::new()), ..manifest() }, Err(Fault::ManifestForm));
    check(&listed(&["b", "a"]), Err(Fault::ManifestForm));
    check(&listed(&["a", "a"]), Err(Fault::ManifestForm));
    check(&listed(&["../a"]), Err(Fault::ManifestForm));
    check(&listed(&[MANIFEST]), Err(Fault::ManifestForm));
}

#[test]
fn a_manifest_has_these_members_and_no_others() {
    let text = String::from_utf8(manifest().to_bytes().unwrap()).unwrap();
    let cases = [
        ("\"size\":54,", "", Fault::MissingMember),
        ("\"size\":54,", "\"size\":54,\"sizes\":1,", Fault::UnknownMember),
        ("\"size\":54,", "\"size\":-1,", Fault::ManifestForm),
        ("\"size\":54,", "\"size\": 54,", Fault::NotCanonical),
        ("\"files\":[]", "\"files\":{}", Fault::ManifestForm),
        ("\"files\":[]", "\"files\":[1]", Fault::NotAnObject),
        ("\"files\":[]", "\"files\":[{}]", Fault::MissingMember),
        ("\"run\"", "\"all\"", Fault::ManifestForm),
        (",\"v\":\"actionplane.bundle/1\"", "", Fault::MissingMember),
        ("bundle/1", "bundle/2", Fault::Version),
    ];
    for (from, to, fault) in cases {
        assert_eq!(Manifest::parse(text.replacen(from, to, 1).as_bytes()), Err(fault), "{to}");
    }
}

#[test]
fn a_manifest_beyond_the_largest_size_is_not_looked_at() {
    let sized = |bytes: usize| Manifest::parse(&vec![b'x'; bytes]);
    assert_eq!(sized(MANIFEST_BYTES_MAX), Err(Fault::Syntax));
    assert_eq!(sized(MANIFEST_BYTES_MAX + 1), Err(Fault::TooLarge));
}

#[test]
fn a_bundle_opens_as_it_was_packed() {
    let files = files(&["a", "b/c", "b-"]);
    let zip = pack(&manifest(), &files).unwrap();
    let bundle = Bundle::open(&zip).unwrap();
    assert_eq!(bundle.manifest(), &Manifest { files: list(&files), ..manifest() });
    assert_eq!(bundle.file("b/c"), Some(b"b/c".as_slice()));
    assert_eq!((bundle.file("b"), bundle.file(MANIFEST)), (None, None));
    assert_eq!(bundle.files().map(|(path, _)| path).collect::<Vec<_>>(), ["a", "b-", "b/c"]);
    assert_eq!(pack(bundle.manifest(), &files), Ok(zip.clone()));
}

#[test]
fn every_file_is_listed_and_every_listed_file_is_there_as_listed() {
    let good = files(&["a", "b"]);
    let manifest = Manifest { files: list(&good), ..manifest() }.to_bytes().unwrap();
    let open = |files: &BTreeMap<String, Vec<u8>>| {
        let files = files.iter().map(|(path, content)| (path.as_str(), content.as_slice()));
        Bundle::from_files(files.chain([(MANIFEST, manifest.as_slice())])).map(|_| ())
    };
    assert_eq!(open(&good), Ok(()));
    assert_eq!(open(&files(&["a"])), Err(BundleFault::Missing("b".into())));
    assert_eq!(open(&files(&["a", "b", "c"])), Err(BundleFault::Unlisted("c".into())));
    assert_eq!(open(&files(&["../x", "a", "b"])), Err(BundleFault::Unlisted("../x".into())));
    for content in [b"A".to_vec(), b"".to_vec(), b"aa".to_vec()] {
        let mut changed = good.clone();
        changed.insert("a".into(), content);
        assert_eq!(open(&changed), Err(BundleFault::Changed("a".into())));
    }
    assert_eq!(Bundle::from_files([]), Err(BundleFault::NoManifest));
    assert_eq!(Bundle::from_files([(MANIFEST, b"".as_slice())]), Err(BundleFault::Manifest(Fault::Syntax)));
    assert_eq!(Bundle::open(b""), Err(BundleFault::Zip(ZipFault::Form)));
    // The length is checked beside the hash.
    let entry = FileEntry { bytes: 2, ..FileEntry::of("a", b"a") };
    let longer = Manifest { files: vec![entry], ..self::manifest() }.to_bytes().unwrap();
    let opened = Bundle::from_files([(MANIFEST, longer.as_slice()), ("a", b"a")]);
    assert_eq!(opened, Err(BundleFault::Changed("a".into())));
}

#[test]
fn a_name_that_no_bundle_may_have_is_not_packed() {
    assert_eq!(pack(&manifest(), &files(&["a b"])), Err(BundleFault::Manifest(Fault::ManifestForm)));
    assert_eq!(pack(&manifest(), &files(&[MANIFEST])), Err(BundleFault::Manifest(Fault::ManifestForm)));
}
