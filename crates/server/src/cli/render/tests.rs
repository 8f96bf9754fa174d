use anstream::adapter::strip_str;
use jiff::Timestamp;

use super::super::paint::Lines;
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
    insta::assert_snapshot!(plain(&about(&waiting(), 90, noon())), @r"
    ◔ Waiting for approval  Update opportunity 006Hp0000001201IAA in crm-main, and 1 more
    run_01m86zpcx6fdatbxk3chqg0ddz  simulation · workflow renewals
    ✓ Propose ─ ✓ Preview ─ ✓ Decide ─ ● Approve ─ · Execute ─ · Recover

    Proposed by renewal-agent · 62.5 % sure by its own account · 24 Nov 2026 14:01:22 UTC
      “Aster Health signs for three years if the yearly price drops by a quarter.”

    Plan  revision 1 · digest 3f2a9c4181e0
      1. Update opportunity 006Hp0000001201IAA in crm-main
        Amount           − 84,000.00
                         + 63,000.00
        Next step        − null
                         + empty
        Discount reason  − absent
                         + Multi-year
        StageName        = must still be Proposal
        Lost__c          = must still be absent
        7 fields stay as they are
        ! A new stage sets the probability and the forecast category.
        ↩ Can be rolled back: the fields are restored
      2. Reply to the customer 48213 in help-desk
        body  → The renewal is on its way.\u{1b}[2J
        1 field stays as it is
        ! The customer and everybody in copy get this text by e-mail at once.
        ↩ Irreversible: it cannot be taken back

    Decision  policy set 9ac31b77d0aa
      approval · high risk · crm.ask.amount.large
      Waits for approval (high risk).
      2 members of `deal-desk` must approve within 4 hours.
      Waits for people, 3 h 1 min left

    Approvals  1 of 2 deal-desk
      ✓ Maya Lindqvist approved for deal-desk at 14:02:11.004 · plan 3f2a9c4181e0
        Three years are worth it.
    ");
}

#[test]
fn a_lineage_shows_drift_attempts_recovery_and_conflicts() {
    insta::assert_snapshot!(plain(&lineage(&applied(), &[], 90, noon())), @r"
    ● Applied  Update ticket 48213 in help-desk
    run_01m86zpcx6fdatbxk3chqg0ddz  simulation · workflow triage
    ✓ Propose ─ ✓ Preview ─ ✓ Decide ─ – Approve ─ ✓ Execute ─ ! Recover

    Proposed by triage-agent · 24 Nov 2026 14:01:22 UTC
      the reason was erased

    Plan  revision 2 · digest 77aa9c4181e0
      Update ticket 48213 in help-desk
        Priority  − urgent
                  + normal
        11 fields stay as they are
        ↩ Can be rolled back: the fields are restored

    Decision  policy set 9ac31b77d0aa
      auto · low risk · helpdesk.base.agents
      Runs by itself (low risk).

    Approvals
      ✓ Maya Lindqvist approved for support-leads at 14:01:23.004 · plan 3f2a9c4181e0, void

    Drift  at 14:01:22.900, caught before the write
        field     at the preview  now     proposed
        priority  high            urgent  normal
        due_at    null            absent  empty
        Nothing was written. Plan 3f2a9c4181e0 is void.

    Attempts
      attempt 1 applied · found in the record's own journal
        from 14:01:23.120 · took 7.06 s · guarantee advisory · evidence recorded · key
        8812ab00ffee · reconciled: it was unknown first

    Recovery
      rollback run_01m87000000fdatbxk3chqg0ddz conflict, nothing was overwritten
      rollback is possible: actionplane rollback run_01m86zpcx6fdatbxk3chqg0ddz

    Conflict  somebody else moved these fields since; nothing was overwritten
        field     as the run left it  now  as it was before
        priority  normal              low  urgent
    ");
}

#[test]
fn a_timeline_says_when_which_leaf_who_and_what() {
    insta::assert_snapshot!(plain(&timeline(&events(), 90)), @r"
    14:01:22.120  a81f29c4  renewal-agent     proposed 2 mutations in renewals, 62.5 % sure
    14:01:22.150  b81f29c4  ActionPlane       previewed the live records: plan 3f2a9c4181e0
    14:01:22.180  c81f29c4  policy            decided approval at high risk:
                                              crm.ask.amount.large, crm.ask.amount
    14:01:22.180  d81f29c4  ActionPlane       asked 2 of deal-desk and 1 of finance until
                                              18:01
    14:02:00.000  e81f29c4  Maya Lindqvist-…  commented: “Careful:\nlook twice”
    14:02:01.000  f81f29c4  ActionPlane       found mutation 2 refused by the system of
                                              record · rate_limited
    not a time    0         ActionPlane       something.new
    ");
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
        let run = Run { stage: stage.to_string(), authorization: applied().authorization, ..waiting() };
        seen.line(format!("{:<20} {}", stage.word(), plain(&steps(&run))));
    }
    insta::assert_snapshot!(seen, @r"
    proposed             ✓ Propose ─ ● Preview ─ · Decide ─ · Approve ─ · Execute ─ · Recover
    previewed            ✓ Propose ─ ✓ Preview ─ ● Decide ─ · Approve ─ · Execute ─ · Recover
    awaiting_approval    ✓ Propose ─ ✓ Preview ─ ✓ Decide ─ ● Approve ─ · Execute ─ · Recover
    authorized           ✓ Propose ─ ✓ Preview ─ ✓ Decide ─ ✓ Approve ─ ● Execute ─ · Recover
    executing            ✓ Propose ─ ✓ Preview ─ ✓ Decide ─ ✓ Approve ─ ● Execute ─ · Recover
    needs_attention      ✓ Propose ─ ✓ Preview ─ ✓ Decide ─ ✓ Approve ─ ! Execute ─ · Recover
    taken_over           ✓ Propose ─ ✓ Preview ─ ✓ Decide ─ · Approve ─ · Execute ─ · Recover
    denied               ✓ Propose ─ ✓ Preview ─ ✗ Decide ─ – Approve ─ – Execute ─ – Recover
    rejected             ✓ Propose ─ ✓ Preview ─ ✓ Decide ─ ✗ Approve ─ – Execute ─ – Recover
    expired              ✓ Propose ─ ✓ Preview ─ ✓ Decide ─ ✗ Approve ─ – Execute ─ – Recover
    cancelled            ✓ Propose ─ ✓ Preview ─ ✓ Decide ─ – Approve ─ – Execute ─ – Recover
    failed               ✓ Propose ─ ✓ Preview ─ ✓ Decide ─ ✓ Approve ─ – Execute ─ – Recover
    applied              ✓ Propose ─ ✓ Preview ─ ✓ Decide ─ ✓ Approve ─ ✓ Execute ─ · Recover
    partly_applied       ✓ Propose ─ ✓ Preview ─ ✓ Decide ─ ✓ Approve ─ ! Execute ─ · Recover
    rolled_back          ✓ Propose ─ ✓ Preview ─ ✓ Decide ─ ✓ Approve ─ ✓ Execute ─ ✓ Recover
    partly_rolled_back   ✓ Propose ─ ✓ Preview ─ ✓ Decide ─ ✓ Approve ─ ✓ Execute ─ ! Recover
    compensated          ✓ Propose ─ ✓ Preview ─ ✓ Decide ─ ✓ Approve ─ ✓ Execute ─ ✓ Recover
    ");
}

#[test]
fn what_was_erased_says_when_and_why() {
    use super::super::view::Tombstone;
    let erasure = || Some(Tombstone { at: "2026-12-01T09:30:00.000Z".into(), basis: "gdpr-17-1-b".into() });
    let mut run = Run { reason: None, erasure: erasure(), ..applied() };
    for mutation in &mut run.plan.mutations {
        (mutation.erased, mutation.record, mutation.erasure) = (true, None, erasure());
        mutation.changes.clear();
    }
    for approval in &mut run.approvals {
        approval.erasure = erasure();
    }
    for attempt in &mut run.attempts {
        attempt.erasure = erasure();
    }
    for drift in &mut run.drift {
        drift.view.clear();
        drift.erasure = erasure();
    }
    if let Some(decision) = &mut run.decision {
        decision.explanation.clear();
        decision.erasure = erasure();
    }
    let shown = plain(&lineage(&run, &[], 90, noon()));
    let when = " on 1 Dec 2026 09:30:00 UTC because gdpr-17-1-b";
    let what = |line: &str| line.trim().strip_suffix(when).map(str::to_owned);
    let told: Vec<String> = shown.lines().filter_map(what).collect();
    assert_eq!(
        told,
        [
            "the reason was erased",
            "its values were erased",
            "the explanation was erased",
            "the reason was erased",
            "its values were erased",
            "what was sent and seen was erased",
        ],
        "{shown}"
    );
    let mut event = events().remove(0);
    event.kind = "run.commented".to_owned();
    event.sealed = serde_json::from_value(serde_json::json!({
        "comment": { "erased": true, "at": "2026-12-01T09:30:00.000Z", "basis": "gdpr-17-1-b" },
    }))
    .unwrap();
    let told = plain(&sentence::sentence(&event));
    assert_eq!(told, "commented; the comment was erased on 1 Dec 2026 09:30:00 UTC because gdpr-17-1-b");
}

#[test]
fn an_automatic_run_needed_no_approval() {
    insta::assert_snapshot!(plain(&steps(&applied())), @"✓ Propose ─ ✓ Preview ─ ✓ Decide ─ – Approve ─ ✓ Execute ─ ! Recover");
}

#[test]
fn a_list_of_runs_is_a_table() {
    let run: Summary = serde_json::from_value(serde_json::json!({
        "id": "run_01m86zpcx6fdatbxk3chqg0ddz", "stage": "denied", "workflow": "renewals", "connector": "crm-main",
        "object": "opportunity", "action": "delete", "proposer": {"name": "renewal-agent"},
        "decision": "deny", "risk": "critical", "mutations": 3, "updated": "2026-11-24T14:01:22.120Z",
    }))
    .unwrap();
    insta::assert_snapshot!(plain(&runs(&[run])), @r"
    stage               run                             action                 connector  proposed by    risk      updated
    ✗ Denied by policy  run_01m86zpcx6fdatbxk3chqg0ddz  delete opportunity ×3  crm-main   renewal-agent  critical  24 Nov 14:01
    ");
    assert_eq!(plain(&runs(&[])), "no runs\n");
}

#[test]
fn the_inbox_says_why_something_waits_and_for_how_long() {
    let item: Waiting = serde_json::from_value(serde_json::json!({
        "id": "run_01m86zpcx6fdatbxk3chqg0ddz", "stage": "awaiting_approval", "workflow": "renewals",
        "action": "update", "object": "opportunity", "connector": "crm-main", "proposer": {"name": "renewal-agent"}, "risk": "high",
        "updated": "2026-11-24T14:01:22.120Z", "group": "deal-desk", "needed": 2, "given": 1,
        "expires": "2026-11-24T18:01:22.180Z", "can_decide": false, "why": ["Rule `crm.ask.amount` asks `deal-desk`."],
    }))
    .unwrap();
    insta::assert_snapshot!(plain(&inbox(&[item], 60, noon())), @r"
    run_01m86zpcx6fdatbxk3chqg0ddz  update opportunity in crm-main  high risk
      proposed by renewal-agent · 1 of 2 deal-desk · 3 h 1 min left · not yours to decide
      Rule `crm.ask.amount` asks `deal-desk`.
    ");
    assert_eq!(plain(&inbox(&[], 60, noon())), "nothing waits for you\n");
}

#[test]
fn an_open_run_says_how_far_the_approvals_are() {
    insta::assert_snapshot!(plain(&brief(&waiting(), 90, noon())), @r"
    ◔ Waiting for approval  Update opportunity 006Hp0000001201IAA in crm-main, and 1 more
    run_01m86zpcx6fdatbxk3chqg0ddz
    ✓ Propose ─ ✓ Preview ─ ✓ Decide ─ ● Approve ─ · Execute ─ · Recover
      1 of 2 deal-desk · 3 h 1 min left

    Next
      waits for deal-desk
    ");
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

#[test]
fn the_history_of_a_record_says_who_allowed_what() {
    let run = waiting();
    let touch = |decision: &str, approvals| super::super::view::Touch {
        run: run.id.clone(),
        action: "salesforce.opportunity.update".to_owned(),
        outcome: "applied".to_owned(),
        at: run.created.clone(),
        proposer: run.proposer.clone(),
        decision: Some(decision.to_owned()),
        approvals,
        changes: run.plan.mutations.first().unwrap().changes.clone(),
    };
    let items = [touch("approval", run.approvals.clone()), touch("auto", Vec::new())];
    insta::assert_snapshot!(plain(&history(&items, 90)), @r"
    24 Nov 2026 14:01:22 UTC  run_01m86zpcx6fdatbxk3chqg0ddz  salesforce.opportunity.update · applied
      renewal-agent · allowed by Maya Lindqvist
        Amount           − 84,000.00
                         + 63,000.00
        Next step        − null
                         + empty
        Discount reason  − absent
                         + Multi-year
    24 Nov 2026 14:01:22 UTC  run_01m86zpcx6fdatbxk3chqg0ddz  salesforce.opportunity.update · applied
      renewal-agent · allowed by policy alone
        Amount           − 84,000.00
                         + 63,000.00
        Next step        − null
                         + empty
        Discount reason  − absent
                         + Multi-year
    ");
    assert_eq!(plain(&history(&[], 90)), "no run has touched this record\n");
}
