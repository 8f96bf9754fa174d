//! Every event type as the leaf that is written for it, in `tests/golden/`: what is stored today must be read for ever.

use std::collections::BTreeSet;

use domain::attempt::{EvidenceLevel, Guarantee, Outcome};
use domain::event::{
    ApprovalGiven, ApprovalRejected, ApprovalRequested, ArtifactAttached, AttemptFinished, AttemptReconciled,
    AttemptStarted, AuthorizationVoided, ChangeObserved, DivergenceAccepted, Event, Fault, GroupQuorum,
    Obligation, PlanAmended, PlanDrifted, PlanPreviewed, PolicyDecided, RecoveryFinished, RecoveryPlanned,
    RunAuthorized, RunCancelled, RunClosed, RunCommented, RunExpired, RunHandedBack, RunProposed,
    RunTakenOver, UndoCount,
};
use domain::mutation::Environment;
use domain::principal::{Actor, Principal};
use domain::run::{Basis, Cause, DecisionWord, Draft, Method, RecoveryKind, RecoveryOutcome, Risk, Stage};
use domain::time::Timestamp;
use domain::wire;
use domain::workspace::{
    AccessChanged, ApproverEnrolled, ApproverRemoved, ConnectorChanged, Head, LaneChanged, PauseLifted,
    PauseSet, PolicyActivated, PolicyPublished, WorkspaceEvent, seal_acts,
};
use proof::digest::{Digest, sha256};
use proof::json::{Object, Value};
use proof::leaf::Leaf;

use crate::committed;
use crate::world::{
    ANN, BEHALF, HOLDER, OWNER, agent, child_id, document, human, node, person, plan, policy, policy_set,
    run_id, slug, start, text,
};

fn worker() -> Actor {
    Actor::System(node())
}

fn by(n: u8) -> Actor {
    Actor::Principal(human(n))
}

fn at(seconds: u64) -> Timestamp {
    start().plus_s(seconds)
}

fn proposed() -> RunProposed {
    RunProposed {
        agent_owner: None,
        agent_version: None,
        branched_from: None,
        confidence_bp: None,
        deadline: at(86_400),
        environment: Environment::Production,
        mutations: 1,
        on_behalf_of: None,
        recovery: None,
        recovers: None,
        source: slug("api"),
        trace: None,
        workflow: slug("renewals"),
    }
}

/// One or more events of each type of a run, under the name of their file.
pub fn events() -> Vec<(&'static str, Actor, Event)> {
    let mut all = plan_events();
    all.extend(approval_events());
    all.extend(execution_events());
    all.extend(ending_events());
    all
}

fn plan_events() -> Vec<(&'static str, Actor, Event)> {
    vec![
        ("run.proposed-bare", Actor::Principal(agent()), Event::RunProposed(proposed())),
        (
            "run.proposed-full",
            Actor::Principal(agent()),
            Event::RunProposed(RunProposed {
                agent_owner: Some(person(OWNER)),
                agent_version: Some(slug("2026.11")),
                branched_from: Some(child_id()),
                confidence_bp: Some(9_200),
                on_behalf_of: Some(person(BEHALF)),
                trace: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
                ..proposed()
            }),
        ),
        (
            "run.proposed-recovery",
            Actor::Principal(human(ANN)),
            Event::RunProposed(RunProposed {
                recovery: Some(RecoveryKind::Rollback),
                recovers: Some(child_id()),
                source: slug("recovery"),
                ..proposed()
            }),
        ),
        (
            "plan.previewed",
            worker(),
            Event::PlanPreviewed(PlanPreviewed {
                count: 3,
                plan_digest: plan(1),
                policy: policy(),
                revision: 1,
                root: sha256(b"root"),
                undo: UndoCount { compensation: 1, irreversible: 0, rollback: 2 },
            }),
        ),
        (
            "plan.amended",
            by(HOLDER),
            Event::PlanAmended(PlanAmended { mutations: 2, replaces: Some(plan(1)), revision: 2 }),
        ),
        (
            "plan.amended-first",
            by(HOLDER),
            Event::PlanAmended(PlanAmended { mutations: 2, replaces: None, revision: 1 }),
        ),
        ("plan.drifted", worker(), Event::PlanDrifted(PlanDrifted { n: 0, plan_digest: plan(1) })),
        ("policy.decided-auto", Actor::Policy(policy_set()), Event::PolicyDecided(decided())),
        (
            "policy.decided-approval",
            Actor::Policy(policy_set()),
            Event::PolicyDecided(PolicyDecided {
                canary: Some(1),
                decision: DecisionWord::Approval,
                evidence: EvidenceLevel::Witnessed,
                obligations: vec![Obligation {
                    exclude: vec![person(ANN)],
                    expires_s: 3_600,
                    group: slug("deal-desk"),
                    method: Method::Passkey,
                    quorum: 2,
                }],
                rationale: true,
                risk: Risk::High,
                ..decided()
            }),
        ),
    ]
}

