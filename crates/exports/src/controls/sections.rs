//! The report as sections of rows, the same for every form in which it is written.

use super::{Controls, Decisions, GroupUse, Mention, Pause, PolicyUse, Told, Waits};

/// One part of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its name in links and tables.
    pub id: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// What it shows and how it was counted.
    pub intro: &'static str,
    /// Names of the columns; the first one names the row.
    pub columns: &'static [&'static str],
    /// The rows, each with as many cells as there are columns.
    pub rows: Vec<Row>,
}

/// One fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its cells.
    pub cells: Vec<String>,
    /// The leaf that it rests on; none for a number over many.
    pub mention: Option<Mention>,
}

impl Row {
    fn of(cells: impl IntoIterator<Item = impl ToString>) -> Self {
        Self { cells: cells.into_iter().map(|cell| cell.to_string()).collect(), mention: None }
    }

    fn at(self, mention: &Mention) -> Self {
        Self { mention: Some(mention.clone()), ..self }
    }
}

/// The sections, in the order of the report.
pub fn sections(controls: &Controls) -> Vec<Section> {
    vec![
        population(controls),
        Section {
            id: "policies",
            title: "Policy sets in force",
            intro: "Every set that was in force during the period, and the decisions of the period that it made.",
            columns: &["policy", "published by", "in force from", "until", "auto", "approval", "deny"],
            rows: controls.policies.iter().map(policy).collect(),
        },
        Section {
            id: "rules",
            title: "Rules that acted",
            intro: "How often each rule determined a decision. One decision may rest on several rules.",
            columns: &["rule", "decisions", "auto", "approval", "deny"],
            rows: controls.rules.iter().map(|(rule, decisions)| counted(rule, *decisions)).collect(),
        },
        Section {
            id: "approvals",
            title: "Groups of approvers",
            intro: "Who could approve at the end of the period, and how often each group was asked and answered.",
            columns: &["group", "members", "enrolled", "removed", "asked", "approved", "rejected"],
            rows: controls.groups.iter().map(|(name, group)| grouped(name, group)).collect(),
        },
        duties(controls),
        Section {
            id: "pauses",
            title: "Pauses",
            intro: "Every pause that was in force during the period. While one is, no attempt starts under it.",
            columns: &["paused", "set at", "set by", "lifted at", "lifted by"],
            rows: controls.pauses.iter().map(pause).collect(),
        },
        listed(
            "overrides",
            "Overrides by people",
            "What persons did in place of the usual course: takeovers, amendments, settlements, recoveries.",
            &controls.overrides,
        ),
        Section {
            id: "times",
            title: "Time to decision",
            intro: "From the request for approvals to the verdict, and from an unknown outcome to its settlement. Counted where it ended in the period.",
            columns: &["wait", "ended", "median", "nine in ten within", "longest", "without an end"],
            rows: vec![
                waited("approval", &controls.verdicts),
                waited("unknown outcome", &controls.settlements),
            ],
        },
        listed(
            "exceptions",
            "Exceptions",
            "Everything that went another way than planned, one row per event.",
            &controls.exceptions,
        ),
        listed(
            "administration",
            "Administration",
            "Other acts of the period: access, connectors, keys, erasures, holds, verifications and exports.",
            &controls.administration,
        ),
        log(controls),
    ]
}

fn population(controls: &Controls) -> Section {
    let population = &controls.population;
    let mut rows = vec![
        Row::of(["runs with an event in the period".to_owned(), population.runs.to_string()]),
        Row::of(["events of runs".to_owned(), population.events.to_string()]),
    ];
    let count = |what: &str, word: &str, count: &u64| Row::of([format!("{what}: {word}"), count.to_string()]);
    rows.extend(population.proposed.iter().map(|(at, n)| count("runs proposed", at.word(), n)));
    rows.extend(population.closed.iter().map(|(stage, n)| count("runs closed", stage, n)));
    rows.push(Row::of(["attempts started".to_owned(), population.attempts.to_string()]));
    rows.extend(population.outcomes.iter().map(|(word, n)| count("attempts ended", word, n)));
    rows.extend(population.recoveries.iter().map(|(word, n)| count("recoveries ended", word, n)));
    Section {
        id: "population",
        title: "Runs and outcomes",
        intro: "Every run with an event in the period. A run that was recovered closes more than once.",
        columns: &["what", "count"],
        rows,
    }
}

