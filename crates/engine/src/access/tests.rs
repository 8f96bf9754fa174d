use std::fmt::Write as _;

use super::*;

/// The matrix as text: one line per operation, one column per kind of caller.
fn matrix() -> String {
    let mut text = String::from(
        "# Who may ask for what. Groups settle who may give a verdict; runs of others answer 404 to agents.\n",
    );
    let _ = write!(text, "{:<20} {:<6}", "operation", "agent");
    for role in Role::ALL {
        let _ = write!(text, " {:<13}", role.word());
    }
    text.push('\n');
    for operation in Operation::ALL {
        let yes = |allowed: bool| if allowed { "yes" } else { "-" };
        let _ = write!(text, "{:<20} {:<6}", operation.word(), yes(operation.is_for_agents()));
        for role in Role::ALL {
            let allowed = operation.roles().is_empty() || operation.roles().contains(role);
            let _ = write!(text, " {:<13}", yes(allowed));
        }
        text.push('\n');
    }
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn the_authorization_matrix_is_the_committed_one() {
    let committed = include_str!("../../authorization.txt");
    assert_eq!(matrix(), committed, "\n--- the code's matrix:\n{}", matrix());
}

#[test]
fn no_agent_may_give_a_verdict_or_control_a_run() {
    for operation in
        [Operation::GiveVerdict, Operation::ControlRun, Operation::SettleRun, Operation::RecoverRun]
    {
        assert!(!operation.is_for_agents(), "{}", operation.word());
    }
}
