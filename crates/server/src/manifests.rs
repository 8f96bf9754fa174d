//! The manifests of a process: those that come with the program, and the operator's own from a folder.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use connectors::manifest::{Faults, Manifest};
use connectors::registry::{self, Manifests};
use domain::name::Slug;

/// Why the manifests do not load.
#[derive(Debug, thiserror::Error)]
pub enum ManifestFault {
    /// The folder or a file in it cannot be read.
    #[error("cannot read the manifests at `{}`", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// A manifest has faults, told with file, key and remedy.
    #[error("a manifest does not load: {0}")]
    Faults(Faults),
    /// Two manifests of one system.
    #[error("`{}` is for `{system}`, which there is a manifest for already: give it a `system` of its own", path.display())]
    Taken {
        /// The file.
        path: PathBuf,
        /// What it is for.
        system: Slug,
    },
}

/// Every manifest, with those of the folder.
///
/// # Errors
/// One that does not load keeps the server from starting: a connector would be missing without a word.
pub fn load(folder: Option<&Path>) -> Result<Manifests, ManifestFault> {
    let mut manifests = registry::built_in().map_err(ManifestFault::Faults)?;
    let Some(folder) = folder else { return Ok(manifests) };
    let file = |path: &Path| {
        let path = path.to_owned();
        move |fault| ManifestFault::File(path, fault)
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(file(folder))? {
        paths.push(entry.map_err(file(folder))?.path());
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    for path in paths {
        let text = std::fs::read_to_string(&path).map_err(file(&path))?;
        let manifest = Manifest::parse(&path.display().to_string(), &text).map_err(ManifestFault::Faults)?;
        let system = manifest.system.clone();
        if manifests.insert(system.clone(), Arc::new(manifest)).is_some() {
            return Err(ManifestFault::Taken { path, system });
        }
    }
    Ok(manifests)
}

#[cfg(test)]
mod tests;
