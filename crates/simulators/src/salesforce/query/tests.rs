use serde_json::json;

use super::ROWS_MAX;
use super::parse::{Condition, Op, Query, parse};
use crate::salesforce::errors::Problem;
use crate::salesforce::{ASTER_HEALTH_RENEWAL, Org};

const BASE: &str = "/services/data/v61.0";

/// The names that a query finds, in order.
fn names(org: &Org, query: &str) -> Vec<String> {
    let answer = super::run(org, query, BASE).unwrap_or_else(|problem| panic!("{query}: {problem}"));
    let records = answer["records"].as_array().unwrap().iter();
    records.map(|record| record["Name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_query_is_taken_apart() {
    let text = "select Id, Name FROM Account WHERE Name = 'O\\'Neill' AND IsDeleted != true ORDER BY Name DESC LIMIT 5";
    let condition = |field: &str, op, literal| Condition { field: field.to_owned(), op, literal };
    let expect = Query {
        fields: vec!["Id".to_owned(), "Name".to_owned()],
        object: "Account".to_owned(),
        conditions: vec![
            condition("Name", Op::Equal, json!("O'Neill")),
            condition("IsDeleted", Op::NotEqual, json!(true)),
        ],
        order: Some(("Name".to_owned(), true)),
        limit: Some(5),
    };
    assert_eq!(parse(text), Ok(expect));
}

#[test]
fn what_is_no_query_of_this_kind_is_refused() {
    let texts = [
        "",
        "SELECT",
        "SELECT Id",
        "SELECT Id FROM",
        "SELECT Id, FROM Account",
        "SELECT Id FROM Account WHERE",
        "SELECT Id FROM Account WHERE Name LIKE 'A%'",
        "SELECT Id FROM Account WHERE Name = 'A' OR Name = 'B'",
        "SELECT Id FROM Account WHERE Name = 'open",
        "SELECT Id FROM Account LIMIT many",
        "SELECT COUNT() FROM Account",
        "DELETE FROM Account",
    ];
    for text in texts {
        assert!(parse(text).is_err(), "{text}");
    }
}

#[test]
fn conditions_choose_rows_by_kind_of_value() {
    let org = &Org::seeded();
    let cases = [
        (format!("Id = '{ASTER_HEALTH_RENEWAL}'"), vec!["Aster Health renewal"]),
        ("Id = '006Hp0000001201'".to_owned(), vec!["Aster Health renewal"]),
        ("Name = 'aster health RENEWAL'".to_owned(), vec!["Aster Health renewal"]),
        (
            "Amount >= 265000".to_owned(),
            vec!["Delphi Water framework agreement", "Granite Peak shaft monitoring"],
        ),
        ("CloseDate < 2026-10-01".to_owned(), vec!["Fjordline Energy substation pilot"]),
        ("LastModifiedDate > 2026-11-23T12:00:00Z".to_owned(), vec!["Borealis Labs service contract"]),
        ("IsWon = true".to_owned(), vec!["Delphi Water east station"]),
        (
            "NextStep = null AND IsClosed = false AND Amount < 5000".to_owned(),
            vec!["Ember & Oak starter kit"],
        ),
        ("Name = 'nobody'".to_owned(), vec![]),
    ];
    for (condition, expect) in cases {
        assert_eq!(
            names(org, &format!("SELECT Name FROM Opportunity WHERE {condition}")),
            expect,
            "{condition}"
        );
    }
}

#[test]
fn rows_are_sorted_and_cut_when_asked() {
    let org = &Org::seeded();
    let query = "SELECT Name FROM Account ORDER BY AnnualRevenue DESC LIMIT 2";
    assert_eq!(names(org, query), ["Fjordline Energy", "Granite Peak Mining"]);
    let query = "SELECT Name FROM Account ORDER BY Name ASC LIMIT 1";
    assert_eq!(names(org, query), ["Aster Health"]);
}

#[test]
fn unknown_names_are_told_apart_from_bad_syntax() {
    let org = &Org::seeded();
    let run = |text: &str| super::run(org, text, BASE);
    assert!(matches!(run("SELECT Id FROM Invoice"), Err(Problem::BadQuery(_))));
    for text in [
        "SELECT Foo FROM Account",
        "SELECT Id FROM Account WHERE Foo = 'x'",
        "SELECT Id FROM Account ORDER BY Foo",
    ] {
        assert!(matches!(run(text), Err(Problem::UnknownField { .. })), "{text}");
    }
}

#[test]
fn an_answer_holds_a_limited_number_of_rows() {
    let mut org = Org::seeded();
    for number in 0..ROWS_MAX - 8 {
        let id = super::ids::numbered("001", u32::try_from(10_000 + number).unwrap());
        org.seed("Account", &id, &serde_json::Map::new()).unwrap();
    }
    let all = super::run(&org, "SELECT Id FROM Account", BASE).unwrap();
    assert_eq!(all["totalSize"], ROWS_MAX);
    org.seed("Account", &super::ids::numbered("001", 9_999), &serde_json::Map::new()).unwrap();
    assert_eq!(super::run(&org, "SELECT Id FROM Account", BASE), Err(Problem::TooManyRows));
    assert!(super::run(&org, "SELECT Id FROM Account LIMIT 2000", BASE).is_ok());
}
