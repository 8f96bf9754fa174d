//! The run: the fold of its events, and nothing else.

mod decide;
mod evolve;
mod owner;
mod refusal;
mod stage;

use std::collections::BTreeSet;

use proof::digest::Digest;

pub use decide::{Cause, Context, Draft, decide, follow};
pub use evolve::{Envelope, Violation, apply};
pub use owner::{Owner, Task, deadline, owner};
pub use refusal::Refusal;
pub use stage::{Basis, DecisionWord, Method, RecoveryKind, RecoveryOutcome, Risk, Stage};

use crate::attempt::{EvidenceLevel, Guarantee, Outcome};
use crate::event::{Obligation, UndoCount};
use crate::id::{PersonId, RunId};
use crate::limits::ATTEMPTS_MAX;
use crate::mutation::Environment;
use crate::name::Slug;
use crate::principal::Principal;
use crate::time::Timestamp;

/// One governed run, as its clear events tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// Where it stands.
    pub stage: Stage,
    /// Who proposed it.
    pub proposer: Principal,
    /// The person who answers for the agent.
    pub agent_owner: Option<PersonId>,
    /// The person for whom the agent acts.
    pub on_behalf_of: Option<PersonId>,
    /// Persons who amended the plan under a takeover.
    pub amenders: BTreeSet<PersonId>,
    /// Where the connectors of the plan point.
    pub environment: Environment,
    /// The registered workflow.
    pub workflow: Slug,
    /// What kind of caller proposed it.
    pub source: Slug,
    /// The W3C `traceparent` that came with the proposal.
    pub trace: Option<String>,
    /// Self-reported confidence in basis points.
    pub confidence_bp: Option<u32>,
    /// After this time the run expires.
    pub deadline: Timestamp,
    /// The run that this one recovers, and how.
    pub recovers: Option<(RunId, RecoveryKind)>,
    /// The run whose remainder this one takes up.
    pub branched_from: Option<RunId>,
    /// How many mutations the plan has.
    pub mutations: u32,
    /// The revision of the newest plan, from 1; 0 before the first preview.
    pub revision: u32,
    /// The newest previewed plan; gone while a new preview is due.
    pub plan: Option<PlanRef>,
    /// Policy's decision on that plan.
    pub decision: Option<Decision>,
    /// The open or answered request for approvals.
    pub request: Option<Request>,
    /// Approvals of that plan.
    pub approvals: Vec<Approval>,
    /// Leave to execute that plan.
    pub authorization: Option<Authorization>,
    /// Who controls the run, when a person took it over.
    pub takeover: Option<Takeover>,
    /// Per mutation of the plan, what was tried and what became of it.
    pub progress: Vec<Progress>,
    /// The recovery run that is open.
    pub recovery: Option<OpenRecovery>,
    /// How many events it has.
    pub events: u64,
    /// When it was proposed.
    pub created: Timestamp,
    /// When its last event was written.
    pub updated: Timestamp,
    /// When and why it closed; gone again while a recovery is open.
    pub closed: Option<Closed>,
}

/// What the newest preview fixed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRef {
    /// Position of its event.
    pub seq: u64,
    /// What approvals bind to.
    pub digest: Digest,
    /// Digest of the policy set in force at the preview.
    pub policy: Digest,
    /// Tree hash over the mutation documents.
    pub root: Digest,
    /// How it can be undone.
    pub undo: UndoCount,
}

/// Policy's decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Position of its event.
    pub seq: u64,
    /// The decision.
    pub word: DecisionWord,
    /// Digest of the policy set.
    pub policy: Digest,
    /// Whom it judged.
    pub principal: String,
    /// What is asked of whom.
    pub obligations: Vec<Obligation>,
    /// Whether a verdict needs a rationale.
    pub rationale: bool,
    /// The evidence level that an attempt needs.
    pub evidence: EvidenceLevel,
    /// How much can go wrong.
    pub risk: Risk,
    /// Ids of the determining rules.
    pub rules: Vec<Slug>,
    /// After so many applied mutations the run waits for a person.
    pub canary: Option<u32>,
}

