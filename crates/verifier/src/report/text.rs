//! The report that a person reads: what happened, then what was checked, then what it amounts to.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Report;
use crate::finding::{Checked, State};
use crate::story::{Moment, MutationTold, Story, plain};
use crate::values::Field;
use crate::verdict::{CLOSING, Verdict};
use proof::json::Value;

pub(super) fn write(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = sections(report, &mut out);
    out
}

fn sections(report: &Report, out: &mut String) -> std::fmt::Result {
    writeln!(out, "{}\n{}\n", report.verdict, report.verdict.meaning())?;
    head(report, out)?;
    for story in &report.runs {
        run(story, out)?;
    }
    fields(report, out)?;
    writeln!(out, "CHECKS")?;
    for checked in &report.checks {
        check(checked, out)?;
    }
    if report.verdict <= Verdict::Open {
        writeln!(
            out,
            "\nA bundle of single runs is true up to the last close in it. A later recovery shows only in a newer one."
        )?;
    }
    writeln!(out, "\n{CLOSING}")
}

fn head(report: &Report, out: &mut String) -> std::fmt::Result {
    if let Some(manifest) = &report.manifest {
        let scope = manifest.scope.as_str();
        writeln!(
            out,
            "Bundle       made {}, scope `{scope}`, {} files",
            manifest.created,
            manifest.files.len()
        )?;
        if let Some(retention) = &manifest.retention {
            writeln!(out, "Retention    {retention}")?;
        }
    }
    let Some(head) = &report.head else { return writeln!(out) };
    writeln!(out, "Log          {}", head.checkpoint.origin)?;
    writeln!(out, "Head         {} events, root {}", head.checkpoint.size, head.checkpoint.root)?;
    let whose =
        if head.trusted { "of your trust policy" } else { "of the bundle itself, which proves nothing" };
    for key in &head.keys {
        writeln!(out, "Signed by    {key} (a key {whose})")?;
    }
    for (name, time) in &head.witnesses {
        writeln!(out, "Witness      `{name}` at {time} (a key {whose})")?;
    }
    writeln!(out)
}

fn run(story: &Story, out: &mut String) -> std::fmt::Result {
    writeln!(out, "RUN {}\n{}\n", story.run, story.sentence)?;
    for plan in &story.plans {
        writeln!(out, "  Plan {}", plan.revision)?;
        for told in &plan.mutations {
            mutation(told, out)?;
        }
    }
    writeln!(out, "  What happened")?;
    for moment in &story.moments {
        writeln!(out, "  {}  {}", moment.time, moment.says)?;
        for (name, value) in told(moment) {
            writeln!(out, "  {:24}  {name}: {value}", "")?;
        }
        for (why, names) in hidden(moment) {
            writeln!(out, "  {:24}  [{}: {why}]", "", names.join(", "))?;
        }
        writeln!(out, "  {:24}  event {}, leaf {}", "", moment.index, moment.hash)?;
    }
    writeln!(out)
}

/// Members that are not here, by why not.
fn hidden(moment: &Moment) -> BTreeMap<String, Vec<&str>> {
    let mut hidden = BTreeMap::<String, Vec<&str>>::new();
    for (name, field) in &moment.fields {
        if let Some(why) = absent(field) {
            hidden.entry(why).or_default().push(name);
        }
    }
    hidden
}

/// Disclosed members that the sentence of an event does not tell. The input of a decision is for programs.
const TOLD_APART: &[(&str, &str)] = &[
    ("artifact", "file"),
    ("change", "observed"),
    ("detail", "detail"),
    ("model", "model"),
    ("observed", "seen before"),
    ("read_back", "read back"),
    ("request", "request"),
    ("response", "answer"),
    ("shown", "digest of what was shown"),
    ("source_ref", "reference"),
    ("view", "what had moved"),
];

fn told(moment: &Moment) -> Vec<(&'static str, String)> {
    let disclosed =
        |name: &str| moment.fields.get(name).and_then(Field::disclosed).filter(|value| !value.is_null());
    let mut told = Vec::new();
    // Policy gives its reasons as sentences.
    if let Some(Value::Array(sentences)) = disclosed("rationale") {
        told.extend(sentences.iter().map(|sentence| ("because", plain(sentence))));
    }
    told.extend(TOLD_APART.iter().filter_map(|(name, word)| Some((*word, plain(disclosed(name)?)))));
    told
}

fn mutation(told: &MutationTold, out: &mut String) -> std::fmt::Result {
    let record = told.fields.get("record").map_or_else(String::new, |field| match field {
        Field::Disclosed(Value::Null) => String::new(),
        Field::Disclosed(value) => format!(" {}", plain(value)),
        Field::Erased(_) | Field::Withheld => format!(" (record {})", absent(field).unwrap_or_default()),
    });
    writeln!(
        out,
        "    {}. {} {}{record} on `{}` (undo: {})",
        told.n, told.verb, told.object, told.connector, told.undo
    )?;
    for change in &told.changes {
        match change {
            Field::Disclosed(value) => {
                let side = |name: &str| value.get(name).map_or_else(|| "(absent)".to_owned(), quoted);
                let field = value.get("field").map(plain).unwrap_or_default();
                writeln!(out, "         {field}: {} → {}", side("before"), side("after"))?;
            }
            Field::Erased(_) | Field::Withheld => {
                writeln!(out, "         a change {}", absent(change).unwrap_or_default())?;
            }
        }
    }
    Ok(())
}

/// An empty text must not look like an absent one.
fn quoted(value: &Value) -> String {
    if value.as_str().is_some() { format!("\u{201C}{}\u{201D}", plain(value)) } else { plain(value) }
}

/// Why a field is not here.
fn absent(field: &Field) -> Option<String> {
    match field {
        Field::Disclosed(_) => None,
        Field::Erased(tombstone) => Some(format!(
            "erased at {} on the basis `{}`, event {}",
            tombstone.time, tombstone.basis, tombstone.index
        )),
        Field::Withheld => Some("withheld".to_owned()),
    }
}

fn fields(report: &Report, out: &mut String) -> std::fmt::Result {
    let counts = report.fields;
    writeln!(
        out,
        "SEALED FIELDS\n{} disclosed, {} erased, {} withheld\n",
        counts.disclosed, counts.erased, counts.withheld
    )
}

fn check(checked: &Checked, out: &mut String) -> std::fmt::Result {
    let word = match checked.state() {
        State::Passed => "holds",
        State::Failed => "FAILS",
        State::NotJudged => "not judged",
        State::Nothing => "nothing to check",
    };
    writeln!(out, "  {:<16} {word:<16} {}", checked.check.title(), checked.check.asks())?;
    for finding in &checked.findings {
        writeln!(out, "      {} \u{2014} {}: {}", finding.verdict, finding.place, finding.sentence)?;
    }
    for open in &checked.not_judged {
        writeln!(out, "      not judged \u{2014} {}: {}", open.place, open.sentence)?;
    }
    Ok(())
}
