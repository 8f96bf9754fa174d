//! Lines of strict JSON, and objects with a closed set of members.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proof::json::Value;
use proof::strict::parse_evidence_max;

/// The longest line: a disclosure of 64 KiB in base64, with room for its frame.
pub const LINE_BYTES_MAX: usize = 192 * 1024;

/// The lines of a file, each ended by a line feed. `None` when the last one is not: the file was cut.
pub fn lines(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let Some(rest) = bytes.strip_suffix(b"\n") else {
        return bytes.is_empty().then(Vec::new);
    };
    Some(rest.split(|byte| *byte == b'\n').collect())
}

/// The members of a line, which must be exactly these; canonical JSON in printable ASCII.
pub fn members<const N: usize>(line: &[u8], names: [&str; N]) -> Option<[Value; N]> {
    closed(parse_evidence_max(line, LINE_BYTES_MAX).ok()?, names)
}

/// The members of an object, which must be exactly these.
pub fn closed<const N: usize>(value: Value, names: [&str; N]) -> Option<[Value; N]> {
    let Value::Object(mut object) = value else { return None };
    let taken: Vec<Value> = names.iter().map_while(|name| object.remove(*name)).collect();
    if object.is_empty() { taken.try_into().ok() } else { None }
}

/// A count from 0.
pub fn count(value: &Value) -> Option<u64> {
    value.as_int().and_then(|number| u64::try_from(number).ok())
}

/// Bytes in base64 with padding, in its one form.
pub fn base64(value: &Value) -> Option<Vec<u8>> {
    STANDARD.decode(value.as_str()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_ended() {
        assert_eq!(lines(b""), Some(vec![]));
        assert_eq!(lines(b"a\n"), Some(vec![b"a".as_slice()]));
        assert_eq!(lines(b"a\n\nb\n"), Some(vec![b"a".as_slice(), b"", b"b"]));
        assert_eq!(lines(b"a\nb"), None);
    }

    #[test]
    fn members_are_exactly_those_asked_for_in_one_form() {
        let read = |line: &str| members(line.as_bytes(), ["a", "b"]).map(|[a, b]| (count(&a), count(&b)));
        assert_eq!(read(r#"{"a":1,"b":2}"#), Some((Some(1), Some(2))));
        for bad in [r#"{"a":1}"#, r#"{"a":1,"b":2,"c":3}"#, r#"{"b":2,"a":1}"#, r#"{"a":1, "b":2}"#, "[]", ""]
        {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(count(&Value::Int(-1)), None);
    }

    #[test]
    fn base64_has_one_form() {
        assert_eq!(base64(&"YQ==".into()), Some(b"a".to_vec()));
        for bad in ["YQ", "YQ=", "YR==", "Y Q==", "_w=="] {
            assert_eq!(base64(&bad.into()), None, "{bad}");
        }
    }

    #[test]
    fn a_line_has_a_limit() {
        let line = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
        assert!(members(line(LINE_BYTES_MAX).as_bytes(), ["a"]).is_some());
        assert!(members(line(LINE_BYTES_MAX + 1).as_bytes(), ["a"]).is_none());
    }
}
