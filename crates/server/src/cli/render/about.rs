//! One run: what it is about, enough to decide on; and the whole lineage.

use jiff::Timestamp;

use super::super::paint::{BOLD, CYAN, DIM, Lines, YELLOW, paint, printable, wrap};
use super::super::view::{Event, Run};
use super::super::words;
use super::{diff, facts, steps, timeline};

/// What a verdict or a command is about: head, change, consequences, undo, decision, how far approval is, drift.
pub fn about(run: &Run, columns: usize, now: Timestamp) -> String {
    let mut text = head(run, columns, now);
    text.push_str(&plan(run, columns));
    text.push_str(&facts::decision(run, columns, now));
    text.push_str(&facts::approvals(run, columns));
    text.push_str(&facts::drift(run));
    text
}

/// Everything about a run, with its events at the end.
pub fn lineage(run: &Run, events: &[Event], columns: usize, now: Timestamp) -> String {
    let mut text = about(run, columns, now);
    text.push_str(&facts::attempts(run, columns));
    text.push_str(&facts::recovery(run));
    text.push_str(&facts::conflicts(run));
    text.push_str(&facts::next(run, columns));
    if !events.is_empty() {
        text.push_str(&section("Timeline", "UTC"));
        text.push_str(&timeline(events, columns));
    }
    text
}

/// A heading with something dim beside it.
pub(super) fn section(name: &str, beside: &str) -> String {
    let beside = if beside.is_empty() { String::new() } else { format!("  {}", paint(DIM, beside)) };
    format!("\n{}{beside}\n", paint(BOLD, name))
}

fn head(run: &Run, columns: usize, now: Timestamp) -> String {
    let mut text = format!("{}  {}\n", words::stage(&run.stage), words::strong(&words::title(run)));
    let who = words::strong(&run.proposer.name);
    let place =
        paint(DIM, &format!("{} · workflow {}", printable(&run.environment), printable(&run.workflow)));
    text.line(format!("{}  {place}", paint(CYAN, &printable(&run.id))));
    text.line(steps(run));
    let sure = run.confidence_bp.map(|bp| format!(" · {} sure by its own account", words::percent(bp)));
    let when = paint(DIM, &format!(" · {}", words::moment(&run.created)));
    text.line(format!("\nProposed by {who}{}{when}", sure.unwrap_or_default()));
    let reason = run.reason.as_deref().map_or_else(
        || words::erased("the reason was", run.erasure.as_ref()),
        |reason| format!("“{}”", printable(reason)),
    );
    for line in wrap(&reason, columns.saturating_sub(2)) {
        text.line(format!("  {line}"));
    }
    if let Some(recovers) = &run.recovers {
        let of = paint(CYAN, &printable(&recovers.run));
        text.line(format!("  This is the {} of {of}", printable(&recovers.kind)));
    }
    if let Some(from) = &run.branched_from {
        text.line(format!("  It takes up the remainder of {}", paint(CYAN, &printable(from))));
    }
    if let Some(takeover) = &run.takeover {
        let line = format!(
            "Held by {} alone, {}",
            printable(&takeover.holder.name),
            words::left(&takeover.until, now)
        );
        text.line(format!("  {}", paint(YELLOW, &line)));
    }
    text
}

fn plan(run: &Run, columns: usize) -> String {
    let digest = run.plan_digest.as_deref().map_or_else(
        || "not previewed yet".to_owned(),
        |digest| format!("revision {} · digest {}", run.revision, words::digest(digest)),
    );
    let mut text = section("Plan", &digest);
    let many = run.plan.mutations.len() > 1;
    for mutation in &run.plan.mutations {
        let number = if many { format!("{}. ", mutation.n + 1) } else { String::new() };
        text.line(format!("  {number}{}", words::strong(&words::mutation(mutation))));
        text.push_str(&diff(mutation, columns));
    }
    text
}

/// How a run stands after a command: stage, steps, the last attempt, whose turn it is.
pub fn brief(run: &Run, columns: usize, now: Timestamp) -> String {
    let mut text = format!("{}  {}\n", words::stage(&run.stage), words::strong(&words::title(run)));
    text.line(format!("{}\n{}", paint(CYAN, &printable(&run.id)), steps(run)));
    text.push_str(&facts::counts(run, now));
    text.push_str(&facts::attempts(run, columns));
    text.push_str(&facts::conflicts(run));
    text.push_str(&facts::next(run, columns));
    text
}
