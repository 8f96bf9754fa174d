//! Histories that no honest writer wrote: the fold refuses each for its own reason.

use std::collections::BTreeSet;

use domain::attempt::{EvidenceLevel, Outcome};
use domain::command::Command;
use domain::event::{Event, RunProposed};
use domain::mutation::Environment;
use domain::principal::Actor;
use domain::run::{Cause, DecisionWord, Envelope, Method, RecoveryKind, RecoveryOutcome, Run, Stage, apply};
use proof::digest::sha256;

use crate::golden;
use crate::history::{Try, tries};
use crate::world::{
    ANN, HOLDER, LEASE_S, LIFE_S, OTHER, OWNER, World, agent, applied, ask, ask_of, auto, child_id, decision,
    diverged, finish, human, node, obligation, person, plan, policy_set, propose, run_id, service, slug,
    start, take_over, text, unknown,
};

/// The next event of this name, as its author would write it.
fn next(run: &Run, name: &str) -> Try {
    let found = tries(run).into_iter().find(|attempt| attempt.name == name);
    found.unwrap_or_else(|| panic!("no event is called `{name}`"))
}

/// Refusals found by the tests of this file, to compare them with the rules that exist.
struct Forger {
    broken: BTreeSet<&'static str>,
}

impl Forger {
    /// An event that an edit made a lie of.
    fn edit(&mut self, world: &World, name: &str, edit: impl FnOnce(&mut Try), rule: &'static str) {
        self.read(world.run(), name, edit, rule);
    }

    fn read(&mut self, run: &Run, name: &str, edit: impl FnOnce(&mut Try), rule: &'static str) {
        let mut forged = next(run, name);
        edit(&mut forged);
        let refused = forged.read_after(run).map(|after| after.stage).map_err(|violation| violation.rule);
        assert_eq!(refused, Err(rule), "{name} {:?}", forged.event);
        self.broken.insert(rule);
    }

    /// An event that is true but comes at the wrong moment.
    fn early(&mut self, world: &World, name: &str, rule: &'static str) {
        self.edit(world, name, |_| (), rule);
    }
}

macro_rules! change {
    ($variant:ident, |$event:ident| $edit:expr) => {
        |forged: &mut Try| match &mut forged.event {
            Event::$variant($event) => $edit,
            other => panic!("{other:?}"),
        }
    };
}

fn no_cause(forged: &mut Try) {
    forged.at.cause.clear();
}

fn by(actor: Actor) -> impl FnOnce(&mut Try) {
    move |forged| forged.at.by = actor
}

fn anybody(n: u8) -> Actor {
    Actor::Principal(human(n))
}

/// The state inside a commit: after an event, before the one that answers it.
fn inside(world: &World, name: &str) -> Run {
    next(world.run(), name).read_after(world.run()).unwrap()
}

fn previewed() -> World {
    World::proposed(2).previewed()
}

fn asked() -> World {
    previewed().then(ask_of(vec![obligation("sales", 2)]))
}

fn authorized() -> World {
    previewed().then(auto())
}

fn held() -> World {
    World::proposed(2).then(take_over(HOLDER)).previewed().then(auto())
}

fn forge() -> Forger {
    let mut forger = Forger { broken: BTreeSet::new() };
    forge_the_chain(&mut forger);
    forge_plans(&mut forger);
    forge_decisions(&mut forger);
    forge_approvals(&mut forger);
    forge_authorizations(&mut forger);
    forge_takeovers(&mut forger);
    forge_attempts(&mut forger);
    forge_settlements(&mut forger);
    forge_recoveries(&mut forger);
    forge_endings(&mut forger);
    forger
}

fn forge_the_chain(forger: &mut Forger) {
    let world = World::proposed(1);
    forger.edit(&world, "run.commented", |f| f.at.run = child_id(), "an event belongs to its own run");
    forger.edit(&world, "run.commented", |f| f.at.seq = 2, "positions have no gap");
    forger.edit(&world, "run.commented", |f| f.at.seq = 0, "positions have no gap");
    let earlier = start().plus_ms(-1);
    forger.edit(&world, "run.commented", |f| f.at.time = earlier, "time does not run backwards");
    let again = world.drafts[0].event.clone();
    forger.edit(&world, "run.cancelled", |f| f.event = again, "a run is proposed once");
}

