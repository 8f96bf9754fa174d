//! Whether the events of a run are all there and follow each other, from the proposal to the close.

use domain::event::Event;

use crate::finding::{Check, Docket};
use crate::read::RunParts;
use crate::verdict::Verdict;

/// Judges the chain. `true` when it is whole, so that it can be replayed; an open run is whole up to its last event.
pub fn check(run: &RunParts, docket: &mut Docket) -> bool {
    let chain = &run.chain;
    let place = chain.place();
    if chain.lines.is_empty() {
        docket.missing(Check::Chain, place, "the run has no events");
        return false;
    }
    let mut whole = true;
    let mut last: Option<(u64, u64)> = None;
    let mut seen = std::collections::BTreeSet::new();
    let mut prev = None;
    for line in &chain.lines {
        docket.look(Check::Chain);
        let at = place.clone().at(line.index);
        let Some(read) = &line.event else {
            whole = false;
            docket.leave_open(Check::Chain, at, "an event that cannot be read has no place in a chain");
            last = None;
            continue;
        };
        let leaf = &read.leaf;
        if leaf.run != chain.run {
            whole = false;
            docket.tampered(Check::Chain, at, "the event belongs to another chain");
            continue;
        }
        let due = last.map_or(0, |(seq, _)| seq + 1);
        if !seen.insert(leaf.seq) {
            whole = false;
            docket.tampered(Check::Chain, at, format!("position {} is taken twice", leaf.seq));
        } else if leaf.seq != due {
            whole = false;
            docket.missing(
                Check::Chain,
                at,
                format!(
                    "position {} follows where {due} was due: an event is missing or out of order",
                    leaf.seq
                ),
            );
        } else if leaf.prev != prev {
            whole = false;
            docket.tampered(Check::Chain, at, "the event does not name the one before it");
        } else if last.is_some_and(|(_, index)| index >= line.index) {
            whole = false;
            docket.tampered(Check::Chain, at, "positions in the log do not rise along the chain");
        }
        last = Some((leaf.seq, line.index));
        prev = Some(line.hash);
    }
    let closed = chain.lines.last().and_then(|line| line.event.as_ref());
    if whole && !closed.is_some_and(|read| matches!(read.event, Event::RunClosed(_))) {
        docket.find(
            Check::Chain,
            Verdict::Open,
            place,
            "the last event is not the close: the run is still open, or its end was left out",
        );
    }
    whole
}
