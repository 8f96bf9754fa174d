//! A decision in plain words, for people: what was decided, by which rules, and what is asked for.

use crate::evaluate::{Decision, Denial, Outcome, RuleEffect, RuleNote};
use crate::obligation::{Evidence, Method, Obligation};

/// The decision as sentences, the most important first.
pub fn explain(decision: &Decision) -> Vec<String> {
    let mut sentences = vec![verdict(decision)];
    sentences.extend(decision.obligations.iter().map(obligation));
    if decision.rationale_required {
        sentences.push("Each approval must give its reason.".to_owned());
    }
    match decision.outcome {
        Outcome::Auto | Outcome::Approval => sentences.extend(conditions(decision)),
        Outcome::Deny(_) => {}
    }
    sentences.extend(decision.explanation.iter().map(rule));
    sentences
}

fn verdict(decision: &Decision) -> String {
    match &decision.outcome {
        Outcome::Auto => format!("Runs by itself ({} risk).", decision.risk),
        Outcome::Approval => format!("Waits for approval ({} risk).", decision.risk),
        Outcome::Deny(Denial::Rules(rules)) if rules.len() == 1 => "Denied: a rule forbids it.".to_owned(),
        Outcome::Deny(Denial::Rules(rules)) => format!("Denied: {} rules forbid it.", rules.len()),
        Outcome::Deny(Denial::NothingPermits) => "Denied: no rule permits it.".to_owned(),
        Outcome::Deny(Denial::Undecidable(cause)) => {
            format!("Denied: policy came to no sound answer, and doubt denies. Cause: {cause}.")
        }
    }
}

fn obligation(obligation: &Obligation) -> String {
    let Obligation { group, quorum, expires_s, method, exclude } = obligation;
    let who = match quorum.get() {
        1 => format!("One member of `{group}` must approve"),
        more => format!("{more} members of `{group}` must approve"),
    };
    let how = match method {
        Method::Signin => "",
        Method::Passkey => " with a passkey",
    };
    let except = match exclude.len() {
        0 => String::new(),
        1 => "; one person is excluded by name".to_owned(),
        more => format!("; {more} persons are excluded by name"),
    };
    format!("{who}{how} within {}{except}.", span(expires_s.get()))
}

fn conditions(decision: &Decision) -> Vec<String> {
    let evidence = match decision.evidence {
        Evidence::Recorded => None,
        Evidence::Sealed => {
            Some("The evidence must be sealed in a signed checkpoint before the first write.".to_owned())
        }
        Evidence::Witnessed => {
            Some("Outside witnesses must cosign the evidence before the first write.".to_owned())
        }
    };
    let canary = decision.canary.map(|canary| match canary.get() {
        1 => "After the first mutation the run pauses for a look.".to_owned(),
        more => format!("After the first {more} mutations the run pauses for a look."),
    });
    evidence.into_iter().chain(canary).collect()
}

fn rule(note: &RuleNote) -> String {
    let did = match &note.effect {
        RuleEffect::Permits => "permits it".to_owned(),
        RuleEffect::Asks(obligation) => format!("asks `{}`", obligation.group),
        RuleEffect::Forbids => "forbids it".to_owned(),
    };
    let words: Vec<&str> =
        [&note.title, &note.description].into_iter().filter_map(|text| text.as_deref()).collect();
    match words.as_slice() {
        [] => format!("Rule `{}` {did}.", note.rule),
        [title] => format!("Rule `{}` {did}: {}.", note.rule, bare(title)),
        words => {
            let words: Vec<&str> = words.iter().map(|text| bare(text)).collect();
            format!("Rule `{}` {did}: {}.", note.rule, words.join(". "))
        }
    }
}

/// A text without its final period, which the sentence around it sets.
fn bare(text: &str) -> &str {
    text.trim_end_matches('.')
}

/// Seconds in the largest units that are exact: `4 hours`, `1 day and 30 minutes`.
fn span(seconds: u64) -> String {
    let units = [("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)];
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (unit, length) in units {
        let count = rest / length;
        rest %= length;
        if count > 0 {
            parts.push(format!("{count} {unit}{}", if count == 1 { "" } else { "s" }));
        }
    }
    match parts.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => "no time".to_owned(),
    }
}

#[cfg(test)]
mod tests;
