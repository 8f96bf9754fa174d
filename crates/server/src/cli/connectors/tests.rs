use anstream::adapter::strip_str;
use serde_json::json;

use super::*;

#[test]
fn a_check_says_what_holds_what_expired_what_failed_and_what_to_do_for_the_rest() {
    let value = json!({
        "readiness": {
            "auth": { "ok": true, "detail": "signed in", "at": "2026-11-20T10:00:00.000Z",
                "expires": "2026-12-20T10:00:00.000Z" },
            "live-write": { "ok": true, "detail": "seen", "at": "2026-10-20T12:00:00.000Z",
                "expires": "2026-11-19T12:00:00.000Z" },
            "read": { "ok": false, "detail": "not\u{1b} found", "at": "2026-11-20T10:00:00.000Z",
                "expires": "2026-12-20T10:00:00.000Z" },
        },
        "missing": { "live-write": "let a change run" },
    });
    let told = |now: &str| strip_str(&readiness(&value, now.parse().unwrap())).to_string();
    let shown = told("2026-11-19T12:00:00Z");
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(
        lines,
        [
            "  ✓ auth  signed in 2026-11-20T10:00:00.000Z, expires 2026-12-20T10:00:00.000Z",
            "  ✗ live-write  seen 2026-10-20T12:00:00.000Z, expired 2026-11-19T12:00:00.000Z",
            "  ✗ read  not\\u{1b} found 2026-11-20T10:00:00.000Z, expires 2026-12-20T10:00:00.000Z",
            "  · live-write: let a change run",
            "Runs prove what is missing: see docs/how-to/configure-a-connector.md",
        ]
    );
    assert!(told("2026-11-19T11:59:59Z").contains("✓ live-write  seen"), "a moment before it still holds");
}
