//! What this program does as somebody else's counterpart: the simulated help desk, and a server without any work.

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::serve::ListenerExt;
use serde_json::{Value, json};
use simulators::{Kind, Simulation};
use tokio::net::TcpListener;

/// The first of the tickets that governed runs touch, above those that the simulator has anyway.
pub const FIRST_TICKET: u64 = 900_000;
/// How many of them there are, and as many again for the bare exchanges.
pub const TICKETS: u64 = 8_192;
/// The first of those that only the bare exchanges touch.
pub const FIRST_SPARE_TICKET: u64 = FIRST_TICKET + TICKETS;
/// Most that can be in flight.
pub const IN_FLIGHT_MAX: u64 = 256;

/// Serves in a role until the client goes away, which closes our input.
#[tokio::main]
pub async fn play(role: &str) -> Result<()> {
    let router = match role {
        "simulator" => simulators::router(help_desk()?),
        "bare" => Router::new().route("/", get(nothing).post(echo)),
        _ => bail!("there is no role `{role}`"),
    };
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    println!("listens on http://{}", listener.local_addr()?);
    let listener = listener.tap_io(|stream| {
        // A connection on which this fails ends by itself.
        let _ = stream.set_nodelay(true);
    });
    let client_left = tokio::task::spawn_blocking(|| std::io::stdin().read(&mut [0]));
    tokio::select! {
        served = axum::serve(listener, router) => served.context("cannot serve"),
        left = client_left => left?.map(|_| ()).context("cannot wait for the client"),
    }
}

/// A help desk with enough tickets that no two runs at one time touch the same.
fn help_desk() -> Result<Simulation> {
    let desk = Simulation::new(Kind::Zendesk);
    for id in FIRST_TICKET..FIRST_SPARE_TICKET + TICKETS {
        let fields =
            json!({ "subject": format!("Sensor {id} reads too low"), "status": "open", "priority": "low" });
        let Value::Object(fields) = fields else { bail!("fields are an object") };
        desk.seed("ticket", &id.to_string(), &fields)?;
    }
    Ok(desk)
}

async fn nothing() -> &'static str {
    "nothing"
}

/// Reads the body as JSON and writes it back, as any JSON endpoint has to.
async fn echo(body: Bytes) -> impl IntoResponse {
    let value: Value = serde_json::from_slice(&body).unwrap_or_default();
    ([(CONTENT_TYPE, "application/json")], value.to_string())
}