fn policy(used: &PolicyUse) -> Row {
    let PolicyUse { policy, published, activated, until, decisions } = used;
    let author = published.as_ref().map_or_else(|| "(act not at hand)".to_owned(), |act| act.by.clone());
    let until = until.map_or_else(|| "end of the period".to_owned(), |until| until.to_string());
    Row::of([
        policy.to_string(),
        author,
        activated.time.to_string(),
        until,
        decisions.auto.to_string(),
        decisions.approval.to_string(),
        decisions.deny.to_string(),
    ])
    .at(activated)
}

fn counted(rule: &str, decisions: Decisions) -> Row {
    let Decisions { auto, approval, deny } = decisions;
    Row::of(
        [rule.to_owned()].into_iter().chain([decisions.total(), auto, approval, deny].map(|n| n.to_string())),
    )
}

fn grouped(name: &str, group: &GroupUse) -> Row {
    let GroupUse { members, enrolled, removed, asked, given, rejected } = group;
    let names = [name.to_owned(), members.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")];
    Row::of(names.into_iter().chain([enrolled, removed, asked, given, rejected].map(ToString::to_string)))
}

fn duties(controls: &Controls) -> Section {
    let duties = &controls.duties;
    let rows = [
        (
            "verdicts by persons who did not propose, amend or hold the run",
            duties.verdicts,
            duties.by_proposers,
        ),
        (
            "verdicts by persons enrolled in the group at that place of the log",
            duties.verdicts,
            duties.not_enrolled,
        ),
        ("policy sets activated by another person than their author", duties.activations, duties.by_authors),
    ];
    let row = |(what, looked_at, against): (&str, u64, u64)| {
        Row::of([
            what.to_owned(),
            looked_at.to_string(),
            (looked_at - against.min(looked_at)).to_string(),
            against.to_string(),
        ])
    };
    Section {
        id: "duties",
        title: "Separation of duties",
        intro: "How often each rule was looked at, and where it did not hold; those stand among the exceptions. The starter set of an empty workspace is activated by its author.",
        columns: &["rule", "looked at", "held", "did not hold"],
        rows: rows.into_iter().map(row).collect(),
    }
}

fn pause(pause: &Pause) -> Row {
    let of = |part: fn(&Mention) -> String| {
        pause.lifted.as_ref().map_or_else(|| "still in force".to_owned(), part)
    };
    let what = format!("{} {}", pause.kind, pause.id);
    let (set_at, set_by) = (pause.set.time.to_string(), pause.set.by.clone());
    Row::of([what, set_at, set_by, of(|act| act.time.to_string()), of(|act| act.by.clone())]).at(&pause.set)
}

fn listed(id: &'static str, title: &'static str, intro: &'static str, told: &[Told]) -> Section {
    let row = |told: &Told| {
        let Told { kind, detail, mention } = told;
        let by = mention.by.clone();
        Row::of([kind.replace('_', " "), detail.clone(), mention.time.to_string(), by]).at(mention)
    };
    Section {
        id,
        title,
        intro,
        columns: &["what", "detail", "time", "by"],
        rows: told.iter().map(row).collect(),
    }
}

fn waited(what: &str, waits: &Waits) -> Row {
    let at = |percent| waits.percentile_ms(percent).map_or_else(|| "none".to_owned(), duration);
    let ended = waits.ended_ms.len().to_string();
    Row::of([what.to_owned(), ended, at(50), at(90), at(100), waits.open.to_string()])
}

/// Milliseconds in the largest units that matter.
pub(super) fn duration(ms: i64) -> String {
    let seconds = ms / 1_000;
    match seconds {
        0..=59 => format!("{seconds}.{:03} s", ms % 1_000),
        60..=3_599 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        3_600..=86_399 => format!("{} h {:02} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d {:02} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

fn log(controls: &Controls) -> Section {
    let complete = if controls.complete {
        "all runs and acts of the log up to this head, as verified against its tree"
    } else {
        "the runs and acts that were given; that there are no others was not verified"
    };
    Section {
        id: "log",
        title: "Log",
        intro: "Every fact above names the position and hash of its leaf in this log, so that its proof can be asked for.",
        columns: &["what", "value"],
        rows: vec![
            Row::of(["origin", controls.origin.as_str()]),
            Row::of(["size of the verified head".to_owned(), controls.head.size.to_string()]),
            Row::of(["root of the verified head".to_owned(), controls.head.root.to_string()]),
            Row::of(["what was looked at", complete]),
        ],
    }
}
