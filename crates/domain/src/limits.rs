//! Every bound of the domain in one place, each with its reason.

/// Mutations of one plan: a bulk run stays reviewable and its preview bounded in time.
pub const MUTATIONS_MAX: usize = 1_000;
/// Changed fields of one mutation.
pub const CHANGES_MAX: usize = 100;
/// Characters of a vendor's field name.
pub const FIELD_NAME_LEN_MAX: usize = 128;
/// Characters of a vendor's record id.
pub const RECORD_ID_LEN_MAX: usize = 256;
/// Bytes of one field value that a plan writes, as canonical JSON. A recovery writes what was there before, so what is
/// larger can be read and compared, and not be put back.
pub const VALUE_BYTES_MAX: usize = 512 * 1024;
/// Characters of a reason or rationale.
pub const RATIONALE_LEN_MAX: usize = 4_000;
/// A run's deadline when the workspace sets none: seconds.
pub const RUN_DEADLINE_S: u64 = 7 * 24 * 3600;
/// Revisions of one run's plan: a record that never stands still must not keep a run busy for ever.
pub const REVISIONS_MAX: u32 = 64;
/// An authorization's life when no approval ends it earlier: seconds. Long enough for a person to look at an outcome
/// that may be tried again.
pub const AUTHORIZATION_S: u64 = 30 * 60;
/// A takeover lease: seconds.
pub const TAKEOVER_S: u64 = 30 * 60;
/// The longest takeover lease that may be asked for: seconds.
pub const TAKEOVER_S_MAX: u64 = 8 * 3600;
/// The longest life of an approval, whatever the policy says: seconds.
pub const APPROVAL_S_MAX: u64 = 7 * 24 * 3600;
/// The window in which the first byte of a write must leave: milliseconds.
pub const SEND_WINDOW_MS: i64 = 5_000;
/// Attempts of one mutation in one run.
pub const ATTEMPTS_MAX: u32 = 10;
/// Groups that one decision may ask.
pub const GROUPS_MAX: usize = 16;
/// Approvals that one decision may ask for in all: with the decision they are the causes of one leaf, which holds 64.
pub const APPROVERS_MAX: u64 = 63;
