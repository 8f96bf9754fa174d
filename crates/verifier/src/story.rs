//! What happened in a run, told from its verified events and disclosed values: for reports, pages and exports.
//!
//! The story adds nothing to the evidence. It is only as true as the verdict beside it.

mod words;

use std::collections::BTreeMap;

use domain::event::Event;
use domain::id::RunId;
use domain::mutation::Environment;
use domain::run::{Run, Stage};
use domain::time::Timestamp;
use domain::wire::ReadEvent;
use proof::digest::Digest;
use proof::json::Value;

use crate::read::{PlannedDocument, RunParts};
use crate::values::{Field, Values};

pub use words::says;

/// The story of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// The run.
    pub run: RunId,
    /// The run in one sentence.
    pub sentence: String,
    /// Where it stands; absent when it could not be replayed.
    pub stage: Option<Stage>,
    /// Where its connectors point; absent without its first event.
    pub environment: Option<Environment>,
    /// The registered workflow; absent without its first event.
    pub workflow: Option<String>,
    /// Its plans, by revision.
    pub plans: Vec<PlanTold>,
    /// Its events, in order.
    pub moments: Vec<Moment>,
}

/// One plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanTold {
    /// Its revision.
    pub revision: u32,
    /// What is changed.
    pub mutations: Vec<MutationTold>,
}

/// One mutation of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MutationTold {
    /// Its position.
    pub n: u32,
    /// The connector.
    pub connector: String,
    /// The object.
    pub object: String,
    /// The kind, or the business action.
    pub verb: String,
    /// How it can be undone.
    pub undo: String,
    /// Hash of its document.
    pub hash: Digest,
    /// *arguments*, *guard*, *record* and *version*.
    pub fields: BTreeMap<String, Field>,
    /// Each *change*: `{after, before, field}`, where an absent member means that the field was or will be absent.
    pub changes: Vec<Field>,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// Its position in the run.
    pub seq: u64,
    /// Its position in the log.
    pub index: u64,
    /// The hash of its leaf.
    pub hash: Digest,
    /// When.
    pub time: Timestamp,
    /// Who wrote it.
    pub by: String,
    /// Its type.
    pub kind: String,
    /// What it says, as a sentence.
    pub says: String,
    /// Its sealed members.
    pub fields: BTreeMap<String, Field>,
}

/// Tells the story of a run. `run` is the run as replayed, where it could be.
pub fn of(parts: &RunParts, run: Option<&Run>, values: &Values) -> Story {
    let moments: Vec<Moment> = parts
        .chain
        .lines
        .iter()
        .filter_map(|line| {
            let read = line.event.as_ref()?;
            let fields = values.by_name(&read.leaf.sd, read.event.sealed());
            Some(Moment {
                seq: read.leaf.seq,
                index: line.index,
                hash: line.hash,
                time: read.time,
                by: read.leaf.by.id.clone(),
                kind: read.leaf.kind.clone(),
                says: says(&read.event, &read.leaf.by.id, &fields),
                fields,
            })
        })
        .collect();
    let events: Vec<&ReadEvent> = parts.chain.lines.iter().filter_map(|line| line.event.as_ref()).collect();
    let proposed = events
        .iter()
        .find_map(|read| if let Event::RunProposed(proposed) = &read.event { Some(proposed) } else { None });
    let plans = parts.plans.iter().map(|(revision, documents)| PlanTold {
        revision: *revision,
        mutations: documents.iter().map(|planned| mutation(planned, values)).collect(),
    });
    Story {
        run: parts.id,
        sentence: words::sentence(&events, &moments, run),
        stage: run.map(|run| run.stage),
        environment: proposed.map(|proposed| proposed.environment),
        workflow: proposed.map(|proposed| proposed.workflow.to_string()),
        plans: plans.collect(),
        moments,
    }
}

fn mutation(planned: &PlannedDocument, values: &Values) -> MutationTold {
    let document = &planned.document;
    MutationTold {
        n: document.n,
        connector: document.connector.clone(),
        object: document.object.clone(),
        verb: document.action.clone().unwrap_or_else(|| document.kind.clone()),
        undo: document.undo.clone(),
        hash: planned.hash,
        fields: values.by_name(&document.sd, &["arguments", "guard", "record", "version"]),
        changes: document.changes.iter().map(|digest| values.field(digest)).collect(),
    }
}

/// A value as a person reads it on one line: `{"name": …}` and texts as such, everything else as JSON. What could deceive a
/// reader of a terminal, controls and marks of direction, is written out.
pub fn plain(value: &Value) -> String {
    let named = value.get("name").and_then(Value::as_str);
    let text =
        named.or_else(|| value.as_str()).map_or_else(|| proof::canonical::to_string(value), str::to_owned);
    let mut shown = String::new();
    for (n, c) in text.chars().enumerate() {
        if n == PLAIN_CHARS_MAX {
            shown.push('…');
            break;
        }
        let deceives = c.is_control()
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}');
        if deceives { shown.extend(c.escape_unicode()) } else { shown.push(c) }
    }
    shown
}

/// Characters of a value on one line.
const PLAIN_CHARS_MAX: usize = 240;

#[cfg(test)]
mod tests {
    use proof::json::object;

    use super::*;

    #[test]
    fn a_value_on_one_line_deceives_nobody() {
        assert_eq!(plain(&object([("name", "Ann".into())])), "Ann");
        assert_eq!(plain(&object([("n", Value::Int(1))])), r#"{"n":1}"#);
        assert_eq!(plain(&"Büro 🙂".into()), "Büro 🙂");
        let tricks = "a\u{1b}[2Kb\nc\u{202e}d\u{200b}e";
        assert_eq!(plain(&tricks.into()), r"a\u{1b}[2Kb\u{a}c\u{202e}d\u{200b}e");
        assert_eq!(plain(&"x".repeat(PLAIN_CHARS_MAX).into()).chars().count(), PLAIN_CHARS_MAX);
        let longer = plain(&"x".repeat(PLAIN_CHARS_MAX + 1).into());
        assert!(longer.ends_with('…') && longer.chars().count() == PLAIN_CHARS_MAX + 1);
    }
}
