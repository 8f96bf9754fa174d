//! Settings of a server: defaults, then the TOML file, then environment and command line.
//!
//! One struct per section. An unknown key, or a file that cannot be read, stops the start.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Where the server listens unless told otherwise.
pub const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7380);

/// What a limit on the number of something may be set to.
const LIMIT_MAX: usize = 1_000_000;

/// The longest time for which a bucket may lock a head: a hundred years.
const RETENTION_DAYS_MAX: u32 = 36_500;

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The data directory; made at the first start. One process has it open at a time.
    pub data: PathBuf,
    /// The socket and its limits.
    pub server: Server,
    /// Keys that never go into the database.
    pub keys: Keys,
    /// Where connectors may send requests.
    pub outbound: Outbound,
    /// Further systems of record.
    pub manifests: Manifests,
    /// The evidence log.
    pub evidence: Evidence,
    /// What the process says about itself.
    pub log: Log,
}

/// The socket and its limits.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Address and port. The server speaks plain HTTP: put a proxy that speaks TLS before every address but loopback.
    pub listen: SocketAddr,
    /// The origin under which browsers see this server, such as `https://actionplane.example.com`. With `https` the
    /// session cookie is bound to TLS.
    pub public_url: Option<String>,
    /// Requests that are handled at once; more are answered with 503.
    pub requests_max: usize,
    /// Event streams that are open at once.
    pub streams_max: usize,
    /// Connections that are open at once; more wait to be accepted.
    pub connections_max: usize,
}

/// Keys that never go into the database.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Keys {
    /// A file of exactly 32 random bytes, the key-encryption key. Without it `keys/kek` in the data directory is used,
    /// and made at the first start; keep a copy of it apart from the database.
    pub kek_file: Option<PathBuf>,
}

/// Where connectors may send requests.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Outbound {
    /// Host names beside those that a manifest allows; `*.example.com` is any subdomain.
    pub hosts: Vec<String>,
}

/// Systems of record that connectors may be made for, beside those that come with the program.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Manifests {
    /// A folder of manifest files, `*.toml`. They are read at the start; a connector keeps the one that it was made with.
    pub folder: Option<PathBuf>,
}

/// The evidence log.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Evidence {
    /// The host in the names of new workspaces' logs, `<host>/w/<workspace>`. It is fixed when a workspace is made.
    pub host: String,
    /// The trust policy (C2SP tlog-policy): which witnesses are shown the heads, and how many must cosign them. It is read
    /// at the start.
    pub trust_policy: Option<PathBuf>,
    /// Where heads are anchored, once a day and with an export.
    pub anchors: Anchors,
}

/// Places outside for the heads of the logs. Each that is set is used.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Anchors {
    /// A folder for copies, best on another machine; made when it is missing.
    pub directory: Option<PathBuf>,
    /// The URL of a time-stamp authority (RFC 3161).
    pub tsa: Option<String>,
    /// A bucket with object lock.
    pub s3: Option<S3>,
}

/// A bucket with object lock. The credentials stand in `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and, if there is one,
/// `AWS_SESSION_TOKEN`; they need the right to put objects and their retention, and no other.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3 {
    /// Its name.
    pub bucket: String,
    /// What the names of objects begin with.
    #[serde(default)]
    pub prefix: String,
    /// Its region.
    pub region: String,
    /// Where it is, unless at AWS. The bucket is then part of the path.
    pub endpoint: Option<String>,
    /// How long nobody can remove an object, in compliance mode: days.
    pub retention_days: u32,
}

/// What the process says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// What is logged, such as `info` or `info,engine=debug`.
    pub filter: String,
    /// As lines for people or as JSON for machines.
    pub format: LogFormat,
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One object per line.
    Json,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigFault {
    /// The file cannot be read.
    #[error("cannot read the configuration file `{0}`")]
    File(PathBuf, #[source] std::io::Error),
    /// The file is not what the reference says.
    #[error("the configuration file `{0}` is not valid")]
    Form(PathBuf, #[source] Box<toml::de::Error>),
    /// A limit that would let nothing through, or that is none.
    #[error("`{0}` is 1 to {LIMIT_MAX}")]
    Limit(&'static str),
    /// A retention that ends at once, or never.
    #[error("`retention_days` is 1 to {RETENTION_DAYS_MAX}")]
    Retention,
    /// A public URL that is no origin.
    #[error("`public_url` is an origin such as `https://actionplane.example.com`, without a path; got `{0}`")]
    PublicUrl(String),
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("actionplane-data"),
            server: Server::default(),
            keys: Keys::default(),
            outbound: Outbound::default(),
            manifests: Manifests::default(),
            evidence: Evidence::default(),
            log: Log::default(),
        }
    }
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: LISTEN,
            public_url: None,
            requests_max: 1_024,
            streams_max: 256,
            connections_max: 2_048,
        }
    }
}

impl Default for Evidence {
    fn default() -> Self {
        Self { host: "localhost".to_owned(), trust_policy: None, anchors: Anchors::default() }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: "info".to_owned(), format: LogFormat::Text }
    }
}

impl Config {
    /// Reads the file, when one is named, over the defaults.
    pub fn read(file: Option<&Path>) -> Result<Self, ConfigFault> {
        let Some(file) = file else { return Ok(Self::default()) };
        let text =
            std::fs::read_to_string(file).map_err(|fault| ConfigFault::File(file.to_owned(), fault))?;
        toml::from_str(&text).map_err(|fault| ConfigFault::Form(file.to_owned(), Box::new(fault)))
    }

    /// Checks what only makes sense together. Called once everything was laid over the file.
    pub fn check(&self) -> Result<(), ConfigFault> {
        let limits = [
            ("requests_max", self.server.requests_max),
            ("streams_max", self.server.streams_max),
            ("connections_max", self.server.connections_max),
        ];
        if let Some((name, _)) = limits.iter().find(|(_, limit)| !(1..=LIMIT_MAX).contains(limit)) {
            return Err(ConfigFault::Limit(name));
        }
        let days = self.evidence.anchors.s3.as_ref().map(|s3| s3.retention_days);
        if days.is_some_and(|days| !(1..=RETENTION_DAYS_MAX).contains(&days)) {
            return Err(ConfigFault::Retention);
        }
        match &self.server.public_url {
            Some(url) if !is_origin(url) => Err(ConfigFault::PublicUrl(url.clone())),
            Some(_) | None => Ok(()),
        }
    }
}

impl Server {
    /// Whether browsers reach the server over TLS.
    pub fn is_secure(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }
}

fn is_origin(url: &str) -> bool {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    host.is_some_and(|host| {
        !host.is_empty()
            && host
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']'))
    })
}

#[cfg(test)]
mod tests;
