//! Policy sets: published with the shapes they were written for, tested, and activated by a second person.

mod review;

use domain::id::WorkspaceId;
use domain::mutation::Environment;
use domain::workspace::{PolicyActivated, PolicyPublished, WorkspaceEvent};
use policy::cases::CaseResult;
use policy::{Decision, Request};
use proof::digest::Digest;
use proof::json::Value;
use store::EntityKind;

use super::chain::{Act, Asked, Change, names_nothing, put};
use super::check;
use super::people::is_admin;
use crate::access::{Caller, Operation};
use crate::commands::IdempotencyKey;
use crate::control::load::{SETTINGS, body};
use crate::control::shapes::shapes_json;
use crate::control::{Control, PolicySetBody, WorkspaceBody};
use crate::ledger::slug;
use crate::queries::Named;
use crate::{Code, Engine, Error, Result};
use review::{blocking, check_case_count, load, review, run_cases, sound};

pub use review::PolicyReport;

/// What the rules that come with the program are called.
const STARTER_TITLE: &str = "Starter rules";

/// A published set without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicySetSummary {
    /// Its digest, by which it is named.
    pub digest: Digest,
    /// The id under which its decisions are recorded.
    pub set: String,
    /// What it is called.
    pub title: String,
    /// Who published it.
    pub author: Named,
    /// When.
    pub created: String,
    /// Who activated it last.
    pub activated_by: Option<Named>,
    /// When.
    pub activated: Option<String>,
    /// Whether it is in force.
    pub active: bool,
}

/// A published set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicySetView {
    /// What lists show.
    pub summary: PolicySetSummary,
    /// The Cedar text.
    pub text: String,
    /// Expected decisions: texts of cases.
    pub cases: Vec<String>,
}

/// Which set to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The one in force.
    Active,
    /// The one with this digest.
    Set(Digest),
}

/// What a set says about a request, and why.
#[derive(Debug, Clone)]
pub struct PolicyExplanation {
    /// Which set.
    pub policy: Digest,
    /// The decision.
    pub decision: Decision,
    /// The decision as sentences, the most important first.
    pub sentences: Vec<String>,
}

impl Engine {
    /// Reviews a text without keeping it.
    pub async fn validate_policy(
        &self,
        caller: &Caller,
        text: &str,
        cases: &[String],
    ) -> Result<PolicyReport> {
        caller.may(Operation::ReadPolicies)?;
        let control = self.control(caller.workspace).await?;
        review(&control, &self.manifests, text, cases).await.map(|(report, _)| report)
    }

    /// Publishes a set. It must load, and all its cases must pass.
    ///
    /// # Errors
    /// [`Code::InvalidPolicy`], or [`Code::AlreadyExists`] for a set with the same rules and schema.
    pub async fn publish_policy(
        &self,
        caller: &Caller,
        title: &str,
        text: &str,
        cases: &[String],
        key: Option<&IdempotencyKey>,
    ) -> Result<PolicySetView> {
        caller.may(Operation::PublishPolicies)?;
        caller.person("publish policies")?;
        let asked = Asked { caller, operation: "publish_policy", key };
        if let Some(known) = self.made_before(asked).await? {
            return self.show_policy(caller, named(&known)?).await;
        }
        let title = check::name(title, "/title")?;
        let control = self.control(caller.workspace).await?;
        let (reviewed, shapes) = review(&control, &self.manifests, text, cases).await?;
        let digest = sound(&reviewed)?;
        let known = self.store.entity(caller.workspace, EntityKind::PolicySet, digest.to_string()).await?;
        if known.is_some() {
            return Err(Error::new(Code::AlreadyExists, format!("these rules are published as `{digest}`")));
        }
        let now = self.now();
        let published = PolicySetBody {
            set: self.entropy.policy_set_id(now).to_string(),
            title,
            text: text.to_owned(),
            cases: cases.to_vec(),
            shapes: shapes_json(&shapes),
            author: caller.principal.to_string(),
            created: now.to_string(),
            activated_by: None,
            activated: None,
        };
        let made = self
            .make(asked, &digest.to_string(), |_| {
                let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
                let event = WorkspaceEvent::PolicyPublished(PolicyPublished { bytes, policy: digest });
                let author = caller.shown();
                let act = Act::new(event, caller.principal, vec![("author", author)]);
                Ok(Change {
                    acts: vec![act],
                    entities: vec![put(EntityKind::PolicySet, digest, &published)?],
                })
            })
            .await?;
        self.show_policy(caller, named(&made.id(digest))?).await
    }

