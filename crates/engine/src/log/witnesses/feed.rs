//! One head, shown to one witness: `add-checkpoint` of C2SP tlog-witness, asked again from the size that it tells.

use std::time::Duration;

use domain::id::WorkspaceId;
use proof::checkpoint::SignedCheckpoint;
use proof::note::SignatureLine;
use proof::trust::Witness;
use proof::witness::{AddCheckpoint, parse_size};

use super::super::{Message, Method, Nodes, Trust};
use crate::{Engine, Error};

/// How long a witness may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Requests of one showing: with the size that we know, and with what it tells.
const ASKED_MAX: u32 = 3;

/// Why a witness did not cosign.
#[derive(Debug)]
pub(super) enum Unfed {
    /// It did not answer, or could not; or we could not.
    Silent(String),
    /// It does not take heads of this log.
    Refused(String),
    /// It holds what this log does not continue.
    Fork(String),
}

impl Unfed {
    pub fn word(&self) -> &'static str {
        match self {
            Self::Silent(_) => "silent",
            Self::Refused(_) => "refused",
            Self::Fork(_) => "fork",
        }
    }
}

impl From<Error> for Unfed {
    fn from(error: Error) -> Self {
        Self::Silent(error.to_string())
    }
}

/// Where a witness takes heads.
pub(super) fn address(witness: &Witness) -> Option<String> {
    let prefix = witness.url.as_deref()?;
    Some(format!("{}/add-checkpoint", prefix.trim_end_matches('/')))
}

impl Engine {
    /// Shows a head; answers how many leaves the witness has now cosigned.
    pub(super) async fn show_head(
        &self,
        ws: WorkspaceId,
        trust: &Trust,
        (witness, url): (&Witness, &str),
        mut old_size: u64,
        mut head: SignedCheckpoint,
    ) -> Result<u64, Unfed> {
        for _ in 0..ASKED_MAX {
            let size = head.checkpoint().size;
            let proof = Nodes::new(&*self.store, ws, size).consistency(old_size).await?;
            let request = AddCheckpoint { old_size, proof, checkpoint: head.clone() };
            let message = Message {
                method: Method::Post,
                url: url.to_owned(),
                headers: Vec::new(),
                body: request.to_string().into_bytes(),
                timeout: ANSWER_TIMEOUT,
            };
            let reply = (self.post)(message).await.map_err(Unfed::Silent)?;
            match reply.status {
                200 => {
                    let lines = cosignatures(&reply.body, &head, witness)?;
                    self.keep_cosignatures(ws, trust, size, lines).await?;
                    return Ok(size);
                }
                409 => {
                    let told = parse_size(&reply.body);
                    let told =
                        told.ok_or_else(|| Unfed::Refused("it answers 409 without a size".to_owned()))?;
                    if told > size {
                        // Somebody else may have shown it a newer head of ours meanwhile.
                        head = self.kept_head(ws).await?;
                        let have = head.checkpoint().size;
                        if told > have {
                            let why =
                                format!("has cosigned {told} leaves, and there are {have} under our heads");
                            return Err(Unfed::Fork(why));
                        }
                    } else if told == old_size && told == size {
                        return Err(Unfed::Fork(format!("has cosigned another head of {size} leaves")));
                    } else if told == old_size {
                        return Err(Unfed::Refused(format!(
                            "it answers 409 with the size {told} that it was asked from"
                        )));
                    }
                    old_size = told;
                }
                403 => return Err(Unfed::Refused("it does not trust the key that signs (403)".to_owned())),
                404 => return Err(Unfed::Refused("it does not know this log (404)".to_owned())),
                422 => {
                    let why =
                        format!("says that {size} leaves do not continue the {old_size} that it cosigned");
                    return Err(Unfed::Fork(why));
                }
                400..500 => return Err(Unfed::Refused(format!("it answers {}", reply.status))),
                status => return Err(Unfed::Silent(format!("it answers {status}"))),
            }
        }
        Err(Unfed::Silent(format!("it told another size {ASKED_MAX} times")))
    }
}

/// The lines of the witness out of its answer, each checked.
fn cosignatures(
    body: &[u8],
    head: &SignedCheckpoint,
    witness: &Witness,
) -> Result<Vec<SignatureLine>, Unfed> {
    let malformed = |what: &str| Unfed::Refused(format!("its answer {what}"));
    let text = str::from_utf8(body).map_err(|_| malformed("is no text"))?;
    let lines = SignatureLine::parse_all(text).map_err(|_| malformed("holds no signature lines"))?;
    let lines: Vec<_> = lines.into_iter().filter(|line| line.is_by(&witness.key)).collect();
    let checked = SignedCheckpoint::new(head.checkpoint(), lines.clone());
    let signed = checked.and_then(|checked| checked.verify([&witness.key]).map(|signed| signed.len()));
    match signed {
        Ok(1) => Ok(lines),
        Ok(_) => Err(malformed("has no line of its key")),
        Err(_) => Err(malformed("has a line of its key that does not verify")),
    }
}
