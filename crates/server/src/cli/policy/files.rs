//! Policies and cases from files, and the schema that they are checked against without a server.

use std::path::{Path, PathBuf};

use policy::Schema;
use policy::fault::{Fault, Place};

use super::super::failure::{Failure, Result};
use crate::manifests;

/// One file.
pub struct Source {
    pub path: PathBuf,
    pub text: String,
}

/// Policies as one text, and cases.
pub struct Sources {
    /// All policies, file after file.
    pub text: String,
    /// Where each file begins in it: the number of lines before.
    starts: Vec<(usize, PathBuf)>,
    /// The files of cases.
    pub cases: Vec<Source>,
}

impl Sources {
    /// Reads files, and the policy and case files of folders, in the order of their names.
    pub fn read(paths: &[PathBuf]) -> Result<Self> {
        let mut files = Vec::new();
        for path in paths {
            if path.is_dir() {
                let folder = std::fs::read_dir(path).map_err(Failure::reading(path))?;
                let mut inside: Vec<PathBuf> = folder.flatten().map(|entry| entry.path()).collect();
                inside.retain(|path| is_policy(path) || is_cases(path));
                inside.sort();
                files.extend(inside);
            } else {
                files.push(path.clone());
            }
        }
        let mut sources = Self { text: String::new(), starts: Vec::new(), cases: Vec::new() };
        for path in files {
            let text = std::fs::read_to_string(&path).map_err(Failure::reading(&path))?;
            if is_cases(&path) {
                sources.cases.push(Source { path, text });
                continue;
            }
            if !sources.text.is_empty() {
                sources.text.push('\n');
            }
            sources.starts.push((sources.text.matches('\n').count(), path));
            sources.text.push_str(&text);
        }
        if sources.starts.is_empty() {
            return Err(Failure::Usage("there are no policies among the files".to_owned()));
        }
        Ok(sources)
    }

    /// The file, line and column where the author finds a place of the joined text.
    pub fn at(&self, line: usize, column: usize) -> Option<(&Path, usize, usize)> {
        let (start, path) = self.starts.iter().rev().find(|(start, _)| *start < line)?;
        Some((path, line - start, column))
    }

    /// A fault with the place where its author finds it.
    pub fn place(&self, fault: &Fault) -> String {
        match fault.place.and_then(|place| self.at(place.line, place.column)) {
            None => fault.to_string(),
            Some((path, line, column)) => {
                let shown = Fault { place: Some(Place { line, column }), ..fault.clone() };
                format!("{}:{shown}", path.display())
            }
        }
    }

    /// The texts of the cases.
    pub fn cases_texts(&self) -> Vec<&str> {
        self.cases.iter().map(|source| source.text.as_str()).collect()
    }
}

fn is_policy(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "cedar")
}

fn is_cases(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(".cases.toml"))
}

/// The actions of every system of record that there is a manifest for.
pub fn schema(manifests: Option<&Path>) -> Result<Schema> {
    let manifests = manifests::load(manifests).map_err(|fault| Failure::Usage(fault.to_string()))?;
    let shapes = manifests.values().flat_map(|manifest| manifest.policy_shapes());
    Schema::new(shapes).map_err(|fault| Failure::other(format!("the manifests give no schema: {fault}")))
}

#[cfg(test)]
mod tests;
