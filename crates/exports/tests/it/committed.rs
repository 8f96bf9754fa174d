//! Text that is made from the code and committed, so that a changed rule shows as a diff.
//!
//! `ACCEPT=1 cargo nextest run -p exports` writes the files anew.

use std::path::Path;

/// Compares a file of this crate with what the code says now.
#[expect(clippy::disallowed_methods, reason = "the committed file is what the test is about")]
pub fn check(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if option_env!("ACCEPT").is_some() {
        std::fs::write(&path, text).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = committed.lines().zip(text.lines()).position(|(old, new)| old != new);
    let line = differs.unwrap_or_else(|| committed.lines().count().min(text.lines().count()));
    assert!(
        committed == text,
        "{file} is not what the code says, from line {}:\n  committed: {}\n  now:       {}",
        line + 1,
        committed.lines().nth(line).unwrap_or("(end)"),
        text.lines().nth(line).unwrap_or("(end)"),
    );
}
