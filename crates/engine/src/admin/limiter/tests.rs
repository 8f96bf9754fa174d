use super::*;

fn ws() -> WorkspaceId {
    WorkspaceId::parse("ws_01h455vb4pex5vsknk084sn02q").unwrap()
}

fn at(seconds: u64) -> u64 {
    5_000 + seconds * 1000
}

#[test]
fn waits_double_up_to_the_longest_one() {
    let mut failures = Failures::default();
    let mut now = 0;
    let mut waits = Vec::new();
    for _ in 0..16 {
        if let Err(wait) = failures.begin(ws(), "maya", at(now)) {
            waits.push(wait);
            now += wait;
            failures.begin(ws(), "maya", at(now)).unwrap();
        }
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
}

#[test]
fn a_refused_try_does_not_count() {
    let mut failures = Failures::default();
    for _ in 0..FREE {
        failures.begin(ws(), "maya", at(0)).unwrap();
    }
    for _ in 0..100 {
        assert_eq!(failures.begin(ws(), "maya", at(0)), Err(1));
    }
    assert_eq!(failures.begin(ws(), "maya", at(1)), Ok(()));
}

#[test]
fn success_and_an_hour_of_quiet_forget() {
    let mut failures = Failures::default();
    let spend = |failures: &mut Failures, now| {
        for _ in 0..FREE {
            failures.begin(ws(), "maya", at(now)).unwrap();
        }
        assert!(failures.begin(ws(), "maya", at(now)).is_err());
    };
    spend(&mut failures, 0);
    failures.succeeded(ws(), "maya");
    spend(&mut failures, 0);
    spend(&mut failures, FORGOTTEN_MS / 1000);
}

#[test]
fn only_so_many_names_are_remembered() {
    let mut failures = Failures::default();
    for n in 0..=NAMES_MAX {
        failures.begin(ws(), &format!("name-{n}"), at(u64::try_from(n).unwrap())).unwrap();
    }
    assert_eq!(failures.0.len(), NAMES_MAX);
    assert!(!failures.0.contains_key(&(ws(), "name-0".to_owned())), "the oldest goes");
}
