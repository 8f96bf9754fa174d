//! Readiness: facts about a lane or a whole connector, each with its date. Policies can require them.

mod proven;

use std::collections::BTreeMap;

use domain::name::Slug;
use domain::workspace::{LaneChanged, WorkspaceEvent};
use store::EntityKind;

pub(super) use proven::Learning;
pub use proven::Proven;

use super::chain::{Act, Change, put};
use super::check;
use super::connectors::connector_of;
use super::pauses::is_lane;
use crate::access::{Caller, Operation};
use crate::control::{ConnectorSpec, Control, LaneBody, ReadinessFact};
use crate::{Code, Engine, Error, Result};

/// Characters of the sentence that says how a fact was found.
const DETAIL_LEN_MAX: usize = 500;

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The fact, such as `auth` or `rollback-proven`.
    pub fact: Slug,
    /// Whether it holds.
    pub ok: bool,
    /// How it was found.
    pub detail: String,
}

impl Engine {
    /// Tries a connector out with `probe` and records what it found.
    pub async fn check_connector<F: Future<Output = Vec<Finding>>>(
        &self,
        caller: &Caller,
        name: &Slug,
        probe: impl FnOnce(ConnectorSpec) -> F,
    ) -> Result<LaneBody> {
        caller.may(Operation::ManageConnectors)?;
        let control = self.control(caller.workspace).await?;
        let body = &connector_of(&control, name)?.body;
        let spec = self.connector_spec(caller.workspace, name, body).await?;
        let findings = probe(spec.map_err(|why| Error::new(Code::InvalidConnector, why))?).await;
        self.record_readiness(caller, name.as_str(), &findings).await
    }

    /// Records findings about a connector, by its name, or about a lane, `<workflow>/<connector>/<action>`. Facts that
    /// are not among them stay as they are.
    pub async fn record_readiness(
        &self,
        caller: &Caller,
        about: &str,
        findings: &[Finding],
    ) -> Result<LaneBody> {
        caller.may(Operation::ManageConnectors)?;
        check::few(findings.len(), "/findings")?;
        let at = self.now().to_string();
        let lane = Slug::parse(&about.replace('/', "_"))
            .map_err(|fault| Error::new(Code::InvalidRequest, fault.to_string()))?;
        let facts = findings.iter().map(|finding| {
            let detail = finding.detail.chars().take(DETAIL_LEN_MAX).collect();
            (finding.fact.to_string(), ReadinessFact { ok: finding.ok, detail, at: at.clone() })
        });
        let facts: BTreeMap<_, _> = facts.collect();
        self.act(caller, |control| {
            check_target(control, about)?;
            let mut change = Change::default();
            add_facts(control, &lane, facts.clone(), &mut change)?;
            Ok(change)
        })
        .await?;
        Ok(known(&*self.control(caller.workspace).await?, &lane))
    }
}

/// Adds facts about a lane to a change. Those that are not among them stay as they are.
fn add_facts(
    control: &Control,
    lane: &Slug,
    facts: BTreeMap<String, ReadinessFact>,
    change: &mut Change,
) -> Result<()> {
    let mut body = known(control, lane);
    body.facts.extend(facts);
    check::few(body.facts.len(), "/findings")?;
    let holds = body.facts.iter().filter(|(_, fact)| fact.ok);
    let readiness = holds.filter_map(|(name, _)| Slug::parse(name).ok()).collect();
    let event = LaneChanged { lane: lane.clone(), readiness };
    change.acts.push(Act::new(WorkspaceEvent::LaneChanged(event), lane, Vec::new()));
    change.entities.push(put(EntityKind::Lane, lane, &body)?);
    Ok(())
}

fn known(control: &Control, lane: &Slug) -> LaneBody {
    control.lanes.get(lane).cloned().unwrap_or_else(|| LaneBody { facts: BTreeMap::new() })
}

fn check_target(control: &Control, about: &str) -> Result<()> {
    if about.contains('/') {
        if is_lane(control, about) {
            return Ok(());
        }
        return Err(Error::not_found("lane", about));
    }
    let name = Slug::parse(about).map_err(|_| Error::not_found("connector", about))?;
    connector_of(control, &name).map(|_| ())
}
