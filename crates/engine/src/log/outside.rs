//! What the log is shown to outside this process, and the one way out: witnesses and anchors.
//!
//! The engine speaks no HTTP itself; whoever wires the process gives it a function that sends.

use std::path::PathBuf;
use std::time::Duration;

use domain::time::Timestamp;
use futures_util::future::BoxFuture;
use proof::digest::{Digest, sha256};
use proof::trust::{TrustFault, TrustPolicy};

/// Who else sees the heads of the logs.
pub struct Outside {
    /// The trust policy in force, if one is.
    pub trust: Option<Trust>,
    /// Where heads are anchored.
    pub anchors: Anchors,
    /// Sends what goes to witnesses and anchors.
    pub post: Post,
}

/// The places where heads are anchored, each if it is set up.
#[derive(Default)]
pub struct Anchors {
    /// A folder for copies, best on another machine.
    pub directory: Option<PathBuf>,
    /// The URL of a time-stamp authority (RFC 3161).
    pub tsa: Option<String>,
    /// A bucket whose objects cannot be removed for years.
    pub bucket: Option<PutLocked>,
}

/// Makes the request that puts an object, by name, into a bucket and locks it from now on.
pub type PutLocked = Box<dyn Fn(&str, &[u8], Timestamp) -> Message + Send + Sync>;

/// A trust policy (C2SP tlog-policy) with the exact text that it was read from.
#[derive(Debug, Clone)]
pub struct Trust {
    text: String,
    policy: TrustPolicy,
}

/// A request of ours.
#[derive(Debug, Clone)]
pub struct Message {
    /// How it is sent.
    pub method: Method,
    /// Where to.
    pub url: String,
    /// Its headers.
    pub headers: Vec<(&'static str, String)>,
    /// Its body.
    pub body: Vec<u8>,
    /// How long it may take in all.
    pub timeout: Duration,
}

/// The methods of requests to witnesses and anchors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// POST
    Post,
    /// PUT
    Put,
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// Sends a message once; answers why there was no whole reply.
pub type Post = Box<dyn Fn(Message) -> BoxFuture<'static, Result<Reply, String>> + Send + Sync>;

impl Default for Outside {
    /// Nobody: there is no witness and no way out.
    fn default() -> Self {
        let post: Post = Box::new(|_| Box::pin(async { Err("this process sends nothing".to_owned()) }));
        Self { trust: None, anchors: Anchors::default(), post }
    }
}

impl Trust {
    /// Reads a trust policy.
    ///
    /// # Errors
    /// What is wrong, with the line.
    pub fn parse(text: String) -> Result<Self, TrustFault> {
        let policy = TrustPolicy::parse(text.as_bytes())?;
        Ok(Self { text, policy })
    }

    /// The text, as it was read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it says.
    pub fn policy(&self) -> &TrustPolicy {
        &self.policy
    }

    /// SHA-256 of the text.
    pub fn digest(&self) -> Digest {
        sha256(self.text.as_bytes())
    }
}
