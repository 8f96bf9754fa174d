//! Policy sets: files are checked, tested and explained here, without a server; publishing and activating is the server's.

mod files;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use policy::{PolicySet, Request, explain, run_cases};
use serde_json::{Value, json};

use super::failure::{Ending, Failure, Result};
use super::output::{Output, stdout};
use super::paint::{BOLD, DIM, GREEN, RED, YELLOW, paint, printable};
use super::{Context, Global, admin, words};
use files::{Source, Sources};

/// Policy sets.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check policy files against the actions of the built-in connectors
    Check(Check),
    /// Run the cases beside the policies: request → expected decision
    Test(Files),
    /// Decide one request and say why, in plain words
    Explain(Explain),
    /// Published sets, and which is in force
    List,
    /// One published set
    Show {
        /// Its digest
        digest: String,
    },
    /// Publish a set from files; it is not in force before somebody else activates it
    Publish(Publish),
    /// Bring a published set into force
    Activate {
        /// Its digest
        digest: String,
    },
}

/// Files, or folders with `*.cedar` and `*.cases.toml`.
#[derive(Debug, Args)]
pub struct Files {
    /// Files or folders; all policies together are one set
    #[arg(required = true)]
    paths: Vec<PathBuf>,
}

/// Check files.
#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    files: Files,
    /// Let the server check, against the connectors that it has
    #[arg(long)]
    server: bool,
}

/// Explain one request.
#[derive(Debug, Args)]
pub struct Explain {
    /// Files or folders; left out, the set in force on the server decides
    paths: Vec<PathBuf>,
    /// The request: a JSON file with the facts of one mutation; `-` is standard input
    #[arg(long)]
    request: String,
}

/// Publish files.
#[derive(Debug, Args)]
pub struct Publish {
    #[command(flatten)]
    files: Files,
    /// What the set is called
    #[arg(long)]
    title: String,
}

pub(super) async fn run(global: &Global, output: &Output, command: Command) -> Result {
    let online = || super::context(global, output.clone());
    match command {
        Command::Check(Check { files, server: false }) => check(output, &Sources::read(&files.paths)?),
        Command::Check(Check { files, server: true }) => {
            check_on_server(&online()?, &Sources::read(&files.paths)?).await
        }
        Command::Test(files) => test(output, &Sources::read(&files.paths)?),
        Command::Explain(Explain { paths, request }) if paths.is_empty() => {
            explain_on_server(&online()?, &request).await
        }
        Command::Explain(Explain { paths, request }) => explained(output, &Sources::read(&paths)?, &request),
        Command::List => {
            let context = online()?;
            let columns = ["digest", "title", "active", "author", "created"];
            admin::list(&context, context.client.get(&["v1", "policies"]), &columns).await
        }
        Command::Show { digest } => {
            let context = online()?;
            let reply = context.client.get(&["v1", "policies", &digest]).send().await?;
            let value: Value = reply.read()?;
            output.answer(&reply, || {
                let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
                let lines = text("text").lines().map(printable).collect::<Vec<_>>().join("\n");
                Ok(format!(
                    "{}\n{}\n\n{lines}\n",
                    words::strong(text("title")),
                    paint(DIM, &printable(&digest))
                ))
            })
        }
        Command::Publish(publish) => publish.run(&online()?).await,
        Command::Activate { digest } => {
            let context = online()?;
            let call = context.client.post(&["v1", "policies", &digest, "activate"], json!({}));
            admin::done(&context, call, "This set is in force now.").await
        }
    }
}

