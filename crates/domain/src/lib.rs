//! The governed run: commands in, events out, state as their fold.
//!
//! A pure functional core. It reads no clock, file, socket, environment or random source; time and randomness are
//! arguments. Only [`run::decide`] makes events, only [`run::apply`] reads them.

pub mod attempt;
pub mod command;
pub mod drift;
pub mod event;
pub mod field;
pub mod grant;
pub mod id;
pub mod limits;
pub mod mutation;
pub mod name;
pub mod plan;
pub mod principal;
pub mod run;
pub mod sealed;
pub mod time;
pub mod wire;
pub mod workspace;