fn decided() -> PolicyDecided {
    PolicyDecided {
        canary: None,
        decision: DecisionWord::Auto,
        duration_us: 97,
        evidence: EvidenceLevel::Sealed,
        obligations: vec![],
        plan_digest: plan(1),
        policy: policy(),
        principal: agent().to_string(),
        rationale: false,
        risk: Risk::Low,
        rules: vec![slug("discount.small")],
    }
}

fn approval_events() -> Vec<(&'static str, Actor, Event)> {
    let group = slug("deal-desk");
    vec![
        (
            "approval.requested",
            worker(),
            Event::ApprovalRequested(ApprovalRequested {
                expires: at(3_600),
                groups: vec![GroupQuorum { group: group.clone(), quorum: 2 }],
                plan_digest: plan(1),
            }),
        ),
        (
            "approval.given",
            by(ANN),
            Event::ApprovalGiven(ApprovalGiven {
                expires: at(3_600),
                group: group.clone(),
                method: Method::Passkey,
                plan_digest: plan(1),
                revision: 1,
            }),
        ),
        (
            "approval.rejected",
            by(ANN),
            Event::ApprovalRejected(ApprovalRejected {
                group,
                method: Method::Signin,
                plan_digest: plan(1),
                revision: 1,
            }),
        ),
        ("run.taken_over", by(HOLDER), Event::RunTakenOver(RunTakenOver { until: at(1_800) })),
        ("run.handed_back", by(HOLDER), Event::RunHandedBack(RunHandedBack { code: slug("by_holder") })),
        ("change.observed", by(HOLDER), Event::ChangeObserved(ChangeObserved { n: 0 })),
        (
            "run.authorized",
            worker(),
            Event::RunAuthorized(RunAuthorized {
                basis: Basis::Approvals,
                expires: at(600),
                plan_digest: plan(1),
                revision: 1,
            }),
        ),
        (
            "authorization.voided",
            worker(),
            Event::AuthorizationVoided(AuthorizationVoided { code: slug("role_lost"), plan_digest: plan(1) }),
        ),
    ]
}

fn execution_events() -> Vec<(&'static str, Actor, Event)> {
    vec![
        (
            "attempt.started",
            worker(),
            Event::AttemptStarted(AttemptStarted {
                attempt: 1,
                evidence: EvidenceLevel::Sealed,
                guarantee: Guarantee::Conditional,
                key: sha256(b"key"),
                mutation: document(0),
                n: 0,
                plan_digest: plan(1),
                requested_by: node().to_string(),
                send_by: at(5),
            }),
        ),
        (
            "attempt.finished",
            worker(),
            Event::AttemptFinished(AttemptFinished {
                attempt: 1,
                code: slug("timeout"),
                mutation: document(0),
                n: 0,
                outcome: Outcome::Unknown,
                retryable: false,
            }),
        ),
        (
            "attempt.reconciled",
            worker(),
            Event::AttemptReconciled(AttemptReconciled {
                attempt: 1,
                code: slug("key_lookup"),
                mutation: document(0),
                n: 0,
                outcome: Outcome::Applied,
                requested_by: node().to_string(),
                retryable: false,
            }),
        ),
        (
            "divergence.accepted",
            by(ANN),
            Event::DivergenceAccepted(DivergenceAccepted {
                attempt: 1,
                mutation: document(0),
                n: 0,
                plan_digest: plan(1),
            }),
        ),
    ]
}

fn ending_events() -> Vec<(&'static str, Actor, Event)> {
    vec![
        (
            "recovery.planned",
            by(ANN),
            Event::RecoveryPlanned(RecoveryPlanned {
                kind: RecoveryKind::Rollback,
                mutations: vec![1, 0],
                plan_digest: plan(1),
                requested_by: person(ANN).to_string(),
                run: child_id(),
            }),
        ),
        (
            "recovery.finished",
            worker(),
            Event::RecoveryFinished(RecoveryFinished {
                kind: RecoveryKind::Rollback,
                outcome: RecoveryOutcome::PartlyRestored,
                recovered: vec![1],
                run: child_id(),
            }),
        ),
        (
            "artifact.attached",
            Actor::Principal(agent()),
            Event::ArtifactAttached(ArtifactAttached { bytes: 2_048, media_type: "text/csv".to_owned() }),
        ),
        ("run.commented", by(ANN), Event::RunCommented(RunCommented {})),
        ("run.cancelled", by(ANN), Event::RunCancelled(RunCancelled { code: slug("by_request") })),
        ("run.expired", worker(), Event::RunExpired(RunExpired { code: slug("deadline") })),
        (
            "run.closed",
            worker(),
            Event::RunClosed(RunClosed { code: slug("done"), events: 3, stage: Stage::Applied }),
        ),
    ]
}