fn forge_plans(forger: &mut Forger) {
    let count = "a plan has at least one mutation, and at most the limit";
    let proposed = World::proposed(1);
    forger.edit(&proposed, "plan.previewed", change!(PlanPreviewed, |e| e.count = 0), count);
    forger.edit(&proposed, "plan.previewed", change!(PlanPreviewed, |e| e.count = 1_001), count);
    forger.edit(
        &proposed,
        "plan.previewed",
        change!(PlanPreviewed, |e| e.revision = 2),
        "revisions have no gap",
    );
    let late = "a preview comes after the proposal, while nothing had an effect";
    forger.early(&authorized(), "plan.previewed", late);
    let taken = World::proposed(1).then(take_over(HOLDER));
    forger.edit(&taken, "plan.amended", change!(PlanAmended, |e| e.mutations = u32::MAX), count);
    forger.edit(&taken, "plan.amended", change!(PlanAmended, |e| e.revision = 3), "revisions have no gap");
    forger.edit(&taken, "plan.amended", by(anybody(OTHER)), "only the holder does this");
    forger.edit(
        &taken,
        "plan.amended",
        change!(PlanAmended, |e| e.replaces = Some(plan(4))),
        "an amendment names the plan that it replaces",
    );
    forger.early(&held(), "plan.amended", "a plan is amended while nothing had an effect");
    let drift = "drift revises a plan only while nothing had an effect";
    forger.early(&authorized().in_flight().then(applied()), "plan.drifted", drift);
    forger.edit(
        &authorized(),
        "plan.drifted",
        change!(PlanDrifted, |e| e.n = 2),
        "a mutation stands in the plan",
    );
    let other = change!(PlanDrifted, |e| e.plan_digest = plan(7));
    forger.edit(&authorized(), "plan.drifted", other, "an event names the newest plan");
}

fn forge_decisions(forger: &mut Forger) {
    let world = previewed();
    let auto_event = "policy.decided auto";
    forger.edit(&world, auto_event, no_cause, "a decision names the preview");
    forger.edit(
        &world,
        auto_event,
        change!(PolicyDecided, |e| e.policy = sha256(b"another set")),
        "a decision is made by the policy set of its plan",
    );
    forger.edit(
        &world,
        auto_event,
        change!(PolicyDecided, |e| e.principal = person(OWNER).to_string()),
        "policy judges the proposer, or the holder",
    );
    forger.edit(
        &held(),
        auto_event,
        change!(PolicyDecided, |e| e.principal = agent().to_string()),
        "policy judges the proposer, or the holder",
    );
    forger.edit(
        &world,
        auto_event,
        change!(PolicyDecided, |e| e.obligations = vec![obligation("sales", 1)]),
        "exactly the decision `approval` asks somebody",
    );
    let approval = "policy.decided approval";
    let mut obligations = |asked: Vec<domain::event::Obligation>, rule| {
        forger.edit(&world, approval, change!(PolicyDecided, |e| e.obligations = asked), rule);
    };
    let groups = (0..17).map(|n| obligation(&format!("g{n}"), 1)).collect();
    let mut hasty = obligation("sales", 1);
    hasty.expires_s = 0;
    obligations(vec![], "exactly the decision `approval` asks somebody");
    obligations(groups, "a decision asks at most so many groups");
    obligations(vec![obligation("sales", 0)], "a quorum is at least one");
    obligations(vec![obligation("sales", 64)], "a decision asks at most so many approvers");
    obligations(vec![hasty], "an obligation has time to be met");
    obligations(vec![obligation("sales", 1), obligation("sales", 2)], "a decision asks each group once");
    let canary = change!(PolicyDecided, |e| e.canary = Some(0));
    forger.edit(&world, auto_event, canary, "a canary is at least one mutation");
    forger.early(&asked(), auto_event, "a decision follows a preview");
    forger.early(&authorized(), "policy.decided deny", "a repeated decision only renews");
    forger.early(&authorized().in_flight(), auto_event, "an unsettled attempt is settled first");
}

