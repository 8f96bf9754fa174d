//! Runs that stand everywhere where a run can stand, by name.

use domain::attempt::Outcome;
use domain::command::Command;
use domain::run::{DecisionWord, RecoveryKind, Stage};

use crate::world::{
    ANN, HOLDER, World, agent, applied, ask, auto, cancel, decision, deny, diverged, finish, hand_back,
    recovery_ended, take_over, unknown,
};

pub fn everywhere() -> Vec<(&'static str, World)> {
    let previewed = |mutations| World::proposed(mutations).previewed();
    let authorized = |mutations| previewed(mutations).then(auto());
    let canary = || previewed(2).then(decision(DecisionWord::Auto, |decided| decided.canary = Some(1)));
    let asked = || previewed(1).then(ask());
    let half = || authorized(2).in_flight().then(applied());
    let done = || authorized(1).in_flight().then(applied());
    let half_unknown = || half().in_flight().then(unknown());
    let held = || World::proposed(1).then(take_over(HOLDER));
    let held_authorized = || held().previewed().then(auto());
    let recovering = |world: World| {
        let rollback = world.rollback();
        world.then(rollback)
    };
    let countering = |world: World| {
        let all = world.run().recoverable();
        let counter = world.recover(RecoveryKind::Compensation, &all);
        world.then(counter)
    };
    let expired = |world: World| {
        let end = world.run().deadline;
        world.wait_until(end).then(Command::Expire)
    };
    let both = || half().in_flight().then(applied());
    vec![
        ("proposed", World::proposed(1)),
        ("previewed", previewed(1)),
        ("awaiting_approval", asked()),
        ("authorized by policy", authorized(1)),
        ("authorized by approvals", asked().approved(ANN, &["sales"])),
        ("executing, first in flight", authorized(2).in_flight()),
        ("executing, between two mutations", half()),
        ("executing, second in flight", half().in_flight()),
        (
            "needs_attention, not sent",
            authorized(1).in_flight().then(finish(Outcome::NotSent, "never_left", true)),
        ),
        (
            "needs_attention, one applied, second refused for now",
            half().in_flight().then(finish(Outcome::Rejected, "rate_limited", true)),
        ),
        ("needs_attention, unknown", authorized(2).in_flight().then(unknown()).wait_s(10)),
        ("needs_attention, one applied, second unknown", half_unknown().wait_s(10)),
        ("needs_attention, diverged", authorized(2).in_flight().then(diverged())),
        ("needs_attention, after the canary", canary().in_flight().then(applied())),
        (
            "needs_attention, handed back after the canary",
            canary().in_flight().then(applied()).then(take_over(HOLDER)).then(hand_back(HOLDER)),
        ),
        (
            "needs_attention, diverged and being recovered",
            recovering(authorized(2).in_flight().then(diverged())),
        ),
        ("taken_over", held()),
        ("proposed, held and amended", {
            let amend = held().amend(HOLDER, 1);
            held().then(amend)
        }),
        ("previewed, held", held().previewed()),
        ("awaiting_approval, held", held().previewed().then(ask())),
        ("authorized, held", held_authorized()),
        ("executing, held, in flight", held_authorized().in_flight()),
        (
            "needs_attention, held after the canary",
            canary().in_flight().then(applied()).then(take_over(HOLDER)),
        ),
        (
            "needs_attention, held, unknown",
            authorized(2).in_flight().then(unknown()).then(take_over(HOLDER)).wait_s(10),
        ),
        ("denied", previewed(1).then(deny())),
        ("rejected", {
            let world = asked();
            let reject = world.reject(ANN, &["sales"]);
            world.then(reject)
        }),
        ("expired", expired(World::proposed(1))),
        ("cancelled", World::proposed(1).then(cancel(agent()))),
        ("failed", authorized(1).in_flight().then(finish(Outcome::Rejected, "invalid_value", false))),
        ("applied", done()),
        ("applied and being recovered", recovering(done())),
        ("partly_applied", half().in_flight().then(finish(Outcome::Rejected, "invalid_value", false))),
        ("rolled_back", recovering(done()).then(recovery_ended(Stage::Applied, "done", &[0]))),
        (
            "partly_rolled_back",
            recovering(both()).then(recovery_ended(Stage::PartlyApplied, "conflict", &[1])),
        ),
        ("compensated", countering(done()).then(recovery_ended(Stage::Applied, "done", &[0]))),
    ]
}
