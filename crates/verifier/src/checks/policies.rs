//! Whether the policy set that decided was the one in force, and whether a second person had put it in force.

use domain::event::Event;
use domain::mutation::Environment;
use domain::principal::{Actor, Principal};
use proof::digest::Digest;

use super::replay::Step;
use crate::acts::{InForce, Known};
use crate::finding::{Check, Docket};

/// Looks at one step.
pub fn step(step: &Step<'_>, docket: &mut Docket) {
    let Event::PolicyDecided(decided) = &step.read.event else { return };
    docket.look(Check::Policies);
    match step.acts.policy(step.index) {
        Known::Was((_, in_force)) if in_force.policy != decided.policy => {
            let told = format!(
                "the decision was made by {}, while {} was in force",
                decided.policy, in_force.policy
            );
            if step.acts.is_whole_before(step.index) {
                docket.violation(Check::Policies, step.place(), told);
            } else {
                docket.missing(
                    Check::Policies,
                    step.place(),
                    "the bundle does not show that the deciding set was in force",
                );
            }
        }
        Known::Was((at, in_force)) => second_person(step, decided.policy, at, in_force, docket),
        Known::WasNot => {
            docket.violation(
                Check::Policies,
                step.place(),
                "the decision was made while no policy set was in force",
            );
        }
        Known::Missing => docket.missing(
            Check::Policies,
            step.place(),
            "the bundle does not show which policy set was in force",
        ),
    }
}

fn second_person(step: &Step<'_>, policy: Digest, at: u64, in_force: InForce, docket: &mut Docket) {
    let place = step.place();
    if !matches!(in_force.by, Actor::Principal(Principal::Person(_))) {
        docket.violation(
            Check::Policies,
            place,
            "the policy set was activated by something that is no person",
        );
        return;
    }
    match step.acts.author(policy, at) {
        Known::Missing => {
            docket.missing(Check::Policies, place, "the bundle does not show who wrote the policy set");
        }
        Known::WasNot => {
            docket.violation(
                Check::Policies,
                place,
                "the policy set was activated without having been published",
            );
        }
        Known::Was((_, author)) if author != in_force.by => {}
        Known::Was(_) if !in_force.bootstrap => {
            docket.violation(
                Check::Policies,
                place,
                "the author of the policy set activated it: no second person looked",
            );
        }
        Known::Was(_) if step.run.environment != Environment::Simulation => docket.violation(
            Check::Policies,
            place,
            "a starter set that nobody else looked at decided about more than a simulation",
        ),
        Known::Was(_) if step.acts.policy(at) != Known::WasNot && step.acts.is_whole_before(at) => docket
            .violation(
                Check::Policies,
                place,
                "only the first policy set of a workspace may be activated by its author",
            ),
        Known::Was(_) => {}
    }
}
