use super::*;
use crate::json::object;

const SALT: [u8; 32] = [7; 32];

fn text_of(json: &str) -> String {
    URL_SAFE_NO_PAD.encode(json)
}

#[test]
fn what_is_sealed_opens_again() {
    for value in [Value::Null, "Büro 🙂".into(), object([("Ä", vec![1_u32.into(), Value::Null].into())])]
    {
        let sealed = Disclosure::seal(SALT, "reason", &value).unwrap();
        let opened = Disclosure::open(&sealed.text).unwrap();
        assert_eq!(opened, Opened { digest: sealed.digest, salt: SALT, name: "reason".into(), value });
    }
}

#[test]
fn salt_name_and_value_all_change_the_digest() {
    let digest = |salt, name, value: &str| Disclosure::seal(salt, name, &value.into()).unwrap().digest;
    let digests =
        [digest(SALT, "a", "x"), digest([8; 32], "a", "x"), digest(SALT, "b", "x"), digest(SALT, "a", "y")];
    assert_eq!(std::collections::BTreeSet::from(digests).len(), 4);
}

#[test]
fn names_with_a_meaning_in_the_format_are_refused() {
    for name in ["_sd", "..."] {
        assert_eq!(Disclosure::seal(SALT, name, &"x".into()), Err(Fault::DisclosureForm));
    }
}

#[test]
fn a_value_has_a_size_limit() {
    let sized = |bytes: usize| Value::from("x".repeat(bytes - 2));
    assert!(Disclosure::seal(SALT, "a", &sized(VALUE_BYTES_MAX)).is_ok());
    let beyond = sized(VALUE_BYTES_MAX + 1);
    assert_eq!(Disclosure::seal(SALT, "a", &beyond), Err(Fault::TooLarge));
    let text =
        text_of(&format!("[\"{}\",\"a\",{}]", URL_SAFE_NO_PAD.encode(SALT), canonical::to_string(&beyond)));
    assert_eq!(Disclosure::open(&text), Err(Fault::TooLarge));
}

#[test]
fn a_value_that_could_not_be_opened_is_not_sealed() {
    let too_deep = (0..16).fold(Value::Null, |value, _| vec![value].into());
    let shallower = too_deep.as_array().unwrap()[0].clone();
    assert!(Disclosure::seal(SALT, "a", &shallower).is_ok());
    assert_eq!(Disclosure::seal(SALT, "a", &too_deep), Err(Fault::Depth));
    assert_eq!(Disclosure::seal(SALT, "a", &i64::MAX.into()), Err(Fault::IntegerRange));
}

#[test]
fn other_forms_are_refused() {
    let salt = URL_SAFE_NO_PAD.encode(SALT);
    let cases = [
        (String::new(), Fault::Syntax),
        ("W10=".to_owned(), Fault::Base64url),
        ("W1+".to_owned(), Fault::Base64url),
        (text_of("{}"), Fault::DisclosureForm),
        (text_of("[]"), Fault::DisclosureForm),
        (text_of(&format!("[\"{salt}\",\"a\",1,2]")), Fault::DisclosureForm),
        (text_of(&format!("[\"{salt}\",1,2]")), Fault::DisclosureForm),
        (text_of(&format!("[\"{salt}=\",\"a\",1]")), Fault::DisclosureForm),
        (text_of(&format!("[\"{salt}AA\",\"a\",1]")), Fault::DisclosureForm),
        (text_of("[1,\"a\",1]"), Fault::DisclosureForm),
    ];
    for (text, fault) in cases {
        assert_eq!(Disclosure::open(&text), Err(fault), "{text}");
    }
}
