//! Propose: a plan becomes a run, previewed and decided in the same commit when the system of record answers.

use domain::command::{Command, Propose};
use domain::id::{PersonId, RunId};
use domain::limits::RATIONALE_LEN_MAX;
use domain::mutation::{Environment, ProposedMutation};
use domain::name::Slug;
use proof::json::Value;

use super::{IdempotencyKey, RACES_MAX};
use crate::access::{Caller, Operation};
use crate::batch::{Batch, sealed_text};
use crate::control::Control;
use crate::ledger::{Entry, slug};
use crate::preview::{Resolved, resolve};
use crate::{Code, Engine, Error, Result};

/// The name of the operation for idempotency.
const OPERATION: &str = "propose";

/// What a caller proposes.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The registered workflow.
    pub workflow: Slug,
    /// Why, for the people who decide.
    pub reason: String,
    /// What kind of caller: `api` unless it says otherwise.
    pub source: Option<Slug>,
    /// The caller's own reference, such as a conversation.
    pub source_ref: Option<String>,
    /// Model, prompt and conversation reference.
    pub model: Option<Value>,
    /// The agent's version.
    pub agent_version: Option<Slug>,
    /// Self-reported confidence in basis points.
    pub confidence_bp: Option<u32>,
    /// The person for whom the agent acts.
    pub on_behalf_of: Option<PersonId>,
    /// The run whose remainder this takes up.
    pub branched_from: Option<RunId>,
    /// The W3C `traceparent` of the request.
    pub trace: Option<String>,
    /// The plan.
    pub mutations: Vec<ProposedMutation>,
}

impl Engine {
    /// Proposes a run: records it, previews it from the live records, and lets policy decide.
    pub async fn propose(
        &self,
        caller: &Caller,
        proposal: Proposal,
        key: Option<&IdempotencyKey>,
    ) -> Result<Entry> {
        caller.may(Operation::ProposeRun)?;
        if let Some(entry) = self.replay(caller, OPERATION, key).await? {
            return Ok(entry);
        }
        let _busy = self.busy(caller, OPERATION, key)?;
        let id = self.entropy.run_id(self.now());
        for _ in 0..RACES_MAX {
            let control = self.control(caller.workspace).await?;
            check(&control, caller, &proposal)?;
            let (environment, resolved) = resolve(&control, Some(caller), proposal.mutations.clone())?;
            self.check_branch(caller, &proposal, &resolved).await?;
            let mut batch = Batch::start(self, &control, id);
            batch.command(Command::Propose(Box::new(self.propose_command(
                caller,
                &control,
                &proposal,
                id,
                environment,
            ))))?;
            batch.keep_proposed(&proposal.mutations);
            batch.answer(self.idempotency(caller, OPERATION, key, id));
            // A system that does not answer now leaves the run proposed; the steward previews it later.
            let _unreachable = batch.preview_or_fail(&resolved).await?;
            if let Some((entry, _)) = batch.commit().await? {
                self.kick(caller.workspace, id);
                return Ok(entry);
            }
        }
        Err(Error::new(Code::Conflict, "the budgets change faster than this plan can be decided")
            .retry_after(1))
    }

    fn propose_command(
        &self,
        caller: &Caller,
        control: &Control,
        proposal: &Proposal,
        id: RunId,
        environment: Environment,
    ) -> Propose {
        Propose {
            id,
            by: caller.principal,
            agent_owner: caller.owner,
            on_behalf_of: proposal.on_behalf_of,
            agent_version: proposal.agent_version.clone(),
            confidence_bp: proposal.confidence_bp,
            deadline: self.now().plus_s(control.settings.run_deadline_s),
            environment,
            mutations: u32::try_from(proposal.mutations.len()).unwrap_or(u32::MAX),
            recovers: None,
            branched_from: proposal.branched_from,
            source: proposal.source.clone().unwrap_or_else(|| slug("api")),
            trace: proposal.trace.clone(),
            workflow: proposal.workflow.clone(),
            proposer: caller.shown(),
            reason: sealed_text(Some(proposal.reason.clone())),
            source_ref: sealed_text(proposal.source_ref.clone()),
            model: proposal.model.clone().unwrap_or(Value::Null),
        }
    }

    /// A branch takes up the remainder of a run that is over: never a mutation that had its effect there. The preview
    /// compares once more, with the records that were read.
    async fn check_branch(&self, caller: &Caller, proposal: &Proposal, resolved: &[Resolved]) -> Result<()> {
        let Some(parent) = proposal.branched_from else { return Ok(()) };
        let entry = self.visible(caller, parent).await?;
        if entry.run().closed.is_none() {
            let message = format!("{parent} is still open and may go on by itself");
            return Err(Error::new(Code::StageConflict, message)
                .hint("cancel it first: what is left of it is then yours to branch")
                .at("/branched_from"));
        }
        for planned in entry.spent() {
            let n = planned.document.n;
            let mutation = entry.mutation(n)?;
            let repeats = |one: &Resolved| {
                one.proposed.id.is_some()
                    && one.proposed.id == mutation.record
                    && one.proposed.connector == mutation.connector
                    && one.proposed.object == mutation.object
                    && one.proposed.verb() == mutation.verb()
            };
            if resolved.iter().any(repeats) {
                let message =
                    format!("mutation {n} of {parent} had its effect, so a branch cannot repeat it");
                return Err(Error::new(Code::PlanHasEffect, message)
                    .hint("leave it out, or recover the parent first"));
            }
        }
        Ok(())
    }
}

fn check(control: &Control, caller: &Caller, proposal: &Proposal) -> Result<()> {
    let known =
        control.workflows.contains_key(&proposal.workflow) && caller.covers_workflow(&proposal.workflow);
    if !known {
        let open = control.workflows.keys().filter(|workflow| caller.covers_workflow(workflow));
        let open = open.map(|workflow| format!("`{workflow}`")).collect::<Vec<_>>().join(", ");
        return Err(Error::new(
            Code::UnknownWorkflow,
            format!("you may not propose for the workflow `{}`", proposal.workflow),
        )
        .hint(format!("workflows open to you: {open}"))
        .at("/workflow"));
    }
    let length = proposal.reason.chars().count();
    if proposal.reason.trim().is_empty() || length > RATIONALE_LEN_MAX {
        return Err(Error::new(
            Code::InvalidRequest,
            format!("`reason` has 1 to {RATIONALE_LEN_MAX} characters"),
        )
        .at("/reason"));
    }
    if proposal.confidence_bp.is_some_and(|confidence| confidence > 10_000) {
        return Err(Error::new(Code::InvalidRequest, "`confidence_bp` is 0 to 10000 basis points")
            .at("/confidence_bp"));
    }
    if proposal.on_behalf_of.is_some_and(|person| !control.persons.contains_key(&person)) {
        return Err(Error::new(Code::InvalidRequest, "`on_behalf_of` is no person of this workspace")
            .at("/on_behalf_of"));
    }
    Ok(())
}
