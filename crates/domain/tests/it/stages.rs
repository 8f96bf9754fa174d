//! The stage table, `stages.txt`: derived from `apply` by trying every event in every reachable state.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use domain::attempt::{EvidenceLevel, Guarantee, Outcome};
use domain::event::{
    ApprovalGiven, ApprovalRejected, ApprovalRequested, ArtifactAttached, AttemptFinished, AttemptReconciled,
    AttemptStarted, AuthorizationVoided, ChangeObserved, DivergenceAccepted, Event, GroupQuorum, PlanAmended,
    PlanDrifted, PlanPreviewed, PolicyDecided, RecoveryFinished, RecoveryPlanned, RunAuthorized,
    RunCancelled, RunClosed, RunCommented, RunExpired, RunHandedBack, RunTakenOver, UndoCount,
};
use domain::principal::{Actor, Principal};
use domain::run::{
    Basis, DecisionWord, Envelope, Method, RecoveryKind, RecoveryOutcome, Risk, Run, Stage, apply,
};
use domain::time::Timestamp;
use proof::digest::sha256;
use proof::document::idempotency_key;

use crate::committed;
use crate::model::reachable;
use crate::world::{
    ANN, HOLDER, LEASE_S, OBLIGATION_S, agent, child_id, document, node, obligation, person, plan, policy,
    policy_set, slug,
};

/// An event as its legitimate author would write it now, under a name that tells what matters about it.
struct Try {
    name: String,
    by: Actor,
    time: Timestamp,
    event: Event,
}

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
        holds: |run, _| run.lacking(run.updated).next().is_none(),
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

fn others(run: &Run, n: u32) -> impl Iterator<Item = &domain::run::Progress> {
    let n = usize::try_from(n).unwrap();
    run.progress.iter().enumerate().filter(move |(position, _)| *position != n).map(|(_, progress)| progress)
}

fn others_done(run: &Run, n: u32) -> bool {
    others(run, n).all(domain::run::Progress::is_done)
}

fn others_effect(run: &Run, n: u32) -> bool {
    others(run, n).any(domain::run::Progress::has_effect)
}

fn canary_after(run: &Run, n: u32) -> bool {
    let done = others(run, n).filter(|progress| progress.is_done()).count() + 1;
    let canary = run.decision.as_ref().and_then(|decision| decision.canary);
    canary.is_some_and(|canary| usize::try_from(canary).unwrap() == done)
}

