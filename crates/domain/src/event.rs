//! What may have happened to a run: the closed list of its events.
//!
//! A type here holds the *clear* members of an event, and only those: the fold cannot see more, so a run still replays
//! after its values were erased. The names after `sealed` are members whose values live outside the leaf as salted
//! disclosures; every one of them is present in every event of its type, `null` when there is nothing to say.

mod member;

use proof::digest::Digest;
use proof::json::{Object, Value};

pub use member::{Fault, Member};

use crate::attempt::{EvidenceLevel, Guarantee, Outcome};
use crate::id::{PersonId, RunId};
use crate::mutation::Environment;
use crate::name::Slug;
use crate::run::{Basis, DecisionWord, Method, RecoveryKind, RecoveryOutcome, Risk, Stage};
use crate::time::Timestamp;

macro_rules! record {
    ($(#[$doc:meta])* $name:ident { $($(#[$member_doc:meta])* $member:ident: $ty:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name { $($(#[$member_doc])* pub $member: $ty,)* }

        impl $name {
            /// The members as canonical JSON holds them.
            pub fn to_object(&self) -> Object {
                #[allow(unused_mut, reason = "an event without members adds none")]
                let mut object = Object::new();
                $(self.$member.put(stringify!($member), &mut object);)*
                object
            }

            /// Reads exactly these members; an unknown, missing or malformed one is refused.
            pub fn from_object(#[allow(unused_mut, reason = "as above")] mut object: Object) -> Result<Self, Fault> {
                let read = Self { $($member: Member::take(stringify!($member), &mut object)?,)* };
                match object.into_keys().next() {
                    None => Ok(read),
                    Some(name) => Err(Fault::Unknown(name)),
                }
            }
        }
    };
}

macro_rules! events {
    ($(#[$enum_doc:meta])* $enum:ident, $kinds:ident; $($(#[$doc:meta])* $name:ident $word:literal sealed [$($sealed:literal),*] { $($(#[$member_doc:meta])* $member:ident: $ty:ty,)* })*) => {
        $(record! { $(#[$doc])* $name { $($(#[$member_doc])* $member: $ty,)* } })*

        $(#[$enum_doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $enum { $($(#[$doc])* $name($name),)* }

        impl $enum {
            /// Every wire name, in the order of this file.
            pub const $kinds: &'static [&'static str] = &[$($word,)*];

            /// The wire name.
            pub fn kind(&self) -> &'static str {
                match self { $(Self::$name(_) => $word,)* }
            }

            /// Names of the sealed members that each event of this type has.
            pub fn sealed(&self) -> &'static [&'static str] {
                match self { $(Self::$name(_) => &[$($sealed),*],)* }
            }

            /// The clear members.
            pub fn data(&self) -> Object {
                match self { $(Self::$name(event) => event.to_object(),)* }
            }

            /// Reads the clear members of a type; `Fault::Kind` for a type that is not on the list.
            pub fn read(kind: &str, data: Object) -> Result<Self, Fault> {
                match kind {
                    $($word => $name::from_object(data).map(Self::$name),)*
                    _ => Err(Fault::Kind(kind.to_owned())),
                }
            }
        }
    };
}
pub(crate) use {events, record};

record! {
    /// What one group is asked for.
    Obligation {
        /// Persons who may not give this approval.
        exclude: Vec<PersonId>,
        /// Seconds until the request, and an approval given for it, ends.
        expires_s: u64,
        /// The group.
        group: Slug,
        /// How a member must prove who they are.
        method: Method,
        /// How many of its members, at least one.
        quorum: u32,
    }
}

record! {
    /// A group and how many of it.
    GroupQuorum {
        /// The group.
        group: Slug,
        /// How many of its members.
        quorum: u32,
    }
}

record! {
    /// How many mutations of a plan can be undone in which way.
    UndoCount {
        /// By a named counter-action.
        compensation: u32,
        /// Not at all.
        irreversible: u32,
        /// By restoring the before-values.
        rollback: u32,
    }
}

events! {
    /// One fact in the life of a run.
    Event, KINDS;

    /// An agent or operator proposed a plan. Always the first event.
    RunProposed "run.proposed" sealed ["model", "proposer", "reason", "source_ref"] {
        /// The person who answers for the agent.
        agent_owner: Option<PersonId>,
        /// The agent's version, when it said one.
        agent_version: Option<Slug>,
        /// The run whose remainder this one takes up.
        branched_from: Option<RunId>,
        /// Self-reported confidence in basis points.
        confidence_bp: Option<u32>,
        /// After this time the run expires; no revision extends it.
        deadline: Timestamp,
        /// Where the connectors of the plan point.
        environment: Environment,
        /// How many mutations.
        mutations: u32,
        /// The person for whom the agent acts.
        on_behalf_of: Option<PersonId>,
        /// How this run recovers its parent: exactly when `recovers` is there.
        recovery: Option<RecoveryKind>,
        /// The run that this one recovers.
        recovers: Option<RunId>,
        /// What kind of caller: `api`, `console`, `recovery`, or a name of the caller's choice.
        source: Slug,
        /// The W3C `traceparent` that came with the proposal.
        trace: Option<String>,
        /// The registered workflow.
        workflow: Slug,
    }

    /// The live records were read and the plan's digest is fixed.
    PlanPreviewed "plan.previewed" sealed [] {
        /// How many mutations.
        count: u32,
        /// What approvals bind to.
        plan_digest: Digest,
        /// Digest of the policy set in force.
        policy: Digest,
        /// 1, 2, … per run.
        revision: u32,
        /// Tree hash over the mutation documents.
        root: Digest,
        /// How it can be undone.
        undo: UndoCount,
    }

    /// The holder of a taken-over run changed its plan. A preview follows.
    PlanAmended "plan.amended" sealed ["rationale"] {
        /// How many mutations the new plan has.
        mutations: u32,
        /// Digest of the plan that it replaces; absent when none was previewed.
        replaces: Option<Digest>,
        /// The revision that the next preview gets.
        revision: u32,
    }

    /// A touched or guarded field moved since the preview. A new preview follows.
    PlanDrifted "plan.drifted" sealed ["view"] {
        /// The mutation whose record moved.
        n: u32,
        /// The plan that no longer holds.
        plan_digest: Digest,
    }

    /// Policy decided.
    PolicyDecided "policy.decided" sealed ["input", "rationale"] {
        /// After so many applied mutations the run waits for a person.
        canary: Option<u32>,
        /// The decision.
        decision: DecisionWord,
        /// How long the evaluation took, in microseconds.
        duration_us: u64,
        /// The evidence level that an attempt needs.
        evidence: EvidenceLevel,
        /// What is asked of whom; empty unless the decision is `approval`.
        obligations: Vec<Obligation>,
        /// The plan that was decided on.
        plan_digest: Digest,
        /// Digest of the policy set.
        policy: Digest,
        /// Whom policy judged: the proposer, or the holder.
        principal: String,
        /// Whether a verdict needs a rationale.
        rationale: bool,
        /// How much can go wrong.
        risk: Risk,
        /// Ids of the determining rules.
        rules: Vec<Slug>,
    }

    /// Groups are asked for their approval.
    ApprovalRequested "approval.requested" sealed [] {
        /// Silence until then ends the run.
        expires: Timestamp,
        /// Who is asked.
        groups: Vec<GroupQuorum>,
        /// The plan that they are asked about.
        plan_digest: Digest,
    }

    /// A person approved one plan digest.
    ApprovalGiven "approval.given" sealed ["approver", "assertion", "rationale", "shown"] {
        /// The approval counts until then.
        expires: Timestamp,
        /// The group for which it counts.
        group: Slug,
        /// How the person proved who they are.
        method: Method,
        /// What they approved.
        plan_digest: Digest,
        /// Its revision.
        revision: u32,
    }

    /// A person rejected the plan. This ends the run.
    ApprovalRejected "approval.rejected" sealed ["approver", "assertion", "rationale", "shown"] {
        /// The group for which they spoke.
        group: Slug,
        /// How the person proved who they are.
        method: Method,
        /// What they rejected.
        plan_digest: Digest,
        /// Its revision.
        revision: u32,
    }

    /// A person became the run's only controller, or renewed the lease.
    RunTakenOver "run.taken_over" sealed ["operator", "rationale"] {
        /// The lease ends then.
        until: Timestamp,
    }

    /// The takeover ended.
    RunHandedBack "run.handed_back" sealed ["rationale"] {
        /// `by_holder` or `lease_expired`.
        code: Slug,
    }

    /// What really changed by hand during a takeover, from a read: observed, not authorized.
    ChangeObserved "change.observed" sealed ["change"] {
        /// The mutation whose record was read.
        n: u32,
    }

    /// The plan may execute.
    RunAuthorized "run.authorized" sealed [] {
        /// What it rests on.
        basis: Basis,
        /// No attempt starts after this time.
        expires: Timestamp,
        /// The plan that is authorized.
        plan_digest: Digest,
        /// Its revision.
        revision: u32,
    }

    /// The authorization ended before anything had an effect. A new preview follows.
    AuthorizationVoided "authorization.voided" sealed ["detail"] {
        /// `policy_changed`, `role_lost`, `expired`, `connector_changed`, `tightened` or `store_restored`.
        code: Slug,
        /// The plan that was authorized.
        plan_digest: Digest,
    }

    /// The intent to write, durable before the first byte leaves.
    AttemptStarted "attempt.started" sealed ["observed", "request"] {
        /// 1, 2, … per mutation.
        attempt: u32,
        /// How far the evidence had come.
        evidence: EvidenceLevel,
        /// What the write can promise.
        guarantee: Guarantee,
        /// The idempotency key.
        key: Digest,
        /// Hash of the mutation document.
        mutation: Digest,
        /// The mutation's position.
        n: u32,
        /// The plan.
        plan_digest: Digest,
        /// Who caused it: the worker's node, or a person.
        requested_by: String,
        /// The first byte leaves before this time, or never.
        send_by: Timestamp,
    }

    /// What became of the attempt.
    AttemptFinished "attempt.finished" sealed ["read_back", "response"] {
        /// Which attempt.
        attempt: u32,
        /// Why this outcome.
        code: Slug,
        /// Hash of the mutation document.
        mutation: Digest,
        /// The mutation's position.
        n: u32,
        /// The outcome.
        outcome: Outcome,
        /// Whether another attempt of this mutation may follow.
        retryable: bool,
    }

    /// An unknown outcome was settled by looking, or by a person.
    AttemptReconciled "attempt.reconciled" sealed ["rationale", "read_back"] {
        /// Which attempt.
        attempt: u32,
        /// How it was settled.
        code: Slug,
        /// Hash of the mutation document.
        mutation: Digest,
        /// The mutation's position.
        n: u32,
        /// The outcome; never `unknown`.
        outcome: Outcome,
        /// Who settled it: the reconciler's node, or a person.
        requested_by: String,
        /// Whether another attempt of this mutation may follow.
        retryable: bool,
    }

    /// A person accepted what a read-back showed instead of the plan.
    DivergenceAccepted "divergence.accepted" sealed ["approver", "rationale"] {
        /// Which attempt.
        attempt: u32,
        /// Hash of the mutation document.
        mutation: Digest,
        /// The mutation's position.
        n: u32,
        /// The plan.
        plan_digest: Digest,
    }

    /// A recovery run was made for this one.
    RecoveryPlanned "recovery.planned" sealed ["rationale"] {
        /// Restore or counter.
        kind: RecoveryKind,
        /// Which mutations, in the order in which they are recovered.
        mutations: Vec<u32>,
        /// The plan that is recovered.
        plan_digest: Digest,
        /// Who asked.
        requested_by: String,
        /// The recovery run.
        run: RunId,
    }

    /// The recovery run closed.
    RecoveryFinished "recovery.finished" sealed [] {
        /// Restore or counter.
        kind: RecoveryKind,
        /// How it ended.
        outcome: RecoveryOutcome,
        /// Which mutations are restored or countered, proven by read-back.
        recovered: Vec<u32>,
        /// The recovery run.
        run: RunId,
    }

    /// Something was attached: a request, a response, a file of the proposer's.
    ArtifactAttached "artifact.attached" sealed ["artifact"] {
        /// Its size.
        bytes: u64,
        /// Its media type.
        media_type: String,
    }

    /// A person wrote a comment.
    RunCommented "run.commented" sealed ["comment"] {}

    /// The run was called off.
    RunCancelled "run.cancelled" sealed ["rationale"] {
        /// `by_request` or `done_by_hand`.
        code: Slug,
    }

    /// A deadline passed in silence.
    RunExpired "run.expired" sealed [] {
        /// `deadline` or `approval_expired`.
        code: Slug,
    }

    /// The run ended. Only a recovery can follow.
    RunClosed "run.closed" sealed [] {
        /// Why.
        code: Slug,
        /// All events of the run, this one included.
        events: u64,
        /// The final stage.
        stage: Stage,
    }
}

/// A member that a seal was asked for and that the event type does not have, or one that is missing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the sealed members of `{kind}` are not the ones given")]
pub struct SealedNames {
    /// The event's type.
    pub kind: &'static str,
}

/// Sealed values by name, for an event that is about to be written.
pub type SealedValues = Vec<(&'static str, Value)>;

#[cfg(test)]
mod tests;
