//! What was decided, allowed, tried and undone, section by section. An empty section is left out.

use jiff::Timestamp;

use super::super::paint::{BOLD, CYAN, DIM, GREEN, Lines, RED, YELLOW, paint, printable, wrap};
use super::super::view::{Attempt, Run};
use super::super::words;
use super::about::section;
use super::diff::{conflict, drift as moved};

pub(super) fn decision(run: &Run, columns: usize, now: Timestamp) -> String {
    let Some(decision) = &run.decision else { return String::new() };
    let set = decision.policy.as_deref().map(|digest| format!("policy set {}", words::digest(digest)));
    let mut text = section("Decision", &set.unwrap_or_default());
    let rules = decision.rules.iter().map(|rule| printable(rule)).collect::<Vec<_>>().join(", ");
    let rules = if rules.is_empty() { rules } else { format!(" · {}", paint(DIM, &rules)) };
    text.line(format!("  {} · {}{rules}", words::decision(&decision.decision), words::risk(&decision.risk)));
    for sentence in &decision.explanation {
        for line in wrap(&printable(sentence), columns.saturating_sub(4)) {
            text.line(format!("  {line}"));
        }
    }
    if let Some(erasure) = &decision.erasure {
        text.line(format!("  {}", words::erased("the explanation was", Some(erasure))));
    }
    if let Some(request) = run.request.as_ref().filter(|_| run.stage == "awaiting_approval") {
        let left = words::left(&request.expires, now);
        text.line(format!("  {}", paint(YELLOW, &format!("Waits for people, {left}"))));
    }
    text
}

pub(super) fn approvals(run: &Run, columns: usize) -> String {
    let asked = run.decision.iter().flat_map(|decision| &decision.obligations);
    let counts: Vec<String> =
        asked.map(|one| format!("{} of {} {}", one.given, one.quorum, printable(&one.group))).collect();
    if counts.is_empty() && run.approvals.is_empty() {
        return String::new();
    }
    let mut text = section("Approvals", &counts.join(" · "));
    if run.approvals.is_empty() {
        text.line(format!("  {}", paint(DIM, "nobody has given a verdict yet")));
    }
    for one in &run.approvals {
        let (mark, verb) = match one.verdict.as_str() {
            "approve" => (paint(GREEN, "✓"), "approved"),
            "reject" => (paint(RED, "✗"), "rejected"),
            other => (paint(DIM, "?"), other),
        };
        let void = run.plan_digest.as_deref() != Some(one.plan_digest.as_str());
        let which = format!("· plan {}{}", words::digest(&one.plan_digest), if void { ", void" } else { "" });
        text.line(format!(
            "  {mark} {} {verb} for {} at {} {}",
            words::strong(&one.person.name),
            printable(&one.group),
            words::clock(&one.at),
            paint(DIM, &which)
        ));
        for line in one.rationale.iter().flat_map(|why| wrap(&printable(why), columns.saturating_sub(6))) {
            text.line(format!("    {line}"));
        }
        if let Some(erasure) = &one.erasure {
            text.line(format!("    {}", words::erased("the reason was", Some(erasure))));
        }
    }
    text
}

/// How far the approvals are, in a line.
pub(super) fn counts(run: &Run, now: Timestamp) -> String {
    let Some(request) = run.request.as_ref().filter(|_| run.stage == "awaiting_approval") else {
        return String::new();
    };
    let asked = run.decision.iter().flat_map(|decision| &decision.obligations);
    let counts: Vec<String> =
        asked.map(|one| format!("{} of {} {}", one.given, one.quorum, printable(&one.group))).collect();
    format!("  {} · {}\n", counts.join(" · "), words::left(&request.expires, now))
}

