//! Checks of what people type into administrative forms.

use domain::name::Slug;

use crate::{Code, Error, Result};

/// Characters of a name or title.
pub(super) const NAME_LEN_MAX: usize = 200;
/// Characters of an e-mail address (RFC 5321 section 4.5.3.1.3, without the angle brackets).
const EMAIL_LEN_MAX: usize = 254;
/// Characters of a user name.
const USERNAME_LEN_MAX: usize = 64;
/// Names in one list: the teams of an agent, the limits of a key.
pub(super) const NAMES_MAX: usize = 100;
/// Things of one kind in a workspace. The view of a workspace is loaded as a whole.
pub(super) const KIND_MAX: usize = 10_000;

fn invalid(at: &str, message: impl Into<String>) -> Error {
    Error::new(Code::InvalidRequest, message).at(at)
}

/// A name or title for people: one line of visible text.
pub(super) fn name(text: &str, at: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > NAME_LEN_MAX || text.chars().any(char::is_control) {
        return Err(invalid(at, format!("a name is one line of 1 to {NAME_LEN_MAX} characters")));
    }
    Ok(text.to_owned())
}

/// A user name, in lower case.
pub(super) fn username(text: &str, at: &str) -> Result<String> {
    let text = text.trim().to_ascii_lowercase();
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let form = text.len() <= USERNAME_LEN_MAX
        && text.bytes().next().is_some_and(letter)
        && text.bytes().all(|byte| letter(byte) || matches!(byte, b'.' | b'_' | b'-' | b'+' | b'@'));
    if form {
        return Ok(text);
    }
    Err(invalid(at, format!("`{}` is no user name", shown(&text))).hint(format!(
        "1 to {USERNAME_LEN_MAX} characters from a-z, 0-9, `.`, `_`, `-`, `+`, `@`, starting with a letter or digit"
    )))
}

/// An e-mail address, roughly: whether it is real shows when something is sent there.
pub(super) fn email(text: &str, at: &str) -> Result<String> {
    let text = text.trim();
    let parts = text.split_once('@');
    let form =
        parts.is_some_and(|(local, host)| !local.is_empty() && !host.is_empty() && !host.contains('@'));
    if form && text.len() <= EMAIL_LEN_MAX && !text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Ok(text.to_owned());
    }
    Err(invalid(at, format!("`{}` is no e-mail address", shown(text))))
}

/// A clear name.
pub(super) fn slug(text: &str, at: &str) -> Result<Slug> {
    Slug::parse(text).map_err(|fault| invalid(at, fault.to_string()))
}

/// Refuses a list that is too long.
pub(super) fn few(count: usize, at: &str) -> Result<()> {
    if count <= NAMES_MAX { Ok(()) } else { Err(invalid(at, format!("at most {NAMES_MAX} names"))) }
}

/// Refuses one thing more than a workspace holds.
pub(super) fn room(count: usize, what: &str) -> Result<()> {
    if count < KIND_MAX {
        return Ok(());
    }
    Err(Error::new(Code::LimitReached, format!("a workspace holds at most {KIND_MAX} {what}")))
}

/// Input as an error message may quote it.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}

#[cfg(test)]
mod tests;
