//! Pauses: new attempts stop at once and stay stopped until somebody lifts the pause.

use connectors::connector::Connector;
use domain::name::Slug;
use domain::principal::Principal;
use domain::run::Stage;
use domain::workspace::{PauseLifted, PauseSet, WorkspaceEvent};
use store::EntityKind;

use super::chain::{Act, Asked, Change, delete, put};
use super::check;
use crate::access::{Caller, Operation};
use crate::batch::sealed_text;
use crate::commands::{IdempotencyKey, check_text};
use crate::control::{Control, PauseBody, PauseKind};
use crate::ledger::slug;
use crate::{Code, Engine, Error, Result};

impl Engine {
    /// Stops new attempts. What is paused already stays paused as it was.
    pub async fn set_pause(
        &self,
        caller: &Caller,
        kind: PauseKind,
        id: &str,
        rationale: Option<&str>,
        key: Option<&IdempotencyKey>,
    ) -> Result<PauseBody> {
        caller.may(Operation::Pause)?;
        check_text(rationale, "/rationale")?;
        let body = PauseBody {
            kind,
            id: id.to_owned(),
            by: caller.principal.to_string(),
            at: self.now().to_string(),
        };
        let asked = Asked { caller, operation: "set_pause", key };
        self.make(asked, id, |control| {
            check_target(control, kind, id)?;
            if in_force(control, kind, id).is_some() {
                return Ok(Change::default());
            }
            check::room(control.pauses.len(), "pauses")?;
            let event = PauseSet { id: id.to_owned(), kind: slug(kind.word()) };
            let sealed = vec![("rationale", sealed_text(rationale.map(str::to_owned)))];
            let act = Act::new(WorkspaceEvent::PauseSet(event), caller.principal, sealed);
            Ok(Change {
                acts: vec![act],
                entities: vec![put(EntityKind::Pause, entity_id(kind, id), &body)?],
            })
        })
        .await?;
        let control = self.control(caller.workspace).await?;
        // A replayed request may come after the pause was lifted.
        Ok(in_force(&control, kind, id).cloned().unwrap_or(body))
    }

    /// Lets new attempts start again.
    ///
    /// # Errors
    /// [`Code::NotFound`] if it is not paused.
    pub async fn lift_pause(
        &self,
        caller: &Caller,
        kind: PauseKind,
        id: &str,
        rationale: Option<&str>,
    ) -> Result<()> {
        caller.may(Operation::Pause)?;
        check_text(rationale, "/rationale")?;
        self.act(caller, |control| {
            in_force(control, kind, id).ok_or_else(|| Error::not_found("pause", &entity_id(kind, id)))?;
            let event = PauseLifted { id: id.to_owned(), kind: slug(kind.word()) };
            let sealed = vec![("rationale", sealed_text(rationale.map(str::to_owned)))];
            let act = Act::new(WorkspaceEvent::PauseLifted(event), caller.principal, sealed);
            Ok(Change { acts: vec![act], entities: vec![delete(EntityKind::Pause, entity_id(kind, id))] })
        })
        .await?;
        // What waited for the pause goes on at once.
        self.make_due(caller.workspace, &[Stage::Authorized, Stage::Executing]).await
    }

    /// Pauses in force.
    pub async fn list_pauses(&self, caller: &Caller) -> Result<Vec<PauseBody>> {
        caller.may(Operation::ReadPauses)?;
        Ok(self.control(caller.workspace).await?.pauses.clone())
    }
}

fn in_force<'a>(control: &'a Control, kind: PauseKind, id: &str) -> Option<&'a PauseBody> {
    control.pauses.iter().find(|pause| pause.kind == kind && pause.id == id)
}

fn entity_id(kind: PauseKind, id: &str) -> String {
    format!("{}/{id}", kind.word())
}

/// A pause of something that does not exist would stop nothing and look as if it did.
fn check_target(control: &Control, kind: PauseKind, id: &str) -> Result<()> {
    let known = match kind {
        PauseKind::Workspace => id == control.workspace.to_string(),
        PauseKind::Agent => Principal::parse(id).is_some_and(|principal| is_known(control, principal)),
        PauseKind::Connector => Slug::parse(id).is_ok_and(|name| control.connectors.contains_key(&name)),
        PauseKind::Lane => is_lane(control, id),
    };
    if known {
        return Ok(());
    }
    let hint = match kind {
        PauseKind::Workspace => format!("the workspace is `{}`", control.workspace),
        PauseKind::Agent => "the id of an agent, service or person".to_owned(),
        PauseKind::Connector => "the name of a connector".to_owned(),
        PauseKind::Lane => "a lane is `<workflow>/<connector>/<system>.<object>.<action>`".to_owned(),
    };
    Err(Error::new(Code::UnknownTarget, format!("there is no {} of that id", kind.word()))
        .at("/id")
        .hint(hint))
}

fn is_known(control: &Control, principal: Principal) -> bool {
    match principal {
        Principal::Agent(id) => control.agents.contains_key(&id),
        Principal::Service(id) => control.services.contains_key(&id),
        Principal::Person(id) => control.persons.contains_key(&id),
    }
}

/// Whether a lane's workflow and connector exist and the connector can do its action.
pub(super) fn is_lane(control: &Control, lane: &str) -> bool {
    let mut parts = lane.splitn(3, '/');
    let (Some(workflow), Some(connector), Some(action)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let registered = Slug::parse(workflow).is_ok_and(|name| control.workflows.contains_key(&name));
    let connector = Slug::parse(connector).ok().and_then(|name| control.connectors.get(&name));
    let connector = connector.and_then(|configured| configured.connector.as_ref().ok());
    registered
        && connector.is_some_and(|connector| {
            let shapes = connector.describe().policy_shapes();
            shapes.iter().any(|shape| shape.id() == action)
        })
}
