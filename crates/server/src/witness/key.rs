//! The key of a witness: one line in a file of its owner's, in the form that Go's note package and other witnesses read.

use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::seams::{Entropy, SystemEntropy};
use proof::note::{KeyKind, NoteFault, SigningKey, VerifierKey};
use zeroize::Zeroizing;

use super::{StartFault, replace};

const PREFIX: &str = "PRIVATE+KEY+";
/// The signature type of C2SP tlog-cosignature, Ed25519.
const COSIGNATURE_V1: u8 = 0x04;

/// The key of a data directory; made when there is none and `fresh` says that there need not be.
pub fn open(path: &Path, name: &str, fresh: bool) -> Result<SigningKey, StartFault> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound && fresh => return make(path, name),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => {
            return Err(StartFault::KeyMissing(path.to_owned()));
        }
        Err(fault) => return Err(StartFault::File(path.to_owned(), fault)),
    };
    let key = parse(text.trim_end()).ok_or_else(|| StartFault::Damaged(path.to_owned()))?;
    if key.verifier().name() != name {
        let name = key.verifier().name().to_owned();
        return Err(StartFault::OtherName { path: path.to_owned(), name });
    }
    Ok(key)
}

fn make(path: &Path, name: &str) -> Result<SigningKey, StartFault> {
    let entropy: &dyn Entropy = &SystemEntropy;
    let seed = Zeroizing::new(entropy.salt());
    let key = signing(name, &seed).map_err(|_| StartFault::Name(name.to_owned()))?;
    let text = Zeroizing::new(format!("{}\n", *written(key.verifier(), &seed)));
    replace(path, text.as_bytes()).map_err(|fault| StartFault::File(path.to_owned(), fault))?;
    Ok(key)
}

fn signing(name: &str, seed: &[u8; 32]) -> Result<SigningKey, NoteFault> {
    SigningKey::new(name, KeyKind::CosignatureV1, seed)
}

/// `PRIVATE+KEY+<name>+<key id>+<base64 of kind and seed>`.
fn written(key: &VerifierKey, seed: &[u8; 32]) -> Zeroizing<String> {
    let material = Zeroizing::new([[COSIGNATURE_V1].as_slice(), seed].concat());
    let material = Zeroizing::new(STANDARD.encode(&*material));
    Zeroizing::new(format!("{PREFIX}{}+{}+{}", key.name(), key.id(), *material))
}

fn parse(text: &str) -> Option<SigningKey> {
    let (name, rest) = text.strip_prefix(PREFIX)?.split_once('+')?;
    let (id, material) = rest.split_once('+')?;
    let material = Zeroizing::new(STANDARD.decode(material).ok()?);
    let (kind, seed) = material.split_first()?;
    let seed = Zeroizing::new(<[u8; 32]>::try_from(seed).ok()?);
    let key = signing(name, &seed).ok()?;
    (*kind == COSIGNATURE_V1 && key.verifier().id().to_string() == id).then_some(key)
}

#[cfg(test)]
mod tests;
