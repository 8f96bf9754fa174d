use super::*;
use crate::json::object;

#[test]
fn a_digest_reads_only_what_it_prints() {
    let digest = sha256(b"");
    let text = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(digest.to_string(), text);
    assert_eq!(format!("{digest:?}"), text);
    assert_eq!(Digest::parse(text), Some(digest));
    assert_eq!(Value::from(digest), text.into());
    assert_eq!(digest.as_bytes()[..2], [0xe3, 0xb0]);
    for bad in
        [&text[1..], &format!("{text}0"), &text.to_uppercase(), &text.replace('e', "g"), "", &"é".repeat(32)]
    {
        assert_eq!(Digest::parse(bad), None, "{bad}");
    }
}

#[test]
fn digests_sort_as_their_texts() {
    let mut digests: Vec<_> = (0..100_u8).map(|byte| sha256(&[byte])).collect();
    digests.sort_unstable();
    assert!(digests.is_sorted_by_key(ToString::to_string));
}

#[test]
fn a_tagged_digest_covers_the_tag_and_the_canonical_bytes() {
    let value = object([("b", 1_u32.into()), ("a", 2_u32.into())]);
    let expect = sha256(b"actionplane/plan/v1\n{\"a\":2,\"b\":1}");
    assert_eq!(tagged(Tag::Plan, &value), expect);
    assert_eq!(tagged_bytes(Tag::Plan, br#"{"a":2,"b":1}"#), expect);
}

#[test]
fn every_use_has_a_tag_of_its_own() {
    let uses = [
        (Tag::Plan, "plan"),
        (Tag::Idempotency, "idempotency"),
        (Tag::Approval, "approval"),
        (Tag::PolicySet, "policy"),
        (Tag::Manifest, "manifest"),
        (Tag::Shown, "shown"),
    ];
    for (tag, name) in uses {
        assert_eq!(tag.text(), format!("actionplane/{name}/v1\n"));
    }
}
