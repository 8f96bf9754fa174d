//! Artifacts: files that belong to runs, encrypted, each kept once under the digest of its bytes.

use std::collections::BTreeSet;

use domain::command::Command;
use domain::id::{RunId, WorkspaceId};
use domain::principal::Principal;
use proof::digest::{Digest, sha256};
use proof::json::object;
use serde::{Deserialize, Serialize};
use store::{EntityKind, EntityWrite, Expect};

use super::check;
use crate::access::{Caller, Operation};
use crate::batch::Batch;
use crate::commands::{IdempotencyKey, RACES_MAX};
use crate::ledger::Entry;
use crate::{Code, Engine, Error, Result};

/// Bytes of an artifact: what an entity holds, less the frame and the encryption around it.
pub const ARTIFACT_BYTES_MAX: usize = store::entity::BODY_BYTES_MAX - FRAME_BYTES_MAX;
/// Bytes around an artifact: the header with its runs, the wrapped key, two nonces and two tags.
const FRAME_BYTES_MAX: usize = 8 * 1024;
/// Runs that share one artifact.
const RUNS_MAX: usize = 200;
/// Characters of a media type.
const MEDIA_TYPE_LEN_MAX: usize = 100;
/// The sealed member that names a file by the digest of its bytes.
pub(super) const DIGEST: &str = "sha256";
/// An artifact never changes, so its encryption has one version.
const VERSION: u64 = 1;

/// A file to be attached.
#[derive(Debug, Clone)]
pub struct NewArtifact {
    /// Its name, for people.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// A kept file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Its media type, as it was first given.
    pub media_type: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// What stands in clear before the sealed bytes. The name is a sealed member of the event.
#[derive(Serialize, Deserialize)]
struct Header {
    media_type: String,
    runs: Vec<String>,
}

impl Engine {
    /// Attaches a file to an open run: the file and the event that names its digest, in one commit.
    pub async fn attach(
        &self,
        caller: &Caller,
        run: RunId,
        new: NewArtifact,
        key: Option<&IdempotencyKey>,
    ) -> Result<(Entry, Digest)> {
        const OPERATION: &str = "attach";
        caller.may(Operation::AttachArtifact)?;
        let digest = sha256(&new.bytes);
        if let Some(entry) = self.replay(caller, OPERATION, key).await? {
            return Ok((entry, digest));
        }
        let name = check::name(&new.name, "/name")?;
        check_content(&new)?;
        let _busy = self.busy(caller, OPERATION, key)?;
        let sealed =
            self.store.vault().seal_secret(caller.workspace, &digest.to_string(), VERSION, &new.bytes);
        let sealed = sealed.map_err(store::Error::from)?;
        for _ in 0..RACES_MAX {
            let control = self.control(caller.workspace).await?;
            let entry = self.visible(caller, run).await?;
            let mut batch = Batch::on(self, &control, &entry);
            batch.command(Command::Attach {
                by: Some(caller.principal),
                bytes: u64::try_from(new.bytes.len()).unwrap_or(u64::MAX),
                media_type: new.media_type.clone(),
                artifact: object([("name", name.as_str().into()), (DIGEST, digest.into())]),
            })?;
            let kept = self.kept(caller.workspace, digest, run, &new.media_type, &sealed).await?;
            batch.effects.entities.extend(kept);
            batch.answer(self.idempotency(caller, OPERATION, key, run));
            if let Some((entry, _)) = batch.commit().await? {
                return Ok((entry, digest));
            }
        }
        Err(Error::new(Code::Conflict, "the run changes faster than a file can be attached").retry_after(1))
    }

    /// A file of a run that the caller may see.
    ///
    /// # Errors
    /// [`Code::NotFound`] also for a file of runs that are not the caller's to see.
    pub async fn artifact(&self, caller: &Caller, digest: Digest) -> Result<Artifact> {
        caller.may(Operation::ReadRuns)?;
        let missing = || Error::not_found("artifact", &digest.to_string());
        let id = digest.to_string();
        let entity = self.store.entity(caller.workspace, EntityKind::Artifact, id.clone()).await?;
        let entity = entity.ok_or_else(missing)?;
        let (header, sealed) = unframed(&entity.body)?;
        if !self.sees_any(caller, &header.runs).await? {
            return Err(missing());
        }
        let opened = self.store.vault().open_secret(caller.workspace, &id, VERSION, sealed);
        let opened = opened.map_err(store::Error::from)?;
        Ok(Artifact { media_type: header.media_type, bytes: opened.to_vec() })
    }

