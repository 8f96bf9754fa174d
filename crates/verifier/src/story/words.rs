//! Events as sentences.

use std::collections::BTreeMap;

use domain::event::{Event, GroupQuorum, Obligation};
use domain::run::{DecisionWord, Run};
use domain::wire::ReadEvent;

use super::{Moment, plain};
use crate::values::Field;

/// What an event says. `fields` are its sealed members.
pub fn says(event: &Event, by: &str, fields: &BTreeMap<String, Field>) -> String {
    let field = |name: &str| match fields.get(name) {
        Some(Field::Disclosed(value)) if !value.is_null() => Some(plain(value)),
        Some(Field::Disclosed(_) | Field::Erased(_) | Field::Withheld) | None => None,
    };
    let who = |name: &str| field(name).map_or_else(|| by.to_owned(), |name| format!("{name} ({by})"));
    let because = |name: &str| field(name).map_or_else(String::new, |why| format!(": \u{201C}{why}\u{201D}"));
    match event {
        Event::RunProposed(e) => {
            let recovers = e.recovers.map_or_else(String::new, |run| format!(" to take back {run}"));
            format!(
                "{} proposed {} in {} for the workflow `{}`{recovers}{}.",
                who("proposer"),
                count(e.mutations, "change"),
                e.environment,
                e.workflow,
                because("reason")
            )
        }
        Event::PlanPreviewed(e) => format!(
            "The records were read and plan {} was fixed: {}, {} of them reversible, {} by a counter-action, {} not at all.",
            e.revision,
            count(e.count, "change"),
            e.undo.rollback,
            e.undo.compensation,
            e.undo.irreversible
        ),
        Event::PlanAmended(_) => format!("{by} changed the plan{}.", because("rationale")),
        Event::PlanDrifted(e) => format!("The record of change {} had moved, so the plan was void.", e.n),
        Event::PolicyDecided(e) => {
            let rules = e.rules.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let rules = if rules.is_empty() { "no rule".to_owned() } else { rules };
            let word = match e.decision {
                DecisionWord::Auto => "may run by itself".to_owned(),
                DecisionWord::Approval => format!(
                    "needs the approval of {}",
                    e.obligations.iter().map(obligation).collect::<Vec<_>>().join(" and ")
                ),
                DecisionWord::Deny => "must not run".to_owned(),
            };
            format!("Policy decided that it {word} ({} risk; {rules}).", e.risk)
        }
        Event::ApprovalRequested(e) => {
            let groups =
                e.groups.iter().map(|GroupQuorum { group, quorum }| format!("{quorum} of `{group}`"));
            format!(
                "{} were asked for their approval until {}.",
                groups.collect::<Vec<_>>().join(" and "),
                e.expires
            )
        }
        Event::ApprovalGiven(e) => {
            format!(
                "{} approved plan {} for `{}` ({}){}.",
                who("approver"),
                e.revision,
                e.group,
                e.method,
                because("rationale")
            )
        }
        Event::ApprovalRejected(e) => {
            format!(
                "{} rejected plan {} for `{}`{}.",
                who("approver"),
                e.revision,
                e.group,
                because("rationale")
            )
        }
        Event::RunTakenOver(e) => {
            format!("{} took the run over until {}{}.", who("operator"), e.until, because("rationale"))
        }
        Event::RunHandedBack(e) if e.code.as_str() == "lease_expired" => {
            "The takeover ended by itself.".to_owned()
        }
        Event::RunHandedBack(_) => format!("{by} gave the run back{}.", because("rationale")),
        Event::ChangeObserved(e) => {
            format!("A change of the record of change {} by hand was observed, not authorized.", e.n)
        }
        Event::RunAuthorized(e) => {
            format!("Plan {} was authorized until {} (basis `{}`).", e.revision, e.expires, e.basis)
        }
        Event::AuthorizationVoided(e) => format!("The authorization was void: `{}`.", e.code),
        Event::AttemptStarted(e) => format!(
            "Attempt {} of change {} was about to be sent before {} (evidence `{}`, guarantee `{}`).",
            e.attempt, e.n, e.send_by, e.evidence, e.guarantee
        ),
        Event::AttemptFinished(e) => {
            format!("Attempt {} of change {} ended `{}` ({}).", e.attempt, e.n, e.outcome, e.code)
        }
        Event::AttemptReconciled(e) => format!(
            "Attempt {} of change {} was settled as `{}` ({}) by {}{}.",
            e.attempt,
            e.n,
            e.outcome,
            e.code,
            e.requested_by,
            because("rationale")
        ),
        Event::DivergenceAccepted(e) => {
            format!(
                "{} accepted what the record of change {} holds instead of the plan{}.",
                who("approver"),
                e.n,
                because("rationale")
            )
        }
        Event::RecoveryPlanned(e) => format!(
            "{} asked for a {} of {}, as {}{}.",
            e.requested_by,
            e.kind,
            count(u32::try_from(e.mutations.len()).unwrap_or(u32::MAX), "change"),
            e.run,
            because("rationale")
        ),
        Event::RecoveryFinished(e) => format!(
            "The {} by {} ended `{}`: {} taken back.",
            e.kind,
            e.run,
            e.outcome,
            count(u32::try_from(e.recovered.len()).unwrap_or(u32::MAX), "change")
        ),
        Event::ArtifactAttached(e) => {
            format!("A file of {} bytes was attached ({}).", e.bytes, media_type(&e.media_type))
        }
        Event::RunCommented(_) => format!("{by} wrote{}.", because("comment")),
        Event::RunCancelled(e) => format!("{by} called the run off (`{}`){}.", e.code, because("rationale")),
        Event::RunExpired(e) => format!("The run expired (`{}`).", e.code),
        Event::RunClosed(e) => {
            format!("The run closed as `{}` (`{}`) after {} events.", e.stage, e.code, e.events)
        }
    }
}

/// A media type is clear text of the caller's, in printable ASCII.
fn media_type(text: &str) -> String {
    text.chars().take(64).collect()
}

fn obligation(asked: &Obligation) -> String {
    format!("{} of `{}`", asked.quorum, asked.group)
}

fn count(n: u32, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// A run in one sentence.
pub fn sentence(events: &[&ReadEvent], moments: &[Moment], run: Option<&Run>) -> String {
    let Some(first) = moments.first() else { return "Nothing is known of this run.".to_owned() };
    let approvals = events.iter().filter(|read| matches!(read.event, Event::ApprovalGiven(_))).count();
    let decided = events.iter().rev().find_map(|read| {
        if let Event::PolicyDecided(decided) = &read.event { Some(decided.decision) } else { None }
    });
    let decided = match decided {
        None => "policy was not asked".to_owned(),
        Some(DecisionWord::Auto) => "policy let it run by itself".to_owned(),
        Some(DecisionWord::Deny) => "policy denied it".to_owned(),
        Some(DecisionWord::Approval) => {
            format!(
                "policy asked for approval, which was given {}",
                if approvals == 1 { "once".to_owned() } else { format!("{approvals} times") }
            )
        }
    };
    let end = match run {
        None => "how it ended could not be judged".to_owned(),
        Some(run) => match &run.closed {
            Some(closed) => format!("it ended `{}` at {}", run.stage, closed.at),
            None => format!("it is open and stands at `{}`", run.stage),
        },
    };
    let proposed = first.says.trim_end_matches('.');
    format!("{proposed} at {}; {decided}; {end}.", first.time)
}
