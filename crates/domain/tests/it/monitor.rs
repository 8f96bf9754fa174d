//! A second opinion: the promises of a run, told from its events alone and without the fold.

use std::collections::{BTreeMap, BTreeSet};

use domain::attempt::Outcome;
use domain::event::{ApprovalGiven, AttemptStarted, Event, PolicyDecided, RunAuthorized};
use domain::id::PersonId;
use domain::principal::{Actor, Principal};
use domain::run::{Basis, DecisionWord, Draft, Method};
use domain::time::Timestamp;

/// What the events said so far.
#[derive(Default)]
pub struct Monitor {
    events: u64,
    time: Option<Timestamp>,
    proposer: Option<Principal>,
    /// Who may not approve: everyone who proposed or amended.
    barred: BTreeSet<PersonId>,
    deadline: Option<Timestamp>,
    holder: Option<(PersonId, Timestamp)>,
    decided: Option<PolicyDecided>,
    approvals: Vec<(PersonId, ApprovalGiven)>,
    leave: Option<RunAuthorized>,
    /// Attempts of the plan in force, by mutation: the last outcome.
    attempts: BTreeMap<u32, Option<Outcome>>,
    effects: BTreeSet<u32>,
    closed: bool,
    recovering: bool,
}

impl Monitor {
    /// Takes in one more event; a broken promise in words.
    pub fn see(&mut self, draft: &Draft) -> Result<(), String> {
        self.ending(draft)?;
        promise(self.time.is_none_or(|time| draft.time >= time), "time never runs backwards")?;
        self.time = Some(draft.time);
        self.events += 1;
        match &draft.event {
            Event::RunProposed(event) => {
                let Actor::Principal(proposer) = draft.by else {
                    return Err("proposed by nobody".to_owned());
                };
                self.proposer = Some(proposer);
                self.barred.extend(proposer.person());
                self.barred.extend(event.agent_owner.into_iter().chain(event.on_behalf_of));
                self.deadline = Some(event.deadline);
            }
            Event::PlanPreviewed(_) | Event::PlanDrifted(_) | Event::AuthorizationVoided(_) => {
                self.revise()?;
            }
            Event::PlanAmended(_) => {
                let by = author(draft)?;
                promise(self.holder.is_some_and(|(holder, _)| holder == by), "the holder amends")?;
                self.barred.insert(by);
                self.revise()?;
            }
            Event::PolicyDecided(event) => {
                promise(matches!(draft.by, Actor::Policy(_)), "policy decides")?;
                self.leave = None;
                self.decided = Some(event.clone());
            }
            Event::ApprovalGiven(event) => self.approved(draft, event)?,
            Event::RunAuthorized(event) => self.authorized(draft, event)?,
            Event::RunTakenOver(event) => {
                let by = author(draft)?;
                if self.holder.is_none_or(|(holder, _)| holder != by) {
                    promise(self.holder.is_none(), "one holder at a time")?;
                    self.forget();
                }
                self.holder = Some((by, event.until));
            }
            Event::RunHandedBack(_) => {
                self.holder = None;
                self.decided = None;
                self.forget();
            }
            Event::AttemptStarted(event) => self.started(draft, event)?,
            Event::AttemptFinished(event) => self.came_out(event.n, event.outcome)?,
            Event::AttemptReconciled(event) => {
                let unknown = self.attempts.get(&event.n) == Some(&Some(Outcome::Unknown));
                promise(unknown, "reconcile settles only what is unknown")?;
                self.came_out(event.n, event.outcome)?;
            }
            Event::DivergenceAccepted(_) => {
                promise(!self.barred.contains(&author(draft)?), "nobody accepts their own divergence")?;
            }
            Event::RecoveryPlanned(_) => self.recovering = true,
            Event::RecoveryFinished(_) => self.recovering = false,
            Event::RunClosed(event) => {
                promise(event.events == self.events, "the close counts all events")?;
                promise(!self.is_unsettled(), "nothing unsettled is closed")?;
                self.closed = true;
                self.holder = None;
            }
            Event::RunExpired(_) => promise(self.effects.is_empty(), "an effect does not expire")?,
            Event::ApprovalRequested(_)
            | Event::ApprovalRejected(_)
            | Event::ChangeObserved(_)
            | Event::ArtifactAttached(_)
            | Event::RunCommented(_)
            | Event::RunCancelled(_) => {}
        }
        Ok(())
    }

    fn ending(&mut self, draft: &Draft) -> Result<(), String> {
        if self.closed {
            let recovers = matches!(draft.event, Event::RecoveryPlanned(_));
            promise(recovers, "nothing follows a close but a recovery")?;
            self.closed = false;
        }
        Ok(())
    }

    /// Whatever was decided about the older plan is void, and there was no effect.
    fn revise(&mut self) -> Result<(), String> {
        promise(self.effects.is_empty() && !self.is_unsettled(), "a plan with an effect never changes")?;
        self.decided = None;
        self.attempts.clear();
        self.forget();
        Ok(())
    }

