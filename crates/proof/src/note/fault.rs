//! Why signed text is refused.

/// What is wrong with a note, with what its text holds, or with a key. Where several things are wrong, the first
/// one noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteFault {
    /// More bytes or signature lines than allowed.
    #[error("too many bytes or signature lines")]
    TooLarge,
    /// Not a text, a blank line and signature lines.
    #[error("not a signed note")]
    NoteForm,
    /// A signature or hash that is not standard base64 in its one form, or too short.
    #[error("not base64 in its one form")]
    Base64,
    /// Not a verifier key of a kind that is known here, or a key that no signature can be trusted under.
    #[error("not a verifier key")]
    Vkey,
    /// A line of a known key that does not verify.
    #[error("a signature of a known key that does not verify")]
    BadSignature,
    /// The key signs another kind of text.
    #[error("a key for another kind of text")]
    KeyKind,
    /// Not origin, size and root.
    #[error("not a checkpoint")]
    CheckpointForm,
    /// Not an index, a path and a checkpoint.
    #[error("not a log proof")]
    ProofForm,
    /// Not an old size, a proof and a checkpoint.
    #[error("not an add-checkpoint request")]
    RequestForm,
}

impl NoteFault {
    /// The word of the conformance vectors.
    pub fn word(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::NoteForm => "note_form",
            Self::Base64 => "base64",
            Self::Vkey => "vkey",
            Self::BadSignature => "bad_signature",
            Self::KeyKind => "key_kind",
            Self::CheckpointForm => "checkpoint_form",
            Self::ProofForm => "proof_form",
            Self::RequestForm => "request_form",
        }
    }
}
