//! The members that close a canonical leaf, read from its end without parsing the whole.
//!
//! Canonical members are sorted, so after `data` only `node`, `prev`, `run`, `seq`, `time`, `type` and `v` follow, all
//! of them without quotes inside. This keeps a leaf out of a chain that it does not name. It does not judge the leaf.

use proof::leaf::V;

use crate::evidence::Chain;

#[cfg(test)]
mod tests;

/// What a leaf says about its place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    /// `time`, as written.
    pub time: &'a str,
    /// `type`.
    pub kind: &'a str,
}

/// Reads the frame of a leaf that belongs to this place of this chain; none for any other bytes.
pub(crate) fn read(bytes: &[u8], chain: Chain, seq: u64) -> Option<Frame<'_>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let text = text.strip_suffix("\"}")?.strip_suffix(V)?.strip_suffix("\",\"v\":\"")?;
    let (text, kind) = text.rsplit_once("\",\"type\":\"")?;
    let (text, time) = text.rsplit_once(",\"time\":\"")?;
    let (text, written) = text.rsplit_once(",\"seq\":")?;
    let (before, last) = text.strip_suffix('"')?.rsplit_once(",\"")?;
    let (name, value) = last.split_once("\":\"")?;
    let placed = match chain {
        Chain::Workspace => name == "prev",
        Chain::Run(run) => name == "run" && value == run.to_string(),
    };
    (placed && before.starts_with('{') && written == seq.to_string()).then_some(Frame { time, kind })
}
