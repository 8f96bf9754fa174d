//! `manifest.json`: strict JSON in one form.

use super::{MANIFEST, path_form};
use crate::canonical;
use crate::digest::{Digest, sha256};
use crate::json::{Object, Value, object};
use crate::leaf::time_form;
use crate::members::{Members, integer, text};
use crate::note::name_form;
use crate::strict::{Fault, parse_evidence_max};

/// The largest manifest, in bytes.
pub const MANIFEST_BYTES_MAX: usize = 67_108_864;

/// The format version, the value of `v`.
pub const V: &str = "actionplane.bundle/1";

/// The table of contents of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// When it was made, in the form of [`time_form`].
    pub created: String,
    /// Every file but the manifest itself, sorted by path, each once.
    pub files: Vec<FileEntry>,
    /// The origin of the log.
    pub origin: String,
    /// What the bundle is about.
    pub scope: Scope,
    /// The size of the log in the bundle's head.
    pub size: u64,
    /// The retention class of what is in it.
    pub retention: Option<String>,
}

/// A file as the manifest lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEntry {
    /// Its length.
    pub bytes: u64,
    /// Its path in the bundle, in the form of [`path_form`].
    pub path: String,
    /// SHA-256 of its bytes.
    pub sha256: Digest,
}

/// What a bundle is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Single runs with their proofs.
    Run,
    /// The runs of a time.
    Range,
    /// The whole log with its tiles.
    Full,
}

impl Scope {
    /// The word in the manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Range => "range",
            Self::Full => "full",
        }
    }

    fn parse(value: Value) -> Option<Self> {
        [Self::Run, Self::Range, Self::Full].into_iter().find(|scope| value.as_str() == Some(scope.as_str()))
    }
}

impl FileEntry {
    /// What a manifest says of this file.
    pub fn of(path: &str, content: &[u8]) -> Self {
        Self { bytes: content.len() as u64, path: path.to_owned(), sha256: sha256(content) }
    }

    fn to_value(&self) -> Result<Value, Fault> {
        let bytes = i64::try_from(self.bytes).map_err(|_| Fault::IntegerRange)?;
        Ok(object([
            ("bytes", bytes.into()),
            ("path", self.path.as_str().into()),
            ("sha256", self.sha256.into()),
        ]))
    }

    fn parse(value: Value) -> Result<Self, Fault> {
        let mut members = Members::of(value)?;
        let entry = Self {
            bytes: members.required("bytes", Fault::ManifestForm, integer())?,
            path: members.required(
                "path",
                Fault::ManifestForm,
                text(|path| path_form(path) && path != MANIFEST),
            )?,
            sha256: members
                .required("sha256", Fault::ManifestForm, |digest| Digest::parse(digest.as_str()?))?,
        };
        members.finish()?;
        Ok(entry)
    }
}

impl Manifest {
    /// The bytes of the file.
    ///
    /// # Errors
    /// The rule that this manifest breaks: bytes come out only if [`Manifest::parse`] takes them.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Fault> {
        let files: Vec<_> = self.files.iter().map(FileEntry::to_value).collect::<Result<_, _>>()?;
        let mut manifest = Object::from([
            ("created".into(), self.created.as_str().into()),
            ("files".into(), files.into()),
            ("origin".into(), self.origin.as_str().into()),
            ("scope".into(), self.scope.as_str().into()),
            ("size".into(), i64::try_from(self.size).map_err(|_| Fault::IntegerRange)?.into()),
            ("v".into(), V.into()),
        ]);
        if let Some(retention) = &self.retention {
            manifest.insert("retention".into(), retention.as_str().into());
        }
        let bytes = canonical::to_bytes(&manifest.into());
        Self::parse(&bytes)?;
        Ok(bytes)
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// The rule that the bytes break. [`Fault::Version`] means that they cannot be judged here.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let value = parse_evidence_max(bytes, MANIFEST_BYTES_MAX)?;
        match value.get("v") {
            None => return Err(Fault::MissingMember),
            Some(v) if v.as_str() != Some(V) => return Err(Fault::Version),
            Some(_) => {}
        }
        let mut members = Members::of(value)?;
        members.pass("v");
        let files = members.required("files", Fault::ManifestForm, |files| {
            if let Value::Array(files) = files { Some(files) } else { None }
        })?;
        let manifest = Self {
            created: members.required("created", Fault::Time, text(time_form))?,
            files: files.into_iter().map(FileEntry::parse).collect::<Result<_, _>>()?,
            origin: members.required("origin", Fault::ManifestForm, text(name_form))?,
            scope: members.required("scope", Fault::ManifestForm, Scope::parse)?,
            size: members.required("size", Fault::ManifestForm, integer())?,
            retention: members.optional("retention", Fault::ManifestForm, text(|class| !class.is_empty()))?,
        };
        members.finish()?;
        let sorted = manifest.files.is_sorted_by(|left, right| left.path < right.path);
        if sorted { Ok(manifest) } else { Err(Fault::ManifestForm) }
    }
}