/// The request for approvals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Position of its event.
    pub seq: u64,
    /// Silence until then ends the run.
    pub expires: Timestamp,
}

/// One person's approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Position of its event.
    pub seq: u64,
    /// Who.
    pub person: PersonId,
    /// For which group.
    pub group: Slug,
    /// How they proved who they are.
    pub method: Method,
    /// It counts until then.
    pub expires: Timestamp,
    /// When it was given.
    pub at: Timestamp,
}

/// Leave to execute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// Position of its event.
    pub seq: u64,
    /// What it rests on.
    pub basis: Basis,
    /// No attempt starts after this time.
    pub expires: Timestamp,
    /// The end of the approvals that it counts, when it rests on approvals.
    pub approvals_until: Option<Timestamp>,
    /// Their positions; empty on another basis.
    pub approvals: BTreeSet<u64>,
}

/// A person's control over the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Takeover {
    /// Who.
    pub holder: PersonId,
    /// Until when.
    pub until: Timestamp,
}

/// What was tried for one mutation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// Attempts in order.
    pub attempts: Vec<Attempt>,
    /// How it was recovered, proven by the recovery run.
    pub recovered: Option<RecoveryKind>,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The mutation's position.
    pub n: u32,
    /// 1, 2, … per mutation.
    pub attempt: u32,
    /// The plan.
    pub plan_digest: Digest,
    /// The idempotency key.
    pub key: Digest,
    /// Hash of the mutation document.
    pub mutation: Digest,
    /// Position of `attempt.started`.
    pub started: u64,
    /// When it started.
    pub started_at: Timestamp,
    /// The first byte leaves before this time, or never.
    pub send_by: Timestamp,
    /// What the write could promise.
    pub guarantee: Guarantee,
    /// How far the evidence had come.
    pub evidence: EvidenceLevel,
    /// Who caused it.
    pub requested_by: String,
    /// What became of it; `None` while in flight.
    pub result: Option<AttemptResult>,
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptResult {
    /// Position of the event that said so last.
    pub seq: u64,
    /// Position of `attempt.finished`, which holds the answer.
    pub finished: u64,
    /// When.
    pub at: Timestamp,
    /// The outcome.
    pub outcome: Outcome,
    /// Why.
    pub code: Slug,
    /// Whether another attempt may follow.
    pub retryable: bool,
    /// Whether reconcile settled it.
    pub reconciled: bool,
    /// Whether a person accepted what differs.
    pub accepted: bool,
}

/// A recovery run that has not closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRecovery {
    /// Position of `recovery.planned`.
    pub seq: u64,
    /// The recovery run.
    pub run: RunId,
    /// Restore or counter.
    pub kind: RecoveryKind,
    /// Which mutations, in the order in which they are recovered.
    pub mutations: Vec<u32>,
}

/// The end of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub code: Slug,
    /// Position of `run.closed`.
    pub seq: u64,
}

impl Approval {
    /// Whether it counts towards an obligation at a time.
    fn counts_for(&self, obligation: &Obligation, at: Timestamp) -> bool {
        self.group == obligation.group
            && self.expires > at
            && !obligation.exclude.contains(&self.person)
            && self.method.meets(obligation.method)
    }
}

impl Progress {
    fn last(&self) -> Option<&AttemptResult> {
        self.attempts.last().and_then(|attempt| attempt.result.as_ref())
    }

    /// Whether it is done: applied, or diverged and accepted.
    pub fn is_done(&self) -> bool {
        self.last().is_some_and(|result| {
            result.outcome == Outcome::Applied || (result.outcome == Outcome::Diverged && result.accepted)
        })
    }

    /// Whether it changed something in the system of record.
    pub fn has_effect(&self) -> bool {
        self.attempts
            .iter()
            .filter_map(|attempt| attempt.result.as_ref())
            .any(|result| result.outcome.is_effect())
    }

    fn is_unknown(&self) -> bool {
        self.last().is_some_and(|result| result.outcome == Outcome::Unknown)
    }

