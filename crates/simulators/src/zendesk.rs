//! The help desk of Northwind Instruments, as Zendesk's Ticketing API (v2) shows it.
//!
//! This file holds the state. What a request means stands in `routes.rs`, what may be written in `fields.rs`, how a
//! write is carried out in `tickets.rs`, its trace in `audits.rs`. Everything is synchronous and knows no socket.

mod audits;
mod data;
pub(crate) mod errors;
mod fields;
mod limit;
mod people;
pub(crate) mod routes;
mod tickets;

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Map, Value};

use crate::clock::Clock;
use crate::exchange::Answer;
use crate::journal::Journal;
use crate::system::{Edit, EditError};

/// The agent that integrations sign in as.
pub const AGENT_EMAIL: &str = "agent@northwind.example";
/// The account's API token: basic auth as `email/token:key`, with any agent's e-mail.
pub const API_TOKEN: &str = "northwind-api-token";
/// An OAuth access token of [`AGENT_EMAIL`].
pub const BEARER_TOKEN: &str = "northwind-oauth-token";
/// The colleague who makes edits and drifts that name nobody.
pub const OTHER_AGENT: &str = "priya.raman@northwind.example";
/// The seeded ticket "Invoice shows the wrong VAT number": open, high, unsolved.
pub const VAT_TICKET: u64 = 48213;

/// How many idempotency keys are remembered; the oldest go first.
const KEYS_MAX: usize = 10_000;

/// The help desk's state.
#[derive(Debug)]
pub(crate) struct Desk {
    pub clock: Clock,
    pub journal: Journal,
    pub limit: limit::UpdateLimit,
    tickets: BTreeMap<u64, Ticket>,
    last_ticket: u64,
    /// Audits, events and comments share one sequence.
    last_event: u64,
    keys: Keys,
}

/// A ticket with its trace.
#[derive(Debug)]
struct Ticket {
    /// As the API shows it, except for the links.
    fields: Map<String, Value>,
    audits: Vec<Value>,
    comments: Vec<Value>,
    deleted: bool,
}

/// The idempotency keys of creations and what they were answered.
#[derive(Debug, Default)]
struct Keys {
    answers: BTreeMap<String, (Map<String, Value>, Answer)>,
    order: VecDeque<String>,
}

impl Keys {
    fn remember(&mut self, key: String, asked: Map<String, Value>, answer: Answer) {
        if self.order.len() == KEYS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.answers.remove(&oldest);
        }
        self.order.push_back(key.clone());
        self.answers.insert(key, (asked, answer));
    }
}

impl Desk {
    /// The desk as every run finds it.
    pub fn seeded() -> Self {
        let mut desk = Self {
            clock: Clock::new(),
            journal: Journal::default(),
            limit: limit::UpdateLimit::default(),
            tickets: BTreeMap::new(),
            last_ticket: 0,
            last_event: 71_000,
            keys: Keys::default(),
        };
        for seed in data::TICKETS {
            desk.put_seed(seed);
        }
        desk
    }

    /// The ticket, unless it is deleted.
    fn ticket(&self, id: u64) -> Option<&Ticket> {
        self.tickets.get(&id).filter(|ticket| !ticket.deleted)
    }

    fn next_event(&mut self) -> u64 {
        self.last_event = self.last_event.saturating_add(1);
        self.last_event
    }

    /// Updates a ticket as a colleague. Unlike the API it refuses fields that it does not know.
    pub fn edit(&mut self, edit: &Edit) -> Result<(), EditError> {
        let id = ticket_id(&edit.object, &edit.id)?;
        let email = edit.author.as_deref().unwrap_or(OTHER_AGENT);
        let author =
            people::agent_by_email(email).ok_or_else(|| EditError::UnknownAuthor(email.to_owned()))?;
        if let Some(unknown) = edit.fields.keys().find(|name| !fields::can_be_set(name)) {
            return Err(EditError::UnknownField(unknown.clone()));
        }
        match self.update(id, &edit.fields, author) {
            Ok(_) => Ok(()),
            Err(errors::Problem::NotFound) => {
                Err(EditError::NotFound { object: edit.object.clone(), id: edit.id.clone() })
            }
            Err(problem) => Err(EditError::Refused(problem.to_string())),
        }
    }

    /// Puts a ticket into a state, created if need be.
    pub fn seed(&mut self, object: &str, id: &str, values: &Map<String, Value>) -> Result<(), EditError> {
        let id = ticket_id(object, id)?;
        let mut fields = match self.tickets.get(&id) {
            Some(ticket) => ticket.fields.clone(),
            None => fields::blank(id, self.clock.now()),
        };
        for (name, value) in values {
            match fields.get_mut(name) {
                Some(slot) if name != "id" => *slot = value.clone(),
                Some(_) | None => return Err(EditError::UnknownField(name.clone())),
            }
        }
        self.last_ticket = self.last_ticket.max(id);
        let ticket = self.tickets.entry(id).or_insert_with(|| Ticket::new(Map::new()));
        ticket.fields = fields;
        ticket.deleted = false;
        Ok(())
    }
}

impl Ticket {
    fn new(fields: Map<String, Value>) -> Self {
        Self { fields, audits: Vec::new(), comments: Vec::new(), deleted: false }
    }
}

fn ticket_id(object: &str, id: &str) -> Result<u64, EditError> {
    if object != "ticket" {
        return Err(EditError::UnknownObject(object.to_owned()));
    }
    id.parse().map_err(|_| EditError::NotFound { object: object.to_owned(), id: id.to_owned() })
}

#[cfg(test)]
mod tests;
