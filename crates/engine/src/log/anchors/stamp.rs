//! Time stamps of RFC 3161: the request out of one fixed form, and the little of the answer that we must know.
//!
//! Whether the authority signed, and whether it is to be trusted, is for the auditor to say with the authority's own
//! certificate: `openssl ts -verify`. Here is checked that the answer grants a token, for our digest and our nonce.

use std::time::Duration;

use proof::digest::Digest;

use super::super::{Message, Method};

/// How long an authority may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);
/// Bytes of an answer: a token with its certificates.
pub(super) const STAMP_BYTES_MAX: usize = 64 * 1024;

/// SEQUENCE { version 1, SEQUENCE { SEQUENCE { SHA-256, NULL }, OCTET STRING of 32 bytes; the digest follows.
const BEFORE_DIGEST: [u8; 24] = [
    0x30, 0x44, 0x02, 0x01, 0x01, 0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03,
    0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
];
/// `certReq` TRUE: the authority's certificate comes with the token.
const CERTIFICATE: [u8; 3] = [0x01, 0x01, 0xFF];

/// What is wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum StampFault {
    #[error("the authority answers more than {STAMP_BYTES_MAX} bytes")]
    TooLarge,
    #[error("the authority's answer is no time-stamp response")]
    Form,
    #[error("the authority refuses with status {0}")]
    Refused(u8),
    #[error("the authority's token is about something else")]
    Other,
}

/// The request for a digest (`TimeStampReq`, section 2.4.1).
pub(super) fn request(digest: &Digest, nonce: [u8; 8]) -> Vec<u8> {
    [&BEFORE_DIGEST, digest.as_bytes().as_slice(), &number(nonce), &CERTIFICATE].concat()
}

/// The nonce as an INTEGER that always has nine bytes.
fn number([first, rest @ ..]: [u8; 8]) -> Vec<u8> {
    [[0x02, 0x09, 0x00, first | 0x80].as_slice(), &rest].concat()
}

/// The request on its way (section 3.4).
pub(super) fn message(url: &str, request: Vec<u8>) -> Message {
    let headers = vec![("content-type", "application/timestamp-query".to_owned())];
    Message { method: Method::Post, url: url.to_owned(), headers, body: request, timeout: ANSWER_TIMEOUT }
}

/// Checks an answer (`TimeStampResp`, section 2.4.2).
pub(super) fn check(answer: &[u8], digest: &Digest, nonce: [u8; 8]) -> Result<(), StampFault> {
    if answer.len() > STAMP_BYTES_MAX {
        return Err(StampFault::TooLarge);
    }
    match status(answer).ok_or(StampFault::Form)? {
        // Granted, also with modifications.
        0 | 1 => {}
        status => return Err(StampFault::Refused(status)),
    }
    let holds = |part: &[u8]| answer.windows(part.len()).any(|window| window == part);
    let imprint = [[0x04, 0x20].as_slice(), digest.as_bytes()].concat();
    if holds(&imprint) && holds(&number(nonce)) { Ok(()) } else { Err(StampFault::Other) }
}

/// The status: SEQUENCE { SEQUENCE { INTEGER, … }, … }.
fn status(answer: &[u8]) -> Option<u8> {
    let response = sequence(answer)?;
    match sequence(response)? {
        [0x02, 0x01, status, ..] => Some(*status),
        _ => None,
    }
}

/// What is in a SEQUENCE, and what follows it.
fn sequence(der: &[u8]) -> Option<&[u8]> {
    let (length, rest) = der.strip_prefix(&[0x30])?.split_first()?;
    let long = usize::from(length & 0x7F);
    let whole = match length {
        0..=0x7F => long,
        _ => {
            rest.get(..long).filter(|_| long <= 3)?.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
        }
    };
    let inside = if *length < 0x80 { rest } else { rest.get(long..)? };
    (whole <= inside.len()).then_some(inside)
}

#[cfg(test)]
mod tests;
