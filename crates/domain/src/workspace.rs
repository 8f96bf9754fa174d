//! Administrative acts of a workspace, as events of its own chain: every one is evidence too.

use proof::digest::Digest;
use proof::json::{Object, Value};
use proof::leaf::{Leaf, SdDigest};

use crate::event::{Fault, Member};
use crate::event::{SealedNames, events, record};
use crate::id::{HoldId, NodeId, PersonId};
use crate::mutation::Environment;
use crate::name::Slug;
use crate::principal::Actor;
use crate::time::Timestamp;
use crate::wire::{SealFault, SealedEvent, seal};

events! {
    /// One administrative act.
    WorkspaceEvent, KINDS;

    /// A policy set was published: it exists and can be tested.
    PolicyPublished "policy.published" sealed ["author"] {
        /// Size of its text.
        bytes: u64,
        /// Its digest.
        policy: Digest,
    }

    /// A policy set came into force.
    PolicyActivated "policy.activated" sealed [] {
        /// `bootstrap` for the starter set of an empty workspace; otherwise a second person activates.
        code: Option<Slug>,
        /// Its digest.
        policy: Digest,
    }

    /// A connector was configured or its configuration changed.
    ConnectorChanged "connector.changed" sealed [] {
        /// Its name.
        connector: Slug,
        /// Where it points.
        environment: Environment,
        /// Digest of its manifest.
        manifest: Digest,
    }

    /// A lane's readiness changed.
    LaneChanged "lane.changed" sealed [] {
        /// Workflow, connector and action.
        lane: Slug,
        /// Facts that hold.
        readiness: Vec<Slug>,
    }

    /// A principal or its access changed.
    AccessChanged "access.changed" sealed ["detail"] {
        /// What: `person_added`, `roles_changed`, `key_issued`, `key_revoked`, `password_changed`, …
        code: Slug,
        /// Whose.
        principal: String,
    }

    /// New attempts stop.
    PauseSet "pause.set" sealed ["rationale"] {
        /// The workspace, agent, lane or connector.
        id: String,
        /// Which of them.
        kind: Slug,
    }

    /// New attempts may start again.
    PauseLifted "pause.lifted" sealed ["rationale"] {
        /// The workspace, agent, lane or connector.
        id: String,
        /// Which of them.
        kind: Slug,
    }

    /// A person may approve for groups.
    ApproverEnrolled "approver.enrolled" sealed ["credential", "name", "training_ref"] {
        /// Who.
        approver: PersonId,
        /// For which groups.
        groups: Vec<Slug>,
    }

    /// A person may no longer approve for groups.
    ApproverRemoved "approver.removed" sealed [] {
        /// Who.
        approver: PersonId,
        /// For which groups.
        groups: Vec<Slug>,
    }

    /// The log begins: the first event of a workspace.
    LogOpened "log.opened" sealed [] {
        /// Its name, which its heads carry and plans are bound to.
        origin: String,
        /// What is logged: `governed-runs`.
        scope: Slug,
        /// The key that signs its heads, as a C2SP signed-note verifier key.
        vkey: String,
    }

    /// Somebody had the whole log computed anew.
    LogVerified "log.verified" sealed [] {
        /// The root that came out.
        root: Digest,
        /// Over how many leaves.
        size: u64,
        /// What the verifier said.
        verdict: Slug,
    }

    /// Heads are signed by another key from now on; by both until the old one retires.
    KeyRotated "key.rotated" sealed [] {
        /// Heads of at least this size carry the new signature.
        from_size: u64,
        /// The new verifier key.
        new_vkey: String,
        /// The old verifier key.
        old_vkey: String,
    }

    /// Other witnesses are asked to cosign.
    WitnessChanged "witness.changed" sealed [] {
        /// Verifier keys that joined.
        added: Vec<String>,
        /// Verifier keys that left.
        removed: Vec<String>,
        /// SHA-256 of the trust policy now in force.
        trust_digest: Digest,
    }

    /// Sealed values were made unreadable for good.
    DisclosureErased "disclosure.erased" sealed ["authorized_by", "request_ref"] {
        /// Why that is lawful, such as `gdpr-17-1-b`.
        basis: Slug,
        /// When the last backup that still holds them is gone; none when none holds the keys.
        complete_by: Option<Timestamp>,
        /// How many digests follow.
        count: u32,
        /// The digests that became unreadable, at most [`ERASED_MAX`].
        digests: Vec<SdDigest>,
    }

    /// A request to erase was refused.
    ErasureRefused "erasure.refused" sealed ["request_ref"] {
        /// Why that is lawful, such as `gdpr-17-3-b`.
        basis: Slug,
        /// How many sealed values it was about.
        count: u32,
        /// The hold that stands against it.
        hold: Option<HoldId>,
    }

    /// Values must be kept, whatever is asked for.
    HoldPlaced "hold.placed" sealed ["matter", "selector"] {
        /// The hold.
        hold: HoldId,
        /// When it ends by itself.
        until: Option<Timestamp>,
    }

    /// A hold ended.
    HoldReleased "hold.released" sealed ["rationale"] {
        /// The hold.
        hold: HoldId,
    }

    /// Evidence left the system.
    ExportMade "export.made" sealed ["recipient"] {
        /// How many runs.
        runs: u64,
        /// `run`, `range` or `full`, or the name of a projection.
        scope: Slug,
    }
}

