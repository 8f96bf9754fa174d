//! Evidence: bundles to take away, and the log that they come from.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::json;

use super::Context;
use super::client::Call;
use super::failure::{Ending, Failure, Result};
use super::output::{confirm, stderr, stdout};
use super::paint::{BOLD, GREEN, RED, YELLOW, paint, printable};

/// What is exported instead of a run: how controls worked in a period.
const CONTROLS: &str = "controls";

/// Evidence to take away.
#[derive(Debug, Args)]
pub struct Export {
    /// The run, or `controls` for how controls worked in a period; without one, the period or the whole log
    run: Option<String>,
    /// Runs that were proposed at this time or later (RFC 3339)
    #[arg(long)]
    from: Option<String>,
    /// Runs that were proposed before this time
    #[arg(long)]
    to: Option<String>,
    /// The whole log with its tiles
    #[arg(long, conflicts_with_all = ["run", "from", "to"])]
    full: bool,
    /// With the sealed values that still exist: personal data. A run has them unless told otherwise, a log only when asked
    #[arg(long, conflicts_with = "no_values")]
    values: bool,
    /// Without any sealed value
    #[arg(long)]
    no_values: bool,
    /// As what: the bundle unless told otherwise. `html`, `aat` and `dsse` are of one run
    #[arg(long, value_enum, default_value_t)]
    format: ExportFormat,
    /// The same as `--format html`
    #[arg(long, requires = "run", conflicts_with = "format")]
    html: bool,
    /// The file; `<run>.apev` in this folder unless told otherwise, `-` for standard output
    #[arg(long, short)]
    output: Option<PathBuf>,
    /// Replace the file if there is one
    #[arg(long)]
    force: bool,
}

/// What evidence is taken away as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum ExportFormat {
    /// The bundle, which anybody can verify
    #[default]
    Apev,
    /// One page that tells the story and verifies the bundle in it
    Html,
    /// An agent audit trail
    Aat,
    /// An in-toto statement in a DSSE envelope
    Dsse,
    /// Events of the Open Cybersecurity Schema Framework
    Ocsf,
    /// CloudEvents
    Cloudevents,
    /// A table
    Csv,
}

impl ExportFormat {
    /// The format of `/v1/exports` and the ending of its file; none for what is a bundle.
    fn told(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Apev | Self::Html => None,
            Self::Aat => Some(("aat", "aat.jsonl")),
            Self::Dsse => Some(("dsse", "dsse.json")),
            Self::Ocsf => Some(("ocsf", "ocsf.jsonl")),
            Self::Cloudevents => Some(("cloudevents", "cloudevents.jsonl")),
            Self::Csv => Some(("csv", "csv")),
        }
    }
}

impl Export {
    /// Fetches the bundle and writes it.
    pub(super) async fn run(self, context: &Context) -> Result {
        let (call, name) = self.call(context)?;
        let path = self.output.clone().unwrap_or_else(|| PathBuf::from(name));
        let (bytes, verdict) = call.long().download("actionplane-verdict").await?;
        if path.as_os_str() == "-" {
            let written = std::io::stdout().lock().write_all(&bytes);
            written.map_err(|fault| Failure::other(format!("standard output cannot be written: {fault}")))?;
            return Ok(Ending::Done);
        }
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).create_new(!self.force);
        let file = options.open(&path).and_then(|mut file| file.write_all(&bytes));
        file.map_err(|fault| {
            let told = format!("cannot write `{}`: {fault}", path.display());
            let exists = fault.kind() == std::io::ErrorKind::AlreadyExists;
            Failure::other(if exists { format!("{told}; pass --force to replace it") } else { told })
        })?;
        let verdict = verdict.unwrap_or_default();
        if context.output.is_json() {
            let told = json!({"file": path.to_string_lossy(), "bytes": bytes.len(), "verdict": verdict});
            stdout(&format!("{told}\n"));
            return Ok(Ending::Done);
        }
        let told = format!(
            "{}  {} bytes, verified before it left",
            paint(BOLD, &path.to_string_lossy()),
            bytes.len()
        );
        if self.format.told().is_some() || verdict.is_empty() {
            stdout(&format!("{told}\n"));
            return Ok(Ending::Done);
        }
        stdout(&format!("{told}: {}\n", printable(&verdict)));
        stderr(
            "Verify it with keys that you have from elsewhere: actionplane-verify FILE --trust mine.tlog-policy\n",
        );
        Ok(Ending::Done)
    }

    fn call<'a>(&self, context: &'a Context) -> Result<(Call<'a>, String)> {
        let client = &context.client;
        let in_period = self.from.is_some() || self.to.is_some();
        if self.run.as_deref() == Some(CONTROLS) {
            let Some(from) = self.from.as_deref() else {
                return Err(Failure::Usage(
                    "say since when: controls --from 2026-10-01T00:00:00Z".to_owned(),
                ));
            };
            let format = if self.format == ExportFormat::Csv { "csv" } else { "html" };
            let call = client.get(&["v1", CONTROLS]).query("format", format).query("from", from);
            return Ok((call.query_if("to", self.to.as_deref()), format!("{CONTROLS}.{format}")));
        }
        if self.run.is_some() && in_period {
            return Err(Failure::Usage("name a run or a period, not both".to_owned()));
        }
        let about = match &self.run {
            Some(run) => run.as_str(),
            None if self.full => "full",
            None if in_period => "range",
            None => {
                let told = "say what to export: a run, --from and --to, --full, or controls".to_owned();
                return Err(Failure::Usage(told));
            }
        };
        if let Some((format, extension)) = self.format.told() {
            let call = client.get(&["v1", "exports"]).query("format", format);
            let call = call.query_if("run", self.run.as_deref());
            let call = call.query_if("from", self.from.as_deref()).query_if("to", self.to.as_deref());
            return Ok((self.with_values(call), format!("{about}.{extension}")));
        }
        let html = self.html || self.format == ExportFormat::Html;
        let (call, name) = match &self.run {
            Some(run) if html => {
                (client.get(&["v1", "runs", run, "bundle"]).query("format", "html"), format!("{run}.html"))
            }
            Some(run) => (client.get(&["v1", "runs", run, "bundle"]), format!("{run}.apev")),
            None if html => {
                return Err(Failure::Usage("a page is about one run: name it".to_owned()));
            }
            None => {
                let call = client.get(&["v1", "bundles"]).query_if("from", self.from.as_deref());
                (call.query_if("to", self.to.as_deref()), format!("{about}.apev"))
            }
        };
        Ok((self.with_values(call), name))
    }

    fn with_values<'a>(&self, call: Call<'a>) -> Call<'a> {
        if self.values || self.no_values {
            call.query("values", if self.values { "true" } else { "false" })
        } else {
            call
        }
    }
}

