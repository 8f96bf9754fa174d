use clap::Parser;

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    propose: Propose,
}

fn body(arguments: &[&str]) -> Result<Value> {
    Line::parse_from(std::iter::once("propose").chain(arguments.iter().copied())).propose.body()
}

#[test]
fn confidence_is_a_fraction_or_a_percentage() {
    let table = [
        ("0.87", Some(8_700)),
        ("1", Some(10_000)),
        ("0", Some(0)),
        ("87%", Some(8_700)),
        ("62.5%", Some(6_250)),
        ("0.62505", None),
        ("1.01", None),
        ("101%", None),
        ("high", None),
        ("0.-5", None),
        ("", None),
    ];
    for (text, wanted) in table {
        assert_eq!(confidence(text).ok(), wanted, "{text}");
    }
}

#[test]
fn flags_make_one_mutation_and_its_kind_is_told_from_them() {
    let all = ["--workflow", "triage", "-m", "why", "--connector", "help-desk", "--object", "ticket"];
    let kind = |more: &[&str]| {
        let body = body(&[&all[..], more].concat()).unwrap();
        body.pointer("/plan/mutations/0/kind").unwrap().as_str().unwrap().to_owned()
    };
    assert_eq!(kind(&["--id", "48213", "--set", "priority=high"]), "update");
    assert_eq!(kind(&["--set", "subject=Hello"]), "create");
    assert_eq!(kind(&["--id", "48213", "--action", "resolve"]), "invoke");
    assert_eq!(kind(&["--id", "48213", "--kind", "delete"]), "delete");
}

#[test]
fn a_proposal_without_its_parts_is_refused_before_anything_is_sent() {
    for arguments in [
        &[][..],
        &["--workflow", "triage"],
        &["--workflow", "triage", "-m", "why"],
        &["--workflow", "triage", "-m", "why", "--connector", "help-desk"],
        &["--workflow", "triage", "-m", "why", "--id", "48213"],
    ] {
        assert!(matches!(body(arguments), Err(Failure::Usage(_))), "{arguments:?}");
    }
}

#[test]
fn everything_that_is_said_is_sent() {
    let body = body(&[
        "--workflow",
        "triage",
        "-m",
        "why",
        "--connector",
        "help-desk",
        "--object",
        "ticket",
        "--id",
        "48213",
        "--set",
        "priority=high",
        "--guard",
        "status",
        "--confidence",
        "0.8",
        "--source",
        "bot",
    ])
    .unwrap();
    let wanted = json!({
        "workflow": "triage", "reason": "why", "source": "bot", "confidence_bp": 8_000,
        "plan": { "mutations": [{
            "connector": "help-desk", "object": "ticket", "id": "48213", "kind": "update",
            "changes": { "priority": "high" }, "guard": ["status"],
        }] },
    });
    assert_eq!(body, wanted);
}
