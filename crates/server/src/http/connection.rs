//! The socket: accepts connections, limits what a head may cost, and ends in good order.
//!
//! The limits here are those that come before a request exists: how many connections, how long a head may take, how
//! large it may be. Everything about requests is in [`super::edge`].

mod lingering;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;
use tower::ServiceExt;

use lingering::Lingering;

use super::{App, router};
use crate::config;

/// How long a connection may rest until the head of the next request is there.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// Tells the client how long, so that it does not use a connection that is about to close.
const KEEP_ALIVE: (HeaderName, HeaderValue) =
    (HeaderName::from_static("keep-alive"), HeaderValue::from_static("timeout=75"));
/// Bytes of a head; what is longer is answered with 431.
const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Headers of a request.
const HEADERS_MAX: usize = 64;
/// How long open connections may take to end.
const GRACE: Duration = Duration::from_secs(30);
/// How long accepting rests when the system has no sockets left.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// The running socket of a server.
pub struct Serving {
    app: App,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

/// Serves an application on a socket until it is stopped.
pub fn serve(listener: TcpListener, app: App, config: &config::Server) -> Serving {
    let (stop, stopped) = watch::channel(false);
    let slots = Arc::new(Semaphore::new(config.connections_max));
    let router = router::service(app.clone());
    let accepting = tokio::spawn(accept(listener, router, slots, stopped));
    Serving { app, stop, accepting }
}

impl Serving {
    /// Stops accepting and waits for the requests that are under way.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        self.app.drain().await;
        if self.accepting.await.is_err() {
            tracing::error!("the task that accepts connections ended with a panic");
        }
    }
}

/// Serves every connection of a socket with a router, until told to stop; then ends them in good order.
pub(crate) async fn accept(
    listener: TcpListener,
    router: Router,
    slots: Arc<Semaphore>,
    mut stopped: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX);
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.changed() => break,
        };
        match accepted {
            Ok((stream, _)) => {
                tokio::spawn(connection(http.clone(), stream, router.clone(), graceful.watcher(), slot));
            }
            Err(fault) => {
                tracing::warn!(error = %fault, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_REST).await;
            }
        }
    }
    drop(listener);
    let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
}

async fn connection(
    http: http1::Builder,
    stream: TcpStream,
    router: Router,
    watcher: Watcher,
    slot: OwnedSemaphorePermit,
) {
    // Answers are small and complete: waiting to fill a packet would only delay them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let request: Request = request.map(Body::new);
        let router = router.clone();
        async move {
            let response = router.oneshot(request).await;
            let mut response = response.unwrap_or_else(|never| match never {});
            response.headers_mut().extend([KEEP_ALIVE]);
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http.serve_connection(TokioIo::new(Lingering::new(stream, slot)), service);
    // A broken connection is the client's affair and has no request to log it with.
    let _ = watcher.watch(connection).await;
}
