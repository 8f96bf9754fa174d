//! A real, throw-away ticket system: Roundup, run by a person's own installer, spoken to over HTTP.
//!
//! Simulators only answer what we thought of. This one was written by others, keeps its own journal,
//! and checks versions without a lock, as many systems of record do.

use std::fs::{self, File, Permissions};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::install::{self, is_root};
use crate::process::{capture, program, run};

const VERSION: &str = "2.6.0";
const POLL: Duration = Duration::from_millis(100);
const POLLS_MAX: u32 = 300;
const REPLY_TIMEOUT: Duration = Duration::from_secs(5);

/// Runs a command beside a fresh tracker, whose address stands in the command's environment:
/// `ACTIONPLANE_TEST_ROUNDUP_URL` (REST is below it at `/rest`), `_USER` and `_PASSWORD`, `_ADMIN_USER` and
/// `_ADMIN_PASSWORD`, `_HOME` (the tracker's own files) and `_BIN` (where `roundup-admin` is).
/// One issue is there, number 1, assigned to the user. The tracker ends with the command, whatever its result.
pub fn beside(command: &mut Command) -> Result<()> {
    let bin = installed()?;
    let tracker = Tracker::start(&bin)?;
    println!("   Roundup {VERSION} answers at {}", tracker.url());
    run(command
        .env("ACTIONPLANE_TEST_ROUNDUP_URL", tracker.url())
        .envs([("ACTIONPLANE_TEST_ROUNDUP_USER", "agent1"), ("ACTIONPLANE_TEST_ROUNDUP_PASSWORD", "agentpw")])
        .envs([("ACTIONPLANE_TEST_ROUNDUP_ADMIN_USER", "admin")])
        .envs([("ACTIONPLANE_TEST_ROUNDUP_ADMIN_PASSWORD", "adminpw")])
        .env("ACTIONPLANE_TEST_ROUNDUP_HOME", tracker.scratch.home())
        .env("ACTIONPLANE_TEST_ROUNDUP_BIN", &bin))
}

/// The folder with Roundup's programs.
fn installed() -> Result<PathBuf> {
    let pinned = format!("roundup=={VERSION}");
    install::python(&format!("roundup-{VERSION}"), &[&pinned], &pinned)
}

/// A running tracker; dropping it ends the server, then removes its files.
struct Tracker {
    server: Server,
    scratch: Scratch,
    port: u16,
}

impl Tracker {
    fn start(bin: &Path) -> Result<Self> {
        let scratch = Scratch::new()?;
        let home = scratch.home();
        let port = free_port()?;
        let settings = format!(
            "tracker_web={},mail_domain=example.test,mail_host=localhost,web_enable_rest=yes,mail_debug={}",
            format_args!("{}/", url(port)),
            home.join("mail.log").display()
        );
        let admin = |args: &[&str]| {
            let mut command = program(bin.join("roundup-admin"), ["-i".as_ref(), home.as_os_str()]);
            capture(command.args(["-u", "admin"]).args(args).stdin(Stdio::null()))
        };
        admin(&["install", "classic", "sqlite", &settings])?;
        admin(&["initialise", "adminpw"])?;
        let user = ["username=agent1", "password=agentpw", "address=agent1@example.test", "roles=User"];
        admin(&[&["create", "user"], user.as_slice()].concat())?;
        let issue = ["title=Cannot log in", "priority=urgent", "status=unread", "assignedto=agent1"];
        admin(&[&["create", "issue"], issue.as_slice()].concat())?;

        let mut command = program(bin.join("roundup-server"), ["-n", "127.0.0.1", "-t", "thread"]);
        if is_root() {
            // The server refuses to run as root.
            capture(&mut program("chown", ["-R".as_ref(), "nobody:nogroup".as_ref(), home.as_os_str()]))?;
            command.args(["-u", "nobody", "-g", "nogroup"]);
        }
        command.args(["-p", &port.to_string(), &format!("ap={}", home.display())]);
        let log = File::create(scratch.log())?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let server = Server(command.spawn().context("cannot start roundup-server")?);
        let mut tracker = Self { server, scratch, port };
        tracker.wait_until_it_answers()?;
        Ok(tracker)
    }

    fn url(&self) -> String {
        url(self.port)
    }

    fn wait_until_it_answers(&mut self) -> Result<()> {
        for _ in 0..POLLS_MAX {
            if answers(self.port).unwrap_or(false) {
                return Ok(());
            }
            if let Some(status) = self.server.0.try_wait()? {
                bail!("roundup-server ended with {status}\n{}", self.scratch.logged());
            }
            sleep(POLL);
        }
        bail!("roundup-server does not answer\n{}", self.scratch.logged())
    }
}

/// The server's process.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let ended = self.0.kill().and_then(|()| self.0.wait());
        if let Err(error) = ended {
            eprintln!("xtask: cannot end roundup-server, process {}: {error}", self.0.id());
        }
    }
}

/// A temporary folder that `nobody` may enter.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("actionplane-roundup-{}", std::process::id()));
        fs::create_dir(&path).with_context(|| format!("cannot make `{}`", path.display()))?;
        let scratch = Self(path);
        fs::set_permissions(&scratch.0, Permissions::from_mode(0o755))?;
        fs::create_dir(scratch.home())?;
        Ok(scratch)
    }

    fn home(&self) -> PathBuf {
        self.0.join("tracker")
    }

    fn log(&self) -> PathBuf {
        self.0.join("server.log")
    }

    fn logged(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("xtask: cannot remove `{}`: {error}", self.0.display());
        }
    }
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}/ap")
}

/// A port that nobody listened on a moment ago.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Whether something speaks HTTP there; any status will do.
fn answers(port: u16) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(REPLY_TIMEOUT))?;
    stream.write_all(b"GET /ap/rest HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")?;
    let mut start = [0; 5];
    stream.read_exact(&mut start)?;
    Ok(&start == b"HTTP/")
}
