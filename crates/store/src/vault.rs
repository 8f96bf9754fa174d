//! Envelope encryption: data keys for subjects and secrets, wrapped by one key-encryption key.
//!
//! Everything is AES-256-GCM-SIV (RFC 8452) under a random nonce. What a text belongs to goes into the associated data,
//! so that it opens nowhere else. This room keeps nothing: a backend stores wrapped keys and sealed texts, and the key
//! of a subject is destroyed by deleting its wrapped form.

use aes_gcm_siv::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use domain::id::WorkspaceId;
use domain::time::Timestamp;
use proof::digest::Digest;
use proof::leaf::SdDigest;
use zeroize::Zeroizing;

use crate::evidence::SubjectKey;

pub(crate) mod recent;
#[cfg(test)]
mod tests;

const KEY_LEN: usize = 32;
const NONCE_LEN: usize = 12;
/// Marks the layout of a sealed secret: version, wrapped key, sealed bytes.
const SECRET_V: u8 = 1;
const WRAPPED_LEN: usize = NONCE_LEN + KEY_LEN + 16;

/// The key-encryption key. It comes from outside and is never stored; it cannot print and leaves memory when dropped.
pub struct Kek(Zeroizing<[u8; KEY_LEN]>);

/// Why something was not sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultFault {
    /// Another key, another place, or changed bytes.
    #[error("the sealed bytes do not open here")]
    Sealed,
    /// The sealed bytes do not have the form that this room writes.
    #[error("the sealed bytes have another form")]
    Form,
    /// The operating system gave no randomness.
    #[error("no randomness")]
    Entropy,
}

/// Seals and opens under the key-encryption key.
pub struct Vault {
    kek: Kek,
}

/// What a data key is for: the sealed fields of one subject in one retention class of one workspace.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct KeyName {
    pub workspace: WorkspaceId,
    pub subject: SubjectKey,
    pub class: String,
}

/// Which data key: a subject that was erased and comes back has another one. Six bytes of time, so that new keys stand
/// together in every index, and ten random ones.
pub(crate) type KeyId = [u8; 16];

/// A data key, unwrapped.
pub(crate) struct DataKey {
    pub id: KeyId,
    pub name: KeyName,
    key: Zeroizing<[u8; KEY_LEN]>,
}

impl Kek {
    /// Takes 32 uniformly random bytes.
    pub fn new(bytes: Zeroizing<[u8; KEY_LEN]>) -> Self {
        Self(bytes)
    }
}

impl Vault {
    /// A vault under this key.
    pub fn new(kek: Kek) -> Self {
        Self { kek }
    }

    /// Seals a secret under a data key of its own, for this workspace, id and version only.
    pub fn seal_secret(
        &self,
        workspace: WorkspaceId,
        id: &str,
        version: u64,
        secret: &[u8],
    ) -> Result<Vec<u8>, VaultFault> {
        let place = secret_place(workspace, id, version);
        let key = random_key()?;
        let mut sealed = vec![SECRET_V];
        sealed.extend(seal(&self.kek.0, &place, &*key)?);
        sealed.extend(seal(&key, &place, secret)?);
        Ok(sealed)
    }

