//! What a server knows of policy sets: review against its connectors, publish, activate, explain.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::failure::{Ending, Failure, Result};
use super::super::paint::{DIM, GREEN, Lines, RED, YELLOW, paint, printable};
use super::super::view::{Event, Page};
use super::super::{Context, admin, words};
use super::files::Sources;
use super::told;

/// What the server finds in a text.
#[derive(Deserialize)]
struct Review {
    #[serde(default)]
    faults: Vec<Finding>,
    #[serde(default)]
    warnings: Vec<Finding>,
    #[serde(default)]
    cases: Vec<Case>,
    cases_fault: Option<String>,
    #[serde(default)]
    empty_groups: Vec<String>,
    #[serde(default)]
    policies: usize,
    digest: Option<String>,
}

#[derive(Deserialize)]
struct Finding {
    rule: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
    message: String,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    passed: bool,
    #[serde(default)]
    failures: Vec<String>,
}

#[derive(Deserialize)]
struct Published {
    digest: String,
}

/// A decision with its reasons.
#[derive(Deserialize)]
struct Explained {
    decision: String,
    risk: String,
    #[serde(default)]
    explanation: Vec<String>,
}

/// The published sets.
pub async fn list(context: &Context) -> Result {
    let columns = ["digest", "title", "active", "author", "created"];
    admin::list(context, context.client.get(&["v1", "policies"]), &columns).await
}

/// One published set with its text.
pub async fn show(context: &Context, digest: &str) -> Result {
    let reply = context.client.get(&["v1", "policies", digest]).send().await?;
    let value: Value = reply.read()?;
    context.output.answer(&reply, || {
        let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
        let lines = text("text").lines().map(printable).collect::<Vec<_>>().join("\n");
        let head = format!("{}\n{}", words::strong(text("title")), paint(DIM, &printable(digest)));
        Ok(format!("{head}\n\n{lines}\n"))
    })
}

/// Reviews a text against the connectors that the server has.
pub async fn check(context: &Context, sources: &Sources) -> Result {
    let body = json!({ "text": sources.text, "cases": sources.cases_texts() });
    let reply = context.client.post(&["v1", "policies", "validate"], body).send().await?;
    let review: Review = reply.read()?;
    context.output.answer(&reply, || Ok(review.shown(sources)))?;
    super::verdict(review.faults.len() + review.failed(), "finding")
}

impl Review {
    fn failed(&self) -> usize {
        self.cases.iter().filter(|case| !case.passed).count() + usize::from(self.cases_fault.is_some())
    }

    fn shown(&self, sources: &Sources) -> String {
        let mut text = String::new();
        let findings = self.faults.iter().map(|one| (RED, "fault:", one));
        for (style, word, one) in findings.chain(self.warnings.iter().map(|one| (YELLOW, "warning:", one))) {
            let place = one.line.zip(one.column).and_then(|(line, column)| sources.at(line, column));
            let place = place.map(|(path, line, column)| format!("{}:{line}:{column}: ", path.display()));
            let rule = one.rule.as_deref().map(|rule| format!("`{rule}`: "));
            let what = format!("{}{}{}", place.unwrap_or_default(), rule.unwrap_or_default(), one.message);
            text.line(format!("{} {}", paint(style.bold(), word), printable(&what)));
        }
        for case in self.cases.iter().filter(|case| !case.passed) {
            text.line(format!("{} {}", paint(RED.bold(), "✗"), printable(&case.name)));
            for failure in &case.failures {
                text.line(format!("    {}", paint(RED, &printable(failure))));
            }
        }
        let fault = self.cases_fault.iter();
        text.extend(fault.map(|fault| format!("{} {}\n", paint(RED.bold(), "cases:"), printable(fault))));
        for group in &self.empty_groups {
            let what =
                format!("nobody is in the group `{}`, so what asks it waits in vain", printable(group));
            text.line(format!("{} {what}", paint(YELLOW.bold(), "warning:")));
        }
        if let Some(digest) = &self.digest {
            let passed = self.cases.len().saturating_sub(self.failed());
            text.line(format!(
                "{} {} policies load, {passed} cases pass · digest {}",
                paint(GREEN, "✓"),
                self.policies,
                paint(DIM, &printable(digest))
            ));
        }
        text
    }
}

/// Publishes a set.
pub async fn publish(context: &Context, sources: &Sources, title: &str) -> Result {
    let body = json!({ "title": title, "text": sources.text, "cases": sources.cases_texts() });
    let reply = context.client.post(&["v1", "policies"], body).send().await?;
    let published: Published = reply.read()?;
    context.output.answer(&reply, || {
        let digest = printable(&published.digest);
        let next = format!("somebody else brings it into force: actionplane policy activate {digest}");
        Ok(format!("{} Published.\n{}\n", paint(GREEN, "✓"), paint(DIM, &next)))
    })
}

/// Brings a set into force.
pub async fn activate(context: &Context, digest: &str) -> Result {
    let call = context.client.post(&["v1", "policies", digest, "activate"], Value::Object(Map::new()));
    admin::done(context, call, "This set is in force now.").await
}

/// Lets the set in force decide each mutation and say why.
pub async fn explain(context: &Context, requests: Vec<Value>) -> Result {
    let mut ending = Ending::Done;
    for facts in requests {
        let body = json!({ "request": facts });
        let reply = context.client.post(&["v1", "policies", "active", "explain"], body).send().await?;
        let said: Explained = reply.read()?;
        context.output.answer(&reply, || Ok(told(&said.decision, &said.risk, &said.explanation)))?;
        if super::ending(&said.decision) == Ending::Refused {
            ending = Ending::Refused;
        }
    }
    Ok(ending)
}

/// The facts on which the newest decision of a run rests.
pub async fn facts_of(context: &Context, run: &str) -> Result<Value> {
    let events: Page<Event> = context.client.get(&["v1", "runs", run, "events"]).read().await?;
    let decided = events.items.into_iter().rev().find(|event| event.kind == "policy.decided");
    let input = decided.and_then(|mut event| event.sealed.remove("input"));
    input
        .filter(Value::is_array)
        .ok_or_else(|| Failure::other(format!("run `{run}` was not decided yet, or its facts were erased")))
}