    fn is_open_divergence(&self) -> bool {
        self.recovered.is_none()
            && self.last().is_some_and(|result| result.outcome == Outcome::Diverged && !result.accepted)
    }

    fn in_flight(&self) -> Option<&Attempt> {
        self.attempts.last().filter(|attempt| attempt.result.is_none())
    }

    /// Whether another attempt may start: nothing yet, or the last one had no effect and may be repeated.
    pub fn may_attempt(&self) -> bool {
        match self.attempts.last() {
            None => true,
            Some(last) => {
                last.attempt < ATTEMPTS_MAX
                    && last.result.as_ref().is_some_and(|result| {
                        result.retryable && matches!(result.outcome, Outcome::NotSent | Outcome::Rejected)
                    })
            }
        }
    }
}

impl Run {
    /// The attempt in flight, when there is one.
    pub fn in_flight(&self) -> Option<&Attempt> {
        self.progress.iter().find_map(Progress::in_flight)
    }

    /// The attempt whose outcome is unknown, when there is one.
    pub fn unknown(&self) -> Option<&Attempt> {
        self.progress
            .iter()
            .find(|progress| progress.is_unknown())
            .and_then(|progress| progress.attempts.last())
    }

    /// An attempt is in flight, or an outcome is unknown.
    pub fn is_unsettled(&self) -> bool {
        self.in_flight().is_some() || self.unknown().is_some()
    }

    /// The mutation whose divergence nobody accepted, when there is one.
    pub fn open_divergence(&self) -> Option<&Attempt> {
        let progress = self.progress.iter().find(|progress| progress.is_open_divergence())?;
        progress.attempts.last()
    }

    /// Something changed in the system of record.
    pub fn has_effect(&self) -> bool {
        self.progress.iter().any(Progress::has_effect)
    }

    /// No attempt in flight, unknown, applied or diverged: the run may still be revised.
    pub fn is_clean(&self) -> bool {
        !self.is_unsettled() && !self.has_effect()
    }

    /// The mutation that is next in order, when the plan is not finished.
    pub fn next_mutation(&self) -> Option<u32> {
        let position = self.progress.iter().position(|progress| !progress.is_done())?;
        u32::try_from(position).ok()
    }

    /// The digest that approvals bind to.
    pub fn plan_digest(&self) -> Option<Digest> {
        self.plan.as_ref().map(|plan| plan.digest)
    }

    /// Whom policy judges: the holder of a taken-over run, else the proposer.
    pub fn judged(&self) -> Principal {
        self.takeover.map_or(self.proposer, |takeover| Principal::Person(takeover.holder))
    }

    /// Everyone whom policy must judge, the strictest counts: [`Self::judged`], the proposer of an amended plan, and
    /// its amenders.
    pub fn all_judged(&self) -> BTreeSet<Principal> {
        let mut all = BTreeSet::from([self.judged()]);
        if !self.amenders.is_empty() {
            all.insert(self.proposer);
            all.extend(self.amenders.iter().copied().map(Principal::Person));
        }
        all
    }

    /// Persons who may not approve this run: whoever proposed it, in whatever role, amended it, or controls it.
    pub fn proposers(&self) -> BTreeSet<PersonId> {
        let mut persons = self.amenders.clone();
        persons.extend(self.proposer.person());
        persons.extend(self.agent_owner);
        persons.extend(self.on_behalf_of);
        persons.extend(self.takeover.map(|takeover| takeover.holder));
        persons
    }

    /// Approvals that count towards an obligation at a time. `lapsed` are those, by position, whose givers have lost
    /// their seat since.
    pub fn counted(&self, at: Timestamp, lapsed: &BTreeSet<u64>) -> impl Iterator<Item = &Approval> {
        let obligations = self.decision.iter().flat_map(|decision| &decision.obligations);
        let counts = move |given: &&Approval, asked: &Obligation| {
            given.counts_for(asked, at) && !lapsed.contains(&given.seq)
        };
        obligations.flat_map(move |asked| self.approvals.iter().filter(move |given| counts(given, asked)))
    }

