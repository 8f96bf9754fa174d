use super::*;

#[test]
fn a_name_is_one_line_of_visible_text() {
    assert_eq!(name("  Maya Lindqvist ", "/name").unwrap(), "Maya Lindqvist");
    assert!(name(&"é".repeat(NAME_LEN_MAX), "/name").is_ok());
    for bad in ["", "   ", "two\nlines", "bell\u{7}", &"é".repeat(NAME_LEN_MAX + 1)] {
        assert_eq!(name(bad, "/name").unwrap_err().pointer.as_deref(), Some("/name"), "{bad}");
    }
}

#[test]
fn a_user_name_is_lower_case_and_may_be_an_address() {
    for (given, kept) in [("Maya", "maya"), (" m.l+x@firm.example ", "m.l+x@firm.example"), ("0", "0")] {
        assert_eq!(username(given, "/username").unwrap(), kept);
    }
    assert!(username(&"a".repeat(USERNAME_LEN_MAX), "/username").is_ok());
    for bad in ["", ".a", "a b", "ä", "a/b", &"a".repeat(USERNAME_LEN_MAX + 1)] {
        assert!(username(bad, "/username").is_err(), "{bad}");
    }
}

#[test]
fn an_address_has_two_sides_and_no_spaces() {
    assert_eq!(email(" maya@firm.example ", "/email").unwrap(), "maya@firm.example");
    let long = |length: usize| format!("{}@b", "a".repeat(length - 2));
    assert!(email(&long(EMAIL_LEN_MAX), "/email").is_ok());
    for bad in ["", "maya", "@b", "a@", "a@b@c", "a b@c", &long(EMAIL_LEN_MAX + 1)] {
        assert!(email(bad, "/email").is_err(), "{bad}");
    }
}

#[test]
fn lists_and_kinds_are_bounded() {
    assert!(few(NAMES_MAX, "/teams").is_ok() && few(NAMES_MAX + 1, "/teams").is_err());
    assert!(room(KIND_MAX - 1, "people").is_ok());
    assert_eq!(room(KIND_MAX, "people").unwrap_err().code, Code::LimitReached);
}

#[test]
fn input_is_quoted_without_what_a_terminal_would_obey() {
    let error = slug("A\u{1b}[2J", "/name").unwrap_err();
    assert_eq!(error.code, Code::InvalidRequest);
    assert_eq!(shown("a\u{1b}[2J\n"), "a[2J");
}
