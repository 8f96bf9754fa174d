//! A whole log: its root from its entries, its tiles from the same, and no event of a run left out.

use std::collections::{BTreeMap, BTreeSet};

use proof::digest::Digest;
use proof::leaf::Leaf;
use proof::strict::Fault;
use proof::tile::{TileKind, parse_entries, parse_hashes, tiles};
use proof::tree::{Frontier, leaf_hash};

use super::signatures::Head;
use crate::files::Files;
use crate::finding::{Check, Docket, Place};
use crate::read::{Chain, Parts};

/// Every entry of a log whose root is the signed one.
#[derive(Debug)]
pub struct Entries {
    leaves: Vec<(Vec<u8>, Digest)>,
    /// Complete subtrees, by level and number.
    nodes: BTreeMap<(u32, u64), Digest>,
}

impl Entries {
    /// The hash of an entry.
    pub fn hash(&self, index: u64) -> Option<Digest> {
        usize::try_from(index).ok().and_then(|index| self.leaves.get(index)).map(|(_, hash)| *hash)
    }

    /// The root of the first entries.
    pub fn root_at(&self, size: u64) -> Option<Digest> {
        Some(Frontier::from_nodes(size, |level, n| self.nodes.get(&(level, n)).copied())?.root())
    }
}

/// Reads a log that is there in full; `None` where it is not, or where it does not give the signed root.
pub fn read(files: &Files, head: &Head, docket: &mut Docket) -> Option<Entries> {
    let mut known: BTreeMap<&str, &[u8]> =
        files.under("log").filter(|(path, _)| path.starts_with("tile/")).collect();
    let mut entries = Entries { leaves: Vec::new(), nodes: BTreeMap::new() };
    let mut frontier = Frontier::default();
    for tile in tiles(head.checkpoint.size) {
        docket.look(Check::FullLog);
        let path = tile.to_string();
        let place = Place::file(format!("log/{path}"));
        // A claimed size may be absurd, so nothing is looked for beyond the first tile that is missing.
        let Some(bytes) = known.remove(path.as_str()) else {
            docket.missing(Check::FullLog, place, "a tile of the whole log is missing");
            return None;
        };
        match tile.kind {
            TileKind::Entries => {
                let parsed = parse_entries(bytes).filter(|parsed| parsed.len() == usize::from(tile.width));
                let Some(parsed) = parsed else {
                    docket.tampered(Check::FullLog, place, "a tile of entries is malformed");
                    return None;
                };
                for entry in parsed {
                    let hash = leaf_hash(entry);
                    frontier.append_each(hash, |level, n, node| {
                        entries.nodes.insert((level, n), node);
                    });
                    entries.leaves.push((entry.to_vec(), hash));
                }
            }
            TileKind::Hashes(level) => {
                let start = tile.index * 256;
                let due = (start..start + u64::from(tile.width))
                    .map(|n| entries.nodes.get(&(u32::from(level) * 8, n)).copied());
                if parse_hashes(bytes) != due.collect::<Option<Vec<_>>>() {
                    docket.tampered(
                        Check::FullLog,
                        place,
                        "a tile of hashes does not follow from the entries",
                    );
                    return None;
                }
            }
        }
    }
    for path in known.keys() {
        docket.tampered(Check::FullLog, Place::file(format!("log/{path}")), "the log has no such tile");
    }
    if frontier.root() != head.checkpoint.root {
        docket.tampered(Check::FullLog, Place::bundle(), "the entries do not give the signed root");
        return None;
    }
    Some(entries)
}

/// Every entry of a run that the bundle has, and every act of the workspace, is among the events of the bundle.
pub fn nothing_hidden(entries: &Entries, parts: &Parts, docket: &mut Docket) {
    let mut told: BTreeMap<Option<String>, BTreeSet<u64>> = BTreeMap::new();
    told.insert(None, indexes(&parts.workspace));
    told.extend(parts.runs.values().map(|run| (run.chain.run.clone(), indexes(&run.chain))));
    let mut elsewhere = BTreeSet::new();
    for (index, (bytes, _)) in (0u64..).zip(&entries.leaves) {
        let place = Place::bundle().at(index);
        let run = match Leaf::parse(bytes) {
            Ok(leaf) => leaf.run,
            Err(Fault::Version) => {
                docket.unknown(Check::FullLog, place, "an entry of the log is written in an unknown version");
                continue;
            }
            Err(fault) => {
                docket.tampered(Check::FullLog, place, format!("an entry of the log is no event: {fault}"));
                continue;
            }
        };
        match told.get(&run) {
            Some(indexes) if indexes.contains(&index) => {}
            Some(_) => docket.missing(
                Check::FullLog,
                Place { run: run.clone(), ..place },
                "the log has an event of this chain that the bundle leaves out",
            ),
            None => drop(elsewhere.insert(run)),
        }
    }
    if !elsewhere.is_empty() {
        let told =
            format!("{} other runs stand in the log, and are not part of this bundle", elsewhere.len());
        docket.leave_open(Check::FullLog, Place::bundle(), told);
    }
}

fn indexes<E>(chain: &Chain<E>) -> BTreeSet<u64> {
    chain.lines.iter().map(|line| line.index).collect()
}