    fn forget(&mut self) {
        self.approvals.clear();
        self.leave = None;
    }

    fn is_unsettled(&self) -> bool {
        self.attempts.values().any(|last| last.is_none_or(|outcome| outcome == Outcome::Unknown))
    }

    fn approved(&mut self, draft: &Draft, event: &ApprovalGiven) -> Result<(), String> {
        let by = author(draft)?;
        let holds = self.holder.is_some_and(|(holder, _)| holder == by);
        promise(!self.barred.contains(&by) && !holds, "nobody approves their own")?;
        let decided = self.decided.as_ref().ok_or("approved without a decision")?;
        promise(event.plan_digest == decided.plan_digest, "an approval is about the plan that was decided")?;
        self.approvals.retain(|(person, given)| *person != by || given.expires > draft.time);
        promise(self.approvals.iter().all(|(person, _)| *person != by), "a person counts once")?;
        self.approvals.push((by, event.clone()));
        Ok(())
    }

    fn authorized(&mut self, draft: &Draft, event: &RunAuthorized) -> Result<(), String> {
        let decided = self.decided.as_ref().ok_or("authorized without a decision")?;
        promise(
            event.plan_digest == decided.plan_digest,
            "an authorization is about the plan that was decided",
        )?;
        promise(self.deadline.is_some_and(|end| event.expires <= end), "no authorization outlives its run")?;
        self.check_basis(decided, event, draft.time)?;
        self.leave = Some(event.clone());
        Ok(())
    }

    fn check_basis(
        &self,
        decided: &PolicyDecided,
        leave: &RunAuthorized,
        at: Timestamp,
    ) -> Result<(), String> {
        match leave.basis {
            Basis::Auto => {
                let proposer = self.proposer.map(|proposer| proposer.to_string());
                promise(decided.decision == DecisionWord::Auto, "basis auto is decided auto")?;
                promise(
                    proposer == Some(decided.principal.clone()),
                    "basis auto is decided for the proposer",
                )?;
                promise(self.holder.is_none(), "a held run does not execute for its proposer")
            }
            Basis::Takeover => {
                let (holder, until) = self.holder.ok_or("basis takeover without a holder")?;
                promise(decided.decision == DecisionWord::Auto, "basis takeover is decided auto")?;
                promise(decided.principal == holder.to_string(), "basis takeover is decided for the holder")?;
                promise(until > at, "basis takeover needs a running lease")
            }
            Basis::Approvals => {
                promise(decided.decision == DecisionWord::Approval, "basis approvals is decided approval")?;
                for asked in &decided.obligations {
                    let given = self.approvals.iter().filter(|(person, given)| {
                        let proven = asked.method == Method::Signin || given.method == Method::Passkey;
                        given.group == asked.group
                            && given.expires > at
                            && proven
                            && !asked.exclude.contains(person)
                    });
                    let quorum = usize::try_from(asked.quorum).unwrap();
                    promise(given.count() >= quorum, "every group reached its quorum")?;
                }
                Ok(())
            }
        }
    }

    fn started(&mut self, draft: &Draft, event: &AttemptStarted) -> Result<(), String> {
        let leave = self.leave.clone().ok_or("an attempt without an authorization")?;
        let decided = self.decided.as_ref().ok_or("an attempt without a decision")?;
        promise(event.plan_digest == leave.plan_digest, "an attempt executes the plan that was authorized")?;
        promise(
            draft.time < leave.expires && event.send_by <= leave.expires,
            "an authorization is in force",
        )?;
        self.check_basis(decided, &leave, draft.time)?;
        if let Some((holder, until)) = self.holder {
            promise(event.requested_by == holder.to_string(), "the holder says execute")?;
            promise(event.send_by <= until, "nothing is sent after the lease")?;
        }
        promise(!self.is_unsettled(), "nothing starts while an outcome is open")?;
        promise(!self.recovering, "nothing starts while a recovery is open")?;
        promise(!self.effects.contains(&event.n), "no second effect of one mutation")?;
        self.attempts.insert(event.n, None);
        Ok(())
    }

    fn came_out(&mut self, n: u32, outcome: Outcome) -> Result<(), String> {
        promise(self.attempts.contains_key(&n), "an outcome answers an attempt")?;
        self.attempts.insert(n, Some(outcome));
        if outcome.is_effect() {
            promise(self.effects.insert(n), "one effect of one mutation")?;
        }
        Ok(())
    }
}

fn author(draft: &Draft) -> Result<PersonId, String> {
    match draft.by {
        Actor::Principal(Principal::Person(person)) => Ok(person),
        Actor::Principal(Principal::Agent(_) | Principal::Service(_))
        | Actor::Policy(_)
        | Actor::System(_) => Err(format!("{} by no person", draft.event.kind())),
    }
}

fn promise(kept: bool, what: &str) -> Result<(), String> {
    if kept { Ok(()) } else { Err(what.to_owned()) }
}
