//! A recursive JSON parser over text whose depth was checked before. It accepts any layout; whether that
//! layout is canonical is decided by printing the value again.

use super::{Fault, is_printable};
use crate::json::{INTEGER_MAX, Object, Value};

/// What names and values may be made of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Alphabet {
    /// Identifiers as names, printable ASCII as values, no `null`.
    Evidence,
    /// Any Unicode scalar value, any name, `null`.
    Open,
}

pub(super) struct Parser<'a> {
    text: &'a str,
    at: usize,
    alphabet: Alphabet,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, alphabet: Alphabet) -> Self {
        Self { text, at: 0, alphabet }
    }

    /// One value and nothing after it.
    pub(super) fn document(mut self) -> Result<Value, Fault> {
        let value = self.value()?;
        if self.peek().is_none() { Ok(value) } else { Err(Fault::Syntax) }
    }

    /// A value and the white space around it.
    fn value(&mut self) -> Result<Value, Fault> {
        self.skip_space();
        let value = match self.peek() {
            Some(b'{') => self.object()?,
            Some(b'[') => self.array()?,
            Some(b'"') => self.text_value()?,
            Some(b'-' | b'0'..=b'9') => self.integer()?,
            Some(b't') => self.literal("true", Value::Bool(true))?,
            Some(b'f') => self.literal("false", Value::Bool(false))?,
            Some(b'n') => self.null()?,
            Some(b'N' | b'I') => return Err(Fault::Number),
            _ => return Err(Fault::Syntax),
        };
        self.skip_space();
        Ok(value)
    }

    fn object(&mut self) -> Result<Value, Fault> {
        let mut members = Object::new();
        self.expect(b'{')?;
        self.skip_space();
        if self.take(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            self.skip_space();
            let name = self.string()?;
            if self.alphabet == Alphabet::Evidence && !key_form(&name) {
                return Err(Fault::KeyForm);
            }
            self.skip_space();
            self.expect(b':')?;
            let value = self.value()?;
            if members.insert(name, value).is_some() {
                return Err(Fault::DuplicateKey);
            }
            if self.take(b'}') {
                return Ok(Value::Object(members));
            }
            self.expect(b',')?;
        }
    }

    fn array(&mut self) -> Result<Value, Fault> {
        let mut elements = Vec::new();
        self.expect(b'[')?;
        self.skip_space();
        if self.take(b']') {
            return Ok(Value::Array(elements));
        }
        loop {
            elements.push(self.value()?);
            if self.take(b']') {
                return Ok(Value::Array(elements));
            }
            self.expect(b',')?;
        }
    }

    fn text_value(&mut self) -> Result<Value, Fault> {
        let text = self.string()?;
        if self.alphabet == Alphabet::Evidence && !is_printable(&text) {
            return Err(Fault::NotPrintableAscii);
        }
        Ok(Value::Str(text))
    }

    fn string(&mut self) -> Result<String, Fault> {
        self.expect(b'"')?;
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let end = rest.find(|c: char| c == '"' || c == '\\' || c < ' ').ok_or(Fault::Syntax)?;
            let (plain, _) = rest.split_at(end);
            text.push_str(plain);
            self.at += end;
            if self.take(b'"') {
                return Ok(text);
            }
            self.expect(b'\\')?;
            text.push(self.escaped()?);
        }
    }

    /// The character that an escape stands for; the backslash is already taken.
    fn escaped(&mut self) -> Result<char, Fault> {
        let letter = self.peek().ok_or(Fault::Syntax)?;
        let plain = match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(),
            _ => return Err(Fault::Syntax),
        };
        self.at += 1;
        Ok(plain)
    }

    /// `uXXXX`, or the two halves `uXXXX\uXXXX` of a surrogate pair.
    fn unicode_escape(&mut self) -> Result<char, Fault> {
        let first = self.code_unit()?;
        let is_high_surrogate = (0xD800..=0xDBFF).contains(&first);
        let decoded = if is_high_surrogate && self.take(b'\\') {
            if self.peek() != Some(b'u') {
                return Err(Fault::LoneSurrogate);
            }
            char::decode_utf16([first, self.code_unit()?]).next()
        } else {
            char::decode_utf16([first]).next()
        };
        decoded.and_then(Result::ok).ok_or(Fault::LoneSurrogate)
    }

    fn code_unit(&mut self) -> Result<u16, Fault> {
        self.expect(b'u')?;
        let digits = self.rest().get(..4).ok_or(Fault::Syntax)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Fault::Syntax);
        }
        self.at += 4;
        u16::from_str_radix(digits, 16).map_err(|_| Fault::Syntax)
    }

    fn integer(&mut self) -> Result<Value, Fault> {
        let from_sign = self.rest();
        let is_negative = self.take(b'-');
        let from_digits = self.rest();
        let digits = from_digits.bytes().take_while(u8::is_ascii_digit).count();
        self.at += digits;
        match self.peek() {
            Some(b'I') if digits == 0 => return Err(Fault::Number),
            _ if digits == 0 || (digits > 1 && from_digits.starts_with('0')) => return Err(Fault::Syntax),
            Some(b'.' | b'e' | b'E') => return Err(Fault::Number),
            _ if is_negative && from_digits.starts_with('0') => return Err(Fault::Number),
            _ => {}
        }
        let (integer, _) = from_sign.split_at(usize::from(is_negative) + digits);
        match integer.parse() {
            Ok(number) if (-INTEGER_MAX..=INTEGER_MAX).contains(&number) => Ok(Value::Int(number)),
            _ => Err(Fault::IntegerRange),
        }
    }

    fn null(&mut self) -> Result<Value, Fault> {
        let value = self.literal("null", Value::Null)?;
        if self.alphabet == Alphabet::Evidence { Err(Fault::Null) } else { Ok(value) }
    }

    fn literal(&mut self, word: &str, value: Value) -> Result<Value, Fault> {
        if !self.rest().starts_with(word) {
            return Err(Fault::Syntax);
        }
        self.at += word.len();
        Ok(value)
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), Fault> {
        if self.take(byte) { Ok(()) } else { Err(Fault::Syntax) }
    }

    /// The text from here on. INVARIANT: `at` is a character boundary, since only whole characters are taken.
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }
}

/// `^[a-z_][a-z0-9_]{0,63}$`: no two names that differ only in case.
fn key_form(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}
