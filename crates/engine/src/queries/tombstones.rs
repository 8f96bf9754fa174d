//! What was erased, when and why, as the workspace chains say: kept in memory and read on as the chains grow.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::WorkspaceId;
use domain::name::Slug;
use domain::principal::Actor;
use domain::time::Timestamp;
use domain::workspace::{DisclosureErased, ERASED_MAX, WorkspaceEvent};
use proof::digest::Digest;
use proof::leaf::{Leaf, SdDigest};
use store::{Chain, StoredLeaf};

use crate::{Engine, Error, Result};

/// Why a value is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// When it was erased.
    pub at: Timestamp,
    /// Why that was lawful.
    pub basis: Slug,
}

/// An erasure: the leaves that one request wrote.
#[derive(Debug, Clone)]
pub(crate) struct Erased {
    /// The place of its first leaf in the workspace chain, by which it is known.
    pub first: u64,
    /// The place of its last leaf.
    pub last: u64,
    /// The hash of its first leaf.
    pub hash: Digest,
    /// Who erased.
    pub by: Actor,
    /// When and why.
    pub tombstone: Tombstone,
    /// When the last backup is gone that holds what was erased.
    pub complete_by: Option<Timestamp>,
    /// How many values.
    pub count: u64,
    /// Whether its last leaf is full, so that the next one may go on.
    is_full: bool,
}

/// The erasures of one workspace.
#[derive(Debug, Default)]
pub(crate) struct Erasures {
    /// How much of the chain was read.
    next: u64,
    /// In the order of the chain.
    all: Vec<Erased>,
    /// Which erasure took a digest.
    digests: BTreeMap<[u8; 32], usize>,
}

/// The erasures of every workspace, as far as they were read.
#[derive(Default)]
pub(crate) struct Tombstones(Mutex<BTreeMap<WorkspaceId, Arc<RwLock<Erasures>>>>);

/// A look at the erasures of a workspace.
pub(crate) struct Look(Arc<RwLock<Erasures>>);

impl Look {
    /// What is known. Never held across a wait.
    pub fn read(&self) -> RwLockReadGuard<'_, Erasures> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Erasures {
    /// All erasures in the order of the chain.
    pub fn all(&self) -> &[Erased] {
        &self.all
    }

    /// Which erasure took a value.
    pub fn of(&self, digest: &SdDigest) -> Option<&Tombstone> {
        let at = self.digests.get(&bytes(digest)?)?;
        self.all.get(*at).map(|erased| &erased.tombstone)
    }

    /// The newest erasure that took one of these values. A digest does not tell its name: where some fields of an event went
    /// earlier than others, all of them were gone by then.
    pub fn newest<'a>(&self, digests: impl IntoIterator<Item = &'a SdDigest>) -> Option<&Tombstone> {
        digests.into_iter().filter_map(|digest| self.of(digest)).max_by_key(|tombstone| tombstone.at)
    }

    fn read_on(&mut self, leaves: &[StoredLeaf]) -> Result<()> {
        for stored in leaves {
            // Somebody else may have read on meanwhile.
            if stored.seq != self.next {
                continue;
            }
            let malformed = || Error::internal("the workspace chain does not read");
            let leaf = Leaf::parse(&stored.bytes).map_err(|fault| malformed().because(fault))?;
            if leaf.kind == "disclosure.erased" {
                let by = Actor::from_by(&leaf.by).ok_or_else(malformed)?;
                let at = Timestamp::parse(&leaf.time).ok_or_else(malformed)?;
                let event = WorkspaceEvent::read(&leaf.kind, leaf.data)
                    .map_err(|fault| malformed().because(fault))?;
                if let WorkspaceEvent::DisclosureErased(event) = event {
                    self.add(stored, by, at, event);
                }
            }
            self.next += 1;
        }
        Ok(())
    }

    fn add(&mut self, stored: &StoredLeaf, by: Actor, at: Timestamp, event: DisclosureErased) {
        let goes_on = |before: &&mut Erased| {
            before.last + 1 == stored.seq
                && before.is_full
                && before.by == by
                && before.tombstone.at == at
                && before.tombstone.basis == event.basis
        };
        let is_full = event.digests.len() == ERASED_MAX;
        match self.all.last_mut().filter(goes_on) {
            Some(before) => {
                before.last = stored.seq;
                before.count += u64::from(event.count);
                before.is_full = is_full;
            }
            None => self.all.push(Erased {
                first: stored.seq,
                last: stored.seq,
                hash: stored.hash,
                by,
                tombstone: Tombstone { at, basis: event.basis },
                complete_by: event.complete_by,
                count: event.count.into(),
                is_full,
            }),
        }
        let erasure = self.all.len().saturating_sub(1);
        for digest in event.digests.iter().filter_map(bytes) {
            self.digests.entry(digest).or_insert(erasure);
        }
    }
}

