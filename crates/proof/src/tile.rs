//! C2SP tlog-tiles: a log as files that never change once they are full.
//!
//! A hash tile holds up to 256 nodes of one level that is a multiple of 8; the entry bundle of an index holds the
//! leaves under the hash tile of level 0 and that index.

#[cfg(test)]
mod tests;

use std::fmt;

use crate::digest::Digest;
use crate::lines::decimal;
use crate::tree::{SIZE_MAX, root};

/// How many hashes or entries a full tile has.
pub const WIDTH_MAX: u16 = 256;

/// The highest level that a path can name.
pub const LEVEL_MAX: u8 = 63;

/// The largest entry, in bytes: its length is written in 16 bits.
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// How many levels of the tree one tile spans.
const HEIGHT: u32 = 8;

/// What a tile holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TileKind {
    /// Node hashes; the number counts in tiles, so level 1 is level 8 of the tree.
    Hashes(u8),
    /// Leaves.
    Entries,
}

/// The place of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tile {
    /// What it holds.
    pub kind: TileKind,
    /// Which one of its level, from 0.
    pub index: u64,
    /// How many hashes or entries it has, from 1 to [`WIDTH_MAX`]; below that it is partial.
    pub width: u16,
}

impl Tile {
    /// Reads a path such as `tile/0/x001/067` or `tile/entries/000.p/12`, in its one form.
    pub fn parse(path: &str) -> Option<Self> {
        let (kind, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let kind = if kind == "entries" {
            TileKind::Entries
        } else {
            TileKind::Hashes(decimal(kind).filter(|level| *level <= LEVEL_MAX)?)
        };
        let (index, width) = match rest.split_once(".p/") {
            None => (rest, WIDTH_MAX),
            Some((index, width)) => (index, decimal(width).filter(|width| (1..WIDTH_MAX).contains(width))?),
        };
        Some(Self { kind, index: parse_index(index)?, width })
    }
}

impl fmt::Display for Tile {
    /// The path, relative to the prefix of the log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Hashes(level) => write!(f, "tile/{level}/")?,
            TileKind::Entries => f.write_str("tile/entries/")?,
        }
        write_groups(f, self.index / 1000)?;
        write!(f, "{:03}", self.index % 1000)?;
        if self.width < WIDTH_MAX { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

/// `x001/x234/`: all groups of three digits but the last, nothing for 0.
fn write_groups(f: &mut fmt::Formatter<'_>, number: u64) -> fmt::Result {
    if number == 0 {
        return Ok(());
    }
    write_groups(f, number / 1000)?;
    write!(f, "x{:03}/", number % 1000)
}

fn parse_index(text: &str) -> Option<u64> {
    let mut index = 0_u64;
    let mut groups = text.split('/').peekable();
    let alone = !text.contains('/');
    let mut first = true;
    while let Some(group) = groups.next() {
        let digits = if groups.peek().is_some() { group.strip_prefix('x')? } else { group };
        if digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        // Leading groups of zeros would be a second path to the same tile.
        if first && !alone && digits == "000" {
            return None;
        }
        first = false;
        index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
    }
    (index <= SIZE_MAX).then_some(index)
}

/// All tiles of a log of `size` leaves: entry bundles first, then hash tiles level by level.
pub fn tiles(size: u64) -> impl Iterator<Item = Tile> {
    changed(0, size)
}

/// The tiles of a log of `new_size` leaves that a log of `old_size` leaves does not have, or has narrower.
/// Nothing if the log did not grow.
pub fn changed(old_size: u64, new_size: u64) -> impl Iterator<Item = Tile> {
    let levels = (0..=7).map(TileKind::Hashes);
    std::iter::once(TileKind::Entries).chain(levels).flat_map(move |kind| {
        let (old, new) = (nodes(kind, old_size), nodes(kind, new_size));
        let first = old / u64::from(WIDTH_MAX);
        let tiles = if old < new { first..new.div_ceil(u64::from(WIDTH_MAX)) } else { 0..0 };
        tiles.filter_map(move |index| Tile { kind, index, width: WIDTH_MAX }.in_log(new_size))
    })
}

impl Tile {
    /// This tile as it is in a log of `size` leaves, full or partial; none if the log has nothing there.
    pub fn in_log(self, size: u64) -> Option<Self> {
        let start = self.index.checked_mul(u64::from(WIDTH_MAX))?;
        let present = nodes(self.kind, size).checked_sub(start)?.min(u64::from(WIDTH_MAX));
        let width = u16::try_from(present).ok().filter(|width| *width > 0)?;
        Some(Self { width, ..self })
    }
}

/// How many hashes or entries all tiles of this kind hold together.
fn nodes(kind: TileKind, size: u64) -> u64 {
    match kind {
        TileKind::Hashes(level) => size.checked_shr(u32::from(level) * HEIGHT).unwrap_or(0),
        TileKind::Entries => size,
    }
}

/// A node of a log of `size` leaves, out of its hash tiles: what [`crate::inclusion::build`] and
/// [`crate::consistency::build`] ask for. `read` gets the tile as it is at that size and returns its hashes.
/// None if the log has no such node or `read` has no such tile.
pub fn node(
    level: u32,
    index: u64,
    size: u64,
    read: impl FnOnce(Tile) -> Option<Vec<Digest>>,
) -> Option<Digest> {
    let kind = TileKind::Hashes(u8::try_from(level / HEIGHT).ok()?);
    // A node between two levels of tiles is the root over a run of hashes within one tile.
    let across = 1_usize << (level % HEIGHT);
    let start = index.checked_mul(across as u64)?;
    let tile = Tile { kind, index: start / u64::from(WIDTH_MAX), width: WIDTH_MAX }.in_log(size)?;
    let within = usize::try_from(start % u64::from(WIDTH_MAX)).ok()?;
    let hashes = read(tile)?;
    if hashes.len() != usize::from(tile.width) {
        return None;
    }
    hashes.get(within..within + across).map(root)
}

/// The bytes of a hash tile.
pub fn write_hashes(hashes: &[Digest]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

/// Reads a hash tile of 1 to [`WIDTH_MAX`] hashes.
pub fn parse_hashes(bytes: &[u8]) -> Option<Vec<Digest>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    let whole = rest.is_empty() && (1..=usize::from(WIDTH_MAX)).contains(&hashes.len());
    whole.then(|| hashes.iter().copied().map(Digest::from_bytes).collect())
}

/// The bytes of an entry bundle. None unless it has 1 to [`WIDTH_MAX`] entries, none above
/// [`ENTRY_BYTES_MAX`].
pub fn write_entries<T: AsRef<[u8]>>(entries: &[T]) -> Option<Vec<u8>> {
    if !(1..=usize::from(WIDTH_MAX)).contains(&entries.len()) {
        return None;
    }
    let mut bundle = Vec::new();
    for entry in entries {
        let entry = entry.as_ref();
        bundle.extend(u16::try_from(entry.len()).ok()?.to_be_bytes());
        bundle.extend(entry);
    }
    Some(bundle)
}

/// Reads an entry bundle of 1 to [`WIDTH_MAX`] entries.
pub fn parse_entries(mut bundle: &[u8]) -> Option<Vec<&[u8]>> {
    let mut entries = Vec::new();
    while let Some((length, rest)) = bundle.split_first_chunk() {
        let (entry, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
        entries.push(entry);
        bundle = rest;
    }
    (bundle.is_empty() && (1..=usize::from(WIDTH_MAX)).contains(&entries.len())).then_some(entries)
}
