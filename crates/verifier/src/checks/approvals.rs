//! Whether whoever approved had a seat in the group: enrolled by somebody else, before they approved, and without a break
//! for as long as the approval counted.

use domain::event::{ApprovalGiven, ApprovalRejected, Event};
use domain::id::PersonId;
use domain::name::Slug;
use domain::principal::{Actor, Principal};
use domain::run::{Approval, Method};

use super::replay::Step;
use crate::acts::Known;
use crate::finding::{Check, Docket};

/// Looks at one step.
pub fn step(step: &Step<'_>, docket: &mut Docket) {
    if let Event::ApprovalGiven(ApprovalGiven { group, method, .. })
    | Event::ApprovalRejected(ApprovalRejected { group, method, .. }) = &step.read.event
    {
        if let Actor::Principal(Principal::Person(person)) = step.read.by {
            seat(step, person, group, *method, docket);
        }
    } else if matches!(step.read.event, Event::RunAuthorized(_)) {
        keep(step, "the authorization counts an approval", docket);
    } else if matches!(step.read.event, Event::AttemptStarted(_)) {
        keep(step, "the write rests on an approval", docket);
    }
}

fn seat(step: &Step<'_>, person: PersonId, group: &Slug, method: Method, docket: &mut Docket) {
    docket.look(Check::Approvals);
    if method == Method::Passkey {
        docket.leave_open(
            Check::Approvals,
            step.place(),
            "the signature of the passkey is not looked at by this program",
        );
    }
    match step.acts.seat(person, group, step.index) {
        Known::Was(_) => {}
        Known::WasNot => docket.violation(
            Check::Approvals,
            step.place(),
            format!("{person} spoke for `{group}` without having been enrolled in it by somebody else"),
        ),
        Known::Missing => docket.missing(
            Check::Approvals,
            step.place(),
            format!("the bundle does not show that {person} was enrolled in `{group}`"),
        ),
    }
}

/// Approvals that an authorization names count only while their givers keep their seats.
fn keep(step: &Step<'_>, what: &str, docket: &mut Docket) {
    let named = step.run.authorization.as_ref().map(|leave| &leave.approvals);
    let counted =
        step.run.approvals.iter().filter(|given| named.is_some_and(|named| named.contains(&given.seq)));
    for Approval { seq, person, group, .. } in counted {
        docket.look(Check::Approvals);
        let Some(given) = step.index_of(*seq) else { continue };
        if let Some(at) = step.acts.lost(*person, group, given, step.index) {
            docket.violation(
                Check::Approvals,
                step.place(),
                format!("{what} of {person}, who lost the seat in `{group}` at event {at}"),
            );
        }
    }
}
