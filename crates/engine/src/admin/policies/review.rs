//! The review of a policy text: against which actions, with which cases, and whether it may be published.

use std::collections::BTreeMap;

use connectors::connector::Connector;
use connectors::registry::Manifests;
use policy::cases::CaseResult;
use policy::check::Report;
use policy::{ActionShape, PolicySet, Schema};
use proof::digest::Digest;

use crate::control::{Control, PolicySetBody};
use crate::{Code, Error, Result};

/// Texts of cases beside one set.
const CASE_TEXTS_MAX: usize = 16;
/// Faults or failed cases that an error quotes.
const FAILURES_SHOWN_MAX: usize = 5;

/// What a review of a text found.
#[derive(Debug, Clone)]
pub struct PolicyReport {
    /// Faults, warnings, digest.
    pub report: Report,
    /// How the cases went, if the text loads.
    pub cases: Vec<CaseResult>,
    /// Why the cases cannot be run.
    pub cases_fault: Option<String>,
    /// Groups that rules ask and that have no members: such approvals cannot be given.
    pub empty_groups: Vec<String>,
}

/// Every action that a set may speak of: those of the configured connectors and of all known manifests.
fn shapes(control: &Control, manifests: &Manifests) -> Vec<ActionShape> {
    let mut shapes = BTreeMap::new();
    let mut add = |of: Vec<ActionShape>| {
        for shape in of {
            shapes.entry(shape.id()).or_insert(shape);
        }
    };
    for configured in control.connectors.values() {
        if let Ok(connector) = &configured.connector {
            add(connector.describe().policy_shapes());
        }
    }
    for manifest in manifests.values() {
        add(manifest.policy_shapes());
    }
    shapes.into_values().collect()
}

pub(super) async fn review(
    control: &Control,
    manifests: &Manifests,
    text: &str,
    cases: &[String],
) -> Result<(PolicyReport, Vec<ActionShape>)> {
    check_case_count(cases)?;
    let shapes = shapes(control, manifests);
    let (text, cases, known) = (text.to_owned(), cases.to_vec(), shapes.clone());
    let (mut reviewed, groups) = blocking(move || {
        let schema = Schema::new(known).map_err(|fault| {
            Error::new(Code::InvalidPolicy, "the connectors' actions make no schema").because(fault)
        })?;
        let report = policy::check(&text, &schema);
        let Ok(set) = PolicySet::load(&text, &schema) else {
            let report =
                PolicyReport { report, cases: Vec::new(), cases_fault: None, empty_groups: Vec::new() };
            return Ok((report, Vec::new()));
        };
        let groups = set.approver_groups().into_iter().map(str::to_owned).collect::<Vec<_>>();
        let (cases, cases_fault) = match run_cases(&set, &cases) {
            Ok(cases) => (cases, None),
            Err(fault) => (Vec::new(), Some(fault.message)),
        };
        Ok((PolicyReport { report, cases, cases_fault, empty_groups: Vec::new() }, groups))
    })
    .await?;
    let empty = |group: &String| {
        let known = control.groups.iter().find(|(name, _)| name.as_str() == group);
        known.is_none_or(|(_, body)| body.members.is_empty())
    };
    reviewed.empty_groups = groups.into_iter().filter(empty).collect();
    Ok((reviewed, shapes))
}

/// The digest of what may be published, or everything that is wrong with it.
pub(super) fn sound(reviewed: &PolicyReport) -> Result<Digest> {
    let invalid = |message: String, at: &str| Error::new(Code::InvalidPolicy, message).at(at);
    let Some(digest) = reviewed.report.digest else {
        let faults: Vec<String> =
            reviewed.report.faults.iter().take(FAILURES_SHOWN_MAX).map(ToString::to_string).collect();
        return Err(invalid(faults.join("; "), "/text"));
    };
    if let Some(fault) = &reviewed.cases_fault {
        return Err(invalid(fault.clone(), "/cases"));
    }
    let failed: Vec<String> = reviewed
        .cases
        .iter()
        .filter(|case| !case.passed())
        .take(FAILURES_SHOWN_MAX)
        .map(|case| format!("`{}`: {}", case.name, case.failures.join(", ")))
        .collect();
    if failed.is_empty() {
        Ok(digest)
    } else {
        Err(invalid(format!("cases fail: {}", failed.join("; ")), "/cases"))
    }
}

pub(super) fn check_case_count(cases: &[String]) -> Result<()> {
    if cases.len() <= CASE_TEXTS_MAX {
        return Ok(());
    }
    Err(Error::new(Code::InvalidRequest, format!("at most {CASE_TEXTS_MAX} texts of cases")).at("/cases"))
}

pub(super) fn run_cases(set: &PolicySet, cases: &[String]) -> Result<Vec<CaseResult>> {
    let mut results = Vec::new();
    for text in cases {
        let ran = policy::run_cases(set, text);
        results.extend(ran.map_err(|fault| Error::new(Code::InvalidPolicy, chained(&fault)).at("/cases"))?);
    }
    Ok(results)
}

/// An error with its causes in one line.
fn chained(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}

pub(super) fn load(body: &PolicySetBody) -> Result<PolicySet> {
    let schema = Schema::new(body.shapes()?)
        .map_err(|fault| Error::internal("the schema of a published set does not load").because(fault))?;
    PolicySet::load(&body.text, &schema)
        .map_err(|faults| Error::internal("a published set does not load").because(faults))
}

/// Parsing and validating may take long, so it runs where it blocks nobody.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|fault| Error::internal("the policy review was interrupted").because(fault))?
}
