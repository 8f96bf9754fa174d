//! Follow a run until it is closed: every new event as it comes, and a live line that says what is waited for.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::client::Client;
use super::failure::{Ending, Failure, Result};
use super::output::{Progress, stdout};
use super::paint::printable;
use super::view::{Event, Page, Run};
use super::{Context, render, words};

/// How often the live line turns, and how often a silent stream is doubted.
const TURN: Duration = Duration::from_millis(250);
/// After so many turns without news the run is read anyway.
const TURNS_MAX: u32 = 20;

/// Prints the events of a run until it is closed; with `--json` one event a line.
pub async fn watch(context: &Context, id: &str) -> Result<Run> {
    let mut printed = None;
    let run = follow(&context.client, id, |events| {
        let new: Vec<&Event> =
            events.iter().filter(|event| printed.is_none_or(|seq| event.seq > seq)).collect();
        printed = new.last().map(|event| event.seq).or(printed);
        if context.output.is_json() {
            return;
        }
        for event in new {
            stdout(&render::event_line(event, context.output.columns));
        }
    })
    .await?;
    if context.output.is_json() {
        let reply = context.client.get(&["v1", "runs", id]).send().await?;
        context.output.answer(&reply, || Ok(String::new()))?;
    } else {
        stdout(&render::brief(&run, context.output.columns, Timestamp::now()));
    }
    Ok(run)
}

/// Waits until a run is closed, and says meanwhile what it waits for.
pub async fn until_closed(client: &Client, id: &str) -> Result<Run> {
    follow(client, id, |_| {}).await
}

/// How a closed run ends the command: 3 for a no.
pub fn ending(run: &Run) -> Ending {
    if words::is_refusal(&run.stage) { Ending::Refused } else { Ending::Done }
}

/// Like [`ending`], but a run that did not do what was asked is a problem.
pub fn proven(run: &Run) -> Result {
    if words::is_success(&run.stage) || words::is_refusal(&run.stage) {
        return Ok(ending(run));
    }
    let code = run.closed.as_ref().and_then(|closed| closed.code.as_deref()).unwrap_or("see its timeline");
    Err(Failure::other(format!("the run ended as `{}`: {}", printable(&run.stage), printable(code))))
}

async fn follow(client: &Client, id: &str, mut tell: impl FnMut(&[Event])) -> Result<Run> {
    let mut stream = Stream::open(client).await?;
    let mut progress = Progress::default();
    loop {
        let run: Run = client.get(&["v1", "runs", id]).read().await?;
        let events: Page<Event> = client.get(&["v1", "runs", id, "events"]).read().await?;
        progress.clear();
        tell(&events.items);
        if run.is_closed() {
            return Ok(run);
        }
        for _ in 0..TURNS_MAX {
            progress.show(&waiting(&run, Timestamp::now()));
            match tokio::time::timeout(TURN, stream.news_of(id)).await {
                Err(_) => {}
                Ok(Ok(())) => break,
                Ok(Err(_)) => {
                    tokio::time::sleep(TURN).await;
                    stream = Stream::open(client).await?;
                    break;
                }
            }
        }
    }
}

/// What a run waits for, in a line.
fn waiting(run: &Run, now: Timestamp) -> String {
    let detail = run.next.as_ref().map(words::next).unwrap_or_default();
    let left = run.request.as_ref().filter(|_| run.stage == "awaiting_approval");
    let left = left.map(|request| format!(", {}", words::left(&request.expires, now)));
    format!("{}  {detail}{}", words::stage(&run.stage), left.unwrap_or_default())
}

/// The server's event stream, read line by line.
struct Stream<'a> {
    client: &'a Client,
    response: reqwest::Response,
    rest: Vec<u8>,
}

/// The stream ended or broke.
struct Over;

impl<'a> Stream<'a> {
    async fn open(client: &'a Client) -> Result<Self> {
        Ok(Self { client, response: client.stream(None).await?, rest: Vec::new() })
    }

    /// Waits for an event of this run.
    async fn news_of(&mut self, id: &str) -> std::result::Result<(), Over> {
        loop {
            while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=end).collect();
                if names(&line, id) {
                    return Ok(());
                }
            }
            let chunk = self.response.chunk().await.map_err(|source| self.client.unreachable(source));
            match chunk {
                Ok(Some(chunk)) => self.rest.extend_from_slice(&chunk),
                Ok(None) | Err(_) => return Err(Over),
            }
        }
    }
}

/// Whether a line of the stream is data about this run.
fn names(line: &[u8], id: &str) -> bool {
    let data = line.strip_prefix(b"data:").and_then(|data| serde_json::from_slice::<Value>(data).ok());
    data.is_some_and(|data| data.get("run").and_then(Value::as_str) == Some(id))
}

#[cfg(test)]
mod tests;
