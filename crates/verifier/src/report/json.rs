//! The report that a program reads. Members are added in later versions, and none changes its meaning or goes.
//!
//! ```text
//! {"v":"actionplane.report/1","verdict","meaning","exit_code","closing",
//!  "bundle":{"created","origin","retention","scope","size"}?,
//!  "head":{"keys":[vkey],"origin","root","size","trusted","witnesses":{name:time}}?,
//!  "fields":{"disclosed","erased","withheld"},
//!  "checks":[{"id","title","state","looked_at","findings":[{"verdict","sentence","file"?,"run"?,"index"?}],
//!             "not_judged":[{"sentence","file"?,"run"?,"index"?}]}],
//!  "runs":[{"run","sentence","stage"?,"environment"?,"workflow"?,
//!           "plans":[{"revision","mutations":[{"n","connector","object","verb","undo","hash","fields","changes"}]}],
//!           "events":[{"seq","index","hash","time","by","type","says","fields"}]}]}
//! field: {"class":"disclosed","value"} | {"class":"erased","basis","index","time"} | {"class":"withheld"}
//! state: passed | failed | not_judged | nothing
//! ```

use proof::canonical;
use proof::json::{Object, Value, object};

use super::Report;
use crate::finding::{Checked, Place};
use crate::story::{MutationTold, Story};
use crate::values::Field;
use crate::verdict::CLOSING;

/// The version of the form.
const V: &str = "actionplane.report/1";

pub(super) fn write(report: &Report) -> String {
    let mut members = members([
        ("checks", list(&report.checks, check)),
        ("closing", CLOSING.into()),
        ("exit_code", u32::from(report.verdict.exit_code()).into()),
        (
            "fields",
            object([
                ("disclosed", number(report.fields.disclosed)),
                ("erased", number(report.fields.erased)),
                ("withheld", number(report.fields.withheld)),
            ]),
        ),
        ("meaning", report.verdict.meaning().into()),
        ("runs", list(&report.runs, run)),
        ("v", V.into()),
        ("verdict", report.verdict.word().into()),
    ]);
    if let Some(manifest) = &report.manifest {
        let mut bundle = self::members([
            ("created", manifest.created.as_str().into()),
            ("origin", manifest.origin.as_str().into()),
            ("scope", manifest.scope.as_str().into()),
            ("size", number(manifest.size)),
        ]);
        bundle
            .extend(manifest.retention.as_ref().map(|class| ("retention".to_owned(), class.as_str().into())));
        members.insert("bundle".to_owned(), Value::Object(bundle));
    }
    if let Some(head) = &report.head {
        let witnesses = head.witnesses.iter().map(|(name, time)| (name.clone(), time.to_string().into()));
        let head = object([
            ("keys", list(&head.keys, |key| key.as_str().into())),
            ("origin", head.checkpoint.origin.as_str().into()),
            ("root", head.checkpoint.root.into()),
            ("size", number(head.checkpoint.size)),
            ("trusted", head.trusted.into()),
            ("witnesses", Value::Object(witnesses.collect())),
        ]);
        members.insert("head".to_owned(), head);
    }
    canonical::to_string(&Value::Object(members))
}

fn members<const N: usize>(members: [(&str, Value); N]) -> Object {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn list<T>(items: &[T], value: impl Fn(&T) -> Value) -> Value {
    Value::Array(items.iter().map(value).collect())
}

fn number(count: u64) -> Value {
    Value::Int(i64::try_from(count).unwrap_or(i64::MAX))
}

fn placed(place: &Place, sentence: &str) -> Object {
    let mut told = members([("sentence", sentence.into())]);
    told.extend(place.file.as_ref().map(|file| ("file".to_owned(), file.as_str().into())));
    told.extend(place.run.as_ref().map(|run| ("run".to_owned(), run.as_str().into())));
    told.extend(place.index.map(|index| ("index".to_owned(), number(index))));
    told
}

fn check(checked: &Checked) -> Value {
    object([
        (
            "findings",
            list(&checked.findings, |finding| {
                let mut told = placed(&finding.place, &finding.sentence);
                told.insert("verdict".to_owned(), finding.verdict.word().into());
                Value::Object(told)
            }),
        ),
        ("id", checked.check.id().into()),
        ("looked_at", number(checked.looked_at)),
        ("not_judged", list(&checked.not_judged, |open| Value::Object(placed(&open.place, &open.sentence)))),
        ("state", checked.state().word().into()),
        ("title", checked.check.title().into()),
    ])
}

fn field(field: &Field) -> Value {
    match field {
        Field::Disclosed(value) => object([("class", "disclosed".into()), ("value", value.clone())]),
        Field::Erased(tombstone) => object([
            ("basis", tombstone.basis.as_str().into()),
            ("class", "erased".into()),
            ("index", number(tombstone.index)),
            ("time", tombstone.time.to_string().into()),
        ]),
        Field::Withheld => object([("class", "withheld".into())]),
    }
}

fn fields(fields: &std::collections::BTreeMap<String, Field>) -> Value {
    Value::Object(fields.iter().map(|(name, one)| (name.clone(), field(one))).collect())
}

fn run(story: &Story) -> Value {
    let plans = list(&story.plans, |plan| {
        object([("mutations", list(&plan.mutations, mutation)), ("revision", plan.revision.into())])
    });
    let events = list(&story.moments, |moment| {
        object([
            ("by", moment.by.as_str().into()),
            ("fields", fields(&moment.fields)),
            ("hash", moment.hash.into()),
            ("index", number(moment.index)),
            ("says", moment.says.as_str().into()),
            ("seq", number(moment.seq)),
            ("time", moment.time.to_string().into()),
            ("type", moment.kind.as_str().into()),
        ])
    });
    let mut told = members([
        ("events", events),
        ("plans", plans),
        ("run", story.run.to_string().into()),
        ("sentence", story.sentence.as_str().into()),
    ]);
    told.extend(story.stage.map(|stage| ("stage".to_owned(), stage.word().into())));
    told.extend(story.environment.map(|environment| ("environment".to_owned(), environment.word().into())));
    told.extend(story.workflow.as_ref().map(|workflow| ("workflow".to_owned(), workflow.as_str().into())));
    Value::Object(told)
}

fn mutation(told: &MutationTold) -> Value {
    object([
        ("changes", list(&told.changes, field)),
        ("connector", told.connector.as_str().into()),
        ("fields", fields(&told.fields)),
        ("hash", told.hash.into()),
        ("n", told.n.into()),
        ("object", told.object.as_str().into()),
        ("undo", told.undo.as_str().into()),
        ("verb", told.verb.as_str().into()),
    ])
}