    /// How many approvals count for a group at a time; none for a group that is not asked.
    pub fn given(&self, group: &Slug, at: Timestamp, lapsed: &BTreeSet<u64>) -> u32 {
        let given = self.counted(at, lapsed).filter(|given| given.group == *group);
        u32::try_from(given.count()).unwrap_or(u32::MAX)
    }

    /// The obligations that are not met at a time.
    pub fn lacking(&self, at: Timestamp, lapsed: &BTreeSet<u64>) -> impl Iterator<Item = &Obligation> {
        let obligations = self.decision.iter().flat_map(|decision| &decision.obligations);
        obligations.filter(move |obligation| self.given(&obligation.group, at, lapsed) < obligation.quorum)
    }

    /// Whether a recovery may be planned now: what had an effect is final, or differs from the plan.
    pub fn may_recover(&self) -> bool {
        let ended = matches!(
            self.stage,
            Stage::Applied | Stage::PartlyApplied | Stage::PartlyRolledBack | Stage::Compensated
        );
        let diverged = self.stage == Stage::NeedsAttention && self.open_divergence().is_some();
        (ended || diverged) && !self.is_unsettled()
    }

    /// The canary ran: what comes next starts only when a person says so.
    pub fn is_at_canary(&self) -> bool {
        let done = self.progress.iter().filter(|progress| progress.is_done()).count();
        let canary = self.decision.as_ref().and_then(|decision| decision.canary);
        let next = self.progress.iter().find(|progress| !progress.is_done());
        canary.is_some_and(|canary| usize::try_from(canary).is_ok_and(|canary| canary == done))
            && next.is_some_and(|next| next.attempts.is_empty())
    }

    /// What the run amounts to when it ends now.
    pub fn by_outcomes(&self) -> Stage {
        let recovered = |kind| self.progress.iter().any(|p| p.recovered == Some(kind));
        let countered = recovered(RecoveryKind::Compensation);
        if countered || recovered(RecoveryKind::Rollback) {
            return match (self.recoverable().is_empty(), countered) {
                (false, _) => Stage::PartlyRolledBack,
                (true, true) => Stage::Compensated,
                (true, false) => Stage::RolledBack,
            };
        }
        if !self.progress.is_empty() && self.progress.iter().all(Progress::is_done) {
            Stage::Applied
        } else if self.has_effect() {
            Stage::PartlyApplied
        } else {
            Stage::Failed
        }
    }

    /// Mutations that changed something and are not recovered, last first: the order in which they are undone.
    pub fn recoverable(&self) -> Vec<u32> {
        let effects =
            self.progress.iter().enumerate().filter(|(_, p)| p.has_effect() && p.recovered.is_none());
        let mut mutations: Vec<u32> = effects.filter_map(|(n, _)| u32::try_from(n).ok()).collect();
        mutations.reverse();
        mutations
    }

    /// The least evidence level of an attempt in the run's environment. Each decision repeats the level in force, so
    /// that a run replays under the rule of its own time.
    pub fn evidence_minimum(&self) -> EvidenceLevel {
        match self.environment {
            Environment::Simulation => EvidenceLevel::Recorded,
            Environment::Sandbox | Environment::Production => EvidenceLevel::Sealed,
        }
    }

    /// The evidence level that an attempt needs: the decision's, which is at least the environment's minimum.
    pub fn evidence_needed(&self) -> EvidenceLevel {
        self.decision.as_ref().map_or_else(|| self.evidence_minimum(), |decision| decision.evidence)
    }
}

/// A run with the hashes of its leaves: what the next event is chained to and may name as its cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folded {
    /// The run.
    pub run: Run,
    /// Leaf hashes by position.
    pub hashes: Vec<Digest>,
}

impl Folded {
    /// The leaf hash at a position.
    pub fn hash(&self, seq: u64) -> Option<Digest> {
        usize::try_from(seq).ok().and_then(|index| self.hashes.get(index)).copied()
    }
}
