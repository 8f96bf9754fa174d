//! Lies about plans, attempts and what became of them.

use super::*;

pub(super) fn forge_plans(forger: &mut Forger) {
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
    let mut worn_out =
        (1..64).fold(proposed.previewed(), |world, _| world.then(auto()).then(void("role_lost")).previewed());
    worn_out.must(take_over(HOLDER));
    forger.early(&worn_out, "plan.previewed", "a plan is revised only so often");
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

pub(super) fn forge_decisions(forger: &mut Forger) {
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

pub(super) fn forge_attempts(forger: &mut Forger) {
    let started = "attempt.started";
    let world = authorized();
    forger.early(&previewed(), started, "an attempt follows an authorization");
    forger.edit(&world, started, no_cause, "an attempt names its authorization");
    let over = |f: &mut Try| f.at.time = start().plus_s(AUTHORIZATION_S);
    forger.edit(&world, started, over, "an attempt starts before its authorization ends");
    let late = change!(AttemptStarted, |e| e.send_by = start().plus_s(AUTHORIZATION_S + 1));
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

pub(super) fn forge_settlements(forger: &mut Forger) {
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

pub(super) fn forge_recoveries(forger: &mut Forger) {
    let world = authorized().in_flight().then(applied()).in_flight().then(applied());
    let planned = "recovery.planned";
    let early = "a recovery follows the end of a run or a divergence, with nothing unsettled";
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
