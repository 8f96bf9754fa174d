//! What a request of the Ticketing API means: sign-in, paths, pages. Rules stand elsewhere.

use std::borrow::Cow;

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};

use super::data::{GROUPS, ORGANIZATIONS};
use super::errors::Problem;
use super::people::{self, User};
use super::tickets::Written;
use super::{API_TOKEN, BEARER_TOKEN, Desk, Ticket, fields};
use crate::exchange::{Answer, Call, segments};

/// Most rows on a page, and how many there are when the client asks for no number.
const PAGE_ROWS_MAX: usize = 100;

/// Requests a minute that the account is said to have. Only a fault makes it run out.
const RATE_LIMIT: &str = "700";
const RATE_LEFT: &str = "699";

/// Answers one request.
pub(crate) fn handle(desk: &mut Desk, call: &Call) -> Answer {
    route(desk, call)
        .unwrap_or_else(|problem| problem.answer())
        .with("x-rate-limit", RATE_LIMIT)
        .with("x-rate-limit-remaining", RATE_LEFT)
        .with("ratelimit-limit", RATE_LIMIT)
        .with("ratelimit-remaining", RATE_LEFT)
        .with("ratelimit-reset", "60")
}

/// The ticket that a path addresses.
pub(crate) fn addressed(path: &str) -> Option<(String, String)> {
    let segments = path_segments(path);
    let mut segments = segments.iter().skip_while(|s| *s != "tickets" && *s != "deleted_tickets").skip(1);
    Some(("ticket".to_owned(), segments.next()?.clone().into_owned()))
}

/// Every path may end in `.json`.
fn path_segments(path: &str) -> Vec<Cow<'_, str>> {
    segments(path.strip_suffix(".json").unwrap_or(path))
}

fn route(desk: &mut Desk, call: &Call) -> Result<Answer, Problem> {
    let segments = path_segments(&call.path);
    let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    let ["api", "v2", path @ ..] = segments.as_slice() else { return Err(Problem::InvalidEndpoint) };
    let user = signed_in(call).ok_or(Problem::NotAuthenticated)?;
    let base_url = call.base_url();
    match (call.method.as_str(), path) {
        ("GET", ["tickets"]) => Ok(list_tickets(desk, call, false)),
        ("POST", ["tickets"]) => create(desk, call, user),
        ("GET", ["tickets", id]) => {
            let ticket = desk.ticket(number(id)?).ok_or(Problem::NotFound)?;
            Ok(Answer::json(StatusCode::OK, &json!({ "ticket": ticket.show(&base_url) })))
        }
        ("PUT", ["tickets", id]) => {
            let written = desk.update(number(id)?, &asked(call)?, user)?;
            Ok(Answer::json(StatusCode::OK, &desk.show_written(&written, &base_url)))
        }
        ("DELETE", ["tickets", id]) => {
            desk.delete(number(id)?, user)?;
            Ok(Answer::empty(StatusCode::NO_CONTENT))
        }
        ("GET", ["tickets", id, "audits"]) => {
            let ticket = desk.ticket(number(id)?).ok_or(Problem::NotFound)?;
            Ok(page(call, "audits", &ticket.audits, Value::clone))
        }
        ("GET", ["tickets", id, "comments"]) => {
            let ticket = desk.ticket(number(id)?).ok_or(Problem::NotFound)?;
            Ok(page(call, "comments", &ticket.comments, Value::clone))
        }
        ("GET", ["deleted_tickets"]) => Ok(list_tickets(desk, call, true)),
        ("PUT", ["deleted_tickets", id, "restore"]) => {
            desk.restore(number(id)?, user)?;
            Ok(Answer::empty(StatusCode::OK))
        }
        ("GET", ["ticket_fields"]) => {
            Ok(page(call, "ticket_fields", &fields::describe(&base_url), Value::clone))
        }
        ("GET", ["users", "me"]) => {
            Ok(Answer::json(StatusCode::OK, &json!({ "user": user.show(&base_url) })))
        }
        ("GET", ["users", id]) => {
            let user = people::user(number(id)?).ok_or(Problem::NotFound)?;
            Ok(Answer::json(StatusCode::OK, &json!({ "user": user.show(&base_url) })))
        }
        ("GET", ["groups"]) => Ok(page(call, "groups", GROUPS, |group| group.show(&base_url, "groups"))),
        ("GET", ["organizations"]) => {
            let show = |organization: &people::Named| organization.show(&base_url, "organizations");
            Ok(page(call, "organizations", ORGANIZATIONS, show))
        }
        _ => Err(Problem::InvalidEndpoint),
    }
}

