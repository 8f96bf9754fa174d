//! The evidence file `.apev`: a manifest, and the files that it lists with their hashes.
//!
//! The manifest is a table of contents, not a proof: whoever makes a bundle makes its manifest. What the files
//! mean is for a verifier to judge.

mod manifest;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use manifest::{FileEntry, MANIFEST_BYTES_MAX, Manifest, Scope, V};

use crate::digest::sha256;
use crate::strict::Fault;
use crate::zip::{self, ZipFault};
pub use crate::zip::{MANIFEST, path_form};

/// Why a bundle is refused, or not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleFault {
    /// The archive.
    #[error("the archive: {0}")]
    Zip(#[from] ZipFault),
    /// There is no manifest.
    #[error("no `manifest.json`")]
    NoManifest,
    /// The manifest is not in its form.
    #[error("the manifest: {0}")]
    Manifest(#[from] Fault),
    /// A file that the manifest lists is not there.
    #[error("`{0}` is listed and not there")]
    Missing(String),
    /// A file is there that the manifest does not list, or under a name outside the form.
    #[error("`{0}` is there and not listed")]
    Unlisted(String),
    /// A file is not the one that the manifest lists.
    #[error("`{0}` is not the file that is listed")]
    Changed(String),
}

/// A bundle whose files are those of its manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle<'a> {
    manifest: Manifest,
    files: BTreeMap<&'a str, &'a [u8]>,
}

impl<'a> Bundle<'a> {
    /// Opens an archive.
    ///
    /// # Errors
    /// What is wrong with archive, manifest or files.
    pub fn open(zip: &'a [u8]) -> Result<Self, BundleFault> {
        Self::from_files(zip::read(zip)?)
    }

    /// Opens what was read from a directory: paths below it with `/` between parts, the manifest among them.
    ///
    /// # Errors
    /// What is wrong with manifest or files.
    pub fn from_files(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Result<Self, BundleFault> {
        let mut files: BTreeMap<_, _> = files.into_iter().collect();
        let manifest = files.remove(MANIFEST).ok_or(BundleFault::NoManifest)?;
        let manifest = Manifest::parse(manifest)?;
        for listed in &manifest.files {
            let path = &listed.path;
            let content = *files.get(path.as_str()).ok_or_else(|| BundleFault::Missing(path.clone()))?;
            if content.len() as u64 != listed.bytes || sha256(content) != listed.sha256 {
                return Err(BundleFault::Changed(path.clone()));
            }
        }
        let listed =
            |path: &str| manifest.files.binary_search_by(|file| file.path.as_str().cmp(path)).is_ok();
        match files.keys().find(|path| !listed(path)) {
            Some(path) => Err(BundleFault::Unlisted((*path).to_owned())),
            None => Ok(Self { manifest, files }),
        }
    }

    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The content of a file.
    pub fn file(&self, path: &str) -> Option<&'a [u8]> {
        self.files.get(path).copied()
    }

    /// All files but the manifest, sorted by path.
    pub fn files(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        self.files.iter().map(|(path, content)| (*path, *content))
    }
}

/// The archive of these files under this manifest, whose own list of files is replaced.
///
/// # Errors
/// A name or a manifest that [`Bundle::open`] would refuse, or more than an archive may hold.
pub fn pack(manifest: &Manifest, files: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>, BundleFault> {
    let manifest = Manifest { files: list(files), ..manifest.clone() }.to_bytes()?;
    let files = files.iter().map(|(path, content)| (path.as_str(), content.as_slice()));
    Ok(zip::write(files.chain([(MANIFEST, manifest.as_slice())]))?)
}

/// What a manifest says of these files.
pub fn list(files: &BTreeMap<String, Vec<u8>>) -> Vec<FileEntry> {
    let entry = |(path, content): (&String, &Vec<u8>)| FileEntry::of(path, content);
    files.iter().map(entry).collect()
}
