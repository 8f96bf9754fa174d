//! Lines of canonical JSON, each ended by a line feed.

use proof::canonical;
use proof::json::Value;

/// The file of these records.
pub fn to_bytes<'a>(records: impl IntoIterator<Item = &'a Value>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for record in records {
        bytes.extend(canonical::to_bytes(record));
        bytes.push(b'\n');
    }
    bytes
}

/// The lines of a file; `None` when the last one is not ended: the file was cut.
pub fn lines(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let Some(rest) = bytes.strip_suffix(b"\n") else {
        return bytes.is_empty().then(Vec::new);
    };
    Some(rest.split(|byte| *byte == b'\n').collect())
}
