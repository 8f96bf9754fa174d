//! Histories with the right signatures and the wrong meaning.

use domain::attempt::Outcome;
use domain::mutation::Environment;
use domain::run::DecisionWord;
use domain::workspace::{AccessChanged, PolicyActivated, PolicyPublished, WorkspaceEvent};
use proof::digest::sha256;
use proof::json::Value;
use verifier::Check::{Approvals, Chain, Decisions, Dispatch, Leaves, Policies, Recovery, Replay, Times};
use verifier::Verdict::{CannotJudge, Incomplete, Tampered, Violation};
use verifier::{Check, Verdict};

use super::{cut, forge, lines, nth, position, set, the};
use crate::corpus::Case;
use crate::lab::{ADMIN, ANN, AUTHOR, BOB, Lab, Log, OWNER, agent, manifest, person, run_id, slug};
use crate::stories::{AMOUNT, STAGE, approved, auto, export, reconciled, rolled_back, taken_over};

pub fn cases() -> Vec<Case> {
    let mut cases = replay();
    cases.extend(forms());
    cases.extend(chains());
    cases.extend(approvals());
    cases.extend(policies());
    cases.extend(decisions());
    cases.extend(dispatch());
    cases.extend(recoveries());
    cases
}

/// A history that a lab wrote, as it is.
fn told(name: &'static str, lab: &Lab, (check, verdict): (Check, Verdict)) -> Case {
    Case::new(name, export(lab).files(&lab.log), verdict).found_by(check)
}

/// A change of the decision itself, exported without the text that would show it.
fn untold(name: &'static str, lab: &Lab, found: (Check, Verdict), change: impl FnOnce(&mut Log)) -> Case {
    let mut case = forge(name, lab, found, change);
    case.files.retain(|path, _| !path.starts_with("policies/"));
    case.relisted()
}

fn replay() -> Vec<Case> {
    let broken = (Replay, Violation);
    let (auto, approved) = (auto(), approved());
    let by = |who: u8| move |log: &mut Log| nth(log, "approval.given", 1).by.id = person(who).to_string();
    vec![
        forge("no_authorization", &auto, broken, |log| cut(log, "run.authorized", 0)),
        forge("quorum_short", &approved, broken, |log| cut(log, "approval.given", 1)),
        forge("same_person_twice", &approved, broken, by(ANN)),
        forge("owner_of_the_agent_approves", &approved, broken, by(OWNER)),
        forge("agent_approves", &approved, broken, |log| {
            nth(log, "approval.given", 1).by = domain::principal::Actor::Principal(agent()).to_by();
        }),
        forge("approval_of_another_plan", &approved, broken, |log| {
            set(nth(log, "approval.given", 1), "plan_digest", sha256(b"another plan"));
        }),
        forge("approval_expired", &approved, broken, |log| {
            let given = nth(log, "approval.given", 0);
            let soon = given.time.replace(".000Z", ".001Z");
            set(given, "expires", soon);
        }),
        forge("approvals_not_named", &approved, broken, |log| the(log, "run.authorized").cause.truncate(1)),
        forge("authorization_expired", &auto, broken, |log| {
            let leave = the(log, "run.authorized");
            let soon = leave.time.replace(".000Z", ".001Z");
            set(leave, "expires", soon);
        }),
        untold("denied_and_authorized", &auto, broken, |log| {
            set(the(log, "policy.decided"), "decision", "deny");
        }),
        forge("approval_asked_and_basis_auto", &approved, broken, |log| {
            set(the(log, "run.authorized"), "basis", "auto");
        }),
        forge("basis_takeover_without_one", &auto, broken, |log| {
            set(the(log, "run.authorized"), "basis", "takeover");
        }),
        forge("takeover_left_out", &taken_over(), broken, |log| cut(log, "run.taken_over", 0)),
        forge("attempt_number_skipped", &auto, broken, |log| {
            set(the(log, "attempt.started"), "attempt", 2u32);
            set(the(log, "attempt.finished"), "attempt", 2u32);
        }),
        forge("unknown_tried_again", &reconciled(), broken, |log| {
            let at = position(log, "attempt.reconciled", 0);
            let again = log.leaves[position(log, "attempt.started", 0)].clone();
            log.leaves.insert(at, again);
            set(nth(log, "attempt.started", 1), "attempt", 2u32);
        }),
        forge("closed_while_unknown", &reconciled(), broken, |log| cut(log, "attempt.reconciled", 0)),
        forge("closed_as_another_stage", &auto, broken, |log| set(the(log, "run.closed"), "stage", "failed")),
        forge("diverged_and_closed_as_applied", &auto, broken, |log| {
            set(the(log, "attempt.finished"), "outcome", "diverged");
        }),
        forge("event_after_the_close", &auto, broken, |log| {
            let again = position(log, "attempt.finished", 0);
            let late = log.leaves[again..=again + 1].to_vec();
            log.leaves.extend(late);
        }),
        forge("key_of_another_plan", &auto, broken, |log| {
            set(the(log, "attempt.started"), "key", sha256(b"key"));
        }),
        forge("time_runs_backwards", &auto, broken, |log| {
            the(log, "run.authorized").time = "2026-11-24T07:00:00.000Z".to_owned();
        }),
        forge("acts_run_backwards", &auto, (Times, Violation), |log| {
            nth(log, "approver.enrolled", 1).time = "2026-11-24T07:00:00.000Z".to_owned();
        }),
        forge("proposed_by_a_node", &auto, broken, |log| {
            let node = the(log, "run.authorized").by.clone();
            the(log, "run.proposed").by = node;
        }),
    ]
}

