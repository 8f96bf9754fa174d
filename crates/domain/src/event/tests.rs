use proptest::prelude::*;

use super::*;
use proof::json::INTEGER_MAX;

/// What a number becomes as a clear member.
fn read<T: Member>(value: Value) -> Result<T, Fault> {
    T::take("n", &mut Object::from([("n".to_owned(), value)]))
}

#[test]
fn numbers_outside_their_type_are_malformed() {
    let malformed = Fault::Malformed("n");
    assert_eq!(read::<u32>(Value::Int(i64::from(u32::MAX))), Ok(u32::MAX));
    assert_eq!(read::<u32>(Value::Int(i64::from(u32::MAX) + 1)), Err(malformed.clone()));
    assert_eq!(read::<u32>(Value::Int(-1)), Err(malformed.clone()));
    assert_eq!(read::<u64>(Value::Int(-1)), Err(malformed.clone()));
    assert_eq!(read::<u64>(Value::Str("1".to_owned())), Err(malformed.clone()));
    assert_eq!(read::<bool>(Value::Int(1)), Err(malformed));
}

#[test]
fn a_number_that_json_cannot_hold_is_written_as_the_largest_that_it_can() {
    let mut object = Object::new();
    u64::MAX.put("n", &mut object);
    assert_eq!(object.get("n"), Some(&Value::Int(INTEGER_MAX)));
}

#[test]
fn an_absent_member_writes_nothing_and_null_is_not_absent() {
    let mut object = Object::new();
    None::<Slug>.put("n", &mut object);
    assert!(object.is_empty());
    assert_eq!(<Option<Slug> as Member>::take("n", &mut object), Ok(None));
    assert_eq!(read::<Option<Slug>>(Value::Null), Err(Fault::Malformed("n")));
}

#[test]
fn one_malformed_element_spoils_its_list() {
    let list = |items: &[&str]| Value::Array(items.iter().map(|item| Value::from(*item)).collect());
    assert_eq!(read::<Vec<Slug>>(list(&["a", "b"])).map(|list| list.len()), Ok(2));
    assert_eq!(read::<Vec<Slug>>(list(&["a", "B"])), Err(Fault::Malformed("n")));
    assert_eq!(read::<Vec<Slug>>(Value::Null), Err(Fault::Malformed("n")));
    let group = Value::Object(Object::from([("group".to_owned(), Value::from("a"))]));
    assert_eq!(read::<Vec<GroupQuorum>>(Value::Array(vec![group])), Err(Fault::Malformed("n")));
}

proptest! {
    #[test]
    fn numbers_read_back(number in 0..=u64::try_from(INTEGER_MAX).unwrap(), small: u32, flag: bool) {
        let mut object = Object::new();
        number.put("number", &mut object);
        small.put("small", &mut object);
        flag.put("flag", &mut object);
        prop_assert_eq!(u64::take("number", &mut object), Ok(number));
        prop_assert_eq!(u32::take("small", &mut object), Ok(small));
        prop_assert_eq!(bool::take("flag", &mut object), Ok(flag));
    }
}
