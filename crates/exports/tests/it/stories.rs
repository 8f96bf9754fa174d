//! One workspace with a run for each way that a run can go, and an act of each type.

use domain::attempt::Outcome;
use domain::command::Command;
use domain::id::{HoldId, RunId};
use domain::mutation::Environment;
use domain::principal::Actor;
use domain::run::{DecisionWord, Stage};
use domain::workspace::{
    AccessChanged, ApproverEnrolled, ApproverRemoved, ConnectorChanged, ErasureRefused, ExportMade,
    HoldPlaced, HoldReleased, KeyRotated, LaneChanged, LogOpened, LogVerified, PauseLifted, PauseSet,
    PolicyActivated, PolicyPublished, WitnessChanged, WorkspaceEvent,
};
use proof::digest::sha256;
use proof::json::Value;

use crate::world::{
    ADMIN, ANN, AUTHOR, BOB, HOLDER, ORIGIN, World, agent, human, manifest, node, person, policy, run_id,
    slug, start,
};

const STAGE: &[(&str, &str, &str)] = &[("stage", "Negotiation", "Closed Won")];
const AMOUNT: &[(&str, &str, &str)] = &[("amount", "71400", "79800"), ("note", "(absent)", "signed")];
const BACK: &[(&str, &str, &str)] = &[("note", "signed", "(absent)"), ("amount", "79800", "71400")];

