//! From the text of a query to its parts.

use serde_json::{Value, json};

#[derive(Debug, PartialEq)]
pub(super) struct Query {
    pub fields: Vec<String>,
    pub object: String,
    pub conditions: Vec<Condition>,
    /// The field to sort by, and whether the largest comes first.
    pub order: Option<(String, bool)>,
    pub limit: Option<usize>,
}

#[derive(Debug, PartialEq)]
pub(super) struct Condition {
    pub field: String,
    pub op: Op,
    pub literal: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// A name, keyword, number, date or time.
    Word(String),
    Text(String),
    Op(Op),
    Comma,
}

/// Parses a query; the error says what is wrong with it.
pub(super) fn parse(text: &str) -> Result<Query, String> {
    let mut tokens = Tokens { rest: tokens(text)?.into_iter().peekable() };
    tokens.keyword("SELECT")?;
    let mut fields = vec![tokens.word("a field")?];
    while tokens.rest.next_if_eq(&Token::Comma).is_some() {
        fields.push(tokens.word("a field")?);
    }
    tokens.keyword("FROM")?;
    let object = tokens.word("an object")?;
    let mut conditions = Vec::new();
    if tokens.has("WHERE") {
        conditions.push(tokens.condition()?);
        while tokens.has("AND") {
            conditions.push(tokens.condition()?);
        }
    }
    let mut order = None;
    if tokens.has("ORDER") {
        tokens.keyword("BY")?;
        let field = tokens.word("a field")?;
        order = Some((field, tokens.has("DESC")));
        if order.as_ref().is_some_and(|(_, descending)| !descending) {
            tokens.has("ASC");
        }
    }
    let mut limit = None;
    if tokens.has("LIMIT") {
        let number = tokens.word("a number")?;
        limit = Some(number.parse().map_err(|_| format!("`{number}` is not a limit"))?);
    }
    match tokens.rest.next() {
        None => Ok(Query { fields, object, conditions, order, limit }),
        Some(token) => Err(format!("unexpected token: {token:?}")),
    }
}

struct Tokens {
    rest: std::iter::Peekable<std::vec::IntoIter<Token>>,
}

impl Tokens {
    fn has(&mut self, keyword: &str) -> bool {
        let is = |token: &Token| matches!(token, Token::Word(word) if word.eq_ignore_ascii_case(keyword));
        self.rest.next_if(is).is_some()
    }

    fn keyword(&mut self, keyword: &str) -> Result<(), String> {
        if self.has(keyword) { Ok(()) } else { Err(format!("expecting {keyword}")) }
    }

    fn word(&mut self, what: &str) -> Result<String, String> {
        match self.rest.next() {
            Some(Token::Word(word)) => Ok(word),
            Some(Token::Text(_) | Token::Op(_) | Token::Comma) | None => Err(format!("expecting {what}")),
        }
    }

    fn condition(&mut self) -> Result<Condition, String> {
        let field = self.word("a field")?;
        let Some(Token::Op(op)) = self.rest.next() else { return Err("expecting an operator".to_owned()) };
        let literal = match self.rest.next() {
            Some(Token::Text(text)) => json!(text),
            Some(Token::Word(word)) => literal(&word),
            Some(Token::Op(_) | Token::Comma) | None => return Err("expecting a value".to_owned()),
        };
        Ok(Condition { field, op, literal })
    }
}

/// `null`, `true`, a number, or else a date or time.
fn literal(word: &str) -> Value {
    let known = [("null", Value::Null), ("true", json!(true)), ("false", json!(false))];
    if let Some((_, value)) = known.into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name)) {
        return value;
    }
    word.parse::<f64>().map_or_else(|_| json!(word), |number| json!(number))
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        tokens.push(match letter {
            letter if letter.is_whitespace() => continue,
            ',' => Token::Comma,
            '=' => Token::Op(Op::Equal),
            '!' if letters.next_if_eq(&'=').is_some() => Token::Op(Op::NotEqual),
            '<' if letters.next_if_eq(&'=').is_some() => Token::Op(Op::LessOrEqual),
            '>' if letters.next_if_eq(&'=').is_some() => Token::Op(Op::GreaterOrEqual),
            '<' => Token::Op(Op::Less),
            '>' => Token::Op(Op::Greater),
            '\'' => Token::Text(quoted(&mut letters)?),
            letter if is_word(letter) => {
                let mut word = String::from(letter);
                while let Some(letter) = letters.next_if(|letter| is_word(*letter)) {
                    word.push(letter);
                }
                Token::Word(word)
            }
            other => return Err(format!("unexpected character `{other}`")),
        });
    }
    Ok(tokens)
}

fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "_.:+-".contains(letter)
}

/// The rest of a quoted text; a backslash takes the next character as it is.
fn quoted(letters: &mut impl Iterator<Item = char>) -> Result<String, String> {
    let mut text = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => return Ok(text),
            '\\' => text.extend(letters.next()),
            other => text.push(other),
        }
    }
    Err("a quote is not closed".to_owned())
}
