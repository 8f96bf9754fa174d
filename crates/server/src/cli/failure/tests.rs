use anstream::adapter::strip_str;

use super::*;

fn problem(code: &str) -> Failure {
    let problem = Problem {
        code: code.to_owned(),
        title: "Plan digest mismatch".to_owned(),
        detail: Some("the plan is another one than you saw".to_owned()),
        hint: Some("read the run again".to_owned()),
        pointer: Some("/plan_digest".to_owned()),
        request_id: Some("req1".to_owned()),
    };
    Failure::Problem { problem: Box::new(problem), body: String::new(), status: 409 }
}

#[test]
fn a_problem_tells_its_code_what_is_wrong_where_and_what_to_do() {
    insta::assert_snapshot!(strip_str(&problem("plan_digest_mismatch").report()).to_string(), @r"
    error[plan_digest_mismatch]: the plan is another one than you saw
      at /plan_digest
      HTTP 409, request req1
      hint: read the run again
    ");
}

#[test]
fn whoever_is_not_signed_in_is_told_how() {
    let report = strip_str(&problem("unauthenticated").report()).to_string();
    assert!(report.contains("actionplane login"), "{report}");
}

#[test]
fn only_a_call_that_makes_no_sense_ends_with_2() {
    let table = [
        (problem("conflict"), ExitCode::FAILURE),
        (Failure::other("something"), ExitCode::FAILURE),
        (Failure::Usage("nonsense".to_owned()), ExitCode::from(2)),
    ];
    for (failure, exit) in table {
        assert_eq!(format!("{:?}", failure.exit()), format!("{exit:?}"), "{failure}");
    }
    assert_eq!(format!("{:?}", Ending::Refused.exit()), format!("{:?}", ExitCode::from(3)));
    assert_eq!(format!("{:?}", Ending::Done.exit()), format!("{:?}", ExitCode::SUCCESS));
}
