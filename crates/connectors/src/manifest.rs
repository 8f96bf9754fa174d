//! The manifest: one reviewed TOML file that says everything about a system of record.
//!
//! [`Manifest::parse`] reads and checks it as a whole. A manifest that leaves anything open that an action needs (how its
//! outcome is told, how its effect is proven, how it is undone) does not load. Running it is the business of [`crate::http`].

mod check;
mod fault;
mod file;
mod template;

use std::collections::{BTreeMap, BTreeSet};

use domain::mutation::{Environment, Fields};
use domain::name::Slug;
use policy::schema::ActionShape;
use proof::digest::Digest;
use reqwest::Method;
use reqwest::header::HeaderName;

pub use fault::{Fault, Faults};
pub use file::{IdForm, Scheme};
pub(crate) use template::{Scope, Template, Text, merged, percent_encoded};

use crate::description::{Description, ObjectDescription};
use crate::json::{Json, Pointer};

/// Bytes of a manifest file.
pub const FILE_BYTES_MAX: usize = 256 * 1024;

/// The manifests that come with the program: file name and text.
pub const BUILT_IN: [(&str, &str); 3] = [
    ("zendesk.toml", include_str!("../manifests/zendesk.toml")),
    ("salesforce.toml", include_str!("../manifests/salesforce.toml")),
    ("roundup.toml", include_str!("../manifests/roundup.toml")),
];

/// A checked manifest.
#[derive(Debug)]
pub struct Manifest {
    /// The kind of software.
    pub system: Slug,
    /// Its name for people.
    pub title: String,
    /// The version of the vendor's interface that this manifest was written for.
    pub api: String,
    /// The file's bytes.
    pub text: String,
    /// Their digest.
    pub digest: Digest,
    /// Where an instance may point to outside loopback: host names, `*.` for any subdomain.
    pub hosts: Vec<String>,
    /// Base URLs for instances that name none.
    pub base_urls: BTreeMap<Environment, String>,
    pub(crate) timeout_ms: u64,
    pub(crate) simulation: Option<Times>,
    pub(crate) auth: Auth,
    pub(crate) headers: Vec<(HeaderName, Text)>,
    pub(crate) evidence_headers: BTreeSet<String>,
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) objects: BTreeMap<Slug, Object>,
}

/// The times of a simulator of ours, which answers at once or never: a drill need not wait as long as a vendor may take.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "the unit stands in the name, in the file as well")]
pub(crate) struct Times {
    pub timeout_ms: u64,
    pub settle_ms: u64,
    pub lands_within_ms: u64,
}

#[derive(Debug)]
pub(crate) struct Auth {
    pub schemes: BTreeSet<Scheme>,
    pub api_key_header: Option<HeaderName>,
    pub token_path: Option<String>,
    pub identity: Option<Identity>,
}

/// How the connector learns under which user the system of record knows it.
#[derive(Debug)]
pub(crate) enum Identity {
    /// An answer to a question says it.
    Path { path: Text, at: Pointer },
    /// The last part of a URL in the token endpoint's answer.
    Token { at: Pointer },
    /// It is the user name that we sign in with.
    User,
}

#[derive(Debug)]
pub(crate) struct Object {
    pub description: ObjectDescription,
    pub id_form: IdForm,
    pub read: Text,
    pub record: Pointer,
    pub id: Pointer,
    pub version: Option<VersionAt>,
    pub conditional_write: Option<ConditionalWrite>,
    pub fields: BTreeMap<String, Wire>,
    pub actions: BTreeMap<Slug, Action>,
    pub journal: Option<Listing>,
    pub metadata: Option<Metadata>,
}

#[derive(Debug)]
pub(crate) enum VersionAt {
    Header(HeaderName),
    Body(Pointer),
}

#[derive(Debug)]
pub(crate) enum ConditionalWrite {
    Header(HeaderName, Text),
    Body(Template),
}

