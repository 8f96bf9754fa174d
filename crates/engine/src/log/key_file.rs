//! Log keys in files, each sealed under the key-encryption key, and beside them the newest head that was signed.
//!
//! The folder belongs to another place than the database and its backups: a database that was put back to an earlier state
//! then meets the head that it no longer continues. `<log>.keys` holds the keys, `<log>.head` the head as a signed note.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::id::WorkspaceId;
use domain::time::Timestamp;
use proof::checkpoint::{Checkpoint, SignedCheckpoint};
use proof::consistency;
use proof::digest::Digest;
use proof::note::{KeyKind, SigningKey, VerifierKey};
use proof::tree::Frontier;
use serde::{Deserialize, Serialize};
use store::Store;
use zeroize::Zeroizing;

use crate::seams::{Entropy, SignFault, Signer};

/// Keys that one log may have had.
const KEYS_MAX: usize = 100;

/// Keys and heads in a folder.
pub struct KeyFile {
    folder: PathBuf,
    store: Arc<dyn Store>,
    entropy: Arc<dyn Entropy>,
    /// Keys by log, as they were read. Held while a head is signed, so that heads follow each other.
    known: Mutex<BTreeMap<String, Vec<Key>>>,
}

/// A key with its time.
struct Key {
    key: SigningKey,
    entry: Entry,
}

/// A key as the file holds it, oldest first.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    vkey: String,
    /// The seed, sealed for this workspace, log and place in the list.
    sealed: String,
    /// When it signs for the last time; none for the newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
}