fn forms() -> Vec<Case> {
    let auto = auto();
    vec![
        forge("type_unknown", &auto, (Leaves, CannotJudge), |log| {
            the(log, "run.authorized").kind = "run.imagined".to_owned();
        }),
        forge("act_of_unknown_type", &auto, (Leaves, CannotJudge), |log| {
            the(log, "log.opened").kind = "log.imagined".to_owned();
        }),
        forge("member_too_many", &auto, (Leaves, Tampered), |log| {
            the(log, "run.authorized").data.insert("surprise".to_owned(), Value::Int(1));
        }),
        forge("member_missing", &auto, (Leaves, Tampered), |log| {
            the(log, "run.authorized").data.remove("basis");
        }),
        forge("sealed_member_missing", &auto, (Leaves, Tampered), |log| {
            the(log, "run.proposed").sd.pop();
        }),
        forge("author_of_another_kind", &auto, (Leaves, Tampered), |log| {
            the(log, "run.proposed").by.kind = proof::leaf::ByKind::Person;
        }),
    ]
}

fn chains() -> Vec<Case> {
    let lab = auto();
    let written = |name, change: &dyn Fn(&mut Log)| {
        let mut log = lab.log.clone();
        change(&mut log);
        Case::new(name, export(&lab).files(&log), Tampered).found_by(Chain)
    };
    let unlinked = written("prev_of_another_event", &|log| {
        log.leaves.last_mut().unwrap().prev = Some(sha256(b"another event"));
    });
    let forked = written("position_taken_twice", &|log| {
        let mut other = log.leaves.last().unwrap().clone();
        other.data.insert("code".to_owned(), "stopped".into());
        log.leaves.push(other);
    });
    let mut falling = written("positions_fall", &|log| {
        let last = log.leaves.len() - 1;
        log.leaves.swap(last - 1, last);
    });
    lines(&mut falling.files, &format!("runs/{}/events.jsonl", run_id(1)), |lines| {
        let last = lines.len() - 1;
        lines.swap(last - 1, last);
    });
    let falling = falling.relisted();
    vec![unlinked, forked, falling]
}

/// A run that two persons approved, with something in between.
fn approved_with(between: impl Fn(&mut Lab, u8)) -> Lab {
    let mut lab = Lab::ready();
    let id = run_id(1);
    lab.planned(id, AMOUNT);
    between(&mut lab, 0);
    lab.approve(id, ANN);
    between(&mut lab, 1);
    lab.approve(id, BOB);
    between(&mut lab, 2);
    lab.apply(id);
    between(&mut lab, 3);
    lab
}

fn at(moment: u8, act: impl Fn(&mut Lab)) -> Lab {
    approved_with(|lab, now| {
        if now == moment {
            act(lab);
        }
    })
}

fn close_account(lab: &mut Lab) {
    let event = AccessChanged { code: slug("disabled"), principal: person(ANN).to_string() };
    lab.act(ADMIN, WorkspaceEvent::AccessChanged(event), vec![("detail", Value::Null)]);
}

