//! What a witness remembers, and its one act: judge a head, keep it, cosign it.
//!
//! Each log has a lock of its own, held from the comparison to the file on stable storage: two requests never pass each
//! other, and no cosignature leaves before the head is kept.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use proof::checkpoint::SignedCheckpoint;
use proof::digest::sha256;
use proof::note::{NoteFault, SignatureLine, SigningKey, VerifierKey};
use proof::witness::{AddCheckpoint, Refusal, Seen, judge};

use super::kept::Refused;
use super::{StartFault, key, lock, make_folder, replace};

const KEY_FILE: &str = "key";
const HEADS_FOLDER: &str = "heads";
const REFUSED_FOLDER: &str = "refused";

/// A witness: its key, and the newest head of each log that it watches.
pub struct Witness {
    key: SigningKey,
    logs: BTreeMap<String, Watched>,
    refused: Refused,
    /// Open for as long as the witness is.
    _lock: File,
}

/// A log.
struct Watched {
    keys: Vec<VerifierKey>,
    path: PathBuf,
    /// The newest head that was cosigned, as the file holds it.
    head: Mutex<Option<SignedCheckpoint>>,
}

/// What a request is answered with.
#[derive(Debug)]
pub enum Answer {
    /// The cosignature.
    Cosigned(SignatureLine),
    /// Not an add-checkpoint request.
    Malformed(NoteFault),
    /// A request that is not granted.
    Refused(Refusal),
    /// The head could not be kept or cosigned, so it was not.
    Failed,
}

impl Witness {
    /// Opens a data directory, made at the first start.
    ///
    /// # Errors
    /// Why not.
    pub fn open(name: &str, data: &Path, logs: Vec<VerifierKey>) -> Result<Self, StartFault> {
        make_folder(data)?;
        let lock = lock(data)?;
        let heads = data.join(HEADS_FOLDER);
        let fresh = !heads.exists();
        let key = key::open(&data.join(KEY_FILE), name, fresh)?;
        make_folder(&heads)?;
        let mut watched = BTreeMap::new();
        for log in logs {
            let origin = log.name().to_owned();
            if !watched.contains_key(&origin) {
                watched.insert(origin.clone(), Watched::open(&heads, &origin, key.verifier())?);
            }
            if let Some(known) = watched.get_mut(&origin) {
                known.keys.push(log);
            }
        }
        let refused = Refused::new(data.join(REFUSED_FOLDER));
        Ok(Self { key, logs: watched, refused, _lock: lock })
    }

    /// Its key.
    pub fn vkey(&self) -> &VerifierKey {
        self.key.verifier()
    }

    /// Answers a request at `time`, in seconds since 1970. Waits for the disk.
    pub fn add_checkpoint(&self, body: &[u8], time: u64) -> Answer {
        let request = match AddCheckpoint::parse(body) {
            Ok(request) => request,
            Err(fault) => return Answer::Malformed(fault),
        };
        let Some(log) = self.logs.get(&request.checkpoint.checkpoint().origin) else {
            return Answer::Refused(Refusal::UnknownOrigin);
        };
        let mut head = log.head.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(refusal) = judge(&request, &log.keys, head.as_ref().map(seen)) {
            self.refused.look(&request, refusal, head.as_ref());
            return Answer::Refused(refusal);
        }
        match self.keep(log, &request.checkpoint, time) {
            Ok((kept, line)) => {
                *head = Some(kept);
                Answer::Cosigned(line)
            }
            Err(fault) => {
                tracing::error!(error = %fault, file = %log.path.display(), "a head could not be kept, so it was not cosigned");
                Answer::Failed
            }
        }
    }

    /// Writes the head with our cosignature and the signatures of its log, and nobody else's.
    fn keep(
        &self,
        log: &Watched,
        head: &SignedCheckpoint,
        time: u64,
    ) -> io::Result<(SignedCheckpoint, SignatureLine)> {
        let line = head.cosign(time, &self.key).map_err(io::Error::other)?;
        let by_log =
            head.note().signatures().iter().filter(|line| log.keys.iter().any(|key| line.is_by(key)));
        let lines = by_log.cloned().chain([line.clone()]).collect();
        let kept = SignedCheckpoint::new(head.checkpoint(), lines).map_err(io::Error::other)?;
        replace(&log.path, kept.to_string().as_bytes())?;
        Ok((kept, line))
    }
}

impl Watched {
    /// A log with the head that its file holds, if it was ever cosigned.
    fn open(folder: &Path, origin: &str, witness: &VerifierKey) -> Result<Self, StartFault> {
        // Origins may hold what file names may not.
        let path = folder.join(format!("{}.checkpoint", sha256(origin.as_bytes())));
        let head = match std::fs::read(&path) {
            Ok(bytes) => {
                let head = SignedCheckpoint::parse(&bytes).ok().filter(|head| {
                    let cosigned = head.verify([witness]).is_ok_and(|signed| !signed.is_empty());
                    cosigned && head.checkpoint().origin == origin
                });
                Some(head.ok_or_else(|| StartFault::Damaged(path.clone()))?)
            }
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => None,
            Err(fault) => return Err(StartFault::File(path, fault)),
        };
        Ok(Self { keys: Vec::new(), path, head: Mutex::new(head) })
    }
}

fn seen(head: &SignedCheckpoint) -> Seen {
    let head = head.checkpoint();
    Seen { size: head.size, root: head.root }
}
