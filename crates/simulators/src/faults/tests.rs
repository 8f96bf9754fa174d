use axum::http::Method;
use serde_json::json;

use super::{DELAY_MS_MAX, FAULTS_MAX, Fault, FaultKind, FaultRefused, FaultSwitchboard, TIMES_MAX};

fn armed(fault: Fault) -> FaultSwitchboard {
    let faults = FaultSwitchboard::default();
    faults.arm(fault).unwrap();
    faults
}

#[test]
fn a_fault_hits_only_what_it_matches() {
    let faults = armed(Fault::new(FaultKind::Conflict).on("PUT", "/tickets/48213"));
    assert_eq!(faults.take(&Method::GET, "/api/v2/tickets/48213.json"), None);
    assert_eq!(faults.take(&Method::PUT, "/api/v2/tickets/48212.json"), None);
    assert!(faults.take(&Method::PUT, "/api/v2/tickets/48213.json").is_some());
}

#[test]
fn a_fault_fires_as_often_as_asked_and_counts() {
    let faults = armed(Fault { times: 2, ..Fault::new(FaultKind::ServerError) });
    let hits: Vec<_> = (0..3).map(|_| faults.take(&Method::GET, "/").is_some()).collect();
    assert_eq!(hits, [true, true, false]);
    assert_eq!(faults.armed().first().map(|f| f.fired), Some(2));
}

#[test]
fn skipped_requests_pass_before_the_fault_hits() {
    let faults = armed(Fault { skip: 1, ..Fault::new(FaultKind::ServerError) });
    let hits: Vec<_> = (0..3).map(|_| faults.take(&Method::GET, "/").is_some()).collect();
    assert_eq!(hits, [false, true, false]);
}

#[test]
fn the_fault_armed_first_is_taken_first() {
    let faults = armed(Fault::new(FaultKind::Conflict));
    faults.arm(Fault::new(FaultKind::HtmlError)).unwrap();
    let kinds: Vec<_> = (0..2).filter_map(|_| faults.take(&Method::GET, "/")).map(|f| f.kind).collect();
    assert_eq!(kinds, [FaultKind::Conflict, FaultKind::HtmlError]);
}

#[test]
fn cleared_faults_do_not_fire_and_numbers_are_not_used_again() {
    let faults = armed(Fault::new(FaultKind::Conflict));
    faults.clear();
    assert_eq!(faults.take(&Method::GET, "/"), None);
    assert_eq!(faults.armed(), []);
    assert_eq!(faults.arm(Fault::new(FaultKind::Conflict)), Ok(2));
}

#[test]
fn faults_beyond_a_limit_are_refused() {
    let fault = || Fault::new(FaultKind::Slow);
    let cases = [
        (Fault { delay_ms: Some(DELAY_MS_MAX), ..fault() }, None),
        (Fault { delay_ms: Some(DELAY_MS_MAX + 1), ..fault() }, Some(FaultRefused::DelayTooLong(60_001))),
        (Fault { times: TIMES_MAX, ..fault() }, None),
        (Fault { times: TIMES_MAX + 1, ..fault() }, Some(FaultRefused::Times(1_000_001))),
        (Fault { times: 0, ..fault() }, Some(FaultRefused::Times(0))),
        (Fault::new(FaultKind::Drift), Some(FaultRefused::DriftOfNothing)),
    ];
    for (fault, refused) in cases {
        assert_eq!(FaultSwitchboard::default().arm(fault.clone()).err(), refused, "{fault:?}");
    }
}

#[test]
fn the_list_is_bounded() {
    let faults = FaultSwitchboard::default();
    for _ in 0..FAULTS_MAX {
        faults.arm(Fault::new(FaultKind::Slow)).unwrap();
    }
    assert_eq!(faults.arm(Fault::new(FaultKind::Slow)), Err(FaultRefused::TooMany));
}

#[test]
fn a_fault_reads_from_json_and_a_misspelled_member_is_refused() {
    let fault: Fault = serde_json::from_value(json!({
        "match": {"method": "PUT", "path_contains": "/tickets/48213"}, "fault": "drift", "set": {"priority": "low"}
    }))
    .unwrap();
    assert_eq!((fault.kind, fault.times), (FaultKind::Drift, 1));
    assert!(serde_json::from_value::<Fault>(json!({"fault": "slow", "delay": 5})).is_err());
    assert!(serde_json::from_value::<Fault>(json!({"fault": "explode"})).is_err());
}
