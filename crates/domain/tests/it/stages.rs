//! The stage table, `stages.txt`: derived from `apply` by trying every event in every reachable state.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use domain::event::Event;
use domain::run::{DecisionWord, Progress, RecoveryKind, Run, Stage};

use crate::committed;
use crate::history::{Try, subject, tries};
use crate::model::reachable;

/// Something that a transition may depend on beside the stage, and how to say that it holds or not.
struct Fact {
    holds: fn(&Run, u32) -> bool,
    yes: &'static str,
    no: &'static str,
}

const FACTS: &[Fact] = &[
    Fact { holds: |run, _| run.closed.is_some(), yes: "closed", no: "not closed yet" },
    Fact { holds: |run, _| is_settled(run), yes: "settled", no: "not settled" },
    Fact { holds: |run, _| run.is_clean(), yes: "clean", no: "not clean" },
    Fact { holds: |run, _| run.takeover.is_some(), yes: "held", no: "not held" },
    Fact { holds: |run, _| run.in_flight().is_some(), yes: "in flight", no: "nothing in flight" },
    Fact { holds: |run, _| run.unknown().is_some(), yes: "unknown", no: "nothing unknown" },
    Fact {
        holds: |run, _| run.open_divergence().is_some(),
        yes: "a divergence is open",
        no: "no divergence is open",
    },
    Fact { holds: |run, _| run.recovery.is_some(), yes: "a recovery is open", no: "no recovery is open" },
    Fact { holds: |run, _| run.has_effect(), yes: "something had an effect", no: "nothing had an effect" },
    Fact { holds: |run, _| run.authorization.is_some(), yes: "authorized", no: "not authorized" },
    Fact { holds: |run, _| run.decision.is_some(), yes: "decided", no: "decision void" },
    Fact {
        holds: |run, _| run.decision.as_ref().is_some_and(|d| d.word == DecisionWord::Auto),
        yes: "decided auto",
        no: "not decided auto",
    },
    Fact {
        holds: |run, _| judged_now(run),
        yes: "decided for the one in control",
        no: "decided for another",
    },
    Fact { holds: |run, _| run.request.is_some(), yes: "requested", no: "not requested" },
    Fact {
        holds: |run, _| run.lacking(run.updated, &BTreeSet::new()).next().is_none(),
        yes: "quorum complete",
        no: "quorum incomplete",
    },
    Fact { holds: |run, _| run.plan.is_some(), yes: "previewed", no: "preview void" },
    Fact { holds: others_done, yes: "all others are done", no: "others are left" },
    Fact { holds: others_effect, yes: "another had an effect", no: "no other had an effect" },
    Fact { holds: canary_after, yes: "the canary is then complete", no: "no canary then" },
    Fact { holds: |run, _| run.is_at_canary(), yes: "after the canary", no: "not after the canary" },
    Fact { holds: may_attempt, yes: "may be attempted", no: "may not be attempted" },
    Fact {
        holds: |run, _| run.progress.iter().any(|p| p.recovered.is_some()),
        yes: "partly recovered",
        no: "nothing recovered",
    },
    Fact { holds: |run, _| run.by_outcomes() == Stage::Applied, yes: "all done", no: "not all done" },
    Fact {
        holds: |run, _| !run.recoverable().is_empty(),
        yes: "something to recover",
        no: "nothing to recover",
    },
    Fact {
        holds: all_planned,
        yes: "everything is being recovered",
        no: "not everything is being recovered",
    },
    Fact { holds: divergence_planned, yes: "the divergence is being recovered", no: "the divergence stays" },
    Fact { holds: countered, yes: "by a counter-action", no: "by restoring" },
];

/// Nothing in flight, unknown, diverged or being recovered.
fn is_settled(run: &Run) -> bool {
    !run.is_unsettled() && run.open_divergence().is_none() && run.recovery.is_none()
}

fn judged_now(run: &Run) -> bool {
    run.decision.as_ref().is_some_and(|decision| decision.principal == run.judged().to_string())
}

