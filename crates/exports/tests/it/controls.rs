//! What control evidence counts, and what it finds.

use domain::principal::Actor;
use exports::controls::{self, Controls, Period, SUPPORTS, Told, html, sections};

use crate::stories::world;
use crate::world::{ANN, BOB, HOLDER, OWNER, World, human, person, run_id, start};

/// The period in which the runs of the stories fall; what was set up is before it.
pub fn period() -> Period {
    Period { from: start().plus_s(3_600), until: start().plus_s(24 * 3_600) }
}

pub fn gathered(world: &World) -> Controls {
    controls::of(&world.all(), &world.workspace(), period(), true)
}

fn kinds(told: &[Told]) -> Vec<&'static str> {
    told.iter().map(|told| told.kind).collect()
}

#[test]
fn what_was_in_force_before_the_period_counts_in_it() {
    let controls = gathered(&world());
    let [used] = controls.policies.as_slice() else { panic!("one policy set was in force") };
    assert!(used.activated.time < controls.period.from);
    assert_eq!(used.until, None);
    let decisions = used.decisions;
    assert_eq!((decisions.auto, decisions.approval, decisions.deny), (9, 5, 1));
    let group = &controls.groups["sales"];
    assert_eq!(group.members, [person(ANN)], "one of two left");
    assert_eq!((group.enrolled, group.removed, group.asked, group.given, group.rejected), (0, 1, 5, 2, 1));
    assert_eq!(controls.rules["amount-needs-two"].approval, 5);
}

#[test]
fn what_went_another_way_is_an_exception_and_what_people_did_an_override() {
    let controls = gathered(&world());
    assert_eq!(
        kinds(&controls.exceptions),
        [
            "denied",
            "rejected",
            "outcome_unknown",
            "drifted",
            "outcome_diverged",
            "authorization_voided",
            "expired",
            "erasure_refused",
        ]
    );
    assert_eq!(
        kinds(&controls.overrides),
        [
            "recovery",
            "cancelled",
            "settled_by_person",
            "taken_over",
            "plan_amended",
            "change_by_hand",
            "handed_back",
            "divergence_accepted",
        ]
    );
    assert_eq!(controls.duties.verdicts, 4, "two approvals, a rejection and an acceptance");
    assert_eq!((controls.duties.by_proposers, controls.duties.not_enrolled), (0, 0));
}

#[test]
fn waits_are_from_the_request_to_the_verdict() {
    let controls = gathered(&world());
    // Rejected after a minute; approved after ten and twenty more.
    assert_eq!(controls.verdicts.ended_ms, [61_000, 1_802_000]);
    assert_eq!(controls.verdicts.percentile_ms(50), Some(61_000));
    assert_eq!(controls.verdicts.percentile_ms(90), Some(1_802_000));
    assert_eq!(controls.settlements.ended_ms, [301_000]);
    assert_eq!(controls.verdicts.open, 3, "one expired, one was amended, one still waits");
}

#[test]
fn pauses_and_periods_have_ends() {
    let world = world();
    let controls = gathered(&world);
    let [pause] = controls.pauses.as_slice() else { panic!("one pause was set") };
    let lifted = pause.lifted.as_ref().unwrap();
    assert_eq!(lifted.time.millis() - pause.set.time.millis(), 901_000);
    // Up to the moment at which it was lifted it was still in force.
    let period = Period { until: lifted.time, ..period() };
    let controls = controls::of(&world.all(), &world.workspace(), period, true);
    assert_eq!(controls.pauses[0].lifted, None);
    // After it nothing is left of it.
    let period = Period { from: lifted.time.plus_ms(1), ..self::period() };
    assert!(controls::of(&world.all(), &world.workspace(), period, true).pauses.is_empty());
    // Before anything happened there is nothing.
    let empty = Period { from: start().plus_ms(-2), until: start().plus_ms(-1) };
    let controls = controls::of(&world.all(), &world.workspace(), empty, true);
    assert_eq!(controls.population, controls::Population::default());
    assert!(controls.exceptions.is_empty() && controls.policies.is_empty());
}

/// The exceptions when the first approval of run 2 is by another person.
fn approved_by(n: u8) -> Vec<&'static str> {
    let world = world();
    let mut run = world.evidence(run_id(2));
    let given = run.entries.iter_mut().find(|entry| entry.leaf.kind == "approval.given").unwrap();
    given.by = Actor::Principal(human(n));
    kinds(&controls::of(&[run], &world.workspace(), period(), true).exceptions)
        .into_iter()
        .filter(|kind| kind.starts_with("verdict"))
        .collect()
}

#[test]
fn a_verdict_by_the_wrong_person_is_found() {
    assert!(approved_by(BOB).is_empty());
    assert_eq!(approved_by(OWNER), ["verdict_by_proposer", "verdict_not_enrolled"]);
    assert_eq!(approved_by(HOLDER), ["verdict_not_enrolled"]);
}

#[test]
fn every_row_has_its_columns_and_every_demand_its_sections() {
    let sections = sections(&gathered(&world()));
    for section in &sections {
        for row in &section.rows {
            assert_eq!(row.cells.len(), section.columns.len(), "{}: {row:?}", section.id);
        }
    }
    for support in SUPPORTS {
        for id in support.sections {
            assert!(sections.iter().any(|section| section.id == *id), "{id}");
        }
    }
}

#[test]
fn the_page_runs_nothing_and_promises_nothing() {
    let controls = gathered(&world());
    let page = html(&controls, Some("https://ap.example/runs/?\"><script>"));
    for forbidden in ["<script", "javascript:", "src=", "@import", "url(", "compl"] {
        let found = page.to_lowercase().matches(forbidden).count();
        // "incomplete" and "complete" are about runs, never about rules.
        let allowed = if forbidden == "compl" { page.matches("complete").count() } else { 0 };
        assert_eq!(found, allowed, "{forbidden}");
    }
    assert!(!html(&controls, None).contains("<a href=\"http"));
}
