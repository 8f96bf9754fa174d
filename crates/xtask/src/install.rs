//! What steps need beside Rust, installed at its first use: packages of the system, and Python packages in environments
//! of their own under `target/venv`.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::process::{capture, program, works};

/// Installs packages of the system unless what they bring is there. Only root can; everybody else is told what is missing.
pub fn packages(names: &[&str], are_there: impl Fn() -> bool) -> Result<()> {
    if are_there() {
        return Ok(());
    }
    let listed = names.join(" ");
    if !is_root() {
        bail!("not everything is there that a step needs: install the packages {listed}");
    }
    println!("   installing {listed}");
    capture(&mut program("apt-get", ["update"]))?;
    let mut install = program("apt-get", ["install", "--yes", "--no-install-recommends"]);
    capture(install.args(names).env("DEBIAN_FRONTEND", "noninteractive"))?;
    if !are_there() {
        bail!("what a step needs is not there even with the packages {listed}");
    }
    Ok(())
}

/// The folder with the programs of a virtual environment, in which `pip install` ran once with these arguments.
/// `wanted` says what they bring, with versions: when it changes, the environment is made anew.
pub fn python(name: &str, pip: &[&str], wanted: &str) -> Result<PathBuf> {
    let venv = std::env::current_dir()?.join("target/venv").join(name);
    let (bin, installed) = (venv.join("bin"), venv.join("installed"));
    if fs::read_to_string(&installed).is_ok_and(|text| text == wanted)
        && works(program(bin.join("python"), ["-V"]))
    {
        return Ok(bin);
    }
    packages(&["python3-venv"], || made(&venv))?;
    println!("   installing into {}", venv.display());
    let mut install = program(bin.join("pip"), ["install", "--quiet", "--disable-pip-version-check"]);
    capture(install.args(pip))?;
    fs::write(&installed, wanted)?;
    Ok(bin)
}

/// Makes the virtual environment; the system's Python first, because the user `nobody` can read that one.
fn made(venv: &Path) -> bool {
    ["/usr/bin/python3", "python3"].iter().any(|python| {
        let _ = fs::remove_dir_all(venv);
        works(program(python, ["-m".as_ref(), "venv".as_ref(), venv.as_os_str()]))
    })
}

/// Whether this process may do everything; elsewhere than on Linux the answer is no.
pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
