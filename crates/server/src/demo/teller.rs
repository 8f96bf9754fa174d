//! Tells the stories: what happens, in the words of the lineage, and whether it is what must happen.

use std::collections::BTreeMap;

use super::cast::Cast;
use super::stories::Story;
use super::world::World;
use super::{Fault, Result};
use crate::cli::client::Client;
use crate::cli::paint::{
    BLUE, BOLD, CYAN, DIM, GREEN, Lines, RED, YELLOW, columns, paint, printable, width, wrap,
};
use crate::cli::view::{Event, Page, Run};
use crate::cli::{render, say, words};

/// The narrator.
pub struct Teller {
    /// Columns of the terminal.
    columns: usize,
    /// Events that were told already, by run.
    told: BTreeMap<String, u64>,
    /// The run that the story is about.
    run: Option<String>,
    /// Whether anything in this story was not as it must be.
    wrong: bool,
}

impl Teller {
    /// A narrator who has told nothing yet.
    pub fn new() -> Self {
        Self { columns: columns(), told: BTreeMap::new(), run: None, wrong: false }
    }

    /// What was started.
    pub fn opening(&self, world: &World) {
        let what = "Two simulated systems of record speak their vendors' own protocols. Agents and people reach them \
                    only through the public API, and every line with a time and a hash is an event of the log.";
        let mut text = format!("\n{}\n", paint(BOLD, "ActionPlane demo"));
        for line in wrap(what, self.columns) {
            text.line(line);
        }
        let places = [world.url(), world.help_desk.base_url(), world.crm.base_url()];
        let [server, desk, crm] = places;
        text.line(paint(DIM, &format!("server {server} · help desk {desk} · CRM {crm}")));
        say(&text);
    }

    /// A story begins.
    pub fn chapter(&mut self, number: usize, story: &Story) {
        let head = format!("{number}  {}", story.title);
        let rule = "─".repeat(self.columns.saturating_sub(width(&head) + 1));
        let mut text =
            format!("\n\n{} {}\n", paint(BOLD.fg_color(BLUE.get_fg_color()), &head), paint(DIM, &rule));
        for line in wrap(story.about, self.columns) {
            text.line(paint(DIM, &line));
        }
        say(&text);
        self.run = None;
        self.wrong = false;
    }

    /// Somebody does something.
    pub fn act(&self, who: &str, what: &str) {
        self.marked(&paint(CYAN, "▸"), &format!("{} {what}", paint(BOLD, who)));
    }

    /// Something that the world does.
    pub fn aside(&self, what: &str) {
        self.marked(&paint(YELLOW, "◆"), what);
    }

    fn marked(&self, mark: &str, what: &str) {
        let mut text = String::from("\n");
        for (index, line) in wrap(what, self.columns.saturating_sub(2)).into_iter().enumerate() {
            text.line(format!("{} {line}", if index == 0 { mark } else { " " }));
        }
        say(&text);
    }

    /// The plan of a run as an approver sees it, with the decision.
    pub fn plan(&mut self, run: &Run) {
        self.run.get_or_insert_with(|| run.id.clone());
        let mut text = String::new();
        for mutation in &run.plan.mutations {
            text.line(format!("  {}", words::strong(&words::mutation(mutation))));
            text.push_str(&render::diff(mutation, self.columns));
        }
        if let Some(decision) = &run.decision {
            text.line(format!("  {} · {}", words::decision(&decision.decision), words::risk(&decision.risk)));
            let room = self.columns.saturating_sub(4);
            for line in decision.explanation.iter().flat_map(|one| wrap(&printable(one), room)) {
                text.line(format!("    {line}"));
            }
        }
        text.push('\n');
        say(&text);
    }

    /// The events of a run that were not told yet, and where it stands.
    pub async fn lineage(&mut self, client: &Client, id: &str) -> Result<Run> {
        let run: Run = client.get(&["v1", "runs", id]).read().await?;
        let events: Page<Event> = client.get(&["v1", "runs", id, "events"]).read().await?;
        let from = self.told.get(id).copied();
        let new = events.items.iter().filter(|event| from.is_none_or(|seq| event.seq > seq));
        let mut text: String = new.map(|event| render::event_line(event, self.columns)).collect();
        if let Some(last) = events.items.last() {
            self.told.insert(id.to_owned(), last.seq);
        }
        text.line(format!("  {}  {}", render::steps(&run), words::stage(&run.stage)));
        say(&text);
        Ok(run)
    }

    /// A fact that must hold.
    pub fn check(&mut self, what: &str, holds: bool) {
        let mark = if holds { paint(GREEN, "✓") } else { paint(RED.bold(), "✗") };
        self.wrong |= !holds;
        say(&format!("{mark} {what}\n"));
    }

    /// The story cannot go on.
    pub fn failed(&mut self, fault: &Fault) {
        self.wrong = true;
        stopped(fault);
    }

    /// The story is over: the run that it was about, and whether everything was as it must be.
    pub fn close(&mut self) -> (Option<String>, bool) {
        (self.run.take(), !self.wrong)
    }
}

/// Who plays.
pub fn cast(cast: &Cast) {
    let set = format!("policy set {}, in force", words::digest(&cast.policy));
    let programs = [
        ("triage-agent", "may propose on help-desk, in the workflow triage"),
        ("renewal-agent", "may propose on crm-main, in the workflow renewals"),
        ("Starter rules", set.as_str()),
    ];
    let people = cast.people.iter().map(|(_, name, what)| (*name, *what));
    let row = |(name, what): (&str, &str)| vec![name.to_owned(), paint(DIM, what)];
    let rows: Vec<_> = people.chain(programs).map(row).collect();
    say(&format!("\n{}", render::table(&["who", "what they are"], &rows, 2)));
}

/// The three values of what moved since the preview.
pub fn drift(run: &Run) {
    if let Some(drift) = run.drift.last() {
        say(&render::drift(&drift.view));
    }
}

/// What stopped a recovery.
pub fn conflicts(run: &Run) {
    for conflict in &run.conflicts {
        say(&render::conflict(&conflict.fields));
    }
}

/// Why it cannot go on.
pub fn stopped(fault: &Fault) {
    let text = match fault {
        Fault::Api(failure) => failure.report(),
        Fault::Start(_)
        | Fault::World { .. }
        | Fault::Simulator(_)
        | Fault::Missing(_)
        | Fault::Late { .. } => {
            let causes = std::iter::successors(Some(fault as &dyn std::error::Error), |fault| fault.source());
            let causes: Vec<String> = causes.map(ToString::to_string).collect();
            format!("{} {}", paint(RED.bold(), "error:"), causes.join(": "))
        }
    };
    say(&format!("{} {text}\n", paint(RED.bold(), "✗")));
}
