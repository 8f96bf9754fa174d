use proof::disclosure::VALUE_BYTES_MAX;
use proptest::prelude::*;

use super::*;

fn salts() -> impl FnMut() -> [u8; 32] {
    let mut n = 0u8;
    move || {
        n = n.wrapping_add(1);
        [n; 32]
    }
}

fn sealed(value: &Value) -> (Disclosure, Vec<Disclosure>) {
    seal("response", value, &mut salts()).unwrap()
}

fn opened(disclosures: impl IntoIterator<Item = Disclosure>) -> Vec<Opened> {
    disclosures.into_iter().map(|disclosure| Disclosure::open(&disclosure.text).unwrap()).collect()
}

fn text(length: usize) -> Value {
    // Two bytes for the quotes.
    "x".repeat(length - 2).into()
}

#[test]
fn a_value_that_fits_is_one_disclosure_and_one_byte_more_becomes_an_artifact() {
    let (small, none) = sealed(&text(VALUE_BYTES_MAX));
    assert!(none.is_empty());
    assert_eq!(opened([small])[0].value, text(VALUE_BYTES_MAX));
    let (large, parts) = sealed(&text(VALUE_BYTES_MAX + 1));
    assert_eq!(parts.len(), 2);
    let stub = opened([large.clone()])[0].value.get("artifact").unwrap().clone();
    assert_eq!(stub.get("bytes"), Some(&Value::Int(65_537)));
    let value = text(VALUE_BYTES_MAX + 1);
    let digest = sha256(canonical::to_string(&value).as_bytes());
    assert_eq!(stub.get("sha256"), Some(&digest.into()));
    let whole = whole(opened(parts.into_iter().chain([large.clone()])));
    assert_eq!((whole.len(), &whole[0].digest, &whole[0].value), (1, &large.digest, &value));
}

#[test]
fn the_largest_value_is_sealed_and_one_byte_more_is_refused() {
    let (large, parts) = sealed(&text(SEALED_BYTES_MAX));
    assert_eq!(whole(opened(parts.into_iter().chain([large])))[0].value, text(SEALED_BYTES_MAX));
    let refused = seal("response", &text(SEALED_BYTES_MAX + 1), &mut salts());
    assert_eq!(refused, Err(Fault::TooLarge));
}

#[test]
fn what_cannot_be_put_together_counts_as_erased() {
    let (large, parts) = sealed(&text(200_000));
    let small = opened([sealed(&"small".into()).0]);
    let without = |gone: usize| {
        let left = parts.iter().enumerate().filter(|(n, _)| *n != gone).map(|(_, part)| part.clone());
        whole(opened(left.chain([large.clone()])).into_iter().chain(small.clone()).collect())
    };
    for gone in 0..parts.len() {
        assert_eq!(without(gone), small, "part {gone} is missing");
    }
    let foreign = sealed(&text(200_001)).1;
    assert_eq!(whole(opened(foreign.into_iter().chain([large]))), []);
}

#[test]
fn a_value_that_looks_like_a_name_is_never_taken_for_one() {
    let large = text(200_000);
    let digest = sha256(canonical::to_string(&large).as_bytes());
    let looks = object([("artifact", object([("sha256", digest.into())]))]);
    // Beside the very parts that it names.
    let ((one, own), (_, parts)) = (sealed(&looks), sealed(&large));
    assert_eq!(whole(opened(parts.into_iter().chain(own).chain([one])))[0].value, looks);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn values_come_back_whole_in_whatever_order_their_parts_are_read(
        letters in proptest::collection::vec("[\\PC\"\\\\\n]{0,2000}", 1..120),
        turn in 0usize..8,
    ) {
        let value = Value::Array(letters.iter().map(|text| text.as_str().into()).collect());
        let (one, parts) = sealed(&value);
        let mut all = opened(parts.into_iter().chain([one]));
        let count = all.len();
        all.rotate_left(turn % count);
        prop_assert_eq!(&whole(all)[0].value, &value);
    }
}
