use proof::digest::sha256;

use super::*;

/// The parts of an answer that are looked at.
fn answer(status: u8, digest: &Digest, nonce: [u8; 8]) -> Vec<u8> {
    let token = [[0x30, 0x00, 0x04, 0x20].as_slice(), digest.as_bytes(), &number(nonce)].concat();
    let inside = [[0x30, 0x03, 0x02, 0x01, status].as_slice(), &token].concat();
    let length = u8::try_from(inside.len()).unwrap();
    [[0x30, length].as_slice(), &inside].concat()
}

#[test]
fn a_request_is_the_der_that_says_what_is_asked() {
    let digest = sha256(b"head");
    for nonce in [[0; 8], [0xFF; 8], [1, 2, 3, 4, 5, 6, 7, 8]] {
        let asked = request(&digest, nonce);
        assert_eq!(asked.len(), usize::from(asked[1]) + 2);
        assert_eq!(&asked[24..56], digest.as_bytes());
        assert_eq!(asked[56..59], [0x02, 0x09, 0x00]);
        assert!(asked[59] >= 0x80, "no INTEGER may begin with a byte too many");
    }
}

#[test]
fn only_a_granted_token_about_what_was_asked_is_taken() {
    let (digest, nonce) = (sha256(b"head"), [7; 8]);
    let judge = |answer: &[u8]| check(answer, &digest, nonce);
    assert_eq!(judge(&answer(0, &digest, nonce)), Ok(()));
    assert_eq!(judge(&answer(1, &digest, nonce)), Ok(()));
    assert_eq!(judge(&answer(2, &digest, nonce)), Err(StampFault::Refused(2)));
    assert_eq!(judge(&answer(0, &sha256(b"other"), nonce)), Err(StampFault::Other));
    assert_eq!(judge(&answer(0, &digest, [8; 8])), Err(StampFault::Other));
    let good = answer(0, &digest, nonce);
    for cut in 0..good.len() {
        assert_eq!(judge(&good[..cut]), Err(StampFault::Form), "{cut}");
    }
    assert_eq!(judge(b"<html>"), Err(StampFault::Form));
    let long = [[0x30, 0x82, 0x00, 0x55].as_slice(), &good[2..], &[0; 0x55]].concat();
    assert_eq!(judge(&long), Ok(()));
}

#[test]
fn an_answer_has_a_largest_size() {
    let (digest, nonce) = (sha256(b"head"), [7; 8]);
    let mut answer = answer(0, &digest, nonce);
    answer.resize(STAMP_BYTES_MAX, 0);
    assert_eq!(check(&answer, &digest, nonce), Ok(()));
    answer.push(0);
    assert_eq!(check(&answer, &digest, nonce), Err(StampFault::TooLarge));
}