/// Basic auth as `email/token:key`, or a bearer token. Only agents can sign in.
fn signed_in(call: &Call) -> Option<&'static User> {
    let (scheme, credentials) = call.header("authorization")?.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return people::agent_by_email(super::AGENT_EMAIL).filter(|_| credentials == BEARER_TOKEN);
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let credentials = String::from_utf8(BASE64.decode(credentials).ok()?).ok()?;
    let (name, key) = credentials.split_once(':')?;
    people::agent_by_email(name.strip_suffix("/token")?).filter(|_| key == API_TOKEN)
}

fn number(id: &str) -> Result<u64, Problem> {
    id.parse().map_err(|_| Problem::InvalidAttribute("id"))
}

fn asked(call: &Call) -> Result<Map<String, Value>, Problem> {
    match call.json().as_mut().and_then(|body| body.get_mut("ticket")).map(Value::take) {
        Some(Value::Object(ticket)) => Ok(ticket),
        Some(_) | None => Err(Problem::InvalidAttribute("ticket")),
    }
}

/// Creation with an optional idempotency key: a repeated key gets the first answer again, and writes nothing.
fn create(desk: &mut Desk, call: &Call, user: &User) -> Result<Answer, Problem> {
    let asked = asked(call)?;
    let key = call.header("idempotency-key");
    if let Some((first, answer)) = key.and_then(|key| desk.keys.answers.get(key)) {
        let same = *first == asked;
        let answer = answer.clone().with("x-idempotency-lookup", "hit");
        return if same { Ok(answer) } else { Err(Problem::KeyReused) };
    }
    let written = desk.create(&asked, key, user)?;
    let base_url = call.base_url();
    let answer = Answer::json(StatusCode::CREATED, &desk.show_written(&written, &base_url))
        .with("location", &format!("{base_url}/api/v2/tickets/{}.json", written.id));
    let Some(key) = key else { return Ok(answer) };
    desk.keys.remember(key.to_owned(), asked, answer.clone());
    Ok(answer.with("x-idempotency-lookup", "miss"))
}

fn list_tickets(desk: &Desk, call: &Call, deleted: bool) -> Answer {
    let external_id = call.query("external_id");
    let wanted = |ticket: &&Ticket| {
        let is = ticket.fields.get("external_id").and_then(Value::as_str);
        ticket.deleted == deleted && external_id.as_deref().is_none_or(|wanted| is == Some(wanted))
    };
    let tickets: Vec<_> = desk.tickets.values().filter(wanted).collect();
    let base_url = call.base_url();
    page(call, if deleted { "deleted_tickets" } else { "tickets" }, &tickets, |ticket| ticket.show(&base_url))
}

/// One page of a list: by cursor when the client sends `page[size]`, else by `page` and `per_page`.
fn page<T>(call: &Call, name: &str, rows: &[T], show: impl FnMut(&T) -> Value) -> Answer {
    let asked = |name: &str| call.query(name).and_then(|value| value.parse::<usize>().ok());
    let by_cursor = call.query("page[size]").is_some();
    let size = asked(if by_cursor { "page[size]" } else { "per_page" }).unwrap_or(PAGE_ROWS_MAX);
    let size = size.clamp(1, PAGE_ROWS_MAX);
    let number = asked("page").unwrap_or(1).max(1);
    let start = if by_cursor {
        asked("page[after]").unwrap_or(0)
    } else {
        number.saturating_sub(1).saturating_mul(size)
    };
    let end = start.saturating_add(size);
    let more = end < rows.len();
    let shown: Vec<_> = rows.iter().skip(start).take(size).map(show).collect();

    let here = format!("{}{}", call.base_url(), call.path);
    let mut body = if by_cursor {
        let next = more.then(|| format!("{here}?page[size]={size}&page[after]={end}"));
        json!({
            "meta": { "has_more": more, "after_cursor": more.then(|| end.to_string()) },
            "links": { "next": next },
        })
    } else {
        let link = |number: usize| format!("{here}?page={number}&per_page={size}");
        json!({
            "count": rows.len(),
            "next_page": more.then(|| link(number.saturating_add(1))),
            "previous_page": (number > 1).then(|| link(number.saturating_sub(1))),
        })
    };
    if let Some(body) = body.as_object_mut() {
        body.insert(name.to_owned(), Value::Array(shown));
    }
    Answer::json(StatusCode::OK, &body)
}

impl Ticket {
    /// The ticket with its link, and the custom fields under their second name.
    fn show(&self, base_url: &str) -> Value {
        let mut fields = self.fields.clone();
        let id = fields.get("id").and_then(Value::as_u64).unwrap_or_default();
        fields.insert("url".to_owned(), json!(format!("{base_url}/api/v2/tickets/{id}.json")));
        fields.insert("fields".to_owned(), fields.get("custom_fields").cloned().unwrap_or_default());
        Value::Object(fields)
    }
}

impl Desk {
    fn show_written(&self, written: &Written, base_url: &str) -> Value {
        let ticket = self.ticket(written.id).map(|ticket| ticket.show(base_url));
        json!({ "ticket": ticket, "audit": written.audit })
    }
}
