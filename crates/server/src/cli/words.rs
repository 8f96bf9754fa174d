//! Words of the product as people read them: stages, outcomes, undo kinds, times, values.

use anstyle::Style;
use domain::attempt::Outcome;
use domain::run::Stage;
use jiff::Timestamp;
use serde_json::Value;

use super::paint::{BLUE, BOLD, DIM, GREEN, RED, YELLOW, cut, paint, printable};
use super::view::{Held, Mutation, Next, Run, Tombstone};

/// Characters of a value in a line.
const VALUE_CHARS_MAX: usize = 2_000;
/// Characters of a digest that tell two apart at a glance.
const DIGEST_CHARS: usize = 12;

/// A stage in words, with its symbol and color.
pub fn stage(word: &str) -> String {
    let Some(stage) = Stage::parse(word) else { return printable(word) };
    let (symbol, words, style) = stage_words(stage);
    paint(style, &format!("{symbol} {words}"))
}

fn stage_words(stage: Stage) -> (&'static str, &'static str, Style) {
    match stage {
        Stage::Proposed => ("○", "Proposed", BLUE),
        Stage::Previewed => ("○", "Previewed", BLUE),
        Stage::AwaitingApproval => ("◔", "Waiting for approval", YELLOW),
        Stage::Authorized => ("◑", "Authorized", BLUE),
        Stage::Executing => ("◕", "Executing", BLUE),
        Stage::NeedsAttention => ("!", "Needs attention", YELLOW.bold()),
        Stage::TakenOver => ("◈", "Taken over", YELLOW),
        Stage::Denied => ("✗", "Denied by policy", RED),
        Stage::Rejected => ("✗", "Rejected", RED),
        Stage::Expired => ("✗", "Expired", DIM),
        Stage::Cancelled => ("✗", "Cancelled", DIM),
        Stage::Failed => ("✗", "Failed, no effect", RED),
        Stage::Applied => ("●", "Applied", GREEN),
        Stage::PartlyApplied => ("◐", "Partly applied", YELLOW),
        Stage::RolledBack => ("↩", "Rolled back", GREEN),
        Stage::PartlyRolledBack => ("↩", "Partly rolled back", YELLOW),
        Stage::Compensated => ("↩", "Compensated", GREEN),
    }
}

/// Whether a stage is a no: by policy or by a person.
pub fn is_refusal(word: &str) -> bool {
    matches!(Stage::parse(word), Some(Stage::Denied | Stage::Rejected))
}

/// Whether a stage is what was wanted.
pub fn is_success(word: &str) -> bool {
    matches!(Stage::parse(word), Some(Stage::Applied | Stage::RolledBack | Stage::Compensated))
}

/// An outcome in words; `system` is who refused.
pub fn outcome(word: &str, system: &str) -> String {
    match Outcome::parse(word) {
        Some(Outcome::Applied) => paint(GREEN, "applied"),
        Some(Outcome::Diverged) => paint(YELLOW, "diverged: the record now differs from the plan"),
        Some(Outcome::Rejected) => paint(RED, &format!("refused by {}", printable(system))),
        Some(Outcome::NotSent) => paint(DIM, "not sent: no effect, and none can follow"),
        Some(Outcome::Unknown) => paint(YELLOW, "unknown: sent, effect not known"),
        None => printable(word).replace('_', " "),
    }
}

/// How an outcome was proven or why it is what it is; the code itself where there are no better words.
pub fn outcome_code(code: &str) -> String {
    let words = match code {
        "read_back" => "proven by a fresh read",
        "read_back_differs" => "a fresh read differs",
        "accepted_unproven" => "accepted, but no read proves it",
        "conflict" => "the record moved between read and write",
        "never_left" => "no byte left",
        "no_effect_found" => "looked, and found no effect",
        "key_lookup" => "found by its idempotency key",
        "journal" => "found in the record's own journal",
        "equals_after_unattributed" => "the record holds the values; somebody else may have set them",
        "interrupted" => "the process stopped in between",
        "timeout" => "no answer in time",
        "person" | "undetermined" => "settled by a person",
        other => return printable(other),
    };
    words.to_owned()
}

/// A kind of undo as a sentence.
pub fn undo(kind: &str) -> String {
    match kind {
        "rollback" => "Can be rolled back: the fields are restored".to_owned(),
        "compensation" => "Can be compensated: a counter-action exists".to_owned(),
        "irreversible" => paint(YELLOW, "Irreversible: it cannot be taken back"),
        other => printable(other),
    }
}

/// The level of risk in its color: `high risk`.
pub fn risk(word: &str) -> String {
    paint(risk_style(word), &format!("{} risk", printable(word)))
}

/// The level alone, for a column of that name.
pub fn risk_level(word: &str) -> String {
    paint(risk_style(word), &printable(word))
}

fn risk_style(word: &str) -> Style {
    match word {
        "low" => GREEN,
        "medium" => YELLOW,
        "high" => RED,
        "critical" => RED.bold(),
        _ => Style::new(),
    }
}

/// Policy's decision in its color.
pub fn decision(word: &str) -> String {
    let style = match word {
        "auto" => GREEN,
        "approval" => YELLOW,
        "deny" => RED,
        _ => Style::new(),
    };
    paint(style.bold(), &printable(word))
}

