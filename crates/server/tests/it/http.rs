//! One file per resource, as in the URL.

mod approvals;
mod artifacts;
mod connectors;
mod control;
mod erasures;
mod evidence;
mod exports;
mod keys;
mod limits;
mod matrix;
mod pages;
mod policies;
mod principals;
mod recovery;
mod requests;
mod runs;
mod sessions;
mod stream;
mod wire;