fn may_attempt(run: &Run, n: u32) -> bool {
    run.progress.get(usize::try_from(n).unwrap()).is_some_and(domain::run::Progress::may_attempt)
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

/// The mutation that the next attempt, outcome or acceptance is about.
fn subject(run: &Run) -> u32 {
    run.next_mutation().unwrap_or(0)
}

fn facts(run: &Run) -> Vec<bool> {
    FACTS.iter().map(|fact| (fact.holds)(run, subject(run))).collect()
}

fn tries(run: &Run) -> Vec<Try> {
    let mut all = plan_events(run);
    all.extend(approval_events(run));
    all.extend(control_events(run));
    all.extend(attempt_events(run));
    all.extend(ending_events(run));
    all
}

fn at(run: &Run, name: impl Into<String>, by: Actor, event: Event) -> Try {
    Try { name: name.into(), by, time: run.updated, event }
}

fn worker() -> Actor {
    Actor::System(node())
}

fn human(n: u8) -> Actor {
    Actor::Principal(Principal::Person(person(n)))
}

fn digest(run: &Run) -> proof::digest::Digest {
    run.plan_digest().unwrap_or_else(|| plan(0))
}

fn plan_events(run: &Run) -> Vec<Try> {
    let previewed = PlanPreviewed {
        count: run.mutations,
        plan_digest: plan(run.revision + 1),
        policy: policy(),
        revision: run.revision + 1,
        root: sha256(b"root"),
        undo: UndoCount { compensation: 0, irreversible: 0, rollback: run.mutations },
    };
    let amended =
        PlanAmended { mutations: run.mutations, replaces: run.plan_digest(), revision: run.revision + 1 };
    let decided = |word| PolicyDecided {
        canary: None,
        decision: word,
        duration_us: 1,
        evidence: EvidenceLevel::Recorded,
        obligations: if word == DecisionWord::Approval { vec![obligation("sales", 1)] } else { vec![] },
        plan_digest: digest(run),
        policy: policy(),
        principal: run.judged().to_string(),
        rationale: false,
        risk: Risk::Low,
        rules: vec![],
    };
    let mut all = vec![
        at(run, "plan.previewed", worker(), Event::PlanPreviewed(previewed)),
        at(run, "plan.amended", human(HOLDER), Event::PlanAmended(amended)),
        at(run, "plan.drifted", worker(), Event::PlanDrifted(PlanDrifted { n: 0, plan_digest: digest(run) })),
    ];
    all.extend(DecisionWord::ALL.iter().map(|word| {
        let event = Event::PolicyDecided(decided(*word));
        at(run, format!("policy.decided {word}"), Actor::Policy(policy_set()), event)
    }));
    all
}

fn approval_events(run: &Run) -> Vec<Try> {
    let expires = run.updated.plus_s(60).min(run.deadline);
    let requested = ApprovalRequested {
        expires,
        groups: vec![GroupQuorum { group: slug("sales"), quorum: 1 }],
        plan_digest: digest(run),
    };
    let given = ApprovalGiven {
        expires: run.updated.plus_s(OBLIGATION_S),
        group: slug("sales"),
        method: Method::Signin,
        plan_digest: digest(run),
        revision: run.revision,
    };
    let rejected = ApprovalRejected {
        group: slug("sales"),
        method: Method::Signin,
        plan_digest: digest(run),
        revision: run.revision,
    };
    let authorized = |basis| {
        let event = RunAuthorized { basis, expires, plan_digest: digest(run), revision: run.revision };
        at(run, format!("run.authorized {basis}"), worker(), Event::RunAuthorized(event))
    };
    let voided = AuthorizationVoided { code: slug("policy_changed"), plan_digest: digest(run) };
    let mut all = vec![
        at(run, "approval.requested", worker(), Event::ApprovalRequested(requested)),
        at(run, "approval.given", human(ANN), Event::ApprovalGiven(given)),
        at(run, "approval.rejected", human(ANN), Event::ApprovalRejected(rejected)),
        at(run, "authorization.voided", worker(), Event::AuthorizationVoided(voided)),
    ];
    all.extend(Basis::ALL.iter().map(|basis| authorized(*basis)));
    all
}

fn control_events(run: &Run) -> Vec<Try> {
    let until = run.updated.plus_s(LEASE_S).min(run.deadline);
    let taken = if run.takeover.is_some() { "run.taken_over, renewed" } else { "run.taken_over" };
    let handed = |code: &str| Event::RunHandedBack(RunHandedBack { code: slug(code) });
    let canceller = run.takeover.map_or(Actor::Principal(agent()), |_| human(HOLDER));
    let mut all = vec![
        at(run, taken, human(HOLDER), Event::RunTakenOver(RunTakenOver { until })),
        at(run, "run.handed_back by_holder", human(HOLDER), handed("by_holder")),
        at(run, "change.observed", human(HOLDER), Event::ChangeObserved(ChangeObserved { n: 0 })),
        at(run, "run.cancelled", canceller, Event::RunCancelled(RunCancelled { code: slug("by_request") })),
        at(run, "run.commented", human(ANN), Event::RunCommented(RunCommented {})),
        at(
            run,
            "artifact.attached",
            Actor::Principal(agent()),
            Event::ArtifactAttached(ArtifactAttached { bytes: 1, media_type: "text/plain".to_owned() }),
        ),
    ];
    let end = run.takeover.map_or(run.updated, |takeover| takeover.until.max(run.updated));
    let name = "run.handed_back lease_expired".to_owned();
    all.push(Try { name, by: worker(), time: end, event: handed("lease_expired") });
    all
}

fn attempt_events(run: &Run) -> Vec<Try> {
    let n = subject(run);
    let last = run.progress.get(usize::try_from(n).unwrap()).map_or(0, |progress| progress.attempts.len());
    let last = u32::try_from(last).unwrap();
    let by = run.takeover.map_or(node().to_string(), |_| person(HOLDER).to_string());
    let asked_by = if run.takeover.is_none() && run.is_at_canary() { person(ANN).to_string() } else { by };
    let started = AttemptStarted {
        attempt: last + 1,
        evidence: EvidenceLevel::Recorded,
        guarantee: Guarantee::Conditional,
        key: idempotency_key(&run.id.to_string(), &digest(run), n),
        mutation: document(n),
        n,
        plan_digest: digest(run),
        requested_by: asked_by,
        send_by: run.updated.plus_ms(1),
    };
    let mut all = vec![at(run, "attempt.started", worker(), Event::AttemptStarted(started))];
    let refused = |outcome| matches!(outcome, Outcome::NotSent | Outcome::Rejected);
    for outcome in Outcome::ALL.iter().copied() {
        let codes: &[(&str, &str, bool)] = match outcome {
            Outcome::Rejected => &[
                (" conflict", "conflict", false),
                (" for good", "invalid_value", false),
                (" for now", "rate_limited", true),
            ],
            Outcome::NotSent => {
                &[(" for good", "no_effect_found", false), (" for now", "no_effect_found", true)]
            }
            Outcome::Applied | Outcome::Diverged | Outcome::Unknown => &[("", "read_back", false)],
        };
        for (suffix, code, retryable) in codes {
            let suffix = if refused(outcome) { suffix } else { "" };
            let finished = AttemptFinished {
                attempt: last,
                code: slug(code),
                mutation: document(n),
                n,
                outcome,
                retryable: *retryable,
            };
            let name = format!("attempt.finished {outcome}{suffix}");
            all.push(at(run, name, worker(), Event::AttemptFinished(finished)));
            let reconciled = AttemptReconciled {
                attempt: last,
                code: slug(code),
                mutation: document(n),
                n,
                outcome,
                requested_by: node().to_string(),
                retryable: *retryable,
            };
            let name = format!("attempt.reconciled {outcome}{suffix}");
            all.push(at(run, name, worker(), Event::AttemptReconciled(reconciled)));
        }
    }
    let accepted = DivergenceAccepted { attempt: last, mutation: document(n), n, plan_digest: digest(run) };
    all.push(at(run, "divergence.accepted", human(ANN), Event::DivergenceAccepted(accepted)));
    all
}

fn ending_events(run: &Run) -> Vec<Try> {
    let planned = RecoveryPlanned {
        kind: RecoveryKind::Rollback,
        mutations: run.recoverable(),
        plan_digest: digest(run),
        requested_by: agent().to_string(),
        run: child_id(),
    };
    let (kind, all_of_it) = run
        .recovery
        .as_ref()
        .map_or((RecoveryKind::Rollback, vec![]), |open| (open.kind, open.mutations.clone()));
    let finished = |outcome, recovered| {
        Event::RecoveryFinished(RecoveryFinished { kind, outcome, recovered, run: child_id() })
    };
    let stage = match run.stage {
        Stage::Proposed => Stage::Failed,
        stage if stage.is_open() => run.by_outcomes(),
        stage => stage,
    };
    let closed = RunClosed { code: slug("stopped"), events: run.events + 1, stage };
    vec![
        at(run, "recovery.planned", Actor::Principal(agent()), Event::RecoveryPlanned(planned)),
        at(run, "recovery.finished in full", worker(), finished(RecoveryOutcome::Restored, all_of_it)),
        at(run, "recovery.finished without effect", worker(), finished(RecoveryOutcome::Abandoned, vec![])),
        Try {
            name: "run.expired".to_owned(),
            by: worker(),
            time: run.deadline.max(run.updated),
            event: Event::RunExpired(RunExpired { code: slug("deadline") }),
        },
        at(run, "run.closed", worker(), Event::RunClosed(closed)),
    ]
}

/// The run after an event; `None` when `apply` refuses it.
fn after(run: &Run, attempt: &Try) -> Option<Run> {
    // Everything that happened is named as a cause: what is missing is never the reason of a refusal.
    let cause = (0..run.events).collect();
    let at = Envelope { run: run.id, seq: run.events, time: attempt.time, by: attempt.by, cause };
    apply(Some(run.clone()), &at, &attempt.event).ok()
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
            let after = after(&run, &attempt);
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