/// The evidence log.
#[derive(Debug, Subcommand)]
pub enum Log {
    /// How far it is, and its keys
    Show,
    /// The newest signed head, as a C2SP checkpoint
    Checkpoint,
    /// The trust policy to begin with, as a C2SP tlog-policy
    Trust,
    /// The proof that an event stands in the log, as a C2SP tlog-proof
    Proof {
        /// The event's place in the log
        index: u64,
    },
    /// Compute the whole log anew: every event, chain, head, plan and sealed value
    Verify,
    /// Make another key; the old one signs too for a while
    RotateKey {
        /// For how long: days
        #[arg(long, default_value_t = 90)]
        overlap_days: u32,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Deserialize)]
struct Shown {
    origin: String,
    size: u64,
    sealed: u64,
    witnessed: u64,
    fork_risk: Option<String>,
    keys: Vec<String>,
}

/// Does one of them.
pub(super) async fn log(context: &Context, command: Log) -> Result {
    let text = |path: &'static [&'static str]| async move {
        let reply = context.client.get(path).send().await?;
        stdout(&reply.text);
        Ok(Ending::Done)
    };
    match command {
        Log::Show => {
            let reply = context.client.get(&["v1", "log"]).send().await?;
            context.output.answer(&reply, || Ok(shown(&reply.read()?)))
        }
        Log::Checkpoint => text(&["v1", "log", "checkpoint"]).await,
        Log::Trust => text(&["v1", "log", "trust"]).await,
        Log::Proof { index } => {
            let reply = context.client.get(&["v1", "log", "proofs", &index.to_string()]).send().await?;
            stdout(&reply.text);
            Ok(Ending::Done)
        }
        Log::Verify => {
            let call = context.client.post(&["v1", "log", "verify"], json!({}));
            let reply = call.long().send().await?;
            let review: Review = reply.read()?;
            context.output.answer(&reply, || Ok(reviewed(&review)))?;
            Ok(if review.found == 0 { Ending::Done } else { Ending::Unsound })
        }
        Log::RotateKey { overlap_days, yes } => {
            stderr("Auditors need the new key in their trust policies before the old one stops signing.\n");
            if !yes && !confirm("Make another key for the log?")? {
                return Ok(Ending::Done);
            }
            let body = json!({ "overlap_days": overlap_days });
            let reply = context.client.post(&["v1", "log", "keys"], body).send().await?;
            context.output.answer(&reply, || Ok(shown(&reply.read()?)))
        }
    }
}

#[derive(Deserialize)]
struct Review {
    size: u64,
    heads: u64,
    values: u64,
    found: usize,
    findings: Vec<String>,
}

fn reviewed(review: &Review) -> String {
    let mut text = format!(
        "{} events, {} signed heads and {} sealed values looked at: {}\n",
        review.size,
        review.heads,
        review.values,
        match review.found {
            0 => paint(GREEN, "everything is as it was written"),
            found => paint(RED, &format!("{found} not as it was written")),
        }
    );
    for finding in &review.findings {
        let _ = writeln!(text, "  {}", printable(finding));
    }
    text
}

fn shown(log: &Shown) -> String {
    let waits = log.size.saturating_sub(log.sealed);
    let sealed = match waits {
        0 => paint(GREEN, "all under a signed head"),
        waits => paint(YELLOW, &format!("{waits} not under a signed head yet")),
    };
    let witnessed = match log.witnessed {
        0 => "no quorum of witnesses has cosigned".to_owned(),
        size => format!("{size} cosigned by a quorum of witnesses"),
    };
    let mut text =
        format!("{}\n  {} events, {sealed}; {witnessed}\n", paint(BOLD, &printable(&log.origin)), log.size);
    for (number, key) in log.keys.iter().enumerate() {
        let what = if number == 0 { "key " } else { "past" };
        let _ = writeln!(text, "  {what} {}", printable(key));
    }
    if let Some(why) = &log.fork_risk {
        let told = paint(RED, "nothing is signed or executed:");
        let _ = writeln!(text, "  {told} {}", printable(why));
    }
    text
}
