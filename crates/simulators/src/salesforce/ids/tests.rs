use super::{canonical, number, numbered};

#[test]
fn the_suffix_tells_which_characters_are_upper_case() {
    // The example of Salesforce's own help page on converting ids.
    assert_eq!(canonical("0015000000AbcDe").as_deref(), Some("0015000000AbcDeAAJ"));
    assert_eq!(numbered("006", 1201), "006Hp0000001201IAA");
}

#[test]
fn both_lengths_name_the_same_record() {
    assert_eq!(canonical("006Hp0000001201"), canonical("006Hp0000001201IAA"));
    assert_eq!(number("006Hp0000001201IAA"), Some(1201));
}

#[test]
fn an_id_of_another_length_alphabet_or_suffix_is_none() {
    for id in
        ["", "006Hp000000120", "006Hp0000001201I", "006Hp0000001201AAA", "006Hp00000012-1", "é06Hp0000001201"]
    {
        assert_eq!(canonical(id), None, "{id}");
    }
}
