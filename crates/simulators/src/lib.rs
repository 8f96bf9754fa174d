//! Servers that speak vendors' wire protocols, seeded and with faults: a Zendesk-like help desk and a
//! Salesforce-like CRM of one invented company, Northwind Instruments.
//!
//! They take the place of the real systems in the demo, the Lab and the tests, behind the same connectors. They keep
//! everything in memory, listen where they are told, know nothing of ActionPlane, and must never hold real data.
//! Results are the same in each run: fixed seeds, sequential ids, and a clock that moves one second per write.
//!
//! # Signing in
//! The credentials are fixed and worthless: [`zendesk::AGENT_EMAIL`] with [`zendesk::API_TOKEN`] (basic, as
//! `email/token:key`) or [`zendesk::BEARER_TOKEN`]; [`salesforce::CLIENT_ID`] with [`salesforce::CLIENT_SECRET`] or
//! [`salesforce::REFRESH_TOKEN`] at the token endpoint.
//!
//! # Controls, on the same port and without credentials
//! [`Simulation`] offers the same as methods.
//!
//! | Request | Does |
//! |---|---|
//! | `GET /__sim` | says which system this is and what time it has |
//! | `POST /__sim/reset` | back to the seeded records; faults, journal, clock and settings too |
//! | `POST /__sim/faults` | arms a [`Fault`]: `{"match":{"method":"PUT","path_contains":"/tickets/48213"},"fault":"timeout_after_commit","times":1,"delay_ms":500}` |
//! | `GET /__sim/faults` | the armed faults, with how often each fired |
//! | `DELETE /__sim/faults` | forgets them |
//! | `POST /__sim/edit` | an [`Edit`] by another person, under the vendor's rules: `{"object":"ticket","id":"48213","fields":{"priority":"low"}}` |
//! | `POST /__sim/records` | puts a record into a state, outside the rules: `{"object":"Case","id":"500…","fields":{…}}` |
//! | `GET /__sim/writes` | every committed [`Write`]; filters `object`, `id`, `after` (a `seq`) |
//! | `POST /__sim/clock` | `{"advance_s":600}` lets simulated time pass |
//! | `POST /__sim/settings` | `{"limit_updates_per_ticket":true}` turns on the help desk's limit of 30 updates in ten minutes by one user on one ticket |
//!
//! # What is simulated from documentation, and what from memory
//! Paths, bodies, status codes, conditional writes, idempotency and rate-limit headers follow the vendors' published
//! references. The wording of error descriptions, the bodies of Salesforce's 412 and Zendesk's 400 answers, and the
//! `Last-Modified` header of a Salesforce record are from memory: a manifest should map statuses and codes, not words.

mod clock;
mod control;
mod exchange;
mod faults;
mod journal;
pub mod salesforce;
mod server;
mod simulation;
mod system;
pub mod zendesk;

pub use exchange::BODY_BYTES_MAX;
pub use faults::{
    ArmedFault, DELAY_MS_MAX, FAULTS_MAX, Fault, FaultKind, FaultMatch, FaultRefused, FaultSwitchboard,
    TIMES_MAX,
};
pub use journal::{WRITES_MAX, Write, WriteKind};
pub use server::{Simulator, router, start};
pub use simulation::Simulation;
pub use system::{Edit, EditError};

/// Which system is simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The help desk.
    Zendesk,
    /// The CRM.
    Salesforce,
}