fn others(run: &Run, n: u32) -> impl Iterator<Item = &Progress> {
    let n = usize::try_from(n).unwrap();
    run.progress.iter().enumerate().filter(move |(position, _)| *position != n).map(|(_, progress)| progress)
}

fn others_done(run: &Run, n: u32) -> bool {
    others(run, n).all(Progress::is_done)
}

fn others_effect(run: &Run, n: u32) -> bool {
    others(run, n).any(Progress::has_effect)
}

fn canary_after(run: &Run, n: u32) -> bool {
    let done = others(run, n).filter(|progress| progress.is_done()).count() + 1;
    let canary = run.decision.as_ref().and_then(|decision| decision.canary);
    canary.is_some_and(|canary| usize::try_from(canary).unwrap() == done)
}

fn may_attempt(run: &Run, n: u32) -> bool {
    run.progress.get(usize::try_from(n).unwrap()).is_some_and(Progress::may_attempt)
}

fn all_planned(run: &Run, _: u32) -> bool {
    let left = run.recoverable();
    run.recovery.as_ref().is_some_and(|open| left.iter().all(|n| open.mutations.contains(n)))
}

fn divergence_planned(run: &Run, _: u32) -> bool {
    let diverged = run.open_divergence().map(|attempt| attempt.n);
    diverged.zip(run.recovery.as_ref()).is_some_and(|(n, open)| open.mutations.contains(&n))
}

fn countered(run: &Run, _: u32) -> bool {
    run.recovery.as_ref().is_some_and(|open| open.kind == RecoveryKind::Compensation)
        || run.progress.iter().any(|p| p.recovered == Some(RecoveryKind::Compensation))
}

fn facts(run: &Run) -> Vec<bool> {
    FACTS.iter().map(|fact| (fact.holds)(run, subject(run))).collect()
}

/// What was seen from one stage: by facts, the outcome.
type Seen = BTreeMap<Vec<bool>, Option<Stage>>;

/// The fewest facts that decide the outcome, and the outcome for each of their values.
fn decisive(seen: &Seen) -> (Vec<usize>, Seen) {
    let differs =
        |fact: &usize| seen.keys().any(|values| !values[*fact]) && seen.keys().any(|values| values[*fact]);
    let candidates: Vec<usize> = (0..FACTS.len()).filter(differs).collect();
    (0..=candidates.len())
        .flat_map(|size| choose(&candidates, size))
        .find_map(|facts| project(seen, &facts).map(|outcomes| (facts, outcomes)))
        .expect("no facts on the list tell the outcomes apart")
}

/// Every choice of so many candidates, in order.
fn choose(candidates: &[usize], size: usize) -> Vec<Vec<usize>> {
    if size == 0 {
        return vec![vec![]];
    }
    let start = |at: usize| {
        choose(&candidates[at + 1..], size - 1)
            .into_iter()
            .map(move |rest| std::iter::once(candidates[at]).chain(rest).collect())
    };
    (0..candidates.len()).flat_map(start).collect()
}

fn project(seen: &Seen, facts: &[usize]) -> Option<Seen> {
    let mut projected = Seen::new();
    for (values, to) in seen {
        let key = facts.iter().map(|fact| values[*fact]).collect();
        if *projected.entry(key).or_insert(*to) != *to {
            return None;
        }
    }
    Some(projected)
}

/// The values of the decisive facts, `None` where either will do, and the new stage.
type Row = (Vec<Option<bool>>, Stage);

/// Accepted transitions, without the facts that do not matter to a row.
fn merged(outcomes: Seen) -> BTreeSet<Row> {
    let accepted = outcomes.into_iter().filter_map(|(values, to)| Some((values, to?)));
    let mut rows: BTreeSet<Row> =
        accepted.map(|(values, to)| (values.into_iter().map(Some).collect(), to)).collect();
    while let Some((one, other, both)) = mergeable(&rows) {
        rows.remove(&one);
        rows.remove(&other);
        rows.insert(both);
    }
    rows
}

