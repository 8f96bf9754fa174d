//! Lies about who decided, approved or held.

use super::*;

pub(super) fn forge_approvals(forger: &mut Forger) {
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
    let mut strong = obligation("sales", 1);
    strong.method = Method::Passkey;
    forger.early(&previewed().then(ask_of(vec![strong])), given, "a passkey was asked for");
}

pub(super) fn forge_authorizations(forger: &mut Forger) {
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
    let again = one_of_two.lapsed_and_again(ANN, &["sales"]);
    assert_eq!(again.run().approvals.len(), 1, "a person counts once");
    forger.early(&again, "run.authorized approvals", lacking);
    let complete = inside(&previewed().then(ask()), "approval.given");
    let unnamed = |f: &mut Try| f.at.cause = vec![complete.decision.as_ref().unwrap().seq];
    forger.read(&complete, "run.authorized approvals", unnamed, lacking);
    let outlives = change!(RunAuthorized, |e| e.expires = start().plus_s(OBLIGATION_S + 1));
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

pub(super) fn forge_takeovers(forger: &mut Forger) {
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
