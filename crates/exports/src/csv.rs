//! Tables for people (RFC 4180), in a form that a spreadsheet cannot take for a formula.
//!
//! One event is one row. What was erased and what is withheld is told apart, and both from what was never said.

#[cfg(test)]
mod tests;

use domain::event::Event;
use domain::workspace::WorkspaceEvent;
use proof::canonical;
use proof::digest::Digest;
use proof::json::Value;
use proof::leaf::ByKind;

use crate::evidence::{Entry, Field, RunEvidence, WorkspaceEvidence};
use crate::words;

/// Columns of the table of events.
pub const COLUMNS: [&str; 18] = [
    "time",
    "who",
    "who_kind",
    "who_name",
    "what",
    "type",
    "run",
    "seq",
    "tool",
    "record",
    "decision",
    "outcome",
    "code",
    "rationale",
    "sealed",
    "ap_origin",
    "ap_log_index",
    "ap_leaf_hash",
];

/// A table of text: each row ends with CR LF, each cell is quoted where it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    text: String,
}

impl Table {
    /// A table with its header.
    pub fn new<'a>(header: impl IntoIterator<Item = &'a str>) -> Self {
        let mut table = Self { text: String::new() };
        table.row(header);
        table
    }

    /// Adds a row.
    pub fn row<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) {
        for (position, cell) in cells.into_iter().enumerate() {
            if position > 0 {
                self.text.push(',');
            }
            write_cell(&mut self.text, cell);
        }
        self.text.push_str("\r\n");
    }

    /// The file, UTF-8.
    pub fn into_bytes(self) -> Vec<u8> {
        self.text.into_bytes()
    }
}

/// A cell as it stands in the table: with an apostrophe before what a spreadsheet would run as a formula.
pub fn guarded(cell: &str) -> String {
    let formula =
        |c: char| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '\t' | '\r' | '\n');
    // Some readers skip what is not seen before a formula.
    let unseen = |c: char| c.is_whitespace() || matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}');
    let runs = cell.starts_with(formula) || cell.trim_start_matches(unseen).starts_with(formula);
    if runs { format!("'{cell}") } else { cell.to_owned() }
}

fn write_cell(text: &mut String, cell: &str) {
    let cell = guarded(cell);
    if cell.contains([',', '"', '\r', '\n']) {
        text.push('"');
        text.push_str(&cell.replace('"', "\"\""));
        text.push('"');
    } else {
        text.push_str(&cell);
    }
}

/// One table of these runs and acts, in the order of the log.
pub fn events(runs: &[RunEvidence], workspace: Option<&WorkspaceEvidence>) -> Vec<u8> {
    let of_runs =
        runs.iter().flat_map(|run| run.entries.iter().map(|entry| (entry.index, of_run(run, entry))));
    let acts = workspace.into_iter().flat_map(|workspace| {
        workspace.entries.iter().map(|entry| (entry.index, of_act(&workspace.origin, entry)))
    });
    let mut rows: Vec<(u64, [String; COLUMNS.len()])> = of_runs.chain(acts).collect();
    rows.sort_by_key(|(index, _)| *index);
    let mut table = Table::new(COLUMNS);
    for (_, row) in &rows {
        table.row(row.iter().map(String::as_str));
    }
    table.into_bytes()
}

/// What a row says beside what every row says.
#[derive(Default)]
struct Said {
    decision: String,
    outcome: String,
    code: String,
    mutation: Option<Digest>,
}

fn of_run(evidence: &RunEvidence, entry: &Entry<Event>) -> [String; COLUMNS.len()] {
    let said = said(&entry.event);
    let planned = said.mutation.and_then(|mutation| evidence.planned.get(&mutation));
    let record = planned.and_then(|planned| planned.fields.get("record")).map_or_else(String::new, shown);
    let tool = said.mutation.map_or_else(String::new, |mutation| evidence.tool(&mutation));
    let run = evidence.run.id.to_string();
    row(&evidence.origin, entry, words::event(&entry.event), run, [tool, record], said)
}

fn of_act(origin: &str, entry: &Entry<WorkspaceEvent>) -> [String; COLUMNS.len()] {
    let said = Said { code: code(&entry.event), ..Said::default() };
    row(origin, entry, words::act(&entry.event), String::new(), [String::new(), String::new()], said)
}

fn row<E>(
    origin: &str,
    entry: &Entry<E>,
    what: &str,
    run: String,
    [tool, record]: [String; 2],
    said: Said,
) -> [String; COLUMNS.len()] {
    let of_first = |names: &[&str]| {
        names.iter().find_map(|name| entry.fields.get(*name)).map_or_else(String::new, shown)
    };
    [
        entry.leaf.time.clone(),
        entry.leaf.by.id.clone(),
        entry.leaf.by.kind.as_str().to_owned(),
        // The name of whoever wrote the event; the name of an enrolled approver is another person's.
        match entry.leaf.by.kind {
            ByKind::Agent | ByKind::Person | ByKind::Service => {
                of_first(&["proposer", "approver", "operator", "author"])
            }
            ByKind::Policy | ByKind::System => String::new(),
        },
        what.to_owned(),
        entry.leaf.kind.clone(),
        run,
        entry.leaf.seq.to_string(),
        tool,
        record,
        said.decision,
        said.outcome,
        said.code,
        of_first(&["rationale", "reason", "comment"]),
        counts(entry),
        origin.to_owned(),
        entry.index.to_string(),
        entry.hash.to_string(),
    ]
}

