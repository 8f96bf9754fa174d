use proptest::prelude::*;

use super::*;

fn check(before: Option<&str>, after: Option<&str>, expected: i64) {
    assert_eq!(delta_bp(before, after), Ok(expected), "{before:?} -> {after:?}");
}

#[test]
fn changes_are_measured_in_basis_points_of_the_old_size() {
    check(Some("100"), Some("120"), 2_000);
    check(Some("100"), Some("80"), -2_000);
    check(Some("100000.00"), Some("110000"), 1_000);
    check(Some("71400"), Some("71400.00"), 0);
    check(Some("0.1"), Some("0.3"), 20_000);
    check(Some("-100"), Some("-120"), -2_000);
    check(Some("-100"), Some("100"), 20_000);
    check(Some("100"), Some("-100"), -20_000);
    check(Some("007"), Some("7"), 0);
}

#[test]
fn a_fraction_of_a_basis_point_rounds_away_from_zero() {
    check(Some("100000"), Some("110000.01"), 1_001);
    check(Some("100000"), Some("89999.99"), -1_001);
    check(Some("3"), Some("4"), 3_334);
    check(Some("100000000000"), Some("100000000000.01"), 1);
}

#[test]
fn from_zero_or_from_nothing_counts_as_the_maximum() {
    check(Some("0"), Some("1"), DELTA_BP_MAX);
    check(Some("0.00"), Some("-1"), -DELTA_BP_MAX);
    check(None, Some("1"), DELTA_BP_MAX);
    check(None, Some("-1"), -DELTA_BP_MAX);
    check(None, Some("0"), DELTA_BP_MAX);
    check(Some("0"), None, DELTA_BP_MAX);
    check(Some("0"), Some("-0.0"), 0);
    check(None, None, 0);
}

#[test]
fn to_nothing_counts_as_to_zero() {
    check(Some("250"), None, -10_000);
    check(Some("-250"), None, 10_000);
}

#[test]
fn changes_beyond_the_maximum_are_clamped_either_way() {
    check(Some("1"), Some("10001"), DELTA_BP_MAX);
    check(Some("1"), Some("10002"), DELTA_BP_MAX);
    check(Some("1"), Some("10000.9999"), 99_999_999);
    check(Some("1"), Some("-10002"), -DELTA_BP_MAX);
}

#[test]
fn numbers_too_far_apart_for_128_bits_still_have_the_right_sign() {
    let huge = "9".repeat(38);
    let tiny = format!("0.{}1", "0".repeat(36));
    check(Some(&tiny), Some(&huge), DELTA_BP_MAX);
    check(Some(&huge), Some(&tiny), -DELTA_BP_MAX);
    check(Some(&huge), Some(&format!("-{huge}")), -DELTA_BP_MAX);
    check(Some(&huge), Some(&huge), 0);
}

#[test]
fn what_is_no_decimal_number_is_refused() {
    for text in
        ["", "-", ".", "1.", ".5", "1e5", "+1", "1,000", "1 000", "NaN", "--1", "٣", "1.2.3", &"9".repeat(39)]
    {
        assert_eq!(delta_bp(Some("1"), Some(text)), Err(NotDecimal), "{text}");
        assert_eq!(delta_bp(Some(text), None), Err(NotDecimal), "{text}");
        assert_eq!(minor_units(text, 2), Err(NotDecimal), "{text}");
    }
    assert!(minor_units(&format!("000{}.000", "9".repeat(DECIMAL_DIGITS_MAX)), 2).is_ok());
}

#[test]
fn minor_units_round_away_from_zero_and_are_clamped() {
    for (amount, scale, expected) in [
        ("71400", 2, 7_140_000),
        ("71400.5", 2, 7_140_050),
        ("0.001", 2, 1),
        ("-0.001", 2, -1),
        ("-12.34", 2, -1_234),
        ("500", 0, 500),
        ("500.01", 0, 501),
        ("0", 2, 0),
        ("90071992547409.91", 2, MINOR_UNITS_MAX),
        ("90071992547409.92", 2, MINOR_UNITS_MAX),
        ("99999999999999999999999999999999999999", 255, MINOR_UNITS_MAX),
        ("-99999999999999999999999999999999999999", 2, -MINOR_UNITS_MAX),
    ] {
        assert_eq!(minor_units(amount, scale), Ok(expected), "{amount} at {scale}");
    }
}

proptest! {
    #[test]
    fn small_amounts_agree_with_plain_integer_arithmetic(before in 1_i64..1_000_000, after in 0_i64..1_000_000) {
        let cents = |amount: i64| format!("{}.{:02}", amount / 100, amount % 100);
        let exact = i128::from(after - before) * 10_000;
        let rounded = exact.signum() * ((exact.abs() + i128::from(before) - 1) / i128::from(before));
        let expected = i64::try_from(rounded).unwrap().clamp(-DELTA_BP_MAX, DELTA_BP_MAX);
        prop_assert_eq!(delta_bp(Some(&cents(before)), Some(&cents(after))), Ok(expected));
        prop_assert_eq!(minor_units(&cents(after), 2), Ok(after));
    }

    #[test]
    fn no_text_breaks_the_parser(before in ".{0,45}", after in "-?[0-9]{0,40}\\.?[0-9]{0,40}", scale in 0_u8..) {
        if let Ok(bp) = delta_bp(Some(&before), Some(&after)) {
            prop_assert!(bp.abs() <= DELTA_BP_MAX);
        }
        if let Ok(bp) = delta_bp(Some(&after), Some("12.5")) {
            prop_assert!(bp.abs() <= DELTA_BP_MAX);
        }
        if let Ok(units) = minor_units(&after, scale) {
            prop_assert!(units.abs() <= MINOR_UNITS_MAX);
        }
    }
}