/// The 32 bytes of a digest, which take less memory than its text.
fn bytes(digest: &SdDigest) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(digest.as_str()).ok()?.try_into().ok()
}

impl Engine {
    /// What was erased in a workspace until now.
    pub(crate) async fn erasures_of(&self, ws: WorkspaceId) -> Result<Look> {
        let known = {
            let mut all = self.tombstones.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(ws).or_default())
        };
        let head = self.head(ws).await?;
        loop {
            let next = known.read().unwrap_or_else(PoisonError::into_inner).next;
            if next >= head.next {
                return Ok(Look(known));
            }
            let leaves = self.store.chain(ws, Chain::Workspace, next, store::page::CHAIN_MAX).await?;
            if leaves.is_empty() {
                return Ok(Look(known));
            }
            known.write().unwrap_or_else(PoisonError::into_inner).read_on(&leaves)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::id::PersonId;
    use domain::principal::Principal;

    use super::*;

    fn event(count: usize, salt: u8) -> DisclosureErased {
        let digest = |n: usize| {
            let mut bytes = [salt; 32];
            bytes[..8].copy_from_slice(&u64::try_from(n).unwrap().to_be_bytes());
            SdDigest::parse(&URL_SAFE_NO_PAD.encode(bytes)).unwrap()
        };
        let digests = (0..count).map(digest).collect();
        let basis = Slug::parse("gdpr-17-1-b").unwrap();
        DisclosureErased { basis, complete_by: None, count: u32::try_from(count).unwrap(), digests }
    }

    #[test]
    fn the_leaves_of_one_request_are_one_erasure_and_the_first_that_names_a_digest_counts() {
        let person = PersonId::parse("person_01h455vb4pex5vsknk084sn02q").unwrap();
        let by = Actor::Principal(Principal::Person(person));
        let stored = |seq| StoredLeaf {
            seq,
            hash: proof::tree::leaf_hash(&seq.to_string().into_bytes()),
            bytes: Vec::new(),
            position: seq,
            index: Some(seq),
        };
        let at = Timestamp::from_millis;
        let mut erasures = Erasures::default();
        for (seq, time, leaf) in [
            (3, 10, event(ERASED_MAX, 1)),
            (4, 10, event(2, 2)),
            // The one before was not full.
            (5, 10, event(1, 3)),
            // Full, but another time; and a digest that went before.
            (7, 20, event(ERASED_MAX, 4)),
            (8, 30, event(1, 1)),
        ] {
            erasures.add(&stored(seq), by, at(time), leaf);
        }
        let told: Vec<_> = erasures.all.iter().map(|one| (one.first, one.last, one.count)).collect();
        assert_eq!(told, [(3, 4, 258), (5, 5, 1), (7, 7, 256), (8, 8, 1)]);
        let digests = [event(1, 1), event(1, 4)].map(|event| event.digests[0].clone());
        assert_eq!(digests.each_ref().map(|digest| erasures.of(digest).unwrap().at), [at(10), at(20)]);
        assert_eq!(erasures.newest(&digests).unwrap().at, at(20));
        assert_eq!(erasures.newest(&event(1, 9).digests), None);
    }
}