    /// Opens a secret that was sealed for this workspace, id and version.
    pub fn open_secret(
        &self,
        workspace: WorkspaceId,
        id: &str,
        version: u64,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultFault> {
        let place = secret_place(workspace, id, version);
        let rest = sealed.strip_prefix(&[SECRET_V]).ok_or(VaultFault::Form)?;
        let (wrapped, text) = rest.split_at_checked(WRAPPED_LEN).ok_or(VaultFault::Form)?;
        let key = key_of(&open(&self.kek.0, &place, wrapped)?)?;
        open(&key, &place, text)
    }

    /// A new data key and its wrapped form.
    pub(crate) fn new_key(&self, name: KeyName, at: Timestamp) -> Result<(DataKey, Vec<u8>), VaultFault> {
        let mut id = KeyId::default();
        let (time, random) = id.split_at_mut(6);
        time.copy_from_slice(at.millis().to_be_bytes().get(2..).ok_or(VaultFault::Form)?);
        fill(random)?;
        let key = random_key()?;
        let wrapped = seal(&self.kek.0, &key_place(&name, &id), &*key)?;
        Ok((DataKey { id, name, key }, wrapped))
    }

    /// Unwraps a data key.
    pub(crate) fn unwrap(&self, id: KeyId, name: KeyName, wrapped: &[u8]) -> Result<DataKey, VaultFault> {
        let key = key_of(&open(&self.kek.0, &key_place(&name, &id), wrapped)?)?;
        Ok(DataKey { id, name, key })
    }

    /// A text that only this key-encryption key opens again.
    pub(crate) fn mark(&self) -> Result<Vec<u8>, VaultFault> {
        seal(&self.kek.0, MARK, &[])
    }

    /// Whether a mark was made under this key-encryption key.
    pub(crate) fn knows(&self, mark: &[u8]) -> bool {
        open(&self.kek.0, MARK, mark).is_ok()
    }
}

const MARK: &[u8] = b"actionplane/key-check/v1";

impl DataKey {
    /// Seals the text of a disclosure for its holder.
    pub(crate) fn seal(&self, holder: &Digest, digest: &SdDigest, text: &str) -> Result<Vec<u8>, VaultFault> {
        seal(&self.key, &disclosure_place(self.name.workspace, holder, digest.as_str()), text.as_bytes())
    }

    /// Opens the text of a disclosure.
    pub(crate) fn open(&self, holder: &Digest, digest: &str, sealed: &[u8]) -> Result<String, VaultFault> {
        let text = open(&self.key, &disclosure_place(self.name.workspace, holder, digest), sealed)?;
        String::from_utf8(text.to_vec()).map_err(|_| VaultFault::Form)
    }
}

/// The workspace id stands for the origin of its log: it never changes, while a log may be closed and opened anew.
fn disclosure_place(workspace: WorkspaceId, holder: &Digest, digest: &str) -> Vec<u8> {
    let mut place = workspace.to_string().into_bytes();
    place.push(b'\n');
    place.extend(holder.as_bytes());
    place.extend(digest.as_bytes());
    place
}

fn secret_place(workspace: WorkspaceId, id: &str, version: u64) -> Vec<u8> {
    format!("actionplane/secret/v1\n{workspace}\n{version}\n{id}").into_bytes()
}

fn key_place(name: &KeyName, id: &KeyId) -> Vec<u8> {
    let mut place = format!("actionplane/data-key/v1\n{}\n{}\n", name.workspace, name.class).into_bytes();
    place.extend(name.subject);
    place.extend(id);
    place
}

fn seal(key: &[u8; KEY_LEN], place: &[u8], text: &[u8]) -> Result<Vec<u8>, VaultFault> {
    let mut nonce = [0; NONCE_LEN];
    fill(&mut nonce)?;
    let payload = Payload { msg: text, aad: place };
    let sealed = Aes256GcmSiv::new(key.into()).encrypt(&Nonce::from(nonce), payload);
    let mut out = nonce.to_vec();
    out.extend(sealed.map_err(|_| VaultFault::Form)?);
    Ok(out)
}

fn open(key: &[u8; KEY_LEN], place: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultFault> {
    let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(VaultFault::Form)?;
    let payload = Payload { msg: text, aad: place };
    let opened = Aes256GcmSiv::new(key.into()).decrypt(&Nonce::from(*nonce), payload);
    opened.map(Zeroizing::new).map_err(|_| VaultFault::Sealed)
}

fn key_of(bytes: &[u8]) -> Result<Zeroizing<[u8; KEY_LEN]>, VaultFault> {
    bytes.try_into().map(Zeroizing::new).map_err(|_| VaultFault::Form)
}

fn random_key() -> Result<Zeroizing<[u8; KEY_LEN]>, VaultFault> {
    let mut key = Zeroizing::new([0; KEY_LEN]);
    fill(&mut *key)?;
    Ok(key)
}

fn fill(bytes: &mut [u8]) -> Result<(), VaultFault> {
    getrandom::fill(bytes).map_err(|_| VaultFault::Entropy)
}
