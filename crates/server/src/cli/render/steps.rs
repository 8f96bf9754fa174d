//! The six stages of a run in one line: what is done, where it stands, what was not needed.

use anstyle::Style;
use domain::run::Stage;

use super::super::paint::{BOLD, DIM, GREEN, RED, YELLOW, paint};
use super::super::view::Run;

/// How far one step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Done,
    Now,
    Attention,
    No,
    NotNeeded,
    Ahead,
}

impl Mark {
    fn look(self) -> (&'static str, Style) {
        match self {
            Self::Done => ("✓", GREEN),
            Self::Now => ("●", YELLOW.bold()),
            Self::Attention => ("!", YELLOW.bold()),
            Self::No => ("✗", RED.bold()),
            Self::NotNeeded => ("–", DIM),
            Self::Ahead => ("·", DIM),
        }
    }
}

/// `✓ Propose ─ ✓ Preview ─ ● Decide ─ · Approve ─ · Execute ─ · Recover`
pub fn steps(run: &Run) -> String {
    let Some(stage) = Stage::parse(&run.stage) else { return String::new() };
    let marks = [
        ("Propose", Mark::Done),
        ("Preview", preview(run, stage)),
        ("Decide", decide(run, stage)),
        ("Approve", approve(run, stage)),
        ("Execute", execute(run, stage)),
        ("Recover", recover(run, stage)),
    ];
    let step = |(name, mark): (&str, Mark)| {
        let (symbol, style) = mark.look();
        let name_style = match mark {
            Mark::Now | Mark::Attention | Mark::No => BOLD,
            Mark::Done => Style::new(),
            Mark::NotNeeded | Mark::Ahead => DIM,
        };
        format!("{} {}", paint(style, symbol), paint(name_style, name))
    };
    marks.map(step).join(&paint(DIM, " ─ "))
}

fn preview(run: &Run, stage: Stage) -> Mark {
    if stage == Stage::Proposed {
        Mark::Now
    } else if stage == Stage::Failed && run.decision.is_none() {
        Mark::No
    } else if run.plan_digest.is_some() {
        Mark::Done
    } else {
        Mark::Ahead
    }
}

fn decide(run: &Run, stage: Stage) -> Mark {
    if stage == Stage::Denied {
        Mark::No
    } else if stage == Stage::Previewed {
        Mark::Now
    } else if run.decision.is_some() && stage != Stage::Proposed {
        Mark::Done
    } else {
        Mark::Ahead
    }
}

fn approve(run: &Run, stage: Stage) -> Mark {
    let asked = run.decision.as_ref().is_some_and(|decision| decision.decision == "approval");
    let allowed = run.authorization.is_some() || !run.attempts.is_empty();
    match stage {
        Stage::AwaitingApproval => Mark::Now,
        Stage::Rejected => Mark::No,
        Stage::Expired if asked => Mark::No,
        Stage::TakenOver | Stage::Proposed | Stage::Previewed => Mark::Ahead,
        Stage::Denied | Stage::Expired | Stage::Cancelled => Mark::NotNeeded,
        Stage::Authorized
        | Stage::Executing
        | Stage::NeedsAttention
        | Stage::Failed
        | Stage::Applied
        | Stage::PartlyApplied
        | Stage::RolledBack
        | Stage::PartlyRolledBack
        | Stage::Compensated => {
            if asked && allowed {
                Mark::Done
            } else {
                Mark::NotNeeded
            }
        }
    }
}

fn execute(run: &Run, stage: Stage) -> Mark {
    match stage {
        Stage::Authorized | Stage::Executing => Mark::Now,
        Stage::NeedsAttention | Stage::PartlyApplied => Mark::Attention,
        Stage::Failed if !run.attempts.is_empty() => Mark::No,
        Stage::Applied | Stage::RolledBack | Stage::PartlyRolledBack | Stage::Compensated => Mark::Done,
        Stage::Denied | Stage::Rejected | Stage::Expired | Stage::Cancelled | Stage::Failed => {
            Mark::NotNeeded
        }
        Stage::Proposed | Stage::Previewed | Stage::AwaitingApproval | Stage::TakenOver => Mark::Ahead,
    }
}

fn recover(run: &Run, stage: Stage) -> Mark {
    let conflict = run.recovery.runs.iter().any(|child| child.outcome.as_deref() == Some("conflict"));
    match stage {
        Stage::RolledBack | Stage::Compensated => Mark::Done,
        Stage::PartlyRolledBack => Mark::Attention,
        Stage::Denied | Stage::Rejected | Stage::Expired | Stage::Cancelled | Stage::Failed => {
            Mark::NotNeeded
        }
        Stage::Applied | Stage::PartlyApplied | Stage::NeedsAttention if run.recovery.open.is_some() => {
            Mark::Now
        }
        Stage::Applied | Stage::PartlyApplied if conflict => Mark::Attention,
        Stage::Applied
        | Stage::PartlyApplied
        | Stage::NeedsAttention
        | Stage::Proposed
        | Stage::Previewed
        | Stage::AwaitingApproval
        | Stage::Authorized
        | Stage::Executing
        | Stage::TakenOver => Mark::Ahead,
    }
}
