//! What the line formats of C2SP share: numbers and hashes in one form each.

use crate::digest::Digest;

/// A decimal number without sign or leading zeros.
pub(crate) fn decimal<T: std::str::FromStr>(text: &str) -> Option<T> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

/// The next line without its newline, and what follows it.
pub(crate) fn next_line(text: &str) -> Option<(&str, &str)> {
    text.split_once('\n')
}

/// Base64 hashes, one a line, at most `hashes_max`, up to a blank line; and what follows that.
pub(crate) fn hashes(mut text: &str, hashes_max: usize) -> Option<(Vec<Digest>, &str)> {
    let mut hashes = Vec::new();
    loop {
        let (line, rest) = next_line(text)?;
        text = rest;
        if line.is_empty() {
            return Some((hashes, text));
        }
        if hashes.len() == hashes_max {
            return None;
        }
        hashes.push(Digest::parse_base64(line)?);
    }
}
