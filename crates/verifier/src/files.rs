//! A bundle as files by path, wherever they came from.

use std::collections::BTreeMap;

use proof::bundle::path_form;

/// The files of a bundle.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    files: BTreeMap<String, Vec<u8>>,
    refused: Vec<FilesFault>,
}

/// Why a file cannot be part of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilesFault {
    /// A path outside the one form.
    #[error("`{0}` is not a path that a bundle may have")]
    Path(String),
    /// Two files with one path.
    #[error("`{0}` is there twice")]
    Twice(String),
}

impl Files {
    /// No files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file.
    ///
    /// # Errors
    /// [`FilesFault`] for a path that leaves the bundle, has characters that some file system reads in its own way, or
    /// is there already.
    pub fn insert(&mut self, path: impl Into<String>, bytes: Vec<u8>) -> Result<(), FilesFault> {
        let path = path.into();
        if !path_form(&path) {
            return Err(FilesFault::Path(path.chars().take(200).collect()));
        }
        if self.files.contains_key(&path) {
            return Err(FilesFault::Twice(path));
        }
        self.files.insert(path, bytes);
        Ok(())
    }

    /// Adds a file that was found, or remembers that it cannot be part of a bundle.
    pub fn take(&mut self, path: &str, bytes: Vec<u8>) {
        let refused = self.insert(path, bytes).err();
        self.refused.extend(refused);
    }

    /// What was found and cannot be part of a bundle.
    pub fn refused(&self) -> &[FilesFault] {
        &self.refused
    }

    /// A file.
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    /// Every file, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }

    /// The files below a folder, by the rest of their path.
    pub fn under<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        let inside = move |path: &'a str| path.strip_prefix(folder)?.strip_prefix('/');
        self.iter().filter_map(move |(path, bytes)| Some((inside(path)?, bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_inside_and_stands_once() {
        let mut files = Files::new();
        for good in ["manifest.json", "log/tile/0/x001/067.p/3", "a", "A_9.-/b"] {
            assert_eq!(files.insert(good, vec![]), Ok(()));
            assert_eq!(files.insert(good, vec![]), Err(FilesFault::Twice(good.to_owned())));
        }
        for bad in ["", "/a", "a/", "a//b", "../a", "a/../b", ".a", "-a", "a b", "a\\b", "é", "a:b"] {
            assert_eq!(files.insert(bad, vec![]), Err(FilesFault::Path(bad.to_owned())));
        }
    }

    #[test]
    fn a_folder_holds_what_is_below_it_and_nothing_else() {
        let mut files = Files::new();
        for path in ["a/b", "a/c/d", "ab/c", "a.txt"] {
            files.insert(path, vec![]).unwrap();
        }
        assert_eq!(files.under("a").map(|(rest, _)| rest).collect::<Vec<_>>(), ["b", "c/d"]);
    }
}
