//! Which machine, which build: figures mean nothing without it.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Serialize;

/// What the figures were measured on. What cannot be found out is empty.
#[derive(Serialize)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// How many of its cores we may use.
    pub cores: usize,
    /// Memory in GiB.
    pub memory_gib: u64,
    /// The kernel's release.
    pub kernel: String,
    /// File system and device under the data.
    pub disk: String,
    /// The commit that was measured, with `+` when files were changed since.
    pub commit: String,
    /// The load average of the minute before: on a busy machine, figures are too low.
    pub load_before: String,
}

impl Machine {
    /// Looks around; `data` is where the measured data will be.
    pub fn here(data: &Path) -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let processor = read("/proc/cpuinfo").lines().find_map(|line| {
            line.strip_prefix("model name")?.split_once(':').map(|(_, name)| name.trim().to_owned())
        });
        let memory_kib: u64 = read("/proc/meminfo")
            .lines()
            .find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next()?.parse().ok())
            .unwrap_or_default();
        Self {
            processor: processor.unwrap_or_default(),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_gib: (memory_kib + (1 << 19)) >> 20,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            disk: disk(&read("/proc/mounts"), data),
            commit: commit(),
            load_before: read("/proc/loadavg").split(' ').next().unwrap_or_default().to_owned(),
        }
    }
}

/// The mount with the longest prefix of the path.
fn disk(mounts: &str, path: &Path) -> String {
    let mounted = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ');
        let (device, point, kind) = (fields.next()?, fields.next()?, fields.next()?);
        path.starts_with(point).then(|| (point.len(), format!("{kind} on {device}")))
    });
    mounted.max_by_key(|(len, _)| *len).map(|(_, disk)| disk).unwrap_or_default()
}

fn commit() -> String {
    let git = |args: &[&str]| {
        let output = Command::new("git").args(args).output().ok()?;
        String::from_utf8(output.stdout).ok()
    };
    let commit = git(&["rev-parse", "--short", "HEAD"]).unwrap_or_default();
    let changed =
        git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|list| !list.is_empty());
    format!("{}{}", commit.trim(), if changed { "+" } else { "" })
}
