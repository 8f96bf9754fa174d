//! Files of the data directory that are no database: the key-encryption key and this node's id.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use domain::id::NodeId;
use domain::time::Timestamp;
use engine::seams::Entropy;
use store::Kek;
use zeroize::Zeroizing;

use super::StartFault;
use crate::config::Config;
use crate::private_file::write_new;

/// Bytes of a key-encryption key.
const KEK_LEN: usize = 32;
/// Letters of a generated password: those that nobody confuses, so that 20 of them hold 100 bits.
const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz234567890";

/// The key-encryption key: the operator's file, or the one in the data directory, which the first start makes.
pub fn kek(config: &Config) -> Result<Kek, StartFault> {
    let own = config.data.join("keys").join("kek");
    let (path, may_make) = match &config.keys.kek_file {
        Some(file) => (file.clone(), false),
        None => (own, true),
    };
    match read_key(&path) {
        Ok(key) => Ok(Kek::new(key)),
        Err(StartFault::File(_, fault)) if fault.kind() == io::ErrorKind::NotFound && may_make => {
            if config.data.join("actionplane.db").exists() {
                return Err(StartFault::KeyMissing(path));
            }
            make_key(&path).map(Kek::new)
        }
        Err(fault) => Err(fault),
    }
}

fn read_key(path: &Path) -> Result<Zeroizing<[u8; KEK_LEN]>, StartFault> {
    let file = |fault| StartFault::File(path.to_owned(), fault);
    let mut bytes = Zeroizing::new(Vec::with_capacity(KEK_LEN + 1));
    let limit = u64::try_from(KEK_LEN + 1).unwrap_or(u64::MAX);
    File::open(path).map_err(file)?.take(limit).read_to_end(&mut bytes).map_err(file)?;
    let key = <[u8; KEK_LEN]>::try_from(bytes.as_slice());
    key.map(Zeroizing::new).map_err(|_| StartFault::Key(path.to_owned()))
}

fn make_key(path: &Path) -> Result<Zeroizing<[u8; KEK_LEN]>, StartFault> {
    let file = |fault| StartFault::File(path.to_owned(), fault);
    let mut key = Zeroizing::new([0; KEK_LEN]);
    getrandom::fill(&mut *key).map_err(|fault| file(io::Error::other(fault)))?;
    write_new(path, &*key).map_err(file)?;
    Ok(key)
}

/// The id under which this data directory's processes write events: the same across restarts.
pub fn node(data: &Path, entropy: &(dyn Entropy + 'static), now: Timestamp) -> Result<NodeId, StartFault> {
    let path: PathBuf = data.join("node");
    match std::fs::read_to_string(&path) {
        Ok(text) => NodeId::parse(text.trim_end()).map_err(|_| StartFault::Node(path)),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => {
            let id = NodeId::new(now, entropy.id_bits());
            let written = write_new(&path, format!("{id}\n").as_bytes());
            written.map(|()| id).map_err(|fault| StartFault::File(path, fault))
        }
        Err(fault) => Err(StartFault::File(path, fault)),
    }
}

/// A password of four groups of five letters.
pub fn password(entropy: &(dyn Entropy + 'static)) -> String {
    let mut random = [0; 20];
    entropy.fill(&mut random);
    let letters = random
        .iter()
        .map(|byte| LETTERS.get(usize::from(byte % 32)).map_or('a', |letter| char::from(*letter)));
    let letters: Vec<char> = letters.collect();
    letters.chunks(5).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests;
