//! What the log is shown to outside this process, and the one way out: witnesses and anchors.
//!
//! The engine speaks no HTTP itself; whoever wires the process gives it a function that sends.

use std::time::Duration;

use futures_util::future::BoxFuture;
use proof::digest::{Digest, sha256};
use proof::trust::{TrustFault, TrustPolicy};

/// Who else sees the heads of the logs.
pub struct Outside {
    /// The trust policy in force, if one is.
    pub trust: Option<Trust>,
    /// Sends what goes to witnesses and anchors.
    pub post: Post,
}

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
        Self { trust: None, post }
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
