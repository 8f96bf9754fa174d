//! The run's own rules: its events folded as everybody folds them, with a look at each step for the rules that one run
//! cannot know.

use domain::event::Event;
use domain::run::{Folded, Run};
use domain::wire::{self, Corrupt, ReadEvent};
use proof::digest::Digest;
use proof::json::Value;

use super::decisions::{self, Sets};
use super::{approvals, dispatch, policies};
use crate::acts::Acts;
use crate::finding::{Check, Docket, Place};
use crate::read::{Line, RunParts};
use crate::values::Values;

/// A run after one of its events.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// Everything of the run.
    pub parts: &'a RunParts,
    /// The run, this event included.
    pub run: &'a Run,
    /// The event.
    pub read: &'a ReadEvent,
    /// Its position in the log.
    pub index: u64,
    /// The acts of the workspace.
    pub acts: &'a Acts,
    /// The policy sets of the bundle.
    pub sets: &'a Sets,
    /// What is disclosed.
    pub values: &'a Values,
}

impl Step<'_> {
    /// Where it is.
    pub fn place(&self) -> Place {
        self.parts.chain.place().at(self.index)
    }

    /// The value of one of the event's sealed members, where it is disclosed.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.values.named(&self.read.leaf.sd, name)
    }

    /// The position in the log of one of the run's events.
    pub fn index_of(&self, seq: u64) -> Option<u64> {
        let line = usize::try_from(seq).ok().and_then(|seq| self.parts.chain.lines.get(seq));
        line.map(|line| line.index)
    }
}

/// A run that was replayed without fault.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// How it ended, or where it stands.
    pub run: Run,
    /// The run when it first closed, and the hash of that close.
    pub first_close: Option<(Digest, Run)>,
    /// The run before each `recovery.finished`, with the position of that event in the chain.
    pub recoveries: Vec<(usize, Run)>,
}

/// Replays a whole chain. `None` when it broke a rule of the run.
pub fn replay(
    parts: &RunParts,
    acts: &Acts,
    sets: &Sets,
    values: &Values,
    docket: &mut Docket,
) -> Option<Replayed> {
    let mut folded: Option<Folded> = None;
    let mut first_close = None;
    let mut recoveries = Vec::new();
    for (seq, line) in parts.chain.lines.iter().enumerate() {
        docket.look(Check::Replay);
        let read = line.event.as_ref()?;
        if matches!(read.event, Event::RecoveryFinished(_)) {
            recoveries.extend(folded.as_ref().map(|before| (seq, before.run.clone())));
        }
        let next = match wire::extend(parts.id, folded, &line.bytes) {
            Ok(next) => next,
            Err(corrupt) => {
                broken(parts, line, &corrupt, docket);
                return None;
            }
        };
        let step = Step { parts, run: &next.run, read, index: line.index, acts, sets, values };
        approvals::step(&step, docket);
        policies::step(&step, docket);
        decisions::step(&step, docket);
        dispatch::step(&step, docket);
        if first_close.is_none() && next.run.closed.is_some() {
            first_close = Some((line.hash, next.run.clone()));
        }
        folded = Some(next);
    }
    Some(Replayed { run: folded?.run, first_close, recoveries })
}

fn broken(parts: &RunParts, line: &Line<ReadEvent>, corrupt: &Corrupt, docket: &mut Docket) {
    let place = parts.chain.place().at(line.index);
    match corrupt {
        Corrupt::Rule { violation, .. } => {
            let kind = line.event.as_ref().map_or("", |read| read.event.kind());
            docket.violation(Check::Replay, place, format!("`{kind}` breaks a rule of the run: {violation}"));
        }
        Corrupt::Form { .. }
        | Corrupt::Members { .. }
        | Corrupt::Chain(_)
        | Corrupt::Member { .. }
        | Corrupt::Empty => docket.tampered(Check::Replay, place, corrupt.to_string()),
    }
}