/// Each run of the workspace and the name of its story.
pub fn named() -> [(RunId, &'static str); 14] {
    [
        (run_id(1), "auto"),
        (run_id(2), "rolled_back"),
        (run_id(3), "recovery"),
        (run_id(4), "denied"),
        (run_id(5), "rejected"),
        (run_id(6), "reconciled"),
        (run_id(7), "taken_over"),
        (run_id(8), "drifted"),
        (run_id(9), "diverged"),
        (run_id(10), "cancelled"),
        (run_id(11), "expired"),
        (run_id(12), "voided"),
        (run_id(13), "open"),
        (run_id(14), "erased"),
    ]
}

/// Everything happened.
pub fn world() -> World {
    let mut world = World::empty();
    set_up(&mut world);
    finished(&mut world);
    stopped(&mut world);
    troubled(&mut world);
    administered(&mut world);
    world
}

fn set_up(world: &mut World) {
    let opened = LogOpened {
        origin: ORIGIN.to_owned(),
        scope: slug("governed-runs"),
        vkey: format!("{ORIGIN}+00000000+AQ=="),
    };
    world.act_by(Actor::System(node()), WorkspaceEvent::LogOpened(opened));
    for whom in [ADMIN, AUTHOR, ANN, BOB, HOLDER] {
        let added = AccessChanged { code: slug("person_added"), principal: person(whom).to_string() };
        world.act(ADMIN, WorkspaceEvent::AccessChanged(added));
    }
    world.act(AUTHOR, WorkspaceEvent::PolicyPublished(PolicyPublished { bytes: 612, policy: policy() }));
    world.act(ADMIN, WorkspaceEvent::PolicyActivated(PolicyActivated { code: None, policy: policy() }));
    let (connector, environment) = (slug("crm-main"), Environment::Sandbox);
    let connected = ConnectorChanged { connector, environment, manifest: manifest() };
    world.act(ADMIN, WorkspaceEvent::ConnectorChanged(connected));
    let lane = LaneChanged { lane: slug("renewals.crm-main.deal.update"), readiness: vec![slug("auth")] };
    world.act(ADMIN, WorkspaceEvent::LaneChanged(lane));
    for whom in [ANN, BOB] {
        let enrolled = ApproverEnrolled { approver: person(whom), groups: vec![slug("sales")] };
        world.act(ADMIN, WorkspaceEvent::ApproverEnrolled(enrolled));
    }
    // The period that tests look at begins here.
    world.now = start().plus_s(3_600);
}

fn finished(world: &mut World) {
    world.planned(run_id(1), STAGE, DecisionWord::Auto);
    world.apply(run_id(1));
    world.planned(run_id(2), AMOUNT, DecisionWord::Approval);
    world.wait_s(600);
    world.approve(run_id(2), ANN);
    world.wait_s(1_200);
    world.approve(run_id(2), BOB);
    world.apply(run_id(2));
    world.roll_back(run_id(2), run_id(3), BACK);
    world.planned(run_id(14), STAGE, DecisionWord::Auto);
    world.give(run_id(14), Command::Comment { person: person(ANN), comment: Value::from("-1 for the tone") });
    world.apply(run_id(14));
}

fn stopped(world: &mut World) {
    world.planned(run_id(4), STAGE, DecisionWord::Deny);
    world.planned(run_id(5), AMOUNT, DecisionWord::Approval);
    world.wait_s(60);
    world.reject(run_id(5), BOB);
    world.propose(run_id(10), STAGE);
    let rationale = Value::from("no longer needed");
    world.give(run_id(10), Command::Cancel { by: human(HOLDER), code: slug("by_request"), rationale });
    world.planned(run_id(11), AMOUNT, DecisionWord::Approval);
    world.planned(run_id(13), AMOUNT, DecisionWord::Approval);
}

fn troubled(world: &mut World) {
    world.planned(run_id(6), STAGE, DecisionWord::Auto);
    world.attempt(run_id(6));
    world.finish(run_id(6), Outcome::Unknown, "timeout");
    world.wait_s(300);
    world.settle(run_id(6), Some(HOLDER), Outcome::Applied, "person");

    world.planned(run_id(7), AMOUNT, DecisionWord::Approval);
    world.take_over(run_id(7));
    world.amend(run_id(7), STAGE);
    world.preview(run_id(7));
    world.decide(run_id(7), DecisionWord::Auto);
    let observed = Command::ObserveChange { n: 0, person: person(HOLDER), change: Value::from("by hand") };
    world.give(run_id(7), observed);
    let rationale = Value::from("done");
    world.give(run_id(7), Command::HandBack { person: person(HOLDER), rationale });

    world.planned(run_id(8), STAGE, DecisionWord::Auto);
    world.drift(run_id(8));
    world.preview(run_id(8));
    world.decide(run_id(8), DecisionWord::Auto);
    let (by, artifact, media_type) = (Some(agent()), Value::from("a file"), "text/csv".to_owned());
    world.give(run_id(8), Command::Attach { by, bytes: 2_048, media_type, artifact });
    world.apply(run_id(8));

    world.planned(run_id(9), STAGE, DecisionWord::Auto);
    world.attempt(run_id(9));
    world.finish(run_id(9), Outcome::Diverged, "read_back");
    let accept = Command::AcceptDivergence {
        person: person(ANN),
        plan_digest: world.run(run_id(9)).plan_digest().unwrap(),
        n: 0,
        approver: crate::world::named("Ann"),
        rationale: Value::from("the vendor rounds"),
    };
    world.give(run_id(9), accept);

    world.planned(run_id(12), STAGE, DecisionWord::Auto);
    world.give(run_id(12), Command::Void { code: slug("policy_changed"), detail: Value::Null });
    world.wait_s(7_300);
    world.give(run_id(11), Command::Expire);
    for (run, stage) in
        [(7, Stage::Proposed), (9, Stage::Applied), (11, Stage::Expired), (12, Stage::Proposed)]
    {
        assert_eq!(world.run(run_id(run)).stage, stage, "run {run}");
    }
}

fn administered(world: &mut World) {
    let (id, kind) = ("crm-main".to_owned(), slug("connector"));
    world.act(ADMIN, WorkspaceEvent::PauseSet(PauseSet { id: id.clone(), kind: kind.clone() }));
    world.wait_s(900);
    world.act(ADMIN, WorkspaceEvent::PauseLifted(PauseLifted { id, kind }));
    let hold = HoldId::new(start(), [1; 10]);
    world.act(ADMIN, WorkspaceEvent::HoldPlaced(HoldPlaced { hold, until: None }));
    let refused = ErasureRefused { basis: slug("gdpr-17-3-b"), count: 3, hold: Some(hold) };
    world.act(ADMIN, WorkspaceEvent::ErasureRefused(refused));
    world.act(ADMIN, WorkspaceEvent::HoldReleased(HoldReleased { hold }));
    world.erase(run_id(14));
    let removed = ApproverRemoved { approver: person(BOB), groups: vec![slug("sales")] };
    world.act(ADMIN, WorkspaceEvent::ApproverRemoved(removed));
    let head = world.head();
    let verified = LogVerified { root: head.root, size: head.size, verdict: slug("valid") };
    world.act(ADMIN, WorkspaceEvent::LogVerified(verified));
    let rotated = KeyRotated {
        from_size: head.size,
        new_vkey: format!("{ORIGIN}+00000001+AQ=="),
        old_vkey: format!("{ORIGIN}+00000000+AQ=="),
    };
    world.act_by(Actor::System(node()), WorkspaceEvent::KeyRotated(rotated));
    let witness = WitnessChanged {
        added: vec!["witness.example/w+00000002+BA==".to_owned()],
        removed: vec![],
        trust_digest: sha256(b"trust"),
    };
    world.act(ADMIN, WorkspaceEvent::WitnessChanged(witness));
    world.act(ADMIN, WorkspaceEvent::ExportMade(ExportMade { runs: 1, scope: slug("run") }));
}
