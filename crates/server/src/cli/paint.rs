//! Colors, and texts that cannot play tricks on a terminal.
//!
//! Everything is painted always; `anstream` takes the colors away where the output is no terminal. Values come from
//! systems of record and from agents, so whatever a terminal would obey is made visible first.

use anstyle::{AnsiColor, Color, Style};

/// Headings and what matters most.
pub const BOLD: Style = Style::new().bold();
/// What is only looked at when needed.
pub const DIM: Style = Style::new().dimmed();
/// Before, refused, failed.
pub const RED: Style = color(AnsiColor::Red);
/// After, done.
pub const GREEN: Style = color(AnsiColor::Green);
/// Waits for somebody.
pub const YELLOW: Style = color(AnsiColor::Yellow);
/// Ids and digests.
pub const CYAN: Style = color(AnsiColor::Cyan);
/// Work in progress.
pub const BLUE: Style = color(AnsiColor::Blue);

const fn color(color: AnsiColor) -> Style {
    Style::new().fg_color(Some(Color::Ansi(color)))
}

/// The text in a style.
pub fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// The text without anything that a terminal would obey: control characters, and marks that turn the direction of
/// writing, are shown as escapes. Line feeds are shown as well.
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() || turns_or_hides(letter) {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// Bidirectional controls and invisible characters (Unicode TR 36, 2.5 and 3.5).
fn turns_or_hides(letter: char) -> bool {
    matches!(letter,
        '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Text that grows line by line.
pub trait Lines {
    /// Adds a line.
    fn line(&mut self, line: String);
}

impl Lines for String {
    fn line(&mut self, line: String) {
        self.push_str(&line);
        self.push('\n');
    }
}

/// Columns that a text takes; styles take none. Every letter counts as one.
pub fn width(text: &str) -> usize {
    anstream::adapter::strip_str(text).map(|part| part.chars().count()).sum()
}

/// The text, filled with spaces up to a number of columns.
pub fn pad(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(missing))
}

/// At most so many characters, with an ellipsis where something is missing.
pub fn cut(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_owned();
    }
    let kept: String = text.chars().take(columns.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// Lines of at most so many columns, broken between words; a longer word stays whole.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && width(&line) + 1 + width(word) > columns {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// The columns of the terminal, within reason; 100 where there is none.
pub fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(std::io::stdout());
    size.map_or(100, |size| usize::from(size.ws_col)).clamp(72, 120)
}

#[cfg(test)]
mod tests;
