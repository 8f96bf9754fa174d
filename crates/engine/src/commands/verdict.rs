//! Approve and reject.

use domain::command::{Command, Verdict};
use domain::id::RunId;
use domain::limits::RATIONALE_LEN_MAX;
use domain::name::Slug;
use domain::run::Method;
use proof::digest::{Digest, Tag, tagged};
use proof::json::{Object, Value};

use super::IdempotencyKey;
use crate::access::{Caller, Operation};
use crate::batch::sealed_text;
use crate::control::Control;
use crate::ledger::Entry;
use crate::{Code, Engine, Error, Result};

/// Which verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Yes.
    Approve,
    /// No. Ends the run.
    Reject,
}

/// A person's verdict, without who they are: that is the caller.
#[derive(Debug, Clone)]
pub struct VerdictRequest {
    /// Which.
    pub answer: Answer,
    /// The digest of the plan that the person saw.
    pub plan_digest: Digest,
    /// For which of their groups they speak.
    pub group: Option<Slug>,
    /// Why.
    pub rationale: Option<String>,
}

impl Engine {
    /// Records a verdict. The last approval that was missing authorizes the run, one rejection ends it.
    pub async fn give_verdict(
        &self,
        caller: &Caller,
        id: RunId,
        verdict: VerdictRequest,
        key: Option<&IdempotencyKey>,
    ) -> Result<Entry> {
        // Agents are refused by the domain too; this is the clearer message for a person's key.
        if caller.principal.person().is_none() {
            return Err(Error::new(Code::AgentNeverApproves, "agents and services never approve"));
        }
        caller.may(Operation::GiveVerdict)?;
        check_text(verdict.rationale.as_deref(), "/rationale")?;
        self.command(caller, id, key, "verdict", |entry, control| {
            let facts = Box::new(facts(caller, control, entry, &verdict));
            Ok(match verdict.answer {
                Answer::Approve => Command::Approve(facts),
                Answer::Reject => Command::Reject(facts),
            })
        })
        .await
    }
}

fn facts(caller: &Caller, control: &Control, entry: &Entry, verdict: &VerdictRequest) -> Verdict {
    let member_of =
        caller.principal.person().map(|person| control.approver_groups(person)).unwrap_or_default();
    Verdict {
        by: caller.principal,
        plan_digest: verdict.plan_digest,
        group: verdict.group.clone(),
        member_of,
        lapsed: control.lapsed(entry.run()),
        method: Method::Signin,
        lifetime_s: control.settings.approval_lifetime_s,
        approver: caller.shown(),
        assertion: Value::Null,
        rationale: sealed_text(verdict.rationale.clone().filter(|text| !text.trim().is_empty())),
        shown: shown(entry),
    }
}

/// Digest of the diff as it is rendered for this person: every change with its values.
fn shown(entry: &Entry) -> Value {
    let change = |change: &domain::mutation::Change| {
        let mut object = Object::from([("field".to_owned(), change.field.as_str().into())]);
        for (name, value) in [("before", &change.before), ("after", &change.after)] {
            if let Some(value) = value {
                object.insert(name.to_owned(), value.clone());
            }
        }
        Value::Object(object)
    };
    let mutations = entry.plan.iter().filter_map(|planned| planned.mutation.as_ref());
    let view =
        mutations.map(|mutation| Value::Array(mutation.changes.iter().map(change).collect())).collect();
    Value::Str(tagged(Tag::Shown, &Value::Array(view)).to_string())
}

/// Checks the length of a free text.
pub(crate) fn check_text(text: Option<&str>, at: &str) -> Result<()> {
    match text {
        Some(text) if text.chars().count() > RATIONALE_LEN_MAX => {
            Err(Error::new(Code::InvalidRequest, format!("at most {RATIONALE_LEN_MAX} characters")).at(at))
        }
        Some(_) | None => Ok(()),
    }
}
