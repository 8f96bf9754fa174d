//! Names that may stand in clear text: slugs. Anything a person or vendor wrote is sealed instead.

use std::fmt;

/// A clear name: a workflow, group, connector, object, action, rule or code. `[a-z0-9][a-z0-9._-]{0,63}`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slug(String);

/// A text that is no slug.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a name of 1 to 64 characters from a-z, 0-9, `.`, `_`, `-`, starting with a letter or digit"
)]
pub struct SlugFault(pub String);

/// Characters of a slug.
pub const SLUG_LEN_MAX: usize = 64;

impl Slug {
    /// Parses a slug; refuses everything outside its alphabet and length.
    pub fn parse(text: &str) -> Result<Self, SlugFault> {
        let ok = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let form = text.len() <= SLUG_LEN_MAX
            && text.bytes().next().is_some_and(ok)
            && text.bytes().all(|byte| ok(byte) || matches!(byte, b'.' | b'_' | b'-'));
        if form { Ok(Self(text.to_owned())) } else { Err(SlugFault(text.chars().take(80).collect())) }
    }

    /// A name of ours that is a literal. Whatever is no slug becomes `invalid`, which a test of every literal rules out.
    pub(crate) fn literal(text: &'static str) -> Self {
        Self::parse(text).unwrap_or_else(|_| Self("invalid".to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_lower_case_short_and_starts_with_a_letter_or_digit() {
        for good in ["a", "0", "crm-main", "deal_desk.eu", &"x".repeat(SLUG_LEN_MAX)] {
            assert_eq!(Slug::parse(good).map(|slug| slug.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "-a", ".a", "A", "a b", "é", "a/b", "a@b.example", &"x".repeat(SLUG_LEN_MAX + 1)] {
            assert!(Slug::parse(bad).is_err(), "{bad}");
        }
    }
}
