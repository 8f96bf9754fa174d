//! The only place that names concrete types: from settings to a running server, and back to nothing.

mod bucket;
mod keys;
mod outside;
mod probe;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use connectors::http::{Credentials, HttpConnector};
use connectors::manifest::Manifest;
use connectors::outbound::{self, Outbound};
use connectors::registry;
use domain::name::Slug;
use engine::seams::{Clock, Entropy, Signer, SystemClock, SystemEntropy};
use engine::{BuildConnector, ConnectorSpec, Engine, KeyFile, Parts, Queue, Workers};
use proof::trust::TrustFault;
use rusty_s3::BucketError;
use store::{SqliteStore, Store};
use tokio::net::TcpListener;

pub use probe::Probe;

use crate::config::Config;
use crate::evidence::ExportKeys;
use crate::http::{self, App, Serving};
use crate::manifests::{self, ManifestFault};
use crate::telemetry::EventCounter;

/// The name of the workspace that the first start makes.
const FIRST_WORKSPACE: &str = "main";

/// A running server.
pub struct Server {
    addr: SocketAddr,
    engine: Arc<Engine>,
    first_password: Option<String>,
    serving: Serving,
    workers: Workers,
    counter: EventCounter,
}

/// Why a server does not start. Nothing is left running.
#[derive(Debug, thiserror::Error)]
pub enum StartFault {
    /// A file of the data directory cannot be read or written.
    #[error("cannot use the file `{}`", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// A key file that holds something else.
    #[error("`{}` is no key file: it must hold exactly 32 bytes", .0.display())]
    Key(PathBuf),
    /// The database is there and its key is not. A new key would not open it.
    #[error("`{}` is missing, and the database can only be read with it: put it back from its copy", .0.display())]
    KeyMissing(PathBuf),
    /// The file with this node's id holds something else.
    #[error("`{}` does not hold a node id", .0.display())]
    Node(PathBuf),
    /// The store does not open.
    #[error("the data directory does not open")]
    Store(#[source] store::OpenError),
    /// The client for outgoing requests cannot be made.
    #[error(transparent)]
    Outbound(#[from] outbound::ClientFault),
    /// The manifests do not load.
    #[error(transparent)]
    Manifests(#[from] ManifestFault),
    /// The trust policy does not read.
    #[error("the trust policy `{}` is not valid", .0.display())]
    Trust(PathBuf, #[source] TrustFault),
    /// The bucket for anchors is none.
    #[error("the bucket `{0}` for anchors cannot be used")]
    Bucket(String, #[source] BucketError),
    /// The environment holds no credentials for the bucket.
    #[error("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set, and a bucket for anchors is")]
    BucketCredentials,
    /// Nothing may be sent to a witness or anchor that the settings name.
    #[error("nothing can be sent to `{0}`")]
    NotAllowed(String, #[source] outbound::NotAllowed),
    /// The engine does not start.
    #[error("the engine does not start")]
    Engine(#[source] engine::Error),
    /// The first workspace cannot be made.
    #[error("the first workspace cannot be made: {0}")]
    FirstStart(#[source] engine::Error),
    /// The address cannot be listened on.
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
}

impl Server {
    /// Opens the data directory, starts engine and workers, and listens. An empty data directory gets the workspace
    /// `main` with the person `admin`, whose password is the given one or a generated one.
    pub async fn start(config: Config, admin_password: Option<String>) -> Result<Self, StartFault> {
        let Opened { engine, queue, probe, export_keys, entropy } = Opened::new(&config).await?;
        let first_password = first_start(&engine, &*entropy, &config, admin_password).await?;
        let listen = config.server.listen;
        let listener = TcpListener::bind(listen).await.map_err(|fault| StartFault::Listen(listen, fault))?;
        let addr = listener.local_addr().map_err(|fault| StartFault::Listen(listen, fault))?;
        let counter = EventCounter::start(Arc::clone(engine.store()));
        let workers = Workers::start(Arc::clone(&engine), queue);
        let app = App::new(Arc::clone(&engine), entropy, probe, export_keys, &config.server);
        let serving = http::serve(listener, app, &config.server);
        Ok(Self { addr, engine, first_password, serving, workers, counter })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The engine behind it.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// The generated password of the first person, when this start made the workspace and nobody gave one.
    pub fn first_password(&self) -> Option<&str> {
        self.first_password.as_deref()
    }

    /// Stops accepting, finishes the requests and attempts that are under way, and closes the store.
    pub async fn stop(self) {
        self.serving.stop().await;
        self.workers.stop().await;
        self.counter.stop().await;
    }
}

/// A data directory with its engine, which nothing drives yet.
pub struct Opened {
    /// The engine.
    pub engine: Arc<Engine>,
    queue: Queue,
    probe: Probe,
    export_keys: Arc<ExportKeys>,
    entropy: Arc<dyn Entropy>,
}

impl Opened {
    /// Opens the data directory that the settings name. No other process has it open meanwhile.
    pub async fn new(config: &Config) -> Result<Self, StartFault> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let kek = keys::kek(config)?;
        let node = keys::node(&config.data, &*entropy, clock.now())?;
        let data = config.data.clone();
        let store = tokio::task::spawn_blocking(move || SqliteStore::open(&data, kek)).await;
        let store: Arc<dyn Store> = match store {
            Ok(opened) => Arc::new(opened.map_err(StartFault::Store)?),
            Err(stopped) => return Err(StartFault::File(config.data.clone(), io::Error::other(stopped))),
        };
        let outbound = outbound(&clock, config.outbound.hosts.clone())?;
        let probe = Probe(Arc::clone(&outbound));
        let connecting = Arc::clone(&outbound);
        let build: BuildConnector = Box::new(move |spec| Ok(connect(&connecting, spec)?));
        let manifests = manifests::load(config.manifests.folder.as_deref())?;
        let folder = config.data.join("keys").join("log");
        let signer: Arc<dyn Signer> =
            Arc::new(KeyFile::new(folder, Arc::clone(&store), Arc::clone(&entropy)));
        let folder = config.data.join("keys").join("exports");
        let export_keys = ExportKeys::new(folder, Arc::clone(&store), Arc::clone(&entropy));
        let outside = outside::outside(&config.evidence, &outbound)?;
        let parts =
            Parts { store, signer, outside, clock, entropy: Arc::clone(&entropy), build, manifests, node };
        let (engine, queue) = Engine::start(parts).await.map_err(StartFault::Engine)?;
        Ok(Self { engine, queue, probe, export_keys: Arc::new(export_keys), entropy })
    }
}

/// Makes the first workspace in an empty store; answers the password if it was generated.
async fn first_start(
    engine: &Engine,
    entropy: &(dyn Entropy + 'static),
    config: &Config,
    given: Option<String>,
) -> Result<Option<String>, StartFault> {
    let known = engine.store().workspaces().await.map_err(|fault| StartFault::FirstStart(fault.into()))?;
    if !known.is_empty() {
        return Ok(None);
    }
    let generated = given.is_none();
    let password = given.unwrap_or_else(|| keys::password(entropy));
    let name = Slug::parse(FIRST_WORKSPACE).map_err(|fault| {
        StartFault::FirstStart(engine::Error::internal("a workspace name is no slug").because(fault))
    })?;
    let made = engine.bootstrap(&config.evidence.host, &name, &password).await;
    made.map_err(StartFault::FirstStart)?;
    Ok(generated.then_some(password))
}

/// The one client for outgoing requests.
fn outbound(clock: &Arc<dyn Clock>, hosts: Vec<String>) -> Result<Arc<Outbound>, StartFault> {
    let (now, boot_ms) = (Arc::clone(clock), Arc::clone(clock));
    let clock =
        outbound::Clock { now: Arc::new(move || now.now()), boot_ms: Arc::new(move || boot_ms.boot_ms()) };
    Ok(Arc::new(Outbound::new(clock, hosts)?))
}

/// A kept manifest, a base URL and credentials make a connector.
fn connect(outbound: &Arc<Outbound>, spec: ConnectorSpec) -> Result<Arc<HttpConnector>, String> {
    let manifest = Manifest::parse("manifest", &spec.manifest).map_err(|faults| faults.to_string())?;
    let credentials = spec.credentials.ok_or("it has no credentials")?;
    let credentials = Credentials::parse(&credentials).map_err(|fault| fault.to_string())?;
    let base_url = Some(spec.base_url).filter(|url| !url.is_empty());
    let config = registry::Config { name: spec.name, environment: spec.environment, base_url, credentials };
    registry::connect(outbound, &Arc::new(manifest), config).map_err(|fault| fault.to_string())
}
