//! Workflows: the registered names under which agents propose.

use domain::name::Slug;
use proof::json::object;
use store::EntityKind;

use super::auth::access_changed;
use super::chain::{Asked, Change, names_nothing, put};
use super::check;
use crate::access::{Caller, Operation};
use crate::commands::IdempotencyKey;
use crate::control::{Control, WorkflowBody};
use crate::queries::Named;
use crate::{Code, Engine, Error, Result};

/// A workflow as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkflowView {
    /// Its name.
    pub name: Slug,
    /// For people.
    pub title: String,
    /// Who registered it.
    pub by: Named,
    /// When.
    pub created: String,
}

impl Engine {
    /// Registers a workflow.
    pub async fn add_workflow(
        &self,
        caller: &Caller,
        name: &Slug,
        title: &str,
        key: Option<&IdempotencyKey>,
    ) -> Result<WorkflowView> {
        caller.may(Operation::ManagePrincipals)?;
        let body = WorkflowBody {
            title: check::name(title, "/title")?,
            by: caller.principal.to_string(),
            created: self.now().to_string(),
        };
        let asked = Asked { caller, operation: "add_workflow", key };
        let made = self
            .make(asked, name.as_str(), |control| {
                check::room(control.workflows.len(), "workflows")?;
                if control.workflows.contains_key(name) {
                    let message = format!("there is a workflow `{name}`");
                    return Err(Error::new(Code::AlreadyExists, message).at("/name"));
                }
                let detail = object([("title", body.title.as_str().into())]);
                let act = access_changed("workflow_added", name, detail);
                Ok(Change { acts: vec![act], entities: vec![put(EntityKind::Workflow, name, &body)?] })
            })
            .await?;
        let name = Slug::parse(&made.id(name)).map_err(|_| names_nothing())?;
        let control = self.control(caller.workspace).await?;
        let body = control.workflows.get(&name).ok_or_else(|| Error::not_found("workflow", name.as_str()))?;
        Ok(view(&control, &name, body))
    }

    /// The registered workflows by name; for a key that is bound to some, those.
    pub async fn list_workflows(&self, caller: &Caller) -> Result<Vec<WorkflowView>> {
        caller.may(Operation::ReadWorkflows)?;
        let control = self.control(caller.workspace).await?;
        let known = control.workflows.iter().filter(|(name, _)| caller.covers_workflow(name));
        Ok(known.map(|(name, body)| view(&control, name, body)).collect())
    }
}

fn view(control: &Control, name: &Slug, body: &WorkflowBody) -> WorkflowView {
    WorkflowView {
        name: name.clone(),
        title: body.title.clone(),
        by: control.named_text(&body.by),
        created: body.created.clone(),
    }
}
