//! Sealed values of any size.
//!
//! A disclosure holds 64 KiB. A larger value becomes an artifact: the disclosure names its digest and size, and its
//! canonical JSON stands beside it in parts, sealed for the same holder and under the same key. What is disclosed binds the
//! whole value, and whoever erases it erases its parts with it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use proof::canonical;
use proof::digest::{Digest, sha256};
use proof::disclosure::{Disclosure, Opened};
use proof::json::{Value, object};
use proof::strict::{Fault, parse_open};

#[cfg(test)]
mod tests;

/// The largest sealed value, in bytes of canonical JSON: several times the longest answer of a system of record.
pub const SEALED_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The name of a part. It is no member of an event or document, so no digest covers it; the value's own digest does.
const PART: &str = "artifact_part";
/// The one member of a disclosure that names an artifact.
const ARTIFACT: &str = "artifact";
/// Bytes of a part, which in base64 and with its frame is one disclosure.
const PART_BYTES: usize = 48_000;

/// Seals a value: the disclosure that its holder names, and the parts of a large one. `salt` must draw fresh random bytes
/// at each call.
///
/// # Errors
/// [`Fault::TooLarge`] above [`SEALED_BYTES_MAX`], or the rule that the value breaks.
pub fn seal(
    name: &str,
    value: &Value,
    salt: &mut dyn FnMut() -> [u8; 32],
) -> Result<(Disclosure, Vec<Disclosure>), Fault> {
    // A value that looks like the name of an artifact becomes one, so that a name is always a name.
    if value.get(ARTIFACT).is_none() {
        match Disclosure::seal(salt(), name, value) {
            Err(Fault::TooLarge) => {}
            sealed => return Ok((sealed?, Vec::new())),
        }
    }
    let text = canonical::to_string(value);
    if text.len() > SEALED_BYTES_MAX {
        return Err(Fault::TooLarge);
    }
    let digest = sha256(text.as_bytes());
    let bytes = i64::try_from(text.len()).map_err(|_| Fault::TooLarge)?;
    let stub = object([
        ("bytes", Value::Int(bytes)),
        ("media_type", "application/json".into()),
        ("sha256", digest.into()),
    ]);
    let parts = (0i64..).zip(text.as_bytes().chunks(PART_BYTES)).map(|(n, part)| {
        let part = object([
            ("base64", STANDARD_NO_PAD.encode(part).into()),
            ("n", Value::Int(n)),
            ("sha256", digest.into()),
        ]);
        Disclosure::seal(salt(), PART, &part)
    });
    let parts = parts.collect::<Result<Vec<_>, _>>()?;
    Ok((Disclosure::seal(salt(), name, &object([(ARTIFACT, stub)]))?, parts))
}

/// The values of one holder as they were sealed: large ones whole again, without their parts. One whose parts are not all
/// there is left out, as if it had been erased: nobody may take the name for the value.
pub fn whole(opened: Vec<Opened>) -> Vec<Opened> {
    let (parts, values): (Vec<_>, Vec<_>) = opened.into_iter().partition(|one| one.name == PART);
    let mut texts: BTreeMap<Digest, BTreeMap<i64, Vec<u8>>> = BTreeMap::new();
    for part in parts {
        if let Some((digest, n, bytes)) = read_part(&part.value) {
            texts.entry(digest).or_default().insert(n, bytes);
        }
    }
    let resolved = |mut one: Opened| {
        if let Some(stub) = one.value.get(ARTIFACT) {
            let digest = stub.get("sha256").and_then(Value::as_str).and_then(Digest::parse)?;
            let text = texts.get(&digest)?.values().flatten().copied().collect::<Vec<u8>>();
            one.value = parse_open(&text).ok().filter(|_| sha256(&text) == digest)?;
        }
        Some(one)
    };
    values.into_iter().filter_map(resolved).collect()
}

fn read_part(value: &Value) -> Option<(Digest, i64, Vec<u8>)> {
    let text = |name| value.get(name).and_then(Value::as_str);
    let bytes = STANDARD_NO_PAD.decode(text("base64")?).ok()?;
    Some((Digest::parse(text("sha256")?)?, value.get("n")?.as_int()?, bytes))
}
