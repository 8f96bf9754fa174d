//! The log as others read it: how far it is, its newest head, its tiles, proofs, and the keys to check them with.

use domain::id::WorkspaceId;
use proof::checkpoint::SignedCheckpoint;
use proof::tile::{self, Tile, TileKind, write_entries, write_hashes};
use proof::tlog_proof::TlogProof;

use super::Nodes;
use crate::access::{Caller, Operation};
use crate::{Code, Engine, Error, Result};

/// How far the log of a workspace is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogView {
    /// Its name.
    pub origin: String,
    /// Leaves that are committed.
    pub size: u64,
    /// Leaves under a signed head.
    pub sealed: u64,
    /// Leaves under a head that a quorum of witnesses cosigned.
    pub witnessed: u64,
    /// Why nothing is signed, when nothing is.
    pub fork_risk: Option<String>,
    /// The keys of its heads, newest first, as C2SP verifier keys.
    pub keys: Vec<String>,
}

impl Engine {
    /// How far the log is.
    pub async fn show_log(&self, caller: &Caller) -> Result<LogView> {
        caller.may(Operation::ReadEvidence)?;
        let ws = caller.workspace;
        let heads = self.evidence_heads(ws);
        let keys = self.log_keys(ws).await?;
        Ok(LogView {
            origin: self.control(ws).await?.settings.origin.clone(),
            size: self.store.integrate(ws).await?,
            sealed: heads.sealed,
            witnessed: heads.witnessed,
            fork_risk: heads.fork_risk,
            keys: keys.iter().map(ToString::to_string).collect(),
        })
    }

    /// The newest signed head.
    pub async fn newest_checkpoint(&self, caller: &Caller) -> Result<SignedCheckpoint> {
        caller.may(Operation::ReadEvidence)?;
        self.kept_head(caller.workspace).await
    }

    /// The newest signed head in the store.
    pub(crate) async fn kept_head(&self, ws: WorkspaceId) -> Result<SignedCheckpoint> {
        let kept = self.store.checkpoint(ws, None).await?;
        let kept = kept.ok_or_else(|| Error::new(Code::NotFound, "the log has no signed head yet"))?;
        SignedCheckpoint::parse(kept.note.as_bytes())
            .map_err(|fault| Error::internal("the newest head in the store is damaged").because(fault))
    }

    /// The proof that a leaf stands in the log, under the newest head.
    pub async fn inclusion_proof(&self, caller: &Caller, index: u64) -> Result<TlogProof> {
        caller.may(Operation::ReadEvidence)?;
        let checkpoint = self.kept_head(caller.workspace).await?;
        let size = checkpoint.checkpoint().size;
        if index >= size {
            return Err(
                Error::not_found("leaf", &index.to_string()).hint("the newest head does not cover it")
            );
        }
        let path = Nodes::new(&*self.store, caller.workspace, size).inclusion(index).await?;
        Ok(TlogProof { extra: None, index, path, checkpoint })
    }

    /// A tile by its path, such as `tile/0/000.p/12`, as far as the newest head goes.
    pub async fn tile_of(&self, caller: &Caller, path: &str) -> Result<Vec<u8>> {
        caller.may(Operation::ReadAudit)?;
        let missing = || Error::not_found("tile", path);
        let tile = Tile::parse(path).ok_or_else(missing)?;
        let size = self.kept_head(caller.workspace).await?.checkpoint().size;
        // A tile may be asked for narrower than it is by now, as an older head had it.
        if tile.in_log(size).is_none_or(|known| known.width < tile.width) {
            return Err(missing());
        }
        self.tile(caller.workspace, tile).await
    }

    /// The bytes of a tile that the log has.
    pub(crate) async fn tile(&self, ws: WorkspaceId, tile: Tile) -> Result<Vec<u8>> {
        let (from, width) = (tile.index.saturating_mul(u64::from(tile::WIDTH_MAX)), usize::from(tile.width));
        let missing = || Error::not_found("tile", &tile.to_string());
        match tile.kind {
            TileKind::Hashes(level) => {
                let hashes = self.store.subtrees(ws, level, from, width).await?;
                if hashes.len() == width { Ok(write_hashes(&hashes)) } else { Err(missing()) }
            }
            TileKind::Entries => {
                let entries = self.store.entries(ws, from, width).await?;
                let bytes: Vec<_> = entries.iter().map(|entry| entry.bytes.as_slice()).collect();
                write_entries(&bytes).filter(|_| bytes.len() == width).ok_or_else(missing)
            }
        }
    }

    /// The trust policy in force, or else one to begin with: the keys of the log, and no witness. An auditor keeps their own
    /// copy.
    pub async fn trust_template(&self, ws: WorkspaceId) -> Result<String> {
        if let Some(trust) = self.trust_of(&self.control(ws).await?.settings.origin) {
            return Ok(trust.text().to_owned());
        }
        let keys = self.log_keys(ws).await?;
        let mut text: Vec<String> = keys.iter().map(|key| format!("log {key}")).collect();
        text.push("quorum none\n".to_owned());
        Ok(text.join("\n"))
    }

    /// The trust policy for the caller's workspace.
    pub async fn trust_policy(&self, caller: &Caller) -> Result<String> {
        caller.may(Operation::ReadEvidence)?;
        self.trust_template(caller.workspace).await
    }
}