/// How one field stands on the wire.
#[derive(Debug)]
pub(crate) struct Wire {
    /// Where it is read, within the record.
    pub read: Pointer,
    /// The member that writes it; absent for a field that no action writes.
    pub write: Option<String>,
    pub encoding: Encoding,
    /// What the vendor's metadata calls it; absent when it does not mention it.
    pub metadata: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Encoding {
    /// Written as a JSON number, though held as text.
    pub number: bool,
    /// What clears the field, where the vendor ignores `null`.
    pub null: Json,
}

#[derive(Debug)]
pub(crate) struct Action {
    pub method: Method,
    pub path: Text,
    pub headers: Vec<(HeaderName, Text)>,
    pub body: Option<Template>,
    pub sets: Fields,
    pub arguments: BTreeMap<String, Encoding>,
    pub accepted: Accepted,
    pub refusals: Vec<Refusal>,
    pub lookup: Option<Listing>,
    /// What a journal entry of ours must hold, for an action that is proven by the journal.
    pub event: Option<Vec<Match>>,
    pub undo_arguments: Fields,
}

#[derive(Debug)]
pub(crate) struct Accepted {
    pub status: BTreeSet<u16>,
    pub when: Vec<Match>,
    pub handle: Option<Pointer>,
}

#[derive(Debug)]
pub(crate) struct Refusal {
    pub status: BTreeSet<u16>,
    pub when: Vec<Match>,
    pub code: Slug,
    pub retryable: bool,
    pub conflict: bool,
}

/// A place in a JSON text, and what must stand there.
#[derive(Debug)]
pub(crate) struct Match {
    pub at: Pointer,
    pub any_of: Vec<Template>,
}

/// A list that the vendor answers: a journal, the comments of a ticket, the records with our key.
#[derive(Debug)]
pub(crate) struct Listing {
    pub path: Text,
    pub entries: Pointer,
    /// The URL or path of the next page; null or absent on the last one.
    pub next: Option<Pointer>,
    pub at: Option<Pointer>,
    pub author: Option<Pointer>,
    pub handle: Option<Pointer>,
    pub key: Option<Pointer>,
    pub when: Vec<Match>,
    /// The list keeps every effect, so that absence speaks.
    pub complete: bool,
    pub changes: Option<Changes>,
}

/// Where a journal entry names changed fields.
#[derive(Debug)]
pub(crate) struct Changes {
    /// The events within an entry; absent when the entry itself is one.
    pub each: Option<Pointer>,
    pub when: Vec<Match>,
    pub field: Pointer,
    pub value: Pointer,
}

/// Where the vendor describes its own fields.
#[derive(Debug)]
pub(crate) struct Metadata {
    pub path: Text,
    pub fields: Pointer,
    pub name: Pointer,
    pub values: Option<(Pointer, Pointer)>,
}

impl Manifest {
    /// Reads and checks a manifest; `file` is its name in messages.
    ///
    /// # Errors
    /// Every fault at once, each with its place, what is wrong, and what to do.
    pub fn parse(file: &str, text: &str) -> Result<Self, Faults> {
        if text.len() > FILE_BYTES_MAX {
            return Err(Faults::one(
                file,
                "",
                format!("the file has {} bytes", text.len()),
                format!("at most {FILE_BYTES_MAX} fit"),
            ));
        }
        let raw = file::read(file, text)?;
        check::check(file, raw, text)
    }

    /// What policies may say about it, whatever an instance is called and wherever it points.
    pub fn policy_shapes(&self) -> Vec<ActionShape> {
        let description = Description {
            system: self.system.clone(),
            title: self.title.clone(),
            connector: self.system.clone(),
            environment: Environment::Simulation,
            manifest: self.digest,
            configuration: self.digest,
            tenant: String::new(),
            objects: self.objects().map(|(name, object)| (name.clone(), object.clone())).collect(),
        };
        description.policy_shapes()
    }

    /// The objects as people, policies and agents see them.
    pub fn objects(&self) -> impl Iterator<Item = (&Slug, &ObjectDescription)> {
        self.objects.iter().map(|(name, object)| (name, &object.description))
    }
}

#[cfg(test)]
mod tests;
