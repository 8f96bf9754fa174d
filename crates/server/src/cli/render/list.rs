//! Tables: runs, the inbox, and any other list.

use jiff::Timestamp;

use super::super::paint::{BOLD, CYAN, DIM, pad, paint, printable, width};
use super::super::view::Summary;
use super::super::words;

/// One painted cell.
pub type Cell = String;

/// Rows under a head, each column as wide as its widest cell, indented.
pub fn table(head: &[&str], rows: &[Vec<Cell>], indent: usize) -> String {
    let wide = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell));
        cells.chain(head.get(column).map(|name| width(name))).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(wide).collect();
    let line = |cells: &[Cell]| {
        let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| pad(cell, *width)).collect();
        format!("{}{}\n", " ".repeat(indent), padded.join("  ").trim_end())
    };
    let names: Vec<Cell> = head.iter().map(|name| paint(DIM, name)).collect();
    std::iter::once(line(&names)).chain(rows.iter().map(|row| line(row))).collect()
}

/// Runs, one a line.
pub fn runs(items: &[Summary]) -> String {
    if items.is_empty() {
        return format!("{}\n", paint(DIM, "no runs"));
    }
    let row = |run: &Summary| {
        let action = run.action.as_deref().unwrap_or("–");
        let many = if run.mutations > 1 { format!(" ×{}", run.mutations) } else { String::new() };
        vec![
            words::stage(&run.stage),
            paint(CYAN, &printable(&run.id)),
            format!("{}{many}", printable(action)),
            printable(run.connector.as_deref().unwrap_or("–")),
            printable(&run.proposer.name),
            run.risk.as_deref().map(words::risk).unwrap_or_default(),
            paint(DIM, &words::short_moment(&run.updated)),
        ]
    };
    let head = ["stage", "run", "action", "connector", "proposed by", "risk", "updated"];
    table(&head, &items.iter().map(row).collect::<Vec<_>>(), 0)
}

/// An item of the inbox.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct Waiting {
    /// The run.
    #[serde(flatten)]
    pub run: Summary,
    /// Which group is asked; none for what only needs attention.
    pub group: Option<String>,
    /// How many it owes.
    #[serde(default)]
    pub needed: u32,
    /// How many it gave.
    #[serde(default)]
    pub given: u32,
    /// Silence until then ends the run.
    pub expires: Option<String>,
    /// Whether the caller may decide.
    #[serde(default)]
    pub can_decide: bool,
    /// Why it waits.
    #[serde(default)]
    pub why: Vec<String>,
}

/// What waits, soonest first, with the reason under each.
pub fn inbox(items: &[Waiting], now: Timestamp) -> String {
    if items.is_empty() {
        return format!("{}\n", paint(DIM, "nothing waits for you"));
    }
    let mut text = String::new();
    for (index, one) in items.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        let risk = one.run.risk.as_deref().map(words::risk).unwrap_or_default();
        let action = printable(one.run.action.as_deref().unwrap_or(&one.run.workflow));
        text.push_str(&format!(
            "{}  {}  {risk}\n",
            paint(CYAN, &printable(&one.run.id)),
            paint(BOLD, &action)
        ));
        let mut parts = vec![format!("proposed by {}", printable(&one.run.proposer.name))];
        parts.extend(
            one.group.as_deref().map(|group| format!("{} of {} {}", one.given, one.needed, printable(group))),
        );
        parts.extend(one.expires.as_deref().map(|until| words::left(until, now)));
        if !one.can_decide && one.group.is_some() {
            parts.push("not yours to decide".to_owned());
        }
        text.push_str(&format!("  {}\n", parts.join(" · ")));
        for sentence in &one.why {
            text.push_str(&format!("  {}\n", paint(DIM, &printable(sentence))));
        }
    }
    text
}
