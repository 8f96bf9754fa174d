//! Digests of sealed fields, and the rules for where they stand (RFC 9901, sections 4.1.1 and 4.2.4.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::digest::sha256;
use crate::json::Value;
use crate::strict::Fault;

/// The one hash of sealed fields, the value of `_sd_alg`.
pub(crate) const SD_ALG: &str = "sha-256";

/// The digest of a disclosure: 43 characters of base64url, unused bits zero. It sorts by these characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SdDigest(String);

impl SdDigest {
    /// Reads the 43 characters.
    ///
    /// # Errors
    /// [`Fault::SdForm`] for another length, [`Fault::Base64url`] for other characters or unused bits that
    /// are set.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        check(text)?;
        Ok(Self(text.to_owned()))
    }

    /// The digest of a disclosure's text.
    pub(crate) fn of_disclosure(text: &str) -> Self {
        Self(URL_SAFE_NO_PAD.encode(sha256(text.as_bytes()).as_bytes()))
    }

    /// The 43 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<SdDigest> for Value {
    fn from(digest: SdDigest) -> Self {
        Self::Str(digest.0)
    }
}

fn check(text: &str) -> Result<(), Fault> {
    if text.len() != 43 {
        return Err(Fault::SdForm);
    }
    URL_SAFE_NO_PAD.decode_slice(text, &mut [0; 33]).map(|_| ()).map_err(|_| Fault::Base64url)
}

/// The value of `_sd` for these digests: sorted, so that their order does not tell which is which.
pub(crate) fn sorted(digests: &[SdDigest]) -> Value {
    let mut digests = digests.to_vec();
    digests.sort();
    Value::Array(digests.into_iter().map(Value::from).collect())
}

/// Reads the value of an `_sd` member.
pub(crate) fn digests(value: Value) -> Option<Vec<SdDigest>> {
    let Value::Array(elements) = value else { return None };
    elements.iter().map(|element| SdDigest::parse(element.as_str()?).ok()).collect()
}

/// Whether a value holds any `_sd`.
pub(crate) fn is_within(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.contains_key("_sd") || members.values().any(is_within),
        Value::Array(elements) => elements.iter().any(is_within),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Str(_) => false,
    }
}

/// Checks every `_sd` of a document: its form and order, no digest twice in the whole document, and `_sd_alg`
/// at the top exactly when there is any.
pub(crate) fn check_document(document: &Value) -> Result<(), Fault> {
    let mut found = Vec::new();
    collect(document, &mut found)?;
    let algorithm = document.get("_sd_alg");
    let wanted = if found.is_empty() { None } else { Some(SD_ALG) };
    if algorithm.map(Value::as_str) != wanted.map(Some) {
        return Err(Fault::SdAlg);
    }
    found.sort_unstable();
    if found.windows(2).any(|pair| pair.first() == pair.last()) { Err(Fault::SdRepeat) } else { Ok(()) }
}

fn collect<'a>(value: &'a Value, found: &mut Vec<&'a str>) -> Result<(), Fault> {
    match value {
        Value::Object(members) => {
            if let Some(list) = members.get("_sd") {
                collect_list(list, found)?;
            }
            for (name, member) in members {
                if name != "_sd" {
                    collect(member, found)?;
                }
            }
            Ok(())
        }
        Value::Array(elements) => elements.iter().try_for_each(|element| collect(element, found)),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Str(_) => Ok(()),
    }
}

fn collect_list<'a>(list: &'a Value, found: &mut Vec<&'a str>) -> Result<(), Fault> {
    let elements = list.as_array().filter(|elements| !elements.is_empty()).ok_or(Fault::SdForm)?;
    let mut last = "";
    for element in elements {
        let text = element.as_str().ok_or(Fault::SdForm)?;
        check(text)?;
        // An equal neighbor is a repeat, which the caller names.
        if text < last {
            return Err(Fault::SdForm);
        }
        last = text;
        found.push(text);
    }
    Ok(())
}
