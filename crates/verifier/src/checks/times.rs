//! Times: none runs backwards, and no event is later than whoever saw the head above it.

use domain::time::Timestamp;

use super::anchors::Token;
use super::signatures::Head;
use crate::finding::{Check, Docket, Place};
use crate::read::{Parts, RunParts};
use crate::verdict::Verdict;

/// How far the clocks of the log and of a witness may be apart: milliseconds.
const TOLERANCE_MS: i64 = 300_000;

/// Whoever had seen the head at some time, so that no event under it can be later.
#[derive(Debug, Clone)]
pub struct Sight {
    at: Timestamp,
    who: String,
    /// What an event after it makes of the bundle. Nobody checked who signed a token, so that it accuses nobody: it and the
    /// events do not belong together.
    verdict: Verdict,
}

/// The earliest sights of the head: by a witness, and by a time-stamp token.
pub fn sights(head: &Head, tokens: &[Token]) -> Vec<Sight> {
    let witness = head.witnesses.iter().min_by_key(|(_, time)| **time);
    let witness = witness.map(|(name, at)| {
        let who = format!("witness `{name}`");
        Sight { at: *at, who, verdict: Verdict::Violation }
    });
    let token = tokens.iter().min_by_key(|token| token.time);
    let token = token.map(|token| {
        let who = format!("the time-stamp token `{}`", token.file);
        Sight { at: token.time, who, verdict: Verdict::Tampered }
    });
    witness.into_iter().chain(token).collect()
}

/// Judges the events of a run whose chain is whole. That their times do not fall is a rule of the run.
pub fn run(run: &RunParts, sights: &[Sight], docket: &mut Docket) {
    for line in &run.chain.lines {
        if let Some(read) = &line.event {
            not_later(read.time, run.chain.place().at(line.index), sights, docket);
        }
    }
}

/// Judges the acts of the workspace.
pub fn workspace(parts: &Parts, sights: &[Sight], docket: &mut Docket) {
    let mut last = Timestamp::from_millis(0);
    for line in &parts.workspace.lines {
        let Some(act) = &line.event else { continue };
        let place = parts.workspace.place().at(line.index);
        if act.time < last {
            docket.violation(Check::Times, place.clone(), "the event is earlier than the one before it");
        }
        last = act.time;
        not_later(act.time, place, sights, docket);
    }
}

fn not_later(time: Timestamp, place: Place, sights: &[Sight], docket: &mut Docket) {
    docket.look(Check::Times);
    for Sight { at, who, verdict } in sights.iter().filter(|sight| time > sight.at.plus_ms(TOLERANCE_MS)) {
        let told = format!("the event says {time}, and {who} saw it in the log at {at}");
        docket.find(Check::Times, *verdict, place.clone(), told);
    }
}
