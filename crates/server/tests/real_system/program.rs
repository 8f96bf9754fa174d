//! `actionplane serve` in a process of its own, on a loopback port that the system chooses.
//!
//! It is found by the line that it prints and ended by its process id. What it logs stands beside its data directory.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::company::PASSWORD;

/// Lines that it may print before the one with its address.
const LINES_MAX: usize = 20;

/// A running server. Dropping it ends the process without a warning, as `kill -9` or the loss of its machine does.
pub struct Program {
    /// Where it listens.
    pub url: String,
    /// Its process.
    pub child: Child,
    /// Kept open: a program that prints into a closed pipe would end.
    _printed: BufReader<ChildStdout>,
}

/// `actionplane serve` on the data directory `data` in `folder`, not started yet. The first person's password is
/// [`PASSWORD`], and connectors may point at this machine.
pub fn serve(folder: &Path) -> Command {
    let settings = folder.join("settings.toml");
    fs::write(&settings, "[outbound]\nhosts = [\"127.0.0.1\"]\n").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_actionplane"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--config"]).arg(settings);
    command.arg("--data").arg(folder.join("data"));
    command.env("ACTIONPLANE_ADMIN_PASSWORD", PASSWORD).stdin(Stdio::null());
    command
}

impl Program {
    /// Starts the server and waits until it listens.
    pub fn start(folder: &Path) -> Self {
        let log = File::options().create(true).append(true).open(log(folder)).unwrap();
        let mut child = serve(folder).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut printed = BufReader::new(child.stdout.take().unwrap());
        let Some(url) = address(&mut printed) else {
            let _ = child.kill();
            panic!("the server does not start:\n{}", logged(folder));
        };
        Self { url, child, _printed: printed }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // A process that has ended by itself needs no kill, and there is nobody to tell.
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

fn log(folder: &Path) -> PathBuf {
    folder.join("server.log")
}

/// What every server on this folder has logged so far.
pub fn logged(folder: &Path) -> String {
    fs::read_to_string(log(folder)).unwrap_or_default()
}

fn address(printed: &mut impl BufRead) -> Option<String> {
    for _ in 0..LINES_MAX {
        let mut line = String::new();
        if printed.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some((_, address)) = line.split_once("http://") {
            return Some(format!("http://{}", address.trim()));
        }
    }
    None
}