    /// Publishes the rules that come with the program, with their cases.
    pub async fn publish_starter(
        &self,
        caller: &Caller,
        key: Option<&IdempotencyKey>,
    ) -> Result<PolicySetView> {
        let cases = policy::starter_cases().map(|(_, text)| text.to_owned());
        self.publish_policy(caller, STARTER_TITLE, policy::starter(), &cases, key).await
    }

    /// All published sets, the newest first.
    pub async fn list_policies(&self, caller: &Caller) -> Result<Vec<PolicySetSummary>> {
        caller.may(Operation::ReadPolicies)?;
        let control = self.control(caller.workspace).await?;
        let all = self.all::<PolicySetBody>(caller.workspace, EntityKind::PolicySet).await?;
        let known = all.iter().filter_map(|(entity, body)| Some((Digest::parse(&entity.id)?, body)));
        let mut sets: Vec<_> = known.map(|(digest, body)| summary(&control, digest, body)).collect();
        sets.sort_by(|one, other| other.created.cmp(&one.created));
        Ok(sets)
    }

    /// One set.
    pub async fn show_policy(&self, caller: &Caller, digest: Digest) -> Result<PolicySetView> {
        caller.may(Operation::ReadPolicies)?;
        let control = self.control(caller.workspace).await?;
        let body = self.policy_body(caller.workspace, digest).await?;
        let summary = summary(&control, digest, &body);
        Ok(PolicySetView { summary, text: body.text, cases: body.cases })
    }

    /// Runs cases against a published set: its own, unless others are given.
    pub async fn test_policy(
        &self,
        caller: &Caller,
        which: Which,
        cases: Option<Vec<String>>,
    ) -> Result<Vec<CaseResult>> {
        caller.may(Operation::ReadPolicies)?;
        let (_, body) = self.which_policy(caller.workspace, which).await?;
        let cases = cases.unwrap_or_else(|| body.cases.clone());
        check_case_count(&cases)?;
        blocking(move || run_cases(&load(&body)?, &cases)).await
    }

    /// What a set says about a request in its recorded form, and why.
    pub async fn explain_policy(
        &self,
        caller: &Caller,
        which: Which,
        request: &Value,
    ) -> Result<PolicyExplanation> {
        caller.may(Operation::ReadPolicies)?;
        let request = Request::from_value(request)
            .map_err(|fault| Error::new(Code::InvalidRequest, fault.to_string()).at("/request"))?;
        let (digest, body) = self.which_policy(caller.workspace, which).await?;
        let decision = blocking(move || Ok(load(&body)?.decide(&request))).await?;
        Ok(PolicyExplanation { policy: digest, sentences: policy::explain(&decision), decision })
    }

