//! Erasures and holds: what is made unreadable for good, and what must be kept.

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Value, json};

use super::failure::{Ending, Failure, Result};
use super::output::{confirm, stdout};
use super::paint::{BOLD, CYAN, DIM, GREEN, Lines, YELLOW, paint, printable};
use super::view::{Named, Page};
use super::{Context, admin, render, seen, words};

/// Of whom or what: exactly one.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Subject {
    /// A person whose account is closed, by id
    #[arg(long, value_name = "ID")]
    person: Option<String>,
    /// A record, as CONNECTOR/OBJECT/ID
    #[arg(long, value_name = "RECORD")]
    record: Option<String>,
    /// A run
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
}

/// Values to be erased for good.
#[derive(Debug, Args)]
pub struct Erase {
    #[command(flatten)]
    subject: Subject,
    /// Why that is lawful, such as gdpr-17-1-b
    #[arg(long)]
    basis: String,
    /// Where the request is filed
    #[arg(long)]
    request_ref: String,
    /// When the last backup is gone that still holds the values: 2027-01-31, or with a time
    #[arg(long, value_name = "TIME")]
    complete_by: Option<String>,
    /// Erase although the retention period runs; that is recorded
    #[arg(long)]
    override_retention: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

/// Legal holds.
#[derive(Debug, Subcommand)]
pub enum Holds {
    /// Those that stand
    List,
    /// Keep values, whatever is asked for
    Place(Place),
    /// End a hold
    Release {
        /// The hold
        id: String,
        /// Why
        #[arg(long, short = 'm')]
        rationale: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

/// What a hold keeps: exactly one.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Kept {
    /// Keep everything
    #[arg(long)]
    everything: bool,
    /// Keep what is about this person, by id
    #[arg(long, value_name = "ID")]
    person: Option<String>,
    /// Keep what is about this record: CONNECTOR/OBJECT/ID
    #[arg(long, value_name = "RECORD")]
    record: Option<String>,
    /// Keep what is of this run
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
}

/// A new hold.
#[derive(Debug, Args)]
pub struct Place {
    /// What it is for
    #[arg(long)]
    matter: String,
    #[command(flatten)]
    kept: Kept,
    /// When it ends by itself: 2027-01-31, or with a time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

/// An erasure as it is listed.
#[derive(Deserialize)]
struct Erasure {
    id: u64,
    at: String,
    by: Named,
    basis: String,
    count: u64,
    complete_by: Option<String>,
    request_ref: Value,
    runs: Vec<String>,
    run_count: u64,
}

impl Erase {
    pub(super) async fn run(self, context: &Context) -> Result {
        let Subject { person, record, run } = &self.subject;
        let subject = subject(person.as_deref(), record.as_deref(), run.as_deref())?;
        let body = seen::body([
            ("basis", Some(self.basis.clone().into())),
            ("complete_by", self.complete_by.as_deref().map(time).transpose()?),
            ("override_retention", self.override_retention.then_some(true.into())),
            ("request_ref", Some(self.request_ref.clone().into())),
            ("subject", Some(subject)),
        ]);
        let what = [person, record, run].into_iter().flatten().next().map(|text| printable(text));
        let what = what.unwrap_or_default();
        context.output.beside(&format!(
            "{} of {}: open runs about it are cancelled, and nothing brings the values back.\n",
            paint(YELLOW, "Every sealed value"),
            paint(BOLD, &what)
        ));
        if !self.yes && !confirm("Erase them?")? {
            return Ok(Ending::Refused);
        }
        let reply = context.client.post(&["v1", "erasures"], Value::Object(body)).send().await?;
        let done: Erasure = reply.read()?;
        context.output.answer(&reply, || Ok(told(&done)))
    }
}

fn told(done: &Erasure) -> String {
    let values = if done.count == 1 { "value" } else { "values" };
    let runs = if done.run_count == 1 { "run" } else { "runs" };
    let mut text = format!(
        "{} Erased {} {values} of {} {runs}, because {}.\n",
        paint(GREEN, "✓"),
        done.count,
        done.run_count,
        printable(&done.basis)
    );
    for run in &done.runs {
        text.line(format!("  {}", paint(CYAN, &printable(run))));
    }
    if let Some(by) = &done.complete_by {
        text.line(format!("  Backups hold them until {}", words::moment(by)));
    }
    text
}

/// Prints erasures, newest first.
pub(super) async fn list(context: &Context) -> Result {
    let reply = context.client.get(&["v1", "erasures"]).query("limit", "200").send().await?;
    let page: Page<Erasure> = reply.read()?;
    context.output.answer(&reply, || {
        if page.items.is_empty() {
            return Ok(format!("{}\n", paint(DIM, "nothing was erased")));
        }
        let row = |one: &Erasure| {
            let more = one.run_count.saturating_sub(1);
            let runs = one.runs.first().map(|run| printable(run)).unwrap_or_default();
            vec![
                one.id.to_string(),
                words::moment(&one.at),
                printable(&one.basis),
                one.count.to_string(),
                printable(&one.by.name),
                one.request_ref.as_str().map_or_else(|| paint(DIM.italic(), "erased"), printable),
                one.complete_by.as_deref().map(words::moment).unwrap_or_default(),
                if more > 0 { format!("{runs} and {more} more") } else { runs },
            ]
        };
        let head = ["leaf", "when", "basis", "values", "by", "request", "backups until", "runs"];
        Ok(render::table(&head, &page.items.iter().map(row).collect::<Vec<_>>(), 0))
    })
}

pub(super) async fn holds(context: &Context, command: Holds) -> Result {
    let client = &context.client;
    match command {
        Holds::List => {
            let columns = ["id", "matter", "selector", "by", "at", "until"];
            admin::list(context, client.get(&["v1", "holds"]), &columns).await
        }
        Holds::Place(place) => {
            let Kept { everything, person, record, run } = &place.kept;
            let selector = if *everything {
                "everything".into()
            } else {
                subject(person.as_deref(), record.as_deref(), run.as_deref())?
            };
            let body = seen::body([
                ("matter", Some(place.matter.into())),
                ("selector", Some(selector)),
                ("until", place.until.as_deref().map(time).transpose()?),
            ]);
            admin::show(context, client.post(&["v1", "holds"], Value::Object(body))).await
        }
        Holds::Release { id, rationale, yes } => {
            if !yes && !confirm(&format!("Release {}? What it keeps can be erased then.", printable(&id)))? {
                return Ok(Ending::Refused);
            }
            let call = client.delete_because(&["v1", "holds", &id], &rationale);
            if context.output.is_json() {
                return admin::done(context, call, "").await;
            }
            call.send().await?;
            stdout(&format!("{} Released.\n", paint(GREEN, "✓")));
            Ok(Ending::Done)
        }
    }
}

fn subject(person: Option<&str>, record: Option<&str>, run: Option<&str>) -> Result<Value> {
    match (person, record, run) {
        (Some(id), ..) => Ok(json!({ "person": id })),
        (None, Some(record), _) => self::record(record),
        (None, None, run) => Ok(json!({ "run": run })),
    }
}

/// `help-desk/ticket/48213`; an id may hold slashes itself.
fn record(text: &str) -> Result<Value> {
    let mut parts = text.splitn(3, '/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(connector), Some(object), Some(id)) => {
            Ok(json!({ "record": { "connector": connector, "object": object, "id": id } }))
        }
        _ => Err(Failure::Usage(format!("`{}` is not CONNECTOR/OBJECT/ID", printable(text)))),
    }
}

/// A day, whose end counts, or a time, as the API writes times.
fn time(text: &str) -> Result<Value> {
    let at = text.parse().or_else(|_| format!("{text}T23:59:59.999Z").parse::<jiff::Timestamp>());
    let at = at.map_err(|_| Failure::Usage(format!("`{}` is no day and no time", printable(text))))?;
    Ok(format!("{at:.3}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_days_and_times_are_read_or_refused() {
        let parts = |connector: &str, object: &str, id: &str| json!({ "record": { "connector": connector, "object": object, "id": id } });
        assert_eq!(record("help-desk/ticket/48213").unwrap(), parts("help-desk", "ticket", "48213"));
        assert_eq!(record("a/b/c/d").unwrap(), parts("a", "b", "c/d"));
        assert!(record("help-desk/48213").is_err());
        for (text, expected) in [
            ("2027-01-31", "2027-01-31T23:59:59.999Z"),
            ("2027-01-31T12:00:00Z", "2027-01-31T12:00:00.000Z"),
            ("2027-01-31T12:00:00+02:00", "2027-01-31T10:00:00.000Z"),
        ] {
            let read = time(text).unwrap();
            assert_eq!(read, expected);
            assert!(domain::time::Timestamp::parse(read.as_str().unwrap()).is_some());
        }
        assert!(time("soon").is_err());
    }
}
