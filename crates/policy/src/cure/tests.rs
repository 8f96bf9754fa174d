use super::*;

fn check(policy: &str, expected: Cure) {
    let policy: Policy = policy.parse().unwrap();
    let json = policy.to_json().unwrap();
    assert_eq!(Cure::of(&policy, &json), expected, "{policy}");
}

#[test]
fn an_approval_cures_in_an_unless_of_a_forbid() {
    for clauses in [
        "unless { context.approved }",
        "unless { context[\"approved\"] }",
        "unless { (context.approved) }",
        "unless { context.approved || context.takeover }",
        "unless { context.takeover || context.recovery || context.approved }",
        "unless { context.approved && context.planSize < 100 }",
        "when { context.planSize > 5 } unless { context.takeover } unless { context.approved }",
    ] {
        check(&format!("forbid (principal, action, resource) {clauses};"), Cure::Sound);
        check(&format!("permit (principal, action, resource) {clauses};"), Cure::Misused);
    }
}

#[test]
fn an_approval_anywhere_else_is_misused() {
    for clauses in [
        "when { context.approved }",
        "when { !context.approved }",
        "unless { !context.approved }",
        "unless { context.approved == false }",
        "unless { if context.approved then false else true }",
        "unless { context.approved || !(context.planSize > 5 && context.approved) }",
        "unless { context.approved } when { context.approved }",
        "unless { [context.approved].contains(false) }",
        "unless { context has approved }",
        "unless { context == {} }",
    ] {
        for effect in ["permit", "forbid"] {
            check(&format!("{effect} (principal, action, resource) {clauses};"), Cure::Misused);
        }
    }
}

#[test]
fn a_policy_without_it_is_left_alone() {
    for policy in [
        "forbid (principal, action, resource);",
        "permit (principal, action, resource) when { context.after has approved && context.after.approved == \"yes\" };",
        "permit (principal, action, resource) when { context.workflow == \"context.approved\" };",
    ] {
        check(policy, Cure::Absent);
    }
}

#[test]
fn facts_are_seen_wherever_they_stand() {
    for (clause, seen) in [
        ("when { context.usage.agentHour > 200 }", true),
        ("unless { !(context[\"usage\"][\"laneDay\"] > 200) }", true),
        ("when { context has usage }", true),
        ("when { [context] == [] }", true),
        ("when { context.planSize > 5 && context has confidenceBp }", false),
        ("when { context.after has usage && context.after.usage == \"x\" }", false),
        ("when { resource.labels.contains(\"usage\") }", false),
    ] {
        let policy: Policy = format!("forbid (principal, action, resource) {clause};").parse().unwrap();
        assert_eq!(looks_at(&policy.to_json().unwrap(), "usage"), seen, "{clause}");
    }
}
