use super::*;

#[test]
fn what_a_terminal_would_obey_is_shown_instead() {
    let table = [
        ("plain äöü 漢字", "plain äöü 漢字"),
        ("\u{1b}[31mred", "\\u{1b}[31mred"),
        ("one\ntwo\ttab\r", "one\\ntwo\\ttab\\r"),
        ("bell\u{7}", "bell\\u{7}"),
        ("C1 \u{9b}31m", "C1 \\u{9b}31m"),
        ("right\u{202e}left", "right\\u{202e}left"),
        ("zero\u{200b}width", "zero\\u{200b}width"),
        ("\u{feff}mark", "\\u{feff}mark"),
    ];
    for (text, shown) in table {
        assert_eq!(printable(text), shown);
    }
}

#[test]
fn styles_take_no_columns() {
    assert_eq!(width(&paint(RED, "four")), 4);
    assert_eq!(pad(&paint(RED, "four"), 6), format!("{}  ", paint(RED, "four")));
    assert_eq!(pad("longer", 3), "longer");
}

#[test]
fn a_text_is_cut_to_its_columns_and_not_shorter() {
    assert_eq!(cut("exactly", 7), "exactly");
    assert_eq!(cut("one more", 7), "one mo…");
    assert_eq!(cut("word and", 6), "word…");
}

#[test]
fn lines_break_between_words() {
    assert_eq!(wrap("one two three", 7), ["one two", "three"]);
    assert_eq!(wrap("unbreakable", 3), ["unbreakable"]);
    assert_eq!(wrap("", 3), [""]);
}
