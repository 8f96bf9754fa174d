//! Verified evidence in other people's formats.

use axum::http::HeaderValue;
use domain::id::RunId;
use domain::time::Timestamp;
use engine::queries::Bundle;
use engine::{Error, Result};
use exports::controls::{Controls, SUPPORTS, sections};
use exports::{RunEvidence, WorkspaceEvidence, aat, cloudevents, csv, jsonl, ocsf};
use proof::canonical;
use proof::json::{Value, object};
use serde::Deserialize;
use utoipa::ToSchema;
use verifier::Examined;

use super::{SigningKeys, attested, events_file};

/// What evidence is told in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// An agent audit trail, of one run.
    Aat,
    /// An in-toto statement in a DSSE envelope, of one run.
    Dsse,
    /// Events of the Open Cybersecurity Schema Framework, as lines of JSON.
    Ocsf,
    /// CloudEvents 1.0, as lines of JSON.
    Cloudevents,
    /// A table.
    Csv,
}

impl Format {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Aat => "aat",
            Self::Dsse => "dsse",
            Self::Ocsf => "ocsf",
            Self::Cloudevents => "cloudevents",
            Self::Csv => "csv",
        }
    }

    /// Whether it is about one run and nothing else.
    pub fn is_of_one_run(self) -> bool {
        match self {
            Self::Aat | Self::Dsse => true,
            Self::Ocsf | Self::Cloudevents | Self::Csv => false,
        }
    }

    /// Whether it shows sealed values; the others tell clear members only.
    pub fn shows_values(self) -> bool {
        match self {
            Self::Csv => true,
            Self::Aat | Self::Dsse | Self::Ocsf | Self::Cloudevents => false,
        }
    }

    /// The ending of its file.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Aat => "aat.jsonl",
            Self::Dsse => "dsse.json",
            Self::Ocsf => "ocsf.jsonl",
            Self::Cloudevents => "cloudevents.jsonl",
            Self::Csv => "csv",
        }
    }

    /// Its media type.
    pub fn media_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Aat | Self::Ocsf | Self::Cloudevents => "application/x-ndjson",
            Self::Dsse => "application/vnd.dsse.envelope.v1+json",
            Self::Csv => "text/csv; charset=utf-8",
        })
    }
}

/// Which of the evidence is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// One run.
    Run(RunId),
    /// Runs that were proposed from one time on and before another, and the acts of the workspace in between.
    Between(Option<Timestamp>, Option<Timestamp>),
}

/// The evidence in a format, and how many runs it is about. One leaf becomes one record.
///
/// # Errors
/// [`engine::Code::Internal`] when the run asked for is not among those that verified.
pub fn told(
    bundle: &Bundle,
    examined: Examined,
    part: Part,
    format: Format,
    keys: &SigningKeys,
) -> Result<(Vec<u8>, usize)> {
    let (runs, acts) = parted(examined, part);
    let one = || runs.first().ok_or_else(|| Error::internal("a run that verified is not there"));
    let bytes = match format {
        Format::Aat => aat::trail(one()?, &keys.trail),
        Format::Dsse => attested(one()?, events_file(bundle, one()?), keys)?,
        Format::Ocsf => lines(&runs, acts.as_ref(), ocsf::run, ocsf::workspace),
        Format::Cloudevents => lines(&runs, acts.as_ref(), cloudevents::run, cloudevents::workspace),
        Format::Csv => csv::events(&runs, acts.as_ref()),
    };
    Ok((bytes, runs.len()))
}

fn parted(examined: Examined, part: Part) -> (Vec<RunEvidence>, Option<WorkspaceEvidence>) {
    let Examined { mut runs, workspace, .. } = examined;
    match part {
        Part::Run(id) => {
            runs.retain(|run| run.run.id == id);
            (runs, None)
        }
        Part::Between(from, to) => {
            let within =
                |time: Timestamp| from.is_none_or(|from| from <= time) && to.is_none_or(|to| time < to);
            runs.retain(|run| run.entries.first().is_some_and(|entry| within(entry.time)));
            let acts = workspace.map(|mut acts| {
                acts.entries.retain(|entry| within(entry.time));
                acts
            });
            (runs, acts)
        }
    }
}

/// Records of runs and acts, in the order of the log.
fn lines(
    runs: &[RunEvidence],
    acts: Option<&WorkspaceEvidence>,
    of_run: impl Fn(&RunEvidence) -> Vec<Value>,
    of_acts: impl Fn(&WorkspaceEvidence) -> Vec<Value>,
) -> Vec<u8> {
    let mut records: Vec<(u64, Value)> = Vec::new();
    for run in runs {
        records.extend(run.entries.iter().map(|entry| entry.index).zip(of_run(run)));
    }
    if let Some(acts) = acts {
        records.extend(acts.entries.iter().map(|entry| entry.index).zip(of_acts(acts)));
    }
    records.sort_by_key(|(index, _)| *index);
    jsonl::to_bytes(records.iter().map(|(_, record)| record))
}

/// Control evidence for programs: the sections as people see them.
pub fn controls_json(controls: &Controls) -> Vec<u8> {
    let list = |items: &[String]| Value::Array(items.iter().map(|item| item.as_str().into()).collect());
    let told = sections(controls).into_iter().map(|section| {
        let rows = section.rows.iter().map(|row| {
            let evidence = row.mention.as_ref().map_or(Value::Null, |mention| {
                object([
                    ("ap_leaf_hash", mention.hash.into()),
                    ("ap_log_index", number(mention.index)),
                    ("run", mention.run.map_or(Value::Null, |run| run.to_string().into())),
                ])
            });
            object([("cells", list(&row.cells)), ("evidence", evidence)])
        });
        object([
            ("columns", Value::Array(section.columns.iter().map(|column| (*column).into()).collect())),
            ("id", section.id.into()),
            ("rows", Value::Array(rows.collect())),
            ("title", section.title.into()),
        ])
    });
    let supports = SUPPORTS.iter().map(|support| {
        object([
            ("demand", support.demand.into()),
            ("framework", support.framework.into()),
            ("reference", support.reference.into()),
            ("sections", Value::Array(support.sections.iter().map(|id| (*id).into()).collect())),
        ])
    });
    canonical::to_bytes(&object([
        ("ap_origin", controls.origin.as_str().into()),
        ("complete", Value::Bool(controls.complete)),
        ("from", controls.period.from.to_string().into()),
        ("log", object([("root", controls.head.root.into()), ("size", number(controls.head.size))])),
        ("sections", Value::Array(told.collect())),
        ("supports", Value::Array(supports.collect())),
        ("until", controls.period.until.to_string().into()),
    ]))
}

/// Positions of a log stay far below the largest exact integer.
fn number(count: u64) -> Value {
    Value::Int(i64::try_from(count).unwrap_or(proof::json::INTEGER_MAX))
}
