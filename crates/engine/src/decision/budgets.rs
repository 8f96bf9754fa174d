//! The budgets that a decision reads and uses: of its principal, and of each lane.
//!
//! The store compares what a decision saw with what is used when it is saved, so two decisions never use the same rest of
//! a budget.

use std::collections::{BTreeMap, BTreeSet};

use domain::mutation::Mutation;
use domain::run::Run;
use domain::time::Timestamp;
use store::{Reservation, UsageChange};

use super::lane_of;
use crate::control::Control;
use crate::{Engine, Result};

/// Sliding windows of the usage facts: seconds.
const HOUR_S: u64 = 3_600;
const DAY_S: u64 = 86_400;

/// What others used of a budget in the last hour and day.
#[derive(Clone, Copy, Default)]
pub(super) struct Used {
    pub hour: u64,
    pub day: u64,
}

/// The budgets that a plan touches: the principal's, and that of each lane with the number of its mutations.
pub(super) struct Budgets {
    principal: Used,
    lanes: BTreeMap<String, (u64, Used)>,
}

/// Whether a decision must not be made beside another one about the same budgets: only a set that reads the counters can
/// be fooled by two at once.
pub(super) fn excludes(control: &Control) -> bool {
    control.policy.as_ref().is_some_and(|policy| policy.set.reads_usage())
}

/// The scopes of a plan's budgets.
pub(super) fn scopes(control: &Control, run: &Run, mutations: &[&Mutation]) -> BTreeSet<String> {
    let lanes = mutations.iter().map(|mutation| lane_scope(&lane_of(control, run, mutation)));
    lanes.chain([principal_scope(run)]).collect()
}

impl Engine {
    pub(super) async fn budgets(
        &self,
        control: &Control,
        run: &Run,
        mutations: &[&Mutation],
        now: Timestamp,
    ) -> Result<Budgets> {
        let mut lanes: BTreeMap<String, (u64, Used)> = BTreeMap::new();
        for mutation in mutations {
            lanes.entry(lane_of(control, run, mutation)).or_default().0 += 1;
        }
        for (lane, (_, used)) in &mut lanes {
            *used = self.used(control, run, lane_scope(lane), now).await?;
        }
        Ok(Budgets { principal: self.used(control, run, principal_scope(run), now).await?, lanes })
    }

    /// What others used of a budget: what this run reserved for an earlier revision is replaced by the new one.
    async fn used(&self, control: &Control, run: &Run, scope: String, now: Timestamp) -> Result<Used> {
        let ws = control.workspace;
        let ago = |seconds: u64| now.plus_ms(-i64::try_from(seconds).unwrap_or(0).saturating_mul(1000));
        let hour = self.store.usage(ws, scope.clone(), ago(HOUR_S), Some(run.id)).await?;
        let day = self.store.usage(ws, scope, ago(DAY_S), Some(run.id)).await?;
        Ok(Used { hour, day })
    }
}

impl Budgets {
    /// What others used of the principal's.
    pub fn principal(&self) -> Used {
        self.principal
    }

    /// How many mutations of the plan are in a lane, and what others used of it.
    pub fn lane(&self, lane: &str) -> (u64, Used) {
        self.lanes.get(lane).copied().unwrap_or_default()
    }

    /// What the plan uses of each.
    pub fn reserve(&self, control: &Control, run: &Run, size: usize, now: Timestamp) -> Vec<UsageChange> {
        let compares = excludes(control);
        let one = |scope: String, amount: u64, used: Used| {
            UsageChange::Reserve(Reservation {
                scope,
                run: run.id,
                amount: u32::try_from(amount).unwrap_or(u32::MAX),
                at: now,
                window_s: HOUR_S,
                seen: compares.then_some(used.hour),
            })
        };
        let size = u64::try_from(size).unwrap_or(u64::MAX);
        let lanes = self.lanes.iter().map(|(lane, (count, used))| one(lane_scope(lane), *count, *used));
        lanes.chain([one(principal_scope(run), size, self.principal)]).collect()
    }
}

fn principal_scope(run: &Run) -> String {
    format!("principal:{}", run.proposer)
}

fn lane_scope(lane: &str) -> String {
    format!("lane:{lane}")
}