/// Two rows that differ in one fact only, and the row that says both.
fn mergeable(rows: &BTreeSet<Row>) -> Option<(Row, Row, Row)> {
    rows.iter().find_map(|(values, to)| {
        (0..values.len()).filter(|fact| values[*fact] == Some(true)).find_map(|fact| {
            let with = |value| {
                let mut values = values.clone();
                values[fact] = value;
                (values, *to)
            };
            rows.contains(&with(Some(false))).then(|| (with(Some(true)), with(Some(false)), with(None)))
        })
    })
}

fn condition(facts: &[usize], values: &[Option<bool>]) -> String {
    let words = facts.iter().zip(values).filter_map(|(fact, holds)| {
        let fact = &FACTS[*fact];
        holds.map(|holds| if holds { fact.yes } else { fact.no })
    });
    words.collect::<Vec<_>>().join(", ")
}

/// Nothing ran out yet. What time does to a command is the business of other tests.
fn is_fresh(run: &Run) -> bool {
    let ends = run.authorization.iter().map(|leave| leave.expires);
    let ends = ends.chain(run.takeover.iter().map(|takeover| takeover.until));
    let ends = ends.chain(run.request.iter().map(|request| request.expires));
    let ends = ends.chain(run.approvals.iter().map(|given| given.expires)).chain([run.deadline]);
    ends.min().is_some_and(|end| end > run.updated.plus_s(1))
}

/// The run stands inside a commit: decided or approved and not yet answered, final and not yet closed.
fn is_inside(attempt: &Try, after: &Run) -> bool {
    let answered = matches!(attempt.event, Event::PolicyDecided(_) | Event::ApprovalGiven(_));
    answered || (!after.stage.is_open() && after.closed.is_none() && after.recovery.is_none())
}

/// Every event in every reachable state, and inside the commits that start there.
fn explore() -> BTreeMap<(String, Stage), Seen> {
    let mut seen: BTreeMap<(String, Stage), Seen> = BTreeMap::new();
    let mut inside = BTreeSet::new();
    let mut states: Vec<Run> =
        reachable().worlds.into_iter().filter_map(|world| world.run).filter(is_fresh).collect();
    while let Some(run) = states.pop() {
        let here = facts(&run);
        for attempt in tries(&run) {
            let after = attempt.read_after(&run).ok();
            let to = after.as_ref().map(|after| after.stage);
            let row = seen.entry((attempt.name.clone(), run.stage)).or_default();
            let before = row.insert(here.clone(), to);
            let told = before.is_none_or(|before| before == to);
            assert!(told, "{}: the facts do not tell {run:?} apart", attempt.name);
            let middle = after.filter(|after| is_inside(&attempt, after));
            states.extend(middle.filter(|after| inside.insert((after.stage, facts(after)))));
        }
    }
    seen
}

#[test]
fn the_stage_table_is_the_committed_one() {
    let mut rows: BTreeMap<(String, String, &str), BTreeSet<Stage>> = BTreeMap::new();
    for ((name, from), seen) in explore() {
        let (facts, outcomes) = decisive(&seen);
        for (values, to) in merged(outcomes) {
            let to = if to == from { "same" } else { to.word() };
            rows.entry((name.clone(), condition(&facts, &values), to)).or_default().insert(from);
        }
    }
    let mut table = String::from(
        "Every transition that `apply` reads: event | from | when | to. What is not here is refused.\n\
         Made from the code: `ACCEPT=1 cargo nextest run -p domain`.\n\n\
         run.proposed | - | | proposed\n",
    );
    for ((name, when, to), from) in rows {
        let from: Vec<&str> = from.iter().map(|stage| stage.word()).collect();
        writeln!(table, "{name} | {} | {when} | {to}", from.join(", ")).unwrap();
    }
    committed::check("stages.txt", &table);
}
