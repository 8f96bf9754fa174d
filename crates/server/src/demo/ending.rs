//! The end of the demo: how the stories went, and how to look around.

use std::time::Duration;

use super::cast::{Cast, PASSWORD};
use super::world::{ADMIN_PASSWORD, World};
use super::{Played, Result};
use crate::cli::paint::{BOLD, CYAN, DIM, GREEN, Lines, RED, paint};
use crate::cli::{render, say};

/// Tells the summary; where the server stays, also where it is and what to try.
pub fn tell(
    world: &World,
    cast: &Cast,
    played: &[Played],
    evidence: &Result<u64>,
    took: Duration,
    ends: bool,
) {
    let row = |(number, story): (usize, &Played)| {
        vec![
            if story.good { paint(GREEN, "✓") } else { paint(RED.bold(), "✗") },
            format!("{}  {}", number + 1, story.title),
            story.run.as_deref().map(|run| paint(CYAN, run)).unwrap_or_default(),
        ]
    };
    let rows: Vec<_> = played.iter().enumerate().map(row).collect();
    let good = played.iter().filter(|story| story.good).count();
    let seconds = format!("{}.{} s", took.as_secs(), took.subsec_millis() / 100);
    let head = format!("{good} of {} stories ended as they must", played.len());
    say(&format!("\n\n{} {}\n\n", paint(BOLD, &head), paint(DIM, &format!("in {seconds}"))));
    say(&render::table(&["", "story", "run"], &rows, 2));
    say(&match evidence {
        Ok(events) => format!(
            "\n  {}  The evidence of every run verifies: {events} events under a signed head; a demo asks no witness\n",
            paint(GREEN, "✓")
        ),
        Err(fault) => format!("\n  {}  The evidence does not verify: {fault}\n", paint(RED.bold(), "✗")),
    });
    if !ends {
        say(&guide(world, cast, played));
    }
}

fn guide(world: &World, cast: &Cast, played: &[Played]) -> String {
    let url = world.url();
    let run = played.iter().filter_map(|story| story.run.as_deref()).nth(1).unwrap_or("<run>");
    let mut text = format!("\n{}  {}\n", paint(BOLD, "The server stays at"), paint(CYAN, &url));
    for (username, name, what) in &cast.people {
        let password = if *username == "admin" { ADMIN_PASSWORD } else { PASSWORD };
        text.line(format!("  {username:<6} {:<24} {name}, {}", format!("“{password}”"), paint(DIM, what)));
    }
    let program =
        std::env::current_exe().map_or_else(|_| "actionplane".into(), |path| path.display().to_string());
    let examples = [
        (
            "Look around",
            format!(
                "alias actionplane={program}\nexport ACTIONPLANE_URL={url}\nactionplane login -u maya\nactionplane runs show {run}\nactionplane inbox"
            ),
        ),
        (
            "Take the evidence away, and check it without us",
            format!(
                "actionplane export {run} && actionplane export {run} --html\n\
                 actionplane log trust > trust.tlog-policy\n\
                 actionplane-verify {run}.apev --trust trust.tlog-policy"
            ),
        ),
        (
            "Be the agent, on the command line or over HTTP",
            format!(
                "export ACTIONPLANE_TOKEN={}\n\
                 actionplane propose --workflow triage -m 'The customer is satisfied' --confidence 0.9 \\\n    \
                 --connector help-desk --object ticket --id 48201 --set status=solved\n\
                 curl -H \"authorization: Bearer $ACTIONPLANE_TOKEN\" '{url}/v1/runs?limit=3'",
                cast.triage_key
            ),
        ),
        (
            "Be a colleague, in the help desk itself",
            format!(
                "curl {}/__sim/edit -H 'content-type: application/json' \\\n    \
                 -d '{{\"object\":\"ticket\",\"id\":\"48201\",\"fields\":{{\"priority\":\"low\"}}}}'",
                world.help_desk.base_url()
            ),
        ),
    ];
    for (title, commands) in examples {
        text.line(format!("\n{}\n  {}", paint(BOLD, title), commands.replace('\n', "\n  ")));
    }
    text.line(format!("\n{}", paint(DIM, "Ctrl-C ends the demo and removes its data.")));
    text
}
