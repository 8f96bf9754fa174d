//! C2SP tlog-policy: which logs an auditor trusts, and which witnesses must have seen a head.
//!
//! The text comes from the auditor, never from what is to be judged.

mod fault;
mod parser;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub use fault::TrustFault;

use crate::checkpoint::SignedCheckpoint;
use crate::note::VerifierKey;

/// The largest trust policy, in bytes.
pub const TRUST_POLICY_BYTES_MAX: usize = 65_536;

/// How many logs a trust policy may list.
pub const LOGS_MAX: usize = 32;

/// How many witnesses a trust policy may define.
pub const WITNESSES_MAX: usize = 32;

/// How many groups a trust policy may define.
pub const GROUPS_MAX: usize = 32;

/// Keys, and the rule by which cosignatures are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustPolicy {
    logs: Vec<TrustedLog>,
    witnesses: Vec<Witness>,
    /// A group names witnesses and groups before it.
    groups: Vec<Group>,
    /// The name of a witness or group; none for `quorum none`.
    quorum: Option<String>,
}

/// A key of a log; its name is the origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedLog {
    /// The key.
    pub key: VerifierKey,
    /// Where the log can be asked.
    pub url: Option<String>,
}

/// A witness under the name that the policy gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The name within the policy.
    pub name: String,
    /// The key.
    pub key: VerifierKey,
    /// Where the witness takes checkpoints.
    pub url: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    name: String,
    /// How many members must have witnessed, from 1 to their number.
    threshold: usize,
    members: Vec<String>,
}

/// What a trust policy says of a signed head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No log of the policy has this origin.
    UnknownOrigin,
    /// A line of a key that the policy knows does not verify.
    BadSignature,
    /// No key of the log signed.
    NoLogSignature,
    /// A key of the log signed.
    Signed {
        /// Whether enough witnesses did.
        quorum: Quorum,
        /// When each witness of the policy that cosigned did, by its name there, in seconds since 1970.
        times: BTreeMap<String, u64>,
    },
}

/// Whether the witnesses suffice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quorum {
    /// The policy asks for none: nobody outside may have seen this head.
    NotAsked,
    /// They do.
    Met,
    /// They do not.
    NotMet,
}

impl TrustPolicy {
    /// Reads a trust policy.
    ///
    /// # Errors
    /// What is wrong, with the line.
    pub fn parse(bytes: &[u8]) -> Result<Self, TrustFault> {
        parser::parse(bytes)
    }

    /// The keys of logs.
    pub fn logs(&self) -> &[TrustedLog] {
        &self.logs
    }

    /// The witnesses, in or out of the quorum.
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// Whether it asks for cosignatures, which `quorum none` does not.
    pub fn asks_quorum(&self) -> bool {
        self.quorum.is_some()
    }

    /// The keys of the log with this origin.
    pub fn log_keys<'a>(&'a self, origin: &'a str) -> impl Iterator<Item = &'a VerifierKey> {
        self.logs.iter().map(|log| &log.key).filter(move |key| key.name() == origin)
    }

    /// Judges a signed head: log signature, then quorum. How old the times may be is for the caller to say.
    pub fn judge(&self, head: &SignedCheckpoint) -> Verdict {
        let origin = &head.checkpoint().origin;
        if self.log_keys(origin).next().is_none() {
            return Verdict::UnknownOrigin;
        }
        let Ok(by_log) = head.verify(self.log_keys(origin)) else { return Verdict::BadSignature };
        let mut times = BTreeMap::new();
        for witness in &self.witnesses {
            let Ok(signed) = head.verify([&witness.key]) else { return Verdict::BadSignature };
            let time = signed.first().and_then(|signed| signed.time);
            times.extend(time.map(|time| (witness.name.clone(), time)));
        }
        if by_log.is_empty() {
            return Verdict::NoLogSignature;
        }
        Verdict::Signed { quorum: self.quorum(&times), times }
    }

    fn quorum(&self, times: &BTreeMap<String, u64>) -> Quorum {
        let Some(quorum) = &self.quorum else { return Quorum::NotAsked };
        let mut witnessed: BTreeSet<&str> = times.keys().map(String::as_str).collect();
        for group in &self.groups {
            let count = group.members.iter().filter(|member| witnessed.contains(member.as_str())).count();
            if count >= group.threshold {
                witnessed.insert(&group.name);
            }
        }
        if witnessed.contains(quorum.as_str()) { Quorum::Met } else { Quorum::NotMet }
    }
}

impl fmt::Display for TrustPolicy {
    /// The same policy without comments, in one form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = |url: &Option<String>| url.as_ref().map(|url| format!(" {url}")).unwrap_or_default();
        for log in &self.logs {
            writeln!(f, "log {}{}", log.key, url(&log.url))?;
        }
        for witness in &self.witnesses {
            writeln!(f, "witness {} {}{}", witness.name, witness.key, url(&witness.url))?;
        }
        for group in &self.groups {
            writeln!(f, "group {} {} {}", group.name, group.threshold, group.members.join(" "))?;
        }
        writeln!(f, "quorum {}", self.quorum.as_deref().unwrap_or(parser::NONE))
    }
}