    /// Brings a set into force. Its author does so only for the starter set of a workspace that begins.
    ///
    /// # Errors
    /// [`Code::SecondPersonRequired`] for one's own set.
    pub async fn activate_policy(&self, caller: &Caller, digest: Digest) -> Result<PolicySetView> {
        caller.may(Operation::ActivatePolicies)?;
        let person = caller.person("activate policies")?;
        let before = self.policy_body(caller.workspace, digest).await?;
        let own = before.author == person.to_string();
        let at = self.now().to_string();
        self.act(caller, |control| {
            if control.settings.active_policy.as_deref() == Some(&digest.to_string()) {
                // Once more by a second person: then it is no longer a beginner's set.
                let repeats = own || before.activated_by.as_ref() != Some(&before.author);
                if repeats {
                    return Ok(Change::default());
                }
            }
            if own {
                check_bootstrap(control, caller, &before)?;
            }
            let after = PolicySetBody {
                activated_by: Some(person.to_string()),
                activated: Some(at.clone()),
                ..before.clone()
            };
            let settings =
                WorkspaceBody { active_policy: Some(digest.to_string()), ..control.settings.clone() };
            let code = own.then(|| slug("bootstrap"));
            let event = WorkspaceEvent::PolicyActivated(PolicyActivated { code, policy: digest });
            Ok(Change {
                acts: vec![Act::new(event, person, Vec::new())],
                entities: vec![
                    put(EntityKind::PolicySet, digest, &after)?,
                    put(EntityKind::Workspace, SETTINGS, &settings)?,
                ],
            })
        })
        .await?;
        self.show_policy(caller, digest).await
    }

    /// Whether the set in force was activated by its author, as the starter set may be.
    pub(super) async fn is_bootstrapped(&self, ws: WorkspaceId) -> Result<bool> {
        let control = self.control(ws).await?;
        let Some(digest) = control.settings.active_policy.as_deref().and_then(Digest::parse) else {
            return Ok(false);
        };
        let body = self.policy_body(ws, digest).await?;
        Ok(body.activated_by.as_ref() == Some(&body.author))
    }

    async fn which_policy(&self, ws: WorkspaceId, which: Which) -> Result<(Digest, PolicySetBody)> {
        let digest = match which {
            Which::Set(digest) => digest,
            Which::Active => {
                let control = self.control(ws).await?;
                let active = control.settings.active_policy.as_deref().and_then(Digest::parse);
                active.ok_or_else(|| {
                    Error::new(Code::NoPolicy, "no policy set is in force")
                        .hint("publish and activate a policy set")
                })?
            }
        };
        Ok((digest, self.policy_body(ws, digest).await?))
    }

    async fn policy_body(&self, ws: WorkspaceId, digest: Digest) -> Result<PolicySetBody> {
        let entity = self.store.entity(ws, EntityKind::PolicySet, digest.to_string()).await?;
        body(&entity.ok_or_else(|| Error::not_found("policy set", &digest.to_string()))?)
    }
}

/// The one case in which nobody else must look: the program's own starter set, in a workspace that begins, for simulations.
fn check_bootstrap(control: &Control, caller: &Caller, set: &PolicySetBody) -> Result<()> {
    let admins = control.persons.iter().filter(|(_, person)| is_admin(person)).map(|(id, _)| *id);
    let sole_admin = admins.eq(caller.principal.person());
    let simulation = |environment: &str| environment == Environment::Simulation.word();
    let begins = control.settings.active_policy.is_none()
        && control.connectors.values().all(|configured| simulation(&configured.body.environment));
    if sole_admin && begins && set.text == policy::starter() {
        return Ok(());
    }
    Err(Error::new(Code::SecondPersonRequired, "another person than its author activates a policy set").hint(
        "only the unchanged starter set may be activated by the sole admin, once, while all connectors are simulations",
    ))
}

fn summary(control: &Control, digest: Digest, body: &PolicySetBody) -> PolicySetSummary {
    PolicySetSummary {
        digest,
        set: body.set.clone(),
        title: body.title.clone(),
        author: control.named_text(&body.author),
        created: body.created.clone(),
        activated_by: body.activated_by.as_ref().map(|id| control.named_text(id)),
        activated: body.activated.clone(),
        active: control.settings.active_policy.as_deref() == Some(&digest.to_string()),
    }
}

fn named(id: &str) -> Result<Digest> {
    Digest::parse(id).ok_or_else(names_nothing)
}
