//! `actionplane serve`: settings from file, environment and command line; runs until it is told to stop.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

use crate::config::{Config, Log, LogFormat};
use crate::wiring::Server;

/// Everything that can be said on the command line or in the environment; it goes before the file.
#[derive(Debug, Default, clap::Args)]
pub struct Arguments {
    /// The configuration file.
    #[arg(long, env = "ACTIONPLANE_CONFIG")]
    config: Option<PathBuf>,
    /// The data directory [default: actionplane-data].
    #[arg(long, env = "ACTIONPLANE_DATA")]
    data: Option<PathBuf>,
    /// Address and port to listen on [default: 127.0.0.1:7380].
    #[arg(long, env = "ACTIONPLANE_LISTEN")]
    listen: Option<SocketAddr>,
    /// The origin under which browsers see this server.
    #[arg(long, env = "ACTIONPLANE_PUBLIC_URL")]
    public_url: Option<String>,
    /// A file of 32 random bytes that encrypts all other keys.
    #[arg(long, env = "ACTIONPLANE_KEK_FILE")]
    kek_file: Option<PathBuf>,
    /// A folder of manifests for further systems of record.
    #[arg(long, env = "ACTIONPLANE_MANIFESTS")]
    manifests: Option<PathBuf>,
    /// The host in the names of new evidence logs.
    #[arg(long, env = "ACTIONPLANE_EVIDENCE_HOST")]
    evidence_host: Option<String>,
    /// What is logged, such as `info` or `info,engine=debug`.
    #[arg(long, env = "ACTIONPLANE_LOG")]
    log: Option<String>,
    /// The form of log lines.
    #[arg(long, env = "ACTIONPLANE_LOG_FORMAT")]
    log_format: Option<LogFormat>,
}

impl Arguments {
    /// The settings of the server: defaults, file, then these.
    pub(crate) fn config(self) -> anyhow::Result<Config> {
        let mut config = Config::read(self.config.as_deref())?;
        config.data = self.data.unwrap_or(config.data);
        config.server.listen = self.listen.unwrap_or(config.server.listen);
        config.server.public_url = self.public_url.or(config.server.public_url);
        config.keys.kek_file = self.kek_file.or(config.keys.kek_file);
        config.manifests.folder = self.manifests.or(config.manifests.folder);
        config.evidence.host = self.evidence_host.unwrap_or(config.evidence.host);
        config.log.filter = self.log.unwrap_or(config.log.filter);
        config.log.format = self.log_format.unwrap_or(config.log.format);
        config.check()?;
        Ok(config)
    }
}

/// Serves until SIGTERM or SIGINT, then finishes what is under way.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = arguments.config()?;
    start_logging(&config.log)?;
    let listen = config.server.listen;
    if !listen.ip().is_loopback() && !config.server.is_secure() {
        tracing::warn!(
            server.listen = %listen,
            "this address is open to other machines and the server speaks plain HTTP: put a proxy that speaks TLS \
             before it and set `public_url` to its https origin"
        );
    }
    let password = std::env::var("ACTIONPLANE_ADMIN_PASSWORD").ok();
    let server = Server::start(config, password).await.context("the server does not start")?;
    if let Some(password) = server.first_password() {
        println!(
            "A new workspace `main` was made. Sign in as `admin` with this password; it is not shown again:"
        );
        println!("    {password}");
    }
    let stopping = stopping()?;
    println!("ActionPlane listens on http://{}", server.addr());
    stopping.await;
    tracing::info!("stopping: requests and attempts that are under way are finished");
    server.stop().await;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn start_logging(log: &Log) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&log.filter).context("the log filter cannot be read")?;
    let colors = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let lines =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colors).with_writer(std::io::stderr);
    let started = match log.format {
        LogFormat::Text => lines.with_target(false).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    started.map_err(|fault| anyhow::anyhow!("logging does not start: {fault}"))
}

/// Waits for SIGTERM or SIGINT.
pub(crate) async fn stop_signal() -> std::io::Result<()> {
    stopping()?.await;
    Ok(())
}

/// Listens for SIGTERM and SIGINT from now on, and ends with the first. Whoever says that it is ready listens before.
#[cfg(unix)]
pub(crate) fn stopping() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
pub(crate) fn stopping() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without a way to be told, it ends with its process.
        let _ = tokio::signal::ctrl_c().await;
    })
}
