//! The keys that sign exports: one for attestations, two for audit trails. None of them signs anything else.
//!
//! They are made when a workspace first exports, and kept in `keys/exports/<workspace>.keys`, each sealed under the
//! key-encryption key for its workspace and use. They prove nothing about a log: its heads have keys of their own.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::id::WorkspaceId;
use engine::seams::Entropy;
use exports::aat::{TrailKey, TrailKeys};
use proof::note::{KeyKind, NoteFault, SigningKey};
use serde::{Deserialize, Serialize};
use store::Store;
use store::vault::VaultFault;
use zeroize::Zeroizing;

use crate::private_file::write_new;

/// The version under which a seed is sealed; a key is never replaced in place.
const FIRST: u64 = 1;

/// Keys in a folder.
pub struct ExportKeys {
    folder: PathBuf,
    store: Arc<dyn Store>,
    entropy: Arc<dyn Entropy>,
    /// Keys by workspace, as they were read. Held while they are made.
    known: Mutex<BTreeMap<WorkspaceId, Arc<SigningKeys>>>,
}

/// The keys of one workspace.
pub struct SigningKeys {
    /// Signs attestations. Its name is that of the log and `/attestation`.
    pub attestation: SigningKey,
    /// Sign audit trails.
    pub trail: TrailKeys,
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeysFault {
    /// The file cannot be read or written.
    #[error("cannot use `{}`", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// The file does not hold what was written, or its keys do not open under this key-encryption key.
    #[error("`{}` is damaged", .0.display())]
    Damaged(PathBuf),
    /// A seed cannot be sealed.
    #[error("the key cannot be sealed")]
    Vault(#[from] VaultFault),
    /// The name of the log is none that a note can hold.
    #[error("the key cannot be named after the log")]
    Name(#[from] NoteFault),
}

/// The file: seeds of 32 bytes, sealed, in base64.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    attestation: String,
    aat_agent: String,
    aat_recorder: String,
}

/// A seed of a private key.
type Seed = Zeroizing<[u8; 32]>;

impl ExportKeys {
    /// Keys in a folder, sealed by the vault of a store.
    pub fn new(folder: PathBuf, store: Arc<dyn Store>, entropy: Arc<dyn Entropy>) -> Self {
        Self { folder, store, entropy, known: Mutex::default() }
    }

    /// The keys of a workspace, whose log has this name; made when there are none. Waits for the disk.
    ///
    /// # Errors
    /// [`KeysFault`]; a damaged file is never replaced by new keys.
    pub fn of(&self, ws: WorkspaceId, origin: &str) -> Result<Arc<SigningKeys>, KeysFault> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = known.get(&ws) {
            return Ok(Arc::clone(keys));
        }
        let path = self.folder.join(format!("{ws}.keys"));
        let file = |fault| KeysFault::File(path.clone(), fault);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => {
                let text = self.made(ws)?;
                write_new(&path, text.as_bytes()).map_err(file)?;
                text
            }
            Err(fault) => return Err(file(fault)),
        };
        let sealed: Sealed = serde_json::from_str(&text).map_err(|_| KeysFault::Damaged(path.clone()))?;
        let seed = |text: &str, used: &str| {
            self.opened(ws, text, used).ok_or_else(|| KeysFault::Damaged(path.clone()))
        };
        let trail_key = |text: &str, used: &str| {
            TrailKey::new(&*seed(text, used)?).map_err(|_| KeysFault::Damaged(path.clone()))
        };
        let keys = SigningKeys {
            attestation: SigningKey::new(
                &format!("{origin}/attestation"),
                KeyKind::Ed25519,
                &*seed(&sealed.attestation, ATTESTATION)?,
            )?,
            trail: TrailKeys::new(
                trail_key(&sealed.aat_agent, AAT_AGENT)?,
                trail_key(&sealed.aat_recorder, AAT_RECORDER)?,
            )
            .map_err(|_| KeysFault::Damaged(path.clone()))?,
        };
        Ok(Arc::clone(known.entry(ws).or_insert(Arc::new(keys))))
    }

    fn made(&self, ws: WorkspaceId) -> Result<String, KeysFault> {
        let sealed = |seed: Seed, used: &str| {
            let sealed = self.store.vault().seal_secret(ws, &secret_id(used), FIRST, &*seed)?;
            Ok::<_, KeysFault>(STANDARD.encode(sealed))
        };
        let sealed = Sealed {
            attestation: sealed(Zeroizing::new(self.entropy.salt()), ATTESTATION)?,
            aat_agent: sealed(self.trail_seed(), AAT_AGENT)?,
            aat_recorder: sealed(self.trail_seed(), AAT_RECORDER)?,
        };
        serde_json::to_string_pretty(&sealed)
            .map_err(|fault| KeysFault::File(self.folder.clone(), io::Error::other(fault)))
    }

    /// A seed that is a private key on P-256, as all but about one in 2^32 are.
    fn trail_seed(&self) -> Seed {
        loop {
            let seed = Zeroizing::new(self.entropy.salt());
            if TrailKey::new(&seed).is_ok() {
                return seed;
            }
        }
    }

    fn opened(&self, ws: WorkspaceId, text: &str, used: &str) -> Option<Seed> {
        let sealed = STANDARD.decode(text).ok()?;
        let opened = self.store.vault().open_secret(ws, &secret_id(used), FIRST, &sealed).ok()?;
        Some(Zeroizing::new(opened.as_slice().try_into().ok()?))
    }
}

const ATTESTATION: &str = "attestation";
const AAT_AGENT: &str = "aat_agent";
const AAT_RECORDER: &str = "aat_recorder";

fn secret_id(used: &str) -> String {
    format!("export-key/{used}")
}

#[cfg(test)]
mod tests;
