//! One or more events of each type, with every member said.

use domain::attempt::{EvidenceLevel, Guarantee, Outcome};
use domain::event::{
    ApprovalGiven, ApprovalRejected, ApprovalRequested, ArtifactAttached, AttemptFinished, AttemptReconciled,
    AttemptStarted, AuthorizationVoided, ChangeObserved, DivergenceAccepted, Event, GroupQuorum, Obligation,
    PlanAmended, PlanDrifted, PlanPreviewed, PolicyDecided, RecoveryFinished, RecoveryPlanned, RunAuthorized,
    RunCancelled, RunClosed, RunCommented, RunExpired, RunHandedBack, RunProposed, RunTakenOver, UndoCount,
};
use domain::id::HoldId;
use domain::mutation::Environment;
use domain::principal::Actor;
use domain::run::{Basis, DecisionWord, Method, RecoveryKind, RecoveryOutcome, Risk, Stage};
use domain::time::Timestamp;
use domain::workspace::{
    AccessChanged, ApproverEnrolled, ApproverRemoved, ConnectorChanged, DisclosureErased, ErasureRefused,
    ExportMade, HoldPlaced, HoldReleased, KeyRotated, LaneChanged, LogOpened, LogVerified, PauseLifted,
    PauseSet, PolicyActivated, PolicyPublished, WitnessChanged, WorkspaceEvent,
};
use proof::digest::sha256;
use proof::disclosure::Disclosure;

use crate::world::{
    ANN, BEHALF, HOLDER, OWNER, agent, child_id, document, human, node, person, plan, policy, policy_set,
    slug, start,
};

fn worker() -> Actor {
    Actor::System(node())
}

pub fn by(n: u8) -> Actor {
    Actor::Principal(human(n))
}

pub fn at(seconds: u64) -> Timestamp {
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
pub fn acts() -> Vec<(&'static str, WorkspaceEvent)> {
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
        (
            "log.opened",
            WorkspaceEvent::LogOpened(LogOpened {
                origin: "ap.example/w/acme".to_owned(),
                scope: slug("governed-runs"),
                vkey: "ap.example/w/acme+00000000+AQ==".to_owned(),
            }),
        ),
        (
            "log.verified",
            WorkspaceEvent::LogVerified(LogVerified {
                root: sha256(b"root"),
                size: 54,
                verdict: slug("valid"),
            }),
        ),
        (
            "key.rotated",
            WorkspaceEvent::KeyRotated(KeyRotated {
                from_size: 54,
                new_vkey: "ap.example/w/acme+00000001+AQ==".to_owned(),
                old_vkey: "ap.example/w/acme+00000000+AQ==".to_owned(),
            }),
        ),
        (
            "witness.changed",
            WorkspaceEvent::WitnessChanged(WitnessChanged {
                added: vec!["witness.example/w+00000002+BA==".to_owned()],
                removed: vec![],
                trust_digest: sha256(b"trust"),
            }),
        ),
        ("disclosure.erased", WorkspaceEvent::DisclosureErased(erased(None))),
        ("disclosure.erased-later", WorkspaceEvent::DisclosureErased(erased(Some(at(86_400))))),
        (
            "erasure.refused",
            WorkspaceEvent::ErasureRefused(ErasureRefused {
                basis: slug("gdpr-17-3-b"),
                count: 3,
                hold: Some(hold()),
            }),
        ),
        ("hold.placed", WorkspaceEvent::HoldPlaced(HoldPlaced { hold: hold(), until: Some(at(86_400)) })),
        ("hold.released", WorkspaceEvent::HoldReleased(HoldReleased { hold: hold() })),
        ("export.made", WorkspaceEvent::ExportMade(ExportMade { runs: 1, scope: slug("run") })),
    ]
}

fn hold() -> HoldId {
    HoldId::new(at(0), [1; 10])
}

fn erased(complete_by: Option<Timestamp>) -> DisclosureErased {
    let digest = |salt| Disclosure::seal([salt; 32], "reason", &"gone".into()).unwrap().digest;
    DisclosureErased {
        basis: slug("gdpr-17-1-b"),
        complete_by,
        count: 2,
        digests: vec![digest(1), digest(2)],
    }
}
