use super::*;
use crate::sample;

const ASK: &str =
    r#"@id("ask") @obligation("approval") @group("leads") @quorum("1") @expires("PT4H") @risk("low")"#;

fn report(text: &str) -> (Vec<String>, Vec<String>) {
    let report = check(text, &sample::schema());
    let told = |faults: &[Fault]| faults.iter().map(ToString::to_string).collect();
    assert_eq!(report.digest.is_some(), report.faults.is_empty());
    (told(&report.faults), told(&report.warnings))
}

#[test]
fn a_sound_set_has_a_digest_and_no_findings() {
    let text = format!("{ASK} forbid (principal, action, resource) unless {{ context.approved }};");
    let report = check(&text, &sample::schema());
    let digest = sample::set(&text).digest();
    assert_eq!(report, Report { faults: vec![], warnings: vec![], policies: 1, digest: Some(digest) });
}

#[test]
fn an_obligation_without_cure_is_warned_about() {
    let (faults, warnings) =
        report(&format!("{ASK}\nforbid (principal, action, resource) when {{ context.recovery }};"));
    assert!(faults.is_empty());
    let hint = "add `unless { context.approved }`";
    let expected =
        format!("no approval cures this obligation, because it does not look at context.approved ({hint})");
    assert_eq!(warnings, [format!("1:1: `ask`: {expected}")]);
}

#[test]
fn a_cure_without_obligation_is_warned_about() {
    let cure = "when { context.recovery } unless { context.takeover || context[\"approved\"] }";
    let (faults, warnings) = report(&format!("@id(\"a\") forbid (principal, action, resource) {cure};"));
    assert!(faults.is_empty());
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].starts_with("1:1: `a`: this forbid looks at context.approved but is no obligation"));
}

#[test]
fn a_policy_that_can_never_fire_is_warned_about() {
    let (faults, warnings) =
        report("@id(\"a\") permit (principal, action, resource) when { resource in Team::\"x\" };");
    assert!(faults.is_empty());
    assert!(warnings.len() == 1 && warnings[0].contains("`a`"), "{warnings:?}");
}

#[test]
fn faults_and_warnings_come_together() {
    let (faults, warnings) = report(&format!(
        "{ASK} forbid (principal, action, resource);\npermit (principal, action, resource);"
    ));
    assert_eq!((faults.len(), warnings.len()), (1, 1));
    let (faults, warnings) = report("permit (");
    assert!(faults.len() == 1 && warnings.is_empty());
}
