//! Copies of heads in a folder: `<origin>/<size>-<time>.checkpoint`. None is ever written over.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use domain::time::Timestamp;
use proof::checkpoint::{Checkpoint, SignedCheckpoint};
use proof::note::VerifierKey;

const ENDING: &str = ".checkpoint";

/// The folder of a log.
pub(super) fn of(directory: &Path, origin: &str) -> PathBuf {
    directory.join(encoded(origin))
}

/// An origin as a name: what a file name should not have becomes what an origin does not have.
pub(super) fn encoded(origin: &str) -> String {
    origin.replace('/', "+").replace(':', "=")
}

/// The name of a copy.
pub(super) fn name(size: u64, now: Timestamp) -> String {
    format!("{size:012}-{}{ENDING}", now.to_string().replace([':', '.'], "-"))
}

/// Writes a copy; it and its name are on stable storage then.
pub(super) fn write(folder: &Path, size: u64, now: Timestamp, note: &[u8]) -> io::Result<String> {
    std::fs::create_dir_all(folder)?;
    let name = name(size, now);
    let mut file = File::create_new(folder.join(&name))?;
    file.write_all(note)?;
    file.sync_all()?;
    File::open(folder)?.sync_all()?;
    Ok(name)
}

/// The largest head in a folder that one of these keys signed. What they did not sign says nothing about the log.
pub(super) fn newest(folder: &Path, keys: &[VerifierKey]) -> io::Result<Option<Checkpoint>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(fault) => return Err(fault),
    };
    let mut names = entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<Vec<_>>>()?;
    // The names are in the order of sizes.
    names.retain(|name| name.ends_with(ENDING));
    names.sort();
    for name in names.iter().rev() {
        let head = SignedCheckpoint::parse(&std::fs::read(folder.join(name))?).ok();
        let signed = |head: &SignedCheckpoint| head.verify(keys).is_ok_and(|signed| !signed.is_empty());
        if let Some(head) = head.filter(signed) {
            return Ok(Some(head.checkpoint().clone()));
        }
        tracing::error!(file = name, "a copy of a head is damaged, or no key of this log signed it");
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
