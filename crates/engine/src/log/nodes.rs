//! Nodes of a log's tree out of the store, a tile at a time.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::WorkspaceId;
use proof::digest::Digest;
use proof::tile::{self, Tile, TileKind};
use proof::tree::Frontier;
use proof::{consistency, inclusion};
use store::Store;

use crate::{Error, Result};

/// The nodes of a log of one size. What was read once is kept, because proofs of one head share most of their nodes.
pub struct Nodes<'a> {
    store: &'a dyn Store,
    ws: WorkspaceId,
    size: u64,
    tiles: BTreeMap<Tile, Vec<Digest>>,
}

impl<'a> Nodes<'a> {
    /// Of a log that has at least `size` leaves.
    pub fn new(store: &'a dyn Store, ws: WorkspaceId, size: u64) -> Self {
        Self { store, ws, size, tiles: BTreeMap::new() }
    }

    /// The path of a leaf to the root.
    pub async fn inclusion(&mut self, index: u64) -> Result<Vec<Digest>> {
        let size = self.size;
        self.build(|node| inclusion::build(index, size, node)).await
    }

    /// The proof that this log continues what it was at an earlier size; empty from an empty log.
    pub async fn consistency(&mut self, old_size: u64) -> Result<Vec<Digest>> {
        if old_size == 0 {
            return Ok(Vec::new());
        }
        let size = self.size;
        self.build(|node| consistency::build(old_size, size, node)).await
    }

    /// The tree at this size.
    pub async fn frontier(&mut self) -> Result<Frontier> {
        let size = self.size;
        self.build(|node| Frontier::from_nodes(size, node)).await
    }

    /// Lets `build` ask for nodes until nothing is missing: each round reads the tiles that the last one lacked.
    async fn build<T>(
        &mut self,
        build: impl Fn(&mut dyn FnMut(u32, u64) -> Option<Digest>) -> Option<T>,
    ) -> Result<T> {
        loop {
            let mut missing = BTreeSet::new();
            let built = build(&mut |level, index| {
                tile::node(level, index, self.size, |tile| {
                    let known = self.tiles.get(&tile).cloned();
                    if known.is_none() {
                        missing.insert(tile);
                    }
                    known
                })
            });
            if let Some(built) = built {
                return Ok(built);
            }
            if missing.is_empty() {
                return Err(Error::internal("a proof was asked for that the log cannot have"));
            }
            for tile in missing {
                self.read(tile).await?;
            }
        }
    }

    async fn read(&mut self, tile: Tile) -> Result<()> {
        let TileKind::Hashes(level) = tile.kind else {
            return Err(Error::internal("entries are no nodes"));
        };
        let from = tile.index.saturating_mul(u64::from(tile::WIDTH_MAX));
        let hashes = self.store.subtrees(self.ws, level, from, usize::from(tile.width)).await?;
        if hashes.len() != usize::from(tile.width) {
            return Err(Error::internal("the log has fewer hashes than its size says"));
        }
        self.tiles.insert(tile, hashes);
        Ok(())
    }
}