impl KeyFile {
    /// Keys in a folder, made at the first key, sealed by the vault of a store.
    pub fn new(folder: PathBuf, store: Arc<dyn Store>, entropy: Arc<dyn Entropy>) -> Self {
        Self { folder, store, entropy, known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Vec<Key>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The characters of an origin that a file name should not have become two that an origin does not have.
    fn path(&self, origin: &str, what: &str) -> PathBuf {
        self.folder.join(format!("{}.{what}", origin.replace('/', "+").replace(':', "=")))
    }

    /// Lends the keys of a log.
    fn with_keys<T>(
        &self,
        ws: WorkspaceId,
        origin: &str,
        work: impl FnOnce(&mut Vec<Key>) -> Result<T, SignFault>,
    ) -> Result<T, SignFault> {
        let mut known = self.known();
        if !known.contains_key(origin) {
            let keys = self.read(ws, origin)?;
            known.insert(origin.to_owned(), keys);
        }
        work(known.entry(origin.to_owned()).or_default())
    }

    fn read(&self, ws: WorkspaceId, origin: &str) -> Result<Vec<Key>, SignFault> {
        let path = self.path(origin, "keys");
        let damaged = || SignFault::Damaged(path.clone());
        let text = read(&path)?.ok_or_else(|| SignFault::Missing(path.clone()))?;
        let entries: Vec<Entry> = serde_json::from_str(&text).map_err(|_| damaged())?;
        let mut keys = Vec::new();
        for (number, entry) in (0..).zip(entries) {
            let sealed = STANDARD.decode(&entry.sealed).map_err(|_| damaged())?;
            let opened = self.store.vault().open_secret(ws, &secret_id(origin), number, &sealed);
            let seed: Zeroizing<[u8; 32]> = opened
                .ok()
                .and_then(|seed| Some(Zeroizing::new(seed.as_slice().try_into().ok()?)))
                .ok_or_else(damaged)?;
            let key = SigningKey::new(origin, KeyKind::Ed25519, &seed).map_err(|_| damaged())?;
            if key.verifier().to_string() != entry.vkey {
                return Err(damaged());
            }
            keys.push(Key { key, entry });
        }
        if keys.is_empty() { Err(damaged()) } else { Ok(keys) }
    }

    /// Adds a key to a log and writes the file.
    fn add(&self, ws: WorkspaceId, origin: &str, keys: &mut Vec<Key>) -> Result<VerifierKey, SignFault> {
        if keys.len() >= KEYS_MAX {
            return Err(SignFault::Exhausted);
        }
        let seed = Zeroizing::new(self.entropy.salt());
        let key = SigningKey::new(origin, KeyKind::Ed25519, &seed)?;
        let number = u64::try_from(keys.len()).unwrap_or(u64::MAX);
        let sealed = self.store.vault().seal_secret(ws, &secret_id(origin), number, &*seed)?;
        let verifier = key.verifier().clone();
        let entry = Entry { vkey: verifier.to_string(), sealed: STANDARD.encode(sealed), until: None };
        let mut entries: Vec<_> = keys.iter().map(|key| key.entry.clone()).collect();
        entries.push(entry.clone());
        let text = serde_json::to_string_pretty(&entries).map_err(io::Error::other);
        let path = self.path(origin, "keys");
        text.and_then(|text| replace(&path, text.as_bytes()))
            .map_err(|fault| SignFault::File(path, fault))?;
        keys.push(Key { key, entry });
        Ok(verifier)
    }

    /// The newest head that was signed, its signature checked.
    fn head(&self, origin: &str, keys: &[Key]) -> Result<SignedCheckpoint, SignFault> {
        let path = self.path(origin, "head");
        let text = read(&path)?.ok_or_else(|| SignFault::Missing(path.clone()))?;
        let head = SignedCheckpoint::parse(text.as_bytes()).map_err(|_| SignFault::Damaged(path.clone()))?;
        let signed = head.verify(keys.iter().map(|key| key.key.verifier()));
        let ours = signed.is_ok_and(|signed| !signed.is_empty()) && head.checkpoint().origin == origin;
        if ours { Ok(head) } else { Err(SignFault::Damaged(path)) }
    }

    fn write_head(&self, origin: &str, head: &SignedCheckpoint) -> Result<(), SignFault> {
        let path = self.path(origin, "head");
        replace(&path, head.to_string().as_bytes()).map_err(|fault| SignFault::File(path, fault))
    }
}

impl Signer for KeyFile {
    fn make(&self, ws: WorkspaceId, origin: &str, now: Timestamp) -> Result<VerifierKey, SignFault> {
        let mut keys = match self.read(ws, origin) {
            Err(SignFault::Missing(_)) => Vec::new(),
            read => read?,
        };
        // A first start that ended early has left a key, and at most the head of the empty log.
        let made = match keys.last() {
            Some(key) => key.key.verifier().clone(),
            None => self.add(ws, origin, &mut keys)?,
        };
        let empty = Checkpoint { origin: origin.to_owned(), size: 0, root: Frontier::default().root() };
        match self.head(origin, &keys) {
            Err(SignFault::Missing(_)) => self.write_head(origin, &sign(&empty, &keys, now)?)?,
            head => {
                let signed = head?.checkpoint().clone();
                if signed != empty {
                    return Err(SignFault::Fork { signed: signed.into(), asked: empty.into() });
                }
            }
        }
        self.known().insert(origin.to_owned(), keys);
        Ok(made)
    }

    fn keys(&self, ws: WorkspaceId, origin: &str) -> Result<Vec<VerifierKey>, SignFault> {
        self.with_keys(ws, origin, |keys| {
            Ok(keys.iter().rev().map(|key| key.key.verifier().clone()).collect())
        })
    }

    fn newest(&self, ws: WorkspaceId, origin: &str) -> Result<SignedCheckpoint, SignFault> {
        self.with_keys(ws, origin, |keys| self.head(origin, keys))
    }

    fn sign(
        &self,
        ws: WorkspaceId,
        head: &Checkpoint,
        proof: &[Digest],
        now: Timestamp,
    ) -> Result<SignedCheckpoint, SignFault> {
        self.with_keys(ws, &head.origin, |keys| {
            let before = self.head(&head.origin, keys)?.checkpoint().clone();
            // From the empty tree everything continues; RFC 9162 has no proof for it.
            let continues = before.size == 0
                || consistency::verify(before.size, &before.root, head.size, &head.root, proof).is_ok();
            if !continues {
                return Err(SignFault::Fork { signed: before.into(), asked: head.clone().into() });
            }
            let signed = sign(head, keys, now)?;
            self.write_head(&head.origin, &signed)?;
            Ok(signed)
        })
    }

    fn rotate(&self, ws: WorkspaceId, origin: &str, until: Timestamp) -> Result<VerifierKey, SignFault> {
        self.with_keys(ws, origin, |keys| {
            if let Some(last) = keys.last_mut() {
                last.entry.until = Some(until.to_string());
            }
            self.add(ws, origin, keys)
        })
    }
}

impl Key {
    fn signs(&self, now: Timestamp) -> bool {
        self.entry
            .until
            .as_deref()
            .is_none_or(|until| Timestamp::parse(until).is_none_or(|until| now < until))
    }
}

fn sign(head: &Checkpoint, keys: &[Key], now: Timestamp) -> Result<SignedCheckpoint, SignFault> {
    let signing = keys.iter().filter(|key| key.signs(now)).map(|key| &key.key);
    Ok(SignedCheckpoint::sign(head, signing)?)
}

fn secret_id(origin: &str) -> String {
    format!("log-key/{origin}")
}

fn read(path: &Path) -> Result<Option<String>, SignFault> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(fault) => Err(SignFault::File(path.to_owned(), fault)),
    }
}

/// Replaces a file as a whole, for its owner only, on stable storage before it is in its place.
///
/// After a power failure the earlier file may be there again; an earlier head is one that every later one continues.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    builder.create(folder)?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let mut file: File = options.open(&beside)?;
    file.write_all(bytes)?;
    file.sync_data()?;
    std::fs::rename(&beside, path)
}
