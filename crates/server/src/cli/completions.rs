//! Completions for shells.

use clap::Args;
use clap_complete::Shell;

use super::output::stdout;

/// Which shell.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn print(&self, mut program: clap::Command) {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut program, "actionplane", &mut script);
        stdout(&String::from_utf8_lossy(&script));
    }
}