fn approvals() -> Vec<Case> {
    let broken = (Approvals, Violation);
    // An act behind the run shows that none before it was left out.
    let later = at(3, |lab| lab.remove(BOB));
    vec![
        told("removed_before_approving", &at(0, |lab| lab.remove(ANN)), broken),
        told("removed_before_it_counted", &at(1, |lab| lab.remove(ANN)), broken),
        told("removed_before_the_write", &at(2, |lab| lab.remove(ANN)), broken),
        told("account_closed_before_approving", &at(0, close_account), broken),
        told("account_closed_before_the_write", &at(2, close_account), broken),
        forge("never_enrolled", &later, broken, |log| {
            cut(log, "approver.enrolled", 0);
        }),
        forge("enrolled_themselves", &later, broken, |log| {
            nth(log, "approver.enrolled", 0).by.id = person(ANN).to_string();
        }),
        forge("enrolled_for_another_group", &later, broken, |log| {
            set(nth(log, "approver.enrolled", 0), "groups", Value::Array(vec!["support".into()]));
        }),
        forge("enrolment_not_shown", &approved(), (Approvals, Incomplete), |log| {
            cut(log, "approver.enrolled", 1);
        }),
    ]
}

fn policies() -> Vec<Case> {
    let broken = (Policies, Violation);
    let other = sha256(b"another policy set");
    let begun = |environment: Environment, begin: &dyn Fn(&mut Lab)| {
        let mut lab = Lab::empty();
        lab.environment = environment;
        begin(&mut lab);
        lab.connect(manifest());
        lab.planned(run_id(1), STAGE);
        lab.apply(run_id(1));
        lab.pause("connector", "crm-main");
        lab
    };
    let simulation = Environment::Simulation;
    let another = |lab: &mut Lab| {
        let published = PolicyPublished { bytes: 1, policy: other };
        let sealed = vec![("author", Value::Null)];
        lab.act(AUTHOR, WorkspaceEvent::PolicyPublished(published), sealed);
        let event = PolicyActivated { code: None, policy: other };
        lab.act(ADMIN, WorkspaceEvent::PolicyActivated(event), vec![]);
    };
    let by_author = |lab: &mut Lab, code| {
        lab.publish(AUTHOR);
        lab.activate(AUTHOR, code);
    };
    let second = begun(simulation, &|lab| {
        lab.publish(AUTHOR);
        lab.activate(ADMIN, None);
        another(lab);
    });
    let mut unshown = Lab::empty();
    unshown.planned(run_id(1), STAGE);
    unshown.apply(run_id(1));
    vec![
        told("policy_not_in_force", &second, broken),
        told("policy_activated_by_its_author", &begun(simulation, &|lab| by_author(lab, None)), broken),
        told(
            "bootstrap_outside_a_simulation",
            &begun(Environment::Sandbox, &|lab| by_author(lab, Some("bootstrap"))),
            broken,
        ),
        told(
            "bootstrap_that_is_not_the_first",
            &begun(simulation, &|lab| {
                another(lab);
                by_author(lab, Some("bootstrap"));
            }),
            broken,
        ),
        told("policy_never_published", &begun(simulation, &|lab| lab.activate(ADMIN, None)), broken),
        told("policy_never_activated", &begun(simulation, &|lab| lab.publish(AUTHOR)), broken),
        forge("policy_activated_by_a_node", &auto(), broken, |log| {
            let node = the(log, "log.opened").by.clone();
            the(log, "policy.activated").by = node;
        }),
        told("policy_in_force_not_shown", &unshown, (Policies, Incomplete)),
    ]
}

