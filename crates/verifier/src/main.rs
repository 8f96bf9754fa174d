//! The `actionplane-verify` program: reads files and the command line, prints a report, answers with an exit code.

mod source;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use domain::time::Timestamp;
use proof::checkpoint::SignedCheckpoint;
use proof::digest::sha256;
use proof::trust::TrustPolicy;
use source::Fault;
use verifier::{Question, Report, html, verify, verify_zip};

/// Judge a bundle of evidence without the system that made it.
///
/// Exit codes: 0 it holds; 1 it could not be judged; 2 wrong use; 3 open or too few witnesses; 4 untrusted; 5 incomplete;
/// 6 tampered; 7 a rule was broken.
#[derive(Parser)]
#[command(
    name = "actionplane-verify",
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// The bundle: an `.apev` file or a directory.
    #[arg(required = true)]
    bundle: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

#[derive(Subcommand)]
enum Command {
    /// Take the bundle out of a report page and judge it.
    Extract {
        /// The page.
        page: PathBuf,
        /// Where to write the bundle.
        #[arg(long)]
        out: Option<PathBuf>,
        #[command(flatten)]
        options: Options,
    },
}

#[derive(Args)]
struct Options {
    /// Your own trust policy: the logs and witnesses that you trust. Without one everything is untrusted.
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// A head that you kept. The bundle's log must continue it. May be given several times.
    #[arg(long, value_name = "FILE")]
    known: Vec<PathBuf>,
    /// How old a cosignature may be to count, such as `24h`, `90m`, `30s` or `7d`.
    #[arg(long, value_name = "AGE", value_parser = age)]
    max_age: Option<u64>,
    /// The time at which age is judged, as `2026-11-24T10:00:00.000Z`; now when absent.
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<Timestamp>,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
}

fn age(text: &str) -> Result<u64, String> {
    let units = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)];
    let read = units
        .iter()
        .find_map(|(unit, seconds)| text.strip_suffix(*unit)?.parse::<u64>().ok()?.checked_mul(*seconds));
    read.ok_or_else(|| "an age is a number with s, m, h or d".to_owned())
}

fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| "a time is written as 2026-11-24T10:00:00.000Z".to_owned())
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(code) => ExitCode::from(code),
        Err(fault) => {
            eprintln!("error: {fault}");
            ExitCode::from(fault.exit_code())
        }
    }
}

fn run(arguments: Arguments) -> Result<u8, Fault> {
    match (arguments.command, arguments.bundle) {
        (Some(Command::Extract { page, out, options }), _) => {
            let text = source::read(&page)?;
            let extracted =
                html::extract(&text).ok_or_else(|| Fault::NoBundle(page.display().to_string()))?;
            if let Some(out) = out {
                source::write(&out, &extracted.bundle)?;
            }
            if !options.json {
                let whose = if extracted.is_released() {
                    "the page of this release"
                } else {
                    "not the page of this release: it may show anything"
                };
                say(&format!(
                    "Page without bundle and summary: SHA-256 {}, {whose}\nBundle in the page: SHA-256 {}\n\n",
                    extracted.shell,
                    sha256(&extracted.bundle)
                ));
            }
            judge(&options, |question| verify_zip(&extracted.bundle, question))
        }
        (None, Some(bundle)) if source::is_directory(&bundle) => {
            let files = source::directory(&bundle)?;
            judge(&arguments.options, |question| verify(&files, question))
        }
        (None, Some(bundle)) => {
            let zip = source::read(&bundle)?;
            judge(&arguments.options, |question| verify_zip(&zip, question))
        }
        // The command line asks for one of them.
        (None, None) => Err(Fault::NoBundle("the command line".to_owned())),
    }
}

fn judge(options: &Options, verify: impl FnOnce(&Question<'_>) -> Report) -> Result<u8, Fault> {
    let trust = match &options.trust {
        Some(path) => {
            let parsed = TrustPolicy::parse(&source::read(path)?);
            Some(parsed.map_err(|fault| Fault::Malformed(path.display().to_string(), fault.to_string()))?)
        }
        None => None,
    };
    let mut known = Vec::new();
    for path in &options.known {
        let parsed = SignedCheckpoint::parse(&source::read(path)?);
        known.push(parsed.map_err(|fault| Fault::Malformed(path.display().to_string(), fault.to_string()))?);
    }
    let question = Question {
        trust: trust.as_ref(),
        known: &known,
        now: Some(options.at.unwrap_or_else(source::now)),
        max_age_s: options.max_age,
    };
    let report = verify(&question);
    say(&if options.json { format!("{}\n", report.to_json()) } else { report.to_text() });
    Ok(report.verdict.exit_code())
}

fn say(text: &str) {
    // A reader that has seen enough closes the pipe.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}
