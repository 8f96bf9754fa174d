//! The socket around a simulation: start, routes, stop.

use std::io;
use std::net::SocketAddr;
use std::ops::Deref;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::exchange::Call;
use crate::simulation::Reply;
use crate::{Kind, Simulation, control};

/// How long open connections may take to end at shutdown.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(2);

/// A simulated system that listens. Its controls are those of [`Simulation`]; dropping it stops it too.
#[derive(Debug)]
pub struct Simulator {
    /// Where it listens.
    pub addr: SocketAddr,
    simulation: Simulation,
    serving: JoinHandle<io::Result<()>>,
}

/// Starts a simulated system on `addr`, where port 0 means any free port. It does not know TLS, so `addr` should be
/// a loopback address. Errors are those of binding the socket.
pub async fn start(kind: Kind, addr: SocketAddr) -> io::Result<Simulator> {
    let listener = TcpListener::bind(addr).await?;
    let addr = listener.local_addr()?;
    let simulation = Simulation::new(kind);
    let closing = simulation.clone();
    let server = axum::serve(listener, router(simulation.clone()))
        .with_graceful_shutdown(async move { closing.closed().await });
    let serving = tokio::spawn(async move { server.await });
    tracing::debug!(sim.kind = ?kind, sim.addr = %addr, "a simulator listens");
    Ok(Simulator { addr, simulation, serving })
}

/// The vendor's API and the controls, to serve by other means than [`start`].
pub fn router(simulation: Simulation) -> Router {
    Router::new().nest("/__sim", control::routes()).fallback(vendor).with_state(simulation)
}

async fn vendor(State(simulation): State<Simulation>, request: Request) -> Response {
    let call = match Call::read(request).await {
        Ok(call) => call,
        Err(answer) => return answer.into_response(),
    };
    match simulation.answer(call).await {
        Reply::Answer(answer) => answer.into_response(),
        Reply::Nothing => hang_up(),
    }
}

/// A response whose body fails before its first byte: hyper then closes the connection without sending the head.
fn hang_up() -> Response {
    let broken = io::Error::from(io::ErrorKind::ConnectionReset);
    Response::new(Body::from_stream(futures_util::stream::iter([Err::<Bytes, _>(broken)])))
}

impl Simulator {
    /// `http://127.0.0.1:4711`, without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Stops listening, sends what was held, and waits for open connections, at most two seconds.
    pub async fn shutdown(mut self) {
        self.simulation.close();
        if tokio::time::timeout(SHUTDOWN_GRACE, &mut self.serving).await.is_err() {
            self.serving.abort();
        }
    }
}

impl Deref for Simulator {
    type Target = Simulation;

    fn deref(&self) -> &Simulation {
        &self.simulation
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.simulation.close();
    }
}
