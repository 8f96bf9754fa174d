//! Why a trust policy is refused.

/// What is wrong with a trust policy. Lines count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustFault {
    /// More bytes than allowed.
    #[error("too many bytes")]
    TooLarge,
    /// Not UTF-8, or the last line does not end.
    #[error("not lines of UTF-8")]
    Text,
    /// A control character other than tab and newline.
    #[error("line {0}: a control character")]
    Control(usize),
    /// Not a line that a policy has.
    #[error("line {0}: not a log, witness, group or quorum")]
    Form(usize),
    /// Not a key, or a key of another kind.
    #[error("line {0}: not a key for this use")]
    Vkey(usize),
    /// A key that an earlier line has too.
    #[error("line {0}: a key twice")]
    KeyTwice(usize),
    /// A name that an earlier line defines, or `none`.
    #[error("line {0}: a name that is taken")]
    NameTaken(usize),
    /// A name that no earlier line defines.
    #[error("line {0}: a name that is not defined before")]
    NameUnknown(usize),
    /// A name that is a member already, here or of an earlier group.
    #[error("line {0}: a member twice")]
    MemberTwice(usize),
    /// Not `any`, `all` or a number from 1 to that of the members.
    #[error("line {0}: a threshold that the members cannot meet")]
    Threshold(usize),
    /// More logs, witnesses or groups than allowed.
    #[error("line {0}: too many of this kind")]
    TooMany(usize),
    /// A second quorum.
    #[error("line {0}: a quorum twice")]
    QuorumTwice(usize),
    /// No log is listed.
    #[error("no log is listed")]
    NoLog,
    /// No quorum is given, not even `none`.
    #[error("no quorum is given")]
    NoQuorum,
}
