//! Whether each write was of a mutation of the approved plan, with enough evidence behind it, against the connector that
//! the plan was made for, and while nothing was paused.

use domain::event::{AttemptStarted, Event};
use domain::name::Slug;
use proof::document::MutationDocument;

use super::replay::Step;
use crate::acts::Known;
use crate::finding::{Check, Docket};

/// Looks at one step.
pub fn step(step: &Step<'_>, docket: &mut Docket) {
    let Event::AttemptStarted(started) = &step.read.event else { return };
    docket.look(Check::Dispatch);
    let place = step.place();
    let least = step.run.evidence_minimum();
    if started.evidence < least {
        docket.violation(
            Check::Dispatch,
            place.clone(),
            format!(
                "the write started with `{}` evidence, and `{}` needs `{least}`",
                started.evidence, step.run.environment
            ),
        );
    }
    let plan = step.parts.plans.get(&step.run.revision);
    let document = usize::try_from(started.n).ok().and_then(|n| plan?.get(n));
    match document.filter(|document| document.hash == started.mutation) {
        None => {
            docket.violation(Check::Dispatch, place, "the write was of a mutation that is not in the plan");
        }
        Some(planned) => {
            let document = &planned.document;
            if document.environment != step.run.environment.word() {
                docket.violation(
                    Check::Dispatch,
                    place,
                    "the mutation points to another environment than its run",
                );
            }
            connector(step, document, docket);
            pauses(step, started, document, docket);
        }
    }
}

fn connector(step: &Step<'_>, document: &MutationDocument, docket: &mut Docket) {
    let Ok(name) = Slug::parse(&document.connector) else { return };
    let was = match step.acts.connector(&name, step.index) {
        Known::Missing => {
            docket.leave_open(
                Check::Dispatch,
                step.place(),
                format!("how `{name}` was configured is not in this bundle"),
            );
            return;
        }
        Known::WasNot => None,
        Known::Was((_, changed)) => Some(changed),
    };
    let same = was.is_some_and(|changed| {
        changed.manifest == document.manifest && changed.environment.word() == document.environment
    });
    if same {
        return;
    }
    let told = format!("the connector `{name}` was not configured as when the plan was made");
    if step.acts.is_whole_before(step.index) {
        docket.violation(Check::Dispatch, step.place(), told);
    } else {
        docket.leave_open(Check::Dispatch, step.place(), format!("{told}, as far as this bundle shows"));
    }
}

fn pauses(step: &Step<'_>, started: &AttemptStarted, document: &MutationDocument, docket: &mut Docket) {
    let verb = document.action.as_deref().unwrap_or(&document.kind);
    let principals = [step.run.proposer.to_string(), step.run.judged().to_string()];
    let lane = |id: &str| {
        let rest = id.strip_prefix(&format!("{}/{}/", step.run.workflow, document.connector));
        rest.is_some_and(|action| action.ends_with(&format!(".{}.{verb}", document.object)))
    };
    let stops = |kind: &str, id: &str| match kind {
        "workspace" => true,
        "connector" => id == document.connector,
        "agent" => principals.iter().any(|principal| principal == id),
        "lane" => lane(id),
        _ => false,
    };
    for ((kind, id), at) in step.acts.pauses(step.index) {
        if !stops(&kind, &id) {
            continue;
        }
        if step.acts.is_whole_before(step.index) {
            docket.violation(
                Check::Dispatch,
                step.place(),
                format!(
                    "attempt {} of mutation {} started under the pause of event {at}",
                    started.attempt, started.n
                ),
            );
        } else {
            docket.leave_open(
                Check::Dispatch,
                step.place(),
                format!("whether the pause of event {at} was lifted before is not in this bundle"),
            );
        }
    }
}