/// A sealed value in a cell. What was never said is empty.
fn shown(field: &Field) -> String {
    match field {
        Field::Disclosed(Value::Null) => String::new(),
        Field::Disclosed(value) => field.text().map_or_else(|| canonical::to_string(value), str::to_owned),
        Field::Erased { index, time, basis } => format!("[erased {time}, {basis}, log index {index}]"),
        Field::Withheld => "[withheld]".to_owned(),
    }
}

/// How many sealed members the event has of which kind.
fn counts<E>(entry: &Entry<E>) -> String {
    let (mut disclosed, mut erased, mut withheld) = (0u32, 0u32, 0u32);
    for field in entry.fields.values() {
        match field {
            Field::Disclosed(_) => disclosed += 1,
            Field::Erased { .. } => erased += 1,
            Field::Withheld => withheld += 1,
        }
    }
    format!("{disclosed} disclosed, {erased} erased, {withheld} withheld")
}

fn said(event: &Event) -> Said {
    let none = Said::default;
    match event {
        Event::PolicyDecided(event) => Said { decision: event.decision.word().to_owned(), ..none() },
        Event::ApprovalGiven(event) => {
            Said { decision: "approved".to_owned(), code: event.group.to_string(), ..none() }
        }
        Event::ApprovalRejected(event) => {
            Said { decision: "rejected".to_owned(), code: event.group.to_string(), ..none() }
        }
        Event::RunAuthorized(event) => {
            Said { decision: "authorized".to_owned(), code: event.basis.to_string(), ..none() }
        }
        Event::AuthorizationVoided(event) => {
            Said { decision: "voided".to_owned(), code: event.code.to_string(), ..none() }
        }
        Event::DivergenceAccepted(event) => {
            Said { decision: "accepted".to_owned(), mutation: Some(event.mutation), ..none() }
        }
        Event::AttemptStarted(event) => {
            Said { code: event.guarantee.to_string(), mutation: Some(event.mutation), ..none() }
        }
        Event::AttemptFinished(event) => attempted(event.outcome.word(), event.code.as_str(), event.mutation),
        Event::AttemptReconciled(event) => {
            attempted(event.outcome.word(), event.code.as_str(), event.mutation)
        }
        Event::RecoveryPlanned(event) => Said { code: event.kind.to_string(), ..none() },
        Event::RecoveryFinished(event) => {
            Said { outcome: event.outcome.to_string(), code: event.kind.to_string(), ..none() }
        }
        Event::RunHandedBack(event) => Said { code: event.code.to_string(), ..none() },
        Event::RunCancelled(event) => Said { code: event.code.to_string(), ..none() },
        Event::RunExpired(event) => Said { code: event.code.to_string(), ..none() },
        Event::RunClosed(event) => {
            Said { outcome: event.stage.to_string(), code: event.code.to_string(), ..none() }
        }
        Event::RunProposed(event) => Said { code: event.workflow.to_string(), ..none() },
        Event::PlanPreviewed(_)
        | Event::PlanAmended(_)
        | Event::PlanDrifted(_)
        | Event::ApprovalRequested(_)
        | Event::RunTakenOver(_)
        | Event::ChangeObserved(_)
        | Event::ArtifactAttached(_)
        | Event::RunCommented(_) => none(),
    }
}

fn attempted(outcome: &str, code: &str, mutation: Digest) -> Said {
    Said { outcome: outcome.to_owned(), code: code.to_owned(), mutation: Some(mutation), ..Said::default() }
}

/// What an act is about, in one clear word.
fn code(act: &WorkspaceEvent) -> String {
    match act {
        WorkspaceEvent::PolicyPublished(act) => act.policy.to_string(),
        WorkspaceEvent::PolicyActivated(act) => act.policy.to_string(),
        WorkspaceEvent::ConnectorChanged(act) => act.connector.to_string(),
        WorkspaceEvent::LaneChanged(act) => act.lane.to_string(),
        WorkspaceEvent::AccessChanged(act) => format!("{} {}", act.code, act.principal),
        WorkspaceEvent::PauseSet(act) => format!("{} {}", act.kind, act.id),
        WorkspaceEvent::PauseLifted(act) => format!("{} {}", act.kind, act.id),
        WorkspaceEvent::ApproverEnrolled(act) => act.approver.to_string(),
        WorkspaceEvent::ApproverRemoved(act) => act.approver.to_string(),
        WorkspaceEvent::LogOpened(act) => act.origin.clone(),
        WorkspaceEvent::LogVerified(act) => act.verdict.to_string(),
        WorkspaceEvent::KeyRotated(act) => act.new_vkey.clone(),
        WorkspaceEvent::WitnessChanged(act) => act.trust_digest.to_string(),
        WorkspaceEvent::DisclosureErased(act) => act.basis.to_string(),
        WorkspaceEvent::ErasureRefused(act) => act.basis.to_string(),
        WorkspaceEvent::HoldPlaced(act) => act.hold.to_string(),
        WorkspaceEvent::HoldReleased(act) => act.hold.to_string(),
        WorkspaceEvent::ExportMade(act) => act.scope.to_string(),
    }
}
