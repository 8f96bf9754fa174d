//! Legal holds: what must be kept for a matter, whatever is asked for, until somebody releases it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::id::{HoldId, WorkspaceId};
use domain::time::Timestamp;
use domain::workspace::{HoldPlaced, HoldReleased, WorkspaceEvent};
use proof::json::{Value, object};
use proof::{canonical, strict};
use store::{EntityKind, EntityWrite, SubjectKey};

use super::chain::{Act, Asked, Change, delete, names_nothing, put};
use super::check;
use super::erasures::DataSubject;
use crate::access::{Caller, Operation};
use crate::commands::{IdempotencyKey, check_text};
use crate::control::{Control, HoldBody, HoldScope, References};
use crate::queries::Named;
use crate::{Code, Engine, Error, Result};

/// The text of a hold is sealed once.
const VERSION: u64 = 1;

/// What a hold keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// Every value of the workspace.
    Everything,
    /// Values of or about one subject.
    Of(DataSubject),
}

/// A hold to be placed.
#[derive(Debug, Clone)]
pub struct NewHold {
    /// What it is for; sealed.
    pub matter: String,
    /// What it keeps; sealed.
    pub selector: Selector,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
}

/// A hold that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldView {
    /// Its id.
    pub id: HoldId,
    /// What it is for.
    pub matter: String,
    /// What it keeps: `"everything"`, or an object with one of `person`, `record` and `run`.
    pub selector: Value,
    /// Who placed it.
    pub by: Named,
    /// When.
    pub at: String,
    /// When it ends by itself.
    pub until: Option<String>,
}

impl Selector {
    fn to_value(&self) -> Value {
        match self {
            Self::Everything => "everything".into(),
            Self::Of(subject) => subject.to_value(),
        }
    }

    /// The form in which a hold is compared: records and people by their references.
    fn scope(&self, keys: &References) -> HoldScope {
        match self {
            Self::Everything => HoldScope::Everything,
            Self::Of(DataSubject::Person(id)) => HoldScope::Person(text(keys.principal(&id.to_string()))),
            Self::Of(DataSubject::Record(record)) => {
                HoldScope::Record(text(keys.record(&record.connector, &record.object, &record.id)))
            }
            Self::Of(DataSubject::Run(id)) => HoldScope::Run(id.to_string()),
        }
    }
}

/// How a reference stands in a hold.
pub(super) fn text(key: SubjectKey) -> String {
    STANDARD.encode(key)
}

/// The reference that stands in a hold.
pub(super) fn key(text: &str) -> Option<SubjectKey> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

impl Engine {
    /// Places a hold: from now on nothing that it keeps is erased.
    pub async fn place_hold(
        &self,
        caller: &Caller,
        new: NewHold,
        key: Option<&IdempotencyKey>,
    ) -> Result<HoldView> {
        caller.may(Operation::ManageHolds)?;
        caller.person("place holds")?;
        check_matter(&new.matter)?;
        if new.until.is_some_and(|until| until <= self.now()) {
            return Err(Error::new(Code::InvalidRequest, "the end of the hold has passed").at("/until"));
        }
        if let Selector::Of(subject) = &new.selector {
            self.check_subject(caller, subject).await?;
        }
        let id = self.entropy.hold_id(self.now());
        let selector = new.selector.to_value();
        let kept = object([("matter", new.matter.as_str().into()), ("selector", selector.clone())]);
        let sealed = canonical::to_string(&kept);
        let vault = self.store.vault();
        let sealed = vault.seal_secret(caller.workspace, &id.to_string(), VERSION, sealed.as_bytes());
        let sealed = STANDARD.encode(sealed.map_err(store::Error::from)?);
        let asked = Asked { caller, operation: "place_hold", key };
        let made = self
            .make(asked, &id.to_string(), |control| {
                check::room(control.holds.len(), "holds")?;
                let body = HoldBody {
                    scope: new.selector.scope(&control.keys_of),
                    sealed: sealed.clone(),
                    by: caller.principal.to_string(),
                    at: self.now().to_string(),
                    until: new.until.map(|until| until.to_string()),
                };
                let event = WorkspaceEvent::HoldPlaced(HoldPlaced { hold: id, until: new.until });
                let values = vec![("matter", new.matter.as_str().into()), ("selector", selector.clone())];
                // Whom a hold names goes with whom it names, once that may go.
                let act = match &body.scope {
                    HoldScope::Person(subject) | HoldScope::Record(subject) => {
                        let subject = self::key(subject).ok_or_else(malformed)?;
                        Act::filed(event, subject, values)
                    }
                    HoldScope::Everything | HoldScope::Run(_) => Act::new(event, caller.principal, values),
                };
                let write = EntityWrite { expires: new.until, ..put(EntityKind::Hold, id, &body)? };
                Ok(Change { acts: vec![act], entities: vec![write] })
            })
            .await?;
        let id = HoldId::parse(&made.id(id)).map_err(|_| names_nothing())?;
        let control = self.control(caller.workspace).await?;
        let body = control.holds.get(&id).ok_or_else(|| Error::not_found("hold", &id.to_string()))?;
        self.hold(&control, id, body)
    }

