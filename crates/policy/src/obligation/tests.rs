use super::*;

fn obligation(group: &str, quorum: u32, expires_s: u64, method: Method, exclude: &[&str]) -> Obligation {
    Obligation {
        group: group.to_owned(),
        quorum: NonZeroU32::new(quorum).unwrap(),
        expires_s: NonZeroU64::new(expires_s).unwrap(),
        method,
        exclude: exclude.iter().map(|&id| id.to_owned()).collect(),
    }
}

#[test]
fn durations_read_weeks_days_hours_minutes_and_seconds() {
    for (text, seconds) in [
        ("PT4H", 14_400),
        ("P1D", 86_400),
        ("P1DT30M", 88_200),
        ("PT1S", 1),
        ("PT90M", 5_400),
        ("P2W", 1_209_600),
        ("P1W1DT1H1M1S", 694_861),
        ("P365D", EXPIRES_S_MAX),
    ] {
        assert_eq!(duration_s(text).map(NonZeroU64::get), Some(seconds), "{text}");
    }
}

#[test]
fn durations_without_a_fixed_positive_length_are_refused() {
    for text in [
        "",
        "P",
        "PT",
        "P1DT",
        "PT0S",
        "P0D",
        "4H",
        "pt4h",
        "PT4",
        "PTH",
        "P1Y",
        "P1M",
        "PT1.5H",
        "PT-4H",
        "-PT4H",
        "PT+4H",
        "PT1M1H",
        "PT1H1H",
        "P1H",
        "PT1D",
        " PT4H",
        "PT4H ",
        "P366D",
        "PT31536001S",
        "P99999999999999999999D",
        "P1D1W",
    ] {
        assert_eq!(duration_s(text), None, "{text}");
    }
}

#[test]
fn obligations_of_one_group_become_the_strictest_of_them() {
    let merged = merge([
        obligation("deal-desk", 2, 7_200, Method::Signin, &["person_a"]),
        obligation("legal", 1, 60, Method::Signin, &[]),
        obligation("deal-desk", 1, 3_600, Method::Passkey, &["person_b"]),
    ]);
    assert_eq!(
        merged,
        [
            obligation("deal-desk", 2, 3_600, Method::Passkey, &["person_a", "person_b"]),
            obligation("legal", 1, 60, Method::Signin, &[]),
        ]
    );
}

#[test]
fn words_read_back_as_themselves_and_rank_in_order() {
    for risk in Risk::ALL {
        assert_eq!(Risk::parse(risk.word()), Some(*risk));
    }
    assert!(Risk::Low < Risk::Medium && Risk::Medium < Risk::High && Risk::High < Risk::Critical);
    assert!(Method::Signin < Method::Passkey);
    assert!(Evidence::Recorded < Evidence::Sealed && Evidence::Sealed < Evidence::Witnessed);
    assert_eq!(Risk::parse("severe"), None);
}
