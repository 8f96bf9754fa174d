//! Record ids: 15 case-sensitive characters, or 18 with a suffix that tells the case of the others.

const SUFFIX: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/// The 18-character id number `number` of an object.
pub(crate) fn numbered(prefix: &str, number: u32) -> String {
    with_suffix(&format!("{prefix}Hp{number:010}"))
}

/// The number inside an id that [`numbered`] made.
pub(crate) fn number(id: &str) -> Option<u32> {
    id.get(5..15)?.parse().ok()
}

/// The 18-character form of an id; nothing when it is none.
pub(crate) fn canonical(id: &str) -> Option<String> {
    if !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    match id.len() {
        15 => Some(with_suffix(id)),
        18 => {
            let full = with_suffix(id.get(..15)?);
            (full == id).then_some(full)
        }
        _ => None,
    }
}

/// Each suffix character stands for five of the id: bit `n` is set when character `n` is upper-case.
fn with_suffix(id15: &str) -> String {
    let suffix = id15.as_bytes().chunks(5).map(|chunk| {
        let bits =
            chunk.iter().rev().fold(0_usize, |bits, byte| bits << 1 | usize::from(byte.is_ascii_uppercase()));
        SUFFIX.get(bits).copied().map_or('A', char::from)
    });
    id15.chars().chain(suffix).collect()
}

#[cfg(test)]
mod tests;
