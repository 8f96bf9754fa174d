//! The end of the demo: how the stories went, and how to look around.

use std::time::Duration;

use super::Played;
use super::cast::{Cast, PASSWORD};
use super::world::{ADMIN_PASSWORD, World};
use crate::cli::paint::{BOLD, CYAN, DIM, GREEN, RED, paint};
use crate::cli::{render, say};

/// Tells the summary; where the server stays, also where it is and what to try.
pub fn tell(world: &World, cast: &Cast, played: &[Played], took: Duration, ends: bool) {
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
        text.push_str(&format!(
            "  {username:<6} {:<24} {name}, {}\n",
            format!("“{password}”"),
            paint(DIM, what)
        ));
    }
    let curl = format!("curl -s -H 'authorization: Bearer {}' {url}/v1/runs?limit=3", cast.triage_key);
    let edit = format!(
        "curl -s {}/__sim/edit -d '{{\"object\":\"ticket\",\"id\":\"48201\",\"fields\":{{\"priority\":\"low\"}}}}' \
         -H 'content-type: application/json'",
        world.help_desk.base_url()
    );
    let examples = [
        (
            "Look around",
            format!(
                "export ACTIONPLANE_URL={url}\n  actionplane login -u maya\n  actionplane runs list\n  actionplane runs show {run}"
            ),
        ),
        (
            "Be the agent",
            format!(
                "ACTIONPLANE_TOKEN={} actionplane propose --workflow triage -m 'The customer is satisfied' \\\n    --connector help-desk --object ticket --id 48201 --set status=solved --confidence 0.9",
                cast.triage_key
            ),
        ),
        ("Decide", "actionplane inbox\n  actionplane approve <run>".to_owned()),
        ("Over HTTP", curl),
        ("Be a colleague in the help desk", edit),
    ];
    for (title, commands) in examples {
        text.push_str(&format!("\n{}\n  {commands}\n", paint(BOLD, title)));
    }
    text.push_str(&format!("\n{}\n", paint(DIM, "Ctrl-C ends the demo and removes its data.")));
    text
}
