//! Adapters and wiring: the REST surface, the command line, and the one place that names concrete types.
//!
//! Nothing here holds a rule about runs. A handler reads a request, calls one engine function and writes its answer.

pub mod cli;
pub mod config;
pub mod demo;
mod evidence;
pub mod http;
mod manifests;
mod private_file;
pub mod rows;
pub mod serve;
pub mod simulate;
pub mod surface;
mod telemetry;
pub mod wiring;
pub mod witness;
