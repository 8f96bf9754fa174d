use super::*;

#[test]
fn vendors_times_are_read_and_other_texts_are_not() {
    for text in [
        "2026-11-23T22:00:00Z",
        "2026-11-23T22:00:00.000+0000",
        "2026-11-23T23:00:00+01:00",
        "2026-11-23.22:00:00",
    ] {
        assert_eq!(
            vendor_time(text).map(|time| time.to_string()),
            Some("2026-11-23T22:00:00.000Z".to_owned()),
            "{text}"
        );
    }
    for text in ["", "\"ac420878\"", "yesterday", "17", "2026-11-23"] {
        assert_eq!(vendor_time(text), None, "{text}");
    }
}

#[test]
fn a_time_becomes_the_date_form_of_http() {
    let date = http_date("2026-11-23T22:00:07.000+0000");
    assert_eq!(date.as_deref(), Some("Mon, 23 Nov 2026 22:00:07 GMT"));
    assert_eq!(http_date("\"etag\""), None);
}
