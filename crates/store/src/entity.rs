//! Documents with a version and small indexes: whatever is neither evidence nor a run. Their bodies are opaque here.

use domain::time::Timestamp;

/// Bytes of one body.
pub const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes of an id, lookup or owner text.
pub const NAME_LEN_MAX: usize = 512;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $word:literal,)*) => {
        /// What an entity is. Ids and lookup texts are unique per workspace and kind.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EntityKind {
            $($(#[$doc])* $name,)*
        }

        impl EntityKind {
            /// The word in the database.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

kinds! {
    /// Settings of the workspace itself.
    Workspace "workspace",
    /// A person.
    Person "person",
    /// An agent.
    Agent "agent",
    /// A service.
    Service "service",
    /// A group of approvers.
    Group "group",
    /// A hashed API key.
    ApiKey "api_key",
    /// A sign-in session.
    Session "session",
    /// A configured connector.
    Connector "connector",
    /// A connector manifest by digest.
    Manifest "manifest",
    /// A sealed secret.
    Secret "secret",
    /// A pause in force.
    Pause "pause",
    /// A published policy set.
    PolicySet "policy_set",
    /// A registered workflow.
    Workflow "workflow",
    /// A lane with its readiness.
    Lane "lane",
    /// Any other setting.
    Setting "setting",
    /// An encrypted artifact.
    Artifact "artifact",
    /// A host and whether it was declared dead.
    Host "host",
    /// A webhook subscription.
    Webhook "webhook",
    /// A legal hold.
    Hold "hold",
    /// A head of the log that was anchored outside, by its size.
    Anchor "anchor",
}

/// What must be there before an entity is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Nothing.
    Absent,
    /// The entity at this version.
    Version(u64),
    /// No matter.
    Any,
}

/// A change of one entity. The first version is 1, each write adds one; an entity that is deleted starts anew.
#[derive(Debug, Clone)]
pub struct EntityWrite {
    /// What it is.
    pub kind: EntityKind,
    /// Its id.
    pub id: String,
    /// What must be there.
    pub expect: Expect,
    /// The new body, at most [`BODY_BYTES_MAX`]; none deletes.
    pub body: Option<Vec<u8>>,
    /// A text by which it is found, unique per workspace and kind.
    pub lookup: Option<String>,
    /// By whom it is listed.
    pub owner: Option<String>,
    /// When it may be purged.
    pub expires: Option<Timestamp>,
}

/// An entity as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// Its id.
    pub id: String,
    /// How often it was written since it was created.
    pub version: u64,
    /// Its body.
    pub body: Vec<u8>,
    /// A text by which it is found.
    pub lookup: Option<String>,
    /// By whom it is listed.
    pub owner: Option<String>,
    /// When it may be purged.
    pub expires: Option<Timestamp>,
}