fn forge_approvals(forger: &mut Forger) {
    let decided = inside(&previewed(), "policy.decided approval");
    let request = "approval.requested";
    forger.read(&decided, request, no_cause, "a request names the decision");
    let whom = "a request asks whom the decision asks";
    forger.read(&decided, request, change!(ApprovalRequested, |e| e.groups.clear()), whom);
    forger.read(&decided, request, change!(ApprovalRequested, |e| e.groups[0].quorum = 2), whom);
    forger.read(
        &decided,
        request,
        change!(ApprovalRequested, |e| e.expires = start()),
        "a request ends in the future",
    );
    forger.early(&asked(), request, "approval is asked for once");
    forger.read(&decided, "approval.given", |_| (), "a verdict answers a request");
    for verdict in ["approval.given", "approval.rejected"] {
        let own = "nobody approves their own proposal or amendment";
        forger.edit(&asked(), verdict, no_cause, "a verdict names the decision");
        forger.edit(&asked(), verdict, by(anybody(OWNER)), own);
        let over = |f: &mut Try| f.at.time = start().plus_s(LIFE_S);
        forger.edit(&asked(), verdict, over, "a verdict is given before the request ends");
        let mut excluding = obligation("sales", 1);
        excluding.exclude = vec![person(ANN)];
        let world = previewed().then(ask_of(vec![excluding]));
        forger.early(&world, verdict, "an excluded person gives no verdict");
        let held = World::proposed(1).then(take_over(ANN)).previewed().then(ask());
        forger.early(&held, verdict, own);
    }
    forge_given(forger);
}

fn forge_given(forger: &mut Forger) {
    let given = "approval.given";
    let group = change!(ApprovalGiven, |e| e.group = slug("legal"));
    forger.edit(&asked(), given, group, "a verdict is given for a group that was asked");
    let stale = change!(ApprovalGiven, |e| e.plan_digest = plan(3));
    forger.edit(&asked(), given, stale, "an event names the newest plan");
    let revision = change!(ApprovalGiven, |e| e.revision = 2);
    forger.edit(&asked(), given, revision, "an approval names the newest revision");
    let revision = change!(ApprovalRejected, |e| e.revision = 2);
    forger.edit(&asked(), "approval.rejected", revision, "a rejection names the newest revision");
    let ends = "an approval ends in the future, and no later than its obligation says";
    forger.edit(&asked(), given, change!(ApprovalGiven, |e| e.expires = e.expires.plus_ms(1)), ends);
    forger.edit(&asked(), given, change!(ApprovalGiven, |e| e.expires = start()), ends);
    forger.early(&asked().approved(ANN, &["sales"]), given, "a person counts once");
    let mut strong = obligation("sales", 1);
    strong.method = Method::Passkey;
    forger.early(&previewed().then(ask_of(vec![strong])), given, "a passkey was asked for");
}