    /// The content of a kept file, for whoever may see the run that names it.
    pub(crate) async fn artifact_bytes(&self, ws: WorkspaceId, digest: Digest) -> Result<Option<Vec<u8>>> {
        let id = digest.to_string();
        let Some(entity) = self.store.entity(ws, EntityKind::Artifact, id.clone()).await? else {
            return Ok(None);
        };
        let (_, sealed) = unframed(&entity.body)?;
        let opened = self.store.vault().open_secret(ws, &id, VERSION, sealed).map_err(store::Error::from)?;
        Ok(Some(opened.to_vec()))
    }

    /// The write that gives a file up for these runs: it goes with the last run that it belongs to. None when it is gone.
    pub(super) async fn give_up(
        &self,
        ws: WorkspaceId,
        digest: Digest,
        runs: &BTreeSet<RunId>,
    ) -> Result<Option<EntityWrite>> {
        let (kind, id) = (EntityKind::Artifact, digest.to_string());
        let Some(entity) = self.store.entity(ws, kind, id.clone()).await? else { return Ok(None) };
        let (mut header, sealed) = unframed(&entity.body)?;
        header.runs.retain(|run| !RunId::parse(run).is_ok_and(|run| runs.contains(&run)));
        let body = if header.runs.is_empty() { None } else { Some(framed(&header, sealed)?) };
        let expect = Expect::Version(entity.version);
        Ok(Some(EntityWrite { kind, id, expect, body, lookup: None, owner: None, expires: None }))
    }

    /// People see every run of their workspace, so they see its files.
    async fn sees_any(&self, caller: &Caller, runs: &[String]) -> Result<bool> {
        if matches!(caller.principal, Principal::Person(_)) {
            return Ok(true);
        }
        for run in runs.iter().filter_map(|run| RunId::parse(run).ok()) {
            match self.visible(caller, run).await {
                Ok(_) => return Ok(true),
                Err(error) if error.code == Code::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// The write that keeps a file for a run too; none when it is kept for it already.
    async fn kept(
        &self,
        ws: WorkspaceId,
        digest: Digest,
        run: RunId,
        media_type: &str,
        sealed: &[u8],
    ) -> Result<Option<EntityWrite>> {
        let id = digest.to_string();
        let known = self.store.entity(ws, EntityKind::Artifact, id.clone()).await?;
        let (expect, header, sealed) = match &known {
            None => {
                let header = Header { media_type: media_type.to_owned(), runs: vec![run.to_string()] };
                (Expect::Absent, header, sealed)
            }
            Some(entity) => {
                let (mut header, sealed) = unframed(&entity.body)?;
                if header.runs.contains(&run.to_string()) {
                    return Ok(None);
                }
                if header.runs.len() >= RUNS_MAX {
                    let message = format!("at most {RUNS_MAX} runs share one file");
                    return Err(Error::new(Code::LimitReached, message));
                }
                header.runs.push(run.to_string());
                (Expect::Version(entity.version), header, sealed)
            }
        };
        let body = Some(framed(&header, sealed)?);
        let kind = EntityKind::Artifact;
        Ok(Some(EntityWrite { kind, id, expect, body, lookup: None, owner: None, expires: None }))
    }
}

fn check_content(new: &NewArtifact) -> Result<()> {
    if new.bytes.len() > ARTIFACT_BYTES_MAX {
        return Err(Error::new(Code::BodyTooLarge, format!("a file has at most {ARTIFACT_BYTES_MAX} bytes")));
    }
    let token = |part: &str| {
        let form = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
        !part.is_empty() && part.bytes().all(form)
    };
    // RFC 6838 section 4.2; parameters would be text that nobody checked.
    let form = new.media_type.split_once('/').is_some_and(|(kind, subtype)| token(kind) && token(subtype));
    if form && new.media_type.len() <= MEDIA_TYPE_LEN_MAX {
        return Ok(());
    }
    Err(Error::new(Code::UnsupportedMediaType, "the media type is not of the form `text/plain`"))
}

/// The header's length, the header as JSON, the sealed bytes.
fn framed(header: &Header, sealed: &[u8]) -> Result<Vec<u8>> {
    let header = serde_json::to_vec(header).map_err(|fault| malformed().because(fault))?;
    let length = u32::try_from(header.len()).map_err(|fault| malformed().because(fault))?;
    Ok([&length.to_be_bytes(), header.as_slice(), sealed].concat())
}

fn unframed(body: &[u8]) -> Result<(Header, &[u8])> {
    let (length, rest) = body.split_first_chunk::<4>().ok_or_else(malformed)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|fault| malformed().because(fault))?;
    let (header, sealed) = rest.split_at_checked(length).ok_or_else(malformed)?;
    let header = serde_json::from_slice(header).map_err(|fault| malformed().because(fault))?;
    Ok((header, sealed))
}

fn malformed() -> Error {
    Error::internal("a kept file is malformed")
}

#[cfg(test)]
mod tests;
