//! An event as a sentence about what its author did.

use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::super::paint::{DIM, GREEN, RED, YELLOW, paint, printable};
use super::super::view::{Event, Tombstone};
use super::super::words;

/// What happened. The author stands beside it and is not repeated.
pub fn sentence(event: &Event) -> String {
    let data = Data(&event.data);
    match event.kind.as_str() {
        "run.proposed" => proposed(data),
        "plan.previewed" => match data.number("revision") {
            1 => format!("previewed the live records: plan {}", data.digest("plan_digest")),
            revision => format!("previewed revision {revision}: plan {}", data.digest("plan_digest")),
        },
        "plan.amended" => format!("amended the plan: {}", count(data.number("mutations"), "mutation")),
        "plan.drifted" => {
            paint(YELLOW, &format!("found drift in mutation {}; nothing was written", data.place()))
        }
        "policy.decided" => format!(
            "decided {} at {}: {}",
            words::decision(data.text("decision")),
            words::risk(data.text("risk")),
            paint(DIM, &data.texts("rules"))
        ),
        "approval.requested" => {
            format!("asked {} until {}", data.groups(), words::minute(data.text("expires")))
        }
        "approval.given" => {
            let group = printable(data.text("group"));
            paint(GREEN, &format!("approved plan {} for {group}", data.digest("plan_digest")))
        }
        "approval.rejected" => {
            paint(RED, &format!("rejected the plan for {}", printable(data.text("group"))))
        }
        "run.taken_over" => format!("took the run over until {}", words::minute(data.text("until"))),
        "run.handed_back" => match data.text("code") {
            "lease_expired" => "handed the run back: the lease expired".to_owned(),
            _ => "handed the run back".to_owned(),
        },
        "change.observed" => format!("read back mutation {}: observed, not authorized", data.place()),
        "run.authorized" => {
            let basis = match data.text("basis") {
                "auto" => "by policy alone",
                "approvals" => "by the approvals",
                "takeover" => "under the takeover",
                other => return format!("authorized the run: {}", printable(other)),
            };
            format!("authorized the run {basis}, until {}", words::minute(data.text("expires")))
        }
        "authorization.voided" => {
            paint(YELLOW, &format!("voided the authorization: {}", reason(data.text("code"))))
        }
        "attempt.started" => {
            format!("recorded the intent of mutation {}, attempt {}", data.place(), data.number("attempt"))
        }
        "attempt.finished" => outcome(data, "found"),
        "attempt.reconciled" => outcome(data, "reconciled"),
        "divergence.accepted" => format!("accepted what mutation {} left behind", data.place()),
        "recovery.planned" => {
            format!("planned a {} as {}", printable(data.text("kind")), printable(data.text("run")))
        }
        "recovery.finished" => {
            format!("ended the {}: {}", printable(data.text("kind")), reason(data.text("outcome")))
        }
        "artifact.attached"
            if event.sealed.get("artifact").is_some_and(|it| it.get("conflicts").is_some()) =>
        {
            paint(YELLOW, "found fields that somebody else moved since")
        }
        "artifact.attached" => {
            format!("attached {} bytes of {}", data.number("bytes"), printable(data.text("media_type")))
        }
        "run.commented" => match event.sealed.get("comment").and_then(Value::as_str) {
            Some(comment) => format!("commented: “{}”", printable(comment)),
            None => format!(
                "commented; {}",
                words::erased("the comment was", tombstone(event, "comment").as_ref())
            ),
        },
        "run.cancelled" => match data.text("code") {
            "done_by_hand" => "closed the run: done by hand".to_owned(),
            "erasure" => "cancelled the run: its values were to be erased".to_owned(),
            _ => "cancelled the run".to_owned(),
        },
        "run.expired" => paint(RED, &format!("let the run expire: {}", reason(data.text("code")))),
        "run.closed" => format!("closed the run: {}", words::stage(data.text("stage"))),
        other => printable(other),
    }
}

/// When and why a sealed member was erased.
fn tombstone(event: &Event, name: &str) -> Option<Tombstone> {
    Tombstone::deserialize(event.sealed.get(name)?).ok()
}

fn proposed(data: Data<'_>) -> String {
    let what = count(data.number("mutations"), "mutation");
    let sure = data.0.get("confidence_bp").and_then(Value::as_u64).and_then(|bp| u32::try_from(bp).ok());
    let sure = sure.map(|bp| format!(", {} sure", words::percent(bp))).unwrap_or_default();
    let workflow = printable(data.text("workflow"));
    match (data.text("recovery"), data.text("recovers")) {
        ("", _) => format!("proposed {what} in {workflow}{sure}"),
        (kind, parent) => format!("proposed the {} of {}", printable(kind), printable(parent)),
    }
}

fn outcome(data: Data<'_>, verb: &str) -> String {
    format!(
        "{verb} mutation {} {} · {}",
        data.place(),
        words::outcome(data.text("outcome"), "the system of record"),
        words::outcome_code(data.text("code"))
    )
}

fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// A slug as words.
fn reason(code: &str) -> String {
    printable(code).replace('_', " ")
}

/// Clear members of an event.
#[derive(Clone, Copy)]
struct Data<'a>(&'a Map<String, Value>);

impl<'a> Data<'a> {
    fn text(self, name: &str) -> &'a str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn number(self, name: &str) -> u64 {
        self.0.get(name).and_then(Value::as_u64).unwrap_or_default()
    }

    /// The position of the mutation, counted from one as people do.
    fn place(self) -> u64 {
        self.number("n") + 1
    }

    fn digest(self, name: &str) -> String {
        words::digest(self.text(name))
    }

    fn texts(self, name: &str) -> String {
        let list = self.0.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        list.iter().filter_map(Value::as_str).map(printable).collect::<Vec<_>>().join(", ")
    }

    fn groups(self) -> String {
        let list = self.0.get("groups").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let one = |group: &Value| {
            let group = Data(group.as_object()?);
            Some(format!("{} of {}", group.number("quorum"), printable(group.text("group"))))
        };
        list.iter().filter_map(one).collect::<Vec<_>>().join(" and ")
    }
}
