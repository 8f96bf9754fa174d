//! RFC 3161 tokens: whether each is about the head of the bundle, and which time it states.
//!
//! Only what a token says is read. Whether its authority signed it, `openssl ts -verify` tells with the authority's own
//! certificate; a certificate from inside the bundle would prove nothing.

use domain::time::Timestamp;
use proof::digest::sha256;

use super::signatures::Head;
use crate::files::Files;
use crate::finding::{Check, Docket, Place};

/// A token about the head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its file.
    pub file: String,
    /// The time that it states.
    pub time: Timestamp,
}

/// Judges every token.
pub fn check(files: &Files, head: &Head, docket: &mut Docket) -> Vec<Token> {
    let mut tokens = Vec::new();
    for (name, bytes) in files.under("anchors") {
        // Certificates and entries of other logs stand beside tokens.
        if name.strip_suffix(".tsr").is_none() {
            continue;
        }
        docket.look(Check::Anchors);
        let file = format!("anchors/{name}");
        let place = Place::file(&file);
        match time_of(bytes, sha256(&head.note).as_bytes()) {
            Some(time) => {
                docket.leave_open(
                    Check::Anchors,
                    place,
                    format!(
                        "the token states {time}; whether its authority signed it, `openssl ts -verify` tells"
                    ),
                );
                tokens.push(Token { file, time });
            }
            None => docket.tampered(
                Check::Anchors,
                place,
                "the time-stamp token is not about the head of this bundle",
            ),
        }
    }
    tokens
}

/// The time of a token over this digest. In the DER of `TSTInfo` (RFC 3161, section 2.4.2) the message imprint ends with
/// the digest as OCTET STRING; the serial number, an INTEGER, and the time, a `GeneralizedTime`, follow.
fn time_of(token: &[u8], digest: &[u8; 32]) -> Option<Timestamp> {
    let imprint = [[0x04, 0x20].as_slice(), digest].concat();
    let at = token.windows(imprint.len()).position(|window| window == imprint)?;
    let rest = token.get(at + imprint.len()..)?;
    let (serial, rest) = rest.strip_prefix(&[0x02])?.split_first()?;
    let rest = rest.get(usize::from(*serial)..).filter(|_| *serial < 0x80)?;
    let (length, rest) = rest.strip_prefix(&[0x18])?.split_first()?;
    generalized_time(rest.get(..usize::from(*length))?)
}

/// `YYYYMMDDhhmmss[.f…]Z` (RFC 5280 section 4.1.2.5.2, with the fraction that RFC 3161 allows).
fn generalized_time(text: &[u8]) -> Option<Timestamp> {
    let text = str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() != 14 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let part = |from: usize, to: usize| whole.get(from..to);
    let millis: String = fraction.chars().chain("000".chars()).take(3).collect();
    let text = format!(
        "{}-{}-{}T{}:{}:{}.{millis}Z",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?
    );
    Timestamp::parse(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(time: &str) -> Vec<u8> {
        let digest = *sha256(b"head").as_bytes();
        let mut token = vec![0x30, 0x50, 0x04, 0x20];
        token.extend(digest);
        token.extend([0x02, 0x02, 0x18, 0x0f, 0x18, u8::try_from(time.len()).unwrap()]);
        token.extend(time.as_bytes());
        token
    }

    #[test]
    fn a_token_states_a_time_about_a_digest() {
        let digest = *sha256(b"head").as_bytes();
        for (text, time) in [
            ("20261124120000Z", "2026-11-24T12:00:00.000Z"),
            ("20261124120000.5Z", "2026-11-24T12:00:00.500Z"),
            ("20261124120000.1239Z", "2026-11-24T12:00:00.123Z"),
        ] {
            assert_eq!(time_of(&token(text), &digest).map(|time| time.to_string()), Some(time.to_owned()));
        }
        for text in ["20261324120000Z", "20261124120000", "2026112412Z", "20261124120000.xZ", ""] {
            assert_eq!(time_of(&token(text), &digest), None, "{text}");
        }
        assert_eq!(time_of(&token("20261124120000Z"), sha256(b"other").as_bytes()), None);
        for cut in 0..token("20261124120000Z").len() {
            assert_eq!(time_of(&token("20261124120000Z")[..cut], &digest), None, "{cut}");
        }
    }
}
