//! What governed runs prove about a connector.
//!
//! Each write needs a grant, so no check can try these facts out: they are learned from runs that happen anyway, after the
//! run's own commit. Whatever goes wrong here costs nothing: the next run of the connector proves the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::attempt::Outcome;
use domain::id::{RunId, WorkspaceId};
use domain::name::Slug;
use domain::principal::Actor;
use domain::run::{AttemptResult, RecoveryKind, Stage};
use domain::time::Timestamp;

use super::super::chain::Change;
use super::add_facts;
use tokio::task::JoinSet;

use crate::control::{Control, ReadinessFact};
use crate::ledger::{Entry, slug};
use crate::{Engine, Result};

/// A fact that was proven so recently is not recorded again: each record raises the control epoch.
const FRESH_S: u64 = 24 * 3600;

/// A fact about a connector that only a governed run can prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proven {
    /// A plan was previewed: records were read, and the writes can be formed.
    DryRun,
    /// A write was proven `applied`.
    LiveWrite,
    /// A rollback restored all that it was to restore.
    Rollback,
    /// A write whose outcome was unknown was settled by a look, without a person.
    UnknownDrill,
}

impl Proven {
    /// Every one, in the order in which a new connector comes to them.
    pub const ALL: [Self; 4] = [Self::DryRun, Self::LiveWrite, Self::Rollback, Self::UnknownDrill];

    /// The name of the fact.
    pub fn fact(self) -> &'static str {
        match self {
            Self::DryRun => "dry-run",
            Self::LiveWrite => "live-write",
            Self::Rollback => "rollback-proven",
            Self::UnknownDrill => "unknown-drill",
        }
    }

    /// What has to happen before it is known.
    pub fn how(self) -> &'static str {
        match self {
            Self::DryRun => "no plan of this connector was previewed: propose a change",
            Self::LiveWrite => {
                "no write of this connector was proven applied: propose a change and let it run"
            }
            Self::Rollback => "no run of this connector was rolled back: let a change run and roll it back",
            Self::UnknownDrill => {
                "no lost answer of this connector was settled by a look: cut the connection during a write in a \
                 sandbox, or let a simulator lose an answer"
            }
        }
    }

    fn detail(self, run: RunId) -> String {
        match self {
            Self::DryRun => format!("`{run}` was previewed"),
            Self::LiveWrite => format!("a write of `{run}` was read back"),
            Self::Rollback => format!("`{run}` restored everything"),
            Self::UnknownDrill => format!("a look settled what was unknown in `{run}`"),
        }
    }
}

/// When which fact about which connector was proven last.
type Dated = BTreeMap<(Slug, Proven), Timestamp>;

/// What a run proves once it is over, or waits for approvals. Before, somebody is about to write, and a raised control epoch
/// would only send them back to read the record again.
fn proven(entry: &Entry) -> Dated {
    let run = entry.run();
    let mut proven = Dated::new();
    if run.closed.is_none() && run.stage != Stage::AwaitingApproval {
        return proven;
    }
    let rests = run.closed.as_ref().map_or(run.updated, |closed| closed.at);
    let restored = run.progress.iter().all(|progress| {
        let last = progress.attempts.last().and_then(|attempt| attempt.result.as_ref());
        last.is_some_and(|last| last.outcome == Outcome::Applied && is_seen(last))
    });
    let rolled_back = run.stage == Stage::Applied
        && run.recovers.is_some_and(|(_, kind)| kind == RecoveryKind::Rollback)
        && run.amenders.is_empty()
        && restored;
    for (planned, progress) in entry.plan.iter().zip(&run.progress) {
        let connector = slug(&planned.document.connector);
        let mut note = |fact, at| {
            let last = proven.entry((connector.clone(), fact)).or_insert(at);
            *last = at.max(*last);
        };
        if run.plan.is_some() {
            note(Proven::DryRun, rests);
        }
        if rolled_back {
            note(Proven::Rollback, rests);
        }
        let results = progress.attempts.iter().filter_map(|attempt| attempt.result.as_ref());
        for result in results.filter(|result| is_seen(result)) {
            if result.outcome == Outcome::Applied {
                note(Proven::LiveWrite, result.at);
            }
            if result.reconciled {
                note(Proven::UnknownDrill, result.at);
            }
        }
    }
    proven
}

