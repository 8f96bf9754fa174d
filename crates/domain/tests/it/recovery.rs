//! The parent's side of a recovery.

use domain::run::{RecoveryKind, Stage};

use crate::world::{
    ANN, HOLDER, World, applied, auto, cancel, close_remainder, diverged, human, recovery_ended, take_over,
    unknown,
};

fn done(count: u32) -> World {
    let authorized = World::proposed(count).previewed().then(auto());
    (0..count).fold(authorized, |world, _| world.in_flight().then(applied()))
}

fn recovering(world: World, kind: RecoveryKind, mutations: &[u32]) -> World {
    let recover = world.recover(kind, mutations);
    world.then(recover)
}

/// How a recovery of both mutations of an applied run ends.
fn check(kind: RecoveryKind, child: Stage, code: &str, recovered: &[u32], expect: (&str, Stage, &str)) {
    let mut world = recovering(done(2), kind, &[1, 0]);
    let events = world.must(recovery_ended(child, code, recovered));
    let domain::event::Event::RecoveryFinished(finished) = &events[0] else { panic!("{events:?}") };
    let closed = world.run().closed.clone().unwrap();
    let told = (finished.outcome.word(), world.stage(), closed.code.as_str());
    assert_eq!(told, expect, "{child} {code} {recovered:?}");
}

#[test]
fn a_recovery_ends_as_its_run_ended() {
    use RecoveryKind::{Compensation, Rollback};
    check(Rollback, Stage::Applied, "done", &[1, 0], ("restored", Stage::RolledBack, "restored"));
    check(Compensation, Stage::Applied, "done", &[1, 0], ("compensated", Stage::Compensated, "compensated"));
    let partly = ("partly_restored", Stage::PartlyRolledBack, "partly_restored");
    check(Rollback, Stage::PartlyApplied, "conflict", &[1], partly);
    // Closed as applied because somebody accepted a divergence: only what was read back is restored.
    check(Rollback, Stage::Applied, "divergence_accepted", &[1], partly);
    for stage in [Stage::Denied, Stage::Rejected, Stage::Expired, Stage::Cancelled] {
        check(Rollback, stage, "denied", &[], ("abandoned", Stage::Applied, "recovery_abandoned"));
    }
    check(Rollback, Stage::Failed, "invalid_value", &[], ("failed", Stage::Applied, "recovery_failed"));
    check(Rollback, Stage::Applied, "done", &[], ("failed", Stage::Applied, "recovery_failed"));
    check(Rollback, Stage::Failed, "conflict", &[], ("conflict", Stage::Applied, "conflict"));
    check(Rollback, Stage::Failed, "drifted", &[], ("conflict", Stage::Applied, "conflict"));
}

#[test]
fn a_recovery_never_claims_what_its_run_did_not_do() {
    let world = recovering(done(2), RecoveryKind::Rollback, &[1]);
    for (child, recovered) in [
        (Stage::Cancelled, vec![1]),
        (Stage::Failed, vec![1]),
        (Stage::Applied, vec![0]),
        (Stage::Applied, vec![1, 0]),
        (Stage::Executing, vec![1]),
        (Stage::NeedsAttention, vec![]),
    ] {
        let answer = world.clone().refused(recovery_ended(child, "done", &recovered));
        assert_eq!(answer, "stage_conflict", "{child} {recovered:?}");
    }
}

#[test]
fn only_the_planned_recovery_finishes_and_once() {
    let ended = || recovery_ended(Stage::Applied, "done", &[1, 0]);
    assert_eq!(done(2).refused(ended()), "nothing_to_recover");
    let mut world = recovering(done(2), RecoveryKind::Rollback, &[1, 0]).then(ended());
    assert_eq!(world.refused(ended()), "nothing_to_recover");
}

