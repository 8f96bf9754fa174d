//! Tables: runs, the inbox, and any other list.

use jiff::Timestamp;

use super::super::paint::{BOLD, CYAN, DIM, Lines, pad, paint, printable, width, wrap};
use super::super::view::{Summary, Touch};
use super::super::words;
use super::diff::{changes, column, label};

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

/// `update ticket`, of the first mutation.
fn action(run: &Summary) -> String {
    let words = [run.action.as_deref(), run.object.as_deref()].into_iter().flatten();
    printable(&words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "))
}

/// Runs, one a line.
pub fn runs(items: &[Summary]) -> String {
    if items.is_empty() {
        return format!("{}\n", paint(DIM, "no runs"));
    }
    let row = |run: &Summary| {
        let many = if run.mutations > 1 { format!(" ×{}", run.mutations) } else { String::new() };
        vec![
            words::stage(&run.stage),
            paint(CYAN, &printable(&run.id)),
            format!("{}{many}", action(run)),
            printable(run.connector.as_deref().unwrap_or_default()),
            printable(&run.proposer.name),
            run.risk.as_deref().map(words::risk_level).unwrap_or_default(),
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
pub fn inbox(items: &[Waiting], columns: usize, now: Timestamp) -> String {
    if items.is_empty() {
        return format!("{}\n", paint(DIM, "nothing waits for you"));
    }
    let mut text = String::new();
    for (index, one) in items.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        let risk = one.run.risk.as_deref().map(words::risk).unwrap_or_default();
        let what = format!(
            "{} in {}",
            action(&one.run),
            printable(one.run.connector.as_deref().unwrap_or_default())
        );
        text.line(format!("{}  {}  {risk}", paint(CYAN, &printable(&one.run.id)), paint(BOLD, &what)));
        let mut parts = vec![format!("proposed by {}", printable(&one.run.proposer.name))];
        parts.extend(
            one.group.as_deref().map(|group| format!("{} of {} {}", one.given, one.needed, printable(group))),
        );
        parts.extend(one.expires.as_deref().map(|until| words::left(until, now)));
        if !one.can_decide && one.group.is_some() {
            parts.push("not yours to decide".to_owned());
        }
        text.line(format!("  {}", parts.join(" · ")));
        for line in one.why.iter().flat_map(|why| wrap(&printable(why), columns.saturating_sub(4))) {
            text.line(format!("  {}", paint(DIM, &line)));
        }
    }
    text
}

/// What happened to a record, newest first: when, who, allowed by whom, with which changes.
pub fn history(items: &[Touch], columns: usize) -> String {
    if items.is_empty() {
        return format!("{}\n", paint(DIM, "no run has touched this record"));
    }
    let mut text = String::new();
    for one in items {
        let outcome = words::outcome(&one.outcome, "the system of record");
        let head = format!("{} · {outcome}", printable(&one.action));
        text.line(format!(
            "{}  {}  {head}",
            paint(DIM, &words::moment(&one.at)),
            paint(CYAN, &printable(&one.run))
        ));
        let by: Vec<String> = one.approvals.iter().map(|given| printable(&given.person.name)).collect();
        let allowed = match (one.decision.as_deref(), by.as_slice()) {
            (Some("auto"), _) => "allowed by policy alone".to_owned(),
            (_, []) => "not allowed by anybody".to_owned(),
            (_, names) => format!("allowed by {}", names.join(", ")),
        };
        text.line(format!("  {} · {allowed}", printable(&one.proposer.name)));
        text.push_str(&changes(&one.changes, column(one.changes.iter().map(label)), columns, false));
    }
    text
}
