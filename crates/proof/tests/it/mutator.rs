//! Makes bad inputs of good ones: bits, lengths, numbers, doubled members, pieces of other inputs. The same numbers come out
//! in each run, so that what broke once breaks again.

use std::ops::Range;

/// The environment variable that makes a run longer: how many times as many inputs are tried, others each time.
const ROUNDS: &str = "ACTIONPLANE_TEST_FUZZ_ROUNDS";
/// Edits of one input.
const EDITS_MAX: usize = 4;
/// Bytes that one edit moves.
const PIECE_MAX: usize = 64;
/// Numbers where parsers stumble.
const NUMBERS: &[&str] = &[
    "0",
    "00",
    "-0",
    "-1",
    "1e3",
    "1.0",
    "255",
    "256",
    "65536",
    "4294967296",
    "9007199254740992",
    "18446744073709551615",
    "18446744073709551616",
    "",
];
/// Pieces of the formats, where they do not belong.
const PIECES: &[&[u8]] = &[
    b"\n",
    b"\n\n",
    b" ",
    b"\"",
    b"\\u0061",
    b"\\ud800",
    b"null",
    b"{}",
    b"[[[[[[[[[[[[[[[[[",
    b"=",
    b"+",
    b"\0",
    b"\xff",
    "\u{2014} ".as_bytes(),
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"../",
    b"_sd",
    b"quorum none\n",
    b"\r\n",
];

/// A source of numbers (SplitMix64).
pub struct Mutator(u64);

impl Mutator {
    /// Tries so many inputs times the rounds that were asked for. Each is made of one of `seeds`, perhaps with pieces of
    /// others, and shown when the check of it fails.
    #[expect(clippy::disallowed_methods, reason = "how long to go on is for who starts the tests to say")]
    pub fn run(seeds: &[Vec<u8>], executions: u64, mut check: impl FnMut(usize, &[u8])) {
        let rounds = std::env::var(ROUNDS).ok().and_then(|text| text.parse().ok()).unwrap_or(1_u64);
        let mut mutator = Self(0);
        for _ in 0..executions * rounds {
            let which = mutator.below(seeds.len());
            let mut input = Shown(seeds[which].clone());
            for _ in 0..=mutator.below(EDITS_MAX) {
                let other = mutator.below(seeds.len());
                mutator.edit(&mut input.0, &seeds[other]);
            }
            check(which, &input.0);
        }
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end.max(1)).unwrap_or(1)).unwrap_or(0)
    }

    fn piece(&mut self, of: &[u8]) -> Range<usize> {
        let start = self.below(of.len());
        start..of.len().min(start + self.below(PIECE_MAX))
    }

    fn edit(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let at = self.below(bytes.len());
        match self.below(10) {
            0 | 1 => bytes[at] ^= 1 << self.below(8),
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(self.piece(&bytes.clone()))),
            4 => {
                let doubled = bytes[self.piece(bytes)].to_vec();
                bytes.splice(at..at, doubled);
            }
            5 => {
                let strange = other[self.piece(other)].to_vec();
                let gone = if self.below(2) == 0 { at } else { bytes.len().min(at + strange.len()) };
                bytes.splice(at..gone, strange);
            }
            6 => {
                let digits = next_run(bytes, at, u8::is_ascii_digit);
                bytes.splice(digits, NUMBERS[self.below(NUMBERS.len())].bytes());
            }
            // A length or an offset, one byte of it at a time.
            7 => bytes[at] = bytes[at].wrapping_add([1, 255, 2, 128][self.below(4)]),
            8 => {
                // A member or a line once more.
                let line = next_run(bytes, at, |byte| !matches!(byte, b',' | b'\n' | b'{' | b'}'));
                let doubled = [&bytes[line.clone()], if self.below(2) == 0 { b"," } else { b"\n" }].concat();
                bytes.splice(line.start..line.start, doubled);
            }
            _ => {
                let piece = PIECES[self.below(PIECES.len())];
                bytes.splice(at..at, piece.iter().copied());
            }
        }
    }
}

/// The first run of such bytes from a place on.
fn next_run(bytes: &[u8], from: usize, is: impl Fn(&u8) -> bool) -> Range<usize> {
    let start = bytes[from..].iter().position(&is).map_or(bytes.len(), |skipped| from + skipped);
    start..bytes[start..].iter().position(|byte| !is(byte)).map_or(bytes.len(), |length| start + length)
}

/// An input that is printed when the check of it ends in a panic.
struct Shown(Vec<u8>);

impl Drop for Shown {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the input: b\"{}\"", self.0.escape_ascii());
        }
    }
}
