//! Check, test and explain files, without a server.

use policy::fault::Fault;
use policy::{PolicySet, Request, Schema, run_cases};
use serde_json::{Value, json};

use super::super::failure::{Failure, Result};
use super::super::output::{Output, stdout};
use super::super::paint::{DIM, GREEN, RED, YELLOW, paint, printable};
use super::super::words;
use super::files::{Source, Sources};
use super::told;

/// Reviews a policy text.
pub fn check(output: &Output, sources: &Sources, schema: &Schema) -> Result {
    let report = policy::check(&sources.text, schema);
    let place = |fault: &Fault| sources.place(fault);
    if output.is_json() {
        let texts = |faults: &[Fault]| faults.iter().map(place).collect::<Vec<_>>();
        let digest = report.digest.map(|digest| digest.to_string());
        let told = json!({
            "faults": texts(&report.faults), "warnings": texts(&report.warnings),
            "policies": report.policies, "digest": digest,
        });
        stdout(&format!("{told}\n"));
    } else {
        for fault in &report.faults {
            stdout(&format!("{} {}\n", paint(RED.bold(), "fault:"), printable(&place(fault))));
        }
        for warning in &report.warnings {
            stdout(&format!("{} {}\n", paint(YELLOW.bold(), "warning:"), printable(&place(warning))));
        }
        if let Some(digest) = report.digest {
            let digest = paint(DIM, &digest.to_string());
            stdout(&format!("{} {} policies load · digest {digest}\n", paint(GREEN, "✓"), report.policies));
        }
    }
    super::verdict(report.faults.len(), "fault")
}

fn load(sources: &Sources, schema: &Schema) -> Result<PolicySet> {
    PolicySet::load(&sources.text, schema).map_err(|faults| {
        let told: Vec<String> = faults.0.iter().map(|fault| sources.place(fault)).collect();
        Failure::Other {
            what: format!("the policies do not load:\n  {}", told.join("\n  ")),
            hint: Some("`actionplane policy check` tells more".to_owned()),
        }
    })
}

/// Runs the cases.
pub fn test(output: &Output, sources: &Sources, schema: &Schema) -> Result {
    let set = load(sources, schema)?;
    if sources.cases.is_empty() {
        return Err(Failure::Usage("there are no `*.cases.toml` among the files".to_owned()));
    }
    let (mut passed, mut failed) = (0, 0);
    let mut told = Vec::new();
    for Source { path, text } in &sources.cases {
        let results = run_cases(&set, text).map_err(|fault| {
            let chain = std::iter::successors(Some(&fault as &dyn std::error::Error), |fault| fault.source());
            let chain: Vec<String> = chain.map(ToString::to_string).collect();
            Failure::other(format!("{}: {}", path.display(), chain.join(": ")))
        })?;
        for result in results {
            *(if result.passed() { &mut passed } else { &mut failed }) += 1;
            if output.is_json() {
                told.push(json!({
                    "file": path.display().to_string(), "case": result.name, "passed": result.passed(),
                    "decision": result.decision.outcome.word(), "failures": result.failures,
                }));
                continue;
            }
            let mark = if result.passed() { paint(GREEN, "✓") } else { paint(RED.bold(), "✗") };
            let outcome = words::decision(result.decision.outcome.word());
            stdout(&format!("{mark} {} {} {outcome}\n", printable(&result.name), paint(DIM, "→")));
            for failure in &result.failures {
                stdout(&format!("    {}\n", paint(RED, &printable(failure))));
            }
        }
    }
    if output.is_json() {
        stdout(&format!("{}\n", Value::Array(told)));
    } else {
        stdout(&format!("\n{passed} passed, {failed} failed\n"));
    }
    super::verdict(failed, "case")
}

/// Decides a plan, given as the facts of each of its mutations, and says why.
pub fn explain(output: &Output, sources: &Sources, schema: &Schema, requests: &[Value]) -> Result {
    let set = load(sources, schema)?;
    let decision = policy::merge(
        requests.iter().map(|facts| Ok(set.decide(&request(facts)?))).collect::<Result<Vec<_>>>()?,
    );
    let sentences = policy::explain(&decision);
    let (word, risk) = (decision.outcome.word(), decision.risk.word());
    if output.is_json() {
        let told =
            json!({ "decision": word, "risk": risk, "rules": decision.rules, "explanation": sentences });
        stdout(&format!("{told}\n"));
    } else {
        stdout(&told(word, risk, &sentences));
    }
    Ok(super::ending(word))
}

fn request(facts: &Value) -> Result<Request> {
    let fault = |what: String| Failure::Usage(format!("these are no facts of a mutation: {what}"));
    let value = proof::strict::parse_lenient(facts.to_string().as_bytes());
    let value = value.map_err(|error| fault(error.to_string()))?;
    Request::from_value(&value).map_err(|error| fault(error.to_string()))
}
