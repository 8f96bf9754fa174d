//! `actionplane witness`: cosigns the heads of other people's logs (C2SP tlog-witness).
//!
//! A witness remembers one head per log and cosigns only what continues it, so nobody is shown another history of a log
//! without a trace. It has no database: one file per log, its key, and the requests that it refused. It knows nothing of
//! runs and needs no server.

mod http;
mod kept;
mod key;
mod memory;

use std::collections::BTreeSet;
use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use proof::note::{KeyKind, NoteFault, VerifierKey};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::{Log, LogFormat};
use crate::serve;

pub use memory::{Answer, Witness};

/// Keys of logs that one witness may watch.
pub const LOG_KEYS_MAX: usize = 10_000;
/// The file that keeps a second witness off the data directory.
const LOCK_FILE: &str = "lock";

/// What a witness needs to know.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The witness's name, such as `witness.example.com/w`; it becomes part of its key and never changes
    #[arg(long)]
    name: String,
    /// Address and port to listen on; put a proxy that speaks TLS before every address but loopback
    #[arg(long, default_value = "127.0.0.1:7390")]
    listen: SocketAddr,
    /// The data directory, made at the first start: the key, and the newest head of each log
    #[arg(long)]
    data: PathBuf,
    /// The verifier key of a log to watch; may be repeated, also for one log with several keys
    #[arg(long = "log", value_name = "VKEY")]
    logs: Vec<String>,
    /// A file of such keys, one a line; `#` begins a comment
    #[arg(long, value_name = "FILE")]
    logs_file: Option<PathBuf>,
    /// What is logged, such as `info` or `debug`
    #[arg(long, env = "ACTIONPLANE_LOG", default_value = "info")]
    log_filter: String,
    /// The form of log lines
    #[arg(long, env = "ACTIONPLANE_LOG_FORMAT", value_enum, default_value_t)]
    log_format: LogFormat,
}

/// Why a witness does not start. Nothing was cosigned.
#[derive(Debug, thiserror::Error)]
pub enum StartFault {
    /// A file of the data directory cannot be read or written.
    #[error("cannot use `{}`", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// Another witness has the data directory open. Two of them could cosign two histories.
    #[error("`{}` is in use by another witness", .0.display())]
    InUse(PathBuf),
    /// The name is none that a note can hold.
    #[error("`{0}` is no name of a witness: no spaces, no plus")]
    Name(String),
    /// The data directory belongs to another witness.
    #[error("`{}` is the key of `{name}`", .path.display())]
    OtherName {
        /// The file.
        path: PathBuf,
        /// Whose key it is.
        name: String,
    },
    /// A file does not hold what was written.
    #[error("`{}` is damaged: put its newest copy back, or retire this witness", .0.display())]
    Damaged(PathBuf),
    /// There are heads and the key is gone. A new key is a new witness.
    #[error("`{}` is missing, and there are heads that it cosigned: put it back", .0.display())]
    KeyMissing(PathBuf),
    /// Not the key of a log.
    #[error("`{0}` is not the verifier key of a log")]
    LogKey(String, #[source] NoteFault),
    /// More keys than a witness takes.
    #[error("more than {LOG_KEYS_MAX} keys of logs")]
    TooMany,
    /// The address cannot be listened on.
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
}

/// A witness that answers requests.
pub struct Running {
    addr: SocketAddr,
    vkey: VerifierKey,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Running {
    /// Opens the data directory and listens.
    ///
    /// # Errors
    /// Why not.
    pub async fn start(
        name: &str,
        listen: SocketAddr,
        data: &Path,
        logs: Vec<VerifierKey>,
    ) -> Result<Self, StartFault> {
        let witness = Arc::new(Witness::open(name, data, logs)?);
        let vkey = witness.vkey().clone();
        let listener = TcpListener::bind(listen).await.map_err(|fault| StartFault::Listen(listen, fault))?;
        let addr = listener.local_addr().map_err(|fault| StartFault::Listen(listen, fault))?;
        let (stop, stopped) = watch::channel(false);
        let accepting = tokio::spawn(http::serve(listener, witness, stopped));
        Ok(Self { addr, vkey, stop, accepting })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its key.
    pub fn vkey(&self) -> &VerifierKey {
        &self.vkey
    }

    /// Stops accepting and finishes what is under way.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if self.accepting.await.is_err() {
            tracing::error!("the task that accepts connections ended with a panic");
        }
    }
}

/// Witnesses until SIGTERM or SIGINT.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    serve::start_logging(&Log { filter: arguments.log_filter, format: arguments.log_format })?;
    let mut vkeys = arguments.logs;
    if let Some(file) = &arguments.logs_file {
        let text = std::fs::read_to_string(file);
        let text = text.with_context(|| format!("cannot read the keys of logs in `{}`", file.display()))?;
        vkeys.extend(listed(&text));
    }
    let logs = parse_logs(&vkeys)?;
    if logs.is_empty() {
        tracing::warn!("this witness watches no log: name the verifier key of one with --log");
    }
    let origins: BTreeSet<_> = logs.iter().map(|key| key.name().to_owned()).collect();
    let running = Running::start(&arguments.name, arguments.listen, &arguments.data, logs).await?;
    for origin in origins {
        tracing::info!(log.origin = %origin, "watching");
    }
    let stopping = serve::stopping()?;
    println!("{}", running.vkey());
    println!("The witness listens on http://{}", running.addr());
    stopping.await;
    running.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// The keys in a file.
fn listed(text: &str) -> impl Iterator<Item = String> {
    let bare = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    bare.filter(|line| !line.is_empty()).map(str::to_owned)
}

fn parse_logs(vkeys: &[String]) -> Result<Vec<VerifierKey>, StartFault> {
    if vkeys.len() > LOG_KEYS_MAX {
        return Err(StartFault::TooMany);
    }
    let parse = |vkey: &String| match VerifierKey::parse(vkey) {
        Ok(key) if key.kind() == KeyKind::Ed25519 => Ok(key),
        Ok(_) => Err(StartFault::LogKey(vkey.clone(), NoteFault::KeyKind)),
        Err(fault) => Err(StartFault::LogKey(vkey.clone(), fault)),
    };
    vkeys.iter().map(parse).collect()
}

/// Makes a folder for its owner only.
fn make_folder(folder: &Path) -> Result<(), StartFault> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|fault| StartFault::File(folder.to_owned(), fault))
}

/// Keeps other witnesses off a data directory for as long as the file is open.
fn lock(folder: &Path) -> Result<File, StartFault> {
    let path = folder.join(LOCK_FILE);
    let opened = File::options().create(true).truncate(false).write(true).open(&path);
    let file = opened.map_err(|fault| StartFault::File(path.clone(), fault))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StartFault::InUse(folder.to_owned())),
        Err(TryLockError::Error(fault)) => Err(StartFault::File(path, fault)),
    }
}

/// Writes a file as a whole: it and its name are on stable storage before this answers, for its owner only.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    // The name too must outlive a power failure: what was answered must not be forgotten.
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests;