/// Digests that one `disclosure.erased` names.
pub const ERASED_MAX: usize = 256;

/// Where the workspace chain ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Position of the next event.
    pub next: u64,
    /// Hash of the last one.
    pub prev: Option<Digest>,
    /// Time of the last one.
    pub time: Timestamp,
}

/// Seals administrative acts behind the head of the workspace chain.
pub fn seal_acts(
    head: Head,
    node: NodeId,
    by: Actor,
    now: Timestamp,
    acts: Vec<(WorkspaceEvent, Vec<(&'static str, Value)>)>,
    salt: &mut dyn FnMut() -> [u8; 32],
) -> Result<Vec<SealedEvent>, SealFault> {
    let mut prev = head.prev;
    let mut written = Vec::with_capacity(acts.len());
    for (seq, (event, sealed)) in (head.next..).zip(acts) {
        let mut names: Vec<&str> = sealed.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        if names != event.sealed() {
            return Err(SealedNames { kind: event.kind() }.into());
        }
        let leaf = Leaf {
            sd: Vec::new(),
            by: by.to_by(),
            cause: Vec::new(),
            data: event.data(),
            node: node.to_string(),
            prev,
            run: None,
            seq,
            time: now.max(head.time).to_string(),
            kind: event.kind().to_owned(),
        };
        let sealed = seal(leaf, &sealed, salt)?;
        prev = Some(sealed.hash);
        written.push(sealed);
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::principal::Principal;

    #[test]
    fn acts_are_chained_and_their_sealed_members_are_complete() {
        let node = NodeId::parse("node_01h455vb4pex5vsknk084sn02q").unwrap();
        let person = PersonId::parse("person_01h455vb4pex5vsknk084sn02q").unwrap();
        let by = Actor::Principal(Principal::Person(person));
        let now = Timestamp::from_millis(1_800_000_000_000);
        let pause = |id: &str| {
            let kind = Slug::parse("connector").unwrap();
            (
                WorkspaceEvent::PauseSet(PauseSet { id: id.to_owned(), kind }),
                vec![("rationale", Value::from("drill"))],
            )
        };
        let head = Head { next: 0, prev: None, time: now.plus_ms(5) };
        let mut salt = || [7; 32];
        let acts = vec![pause("crm-main"), pause("desk-main")];
        let written = seal_acts(head, node, by, now, acts, &mut salt).unwrap();
        let leaves: Vec<Leaf> = written.iter().map(|event| Leaf::parse(&event.bytes).unwrap()).collect();
        assert_eq!((leaves[0].seq, leaves[0].prev, leaves[1].seq), (0, None, 1));
        assert_eq!(leaves[1].prev, Some(written[0].hash));
        assert_eq!(leaves[0].time, now.plus_ms(5).to_string(), "time never runs backwards in a chain");
        let read = WorkspaceEvent::read(&leaves[1].kind, leaves[1].data.clone()).unwrap();
        assert_eq!(read, pause("desk-main").0);
        let incomplete = vec![(pause("x").0, vec![])];
        assert!(seal_acts(head, node, by, now, incomplete, &mut salt).is_err());
    }
}
