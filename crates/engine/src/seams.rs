//! Time and randomness as seams, so that tests step the one and seed the other.

use domain::id::{KeyId, PersonId, RunId, SessionId};
use domain::time::Timestamp;

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
    workspace_id domain::id::WorkspaceId;
    node_id domain::id::NodeId;
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