fn forge_authorizations(forger: &mut Forger) {
    let decided = inside(&previewed(), "policy.decided auto");
    let basis_auto = "run.authorized auto";
    forger.read(&decided, basis_auto, no_cause, "an authorization names the decision");
    let revision = change!(RunAuthorized, |e| e.revision = 0);
    forger.read(&decided, basis_auto, revision, "an authorization names the newest revision");
    let ends = "an authorization ends in the future, and with the run";
    forger.read(&decided, basis_auto, change!(RunAuthorized, |e| e.expires = start()), ends);
    let beyond = start().plus_s(LIFE_S).plus_ms(1);
    forger.read(&decided, basis_auto, change!(RunAuthorized, |e| e.expires = beyond), ends);
    forger.early(&authorized(), basis_auto, "a decision is authorized once");
    let early = "an authorization follows a decision or the last approval";
    forger.early(&previewed().then(take_over(HOLDER)), basis_auto, early);
    forger.early(&authorized().in_flight().then(unknown()), basis_auto, early);
    forger.read(&decided, "run.authorized approvals", |_| (), "basis `approvals` needs decision `approval`");
    let lease = "basis `takeover` needs a running takeover and a decision for its holder";
    forger.read(&decided, "run.authorized takeover", |_| (), lease);

    let lacking = "every group reaches its quorum with approvals that are named and unexpired";
    let one_of_two = asked().approved(ANN, &["sales"]);
    forger.early(&one_of_two, "run.authorized approvals", lacking);
    forger.early(&one_of_two, basis_auto, "basis `auto` needs decision `auto`");
    forger.early(&one_of_two, "run.authorized takeover", "basis `takeover` needs decision `auto`");
    let complete = inside(&previewed().then(ask()), "approval.given");
    let unnamed = |f: &mut Try| f.at.cause = vec![complete.decision.as_ref().unwrap().seq];
    forger.read(&complete, "run.authorized approvals", unnamed, lacking);
    let outlives = change!(RunAuthorized, |e| e.expires = start().plus_s(3_601));
    forger.read(&complete, "run.authorized approvals", outlives, "no authorization outlives its approvals");

    let for_holder = inside(&World::proposed(1).then(take_over(HOLDER)).previewed(), "policy.decided auto");
    forger.read(&for_holder, basis_auto, |_| (), "a taken-over run is authorized for its holder");
    let over = |f: &mut Try| {
        f.at.time = start().plus_s(LEASE_S);
        if let Event::RunAuthorized(event) = &mut f.event {
            event.expires = start().plus_s(LEASE_S + 1);
        }
    };
    forger.read(&for_holder, "run.authorized takeover", over, lease);
    // Decided for the proposer, taken over since: that decision is nobody's any more.
    let canary = previewed().then(decision(DecisionWord::Auto, |d| d.canary = Some(1)));
    let since = canary.in_flight().then(applied()).then(take_over(HOLDER));
    forger.early(&since, "run.authorized takeover", lease);

    let effect = "an authorization is voided only while nothing had an effect";
    forger.early(&authorized().in_flight().then(applied()), "authorization.voided", effect);
    let expired = change!(AuthorizationVoided, |e| e.code = slug("expired"));
    forger.edit(&authorized(), "authorization.voided", expired, "an authorization expires at its end");
}

fn forge_takeovers(forger: &mut Forger) {
    let world = World::proposed(1);
    let flying = "a run is taken over with nothing in flight";
    forger.early(&authorized().in_flight(), "run.taken_over", flying);
    let ended = change!(RunTakenOver, |e| e.until = start());
    forger.edit(&world, "run.taken_over", ended, "a lease ends in the future");
    forger.edit(&held(), "run.taken_over, renewed", by(anybody(OTHER)), "one person holds a run at a time");
    forger.early(&world, "run.handed_back by_holder", "only a taken-over run is handed back");
    forger.edit(&held(), "run.handed_back by_holder", by(anybody(OTHER)), "only the holder does this");
    let node_gives = by(Actor::System(node()));
    forger.edit(&held(), "run.handed_back by_holder", node_gives, "only the holder does this");
    let early = |f: &mut Try| f.at.time = start().plus_s(LEASE_S).plus_ms(-1);
    forger.edit(&held(), "run.handed_back lease_expired", early, "a lease expires at its end");
    let why = change!(RunHandedBack, |e| e.code = slug("by_admin"));
    let who = "a run is handed back by its holder, or when the lease ends";
    forger.edit(&held(), "run.handed_back by_holder", why, who);
    let flying = "a run is handed back with nothing in flight";
    forger.early(&held().in_flight(), "run.handed_back by_holder", flying);
    forger.early(&world, "change.observed", "only the holder does this");
    let n = change!(ChangeObserved, |e| e.n = 2);
    forger.edit(&held(), "change.observed", n, "a mutation stands in the plan");
}

