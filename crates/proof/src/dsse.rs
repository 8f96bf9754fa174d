//! DSSE v1: a payload signed together with its type, as in-toto statements travel.

#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::canonical;
use crate::json::{Value, object};
use crate::members::{Members, text};
use crate::note::{KeyKind, NoteFault, SIGNATURES_MAX, SigningKey, VerifierKey};
use crate::strict::{Fault, parse_open};

/// The largest envelope, in bytes.
pub const ENVELOPE_BYTES_MAX: usize = 1_048_576;

/// The payload type of an in-toto statement.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";

/// A signed payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The media type, which is signed too.
    pub payload_type: String,
    /// The bytes.
    pub payload: Vec<u8>,
    /// Who signed, at least one and at most [`SIGNATURES_MAX`].
    pub signatures: Vec<EnvelopeSignature>,
}

/// One signature of an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvelopeSignature {
    /// Which key; for ours the key id of its vkey. A hint, not a proof.
    pub key_id: String,
    /// The signature over [`pae`].
    pub signature: Vec<u8>,
}

/// What is signed: the pre-authentication encoding.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

impl Envelope {
    /// Signs a payload.
    ///
    /// # Errors
    /// [`NoteFault::KeyKind`] unless the key is of kind [`KeyKind::Ed25519`].
    pub fn sign(payload_type: &str, payload: &[u8], key: &SigningKey) -> Result<Self, NoteFault> {
        if key.verifier().kind() != KeyKind::Ed25519 {
            return Err(NoteFault::KeyKind);
        }
        let signature = key.sign(&pae(payload_type, payload)).to_vec();
        let signatures = vec![EnvelopeSignature { key_id: key.verifier().id().to_string(), signature }];
        Ok(Self { payload_type: payload_type.to_owned(), payload: payload.to_vec(), signatures })
    }

    /// The bytes of the file, canonical JSON.
    ///
    /// # Errors
    /// The rule that this envelope breaks: bytes come out only if [`Envelope::parse`] takes them.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Fault> {
        let signature = |signature: &EnvelopeSignature| {
            object([
                ("keyid", signature.key_id.as_str().into()),
                ("sig", STANDARD.encode(&signature.signature).into()),
            ])
        };
        let bytes = canonical::to_bytes(&object([
            ("payload", STANDARD.encode(&self.payload).into()),
            ("payloadType", self.payload_type.as_str().into()),
            ("signatures", Value::Array(self.signatures.iter().map(signature).collect())),
        ]));
        Self::parse(&bytes)?;
        Ok(bytes)
    }

    /// Reads an envelope. No signature is checked.
    ///
    /// # Errors
    /// The rule that the bytes break.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        if bytes.len() > ENVELOPE_BYTES_MAX {
            return Err(Fault::TooLarge);
        }
        let mut members = Members::of(parse_open(bytes)?)?;
        let envelope = Self {
            payload: members.required("payload", Fault::EnvelopeForm, base64)?,
            payload_type: members.required(
                "payloadType",
                Fault::EnvelopeForm,
                text(|text| !text.is_empty()),
            )?,
            signatures: members.required("signatures", Fault::EnvelopeForm, signatures)?,
        };
        members.finish()?;
        Ok(envelope)
    }

    /// Which of these keys signed, in the order of the keys.
    ///
    /// # Errors
    /// [`NoteFault::BadSignature`] if a signature under the id of any of these keys does not verify, or
    /// [`NoteFault::KeyKind`] for a key of another kind than [`KeyKind::Ed25519`].
    pub fn verify<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k VerifierKey>,
    ) -> Result<Vec<&'k VerifierKey>, NoteFault> {
        let message = pae(&self.payload_type, &self.payload);
        let mut signed = Vec::new();
        for key in keys {
            if key.kind() != KeyKind::Ed25519 {
                return Err(NoteFault::KeyKind);
            }
            let id = key.id().to_string();
            for of_key in self.signatures.iter().filter(|signature| signature.key_id == id) {
                let signature = of_key.signature.as_slice().try_into();
                if !signature.is_ok_and(|signature| key.verifies(&message, signature)) {
                    return Err(NoteFault::BadSignature);
                }
            }
            signed.extend(self.signatures.iter().any(|signature| signature.key_id == id).then_some(key));
        }
        Ok(signed)
    }
}

fn signatures(value: Value) -> Option<Vec<EnvelopeSignature>> {
    let Value::Array(elements) = value else { return None };
    let count = (1..=SIGNATURES_MAX).contains(&elements.len());
    if count { elements.into_iter().map(signature).collect() } else { None }
}

fn signature(value: Value) -> Option<EnvelopeSignature> {
    let mut members = Members::of(value).ok()?;
    let key_id = members.required("keyid", Fault::EnvelopeForm, text(|_| true)).ok()?;
    let signature = members.required("sig", Fault::EnvelopeForm, base64).ok()?;
    members.finish().ok()?;
    Some(EnvelopeSignature { key_id, signature })
}

fn base64(value: Value) -> Option<Vec<u8>> {
    STANDARD.decode(value.as_str()?).ok()
}