fn check(output: &Output, sources: &Sources) -> Result {
    let report = policy::check(&sources.text, &files::schema()?);
    let place = |fault: &policy::fault::Fault| sources.place(fault);
    if output.is_json() {
        let texts = |faults: &[policy::fault::Fault]| faults.iter().map(place).collect::<Vec<_>>();
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
    verdict(report.faults.len(), "fault")
}

/// A number of bad findings as the end of the command.
fn verdict(bad: usize, noun: &str) -> Result {
    match bad {
        0 => Ok(Ending::Done),
        1 => Err(Failure::other(format!("1 {noun}"))),
        many => Err(Failure::other(format!("{many} {noun}s"))),
    }
}

async fn check_on_server(context: &Context, sources: &Sources) -> Result {
    let body = json!({ "text": sources.text, "cases": sources.cases_as_one() });
    let reply = context.client.post(&["v1", "policies", "validate"], body).send().await?;
    let value: Value = reply.read()?;
    context.output.answer(&reply, || {
        let mut text = String::new();
        for (name, value) in value.as_object().into_iter().flatten() {
            text.push_str(&format!("{} {}\n", paint(BOLD, &printable(name)), admin::plain(value)));
        }
        Ok(text)
    })
}

fn load(sources: &Sources) -> Result<PolicySet> {
    PolicySet::load(&sources.text, &files::schema()?).map_err(|faults| {
        let told: Vec<String> = faults.0.iter().map(|fault| sources.place(fault)).collect();
        Failure::Other {
            what: format!("the policies do not load:\n  {}", told.join("\n  ")),
            hint: Some("`actionplane policy check` tells more".to_owned()),
        }
    })
}

fn test(output: &Output, sources: &Sources) -> Result {
    let set = load(sources)?;
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
            if result.passed() {
                passed += 1
            } else {
                failed += 1
            }
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
    verdict(failed, "case")
}

fn explained(output: &Output, sources: &Sources, request: &str) -> Result {
    let set = load(sources)?;
    let path = Path::new(request);
    let text = super::plan::read(request)?.to_string();
    let fault = |what: String| Failure::Usage(format!("`{}` is no request: {what}", path.display()));
    let value = proof::strict::parse_lenient(text.as_bytes()).map_err(|error| fault(error.to_string()))?;
    let request = Request::from_value(&value).map_err(|error| fault(error.to_string()))?;
    let decision = set.decide(&request);
    let sentences = explain(&decision);
    if output.is_json() {
        let told = json!({
            "decision": decision.outcome.word(), "risk": decision.risk.word(), "rules": decision.rules,
            "explanation": sentences,
        });
        stdout(&format!("{told}\n"));
    } else {
        stdout(&sentence_list(decision.outcome.word(), decision.risk.word(), &sentences));
    }
    Ok(if decision.outcome.word() == "deny" { Ending::Refused } else { Ending::Done })
}

async fn explain_on_server(context: &Context, request: &str) -> Result {
    let body = json!({ "request": super::plan::read(request)? });
    let reply = context.client.post(&["v1", "policies", "active", "explain"], body).send().await?;
    let value: Value = reply.read()?;
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    let list = value.get("explanation").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let sentences: Vec<String> = list.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    context.output.answer(&reply, || Ok(sentence_list(text("decision"), text("risk"), &sentences)))?;
    Ok(if text("decision") == "deny" { Ending::Refused } else { Ending::Done })
}

fn sentence_list(decision: &str, risk: &str, sentences: &[String]) -> String {
    let mut text = format!("{} · {}\n", words::decision(decision), words::risk(risk));
    for sentence in sentences {
        text.push_str(&format!("  {}\n", printable(sentence)));
    }
    text
}

impl Publish {
    async fn run(self, context: &Context) -> Result {
        let sources = Sources::read(&self.files.paths)?;
        let mut body = json!({ "title": self.title, "text": sources.text });
        if let (Some(cases), Some(members)) = (sources.cases_as_one(), body.as_object_mut()) {
            members.insert("cases".to_owned(), cases.into());
        }
        let reply = context.client.post(&["v1", "policies"], body).send().await?;
        let value: Value = reply.read()?;
        let digest = value.get("digest").and_then(Value::as_str).map(printable).unwrap_or_default();
        context.output.answer(&reply, || {
            let next = format!("somebody else brings it into force: actionplane policy activate {digest}");
            Ok(format!("{} Published.\n{}\n", paint(GREEN, "✓"), paint(DIM, &next)))
        })
    }
}