fn forge_attempts(forger: &mut Forger) {
    let started = "attempt.started";
    let world = authorized();
    forger.early(&previewed(), started, "an attempt follows an authorization");
    forger.edit(&world, started, no_cause, "an attempt names its authorization");
    let over = |f: &mut Try| f.at.time = start().plus_s(600);
    forger.edit(&world, started, over, "an attempt starts before its authorization ends");
    let late = change!(AttemptStarted, |e| e.send_by = start().plus_s(601));
    forger.edit(&world, started, late, "nothing is sent after the authorization ends");
    let never = change!(AttemptStarted, |e| e.send_by = start());
    forger.edit(&world, started, never, "the send window lies in the future");
    let second = change!(AttemptStarted, |e| {
        e.n = 1;
        e.key = proof::document::idempotency_key(&run_id().to_string(), &e.plan_digest, 1);
    });
    forger.edit(&world, started, second, "mutations are executed in order");
    let gap = change!(AttemptStarted, |e| e.attempt = 2);
    forger.edit(&world, started, gap, "attempt numbers have no gap");
    let key = change!(AttemptStarted, |e| e.key = sha256(b"mine"));
    forger.edit(&world, started, key, "the idempotency key is derived from run, plan and mutation");
    let mut sealed = propose(1);
    sealed.environment = Environment::Production;
    let production = World::proposing(sealed).previewed().then(auto());
    forger.early(&production, started, "an attempt waits for its evidence");
    let witnessed = previewed().then(decision(DecisionWord::Auto, |d| d.evidence = EvidenceLevel::Witnessed));
    forger.early(&witnessed, started, "an attempt waits for its evidence");

    forger.early(&world.clone().in_flight(), started, "an unsettled attempt is settled first");
    forger.early(
        &world.clone().in_flight().then(unknown()),
        started,
        "an unsettled attempt is settled first",
    );
    let open = "a divergence is accepted or recovered first";
    forger.early(&world.clone().in_flight().then(diverged()), started, open);
    let again = world.clone().in_flight().then(finish(Outcome::NotSent, "never_left", true));
    let other = change!(AttemptStarted, |e| e.mutation = sha256(b"another document"));
    forger.edit(&again, started, other, "a mutation keeps its document and key");
    let conflicted = inside(&world.clone().in_flight(), "attempt.finished rejected conflict");
    let repeated = "an attempt is repeated only when the last one had no effect and may be repeated";
    forger.read(&conflicted, started, |_| (), repeated);
    let undecided = world.in_flight().then(applied()).then(take_over(HOLDER));
    forger.early(&undecided, started, "an attempt is authorized");

    let worker = change!(AttemptStarted, |e| e.requested_by = node().to_string());
    let holder = "the holder of a taken-over run says execute";
    forger.edit(&held(), started, worker, holder);
    let other = change!(AttemptStarted, |e| e.requested_by = person(OTHER).to_string());
    forger.edit(&held(), started, other, holder);
    let short = Command::TakeOver(domain::command::TakeOver {
        person: person(HOLDER),
        lease_s: 1,
        operator: text("Hal"),
        rationale: text("shorter"),
    });
    let beyond = change!(AttemptStarted, |e| e.send_by = start().plus_s(2));
    forger.edit(&held().then(short), started, beyond, "nothing is sent after the takeover ends");
    let canary = previewed().then(decision(DecisionWord::Auto, |d| d.canary = Some(1)));
    let worker = change!(AttemptStarted, |e| e.requested_by = node().to_string());
    let person_says = "a person says go on after a canary";
    forger.edit(&canary.in_flight().then(applied()), started, worker, person_says);
}

fn forge_settlements(forger: &mut Forger) {
    let flying = authorized().in_flight();
    let finished = "attempt.finished applied";
    forger.edit(&flying, finished, no_cause, "an outcome names its attempt");
    let about = "an outcome is about its attempt's mutation";
    forger.edit(&flying, finished, change!(AttemptFinished, |e| e.mutation = sha256(b"x")), about);
    let last = "an outcome answers the last attempt of its mutation";
    forger.edit(&flying, finished, change!(AttemptFinished, |e| e.attempt = 2), last);
    forger.edit(&flying, finished, change!(AttemptFinished, |e| e.n = 5), "a mutation stands in the plan");
    let answered = flying.clone().then(unknown());
    forger.early(&answered, finished, "an outcome answers an attempt in flight");

    let settled = "attempt.reconciled applied";
    forger.early(&flying, settled, "reconcile settles only what is unknown");
    forger.edit(&answered, settled, no_cause, "reconcile names the outcome that it settles");
    forger.edit(&answered, settled, change!(AttemptReconciled, |e| e.mutation = sha256(b"x")), about);
    forger.early(&answered, "attempt.reconciled unknown", "reconcile settles");
    let code = change!(AttemptReconciled, |e| e.code = slug("surely"));
    forger.edit(&answered, settled, code, "a settled outcome names what it rests on");
    let by_person = |f: &mut Try| {
        f.at.by = anybody(ANN);
        if let Event::AttemptReconciled(event) = &mut f.event {
            event.code = slug("person");
        }
    };
    forger.edit(&answered, settled, by_person, "a person settles after the send window");
    let again = |f: &mut Try| {
        by_person(f);
        if let Event::AttemptReconciled(event) = &mut f.event {
            event.retryable = true;
        }
    };
    forger.edit(&answered, settled, again, "what a person settled is not tried again");

    let diverged_one = flying.then(diverged());
    let accepted = "divergence.accepted";
    let own = "nobody accepts the divergence of their own proposal or amendment";
    forger.edit(&diverged_one, accepted, by(anybody(OWNER)), own);
    let about = "an acceptance is about its attempt's mutation";
    forger.edit(&diverged_one, accepted, change!(DivergenceAccepted, |e| e.mutation = sha256(b"x")), about);
    forger.early(&authorized(), accepted, "a divergence waits for a person");
    forger.early(&answered, accepted, "only a divergence is accepted, and once");
}

