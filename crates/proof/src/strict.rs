//! The door for bytes: what may be hashed, and what must never be parsed in silence.
//!
//! The rules run on bytes, before any value exists, because ordinary parsers round large integers, keep the
//! last of duplicate names and turn minus zero into zero. Rules about members stand where the member is known.

mod fault;
mod parser;
#[cfg(test)]
mod tests;

pub use fault::Fault;
use parser::{Alphabet, Parser};

use crate::canonical;
use crate::json::Value;

/// The largest leaf, mutation document or plan header, in bytes.
pub const EVIDENCE_BYTES_MAX: usize = 16_384;

/// How deep arrays and objects may nest, the outermost one included.
pub const DEPTH_MAX: usize = 16;

/// Parses a leaf, a mutation document or a plan header: a canonical object in printable ASCII, with
/// identifiers as member names, without `null`, of at most [`EVIDENCE_BYTES_MAX`].
pub fn parse_evidence(bytes: &[u8]) -> Result<Value, Fault> {
    parse_evidence_max(bytes, EVIDENCE_BYTES_MAX)
}

/// As [`parse_evidence`], for a kind of document that may have another size.
pub fn parse_evidence_max(bytes: &[u8], bytes_max: usize) -> Result<Value, Fault> {
    if bytes.len() > bytes_max {
        return Err(Fault::TooLarge);
    }
    let text = str::from_utf8(bytes).map_err(|_| Fault::Utf8)?;
    if !is_printable(text) {
        return Err(Fault::NotPrintableAscii);
    }
    let value = parse(text, Alphabet::Evidence)?;
    if value.as_object().is_none() {
        return Err(Fault::NotAnObject);
    }
    canonical_only(value, text)
}

/// Parses the JSON of a disclosure: canonical, but with any Unicode scalar value, any member name and `null`.
/// It sets no limit to the size; the caller knows it.
pub fn parse_open(bytes: &[u8]) -> Result<Value, Fault> {
    let text = str::from_utf8(bytes).map_err(|_| Fault::Utf8)?;
    canonical_only(parse(text, Alphabet::Open)?, text)
}

/// Parses JSON as clients send it, with any white space, member order and escapes. The same values are
/// refused as in [`parse_open`], so whatever it returns can be hashed later without loss.
pub fn parse_lenient(bytes: &[u8]) -> Result<Value, Fault> {
    parse(str::from_utf8(bytes).map_err(|_| Fault::Utf8)?, Alphabet::Open)
}

fn parse(text: &str, alphabet: Alphabet) -> Result<Value, Fault> {
    check_depth(text)?;
    Parser::new(text, alphabet).document()
}

/// Counts brackets outside strings. Up to the first syntax error this sees the same tokens as the parser, so
/// the parser, which stops there, never recurses deeper than the limit.
fn check_depth(text: &str) -> Result<(), Fault> {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' if depth == DEPTH_MAX => return Err(Fault::Depth),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

fn canonical_only(value: Value, text: &str) -> Result<Value, Fault> {
    if canonical::to_string(&value) == text { Ok(value) } else { Err(Fault::NotCanonical) }
}

fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, 0x20..=0x7E))
}
