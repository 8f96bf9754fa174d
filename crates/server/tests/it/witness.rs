//! Witnesses over real sockets: the protocol, kills, and servers whose logs they watch.

mod killed;
mod logs;
mod protocol;

use std::path::Path;

use proof::checkpoint::{Checkpoint, SignedCheckpoint};
use proof::consistency;
use proof::digest::Digest;
use proof::note::{KeyKind, SigningKey, VerifierKey};
use proof::tree::{leaf_hash, root};
use proof::witness::AddCheckpoint;
use server::witness::Running;

pub const NAME: &str = "witness.example/w";

/// A log of this test, and another history of it after five leaves.
pub struct Log(pub SigningKey);

impl Log {
    pub fn new(origin: &str) -> Self {
        Self(SigningKey::new(origin, KeyKind::Ed25519, &[1; 32]).unwrap())
    }

    pub fn vkey(&self) -> &VerifierKey {
        self.0.verifier()
    }

    /// The request for a head, with the proof from the old size.
    pub fn request(&self, old_size: u64, size: u64, history: u64) -> AddCheckpoint {
        let leaf = |n: u64| leaf_hash(format!("{n}/{}", if n < 5 { 0 } else { history }).as_bytes());
        let leaves: Vec<Digest> = (0..size).map(leaf).collect();
        let node = |level: u32, index: u64| {
            let start = usize::try_from(index).ok()? << level;
            leaves.get(start..start + (1 << level)).map(root)
        };
        let proof = consistency::build(old_size, size, node).unwrap_or_default();
        let head = Checkpoint { origin: self.vkey().name().to_owned(), size, root: root(&leaves) };
        let checkpoint = SignedCheckpoint::sign(&head, [&self.0]).unwrap();
        AddCheckpoint { old_size, proof, checkpoint }
    }
}

/// A witness on a port that the system chooses.
pub async fn start(name: &str, data: &Path, logs: &[&VerifierKey]) -> Running {
    let logs = logs.iter().map(|key| (*key).clone()).collect();
    Running::start(name, "127.0.0.1:0".parse().unwrap(), data, logs).await.unwrap()
}

/// What is kept of refused requests, by name, with the folder of each.
pub fn refused(data: &Path) -> Vec<(String, std::path::PathBuf)> {
    let folders = std::fs::read_dir(data.join("refused")).into_iter().flatten();
    let files = folders.flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap());
    let mut files: Vec<_> = files
        .map(|file| file.unwrap())
        .map(|file| (file.file_name().to_string_lossy().into_owned(), file.path()))
        .collect();
    files.sort();
    files
}
