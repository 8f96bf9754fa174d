//! Three witnesses of one log: two of ours and one that others wrote.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use proof::note::VerifierKey;
use serde_json::Value;
use server::witness::Running;

/// The name of the witness that others wrote.
const STRANGER: &str = "stranger.example/w";

/// The witnesses, while they run.
pub struct Witnesses {
    ours: Vec<Running>,
    stranger: Stranger,
}

impl Witnesses {
    /// Starts them for the log that `/v1/log` shows. `bin` is where the program `aics-witness` is.
    pub async fn start(data: &Path, bin: &Path, log: &Value) -> Self {
        let vkey = log["keys"][0].as_str().unwrap();
        let mut ours = Vec::new();
        for name in ["customer.example/w", "auditor.example/w"] {
            let logs = vec![VerifierKey::parse(vkey).unwrap()];
            let folder = data.join(name.replace('/', "-"));
            ours.push(Running::start(name, "127.0.0.1:0".parse().unwrap(), &folder, logs).await.unwrap());
        }
        let stranger = Stranger::start(&data.join("stranger"), bin, log["origin"].as_str().unwrap(), vkey);
        Self { ours, stranger }
    }

    /// Their keys; that of the stranger is the last.
    pub fn keys(&self) -> Vec<String> {
        let ours = self.ours.iter().map(|witness| witness.vkey().to_string());
        ours.chain([self.stranger.vkey.clone()]).collect()
    }

    /// The trust policy under which each of them has to cosign.
    pub fn policy(&self, log: &Value) -> String {
        let ours = self.ours.iter().map(|witness| witness.addr().to_string());
        let addresses = ours.chain([self.stranger.addr.clone()]);
        let mut lines = vec![format!("log {}", log["keys"][0].as_str().unwrap())];
        for ((name, key), addr) in ["customer", "auditor", "stranger"].iter().zip(self.keys()).zip(addresses)
        {
            lines.push(format!("witness {name} {key} http://{addr}"));
        }
        lines.push("group everybody all customer auditor stranger\nquorum everybody\n".to_owned());
        lines.join("\n")
    }

    /// Ends them.
    pub async fn stop(self) {
        for witness in self.ours {
            witness.stop().await;
        }
    }
}

/// `aics-witness` in a process of its own, which ends with this.
struct Stranger {
    addr: String,
    vkey: String,
    child: Child,
}

impl Stranger {
    fn start(folder: &Path, bin: &Path, origin: &str, vkey: &str) -> Self {
        std::fs::create_dir_all(folder).unwrap();
        let addr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let command = |name: &str| {
            let mut command = Command::new(bin.join("aics-witness"));
            command.arg(name).arg("--config").arg(folder.join("witness.json")).stdin(Stdio::null());
            command
        };
        let made = command("init").args(["--name", STRANGER, "--listen", &addr]).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let printed = String::from_utf8(made.stdout).unwrap();
        let own = printed.lines().find(|line| line.starts_with(STRANGER)).unwrap().to_owned();
        let added = command("add-log").args(["--origin", origin, "--vkey", vkey]).output().unwrap();
        assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
        let child = command("serve").args(["--log-level", "WARNING"]).spawn().unwrap();
        Self { addr, vkey: own, child }
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        // One that has ended by itself needs no kill, and there is nobody to tell.
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}