fn forge_recoveries(forger: &mut Forger) {
    let world = authorized().in_flight().then(applied()).in_flight().then(applied());
    let planned = "recovery.planned";
    let early = "a recovery follows an effect, with nothing unsettled";
    forger.early(&authorized().in_flight().then(applied()), planned, early);
    let effect = "a recovery names mutations that had an effect";
    forger.edit(&world, planned, change!(RecoveryPlanned, |e| e.mutations = vec![2]), effect);
    forger.edit(&world, planned, change!(RecoveryPlanned, |e| e.mutations.clear()), effect);
    let order = "a recovery undoes the last mutation first, and each once";
    forger.edit(&world, planned, change!(RecoveryPlanned, |e| e.mutations = vec![0, 1]), order);
    forger.edit(&world, planned, change!(RecoveryPlanned, |e| e.mutations = vec![1, 1]), order);
    forger.early(&world, "run.commented", "after the close only a recovery follows");
    forger.early(&world, "run.closed", "after the close only a recovery follows");

    let recover = world.recover(RecoveryKind::Rollback, &[1]);
    let open = world.then(recover);
    forger.early(&open, "run.closed", "an open recovery is finished before anything else");
    forger.early(&open, planned, "an open recovery is finished before anything else");
    let done = "recovery.finished in full";
    let same = "a finished recovery is the planned one";
    forger.edit(&open, done, change!(RecoveryFinished, |e| e.run = run_id()), same);
    forger.edit(&open, done, change!(RecoveryFinished, |e| e.kind = RecoveryKind::Compensation), same);
    let what = "a recovery recovers what it planned";
    forger.edit(&open, done, change!(RecoveryFinished, |e| e.recovered = vec![1, 0]), what);
    let told = "a recovery's outcome agrees with what it recovered";
    for (outcome, recovered) in [
        (RecoveryOutcome::Restored, vec![]),
        (RecoveryOutcome::PartlyRestored, vec![1]),
        (RecoveryOutcome::PartlyRestored, vec![]),
        (RecoveryOutcome::Abandoned, vec![1]),
        (RecoveryOutcome::Failed, vec![1]),
        (RecoveryOutcome::Conflict, vec![1]),
    ] {
        let lie = change!(RecoveryFinished, |e| {
            e.outcome = outcome;
            e.recovered = recovered;
        });
        forger.edit(&open, done, lie, told);
    }
    forger.early(&authorized(), done, "a finished recovery was planned");
    let diverged_one = authorized().in_flight().then(diverged());
    let recover = diverged_one.rollback();
    forger.early(&diverged_one.then(recover), planned, "one recovery at a time");
}

