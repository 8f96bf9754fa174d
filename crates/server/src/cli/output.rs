//! The terminal: what is asked for on standard output, everything else on standard error.

use std::io::{IsTerminal, Write};

use super::client::Reply;
use super::failure::{Ending, Failure, Result};
use super::paint::{self, BOLD, paint};

/// How answers are told.
#[derive(Debug, Clone)]
pub struct Output {
    json: bool,
    /// Columns of the terminal.
    pub columns: usize,
}

impl Output {
    /// For people, or the server's JSON.
    pub fn new(json: bool) -> Self {
        Self { json, columns: paint::columns() }
    }

    /// Whether scripts read along.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// An answer: verbatim, or as it is rendered.
    pub fn answer(&self, reply: &Reply, render: impl FnOnce() -> Result<String>) -> Result {
        let text = if self.json { format!("{}\n", reply.text.trim_end()) } else { render()? };
        stdout(&text);
        Ok(Ending::Done)
    }

    /// What is being decided on: beside the answer where scripts read that.
    pub fn beside(&self, text: &str) {
        if self.json { stderr(text) } else { stdout(text) }
    }

    /// What is known before a long wait; scripts only get the end.
    pub fn progress(&self, text: &str) {
        if !self.json {
            stdout(text);
        }
    }

    /// What went wrong. Scripts find the server's problem where they look for the answer.
    pub fn failure(&self, failure: &Failure) {
        match failure.body().filter(|_| self.json) {
            Some(body) => stdout(&format!("{}\n", body.trim_end())),
            None => stderr(&format!("{}\n", failure.report())),
        }
    }
}

/// Prints; a reader that went away is no error of ours.
pub fn stdout(text: &str) {
    let mut out = anstream::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Prints beside the answer.
pub fn stderr(text: &str) {
    let mut out = anstream::stderr().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Asks for a yes. Without a terminal nobody can answer, and nothing is assumed.
pub fn confirm(question: &str) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::Usage(
            "nobody is here to confirm: pass --yes once you know what the command is about".to_owned(),
        ));
    }
    stderr(&format!("\n{} ", paint(BOLD, &format!("{question} [y/N]"))));
    let answer = line()?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Asks for a line.
pub fn ask(question: &str) -> Result<String> {
    stderr(&format!("{question}: "));
    line()
}

/// Asks for a line that is not shown while it is typed.
pub fn ask_hidden(question: &str) -> Result<String> {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
    let input = std::io::stdin();
    stderr(&format!("{question}: "));
    let Ok(shown) = tcgetattr(&input) else { return line() };
    let mut hidden = shown.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    let set = |modes| {
        let fault = |fault: rustix::io::Errno| Failure::other(format!("the terminal does not obey: {fault}"));
        tcsetattr(&input, OptionalActions::Now, modes).map_err(fault)
    };
    set(&hidden)?;
    let typed = line();
    set(&shown)?;
    stderr("\n");
    typed
}

/// A line of standard input.
pub fn line() -> Result<String> {
    let mut text = String::new();
    let read = std::io::stdin().read_line(&mut text);
    read.map_err(|fault| Failure::other(format!("standard input cannot be read: {fault}")))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// A line on standard error that is replaced while something takes long; nothing where that is no terminal.
#[derive(Debug, Default)]
pub struct Progress {
    frame: usize,
    shown: bool,
}

/// One after the other, they turn.
const FRAMES: [&str; 8] = ["⣾", "⣽", "⣻", "⢿", "⡿", "⣟", "⣯", "⣷"];

impl Progress {
    /// Shows what is waited for.
    pub fn show(&mut self, text: &str) {
        if !std::io::stderr().is_terminal() {
            return;
        }
        let frame = FRAMES.get(self.frame % FRAMES.len()).copied().unwrap_or_default();
        self.frame = self.frame.wrapping_add(1);
        self.shown = true;
        stderr(&format!("\r\x1b[2K{frame} {text}"));
    }

    /// Takes the line away, so that something can be printed.
    pub fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            stderr("\r\x1b[2K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}
