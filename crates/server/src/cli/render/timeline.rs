//! Events, one a line: when, leaf hash, who, what in a sentence.

use super::super::paint::{DIM, Lines, cut, pad, paint, printable, wrap};
use super::super::view::Event;
use super::super::words;
use super::sentence::sentence;

/// Columns of a name.
const WHO_COLUMNS: usize = 16;
/// Columns of a time.
const CLOCK_COLUMNS: usize = 12;
/// Characters of a leaf hash.
const HASH_CHARS: usize = 8;
/// Columns before the sentence.
const INDENT: usize = 2 + CLOCK_COLUMNS + 2 + HASH_CHARS + 2 + WHO_COLUMNS + 2;

/// All events.
pub fn timeline(events: &[Event], columns: usize) -> String {
    events.iter().map(|event| event_line(event, columns)).collect()
}

/// One event, wrapped under its own sentence.
pub fn event_line(event: &Event, columns: usize) -> String {
    let who = cut(&printable(&event.by.name), WHO_COLUMNS);
    let hash = printable(event.hash.get(..HASH_CHARS).unwrap_or(&event.hash));
    let mut lines = wrap(&sentence(event), columns.saturating_sub(INDENT).max(24)).into_iter();
    let first = lines.next().unwrap_or_default();
    let mut text = format!(
        "  {}  {}  {}  {first}\n",
        pad(&words::clock(&event.at), CLOCK_COLUMNS),
        paint(DIM, &pad(&hash, HASH_CHARS)),
        pad(&who, WHO_COLUMNS)
    );
    for line in lines {
        text.line(format!("{}{line}", " ".repeat(INDENT)));
    }
    text
}