/// The beginning of a digest.
pub fn digest(text: &str) -> String {
    printable(text.get(..DIGEST_CHARS).unwrap_or(text))
}

/// What a mutation does to which record: `Update opportunity 006… in crm-main`.
pub fn mutation(mutation: &Mutation) -> String {
    let what = mutation.action_label.as_deref().unwrap_or(&mutation.action_name);
    let record = mutation.record.as_deref().map(|id| format!(" {}", printable(id))).unwrap_or_default();
    format!("{}{record} in {}", printable(what), printable(&mutation.connector))
}

/// What a run is about, in one line.
pub fn title(run: &Run) -> String {
    let Some(first) = run.plan.mutations.first() else { return "no plan yet".to_owned() };
    match run.plan.mutations.len() {
        1 => mutation(first),
        many => format!("{}, and {} more", mutation(first), many - 1),
    }
}

/// That something was erased, and as far as it is known when and why.
pub fn erased(what: &str, tombstone: Option<&Tombstone>) -> String {
    let told = tombstone.map_or_else(
        || format!("{what} erased"),
        |known| format!("{what} erased on {} because {}", moment(&known.at), printable(&known.basis)),
    );
    paint(DIM.italic(), &told)
}

/// Whose turn it is, in words.
pub fn next(next: &Next) -> String {
    match next.owner.as_str() {
        "worker" => "goes on by itself".to_owned(),
        _ => printable(&next.detail),
    }
}

/// A value of a field: text as it is, null, empty and absent told apart.
pub fn held(held: &Held) -> String {
    match held {
        Held::Absent => paint(DIM.italic(), "absent"),
        Held::Is(value) => self::value(value, None),
    }
}

/// A value of a field of a type.
pub fn value(value: &Value, ty: Option<&str>) -> String {
    match value {
        Value::Null => paint(DIM.italic(), "null"),
        Value::Bool(truth) => if *truth { "yes" } else { "no" }.to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.is_empty() => paint(DIM.italic(), "empty"),
        Value::String(text) if ty == Some("money") => grouped(text).unwrap_or_else(|| shown(text)),
        Value::String(text) => shown(text),
        Value::Array(list) if list.is_empty() => paint(DIM.italic(), "empty"),
        Value::Array(list) => list.iter().map(|one| self::value(one, None)).collect::<Vec<_>>().join(", "),
        Value::Object(_) => shown(&value.to_string()),
    }
}

fn shown(text: &str) -> String {
    cut(&printable(text), VALUE_CHARS_MAX)
}

/// Digits in groups of three: `84000.50` → `84,000.50`. `None` for what is no plain decimal.
fn grouped(text: &str) -> Option<String> {
    let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = rest.split_once('.').map_or((rest, None), |(whole, part)| (whole, Some(part)));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !fraction.is_none_or(digits) {
        return None;
    }
    let mut shown = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    if let Some(fraction) = fraction {
        shown.push('.');
        shown.push_str(fraction);
    }
    Some(shown)
}

/// `14:01:22.120`, UTC.
pub fn clock(at: &str) -> String {
    formatted(at, "%H:%M:%S.%3f")
}

/// `24 Nov 2026 14:01:22 UTC`.
pub fn moment(at: &str) -> String {
    formatted(at, "%-d %b %Y %H:%M:%S UTC")
}

/// `18:01`, UTC.
pub fn minute(at: &str) -> String {
    formatted(at, "%H:%M")
}

/// `24 Nov 14:01`.
pub fn short_moment(at: &str) -> String {
    formatted(at, "%e %b %H:%M")
}

fn formatted(at: &str, format: &str) -> String {
    at.parse::<Timestamp>().map_or_else(|_| printable(at), |time| time.strftime(format).to_string())
}

/// How long it is until then: `3 h 58 min left`, or `over`.
pub fn left(until: &str, now: Timestamp) -> String {
    let Ok(end) = until.parse::<Timestamp>() else { return printable(until) };
    let seconds = end.as_second().saturating_sub(now.as_second());
    if seconds <= 0 { "over".to_owned() } else { format!("{} left", span(seconds)) }
}

/// Seconds in the two largest units.
pub fn span(seconds: i64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, 0) => format!("{hours} h"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, 0, _) => format!("{days} d"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// How long something took: `52 ms`, `2.31 s`.
pub fn took(from: &str, to: &str) -> Option<String> {
    let (from, to) = (from.parse::<Timestamp>().ok()?, to.parse::<Timestamp>().ok()?);
    let millis = to.as_millisecond().checked_sub(from.as_millisecond())?;
    Some(if millis < 1_000 {
        format!("{millis} ms")
    } else {
        format!("{}.{:02} s", millis / 1_000, millis % 1_000 / 10)
    })
}

/// Basis points as a percentage: `8700` → `87 %`.
pub fn percent(basis_points: u32) -> String {
    let hundredths = format!("{:02}", basis_points % 100);
    match hundredths.trim_end_matches('0') {
        "" => format!("{} %", basis_points / 100),
        digits => format!("{}.{digits} %", basis_points / 100),
    }
}

/// A word in bold, made harmless.
pub fn strong(text: &str) -> String {
    paint(BOLD, &printable(text))
}

#[cfg(test)]
mod tests;