fn decisions() -> Vec<Case> {
    let broken = (Decisions, Violation);
    let decided = |changes, change: &dyn Fn(&mut domain::event::PolicyDecided, &mut Vec<policy::Request>)| {
        let mut lab = Lab::ready();
        lab.propose(run_id(1), changes);
        lab.preview(run_id(1));
        lab.decide_as(run_id(1), change);
        lab
    };
    let lighter = decided(AMOUNT, &|decided, _| {
        decided.decision = DecisionWord::Auto;
        decided.obligations.clear();
    });
    let fewer = decided(AMOUNT, &|decided, _| decided.obligations[0].quorum = 1);
    let rules = decided(AMOUNT, &|decided, _| decided.rules = vec![slug("another-rule")]);
    let other = decided(STAGE, &|_, inputs| inputs[0].workflow = "another".to_owned());
    let hidden = decided(STAGE, &|_, inputs| {
        inputs[0].changed_fields = std::iter::once("note".to_owned()).collect();
    });
    let half = decided(AMOUNT, &|_, inputs| drop(inputs.pop()));
    // Each goes on until it is closed, so that nothing else is open.
    let ended = |mut lab: Lab| {
        let id = run_id(1);
        for who in [ANN, BOB] {
            if lab.run(id).stage == domain::run::Stage::AwaitingApproval {
                lab.approve(id, who);
            }
        }
        lab.apply(id);
        lab
    };
    vec![
        told("decision_lighter_than_policy", &ended(lighter), broken),
        told("quorum_smaller_than_policy", &ended(fewer), broken),
        told("rules_not_those_of_policy", &ended(rules), broken),
        told("policy_told_another_workflow", &ended(other), broken),
        told("policy_told_other_changes", &ended(hidden), broken),
        told("policy_told_of_half_the_plan", &ended(half), broken),
    ]
}

fn dispatch() -> Vec<Case> {
    let broken = (Dispatch, Violation);
    let before_write = |act: &dyn Fn(&mut Lab)| {
        let mut lab = Lab::ready();
        lab.planned(run_id(1), STAGE);
        act(&mut lab);
        lab.apply(run_id(1));
        lab.remove(BOB);
        lab
    };
    let mut sandbox = Lab::ready_in(Environment::Sandbox);
    sandbox.planned(run_id(1), STAGE);
    sandbox.apply(run_id(1));
    vec![
        told("written_under_a_pause", &before_write(&|lab| lab.pause("connector", "crm-main")), broken),
        told(
            "written_under_a_pause_of_the_agent",
            &before_write(&|lab| lab.pause("agent", &agent().to_string())),
            broken,
        ),
        told(
            "written_under_a_pause_of_the_lane",
            &before_write(&|lab| lab.pause("lane", "renewals/crm-main/crm.deal.update")),
            broken,
        ),
        told("written_under_another_manifest", &before_write(&|lab| lab.connect(sha256(b"another"))), broken),
        forge("mutation_of_no_plan", &auto(), broken, |log| {
            for kind in ["attempt.started", "attempt.finished"] {
                set(the(log, kind), "mutation", sha256(b"another mutation"));
            }
        }),
        forge("too_little_evidence", &sandbox, broken, |log| {
            for kind in ["policy.decided", "attempt.started"] {
                set(the(log, kind), "evidence", "recorded");
            }
        }),
        forge("another_environment", &sandbox, broken, |log| {
            set(the(log, "run.proposed"), "environment", "production");
        }),
    ]
}

fn recoveries() -> Vec<Case> {
    let broken = (Recovery, Violation);
    let lab = rolled_back();
    let mut alone = export(&lab);
    alone.runs = Some(vec![run_id(1)]);
    let mut part = approved();
    part.roll_back_as(
        run_id(1),
        run_id(2),
        &[("note", "signed", "(absent)"), ("amount", "79800", "71400")],
        Outcome::Rejected,
    );
    let mut other = approved();
    other.roll_back(run_id(1), run_id(2), &[("note", "signed", "(absent)"), ("amount", "79800", "71401")]);
    vec![
        told("recovered_to_another_value", &other, broken),
        Case::new("recovery_run_missing", alone.files(&lab.log), Incomplete).found_by(Recovery),
        told("recovered_less_than_is_said", &part, broken),
        forge("recovery_of_another_run", &lab, broken, |log| {
            set(nth(log, "run.proposed", 1), "recovers", run_id(9).to_string());
        }),
        forge("recovery_names_no_close", &lab, broken, |log| {
            the(log, "recovery.finished").cause = vec![sha256(b"another close")];
        }),
        forge("recovery_unannounced", &lab, broken, |log| {
            let id = Some(run_id(1).to_string());
            let planned = position(log, "recovery.planned", 0);
            let act = log.leaves[planned].clone();
            let sealed = log.sealed.get_mut(&Some(run_id(1))).unwrap();
            sealed.retain(|disclosure| !act.sd.contains(&disclosure.digest));
            let mut n = 0;
            log.leaves.retain(|leaf| {
                n += 1;
                n <= planned || leaf.run != id
            });
        }),
    ]
}
