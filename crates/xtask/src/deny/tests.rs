use serde_json::json;

use super::{findings, licensed, list};

const ALLOWED: &[&str] = &["MIT", "Apache-2.0", "Unicode-3.0", "Apache-2.0 WITH LLVM-exception"];

#[test]
fn a_license_expression_is_met_or_not() {
    for (expression, met) in [
        ("MIT", true),
        ("MIT OR Apache-2.0", true),
        ("LGPL-2.1-or-later OR MIT", true),
        ("Unlicense/MIT", true),
        ("(MIT OR GPL-3.0) AND Unicode-3.0", true),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("GPL-3.0", false),
        ("MIT AND GPL-3.0", false),
        ("MIT OR GPL-3.0 AND GPL-2.0", true),
        ("(MIT OR GPL-3.0) AND GPL-2.0", false),
        ("MIT WITH Some-exception", false),
        ("", false),
        ("(MIT", false),
        ("MIT MIT", false),
    ] {
        assert_eq!(licensed(expression, ALLOWED), met, "`{expression}`");
    }
}

#[test]
fn the_lists_are_read_out_of_the_configuration() {
    let config = "[licenses]\nallow = [\n    \"MIT\", # \"why\"\n    \"ISC\",\n]\n\n[bans]\ndeny = [\n    { crate = \"openssl-sys\", reason = \"no\" },\n]\n";
    assert_eq!(list(config, "allow"), ["MIT", "ISC"]);
    assert_eq!(list(config, "deny"), ["openssl-sys"]);
    assert_eq!(list(config, "skip"), Vec::<&str>::new());
}

#[test]
fn the_project_s_own_configuration_has_both_lists() {
    let config = include_str!("../../../../deny.toml");
    assert!(list(config, "allow").contains(&"Apache-2.0"));
    assert!(list(config, "deny").contains(&"openssl-sys"));
}

#[test]
fn packages_with_another_license_a_ban_or_another_source_are_found() {
    let registry = concat!("registry+https://example.test/crates", ".io-index");
    let packages = [
        json!({"name": "ours", "license": "Apache-2.0", "source": null}),
        json!({"name": "fine", "license": "MIT", "source": registry}),
        json!({"name": "copyleft", "license": "GPL-3.0", "source": registry}),
        json!({"name": "unnamed", "license": null, "source": registry}),
        json!({"name": "openssl-sys", "license": "MIT", "source": registry}),
        json!({"name": "forked", "license": "MIT", "source": "git+https://example.test/forked"}),
    ];
    assert_eq!(
        findings(ALLOWED, &["openssl-sys"], &packages),
        [
            "`copyleft` has the license `GPL-3.0`, which deny.toml does not allow",
            "`unnamed` has the license ``, which deny.toml does not allow",
            "`openssl-sys` is banned by deny.toml",
            "`forked` does not come from the default registry",
        ]
    );
}
