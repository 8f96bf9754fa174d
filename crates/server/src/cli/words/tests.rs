use anstream::adapter::strip_str;
use serde_json::json;

use super::*;

fn plain(text: &str) -> String {
    strip_str(text).to_string()
}

#[test]
fn every_stage_has_words_of_its_own() {
    let words: std::collections::BTreeSet<String> =
        Stage::ALL.iter().map(|known| plain(&stage(&known.to_string()))).collect();
    assert_eq!(words.len(), Stage::ALL.len());
    assert_eq!(plain(&stage("of_tomorrow")), "of_tomorrow");
}

#[test]
fn rejected_is_a_persons_word_and_refused_a_systems() {
    assert_eq!(plain(&stage("rejected")), "✗ Rejected");
    assert_eq!(plain(&outcome("rejected", "crm-main")), "refused by crm-main");
}

#[test]
fn amounts_are_grouped_and_other_texts_are_not() {
    let table = [
        ("84000.00", "84,000.00"),
        ("-1234567", "-1,234,567"),
        ("999", "999"),
        ("1000", "1,000"),
        ("1e5", "1e5"),
        ("12.", "12."),
        ("", "empty"),
    ];
    for (text, shown) in table {
        assert_eq!(plain(&value(&json!(text), Some("money"))), shown);
    }
    assert_eq!(value(&json!("84000.00"), Some("text")), "84000.00");
}

#[test]
fn spans_name_their_two_largest_units() {
    let table = [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3_599, "59 min"),
        (3_600, "1 h"),
        (14_280, "3 h 58 min"),
        (86_400, "1 d"),
        (93_600, "1 d 2 h"),
    ];
    for (seconds, shown) in table {
        assert_eq!(span(seconds), shown);
    }
}

#[test]
fn time_left_ends_at_over() {
    let now = "2026-11-24T14:00:00Z".parse().unwrap();
    assert_eq!(left("2026-11-24T14:00:30.000Z", now), "30 s left");
    assert_eq!(left("2026-11-24T14:00:00.000Z", now), "over");
    assert_eq!(left("2026-11-24T13:59:00.000Z", now), "over");
    assert_eq!(left("soon", now), "soon");
}

#[test]
fn confidence_keeps_its_hundredths() {
    assert_eq!(percent(8_700), "87 %");
    assert_eq!(percent(6_250), "62.5 %");
    assert_eq!(percent(5), "0.05 %");
}

#[test]
fn times_are_utc_and_durations_have_a_unit() {
    assert_eq!(clock("2026-11-24T14:01:22.120Z"), "14:01:22.120");
    assert_eq!(moment("2026-11-04T14:01:22.120Z"), "4 Nov 2026 14:01:22 UTC");
    assert_eq!(took("2026-11-24T14:01:22.120Z", "2026-11-24T14:01:22.172Z").as_deref(), Some("52 ms"));
    assert_eq!(took("2026-11-24T14:01:22.120Z", "2026-11-24T14:01:24.430Z").as_deref(), Some("2.31 s"));
}