fn forge_endings(forger: &mut Forger) {
    let closed = "run.closed";
    let half = authorized().in_flight().then(applied());
    let count = change!(RunClosed, |e| e.events -= 1);
    forger.edit(&half, closed, count, "the close counts all events");
    let stage = change!(RunClosed, |e| e.stage = Stage::Applied);
    forger.edit(&half, closed, stage, "the close names the stage that the outcomes give");
    let why = "a run does not close from here without an event that says why";
    for world in [previewed(), asked(), authorized(), World::proposed(1).then(take_over(HOLDER))] {
        forger.early(&world, closed, why);
    }
    forger.early(&half.clone().in_flight(), closed, "an unsettled attempt is settled first");
    let open = "a divergence is accepted or recovered first";
    forger.early(&half.clone().in_flight().then(diverged()), closed, open);
    let denied = inside(&previewed(), "policy.decided deny");
    forger.read(&denied, "run.commented", |_| (), "a final stage is followed by the close");
    forger.read(&denied, "recovery.planned", |_| (), "a final stage is followed by the close");

    forger.early(&half, "run.expired", "a run expires only while nothing had an effect");
    let over = "a run expires at its deadline, or when its request for approval ends";
    let early = |f: &mut Try| f.at.time = start().plus_s(LIFE_S).plus_ms(-1);
    forger.edit(&previewed(), "run.expired", early, over);
    let request = change!(RunExpired, |e| e.code = slug("approval_expired"));
    forger.edit(&previewed(), "run.expired", request, over);
    let other = change!(RunExpired, |e| e.code = slug("boredom"));
    forger.edit(&previewed(), "run.expired", other, over);
    forger.edit(&held(), "run.cancelled", by(Actor::Principal(agent())), "only the holder does this");
}

#[test]
fn each_lie_is_refused_for_its_own_reason() {
    forge();
}

/// Rules that stand behind another one: whoever breaks them broke the other first.
const BEHIND: &[&str] = &[
    "an open recovery is finished first",
    "approvals answer a decision",
    "basis `approvals` needs an approval",
    "basis `auto` is decided for the proposer",
    "only a person accepts a divergence",
    "only a person approves",
    "only a person takes over",
];

/// Rules of the tests below.
const ELSEWHERE: &[&str] = &[
    "a person or a worker writes this",
    "a recovery names its parent and its kind",
    "a run starts at position 0",
    "a run starts with `run.proposed`",
    "a worker closes a run, or whoever asks for it",
    "a worker writes this",
    "an agent, a person or a service asks for this",
    "only a person does this",
    "only an agent, a person or a service proposes",
    "policy decides",
    "the deadline lies in the future",
];

#[test]
fn every_rule_of_the_fold_is_broken_by_a_test() {
    let sources = [
        include_str!("../../src/run/evolve.rs"),
        include_str!("../../src/run/evolve/approval.rs"),
        include_str!("../../src/run/evolve/author.rs"),
        include_str!("../../src/run/evolve/control.rs"),
        include_str!("../../src/run/evolve/execution.rs"),
        include_str!("../../src/run/evolve/plan.rs"),
        include_str!("../../src/run/evolve/recovery.rs"),
    ];
    let code = sources.iter().flat_map(|source| source.lines()).filter(|line| !line.trim().starts_with("//"));
    let quoted = code.flat_map(|line| line.split('"').skip(1).step_by(2));
    let rules: BTreeSet<&str> = quoted.filter(|text| text.contains(' ')).collect();
    assert!(rules.len() > 100, "{rules:?}");
    let forger = forge();
    let tested: BTreeSet<&str> = forger.broken.iter().chain(BEHIND).chain(ELSEWHERE).copied().collect();
    assert_eq!(rules, tested);
}

#[test]
fn only_its_author_writes_an_event() {
    let authors = [
        ("agent", Actor::Principal(agent())),
        ("service", Actor::Principal(service())),
        ("person", anybody(ANN)),
        ("policy", Actor::Policy(policy_set())),
        ("worker", Actor::System(node())),
    ];
    let rules = [
        "a person or a worker writes this",
        "a worker closes a run, or whoever asks for it",
        "a worker writes this",
        "an agent, a person or a service asks for this",
        "only a person does this",
        "policy decides",
        "only an agent, a person or a service proposes",
    ];
    let world = World::proposed(1);
    let mut table = BTreeSet::new();
    for (_, _, event) in golden::events() {
        let first = matches!(event, Event::RunProposed(_));
        let may: Vec<&str> = authors
            .iter()
            .filter(|(_, by)| {
                let run = (!first).then(|| world.run().clone());
                let seq = u64::from(!first);
                let at = Envelope { run: run_id(), seq, time: start(), by: *by, cause: vec![] };
                apply(run, &at, &event).err().is_none_or(|violation| !rules.contains(&violation.rule))
            })
            .map(|(name, _)| *name)
            .collect();
        table.insert(format!("{}: {}", event.kind(), may.join(", ")));
    }
    let table: Vec<String> = table.into_iter().collect();
    assert_eq!(table.join("\n"), AUTHORS.trim());
}