    /// Releases a hold.
    pub async fn release_hold(&self, caller: &Caller, id: HoldId, rationale: &str) -> Result<()> {
        caller.may(Operation::ManageHolds)?;
        caller.person("release holds")?;
        check_text(Some(rationale), "/rationale")?;
        if rationale.trim().is_empty() {
            return Err(
                Error::new(Code::RationaleRequired, "releasing a hold needs a reason").at("/rationale")
            );
        }
        self.act(caller, |control| {
            standing(control, self.now())
                .find(|(known, _)| **known == id)
                .ok_or_else(|| Error::not_found("hold", &id.to_string()))?;
            let event = WorkspaceEvent::HoldReleased(HoldReleased { hold: id });
            let act = Act::new(event, caller.principal, vec![("rationale", rationale.into())]);
            Ok(Change { acts: vec![act], entities: vec![delete(EntityKind::Hold, id)] })
        })
        .await
    }

    /// Holds that stand, by id, which is the order in which they were placed.
    pub async fn list_holds(&self, caller: &Caller) -> Result<Vec<HoldView>> {
        caller.may(Operation::ReadHolds)?;
        let control = self.control(caller.workspace).await?;
        standing(&control, self.now()).map(|(id, body)| self.hold(&control, *id, body)).collect()
    }

    fn hold(&self, control: &Control, id: HoldId, body: &HoldBody) -> Result<HoldView> {
        let kept = self.open_hold(control.workspace, id, body).ok_or_else(malformed)?;
        Ok(HoldView {
            id,
            matter: kept.get("matter").and_then(Value::as_str).unwrap_or_default().to_owned(),
            selector: kept.get("selector").cloned().unwrap_or(Value::Null),
            by: control.named_text(&body.by),
            at: body.at.clone(),
            until: body.until.clone(),
        })
    }

    fn open_hold(&self, ws: WorkspaceId, id: HoldId, body: &HoldBody) -> Option<Value> {
        let sealed = STANDARD.decode(&body.sealed).ok()?;
        let opened = self.store.vault().open_secret(ws, &id.to_string(), VERSION, &sealed).ok()?;
        strict::parse_open(&opened).ok()
    }
}

/// Holds that stand now.
pub(super) fn standing(control: &Control, now: Timestamp) -> impl Iterator<Item = (&HoldId, &HoldBody)> {
    control.holds.iter().filter(move |(_, hold)| hold.stands(now))
}

fn check_matter(matter: &str) -> Result<()> {
    check_text(Some(matter), "/matter")?;
    if matter.trim().is_empty() {
        return Err(Error::new(Code::InvalidRequest, "a hold says what it is for").at("/matter"));
    }
    Ok(())
}

fn malformed() -> Error {
    Error::internal("a stored hold is malformed")
}
