//! Files and the clock: the only room that touches either.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use domain::time::Timestamp;
use verifier::Files;

/// Why nothing could be judged.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A file cannot be read or written.
    #[error("`{0}`: {1}")]
    Io(String, std::io::Error),
    /// Something in a directory is no file: a link may lead out of the bundle.
    #[error("`{0}` is neither a file nor a directory")]
    NoFile(String),
    /// A file of the auditor's own is not what it should be.
    #[error("`{0}`: {1}")]
    Malformed(String, String),
    /// A page without a bundle.
    #[error("there is no bundle in {0}")]
    NoBundle(String),
}

impl Fault {
    /// 2 for a mistake in the use of the program, else 1: could not judge.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Malformed(..) => 2,
            Self::Io(..) | Self::NoFile(_) | Self::NoBundle(_) => 1,
        }
    }
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Fault {
    |error| Fault::Io(path.display().to_string(), error)
}

/// The bytes of a file.
#[expect(clippy::disallowed_methods, reason = "the program around the pure library reads files")]
pub fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    std::fs::read(path).map_err(io(path))
}

/// Writes a new file or over an old one.
#[expect(clippy::disallowed_methods, reason = "the program around the pure library writes what it extracts")]
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    std::fs::write(path, bytes).map_err(io(path))
}

/// Whether it is a directory.
pub fn is_directory(path: &Path) -> bool {
    path.is_dir()
}

/// All files below a directory.
pub fn directory(root: &Path) -> Result<Files, Fault> {
    let mut files = Files::new();
    walk(root, "", &mut files)?;
    Ok(files)
}

#[expect(clippy::disallowed_methods, reason = "the program around the pure library reads files")]
fn walk(folder: &Path, prefix: &str, files: &mut Files) -> Result<(), Fault> {
    for entry in std::fs::read_dir(folder).map_err(io(folder))? {
        let entry = entry.map_err(io(folder))?;
        let path = entry.path();
        let kind = entry.file_type().map_err(io(&path))?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if kind.is_dir() {
            walk(&path, &format!("{name}/"), files)?;
        } else if kind.is_file() {
            files.take(&name, read(&path)?);
        } else {
            return Err(Fault::NoFile(path.display().to_string()));
        }
    }
    Ok(())
}

/// The time.
#[expect(clippy::disallowed_methods, reason = "the program around the pure library has a clock")]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
