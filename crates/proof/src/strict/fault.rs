//! Why bytes are refused. One list for the whole crate, because the conformance vectors name one word each.

/// The rule that bytes broke. Where several are broken, the first one noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// More bytes than the kind of text may have.
    #[error("too many bytes")]
    TooLarge,
    /// The bytes are not UTF-8.
    #[error("not UTF-8")]
    Utf8,
    /// A byte or a character of a value outside 0x20–0x7E.
    #[error("a character outside printable ASCII")]
    NotPrintableAscii,
    /// Arrays and objects nest too deep.
    #[error("nested too deep")]
    Depth,
    /// Not JSON.
    #[error("not JSON")]
    Syntax,
    /// A fraction, an exponent, minus zero, NaN or infinity.
    #[error("a number that is not a plain integer")]
    Number,
    /// An integer beyond ±(2^53 − 1).
    #[error("an integer beyond 2^53 - 1")]
    IntegerRange,
    /// One object has two members of one name.
    #[error("a member name twice in one object")]
    DuplicateKey,
    /// A member name that is not a lower-case identifier of at most 64 characters.
    #[error("a member name outside the allowed form")]
    KeyForm,
    /// Half of a surrogate pair.
    #[error("a lone surrogate")]
    LoneSurrogate,
    /// `null`, where an absent member is the only form.
    #[error("null where a member must be absent instead")]
    Null,
    /// Valid, but not in canonical form.
    #[error("not in canonical form")]
    NotCanonical,
    /// Another value where an object is needed.
    #[error("not an object")]
    NotAnObject,
    /// A member that the form does not have.
    #[error("an unknown member")]
    UnknownMember,
    /// A mandatory member is absent.
    #[error("a missing member")]
    MissingMember,
    /// A format version other than ours: it cannot be judged.
    #[error("an unknown format version")]
    Version,
    /// `by` is no principal.
    #[error("`by` is not a principal")]
    By,
    /// `cause` is no list of 1–64 distinct leaf hashes.
    #[error("`cause` is not a list of distinct leaf hashes")]
    Cause,
    /// `type` is no wire name, or `data` no object.
    #[error("`type` is not a wire name or `data` not an object")]
    TypeOrData,
    /// `node` is no id.
    #[error("`node` is not an id")]
    Node,
    /// `prev` is no leaf hash, or does not fit `seq`.
    #[error("`prev` is not the hash that `seq` asks for")]
    Prev,
    /// `run` is no id.
    #[error("`run` is not an id")]
    Run,
    /// `seq` is no count from 0.
    #[error("`seq` is not a count from 0")]
    Seq,
    /// `time` is not in the one form, or not in the calendar.
    #[error("`time` is not a UTC time with milliseconds")]
    Time,
    /// `_sd` is no sorted list of digests.
    #[error("`_sd` is not a sorted list of digests")]
    SdForm,
    /// A sealed digest stands twice in one document.
    #[error("a sealed digest twice in one document")]
    SdRepeat,
    /// `_sd_alg` is another one, missing, needless or nested.
    #[error("`_sd_alg` does not fit the sealed digests")]
    SdAlg,
    /// Not base64url in its one form: no padding, unused bits zero.
    #[error("not base64url in its one form")]
    Base64url,
    /// Not a salt of 32 bytes, an allowed name and a value.
    #[error("not a disclosure of salt, name and value")]
    DisclosureForm,
    /// A value or a combination that a mutation document or a plan header cannot have.
    #[error("not a mutation document or plan header")]
    DocumentForm,
    /// A value that the manifest of a bundle cannot have, or files out of order.
    #[error("not a bundle manifest")]
    ManifestForm,
    /// Not a payload, its type and signatures.
    #[error("not a signed envelope")]
    EnvelopeForm,
}

impl Fault {
    /// The word of the conformance vectors.
    pub fn word(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Utf8 => "utf8",
            Self::NotPrintableAscii => "not_printable_ascii",
            Self::Depth => "depth",
            Self::Syntax => "syntax",
            Self::Number => "number",
            Self::IntegerRange => "integer_range",
            Self::DuplicateKey => "duplicate_key",
            Self::KeyForm => "key_form",
            Self::LoneSurrogate => "lone_surrogate",
            Self::Null => "null",
            Self::NotCanonical => "not_canonical",
            Self::NotAnObject => "not_an_object",
            Self::UnknownMember => "unknown_member",
            Self::MissingMember => "missing_member",
            Self::Version => "version",
            Self::By => "by",
            Self::Cause => "cause",
            Self::TypeOrData => "type_or_data",
            Self::Node => "node",
            Self::Prev => "prev",
            Self::Run => "run",
            Self::Seq => "seq",
            Self::Time => "time",
            Self::SdForm => "sd_form",
            Self::SdRepeat => "sd_repeat",
            Self::SdAlg => "sd_alg",
            Self::Base64url => "base64url",
            Self::DisclosureForm => "disclosure_form",
            Self::DocumentForm => "document_form",
            Self::ManifestForm => "manifest_form",
            Self::EnvelopeForm => "envelope_form",
        }
    }
}
