use super::*;

#[test]
fn only_data_about_the_run_is_news() {
    let id = "run_1";
    let table = [
        (&b"data: {\"position\":1,\"run\":\"run_1\",\"type\":\"run.closed\"}\n"[..], true),
        (b"data:{\"run\":\"run_1\"}\r\n", true),
        (b"data: {\"run\":\"run_2\"}\n", false),
        (b"event: run.event\n", false),
        (b": run_1\n", false),
        (b"data: run_1\n", false),
        (b"\n", false),
    ];
    for (line, wanted) in table {
        assert_eq!(names(line, id), wanted, "{}", String::from_utf8_lossy(line));
    }
}

fn run(stage: &str) -> Run {
    let run: Run = serde_json::from_str(include_str!("../render/fixtures/waiting.json")).unwrap();
    Run { stage: stage.to_owned(), ..run }
}

#[test]
fn a_no_is_neither_a_success_nor_a_problem() {
    for stage in ["denied", "rejected"] {
        assert!(matches!(proven(&run(stage)), Ok(Ending::Refused)), "{stage}");
    }
    for stage in ["applied", "rolled_back", "compensated"] {
        assert!(matches!(proven(&run(stage)), Ok(Ending::Done)), "{stage}");
    }
    for stage in ["failed", "expired", "cancelled", "partly_applied"] {
        assert!(matches!(proven(&run(stage)), Err(Failure::Other { .. })), "{stage}");
    }
}
