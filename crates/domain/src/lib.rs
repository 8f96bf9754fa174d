//! The governed run: commands in, events out, state as their fold.
//!
//! A pure functional core. It reads no clock, file, socket, environment or random source; time and randomness are
//! arguments. Only [`run::decide`] makes events, only [`run::evolve`] reads them.

pub mod field;
pub mod id;
pub mod limits;
pub mod mutation;
pub mod name;
pub mod principal;
pub mod time;
