//! Idempotency of requests: the same key with the same body is done once and answered again.

use std::sync::PoisonError;

use domain::id::RunId;
use proof::digest::Digest;
use store::IdempotencyRecord;

use crate::access::Caller;
use crate::ledger::Entry;
use crate::{Code, Engine, Error, Result};

/// How long answers are kept: seconds.
pub(crate) const KEPT_S: u64 = 24 * 3600;
/// Characters of a key.
pub const KEY_LEN_MAX: usize = 255;

/// The fingerprint of a request's body.
pub type Fingerprint = Digest;

/// The caller's key with what it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// As sent.
    pub key: String,
    /// Of the body.
    pub fingerprint: Fingerprint,
}

impl IdempotencyKey {
    /// Checks the key: 1 to 255 printable ASCII characters.
    pub fn new(key: &str, fingerprint: Fingerprint) -> Result<Self> {
        let form =
            !key.is_empty() && key.len() <= KEY_LEN_MAX && key.bytes().all(|byte| byte.is_ascii_graphic());
        if form {
            return Ok(Self { key: key.to_owned(), fingerprint });
        }
        Err(Error::new(
            Code::IdempotencyKeyInvalid,
            "the `Idempotency-Key` is not 1 to 255 printable characters",
        )
        .hint("use a fresh UUID for each thing that you want done"))
    }
}

/// A request that is being handled; over when dropped.
pub(crate) struct Busy<'a> {
    engine: &'a Engine,
    name: Option<(String, &'static str, String)>,
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            self.engine.requests.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        }
    }
}

impl Engine {
    /// The run that this request was answered with before.
    pub(crate) async fn replay(
        &self,
        caller: &Caller,
        operation: &'static str,
        key: Option<&IdempotencyKey>,
    ) -> Result<Option<Entry>> {
        let Some(run) = self.replayed(caller, operation, key).await? else { return Ok(None) };
        match run.run {
            Some(run) => Ok(Some(self.visible(caller, run).await?)),
            None => Ok(None),
        }
    }

    /// The stored answer to this request.
    pub(crate) async fn replayed(
        &self,
        caller: &Caller,
        operation: &'static str,
        key: Option<&IdempotencyKey>,
    ) -> Result<Option<IdempotencyRecord>> {
        let Some(key) = key else { return Ok(None) };
        let principal = caller.principal.to_string();
        let known =
            self.store.idempotent(caller.workspace, principal, operation.to_owned(), key.key.clone()).await?;
        match known.filter(|known| known.expires > self.now()) {
            None => Ok(None),
            Some(known) if known.fingerprint == key.fingerprint => Ok(Some(known)),
            Some(_) => Err(Error::new(
                Code::IdempotencyKeyReused,
                "this `Idempotency-Key` was used with another body",
            )
            .hint("use a fresh key for each thing that you want done")),
        }
    }

    /// Marks the request as being handled, so that its twin is refused meanwhile.
    pub(crate) fn busy(
        &self,
        caller: &Caller,
        operation: &'static str,
        key: Option<&IdempotencyKey>,
    ) -> Result<Busy<'_>> {
        let name =
            key.map(|key| (format!("{} {}", caller.workspace, caller.principal), operation, key.key.clone()));
        if let Some(name) = &name {
            let fresh = self.requests.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone());
            if !fresh {
                return Err(Error::new(
                    Code::IdempotencyInFlight,
                    "the first request with this key is still being handled",
                )
                .retry_after(1));
            }
        }
        Ok(Busy { engine: self, name })
    }

    /// The record that is saved with the first commit of a request.
    pub(crate) fn idempotency(
        &self,
        caller: &Caller,
        operation: &'static str,
        key: Option<&IdempotencyKey>,
        run: RunId,
    ) -> Option<IdempotencyRecord> {
        let key = key?;
        let now = self.now();
        Some(IdempotencyRecord {
            principal: caller.principal.to_string(),
            operation: operation.to_owned(),
            key: key.key.clone(),
            fingerprint: key.fingerprint,
            status: 200,
            run: Some(run),
            reply: Vec::new(),
            created: now,
            expires: now.plus_s(KEPT_S),
        })
    }
}
