use super::*;
use crate::sample;
use crate::{check, run_cases};

#[test]
fn the_starter_set_loads_without_a_warning() {
    let report = check(starter(), &sample::schema());
    assert_eq!(report.faults, []);
    assert_eq!(report.warnings, []);
}

#[test]
fn every_starter_case_decides_as_written() {
    let set = sample::set(starter());
    for (file, text) in starter_cases() {
        let results = run_cases(&set, text).unwrap();
        assert!(results.len() >= 20, "{file}");
        for result in results {
            assert!(result.passed(), "{file}: {}\n{}", result.name, result.failures.join("\n"));
        }
    }
}

#[test]
fn every_starter_rule_determines_some_case() {
    let set = sample::set(starter());
    let results = starter_cases().into_iter().flat_map(|(_, text)| run_cases(&set, text).unwrap());
    let seen: std::collections::BTreeSet<String> = results.flat_map(|result| result.decision.rules).collect();
    let unseen: Vec<&str> = set.rule_ids().filter(|rule| !seen.contains(*rule)).collect();
    assert_eq!(unseen, Vec::<&str>::new());
}

#[test]
fn the_starter_set_loads_where_no_connector_can_delete() {
    let shapes = sample::shapes().into_iter().filter(|shape| shape.action != "delete");
    let schema = crate::Schema::new(shapes).unwrap();
    assert_eq!(check(starter(), &schema).faults, []);
}

#[test]
fn deleting_is_denied_to_everybody() {
    let set = sample::set(starter());
    for action in ["salesforce.opportunity.delete", "zendesk.ticket.delete"] {
        let mut request = sample::request(action);
        assert_eq!(set.decide(&request).outcome.word(), "deny");
        request.principal.kind = crate::facts::PrincipalKind::Person;
        request.principal.groups = ["operators".to_owned()].into();
        request.takeover = true;
        assert_eq!(set.decide(&request).outcome.word(), "deny");
    }
}