/// One or more acts of each type of a workspace.
fn acts() -> Vec<(&'static str, WorkspaceEvent)> {
    let pause = ("connector", "crm-main");
    vec![
        (
            "policy.published",
            WorkspaceEvent::PolicyPublished(PolicyPublished { bytes: 4_096, policy: policy() }),
        ),
        (
            "policy.activated",
            WorkspaceEvent::PolicyActivated(PolicyActivated { code: None, policy: policy() }),
        ),
        (
            "policy.activated-bootstrap",
            WorkspaceEvent::PolicyActivated(PolicyActivated {
                code: Some(slug("bootstrap")),
                policy: policy(),
            }),
        ),
        (
            "connector.changed",
            WorkspaceEvent::ConnectorChanged(ConnectorChanged {
                connector: slug("crm-main"),
                environment: Environment::Sandbox,
                manifest: sha256(b"manifest"),
            }),
        ),
        (
            "lane.changed",
            WorkspaceEvent::LaneChanged(LaneChanged {
                lane: slug("renewals.crm-main"),
                readiness: vec![slug("auth"), slug("dry_run")],
            }),
        ),
        (
            "access.changed",
            WorkspaceEvent::AccessChanged(AccessChanged {
                code: slug("roles_changed"),
                principal: person(ANN).to_string(),
            }),
        ),
        ("pause.set", WorkspaceEvent::PauseSet(PauseSet { id: pause.1.to_owned(), kind: slug(pause.0) })),
        (
            "pause.lifted",
            WorkspaceEvent::PauseLifted(PauseLifted { id: pause.1.to_owned(), kind: slug(pause.0) }),
        ),
        (
            "approver.enrolled",
            WorkspaceEvent::ApproverEnrolled(ApproverEnrolled {
                approver: person(ANN),
                groups: vec![slug("deal-desk")],
            }),
        ),
        (
            "approver.removed",
            WorkspaceEvent::ApproverRemoved(ApproverRemoved {
                approver: person(ANN),
                groups: vec![slug("deal-desk")],
            }),
        ),
    ]
}

/// Every sealed member says its own name; the salts are counted.
fn said(sealed: &[&'static str]) -> Vec<(&'static str, Value)> {
    sealed.iter().map(|name| (*name, text(name))).collect()
}

fn salts() -> impl FnMut() -> [u8; 32] {
    let mut next = 0;
    move || {
        next += 1;
        [next; 32]
    }
}

fn line(bytes: Vec<u8>) -> String {
    format!("{}\n", String::from_utf8(bytes).unwrap())
}

/// The leaf of an event of a run, third in its chain; the proposal is the first.
fn leaf(by: Actor, event: &Event) -> Vec<u8> {
    let first = matches!(event, Event::RunProposed(_));
    let hashes: &[Digest] = if first { &[] } else { &[sha256(b"leaf 0"), sha256(b"leaf 1")] };
    let cause =
        if first { vec![] } else { vec![Cause::Own(0), Cause::Foreign(sha256(b"another run's leaf"))] };
    let sealed = said(event.sealed());
    let draft = Draft { by, time: at(1), cause, event: event.clone(), sealed };
    wire::seal_run(run_id(), hashes, node(), vec![draft], &mut salts()).unwrap().remove(0).bytes
}

fn act_leaf(event: &WorkspaceEvent) -> Vec<u8> {
    let head = Head { next: 2, prev: Some(sha256(b"leaf 1")), time: at(0) };
    let acts = vec![(event.clone(), said(event.sealed()))];
    let by = Actor::Principal(Principal::Person(person(ANN)));
    seal_acts(head, node(), by, at(1), acts, &mut salts()).unwrap().remove(0).bytes
}

#[test]
fn each_event_of_a_run_is_written_as_committed_and_reads_back() {
    for (name, by, event) in events() {
        assert!(name.starts_with(event.kind()), "{name}");
        let bytes = leaf(by, &event);
        let seq = if matches!(event, Event::RunProposed(_)) { 0 } else { 2 };
        let read = wire::read(seq, &bytes).unwrap();
        assert_eq!((&read.event, read.by, read.time), (&event, by, at(1)));
        committed::check(&format!("tests/golden/{name}.json"), &line(bytes));
    }
}

#[test]
fn each_act_of_a_workspace_is_written_as_committed_and_reads_back() {
    for (name, event) in acts() {
        assert!(name.starts_with(event.kind()), "{name}");
        let bytes = act_leaf(&event);
        let leaf = Leaf::parse(&bytes).unwrap();
        assert_eq!((leaf.run.as_deref(), leaf.sd.len()), (None, event.sealed().len()));
        assert_eq!(WorkspaceEvent::read(&leaf.kind, leaf.data).unwrap(), event);
        committed::check(&format!("tests/golden/workspace.{name}.json"), &line(bytes));
    }
}

#[test]
fn every_type_has_a_golden_file() {
    let told: BTreeSet<&str> = events().iter().map(|(_, _, event)| event.kind()).collect();
    assert_eq!(told, Event::KINDS.iter().copied().collect());
    let told: BTreeSet<&str> = acts().iter().map(|(_, event)| event.kind()).collect();
    assert_eq!(told, WorkspaceEvent::KINDS.iter().copied().collect());
}

#[test]
fn sealed_members_are_listed_in_order_and_take_no_name_of_a_leafs_own() {
    let own = ["by", "cause", "data", "node", "prev", "run", "seq", "time", "type", "v"];
    let of_runs = events().into_iter().map(|(_, _, event)| event.sealed());
    for sealed in of_runs.chain(acts().into_iter().map(|(_, event)| event.sealed())) {
        assert!(sealed.is_sorted(), "{sealed:?}");
        assert!(sealed.iter().all(|name| !own.contains(name)), "{sealed:?}");
    }
}

/// Members that may be absent, by type.
fn optional(kind: &str) -> &'static [&'static str] {
    match kind {
        "run.proposed" => &[
            "agent_owner",
            "agent_version",
            "branched_from",
            "confidence_bp",
            "on_behalf_of",
            "recovers",
            "recovery",
            "trace",
        ],
        "plan.amended" => &["replaces"],
        "policy.decided" => &["canary"],
        "policy.activated" => &["code"],
        _ => &[],
    }
}

