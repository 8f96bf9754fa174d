//! Control evidence for a period: which controls were in force, how often they acted, what went another way, and how long
//! decisions took, each fact with the leaf that it rests on.
//!
//! A report of facts. It says what the facts support, never that somebody complies with something. It is as complete as
//! the runs and acts that the caller verified; whether those are all of the log is the caller's word, and printed.

mod acts;
mod html;
mod runs;
mod sections;
mod supports;
mod table;

use std::collections::BTreeMap;

use domain::id::{PersonId, RunId};
use domain::mutation::Environment;
use domain::time::Timestamp;
use proof::digest::Digest;

use crate::evidence::{Entry, LogHead, RunEvidence, WorkspaceEvidence};

pub use html::html;
pub use sections::{Row, Section, sections};
pub use supports::{SUPPORTS, Support};
pub use table::csv;

/// What the report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub until: Timestamp,
}

/// The leaf that a fact rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// When.
    pub time: Timestamp,
    /// Who wrote it.
    pub by: String,
    /// The run; none for an act of the workspace.
    pub run: Option<RunId>,
    /// Position in the log.
    pub index: u64,
    /// Hash of the leaf.
    pub hash: Digest,
}

/// Control evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Controls {
    /// The name of the log.
    pub origin: String,
    /// Its head.
    pub head: LogHead,
    /// The period.
    pub period: Period,
    /// Whether these are all runs and acts of the log up to its head, as the caller verified.
    pub complete: bool,
    /// What happened, in numbers.
    pub population: Population,
    /// Policy sets that were in force, in order.
    pub policies: Vec<PolicyUse>,
    /// How often each rule determined a decision.
    pub rules: BTreeMap<String, Decisions>,
    /// Groups of approvers, by name.
    pub groups: BTreeMap<String, GroupUse>,
    /// Separation of duties.
    pub duties: Duties,
    /// Pauses that were in force.
    pub pauses: Vec<Pause>,
    /// What persons did in place of the usual course.
    pub overrides: Vec<Told>,
    /// From the request for approvals to the verdict.
    pub verdicts: Waits,
    /// From an unknown outcome to its settlement.
    pub settlements: Waits,
    /// What went another way than planned.
    pub exceptions: Vec<Told>,
    /// Other acts of administration.
    pub administration: Vec<Told>,
}

/// A fact in a word, with the leaf that it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Which kind of fact.
    pub kind: &'static str,
    /// What exactly, in clear words; often empty.
    pub detail: String,
    /// Its leaf.
    pub mention: Mention,
}

/// Runs and attempts in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Population {
    /// Runs with an event in the period.
    pub runs: u64,
    /// Events of runs in the period.
    pub events: u64,
    /// Runs proposed in the period, by environment.
    pub proposed: BTreeMap<Environment, u64>,
    /// Closes in the period, by stage; a run that was recovered closes more than once.
    pub closed: BTreeMap<&'static str, u64>,
    /// Attempts that started in the period.
    pub attempts: u64,
    /// Attempts that ended in the period, by outcome.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// Recoveries that ended in the period, by outcome.
    pub recoveries: BTreeMap<&'static str, u64>,
}

/// Decisions by word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Decisions {
    /// Could run by itself.
    pub auto: u64,
    /// Needed approval.
    pub approval: u64,
    /// Was denied.
    pub deny: u64,
}

/// A policy set that was in force during the period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyUse {
    /// Its digest.
    pub policy: Digest,
    /// Where it was published, when that act is at hand.
    pub published: Option<Mention>,
    /// Where it was activated.
    pub activated: Mention,
    /// Until when it was in force; none when it still was at the end.
    pub until: Option<Timestamp>,
    /// Decisions of the period that it made.
    pub decisions: Decisions,
}

/// A group of approvers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupUse {
    /// Who could approve at the end of the period.
    pub members: Vec<PersonId>,
    /// Enrolments of the period.
    pub enrolled: u64,
    /// Removals of the period.
    pub removed: u64,
    /// How often it was asked.
    pub asked: u64,
    /// Approvals that its members gave.
    pub given: u64,
    /// Rejections by its members.
    pub rejected: u64,
}

/// Separation of duties: how often it was looked at. Where it did not hold stands among the exceptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Duties {
    /// Verdicts and acceptances by persons.
    pub verdicts: u64,
    /// Of these, by somebody who proposed, amended or held the run.
    pub by_proposers: u64,
    /// Of these, for a group in which the person was not enrolled at that place of the log.
    pub not_enrolled: u64,
    /// Activations of a policy set.
    pub activations: u64,
    /// Of these, by the person who published it.
    pub by_authors: u64,
}

/// A pause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// The workspace, an agent, a lane or a connector.
    pub kind: String,
    /// Which of them.
    pub id: String,
    /// Where it was set.
    pub set: Mention,
    /// Where it was lifted; none when it was still in force at the end.
    pub lifted: Option<Mention>,
}

/// Durations, from the shortest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Waits {
    /// Milliseconds, sorted.
    pub ended_ms: Vec<i64>,
    /// How many went on without an answer in the period, or began in it and still waited at its end.
    pub open: u64,
}

impl Period {
    /// Whether a moment is in it.
    pub fn contains(&self, time: Timestamp) -> bool {
        self.from <= time && time < self.until
    }
}

impl Decisions {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.auto + self.approval + self.deny
    }
}

impl Waits {
    /// The duration that so many percent did not exceed (nearest rank); none without any.
    pub fn percentile_ms(&self, percent: usize) -> Option<i64> {
        let rank = (self.ended_ms.len() * percent).div_ceil(100);
        self.ended_ms.get(rank.checked_sub(1)?).copied()
    }
}

impl Mention {
    fn of<E>(entry: &Entry<E>, run: Option<RunId>) -> Self {
        let by = entry.leaf.by.id.clone();
        Self { time: entry.time, by, run, index: entry.index, hash: entry.hash }
    }
}

/// The control evidence of a period. `workspace` must begin with the first act, since what was in force when the period
/// began was set before. `complete` says whether runs and acts are all of the log.
pub fn of(runs: &[RunEvidence], workspace: &WorkspaceEvidence, period: Period, complete: bool) -> Controls {
    let mut controls = Controls {
        origin: workspace.origin.clone(),
        head: workspace.head,
        period,
        complete,
        population: Population::default(),
        policies: Vec::new(),
        rules: BTreeMap::new(),
        groups: BTreeMap::new(),
        duties: Duties::default(),
        pauses: Vec::new(),
        overrides: Vec::new(),
        verdicts: Waits::default(),
        settlements: Waits::default(),
        exceptions: Vec::new(),
        administration: Vec::new(),
    };
    acts::gather(workspace, &mut controls);
    for run in runs {
        runs::gather(run, workspace, &mut controls);
    }
    controls.verdicts.ended_ms.sort_unstable();
    controls.settlements.ended_ms.sort_unstable();
    for told in [&mut controls.overrides, &mut controls.exceptions, &mut controls.administration] {
        told.sort_by_key(|told| told.mention.index);
    }
    controls
}
