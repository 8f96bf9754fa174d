use super::*;

fn verdict(password: &str) -> bool {
    check(password, "maya.lindqvist", "/password").is_ok()
}

#[test]
fn length_counts_in_characters_at_the_short_end_and_in_bytes_at_the_long_one() {
    assert!(verdict("äöüß-äöüß-äö") && !verdict("äöüß-äöüß-ä"));
    let long = |bytes: usize| "ab".repeat(bytes / 2);
    assert!(verdict(&long(PASSWORD_BYTES_MAX)) && !verdict(&long(PASSWORD_BYTES_MAX + 2)));
}

#[test]
fn the_user_name_common_passwords_and_one_letter_are_refused() {
    for weak in ["Maya.Lindqvist", "PasswordPassword", "123456789012", "zzzzzzzzzzzzzz"] {
        let error = check(weak, "maya.lindqvist", "/new").unwrap_err();
        assert_eq!((error.code, error.pointer.as_deref()), (Code::WeakPassword, Some("/new")), "{weak}");
        assert!(!error.message.contains(weak), "a password is never quoted");
    }
    assert!(verdict("maya.lindqvist.") && verdict("otter lamp seventeen"));
}

#[test]
fn every_common_password_is_long_enough_to_matter_and_in_lower_case() {
    for common in COMMON {
        assert!(common.chars().count() >= PASSWORD_CHARS_MIN && common == common.to_lowercase(), "{common}");
    }
}
