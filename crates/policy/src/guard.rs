//! The door for policy text. Cedar's parser and validator recurse with the depth of an expression and do not watch the
//! stack, so a text of a few kilobytes could end the process. Depth is measured here first, on bytes.

use crate::fault::{Fault, LoadFaults, Place, Problem};

/// Largest policy text, in bytes.
pub const POLICY_TEXT_BYTES_MAX: usize = 1_048_576;

/// How deep brackets may nest, those of `when { }` included.
pub const NESTING_MAX: usize = 12;

/// Most operators (`&&`, `||`, `if`, `+`, `-`, `*`) in one clause; they nest like brackets. Long lists of values are not
/// affected, and a policy may have many clauses.
pub const OPERATORS_MAX: usize = 48;

/// Most accesses in a row, such as the two of `context.after.status`.
pub const ACCESSES_MAX: usize = 12;

/// Refuses a text that is too long or too deep to be parsed safely.
pub(crate) fn check(text: &str) -> Result<(), LoadFaults> {
    if text.len() > POLICY_TEXT_BYTES_MAX {
        let problem = Problem::TooLarge { bytes: text.len(), max: POLICY_TEXT_BYTES_MAX };
        return Err(LoadFaults(vec![Fault { policy: None, place: None, problem }]));
    }
    let mut depth = Depth::default();
    for (offset, byte) in code(text) {
        if let Err((what, max)) = depth.step(byte) {
            let problem = Problem::TooDeep { what, max };
            return Err(LoadFaults(vec![Fault { policy: None, place: Place::at(text, offset), problem }]));
        }
    }
    Ok(())
}

/// The bytes outside strings and comments; a string counts as one quote.
fn code(text: &str) -> impl Iterator<Item = (usize, u8)> {
    let (mut in_string, mut in_comment, mut escaped) = (false, false, false);
    let mut bytes = text.bytes().enumerate().peekable();
    std::iter::from_fn(move || {
        loop {
            let (offset, byte) = bytes.next()?;
            match byte {
                _ if in_comment => in_comment = byte != b'\n',
                _ if escaped => escaped = false,
                b'\\' if in_string => escaped = true,
                b'"' => {
                    in_string = !in_string;
                    if in_string {
                        return Some((offset, byte));
                    }
                }
                _ if in_string => {}
                b'/' if bytes.peek().is_some_and(|(_, next)| *next == b'/') => in_comment = true,
                _ => return Some((offset, byte)),
            }
        }
    })
}

/// How deep the expression is that the scan stands in.
#[derive(Default)]
struct Depth {
    brackets: usize,
    operators: usize,
    accesses: usize,
    /// The byte before, and the one before that.
    before: [u8; 2],
    /// The last byte that is no space.
    solid: u8,
}

impl Depth {
    fn step(&mut self, byte: u8) -> Result<(), (&'static str, usize)> {
        let [earlier, before] = self.before;
        match byte {
            b'(' | b'[' | b'{' => self.brackets += 1,
            b')' | b']' | b'}' => self.brackets = self.brackets.saturating_sub(1),
            b'+' | b'-' | b'*' => self.operators += 1,
            b'&' | b'|' if before == byte => self.operators += 1,
            b'f' if before == b'i' && !is_word(earlier) => self.operators += 1,
            _ => {}
        }
        match byte {
            b'.' | b'[' => self.accesses += 1,
            // A word that no point leads to begins another expression.
            _ if is_word(byte) && before.is_ascii_whitespace() && self.solid != b'.' => self.accesses = 0,
            b',' | b';' | b'{' | b'}' | b'=' | b'<' | b'>' | b'&' | b'|' | b'+' | b'-' | b'*' => {
                self.accesses = 0;
            }
            _ => {}
        }
        if self.brackets == 0 {
            self.operators = 0;
        }
        self.before = [before, byte];
        if !byte.is_ascii_whitespace() {
            self.solid = byte;
        }
        if self.brackets > NESTING_MAX {
            Err(("nested brackets", NESTING_MAX))
        } else if self.operators > OPERATORS_MAX {
            Err(("operators in one clause", OPERATORS_MAX))
        } else if self.accesses > ACCESSES_MAX {
            Err(("accesses in a row", ACCESSES_MAX))
        } else {
            Ok(())
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests;
