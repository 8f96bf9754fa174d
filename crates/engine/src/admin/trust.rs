//! Which witnesses are asked: every change of the trust policy in force is an event of the workspace.

use std::collections::BTreeSet;

use domain::id::WorkspaceId;
use domain::principal::Actor;
use domain::workspace::{WitnessChanged, WorkspaceEvent};
use proof::digest::sha256;
use serde::{Deserialize, Serialize};
use store::EntityKind;

use super::chain::{Act, Change, delete, put};
use crate::commands::RACES_MAX;
use crate::control::load::body;
use crate::{Code, Engine, Error, Result, Trust};

/// The id of the setting that remembers the trust policy.
const TRUST: &str = "trust_policy";

/// What is remembered of the trust policy in force.
#[derive(Serialize, Deserialize)]
struct TrustBody {
    /// SHA-256 of its text.
    digest: String,
    /// The verifier keys of its witnesses.
    witnesses: BTreeSet<String>,
}

impl Engine {
    /// Records that another trust policy is in force than before, or none any more.
    pub(crate) async fn record_trust(&self, ws: WorkspaceId, trust: Option<&Trust>) -> Result<()> {
        let before = self.store.entity(ws, EntityKind::Setting, TRUST.to_owned()).await?;
        let before: Option<TrustBody> = before.as_ref().map(body).transpose()?;
        if before.as_ref().map(|before| before.digest.as_str())
            == trust.map(|trust| trust.digest().to_string()).as_deref()
        {
            return Ok(());
        }
        let witnesses = trust.map(|trust| trust.policy().witnesses()).unwrap_or_default();
        let now: BTreeSet<_> = witnesses.iter().map(|witness| witness.key.to_string()).collect();
        let then = before.map(|before| before.witnesses).unwrap_or_default();
        let (digest, entity) = if let Some(trust) = trust {
            let kept = TrustBody { digest: trust.digest().to_string(), witnesses: now.clone() };
            (trust.digest(), put(EntityKind::Setting, TRUST, &kept)?)
        } else {
            let in_force = self.trust_template(ws).await?;
            (sha256(in_force.as_bytes()), delete(EntityKind::Setting, TRUST))
        };
        let event = WitnessChanged {
            added: now.difference(&then).cloned().collect(),
            removed: then.difference(&now).cloned().collect(),
            trust_digest: digest,
        };
        for _ in 0..RACES_MAX {
            let change = |_: &_| {
                let act = Act::new(WorkspaceEvent::WitnessChanged(event.clone()), ws, Vec::new());
                Ok(Change { acts: vec![act], entities: vec![entity.clone()] })
            };
            if self.try_act(ws, Actor::System(self.node), None, change).await? {
                return Ok(());
            }
        }
        Err(Error::new(Code::Conflict, "the workspace changes faster than this can be recorded"))
    }
}
