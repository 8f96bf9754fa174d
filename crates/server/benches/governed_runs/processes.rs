//! The processes that are measured, each apart from the client: how they start and end, and what they use up.
//!
//! The server is the real program. The simulator and the bare server are this program again, in another role, so that
//! every side has its own process and the operating system tells their work apart.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// Clock ticks in a second as `/proc` counts them: Linux fixes it at 100 for every architecture.
const TICKS_PER_S: f64 = 100.0;
/// How long a process may take to end in good order.
const END_TIMEOUT: Duration = Duration::from_secs(30);
/// Lines that a process may print before the one that names its address.
const LINES_MAX: usize = 20;

/// A process that listens; dropping it ends it the hard way.
pub struct Process {
    /// Where it listens.
    pub addr: SocketAddr,
    child: Child,
    /// Kept open: a process that prints into a closed pipe would end.
    _printed: BufReader<ChildStdout>,
}

/// What a process has used up since it started.
#[derive(Clone, Copy, Default)]
pub struct Usage {
    /// Processor time, in milliseconds.
    pub cpu_ms: f64,
    /// Bytes that it had the disk write.
    pub written: f64,
}

/// How much memory a process holds, in bytes.
#[derive(Clone, Copy)]
pub struct Memory {
    /// Now.
    pub resident: u64,
    /// At most, so far.
    pub peak: u64,
}

impl Process {
    /// Starts a program that prints a line with `http://<address>` once it listens. Its complaints go to `log`.
    pub fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let complaints = fs::File::create(log).with_context(|| format!("cannot make `{}`", log.display()))?;
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(complaints)
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let mut printed = BufReader::new(child.stdout.take().context("its output is a pipe")?);
        match address(&mut printed) {
            Ok(addr) => Ok(Self { addr, child, _printed: printed }),
            Err(error) => {
                child.kill()?;
                child.wait()?;
                let complaints = fs::read_to_string(log).unwrap_or_default();
                Err(error
                    .context(format!("{} does not listen\n{complaints}", command.get_program().display())))
            }
        }
    }

    /// This program in another role.
    pub fn role(role: &str, log: &Path) -> Result<Self> {
        Self::start(Command::new(std::env::current_exe()?).args(["--role", role]), log)
    }

    /// The process as the operating system numbers it.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has used up.
    pub fn usage(&self) -> Result<Usage> {
        let stat = self.proc("stat")?;
        // The second field is the program's name in parentheses and may hold spaces; utime and stime are fields 14 and 15.
        let fields: Vec<&str> =
            stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect()).unwrap_or_default();
        let ticks = |field: usize| fields.get(field - 3).and_then(|text| text.parse::<f64>().ok());
        let (Some(user), Some(system)) = (ticks(14), ticks(15)) else { bail!("cannot read `{stat}`") };
        let written = number(&self.proc("io")?, "write_bytes:")?;
        Ok(Usage { cpu_ms: (user + system) / TICKS_PER_S * 1000.0, written })
    }

    /// How much memory it holds.
    pub fn memory(&self) -> Result<Memory> {
        let status = self.proc("status")?;
        Ok(Memory {
            resident: number::<u64>(&status, "VmRSS:")? * 1024,
            peak: number::<u64>(&status, "VmHWM:")? * 1024,
        })
    }

    /// Asks it to end and waits until it did.
    pub fn end(mut self) -> Result<()> {
        let asked = Command::new("kill").args(["-TERM", &self.id().to_string()]).status()?;
        ensure!(asked.success(), "cannot signal process {}", self.id());
        let until = Instant::now() + END_TIMEOUT;
        while Instant::now() < until {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        bail!("process {} does not end", self.id())
    }

    fn proc(&self, file: &str) -> Result<String> {
        let path = format!("/proc/{}/{file}", self.id());
        fs::read_to_string(&path).with_context(|| format!("cannot read `{path}`: has the process ended?"))
    }
}

impl Usage {
    /// What was used after `earlier`.
    pub fn since(self, earlier: Self) -> Self {
        Self { cpu_ms: self.cpu_ms - earlier.cpu_ms, written: self.written - earlier.written }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            eprintln!("cannot end process {}: {error}", self.id());
        }
    }
}

fn address(printed: &mut impl BufRead) -> Result<SocketAddr> {
    for _ in 0..LINES_MAX {
        let mut line = String::new();
        ensure!(printed.read_line(&mut line)? > 0, "it ended before it printed its address");
        if let Some((_, addr)) = line.split_once("http://") {
            return addr.trim().parse().with_context(|| format!("no address in `{line}`"));
        }
    }
    bail!("it prints, but no address")
}

fn number<T: std::str::FromStr>(text: &str, name: &str) -> Result<T> {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.split_whitespace().next()).and_then(|number| number.parse().ok());
    number.with_context(|| format!("no `{name}` in `{text}`"))
}
