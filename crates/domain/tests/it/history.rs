//! Events as their legitimate authors would write them next, whatever `decide` would say: for tests of their reader.

use domain::attempt::{EvidenceLevel, Guarantee, Outcome};
use domain::event::{
    ApprovalGiven, ApprovalRejected, ApprovalRequested, ArtifactAttached, AttemptFinished, AttemptReconciled,
    AttemptStarted, AuthorizationVoided, ChangeObserved, DivergenceAccepted, Event, GroupQuorum, PlanAmended,
    PlanDrifted, PlanPreviewed, PolicyDecided, RecoveryFinished, RecoveryPlanned, RunAuthorized,
    RunCancelled, RunClosed, RunCommented, RunExpired, RunHandedBack, RunTakenOver, UndoCount,
};
use domain::principal::{Actor, Principal};
use domain::run::{
    Basis, DecisionWord, Envelope, Method, RecoveryKind, RecoveryOutcome, Risk, Run, Stage, Violation, apply,
};
use domain::time::Timestamp;
use proof::digest::sha256;
use proof::document::idempotency_key;

use crate::world::{
    ANN, HOLDER, LEASE_S, OBLIGATION_S, agent, child_id, document, node, obligation, person, plan, policy,
    policy_set, slug,
};

/// The next event of a run, under a name that tells what matters about it.
#[derive(Clone)]
pub struct Try {
    pub name: String,
    pub at: Envelope,
    pub event: Event,
}

impl Try {
    /// The run after it, or the rule that it breaks.
    pub fn read_after(&self, run: &Run) -> Result<Run, Violation> {
        apply(Some(run.clone()), &self.at, &self.event)
    }
}

/// The mutation that the next attempt, outcome or acceptance is about.
pub fn subject(run: &Run) -> u32 {
    run.next_mutation().unwrap_or(0)
}

/// Everything that could be next.
pub fn tries(run: &Run) -> Vec<Try> {
    let mut all = plan_events(run);
    all.extend(approval_events(run));
    all.extend(control_events(run));
    all.extend(attempt_events(run));
    all.extend(ending_events(run));
    all
}

fn at(run: &Run, name: impl Into<String>, by: Actor, event: Event) -> Try {
    at_time(run, run.updated, name, by, event)
}

/// Everything that happened is named as a cause: what is missing is never the reason of a refusal.
fn at_time(run: &Run, time: Timestamp, name: impl Into<String>, by: Actor, event: Event) -> Try {
    let at = Envelope { run: run.id, seq: run.events, time, by, cause: (0..run.events).collect() };
    Try { name: name.into(), at, event }
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
    all.push(at_time(run, end, "run.handed_back lease_expired", worker(), handed("lease_expired")));
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
    let stage = if run.stage == Stage::Proposed {
        Stage::Failed
    } else if run.stage.is_open() {
        run.by_outcomes()
    } else {
        run.stage
    };
    let closed = RunClosed { code: slug("stopped"), events: run.events + 1, stage };
    vec![
        at(run, "recovery.planned", Actor::Principal(agent()), Event::RecoveryPlanned(planned)),
        at(run, "recovery.finished in full", worker(), finished(RecoveryOutcome::Restored, all_of_it)),
        at(run, "recovery.finished without effect", worker(), finished(RecoveryOutcome::Abandoned, vec![])),
        at_time(
            run,
            run.deadline.max(run.updated),
            "run.expired",
            worker(),
            Event::RunExpired(RunExpired { code: slug("deadline") }),
        ),
        at(run, "run.closed", worker(), Event::RunClosed(closed)),
    ]
}
