use super::*;

#[test]
fn a_search_has_so_many_characters_and_so_many_terms_and_no_more() {
    let long = "x".repeat(SEARCH_CHARS_MAX);
    assert_eq!(words(&long).unwrap(), [long.as_str()]);
    assert_eq!(words(&"ü".repeat(SEARCH_CHARS_MAX)).unwrap().len(), 1, "characters, not bytes");
    assert!(words(&format!("{long}x")).is_err());
    let many = ["a"; SEARCH_TERMS_MAX].join(" \t");
    assert_eq!(words(&many).unwrap().len(), SEARCH_TERMS_MAX);
    assert!(words(&format!("{many} a")).is_err());
    assert_eq!(words("  ").unwrap().len(), 0);
}
