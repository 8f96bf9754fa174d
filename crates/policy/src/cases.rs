//! Expected decisions, written beside the policies as `*.cases.toml` and run as tests.
//!
//! ```toml
//! [defaults]                                   # what every case starts from
//! principal = { kind = "agent", id = "triage" }
//! environment = "production"
//!
//! [[case]]
//! name = "raising a priority runs by itself"
//! action = "zendesk.ticket.update"
//! change.priority = { before = "normal", after = "high" }
//! expect.outcome = "auto"
//! ```

mod given;

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::{Table, Value};

use crate::evaluate::{Decision, Outcome};
use crate::explain::explain;
use crate::set::PolicySet;
use given::Given;

/// Largest text of cases, in bytes.
pub const CASES_TEXT_BYTES_MAX: usize = 1_048_576;

/// Most cases in one text.
pub const CASES_MAX: usize = 2_000;

/// Why a text holds no cases that can be run.
#[derive(Debug, thiserror::Error)]
pub enum CasesFault {
    /// The text is too long.
    #[error("the text has {0} bytes, at most {CASES_TEXT_BYTES_MAX} are allowed")]
    TooLarge(usize),
    /// Too many cases.
    #[error("the text has {0} cases, at most {CASES_MAX} are allowed")]
    TooMany(usize),
    /// Not TOML, or not `[defaults]` and `[[case]]`.
    #[error("the cases cannot be read")]
    Syntax(#[from] toml::de::Error),
    /// A case whose members are not what they should be.
    #[error("case {case} cannot be run")]
    Case {
        /// Its name or, if it has none, its number.
        case: String,
        /// What is wrong.
        source: Box<CaseFault>,
    },
}

/// What is wrong with one case.
#[derive(Debug, thiserror::Error)]
pub enum CaseFault {
    /// A member that cannot be read.
    #[error("a member cannot be read")]
    Member(#[from] toml::de::Error),
    /// The name is missing.
    #[error("it has no `name`")]
    NoName,
    /// The expectation is missing.
    #[error("it says nothing under `expect`")]
    NoExpectation,
    /// A word that is not on its list.
    #[error("`{member}` is `{word}`, which is none of {expected}")]
    Word {
        /// The member.
        member: &'static str,
        /// What it says.
        word: String,
        /// What it may say.
        expected: String,
    },
    /// The schema has no such action.
    #[error("the schema has no action `{0}`")]
    UnknownAction(String),
    /// The action has no such field.
    #[error("`{action}` has no field `{field}`")]
    UnknownField {
        /// The action.
        action: String,
        /// The field.
        field: String,
    },
    /// A value that no field holds.
    #[error("`{0}` holds a value that no field can have; write decimals and dates as text")]
    Value(String),
    /// A change that is no fact.
    #[error(transparent)]
    Change(#[from] crate::facts::ChangeFault),
}

/// One case and how it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseResult {
    /// The case's name.
    pub name: String,
    /// What was decided.
    pub decision: Decision,
    /// Every expectation that was not met, in words; empty if the case passes.
    pub failures: Vec<String>,
}

impl CaseResult {
    /// Whether every expectation was met.
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    defaults: Table,
    #[serde(default)]
    case: Vec<Table>,
}

/// What a case expects; what it leaves out is not looked at.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    outcome: String,
    denial: Option<String>,
    /// Rules that must be among the determining ones.
    #[serde(default)]
    rules: Vec<String>,
    /// Exactly these groups, with their quorums.
    groups: Option<BTreeMap<String, u32>>,
    risk: Option<String>,
    evidence: Option<String>,
}

/// Decides every case and compares.
pub fn run_cases(set: &PolicySet, text: &str) -> Result<Vec<CaseResult>, CasesFault> {
    if text.len() > CASES_TEXT_BYTES_MAX {
        return Err(CasesFault::TooLarge(text.len()));
    }
    let File { defaults, case: cases } = toml::from_str(text)?;
    if cases.len() > CASES_MAX {
        return Err(CasesFault::TooMany(cases.len()));
    }
    let run = |(index, case): (usize, Table)| {
        let name = case
            .get("name")
            .and_then(Value::as_str)
            .map_or_else(|| (index + 1).to_string(), |name| format!("`{name}`"));
        run_case(set, &defaults, case)
            .map_err(|source| CasesFault::Case { case: name, source: Box::new(source) })
    };
    cases.into_iter().enumerate().map(run).collect()
}

fn run_case(set: &PolicySet, defaults: &Table, mut case: Table) -> Result<CaseResult, CaseFault> {
    let name = case.remove("name").ok_or(CaseFault::NoName)?.try_into()?;
    let expect: Expect = case.remove("expect").ok_or(CaseFault::NoExpectation)?.try_into()?;
    let mut given = defaults.clone();
    overlay(&mut given, case);
    let given: Given = Value::Table(given).try_into()?;
    let decision = set.decide(&given.request(set.schema())?);
    let failures = expect.compare(&decision);
    Ok(CaseResult { name, decision, failures })
}

/// Lays one table over another; tables within are laid over each other too.
fn overlay(under: &mut Table, over: Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => overlay(below, above),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

impl Expect {
    fn compare(&self, decision: &Decision) -> Vec<String> {
        let mut failures = Vec::new();
        let mut differ = |what: &str, expected: &str, got: &str| {
            if expected != got {
                failures.push(format!("{what}: expected {expected}, got {got}"));
            }
        };
        differ("outcome", &self.outcome, decision.outcome.word());
        if let Some(denial) = &self.denial {
            let got = match &decision.outcome {
                Outcome::Deny(denial) => denial.word(),
                Outcome::Auto | Outcome::Approval => "none",
            };
            differ("denial", denial, got);
        }
        if let Some(risk) = &self.risk {
            differ("risk", risk, decision.risk.word());
        }
        if let Some(evidence) = &self.evidence {
            differ("evidence", evidence, decision.evidence.word());
        }
        if let Some(groups) = &self.groups {
            let got = decision.obligations.iter().map(|one| (one.group.clone(), one.quorum.get())).collect();
            differ("groups", &listed(groups), &listed(&got));
        }
        for rule in self.rules.iter().filter(|rule| !decision.rules.contains(rule)) {
            failures.push(format!("rules: expected `{rule}` among {}", decision.rules.join(", ")));
        }
        if !failures.is_empty() {
            failures.extend(explain(decision).into_iter().map(|sentence| format!("decided: {sentence}")));
        }
        failures
    }
}

fn listed(groups: &BTreeMap<String, u32>) -> String {
    let listed: Vec<String> = groups.iter().map(|(group, quorum)| format!("{quorum} of {group}")).collect();
    if listed.is_empty() { "nobody".to_owned() } else { listed.join(" and ") }
}

#[cfg(test)]
mod tests;
