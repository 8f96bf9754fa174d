//! `actionplane simulate`: one simulated system of record, for trying connectors and for drills.

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use simulators::{Kind, salesforce, zendesk};

use crate::serve::stop_signal;

/// Which, and where.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The system
    system: System,
    /// Address and port to listen on; only this machine, since a simulator guards nothing
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

/// A system that there is a simulator for.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum System {
    /// A help desk
    Zendesk,
    /// A CRM
    Salesforce,
}

/// Runs it until SIGTERM or SIGINT. What it holds is gone then.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let listen = arguments.listen;
    if !listen.ip().is_loopback() {
        bail!("a simulator listens on loopback only, and {listen} is not");
    }
    let (kind, credentials): (_, Value) = match arguments.system {
        System::Zendesk => (
            Kind::Zendesk,
            json!({ "scheme": "email_token", "email": zendesk::AGENT_EMAIL, "token": zendesk::API_TOKEN }),
        ),
        System::Salesforce => (
            Kind::Salesforce,
            json!({
                "scheme": "client_credentials",
                "client_id": salesforce::CLIENT_ID,
                "client_secret": salesforce::CLIENT_SECRET,
            }),
        ),
    };
    let simulator = simulators::start(kind, listen).await;
    let simulator = simulator.with_context(|| format!("the simulator cannot listen on {listen}"))?;
    println!("base URL     {}", simulator.base_url());
    println!("credentials  {credentials}");
    println!("switchboard  {}/__sim/faults", simulator.base_url());
    stop_signal().await?;
    Ok(ExitCode::SUCCESS)
}
