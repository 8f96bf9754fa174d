use super::*;

fn limit(text: &str) -> Option<&'static str> {
    check(text).err().map(|faults| match faults.0.as_slice() {
        [Fault { problem: Problem::TooDeep { what, .. }, .. }] => *what,
        other => panic!("{other:?}"),
    })
}

fn when(condition: &str) -> String {
    format!("permit (principal, action, resource) when {{ {condition} }};")
}

#[test]
fn brackets_nest_up_to_the_limit() {
    let nested = |depth: usize| when(&format!("{}true{}", "(".repeat(depth - 1), ")".repeat(depth - 1)));
    assert_eq!(limit(&nested(NESTING_MAX)), None);
    assert_eq!(limit(&nested(NESTING_MAX + 1)), Some("nested brackets"));
}

#[test]
fn operators_are_counted_per_clause() {
    for operator in [" && ", " || ", " + ", " * ", " - "] {
        let chain = |operators: usize| vec!["true"; operators + 1].join(operator);
        assert_eq!(limit(&when(&chain(OPERATORS_MAX))), None);
        assert_eq!(limit(&when(&chain(OPERATORS_MAX + 1))), Some("operators in one clause"));
        let two_clauses = when(&format!("{0} }} when {{ {0}", chain(OPERATORS_MAX)));
        assert_eq!(limit(&two_clauses), None);
    }
    let ifs = |count: usize| when(&format!("{}true", "if true then true else ".repeat(count)));
    assert_eq!(limit(&ifs(OPERATORS_MAX)), None);
    assert_eq!(limit(&ifs(OPERATORS_MAX + 1)), Some("operators in one clause"));
}

#[test]
fn accesses_are_counted_in_a_row() {
    let dots = |count: usize| when(&format!("context{}", ".a".repeat(count)));
    let brackets = |count: usize| when(&format!("context{}", "[\"a\"]".repeat(count)));
    for chain in [&dots as &dyn Fn(usize) -> String, &brackets] {
        assert_eq!(limit(&chain(ACCESSES_MAX)), None);
        assert_eq!(limit(&chain(ACCESSES_MAX + 1)), Some("accesses in a row"));
    }
    assert_eq!(limit(&when(&vec!["context.after.a == 1"; 40].join(" && "))), None);
}

#[test]
fn strings_and_comments_and_long_lists_have_no_depth() {
    let deep = "((((((((((((((((((((((((((";
    assert_eq!(limit(&format!("// {deep}\n{}", when("true"))), None);
    assert_eq!(limit(&when(&format!("context.workflow == \"{deep}\\\"{deep}\""))), None);
    assert_eq!(limit(&when(&format!("context.workflow == \"a\\\\\" // {deep}\n"))), None);
    let list = vec!["\"one\""; 2_000].join(", ");
    assert_eq!(limit(&when(&format!("[{list}].contains(context.workflow)"))), None);
    let after_a_string = when(&format!("context.workflow == \"a\\\\\" && {deep}"));
    assert_eq!(limit(&after_a_string), Some("nested brackets"));
}

#[test]
fn the_text_is_limited_in_size() {
    assert!(check(&" ".repeat(POLICY_TEXT_BYTES_MAX)).is_ok());
    let faults = check(&" ".repeat(POLICY_TEXT_BYTES_MAX + 1)).unwrap_err();
    assert_eq!(faults.to_string(), "the text has 1048577 bytes, at most 1048576 are allowed");
}

#[test]
fn the_deepest_allowed_text_does_not_exhaust_the_stack() {
    let opening = "(".repeat(NESTING_MAX - 1);
    let closing = ")".repeat(NESTING_MAX - 1);
    let chain = vec!["context.approved"; OPERATORS_MAX].join(" && ");
    let deepest = format!("{opening}{chain} && context{}{closing}", ".approved".repeat(ACCESSES_MAX));
    let ifs = format!(
        "{opening}{}context.approved{closing}",
        "if context.recovery then true else ".repeat(OPERATORS_MAX)
    );
    for condition in [deepest, ifs] {
        let text = format!("@id(\"deep\") {}", when(&condition));
        assert!(check(&text).is_ok());
        let loaded = crate::PolicySet::load(&text, &crate::sample::schema());
        let decided = loaded.map(|set| set.decide(&crate::sample::request("zendesk.ticket.note")));
        assert!(decided.is_err() || decided.is_ok_and(|decision| decision.outcome.word() == "deny"));
    }
}
