//! Time, randomness and the keys of logs as seams: tests step the one and seed the other, and keys may live in a module of
//! their own.

use std::path::PathBuf;

use domain::id::{KeyId, PersonId, RunId, SessionId, WorkspaceId};
use domain::time::Timestamp;
use proof::checkpoint::{Checkpoint, SignedCheckpoint};
use proof::digest::Digest;
use proof::note::{NoteFault, VerifierKey};

/// What time it is.
pub trait Clock: Send + Sync {
    /// Wall-clock time, UTC.
    fn now(&self) -> Timestamp;
    /// Milliseconds on a clock that never jumps and runs through suspend.
    fn boot_ms(&self) -> u64;
}

/// Where randomness comes from.
pub trait Entropy: Send + Sync {
    /// Fills with unpredictable bytes.
    fn fill(&self, bytes: &mut [u8]);
}

impl dyn Entropy {
    /// The random part of an identifier.
    pub fn id_bits(&self) -> [u8; 10] {
        let mut bits = [0; 10];
        self.fill(&mut bits);
        bits
    }

    /// A salt, or a 256-bit secret.
    pub fn salt(&self) -> [u8; 32] {
        let mut salt = [0; 32];
        self.fill(&mut salt);
        salt
    }
}

macro_rules! fresh_ids {
    ($($method:ident $id:ty;)*) => {
        impl dyn Entropy {
            $(
                /// A new identifier.
                pub fn $method(&self, now: Timestamp) -> $id {
                    <$id>::new(now, self.id_bits())
                }
            )*
        }
    };
}

fresh_ids! {
    run_id RunId;
    person_id PersonId;
    agent_id domain::id::AgentId;
    service_id domain::id::ServiceId;
    key_id KeyId;
    session_id SessionId;
    policy_set_id domain::id::PolicySetId;
    artifact_id domain::id::ArtifactId;
    hold_id domain::id::HoldId;
    workspace_id WorkspaceId;
    node_id domain::id::NodeId;
}

/// Signs the heads of logs, and is their fork guard: it keeps the newest head of each log outside the database, and signs
/// only what continues it. Its calls may wait for a disk or a device.
pub trait Signer: Send + Sync {
    /// Makes the key of a new log and its empty head. Doing so again answers the same key until a head was signed.
    fn make(&self, ws: WorkspaceId, origin: &str, now: Timestamp) -> Result<VerifierKey, SignFault>;

    /// Every key that ever signed a log's heads, newest first.
    fn keys(&self, ws: WorkspaceId, origin: &str) -> Result<Vec<VerifierKey>, SignFault>;

    /// The newest head that was signed.
    fn newest(&self, ws: WorkspaceId, origin: &str) -> Result<SignedCheckpoint, SignFault>;

    /// Signs a head that continues the newest one, as the consistency proof (RFC 9162 section 2.1.4) shows, and keeps it
    /// before it is answered.
    fn sign(
        &self,
        ws: WorkspaceId,
        head: &Checkpoint,
        proof: &[Digest],
        now: Timestamp,
    ) -> Result<SignedCheckpoint, SignFault>;

    /// Makes another key, which signs from now on; the one before it signs too `until` then.
    fn rotate(&self, ws: WorkspaceId, origin: &str, until: Timestamp) -> Result<VerifierKey, SignFault>;
}

/// Why a head was not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignFault {
    /// The head does not continue what was signed before.
    #[error("{} leaves were signed, and the {} that are there now do not continue them", .signed.size, .asked.size)]
    Fork {
        /// What was signed before.
        signed: Box<Checkpoint>,
        /// What was to be signed.
        asked: Box<Checkpoint>,
    },
    /// A file that must be there is not.
    #[error("`{}` is missing", .0.display())]
    Missing(PathBuf),
    /// A file does not hold what was written.
    #[error("`{}` is damaged", .0.display())]
    Damaged(PathBuf),
    /// A file cannot be read or written.
    #[error("cannot use `{}`", .0.display())]
    File(PathBuf, #[source] std::io::Error),
    /// The log had as many keys as it can have.
    #[error("the log had as many keys as it can have")]
    Exhausted,
    /// The name of the log is none that a note can hold.
    #[error("the head cannot be written as a signed note")]
    Note(#[from] NoteFault),
    /// The key cannot be sealed.
    #[error("the key cannot be sealed")]
    Vault(#[from] store::vault::VaultFault),
}

/// The operating system's clock.
#[derive(Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn boot_ms(&self) -> u64 {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        let millis = u64::try_from(time.tv_nsec / 1_000_000).unwrap_or(0);
        seconds.saturating_mul(1000).saturating_add(millis)
    }
}

/// The operating system's random source.
#[derive(Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        // INVARIANT: without randomness nothing may go on: salts and secrets would be guessable.
        assert!(getrandom::fill(bytes).is_ok(), "the operating system gives no random bytes");
    }
}
