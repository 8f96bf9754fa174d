use super::{Clock, Stamp};

#[test]
fn each_write_takes_one_second_from_a_fixed_start() {
    let mut clock = Clock::new();
    assert_eq!(clock.now().zendesk(), "2026-11-23T22:00:00Z");
    assert_eq!(clock.tick().salesforce(), "2026-11-23T22:00:01.000+0000");
    assert_eq!(clock.tick().http_date(), "Mon, 23 Nov 2026 22:00:02 GMT");
}

#[test]
fn every_printed_form_reads_back_as_the_same_second() {
    let stamp = Clock::new().advance(86_399);
    assert_eq!(Stamp::parse(&stamp.zendesk()), Some(stamp));
    assert_eq!(Stamp::parse(&stamp.salesforce()), Some(stamp));
    assert_eq!(Stamp::parse_http_date(&stamp.http_date()), Some(stamp));
}

#[test]
fn text_that_is_no_date_is_refused() {
    for text in ["", "yesterday", "2026-11-23", "2026-13-01T00:00:00Z", "23 Nov"] {
        assert_eq!(Stamp::parse(text), None, "{text}");
        assert_eq!(Stamp::parse_http_date(text), None, "{text}");
    }
}
