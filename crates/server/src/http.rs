//! The REST surface: one file per resource under `v1`, and what all of them share.
//!
//! A handler authenticates, reads the request into domain types, calls one engine function and writes its answer. No
//! handler decides anything.

pub mod api;
mod auth;
mod body;
mod connection;
mod edge;
mod idempotency;
pub mod json;
pub mod openapi;
mod ops;
mod pages;

mod pagination;
mod prefer;
pub mod problem;
pub mod router;
mod stream;

mod v1;

use std::sync::Arc;

use engine::Engine;
use engine::seams::Entropy;
use tokio::sync::{Semaphore, watch};

use crate::config;
use crate::evidence::ExportKeys;
use crate::wiring::Probe;

pub(crate) use connection::accept;
pub use connection::{Serving, serve};

/// What every handler may use.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    engine: Arc<Engine>,
    entropy: Arc<dyn Entropy>,
    probe: Probe,
    export_keys: Arc<ExportKeys>,
    public_url: Option<String>,
    secure: bool,
    /// One permit per request that is being handled.
    requests: Arc<Semaphore>,
    requests_max: u32,
    /// One permit per open event stream.
    streams: Arc<Semaphore>,
    /// True once the server stops: streams end.
    stopping: watch::Sender<bool>,
    /// Changes when somebody signs out: streams look whether it was theirs.
    signed_out: watch::Sender<()>,
}

impl App {
    /// What handlers use, made once per server.
    pub fn new(
        engine: Arc<Engine>,
        entropy: Arc<dyn Entropy>,
        probe: Probe,
        export_keys: Arc<ExportKeys>,
        config: &config::Server,
    ) -> Self {
        // Counting begins with the server, not with the first look at the counters.
        ops::recorder();
        let requests_max = u32::try_from(config.requests_max).unwrap_or(u32::MAX);
        Self(Arc::new(Inner {
            engine,
            entropy,
            probe,
            export_keys,
            public_url: config.public_url.clone(),
            secure: config.is_secure(),
            requests: Arc::new(Semaphore::new(config.requests_max)),
            requests_max,
            streams: Arc::new(Semaphore::new(config.streams_max)),
            stopping: watch::Sender::new(false),
            signed_out: watch::Sender::new(()),
        }))
    }

    fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// What tries connectors out.
    fn probe(&self) -> Probe {
        self.0.probe.clone()
    }

    /// The keys that sign exports.
    fn export_keys(&self) -> &Arc<ExportKeys> {
        &self.0.export_keys
    }

    /// Whether browsers reach us over TLS.
    fn is_secure(&self) -> bool {
        self.0.secure
    }

    /// Lets streams look whether their session is the one that ended.
    fn tell_of_sign_out(&self) {
        self.0.signed_out.send_replace(());
    }

    /// Ends streams and waits until no request is being handled.
    async fn drain(&self) {
        self.0.stopping.send_replace(true);
        // The semaphore is never closed, so this waits for every permit.
        let _ = self.0.requests.acquire_many(self.0.requests_max).await;
    }
}
