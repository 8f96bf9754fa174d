//! Tells the stories: what happens, in the words of the lineage, and whether it is what must happen.

use std::collections::BTreeMap;

use super::cast::Cast;
use super::stories::Story;
use super::world::World;
use super::{Fault, Result};
use crate::cli::client::Client;
use crate::cli::paint::{BLUE, BOLD, CYAN, DIM, GREEN, RED, YELLOW, columns, paint, printable, wrap};
use crate::cli::view::{Event, Page, Run};
use crate::cli::{render, say, words};

/// The narrator.
#[derive(Default)]
pub struct Teller {
    /// Events that were told already, by run.
    told: BTreeMap<String, u64>,
    /// The run that the story is about.
    run: Option<String>,
    /// Whether anything in this story was not as it must be.
    wrong: bool,
}

impl Teller {
    /// What was started.
    pub fn opening(&self, world: &World) {
        let what = "Two simulated systems of record speak their vendors' own protocols. Agents and people meet them only through the public API, and every line with a time and a hash is an event of the log.";
        let places = format!(
            "server {} · help desk {} · CRM {}",
            world.url(),
            world.help_desk.base_url(),
            world.crm.base_url()
        );
        let about = wrap(what, columns().saturating_sub(2)).join("\n");
        say(&format!("\n{}\n{about}\n{}\n\n", paint(BOLD, "ActionPlane demo"), paint(DIM, &places)));
    }

    /// Who plays.
    pub fn cast(&self, cast: &Cast) {
        let mut text = String::new();
        for (_, name, what) in &cast.people {
            text.push_str(&format!("  {:<16} {}\n", name, paint(DIM, what)));
        }
        for (name, what) in [
            ("triage-agent", "may propose on help-desk, in the workflow triage"),
            ("renewal-agent", "may propose on crm-main, in the workflow renewals"),
        ] {
            text.push_str(&format!("  {name:<16} {}\n", paint(DIM, what)));
        }
        let set = words::digest(&cast.policy);
        text.push_str(&format!(
            "  {:<16} {}\n",
            "Starter rules",
            paint(DIM, &format!("policy set {set}, in force"))
        ));
        say(&text);
    }

    /// A story begins.
    pub fn chapter(&mut self, number: usize, story: &Story) {
        let rule = "─".repeat(columns().saturating_sub(story.title.chars().count() + 6));
        let head = format!("{number}  {}", story.title);
        say(&format!("\n\n{} {}\n", paint(BOLD.fg_color(BLUE.get_fg_color()), &head), paint(DIM, &rule)));
        for line in wrap(story.about, columns().saturating_sub(2)) {
            say(&format!("{}\n", paint(DIM, &line)));
        }
        self.run = None;
        self.wrong = false;
    }

    /// Somebody does something.
    pub fn act(&self, who: &str, what: &str) {
        say(&format!("\n{} {} {what}\n", paint(CYAN, "▸"), paint(BOLD, who)));
    }

    /// Something that the world does.
    pub fn aside(&self, what: &str) {
        say(&format!("\n{} {what}\n", paint(YELLOW, "◆")));
    }

    /// The plan of a run as an approver sees it, with the decision.
    pub fn plan(&mut self, run: &Run) {
        self.run.get_or_insert_with(|| run.id.clone());
        let mut text = String::new();
        for mutation in &run.plan.mutations {
            text.push_str(&format!("  {}\n", words::strong(&words::mutation(mutation))));
            text.push_str(&render::diff(mutation, columns()));
        }
        if let Some(decision) = &run.decision {
            text.push_str(&format!(
                "  {} · {}\n",
                words::decision(&decision.decision),
                words::risk(&decision.risk)
            ));
            for sentence in decision.explanation.iter().flat_map(|one| wrap(&printable(one), columns() - 6)) {
                text.push_str(&format!("    {sentence}\n"));
            }
        }
        say(&text);
    }

    /// The events of a run that were not told yet, and where it stands.
    pub async fn lineage(&mut self, client: &Client, id: &str) -> Result<Run> {
        let run: Run = client.get(&["v1", "runs", id]).read().await?;
        let events: Page<Event> = client.get(&["v1", "runs", id, "events"]).read().await?;
        let from = self.told.get(id).copied();
        let new = events.items.iter().filter(|event| from.is_none_or(|seq| event.seq > seq));
        let text: String = new.map(|event| render::event_line(event, columns())).collect();
        if let Some(last) = events.items.last() {
            self.told.insert(id.to_owned(), last.seq);
        }
        if !text.is_empty() {
            say(&text);
        }
        say(&format!("  {}  {}\n", render::steps(&run), words::stage(&run.stage)));
        Ok(run)
    }

    /// The three values of what moved.
    pub fn drift(&self, run: &Run) {
        if let Some(drift) = run.drift.last() {
            say(&render::drift(&drift.view));
        }
    }

    /// What stopped a recovery.
    pub fn conflicts(&self, run: &Run) {
        for conflict in &run.conflicts {
            say(&render::conflict(&conflict.fields));
        }
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
        self.stopped(fault);
    }

    /// The demo cannot go on.
    pub fn stopped(&self, fault: &Fault) {
        let text = match fault {
            Fault::Api(failure) => failure.report(),
            Fault::Start(_)
            | Fault::World { .. }
            | Fault::Simulator(_)
            | Fault::Missing(_)
            | Fault::Late { .. } => {
                let causes =
                    std::iter::successors(Some(fault as &dyn std::error::Error), |fault| fault.source());
                let causes: Vec<String> = causes.map(ToString::to_string).collect();
                format!("{} {}", paint(RED.bold(), "error:"), causes.join(": "))
            }
        };
        say(&format!("{} {text}\n", paint(RED.bold(), "✗")));
    }

    /// The story is over: the run that it was about, and whether everything was as it must be.
    pub fn close(&mut self) -> (Option<String>, bool) {
        (self.run.take(), !self.wrong)
    }
}
