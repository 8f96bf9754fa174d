//! What policy sets say: validate a text, run cases, explain a decision. Nothing is kept.

use axum::Json;
use axum::extract::{Path, State};
use engine::admin::{PolicyExplanation, PolicyReport, Which};
use policy::cases::CaseResult;
use policy::fault::Fault;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::policies::{Cases, parse, texts};
use crate::http::App;
use crate::http::auth::Signed;
use crate::http::json::{Any, Posted};
use crate::http::problem::Result;

/// The word for the set in force.
const ACTIVE: &str = "active";

/// A policy text to be looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ValidatePolicy {
    /// The Cedar text.
    text: String,
    /// Expected decisions.
    cases: Option<Cases>,
}

/// What is wrong with a policy text, and how its cases came out.
#[derive(Debug, Serialize, ToSchema)]
pub struct Validation {
    /// Whether it could be published.
    ok: bool,
    /// The digest under which it would be published; `null` when it does not load.
    #[schema(required)]
    digest: Option<String>,
    /// The number of policies, if it loads.
    policies: usize,
    /// What keeps it from loading.
    faults: Vec<PolicyFault>,
    /// What loads but is probably not meant.
    warnings: Vec<PolicyFault>,
    /// How the cases came out.
    cases: Vec<Case>,
    /// Why the cases cannot be run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    cases_fault: Option<String>,
    /// Groups that rules ask and that have no members.
    empty_groups: Vec<String>,
}

/// What is wrong with a policy text.
#[derive(Debug, Serialize, ToSchema)]
struct PolicyFault {
    /// The rule, where it has an id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    rule: Option<String>,
    /// The line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    line: Option<usize>,
    /// The column, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    column: Option<usize>,
    /// What is wrong.
    message: String,
}

impl From<Fault> for PolicyFault {
    fn from(fault: Fault) -> Self {
        Self {
            message: fault.problem.to_string(),
            rule: fault.policy,
            line: fault.place.map(|place| place.line),
            column: fault.place.map(|place| place.column),
        }
    }
}

/// How a case came out.
#[derive(Debug, Serialize, ToSchema)]
struct Case {
    /// Its name.
    name: String,
    /// Whether every expectation was met.
    passed: bool,
    /// What was decided.
    decision: &'static str,
    /// Every expectation that was not met, in words.
    failures: Vec<String>,
}

impl From<CaseResult> for Case {
    fn from(result: CaseResult) -> Self {
        Self {
            passed: result.passed(),
            decision: result.decision.outcome.word(),
            name: result.name,
            failures: result.failures,
        }
    }
}

impl From<PolicyReport> for Validation {
    fn from(report: PolicyReport) -> Self {
        let cases: Vec<Case> = report.cases.into_iter().map(Case::from).collect();
        let passed = cases.iter().all(|case| case.passed) && report.cases_fault.is_none();
        Self {
            ok: report.report.digest.is_some() && passed,
            digest: report.report.digest.map(|digest| digest.to_string()),
            policies: report.report.policies,
            faults: report.report.faults.into_iter().map(PolicyFault::from).collect(),
            warnings: report.report.warnings.into_iter().map(PolicyFault::from).collect(),
            cases,
            cases_fault: report.cases_fault,
            empty_groups: report.empty_groups,
        }
    }
}

/// Validate a policy text without keeping it.
#[utoipa::path(
    post, path = "/v1/policies/validate", tag = "policies", request_body = ValidatePolicy,
    responses((status = 200, description = "What was found", body = Validation))
)]
pub async fn validate(
    State(app): State<App>,
    Signed(caller): Signed,
    Posted { body, .. }: Posted<ValidatePolicy>,
) -> Result<Json<Validation>> {
    let cases = texts(body.cases).unwrap_or_default();
    Ok(Json(app.engine().validate_policy(&caller, &body.text, &cases).await?.into()))
}

/// Cases to be run.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestPolicy {
    /// Expected decisions; the set's own unless given.
    cases: Option<Cases>,
}

/// How the cases came out.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseResults {
    /// Whether all passed.
    passed: bool,
    /// Each of them.
    items: Vec<Case>,
}

/// Run cases against a policy set.
#[utoipa::path(
    post, path = "/v1/policies/{digest}/test", tag = "policies", request_body = TestPolicy,
    params(("digest" = String, Path, description = "The policy set, or `active`")),
    responses((status = 200, description = "How the cases came out", body = CaseResults))
)]
pub async fn test(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(digest): Path<String>,
    Posted { body, .. }: Posted<TestPolicy>,
) -> Result<Json<CaseResults>> {
    let results = app.engine().test_policy(&caller, which(&digest)?, texts(body.cases)).await?;
    let items: Vec<Case> = results.into_iter().map(Case::from).collect();
    Ok(Json(CaseResults { passed: items.iter().all(|case| case.passed), items }))
}

/// A request to be explained.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainPolicy {
    /// The facts of one mutation, in the form in which decisions record them.
    #[schema(value_type = serde_json::Value)]
    request: Any,
}

/// What a policy set says, and why.
#[derive(Debug, Serialize, ToSchema)]
pub struct Explanation {
    /// Digest of the policy set.
    policy: String,
    /// `auto`, `approval` or `deny`.
    decision: &'static str,
    /// `low`, `medium`, `high` or `critical`.
    risk: &'static str,
    /// Ids of the determining rules.
    rules: Vec<String>,
    /// Whose approval is needed.
    obligations: Vec<Asked>,
    /// Why, in plain words, the most important first.
    #[serde(rename = "explanation")]
    sentences: Vec<String>,
}

/// What a group would be asked for.
#[derive(Debug, Serialize, ToSchema)]
struct Asked {
    /// The group.
    group: String,
    /// How many of its members.
    quorum: u32,
    /// Seconds until silence ends the run.
    expires_s: u64,
}

impl From<PolicyExplanation> for Explanation {
    fn from(explained: PolicyExplanation) -> Self {
        let decision = explained.decision;
        let asked = decision.obligations.into_iter().map(|obligation| Asked {
            group: obligation.group,
            quorum: obligation.quorum.get(),
            expires_s: obligation.expires_s.get(),
        });
        Self {
            policy: explained.policy.to_string(),
            decision: decision.outcome.word(),
            risk: decision.risk.word(),
            rules: decision.rules,
            obligations: asked.collect(),
            sentences: explained.sentences,
        }
    }
}

/// Explain what a policy set says about a request.
#[utoipa::path(
    post, path = "/v1/policies/{digest}/explain", tag = "policies", request_body = ExplainPolicy,
    params(("digest" = String, Path, description = "The policy set, or `active`")),
    responses((status = 200, description = "The decision and its reasons", body = Explanation))
)]
pub async fn explain(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(digest): Path<String>,
    Posted { body, .. }: Posted<ExplainPolicy>,
) -> Result<Json<Explanation>> {
    Ok(Json(app.engine().explain_policy(&caller, which(&digest)?, &body.request.0).await?.into()))
}

fn which(digest: &str) -> Result<Which> {
    if digest == ACTIVE { Ok(Which::Active) } else { parse(digest).map(Which::Set) }
}
