use super::*;

#[test]
fn the_written_form_has_a_fixed_width_and_reads_back() {
    for (millis, text) in [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_763_935_200_000, "2025-11-23T22:00:00.000Z"),
        (1_582_934_400_001, "2020-02-29T00:00:00.001Z"),
        (MILLIS_MAX, "9999-12-30T22:00:00.000Z"),
    ] {
        let time = Timestamp::from_millis(millis);
        assert_eq!(time.to_string(), text);
        assert_eq!(Timestamp::parse(text), Some(time));
    }
}

#[test]
fn arithmetic_stays_inside_the_writable_years() {
    assert_eq!(Timestamp::from_millis(-1).millis(), 0);
    assert_eq!(Timestamp::from_millis(5).plus_s(u64::MAX).millis(), MILLIS_MAX);
    assert_eq!(Timestamp::from_millis(5).plus_ms(-10).millis(), 0);
}

#[test]
fn other_spellings_are_refused() {
    for text in [
        "2026-11-23T22:00:00Z",
        "2026-11-23T22:00:00.000+00:00",
        "2026-02-30T00:00:00.000Z",
        "9999-12-30T22:00:00.001Z",
        "9999-12-31T23:59:59.999Z",
        "1969-12-31T23:59:59.999Z",
        "",
    ] {
        assert_eq!(Timestamp::parse(text), None, "{text}");
    }
}