/// What a reader says to clear members with one too many, one too few, and one of another form.
fn check_members(kind: &'static str, data: &Object, read: impl Fn(Object) -> Result<(), Fault>) {
    assert_eq!(read(data.clone()), Ok(()), "{kind}");
    let mut more = data.clone();
    more.insert("surprise".to_owned(), Value::Int(1));
    assert_eq!(read(more), Err(Fault::Unknown("surprise".to_owned())), "{kind}");
    for name in data.keys() {
        let mut less = data.clone();
        less.remove(name);
        let answer = read(less);
        if optional(kind).contains(&name.as_str()) {
            assert_eq!(answer, Ok(()), "{kind}.{name}");
        } else {
            assert!(matches!(answer, Err(Fault::Missing(missing)) if missing == name), "{kind}.{name}");
        }
        let mut other = data.clone();
        other.insert(name.clone(), Value::Array(vec![Value::Null]));
        assert!(matches!(read(other), Err(Fault::Malformed(bad)) if bad == name), "{kind}.{name}");
    }
}

#[test]
fn a_member_too_many_too_few_or_of_another_form_is_refused() {
    for (_, _, event) in events() {
        let read = |data| Event::read(event.kind(), data).map(|_| ());
        check_members(event.kind(), &event.data(), read);
    }
    for (_, event) in acts() {
        let read = |data| WorkspaceEvent::read(event.kind(), data).map(|_| ());
        check_members(event.kind(), &event.data(), read);
    }
}

#[test]
fn a_type_that_is_not_on_the_list_cannot_be_judged() {
    for kind in ["run.paused", "approval.refused", "", "Run.Closed", "policy.published"] {
        assert_eq!(Event::read(kind, Object::new()), Err(Fault::Kind(kind.to_owned())));
    }
    assert_eq!(WorkspaceEvent::read("run.closed", Object::new()), Err(Fault::Kind("run.closed".to_owned())));
}

#[test]
fn what_a_writer_seals_is_exactly_what_the_type_has() {
    let event = Event::RunCommented(RunCommented {});
    let write = |sealed: Vec<(&'static str, Value)>| {
        let draft = Draft { by: by(ANN), time: at(1), cause: vec![], event: event.clone(), sealed };
        wire::seal_run(run_id(), &[sha256(b"leaf 0")], node(), vec![draft], &mut salts())
    };
    assert!(write(said(&["comment"])).is_ok());
    assert!(write(said(&[])).is_err());
    assert!(write(said(&["comment", "comment"])).is_err());
    assert!(write(said(&["reason"])).is_err());
    assert!(write(said(&["comment", "reason"])).is_err());
}

#[test]
fn a_cause_that_does_not_exist_is_not_written() {
    let event = Event::RunCommented(RunCommented {});
    let sealed = said(event.sealed());
    let draft = Draft { by: by(ANN), time: at(1), cause: vec![Cause::Own(1)], event, sealed };
    let written = wire::seal_run(run_id(), &[sha256(b"leaf 0")], node(), vec![draft], &mut salts());
    assert_eq!(written, Err(wire::SealFault::Cause(1)));
}
