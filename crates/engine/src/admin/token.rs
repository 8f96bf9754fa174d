//! Bearer tokens: which workspace, and 256 random bits. Only their SHA-256 is kept.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::WorkspaceId;
use proof::digest::sha256;

/// What a token is for, told by its first letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// An API key of an agent or service.
    Key,
    /// A session of a person.
    Session,
}

impl Purpose {
    fn prefix(self) -> &'static str {
        match self {
            Self::Key => "apk_",
            Self::Session => "aps_",
        }
    }
}

/// A token as it is shown once.
pub(super) fn write(purpose: Purpose, ws: WorkspaceId, secret: [u8; 32]) -> String {
    let ws = ws.to_string();
    let ws = ws.strip_prefix("ws_").unwrap_or_default();
    format!("{}{ws}{}", purpose.prefix(), URL_SAFE_NO_PAD.encode(secret))
}

/// The workspace that a token says it belongs to. Whether it does is for the kept hash to say.
pub(super) fn workspace(purpose: Purpose, token: &str) -> Option<WorkspaceId> {
    let rest = token.strip_prefix(purpose.prefix())?;
    let (ws, secret) = rest.split_at_checked(WORKSPACE_LEN)?;
    URL_SAFE_NO_PAD.decode(secret).ok().filter(|secret| secret.len() == 32)?;
    WorkspaceId::parse(&format!("{}_{ws}", WorkspaceId::PREFIX)).ok()
}

/// Characters of an identifier after its prefix.
const WORKSPACE_LEN: usize = 26;

/// Under what a token is kept and found.
pub(super) fn hash(token: &str) -> String {
    sha256(token.as_bytes()).to_string()
}

/// Compares two hashes without telling by time how much of them agrees.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    subtle::ConstantTimeEq::ct_eq(one.as_bytes(), other.as_bytes()).into()
}

#[cfg(test)]
mod tests;