#[test]
fn one_recovery_at_a_time_last_mutation_first_each_once() {
    let mut world = done(3);
    for wrong in [vec![0, 1], vec![1, 1], vec![3], vec![2, 9]] {
        assert_eq!(
            world.refused(world.recover(RecoveryKind::Rollback, &wrong)),
            "stage_conflict",
            "{wrong:?}"
        );
    }
    assert_eq!(world.refused(world.recover(RecoveryKind::Rollback, &[])), "nothing_to_recover");
    world.must(world.recover(RecoveryKind::Rollback, &[2, 0]));
    assert_eq!(world.refused(world.rollback()), "recovery_open");
    world.must(recovery_ended(Stage::Applied, "done", &[2, 0]));
    assert_eq!(world.stage(), Stage::PartlyRolledBack);
    assert_eq!(world.run().recoverable(), [1]);
    assert_eq!(
        world.refused(world.recover(RecoveryKind::Rollback, &[2])),
        "stage_conflict",
        "it is restored"
    );
    world.must(world.recover(RecoveryKind::Compensation, &[1]));
    world.must(recovery_ended(Stage::Applied, "done", &[1]));
    assert_eq!(world.stage(), Stage::Compensated, "at least one by a counter-action");
    assert_eq!(world.refused(world.rollback()), "nothing_to_recover");
}

#[test]
fn a_run_is_recovered_once_something_happened_and_nothing_is_open() {
    let authorized = || World::proposed(2).previewed().then(auto());
    let check = |world: World, expect: &str| {
        let mut world = world;
        let recover = world.recover(RecoveryKind::Rollback, &[0]);
        let answer = world.give(recover).map_or_else(|why| why.code(), |_| world.stage().word());
        assert_eq!(answer, expect);
    };
    check(authorized(), "nothing_to_recover");
    check(authorized().in_flight(), "mutation_unsettled");
    check(authorized().in_flight().then(unknown()), "mutation_unsettled");
    check(authorized().in_flight().then(applied()), "stage_conflict");
    check(authorized().in_flight().then(applied()).then(cancel(human(ANN))), "partly_applied");
    check(authorized().in_flight().then(diverged()), "needs_attention");
    check(authorized().in_flight().then(diverged()).then(take_over(HOLDER)), "run_taken_over");
    check(World::proposed(1).then(cancel(human(ANN))), "plan_digest_mismatch");
}

#[test]
fn a_recovery_is_about_the_plan_that_was_seen() {
    let mut world = done(1);
    let stale = domain::command::Command::PlanRecovery {
        by: human(ANN),
        plan_digest: crate::world::plan(5),
        kind: RecoveryKind::Rollback,
        mutations: vec![0],
        child: crate::world::child_id(),
        rationale: crate::world::text("undo"),
    };
    assert_eq!(world.refused(stale), "plan_digest_mismatch");
}

#[test]
fn while_a_divergence_is_recovered_nothing_else_moves_the_run() {
    let world = recovering(
        World::proposed(2).previewed().then(auto()).in_flight().then(diverged()),
        RecoveryKind::Rollback,
        &[0],
    );
    assert_eq!(world.stage(), Stage::NeedsAttention);
    for command in [world.attempt(), cancel(human(ANN)), close_remainder(human(ANN)), auto()] {
        assert_eq!(world.clone().refused(command), "recovery_open");
    }
    assert_eq!(world.clone().refused(world.accept(ANN, 0)), "stage_conflict");
    let undone = world.clone().then(recovery_ended(Stage::Applied, "done", &[0]));
    assert_eq!(undone.stage(), Stage::RolledBack);
    let mut still = world.then(recovery_ended(Stage::Failed, "conflict", &[]));
    assert_eq!((still.stage(), still.run().closed.is_none()), (Stage::NeedsAttention, true));
    still.must(still.accept(ANN, 0));
    assert_eq!(still.stage(), Stage::Executing);
}

#[test]
fn a_divergence_accepted_after_its_neighbor_was_restored_is_not_called_applied() {
    let diverged_second =
        World::proposed(2).previewed().then(auto()).in_flight().then(applied()).in_flight().then(diverged());
    let mut world = recovering(diverged_second, RecoveryKind::Rollback, &[0]);
    world.must(recovery_ended(Stage::Applied, "done", &[0]));
    assert_eq!(world.stage(), Stage::NeedsAttention, "the divergence still waits");
    world.must(world.accept(ANN, 1));
    assert_eq!(world.stage(), Stage::PartlyRolledBack);
}
