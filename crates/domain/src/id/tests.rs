use super::*;
use proptest::prelude::*;

#[test]
fn the_written_form_is_the_typeid_of_a_uuid_version_7() {
    let id = RunId::new(Timestamp::from_millis(1_763_935_200_000), [0xff; 10]);
    assert_eq!(id.to_string(), "run_01kasbp8r0fzzvzzzzzzzzzzzz");
    assert_eq!(RunId::parse(&id.to_string()), Ok(id));
}

#[test]
fn other_prefixes_lengths_letters_and_cases_are_refused() {
    for text in [
        "",
        "run_",
        "01h455vb4pex5vsknk084sn02q",
        "person_01h455vb4pex5vsknk084sn02q",
        "run_01h455vb4pex5vsknk084sn02",
        "run_01h455vb4pex5vsknk084sn02qq",
        "run_01H455VB4PEX5VSKNK084SN02Q",
        "run_01h455vb4pex5vsknk084sn02u",
        "run_81h455vb4pex5vsknk084sn02q",
        "run_01h455vb4pex5vsknk084sn0é",
    ] {
        assert!(RunId::parse(text).is_err(), "{text}");
    }
    assert!(RunId::parse("run_01h455vb4pex5vsknk084sn02q").is_ok());
}

proptest! {
    #[test]
    fn every_id_reads_back_and_sorts_by_its_time(a in 0i64..1 << 47, b in 0i64..1 << 47, x: [u8; 10], y: [u8; 10]) {
        let (first, second) = (RunId::new(Timestamp::from_millis(a), x), RunId::new(Timestamp::from_millis(b), y));
        prop_assert_eq!(RunId::parse(&first.to_string()), Ok(first));
        if a != b {
            prop_assert_eq!(a < b, first < second);
            prop_assert_eq!(first < second, first.to_string() < second.to_string());
        }
    }
}
