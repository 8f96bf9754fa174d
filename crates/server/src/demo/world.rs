//! The stage: two simulated systems of record, a server on an empty data directory, and nothing of it left afterwards.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde_json::{Map, Value};
use simulators::{Edit, Fault as SimulatedFault, Kind, Simulator, Write};

use super::{Fault, Result};
use crate::config::Config;
use crate::wiring::Server;

/// The password of the first person; the demo's data lives only as long as the process.
pub const ADMIN_PASSWORD: &str = "northwind admin demo";

/// Everything that runs.
pub struct World {
    /// Zendesk's protocol, with a help desk of an invented company.
    pub help_desk: Simulator,
    /// Salesforce's protocol, with the CRM of the same company.
    pub crm: Simulator,
    server: Server,
    data: tempfile::TempDir,
}

impl World {
    /// Starts the simulators, then the server.
    pub async fn start(port: u16) -> Result<Self> {
        let local = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
        let world = |what| move |source| Fault::World { what, source };
        let help_desk = simulators::start(Kind::Zendesk, local(0)).await;
        let help_desk = help_desk.map_err(world("the simulated help desk does not start"))?;
        let crm = simulators::start(Kind::Salesforce, local(0)).await;
        let crm = crm.map_err(world("the simulated CRM does not start"))?;
        let data = tempfile::Builder::new().prefix("actionplane-demo-").tempdir();
        let data = data.map_err(world("there is no room for a temporary data directory"))?;
        let mut config = Config { data: data.path().to_owned(), ..Config::default() };
        config.server.listen = local(port);
        let server = Server::start(config, Some(ADMIN_PASSWORD.to_owned())).await;
        let server = server.map_err(|fault| Fault::Start(Box::new(fault)))?;
        Ok(Self { help_desk, crm, server, data })
    }

    /// `http://127.0.0.1:7380`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.addr())
    }

    /// Stops everything and removes the data.
    pub async fn stop(self) {
        self.server.stop().await;
        self.help_desk.shutdown().await;
        self.crm.shutdown().await;
        if let Err(fault) = self.data.close() {
            tracing::warn!("the demo's data directory stays: {fault}");
        }
    }
}

/// A colleague edits a record in the system itself, where no run sees it.
pub fn edit(simulator: &Simulator, object: &str, id: &str, fields: Value) -> Result {
    let fields = if let Value::Object(fields) = fields { fields } else { Map::new() };
    let edit = Edit { object: object.to_owned(), id: id.to_owned(), fields, author: None };
    simulator.edit(&edit).map_err(|fault| Fault::Simulator(fault.to_string()))
}

/// Something goes wrong with the next matching request.
pub fn arm(simulator: &Simulator, fault: SimulatedFault) -> Result {
    let armed = simulator.faults().arm(fault);
    armed.map(|_| ()).map_err(|fault| Fault::Simulator(fault.to_string()))
}

/// Committed writes to one record, by everybody.
pub fn writes_to(simulator: &Simulator, id: &str) -> Vec<Write> {
    simulator.writes().into_iter().filter(|write| write.id == id).collect()
}
