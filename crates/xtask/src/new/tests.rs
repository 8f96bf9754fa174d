use super::{next_number, page, slug};

#[test]
fn the_first_decision_has_number_one_and_the_next_follows_the_largest() {
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(next_number(&[]), 1);
    assert_eq!(next_number(&names(&["0002-b.md", "0010-c.md", "README.md", "notes-x.md"])), 11);
}

#[test]
fn a_title_becomes_a_file_name() {
    assert_eq!(slug("One writer thread, why?"), "one-writer-thread-why");
    assert_eq!(slug(" -- "), "");
}

#[test]
fn a_page_starts_with_its_number_and_title() {
    assert!(page(7, "one writer").starts_with("# 0007. one writer\n"));
}
