//! Whether the events of a run are all there and follow each other, from the proposal to the close.

use std::collections::BTreeSet;

use domain::event::Event;
use proof::digest::Digest;

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
    let mut seen = BTreeSet::new();
    // Where the next event stands; not known behind one that cannot be read.
    let mut due = Some(0);
    let mut last: Option<(Digest, u64)> = None;
    for line in &chain.lines {
        docket.look(Check::Chain);
        let at = place.clone().at(line.index);
        let Some(leaf) = line.event.as_ref().map(|read| &read.leaf) else {
            whole = false;
            docket.leave_open(Check::Chain, at, "an event that cannot be read has no place in the chain");
            (due, last) = (None, Some((line.hash, line.index)));
            continue;
        };
        let fault = if leaf.run != chain.run {
            Some((Verdict::Tampered, "the event belongs to another chain".to_owned()))
        } else if !seen.insert(leaf.seq) {
            Some((Verdict::Tampered, format!("position {} is taken twice", leaf.seq)))
        } else if let Some(due) = due.filter(|due| leaf.seq != *due) {
            let told = format!(
                "position {} follows where {due} was due: an event is missing or out of order",
                leaf.seq
            );
            Some((Verdict::Incomplete, told))
        } else if leaf.prev != last.map(|(hash, _)| hash) {
            Some((Verdict::Tampered, "the event does not name the one before it".to_owned()))
        } else if last.is_some_and(|(_, index)| index >= line.index) {
            Some((Verdict::Tampered, "positions in the log do not rise along the chain".to_owned()))
        } else {
            None
        };
        if let Some((verdict, told)) = fault {
            whole = false;
            docket.find(Check::Chain, verdict, at, told);
        }
        (due, last) = (leaf.seq.checked_add(1), Some((line.hash, line.index)));
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
