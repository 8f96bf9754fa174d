//! One run: what it is about, enough to decide on; and the whole lineage.

use jiff::Timestamp;

use super::super::paint::{BOLD, CYAN, DIM, GREEN, RED, YELLOW, pad, paint, printable, width, wrap};
use super::super::view::{Change, Event, Held, Mutation, Run, ThreeWay};
use super::super::words;
use super::{facts, steps, timeline};

/// Columns that a field's label takes at most.
const LABEL_COLUMNS_MAX: usize = 24;

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
    text.push_str(&format!("{}  {place}\n", paint(CYAN, &printable(&run.id))));
    text.push_str(&format!("{}\n", steps(run)));
    let sure = run.confidence_bp.map(|bp| format!(" · {} sure by its own account", words::percent(bp)));
    let when = paint(DIM, &format!(" · {}", words::moment(&run.created)));
    text.push_str(&format!("\nProposed by {who}{}{when}\n", sure.unwrap_or_default()));
    let reason = run.reason.as_deref().map_or_else(
        || paint(DIM.italic(), "the reason was erased"),
        |reason| format!("“{}”", printable(reason)),
    );
    for line in wrap(&reason, columns.saturating_sub(2)) {
        text.push_str(&format!("  {line}\n"));
    }
    if let Some(recovers) = &run.recovers {
        let of = paint(CYAN, &printable(&recovers.run));
        text.push_str(&format!("  This is the {} of {of}\n", printable(&recovers.kind)));
    }
    if let Some(from) = &run.branched_from {
        text.push_str(&format!("  It takes up the remainder of {}\n", paint(CYAN, &printable(from))));
    }
    if let Some(takeover) = &run.takeover {
        let line = format!(
            "Held by {} alone, {}",
            printable(&takeover.holder.name),
            words::left(&takeover.until, now)
        );
        text.push_str(&format!("  {}\n", paint(YELLOW, &line)));
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
        text.push_str(&format!("  {number}{}\n", words::strong(&words::mutation(mutation))));
        text.push_str(&diff(mutation, columns));
    }
    text
}

/// One mutation, field by field, with what else happens and how it can be undone.
pub fn diff(mutation: &Mutation, columns: usize) -> String {
    let mut text = String::new();
    if mutation.erased {
        text.push_str(&format!("    {}\n", paint(DIM.italic(), "its values were erased")));
    }
    let labels = mutation.changes.iter().map(|change| width(&label(change)));
    let names = mutation.arguments.keys().chain(mutation.guard.keys()).map(|name| width(name));
    let column = labels.chain(names).max().unwrap_or(0).min(LABEL_COLUMNS_MAX);
    let room = columns.saturating_sub(column + 8);
    for change in &mutation.changes {
        let ty = change.ty.as_deref();
        let before = side("−", &change.before, ty, mutation.kind == "create", room);
        let after = side("+", &change.after, ty, false, room);
        let styles = before.into_iter().map(|line| (RED, line)).chain(after.into_iter().map(|l| (GREEN, l)));
        let mut name = label(change);
        for (style, line) in styles {
            text.push_str(&format!("    {}  {}\n", pad(&name, column), paint(style, &line)));
            name.clear();
        }
    }
    for (name, value) in &mutation.arguments {
        let lines = wrap(&words::held(value), room);
        let mut name = printable(name);
        for line in lines {
            text.push_str(&format!("    {}  {} {line}\n", pad(&name, column), paint(GREEN, "→")));
            name.clear();
        }
    }
    let absent = mutation.guard_absent.iter().map(|name| (name, &Held::Absent));
    for (name, value) in mutation.guard.iter().chain(absent) {
        let name = pad(&printable(name), column);
        text.push_str(&format!("    {name}  {} must still be {}\n", paint(DIM, "="), words::held(value)));
    }
    match mutation.unchanged {
        0 => {}
        1 => text.push_str(&format!("    {}\n", paint(DIM, "1 field stays as it is"))),
        many => text.push_str(&format!("    {}\n", paint(DIM, &format!("{many} fields stay as they are")))),
    }
    for consequence in &mutation.consequences {
        text.push_str(&marked(&paint(YELLOW, "!"), &printable(consequence), columns));
    }
    text.push_str(&marked("↩", &words::undo(&mutation.undo), columns));
    text
}

/// A wrapped sentence behind a mark.
fn marked(mark: &str, sentence: &str, columns: usize) -> String {
    let mut text = String::new();
    let mut mark = mark.to_owned();
    for line in wrap(sentence, columns.saturating_sub(6)) {
        text.push_str(&format!("    {mark} {line}\n"));
        mark = " ".to_owned();
    }
    text
}

/// The label, with the vendor's own name where it says something else.
fn label(change: &Change) -> String {
    let label = if change.label.is_empty() { &change.field } else { &change.label };
    printable(label)
}

/// One side of a change, in lines.
fn side(sign: &str, held: &Held, ty: Option<&str>, new: bool, room: usize) -> Vec<String> {
    let shown = match held {
        Held::Absent if new => return Vec::new(),
        Held::Absent => words::held(held),
        Held::Is(value) => words::value(value, ty),
    };
    let lines = wrap(&shown, room.saturating_sub(2));
    lines
        .into_iter()
        .enumerate()
        .map(|(n, line)| format!("{} {line}", if n == 0 { sign } else { " " }))
        .collect()
}

/// Three values of each field that moved since the preview.
pub fn drift(fields: &[ThreeWay]) -> String {
    three_way(["field", "at the preview", "now", "proposed"], fields)
}

/// Three values of each field that stands in the way of a rollback.
pub fn conflict(fields: &[ThreeWay]) -> String {
    three_way(["field", "as the run left it", "now", "as it was before"], fields)
}

fn three_way(head: [&str; 4], fields: &[ThreeWay]) -> String {
    let row = |one: &ThreeWay| {
        vec![
            words::strong(&one.field),
            words::held(&one.base),
            paint(YELLOW, &words::held(&one.now)),
            words::held(&one.proposed),
        ]
    };
    super::table(&head, &fields.iter().map(row).collect::<Vec<_>>(), 4)
}

/// How a run stands after a command: stage, steps, the last attempt, whose turn it is.
pub fn brief(run: &Run, columns: usize, now: Timestamp) -> String {
    let mut text = format!("{}  {}\n", words::stage(&run.stage), words::strong(&words::title(run)));
    text.push_str(&format!("{}\n{}\n", paint(CYAN, &printable(&run.id)), steps(run)));
    text.push_str(&facts::counts(run, now));
    text.push_str(&facts::attempts(run, columns));
    text.push_str(&facts::conflicts(run));
    text.push_str(&facts::next(run, columns));
    text
}
