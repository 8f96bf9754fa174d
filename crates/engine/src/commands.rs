//! What callers can do to a run. One file per command; each loads, decides and commits.

mod cancel;
mod comment;
mod control_run;
mod hold;
mod propose;
mod recover;
mod request;
mod settle;
mod verdict;

use domain::command::Command;
use domain::id::RunId;
use domain::principal::Principal;

pub(crate) use hold::Holds;
pub use propose::Proposal;
pub(crate) use request::KEPT_S;
pub use request::{Fingerprint, IdempotencyKey};
pub use settle::Settlement;
pub(crate) use verdict::check_text;
pub use verdict::{Answer, VerdictRequest};

use crate::access::Caller;
use crate::batch::Batch;
use crate::control::Control;
use crate::ledger::Entry;
use crate::{Code, Engine, Error, Result};

/// How often a command is decided again when it lost against another commit.
pub(crate) const RACES_MAX: usize = 16;

impl Engine {
    /// Loads a run that the caller may see: people every run of their workspace, agents and services their own.
    pub(crate) async fn visible(&self, caller: &Caller, id: RunId) -> Result<Entry> {
        let entry = self.load(caller.workspace, id).await?;
        match caller.principal {
            Principal::Person(_) => Ok(entry),
            Principal::Agent(_) | Principal::Service(_) if entry.run().proposer == caller.principal => {
                Ok(entry)
            }
            // Not a 403: that would tell that the run exists.
            Principal::Agent(_) | Principal::Service(_) => Err(Error::not_found("run", &id.to_string())),
        }
    }

    /// Decides one command on a run and saves it, again when it lost against another commit.
    pub(crate) async fn command(
        &self,
        caller: &Caller,
        id: RunId,
        key: Option<&IdempotencyKey>,
        operation: &'static str,
        command: impl Fn(&Entry, &Control) -> Result<Command>,
    ) -> Result<Entry> {
        if let Some(entry) = self.replay(caller, operation, key).await? {
            return Ok(entry);
        }
        let _busy = self.busy(caller, operation, key)?;
        for _ in 0..RACES_MAX {
            let control = self.control(caller.workspace).await?;
            let entry = self.visible(caller, id).await?;
            let entry = self.hand_back_when_over(&control, entry).await?;
            let mut batch = Batch::on(self, &control, &entry);
            batch.command(command(&entry, &control)?)?;
            batch.answer(self.idempotency(caller, operation, key, id));
            if batch.is_empty() {
                return Ok(entry);
            }
            if let Some((entry, _)) = batch.commit().await? {
                self.kick(caller.workspace, id);
                return Ok(entry);
            }
        }
        Err(Error::new(Code::Conflict, "the run changes faster than this command can be decided")
            .retry_after(1))
    }

    /// A lease that ended in silence ends before anything else is decided.
    pub(crate) async fn hand_back_when_over(&self, control: &Control, entry: Entry) -> Result<Entry> {
        let over = entry.run().takeover.is_some_and(|takeover| takeover.until <= self.now());
        if !over {
            return Ok(entry);
        }
        let mut batch = Batch::on(self, control, &entry);
        batch.command(Command::ExpireTakeover)?;
        if batch.is_empty() {
            return Ok(entry);
        }
        match batch.commit().await? {
            Some((entry, _)) => Ok(entry),
            None => self.load(control.workspace, entry.run().id).await,
        }
    }
}
