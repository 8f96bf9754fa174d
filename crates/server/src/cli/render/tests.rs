use anstream::adapter::strip_str;
use jiff::Timestamp;

use super::super::view::{Event, Held, Run, Summary};
use super::*;

fn fixture(text: &str) -> Run {
    serde_json::from_str(text).unwrap()
}

fn waiting() -> Run {
    fixture(include_str!("fixtures/waiting.json"))
}

fn applied() -> Run {
    fixture(include_str!("fixtures/applied.json"))
}

fn events() -> Vec<Event> {
    serde_json::from_str(include_str!("fixtures/events.json")).unwrap()
}

fn noon() -> Timestamp {
    "2026-11-24T15:00:00Z".parse().unwrap()
}

fn plain(text: &str) -> String {
    strip_str(text).to_string()
}

#[test]
fn a_run_that_waits_shows_everything_that_a_verdict_needs() {
    insta::assert_snapshot!(plain(&about(&waiting(), 90, noon())), @"");
}

#[test]
fn a_lineage_shows_drift_attempts_recovery_and_conflicts() {
    insta::assert_snapshot!(plain(&lineage(&applied(), &[], 90, noon())), @"");
}

#[test]
fn a_timeline_says_when_which_leaf_who_and_what() {
    insta::assert_snapshot!(plain(&timeline(&events(), 90)), @"");
}

#[test]
fn before_is_red_and_after_is_green() {
    let text = diff(waiting().plan.mutations.first().unwrap(), 90);
    assert!(text.contains("\u{1b}[31m− 84,000.00\u{1b}[0m"), "{text:?}");
    assert!(text.contains("\u{1b}[32m+ 63,000.00\u{1b}[0m"), "{text:?}");
}

#[test]
fn no_value_reaches_the_terminal_as_a_command() {
    let text = diff(waiting().plan.mutations.last().unwrap(), 90);
    assert!(!text.contains("\u{1b}[2J"), "{text:?}");
    assert!(text.contains("\\u{1b}[2J"), "{text:?}");
}

#[test]
fn every_stage_has_its_own_steps() {
    let mut seen = String::new();
    for stage in domain::run::Stage::ALL {
        let run = Run { stage: stage.to_string(), ..waiting() };
        seen.push_str(&format!("{stage:<20} {}\n", plain(&steps(&run))));
    }
    insta::assert_snapshot!(seen, @"");
}

#[test]
fn an_automatic_run_needed_no_approval() {
    insta::assert_snapshot!(plain(&steps(&applied())), @"");
}

#[test]
fn a_list_of_runs_is_a_table() {
    let run: Summary = serde_json::from_value(serde_json::json!({
        "id": "run_01m86zpcx6fdatbxk3chqg0ddz", "stage": "denied", "workflow": "renewals", "connector": "crm-main",
        "object": "opportunity", "action": "salesforce.opportunity.delete", "proposer": {"name": "renewal-agent"},
        "decision": "deny", "risk": "critical", "mutations": 3, "updated": "2026-11-24T14:01:22.120Z",
    }))
    .unwrap();
    insta::assert_snapshot!(plain(&runs(&[run])), @"");
    assert_eq!(plain(&runs(&[])), "no runs\n");
}

#[test]
fn the_inbox_says_why_something_waits_and_for_how_long() {
    let item: Waiting = serde_json::from_value(serde_json::json!({
        "id": "run_01m86zpcx6fdatbxk3chqg0ddz", "stage": "awaiting_approval", "workflow": "renewals",
        "action": "salesforce.opportunity.update", "proposer": {"name": "renewal-agent"}, "risk": "high",
        "updated": "2026-11-24T14:01:22.120Z", "group": "deal-desk", "needed": 2, "given": 1,
        "expires": "2026-11-24T18:01:22.180Z", "can_decide": false, "why": ["Rule `crm.ask.amount` asks `deal-desk`."],
    }))
    .unwrap();
    insta::assert_snapshot!(plain(&inbox(&[item], noon())), @"");
    assert_eq!(plain(&inbox(&[], noon())), "nothing waits for you\n");
}

#[test]
fn an_open_run_says_how_far_the_approvals_are() {
    insta::assert_snapshot!(plain(&brief(&waiting(), 90, noon())), @"");
}

#[test]
fn absent_null_and_empty_are_told_apart() {
    use serde_json::json;
    let shown = |held| plain(&super::super::words::held(&held));
    assert_eq!(shown(Held::Absent), "absent");
    assert_eq!(shown(Held::Is(json!(null))), "null");
    assert_eq!(shown(Held::Is(json!(""))), "empty");
    assert_eq!(shown(Held::Is(json!([]))), "empty");
    assert_eq!(shown(Held::Is(json!("absent"))), "absent", "the word itself differs by its style alone");
}