pub(super) fn attempts(run: &Run, columns: usize) -> String {
    if run.attempts.is_empty() {
        return String::new();
    }
    let mut text = section("Attempts", "");
    for one in &run.attempts {
        let planned = run.plan.mutations.iter().find(|mutation| mutation.n == one.n);
        let connector = planned.map_or("the system of record", |mutation| mutation.connector.as_str());
        let number = if run.plan.mutations.len() > 1 {
            format!("{}, attempt {}", one.n + 1, one.attempt)
        } else {
            format!("attempt {}", one.attempt)
        };
        let outcome = one
            .outcome
            .as_deref()
            .map_or_else(|| paint(YELLOW, "in flight"), |outcome| words::outcome(outcome, connector));
        let code = one.code.as_deref().map(|code| format!(" · {}", words::outcome_code(code)));
        let line = format!("{} {outcome}{}", paint(BOLD, &number), code.unwrap_or_default());
        for (n, line) in wrap(&line, columns.saturating_sub(4)).into_iter().enumerate() {
            text.line(format!("  {}{line}", if n == 0 { "" } else { "  " }));
        }
        for line in wrap(&small_print(one), columns.saturating_sub(6)) {
            text.line(format!("    {}", paint(DIM, &line)));
        }
        if let Some(erasure) = &one.erasure {
            text.line(format!("    {}", words::erased("what was sent and seen was", Some(erasure))));
        }
    }
    text
}

fn small_print(one: &Attempt) -> String {
    let mut parts = vec![format!("from {}", words::clock(&one.started))];
    if let Some(took) = one.finished.as_deref().and_then(|end| words::took(&one.started, end)) {
        parts.push(format!("took {took}"));
    }
    parts.extend(one.guarantee.as_deref().map(|word| format!("guarantee {}", printable(word))));
    parts.extend(one.evidence.as_deref().map(|word| format!("evidence {}", printable(word))));
    parts.extend(one.key.as_deref().map(|key| format!("key {}", words::digest(key))));
    if one.reconciled {
        parts.push("reconciled: it was unknown first".to_owned());
    }
    if one.retryable {
        parts.push("may be tried again".to_owned());
    }
    parts.join(" · ")
}

pub(super) fn drift(run: &Run) -> String {
    let mut text = String::new();
    for one in &run.drift {
        let beside = format!("at {}, caught before the write", words::clock(&one.at));
        text.push_str(&section("Drift", &beside));
        if one.view.is_empty() {
            text.line(format!("  {}", words::erased("its values were", one.erasure.as_ref())));
        } else {
            text.push_str(&moved(&one.view));
        }
        let void = format!("Nothing was written. Plan {} is void.", words::digest(&one.plan_digest));
        text.line(format!("    {}", paint(DIM, &void)));
    }
    text
}

pub(super) fn recovery(run: &Run) -> String {
    let known = &run.recovery;
    if known.possible.is_empty() && known.runs.is_empty() {
        return String::new();
    }
    let mut text = section("Recovery", "");
    for child in &known.runs {
        let end = match child.outcome.as_deref() {
            None => paint(YELLOW, "open"),
            Some(word @ ("restored" | "compensated")) => paint(GREEN, word),
            Some("conflict") => paint(YELLOW, "conflict, nothing was overwritten"),
            Some(word) => paint(RED, &printable(word)),
        };
        let id = paint(CYAN, &printable(&child.run));
        text.line(format!("  {} {id} {end}", printable(&child.kind)));
    }
    for kind in &known.possible {
        let verb = if kind == "rollback" { "rollback" } else { "compensate" };
        let how = format!("actionplane {verb} {}", printable(&run.id));
        text.line(format!("  {} is possible: {}", printable(kind), paint(CYAN, &how)));
    }
    text
}

pub(super) fn conflicts(run: &Run) -> String {
    let mut text = String::new();
    for one in &run.conflicts {
        text.push_str(&section(
            "Conflict",
            "somebody else moved these fields since; nothing was overwritten",
        ));
        text.push_str(&conflict(&one.fields));
    }
    text
}

/// Whose turn it is.
pub fn next(run: &Run, columns: usize) -> String {
    let Some(next) = run.next.as_ref().filter(|next| next.owner != "nobody") else { return String::new() };
    let mut text = section("Next", "");
    for line in wrap(&words::next(next), columns.saturating_sub(4)) {
        text.line(format!("  {line}"));
    }
    text
}
