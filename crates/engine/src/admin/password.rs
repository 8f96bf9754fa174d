//! Passwords: what is good enough, and how it is kept. Argon2id with the crate's default cost, as PHC strings.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::{Code, Engine, Error, Result};

/// The shortest password: characters.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// The longest password: bytes. Longer ones would only cost time.
pub(super) const PASSWORD_BYTES_MAX: usize = 1_024;
/// Hashes computed at one time: each takes 19 MiB, and anybody may ask for one.
const HASHES_MAX: usize = 4;

/// Long enough, and still the first that anybody tries.
const COMMON: [&str; 24] = [
    "123456789012",
    "1234567890123",
    "12345678901234",
    "1234567890123456",
    "1q2w3e4r5t6y",
    "actionplane1",
    "actionplane123",
    "adminadminadmin",
    "administrator",
    "administrator1",
    "changemechangeme",
    "changeme1234",
    "correcthorsebatterystaple",
    "iloveyou1234",
    "letmeinletmein",
    "monkeymonkey",
    "p@ssw0rd1234",
    "password1234",
    "password12345",
    "passwordpassword",
    "qwerty123456",
    "qwertyuiop12",
    "qwertyuiop123",
    "welcome12345",
];

/// Limits how many hashes are computed at one time.
pub(super) struct Hashing(Arc<Semaphore>);

impl Default for Hashing {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(HASHES_MAX)))
    }
}

/// Refuses a password that is too short, too long, the user's own name or among the most common.
pub(super) fn check(password: &str, username: &str, at: &str) -> Result<()> {
    let weak = |message: String| {
        Err(Error::new(Code::WeakPassword, message).at(at).hint("a few unrelated words make a good password"))
    };
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return weak(format!("a password has at least {PASSWORD_CHARS_MIN} characters"));
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return weak(format!("a password has at most {PASSWORD_BYTES_MAX} bytes"));
    }
    let lower = password.to_lowercase();
    if lower == username.to_lowercase() {
        return weak("the password is the user name".to_owned());
    }
    let first = lower.chars().next();
    if COMMON.contains(&lower.as_str()) || lower.chars().all(|c| Some(c) == first) {
        return weak("this password is one of the first that are tried".to_owned());
    }
    Ok(())
}

impl Engine {
    /// The PHC string under which a password is kept.
    pub(super) async fn hash_password(&self, password: &str) -> Result<String> {
        let salt = self.entropy.salt();
        let hash = move |password: &[u8]| Argon2::default().hash_password_with_salt(password, &salt);
        let hash = self.hashing(password, hash).await?;
        Ok(hash.map_err(|_| Error::internal("a password could not be hashed"))?.to_string())
    }

    /// Whether a password is the kept one. Without a kept one it takes as long and is never right.
    pub(super) async fn is_password(&self, password: &str, kept: Option<&str>) -> Result<bool> {
        if password.len() > PASSWORD_BYTES_MAX {
            return Ok(false);
        }
        let Some(kept) = kept else {
            self.hash_password(password).await?;
            return Ok(false);
        };
        let kept = kept.to_owned();
        let verify = move |password: &[u8]| {
            let kept = PasswordHash::new(&kept).ok()?;
            Some(Argon2::default().verify_password(password, &kept).is_ok())
        };
        let verified = self.hashing(password, verify).await?;
        verified.ok_or_else(|| Error::internal("a kept password hash does not read"))
    }

    /// Runs on a thread that may block, a few at a time.
    async fn hashing<T: Send + 'static>(
        &self,
        password: &str,
        work: impl FnOnce(&[u8]) -> T + Send + 'static,
    ) -> Result<T> {
        let password = Zeroizing::new(password.as_bytes().to_vec());
        let permit = Arc::clone(&self.admin.hashing.0).acquire_owned().await;
        let permit = permit.map_err(|fault| Error::internal("hashing has stopped").because(fault))?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work(&password);
            drop(permit);
            done
        });
        done.await.map_err(|fault| Error::internal("hashing was interrupted").because(fault))
    }
}

#[cfg(test)]
mod tests;
