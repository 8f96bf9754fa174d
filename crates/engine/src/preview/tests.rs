use super::*;

#[test]
fn the_records_of_a_plan_weigh_so_much_and_no_more() {
    let of = |bytes: usize| Fields::from([("x".to_owned(), Value::Str("y".repeat(bytes - 1)))]);
    let half = of(RECORDS_BYTES_MAX / 2);
    let weight = heavier(0, &half).unwrap();
    assert_eq!(heavier(weight, &half).unwrap(), RECORDS_BYTES_MAX);
    let refusal = heavier(weight, &of(RECORDS_BYTES_MAX / 2 + 1)).unwrap_err();
    assert_eq!((refusal.code, refusal.pointer.as_deref()), (Code::InvalidPlan, Some("/plan/mutations")));
}
