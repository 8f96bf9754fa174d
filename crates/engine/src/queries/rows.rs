//! The query rows of runs against their leaves: lists, inbox and record history show what happened, or are made anew.

use domain::id::{RunId, WorkspaceId};
use store::{Commit, Projection};

use crate::ledger::whole_projection;
use crate::{Engine, Error, Result};

/// What a review of the query rows found.
#[derive(Debug, Default)]
pub struct RowsReview {
    /// Runs that were read from their leaves.
    pub runs: u64,
    /// Runs whose rows were not what their leaves say.
    pub differing: Vec<RunId>,
    /// Runs whose leaves do not read, and why. Their rows were left as they are.
    pub damaged: Vec<(RunId, Error)>,
}

impl Engine {
    /// Makes the rows of every run of a workspace from its leaves, compares, and with `rebuild` writes those that differ.
    /// With `rebuild` nothing else may write to the store meanwhile. `told` hears how many runs were read.
    pub async fn review_rows(
        &self,
        ws: WorkspaceId,
        rebuild: bool,
        mut told: impl FnMut(u64),
    ) -> Result<RowsReview> {
        let control = self.control(ws).await?;
        let mut review = RowsReview::default();
        let mut after = None;
        loop {
            let page = self.store.chains(ws, after, store::page::CHAIN_MAX).await?;
            let Some(last) = page.last().copied() else { return Ok(review) };
            for run in page {
                let expected = match self.read_run(ws, run).await {
                    Ok(entry) => whole_projection(&control, &entry),
                    Err(error) => {
                        review.damaged.push((run, error));
                        continue;
                    }
                };
                if self.store.projection(ws, run).await?.as_ref() != Some(&expected)
                    && !self.moved_on(ws, run, &expected).await?
                {
                    review.differing.push(run);
                    if rebuild {
                        self.write_rows(ws, expected).await?;
                    }
                }
                review.runs += 1;
            }
            told(review.runs);
            after = Some(last);
        }
    }

    /// Whether a commit came between reading the leaves and the rows, so that comparing them says nothing.
    async fn moved_on(&self, ws: WorkspaceId, run: RunId, expected: &Projection) -> Result<bool> {
        let leaves = self.leaves(ws, run).await?.len();
        Ok(u64::try_from(leaves) != Ok(expected.row.events))
    }

    pub(crate) async fn write_rows(&self, ws: WorkspaceId, rows: Projection) -> Result<()> {
        let mut commit = Commit::new(ws, self.clock.now());
        commit.projections.push(rows);
        self.store.commit(commit).await?;
        Ok(())
    }
}
