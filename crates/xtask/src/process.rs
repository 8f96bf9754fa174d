//! Running other programs: what is run is printed, and a failure names it.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// `cargo` with these arguments, in an environment like that of a cargo typed by hand.
///
/// Cargo describes the package that it runs in variables, and some build scripts (ring's) watch them:
/// handed on, they would rebuild half the tree at each change between `cargo xtask` and plain `cargo`.
pub fn cargo<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&*name);
        }
    }
    command.args(args);
    command
}

/// Any other program with these arguments.
pub fn program<S: AsRef<OsStr>>(name: impl AsRef<OsStr>, args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(name);
    command.args(args);
    command
}

/// The binary of the server crate, which cargo puts beside this one.
pub fn actionplane() -> Result<Command> {
    let sibling: PathBuf = std::env::current_exe()?.with_file_name("actionplane");
    Ok(Command::new(sibling))
}

/// Whether the program is installed: it starts and ends well.
pub fn works(mut command: Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

/// Runs a program with our own input and output.
pub fn run(command: &mut Command) -> Result<()> {
    println!("$ {}", line(command));
    let status = command.status().with_context(|| format!("cannot start `{}`", line(command)))?;
    if !status.success() {
        bail!("`{}` ended with {status}", line(command));
    }
    Ok(())
}

/// Runs a program silently and returns what it printed; a failure shows its complaints.
pub fn capture(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot start `{}`", line(command)))?;
    let printed = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let complaints = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` ended with {}\n{printed}{complaints}", line(command), output.status);
    }
    Ok(printed.into_owned())
}

/// Becomes that program; returns only when it cannot start.
pub fn replace_by(command: &mut Command) -> Result<()> {
    println!("$ {}", line(command));
    let error = command.exec();
    Err(error).with_context(|| format!("cannot start `{}`", line(command)))
}

/// The command as one would type it.
fn line(command: &Command) -> String {
    let name = std::path::Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let mut line = name.to_string_lossy().into_owned();
    for arg in command.get_args() {
        let _ = write!(line, " {}", arg.to_string_lossy());
    }
    line
}
