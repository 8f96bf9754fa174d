use clap::{CommandFactory, Parser};

use super::*;

#[derive(Debug, Parser)]
struct Program {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[test]
fn the_command_line_is_well_formed() {
    Program::command().debug_assert();
}

#[test]
fn lines_are_understood_or_refused() {
    let table = [
        ("runs list --stage awaiting_approval --json", true),
        ("--json runs show run_1", true),
        ("approve run_1 -y -m fine --plan-digest 3f2a", true),
        ("amend run_1 --set priority=low --unset status", true),
        ("amend run_1 --file plan.json --set priority=low", false),
        ("reconcile run_1 --outcome applied", false),
        ("reconcile run_1 --outcome applied -m seen", true),
        ("accept run_1", false),
        ("pause connector help-desk", true),
        ("pause everything now", false),
        ("policy check", false),
        ("policy explain policies", false),
        ("policy explain --run run_1 policies", true),
        ("policy explain --run run_1 --request facts.json", false),
        ("erase --record help-desk/ticket/1 --basis gdpr-17-1-b --request-ref r", true),
        (
            "erase --run run_1 --basis b --request-ref r --complete-by 2027-01-31 --override-retention -y",
            true,
        ),
        ("erase --basis b --request-ref r", false),
        ("erase --run run_1 --person person_1 --basis b --request-ref r", false),
        ("erase --run run_1 --request-ref r", false),
        ("erasures --json", true),
        ("holds place --matter m --everything", true),
        ("holds place --matter m --record a/b/c --until 2027-01-31", true),
        ("holds place --matter m", false),
        ("holds place --matter m --everything --run run_1", false),
        ("holds release hold_1", false),
        ("holds release hold_1 -m over -y", true),
        ("completions zsh", true),
        ("demo --exit --port 7380", true),
        ("demo --port 70000", false),
        ("propose --confidence 1.5", false),
    ];
    for (line, understood) in table {
        let words = std::iter::once("actionplane").chain(line.split(' '));
        assert_eq!(Program::try_parse_from(words).is_ok(), understood, "{line}");
    }
}
