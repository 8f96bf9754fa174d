//! `actionplane witness` as a process that is killed: what it cosigned it never forgets.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use proof::note::{SignatureLine, VerifierKey};
use proof::witness::{AddCheckpoint, parse_size};

use super::{Log, NAME};

/// The running program.
struct Program {
    child: Child,
    vkey: VerifierKey,
    addr: String,
    _printed: BufReader<ChildStdout>,
}

impl Program {
    fn start(data: &Path, logs: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_actionplane"))
            .args(["witness", "--listen", "127.0.0.1:0", "--name", NAME, "--data"])
            .arg(data)
            .arg("--logs-file")
            .arg(logs)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut printed = BufReader::new(child.stdout.take().unwrap());
        let mut line = || {
            let mut line = String::new();
            printed.read_line(&mut line).unwrap();
            line.trim_end().to_owned()
        };
        let vkey = VerifierKey::parse(&line()).unwrap();
        let addr = line().rsplit_once("http://").unwrap().1.to_owned();
        Self { child, vkey, addr, _printed: printed }
    }

    /// Sends a request and does not wait for the answer.
    fn send(&self, request: &AddCheckpoint) -> TcpStream {
        let body = request.to_string();
        let mut stream = TcpStream::connect(&self.addr).unwrap();
        let head = format!(
            "POST /add-checkpoint HTTP/1.1\r\nhost: w\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        stream
    }

    /// The status and body of an answer; none when the connection broke first.
    fn answer(stream: TcpStream) -> Option<(u16, String)> {
        let text = std::io::read_to_string(stream).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
    }

    fn ask(&self, request: &AddCheckpoint) -> (u16, String) {
        Self::answer(self.send(request)).unwrap()
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // A program that was killed already needs no second one.
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

#[test]
fn whatever_a_kill_interrupts_no_cosigned_head_is_forgotten() {
    let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let log = Log::new("log.example/a");
    let logs = folder.path().join("logs");
    std::fs::write(&logs, format!("# watched\n{}\n", log.vkey())).unwrap();
    let mut program = Program::start(data.path(), &logs);
    let vkey = program.vkey.clone();
    let mut known = 0;
    // Killed without an answer, after more and more time: before, between and after file and answer.
    for round in 0..12_u64 {
        let request = log.request(known, known + 7, 0);
        let stream = program.send(&request);
        std::thread::sleep(Duration::from_micros(round * 400));
        program.kill();
        let cosigned = Program::answer(stream).is_some_and(|(status, _)| status == 200);
        program = Program::start(data.path(), &logs);
        assert_eq!(program.vkey, vkey);
        // Asked from nowhere, it tells how far it is.
        let (status, body) = program.ask(&log.request(0, known + 7, 0));
        let told = match status {
            409 => parse_size(body.as_bytes()).unwrap(),
            200 => known + 7,
            status => panic!("{status} {body}"),
        };
        assert!(told == known + 7 || (told == known && !cosigned), "{told} after {known}, {cosigned}");
        // Another history finds no way in, whatever was interrupted.
        if told > 5 {
            assert_eq!(program.ask(&log.request(told, told + 3, 1)).0, 422);
        }
        known = told;
    }
    let request = log.request(known, known + 1, 0);
    let (status, body) = program.ask(&request);
    assert_eq!(status, 200);
    let mut head = request.checkpoint;
    head.add(SignatureLine::parse_all(&body).unwrap()[0].clone()).unwrap();
    assert_eq!(head.verify([&vkey]).unwrap().len(), 1);
}

#[test]
fn a_name_or_key_that_is_none_is_told_and_nothing_starts() {
    let data = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_actionplane"));
        command.args(["witness", "--listen", "127.0.0.1:0", "--data"]).arg(data.path());
        let ended = command.args(arguments).stdin(Stdio::null()).output().unwrap();
        (ended.status.success(), String::from_utf8(ended.stderr).unwrap())
    };
    let (done, told) = run(&["--name", "two words"]);
    assert!(!done && told.contains("no name of a witness"), "{told}");
    let (done, told) = run(&["--name", NAME, "--log", "nonsense"]);
    assert!(!done && told.contains("`nonsense` is not the verifier key of a log"), "{told}");
    let (done, told) = run(&["--name", NAME, "--logs-file", "/nowhere/logs"]);
    assert!(!done && told.contains("cannot read the keys of logs in `/nowhere/logs`"), "{told}");
}