/// Whether a look says what became of an attempt. A person's word proves nothing about the connector.
fn is_seen(result: &AttemptResult) -> bool {
    !(result.reconciled && ["person", "undetermined"].contains(&result.code.as_str()))
}

/// Whether a proof of this time is worth recording: there is none, the one there is was refuted before or is no longer
/// fresh, and the connector is configured as it was then.
fn is_news(control: &Control, (connector, fact): &(Slug, Proven), at: Timestamp, now: Timestamp) -> bool {
    let Some(configured) = control.connectors.get(connector) else { return false };
    let same = Timestamp::parse(&configured.body.changed).is_some_and(|changed| changed <= at);
    let known = control.lanes.get(connector).and_then(|lane| lane.facts.get(fact.fact()));
    let newer = known
        .and_then(|known| Some((known.ok, Timestamp::parse(&known.at)?)))
        .is_none_or(|(ok, known)| if ok { known.plus_s(FRESH_S) <= at } else { known < at });
    same && newer && ReadinessFact { ok: true, detail: String::new(), at: at.to_string() }.holds(now)
}

/// Facts that are being recorded.
#[derive(Default)]
pub(in crate::admin) struct Learning {
    /// Which ones, so that many runs at once record a fact once.
    under_way: Mutex<BTreeSet<(WorkspaceId, Slug, Proven)>>,
    /// Held while one is recorded: facts of one process do not lose against each other.
    turn: tokio::sync::Mutex<()>,
    /// Whoever records, so that the end of the process can wait for it.
    tasks: Mutex<JoinSet<()>>,
}

impl Learning {
    fn under_way(&self) -> MutexGuard<'_, BTreeSet<(WorkspaceId, Slug, Proven)>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tasks(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Records in the background what a saved run proves, as far as it is news. Nobody waits for it, and it may fail.
    pub(crate) fn learn(&self, control: &Control, entry: &Entry) {
        let (ws, run, now) = (control.workspace, entry.run().id, self.now());
        let mut news = proven(entry);
        news.retain(|fact, at| is_news(control, fact, *at, now));
        news.retain(|(connector, fact), _| {
            self.admin.learning.under_way().insert((ws, connector.clone(), *fact))
        });
        let Some(engine) = self.me.upgrade().filter(|_| !news.is_empty()) else { return };
        let mut tasks = self.admin.learning.tasks();
        while tasks.try_join_next().is_some() {}
        tasks.spawn(async move {
            if let Err(error) = engine.record_proven(ws, run, &news).await {
                tracing::info!(run.id = %run, "what the run proves was not recorded: {}", error.message);
            }
            for (connector, fact) in news.into_keys() {
                engine.admin.learning.under_way().remove(&(ws, connector, fact));
            }
        });
    }

    /// Waits for what is being recorded: a task that is left over would keep the store open.
    pub(crate) async fn learned(&self) {
        let mut tasks = std::mem::take(&mut *self.admin.learning.tasks());
        while tasks.join_next().await.is_some() {}
    }

    /// Tries once: when another act came first, another run proves it again.
    async fn record_proven(&self, ws: WorkspaceId, run: RunId, news: &Dated) -> Result<()> {
        let _turn = self.admin.learning.turn.lock().await;
        let now = self.now();
        let saved = self.try_act(ws, Actor::System(self.node), None, |control| {
            let mut facts: BTreeMap<&Slug, BTreeMap<String, ReadinessFact>> = BTreeMap::new();
            for (fact, at) in news.iter().filter(|(fact, at)| is_news(control, fact, **at, now)) {
                let (connector, fact) = fact;
                let seen = ReadinessFact { ok: true, detail: fact.detail(run), at: at.to_string() };
                facts.entry(connector).or_default().insert(fact.fact().to_owned(), seen);
            }
            let mut change = Change::default();
            for (connector, facts) in facts {
                add_facts(control, connector, facts, &mut change)?;
            }
            Ok(change)
        });
        saved.await.map(|_| ())
    }
}
