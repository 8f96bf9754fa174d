//! The change itself: field by field, before and after, and what moved meanwhile.

use super::super::paint::{DIM, GREEN, Lines, RED, YELLOW, pad, paint, printable, width, wrap};
use super::super::view::{Change, Held, Mutation, ThreeWay};
use super::super::words;

/// Columns that a field's label takes at most.
const LABEL_COLUMNS_MAX: usize = 24;

/// One mutation, field by field, with what else happens and how it can be undone.
pub fn diff(mutation: &Mutation, columns: usize) -> String {
    let mut text = String::new();
    if mutation.erased {
        text.line(format!("    {}", words::erased("its values were", mutation.erasure.as_ref())));
    }
    let names =
        mutation.changes.iter().map(label).chain(mutation.arguments.keys().map(|name| printable(name)));
    let column = column(names.chain(mutation.guard.keys().map(|name| printable(name))));
    let room = columns.saturating_sub(column + 8);
    text.push_str(&changes(&mutation.changes, column, columns, mutation.kind == "create"));
    for (name, value) in &mutation.arguments {
        let lines = wrap(&words::held(value), room);
        let mut name = printable(name);
        for line in lines {
            text.line(format!("    {}  {} {line}", pad(&name, column), paint(GREEN, "→")));
            name.clear();
        }
    }
    let absent = mutation.guard_absent.iter().map(|name| (name, &Held::Absent));
    for (name, value) in mutation.guard.iter().chain(absent) {
        let name = pad(&printable(name), column);
        text.line(format!("    {name}  {} must still be {}", paint(DIM, "="), words::held(value)));
    }
    let rest = match (mutation.kind.as_str(), mutation.unchanged) {
        (_, 0) => None,
        ("delete", fields) => Some(format!("the whole record goes, with {fields} fields")),
        (_, 1) => Some("1 field stays as it is".to_owned()),
        (_, many) => Some(format!("{many} fields stay as they are")),
    };
    text.extend(rest.map(|rest| format!("    {}\n", paint(DIM, &rest))));
    for consequence in &mutation.consequences {
        text.push_str(&marked(&paint(YELLOW, "!"), &printable(consequence), columns));
    }
    if !mutation.erased {
        text.push_str(&marked("↩", &words::undo(&mutation.undo), columns));
    }
    text
}

/// Fields with before and after. A new record has no before.
pub(super) fn changes(changes: &[Change], column: usize, columns: usize, new: bool) -> String {
    let mut text = String::new();
    let room = columns.saturating_sub(column + 8);
    for change in changes {
        let ty = change.ty.as_deref();
        let before = side("−", &change.before, ty, new, room).into_iter().map(|line| (RED, line));
        let after = side("+", &change.after, ty, false, room).into_iter().map(|line| (GREEN, line));
        let mut name = label(change);
        for (style, line) in before.chain(after) {
            text.line(format!("    {}  {}", pad(&name, column), paint(style, &line)));
            name.clear();
        }
    }
    text
}

/// Columns for these names.
pub(super) fn column(names: impl Iterator<Item = String>) -> usize {
    names.map(|name| width(&name)).max().unwrap_or(0).min(LABEL_COLUMNS_MAX)
}

/// A wrapped sentence behind a mark.
fn marked(mark: &str, sentence: &str, columns: usize) -> String {
    let mut text = String::new();
    let mut mark = mark.to_owned();
    for line in wrap(sentence, columns.saturating_sub(6)) {
        text.line(format!("    {mark} {line}"));
        " ".clone_into(&mut mark);
    }
    text
}

/// The label, with the vendor's own name where it says something else.
pub(super) fn label(change: &Change) -> String {
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
