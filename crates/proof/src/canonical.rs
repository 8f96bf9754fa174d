//! RFC 8785 canonical JSON, the only bytes that are hashed.
//!
//! Our own, because our values hold integers only: the part of the RFC that remains fits on one page, and
//! published crates round large integers in silence. Tests compare it with such a crate where both apply.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use crate::json::{Object, Value};

/// The canonical text of a value.
pub fn to_string(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value);
    out
}

/// The canonical bytes of a value, UTF-8.
pub fn to_bytes(value: &Value) -> Vec<u8> {
    to_string(value).into_bytes()
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Int(number) => write_formatted(out, format_args!("{number}")),
        Value::Str(text) => write_text(out, text),
        Value::Array(elements) => {
            out.push('[');
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_value(out, element);
            }
            out.push(']');
        }
        Value::Object(members) if members.keys().all(|name| name.is_ascii()) => write_members(out, members),
        Value::Object(members) => write_members(out, in_utf16_order(members)),
    }
}

/// Members as RFC 8785 section 3.2.3 sorts them, by UTF-16 code units. The map sorts by code points, which
/// differs where a name goes beyond the basic plane: its surrogates sort before U+E000.
fn in_utf16_order(members: &Object) -> Vec<(&String, &Value)> {
    let mut sorted: Vec<_> = members.iter().collect();
    sorted.sort_by(|(left, _), (right, _)| left.encode_utf16().cmp(right.encode_utf16()));
    sorted
}

fn write_members<'a>(out: &mut String, members: impl IntoIterator<Item = (&'a String, &'a Value)>) {
    out.push('{');
    for (index, (name, value)) in members.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_text(out, name);
        out.push(':');
        write_value(out, value);
    }
    out.push('}');
}

/// RFC 8785 section 3.2.2.2: the two-letter escapes, `\u00xx` for other controls, all else as it is.
fn write_text(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some((plain, special, after)) = split_at_special(rest) {
        out.push_str(plain);
        match special {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            0x08 => out.push_str("\\b"),
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            0x0C => out.push_str("\\f"),
            b'\r' => out.push_str("\\r"),
            control => write_formatted(out, format_args!("\\u{control:04x}")),
        }
        rest = after;
    }
    out.push_str(rest);
    out.push('"');
}

/// The text before the first byte that needs an escape, that byte, and the text after it.
fn split_at_special(text: &str) -> Option<(&str, u8, &str)> {
    let at = text.bytes().position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\')?;
    Some((text.get(..at)?, *text.as_bytes().get(at)?, text.get(at + 1..)?))
}

fn write_formatted(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail: only an allocation could, and that aborts.
    let _ = out.write_fmt(arguments);
}