const AUTHORS: &str = "
approval.given: person
approval.rejected: person
approval.requested: worker
artifact.attached: agent, service, person
attempt.finished: worker
attempt.reconciled: person, worker
attempt.started: worker
authorization.voided: worker
change.observed: person
divergence.accepted: person
plan.amended: person
plan.drifted: worker
plan.previewed: worker
policy.decided: policy
recovery.finished: worker
recovery.planned: agent, service, person
run.authorized: worker
run.cancelled: agent, service, person
run.closed: agent, service, person, worker
run.commented: person
run.expired: worker
run.handed_back: person, worker
run.proposed: agent, service, person
run.taken_over: person
";

#[test]
fn a_run_begins_with_a_sound_proposal() {
    let proposed = World::proposed(1).drafts[0].event.clone();
    let Event::RunProposed(sound) = proposed else { panic!("{proposed:?}") };
    let begin = |seq: u64, edit: &dyn Fn(&mut RunProposed)| {
        let mut proposed = sound.clone();
        edit(&mut proposed);
        let at = Envelope { run: run_id(), seq, time: start(), by: Actor::Principal(agent()), cause: vec![] };
        apply(None, &at, &Event::RunProposed(proposed)).map(|_| ()).map_err(|violation| violation.rule)
    };
    assert_eq!(begin(0, &|_| ()), Ok(()));
    assert_eq!(begin(1, &|_| ()), Err("a run starts at position 0"));
    let count = "a plan has at least one mutation, and at most the limit";
    assert_eq!(begin(0, &|e| e.mutations = 0), Err(count));
    assert_eq!(begin(0, &|e| e.mutations = 1_000), Ok(()));
    assert_eq!(begin(0, &|e| e.mutations = 1_001), Err(count));
    assert_eq!(begin(0, &|e| e.deadline = start()), Err("the deadline lies in the future"));
    let parent = "a recovery names its parent and its kind";
    assert_eq!(begin(0, &|e| e.recovers = Some(child_id())), Err(parent));
    assert_eq!(begin(0, &|e| e.recovery = Some(RecoveryKind::Rollback)), Err(parent));
    let at = Envelope { run: run_id(), seq: 0, time: start(), by: anybody(ANN), cause: vec![] };
    let comment = Event::RunCommented(domain::event::RunCommented {});
    assert_eq!(apply(None, &at, &comment).unwrap_err().rule, "a run starts with `run.proposed`");
}

#[test]
fn what_decide_wrote_with_a_cause_left_out_is_not_read() {
    let told =
        World::proposed(1).previewed().then(ask()).approved(ANN, &["sales"]).in_flight().then(unknown());
    let told = told.then(crate::world::settle(0, Outcome::Applied, "read_back", false));
    for (left_out, draft) in told.drafts.iter().enumerate().filter(|(_, draft)| !draft.cause.is_empty()) {
        for skipped in 0..draft.cause.len() {
            let mut forged = told.drafts.clone();
            forged[left_out].cause.remove(skipped);
            let mut run = None;
            let read = forged.iter().enumerate().try_for_each(|(seq, draft)| {
                let cause = draft.cause.iter().filter_map(|cause| match cause {
                    Cause::Own(seq) => Some(*seq),
                    Cause::Foreign(_) => None,
                });
                let seq = u64::try_from(seq).unwrap();
                let at =
                    Envelope { run: run_id(), seq, time: draft.time, by: draft.by, cause: cause.collect() };
                run = Some(apply(run.take(), &at, &draft.event)?);
                Ok::<_, domain::run::Violation>(())
            });
            assert!(read.is_err(), "{} without its cause {skipped}", draft.event.kind());
        }
    }
}
