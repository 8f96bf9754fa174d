//! The chain of the workspace: which administrative acts stood in the log before a position, and what was erased.
//!
//! A bundle of one run holds the acts that this run needs, not all of them. So a rule that rests on an act being there can
//! always be judged, and one that rests on an act *not* being there only where the chain is known to be whole.

use std::collections::BTreeMap;

use domain::id::PersonId;
use domain::name::Slug;
use domain::principal::{Actor, Principal};
use domain::time::Timestamp;
use domain::workspace::{ConnectorChanged, WorkspaceEvent};
use proof::digest::Digest;
use proof::leaf::{Leaf, SdDigest};

use crate::read::{Chain, Unread};

/// The code of an activation by the author: the starter set, by the sole admin of an empty workspace.
const CODE_BOOTSTRAP: &str = "bootstrap";

/// One administrative act.
#[derive(Debug, Clone)]
pub struct Act {
    /// The leaf.
    pub leaf: Leaf,
    /// When it was written.
    pub time: Timestamp,
    /// Who wrote it.
    pub by: Actor,
    /// What was done.
    pub event: WorkspaceEvent,
}

/// Reads one leaf of the workspace's chain.
pub fn read(bytes: &[u8]) -> Result<Act, Unread> {
    let mut leaf = Leaf::parse(bytes)?;
    let data = std::mem::take(&mut leaf.data);
    let event = WorkspaceEvent::read(&leaf.kind, data.clone())?;
    leaf.data = data;
    let malformed = |member: &str| Unread::Malformed(format!("the event has a malformed `{member}`"));
    let time = Timestamp::parse(&leaf.time).ok_or_else(|| malformed("time"))?;
    let by = Actor::from_by(&leaf.by).ok_or_else(|| malformed("by"))?;
    if leaf.sd.len() != event.sealed().len() {
        return Err(malformed("_sd"));
    }
    Ok(Act { leaf, time, by, event })
}

/// What an erasure left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// Its position in the log.
    pub index: u64,
    /// When.
    pub time: Timestamp,
    /// On which basis.
    pub basis: String,
}

/// What is known of a moment in the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known<T> {
    /// It was so.
    Was(T),
    /// It was not so.
    WasNot,
    /// The acts that would tell are not in the bundle.
    Missing,
}

/// The acts in the order of the log.
#[derive(Debug, Clone, Default)]
pub struct Acts {
    acts: Vec<(u64, Act)>,
    /// Positions below this one are told in full.
    whole_below: u64,
}

impl Acts {
    /// The acts of a chain. `whole_log` says that the chain was compared with every entry of the log.
    pub fn of(chain: &Chain<Act>, whole_log: bool) -> Self {
        let acts: Vec<(u64, Act)> =
            chain.lines.iter().filter_map(|line| Some((line.index, line.event.clone()?))).collect();
        // Up to the first gap nothing is left out. The last act before it ends what is certain.
        let gapless = (0u64..).zip(&acts).take_while(|(seq, (_, act))| act.leaf.seq == *seq);
        let known = gapless.last().map_or(0, |(_, (index, _))| index.saturating_add(1));
        Self { acts, whole_below: if whole_log { u64::MAX } else { known } }
    }

    /// Acts before a position, the newest first.
    pub fn before(&self, index: u64) -> impl Iterator<Item = (u64, &Act)> {
        self.acts.iter().rev().filter(move |(at, _)| *at < index).map(|(at, act)| (*at, act))
    }

    /// Acts between two positions, in order.
    pub fn between(&self, from: u64, to: u64) -> impl Iterator<Item = (u64, &Act)> {
        self.acts.iter().filter(move |(at, _)| *at > from && *at < to).map(|(at, act)| (*at, act))
    }

    /// Whether every act before a position is known.
    pub fn is_whole_before(&self, index: u64) -> bool {
        index <= self.whole_below
    }

    /// Whether every act is known.
    pub fn is_whole(&self) -> bool {
        self.whole_below == u64::MAX
    }

    /// What the newest act before a position says of which `say` has something to say.
    pub fn newest<T>(&self, index: u64, say: impl Fn(&Act) -> Option<T>) -> Known<(u64, T)> {
        let said = self.before(index).find_map(|(at, act)| Some((at, say(act)?)));
        match said {
            Some(said) => Known::Was(said),
            None if self.is_whole_before(index) => Known::WasNot,
            None => Known::Missing,
        }
    }

    /// Since when a person has had a seat in a group, at a position: enrolled by somebody else, not removed since, and
    /// with an open account.
    pub fn seat(&self, person: PersonId, group: &Slug, index: u64) -> Known<u64> {
        let enrolled = self.newest(index, |act| membership(act, person, group));
        let since = match enrolled {
            Known::Was((at, Membership::Enrolled)) => at,
            Known::Was((_, Membership::Removed | Membership::EnrolledByThemselves)) | Known::WasNot => {
                return Known::WasNot;
            }
            Known::Missing => return Known::Missing,
        };
        match self.before(index).find_map(|(at, act)| Some((at, account(act, person)?))) {
            Some((_, Account::Closed)) => Known::WasNot,
            Some((at, Account::Opened)) => Known::Was(at.max(since)),
            None => Known::Was(since),
        }
    }

    /// The act after which a person's seat in a group was lost, between two positions.
    pub fn lost(&self, person: PersonId, group: &Slug, from: u64, to: u64) -> Option<u64> {
        let ends = |act: &Act| {
            membership(act, person, group) == Some(Membership::Removed)
                || account(act, person) == Some(Account::Closed)
        };
        self.between(from, to).find(|(_, act)| ends(act)).map(|(at, _)| at)
    }

    /// The policy set in force at a position.
    pub fn policy(&self, index: u64) -> Known<(u64, InForce)> {
        self.newest(index, |act| {
            let WorkspaceEvent::PolicyActivated(activated) = &act.event else { return None };
            let bootstrap = activated.code.as_ref().is_some_and(|code| code.as_str() == CODE_BOOTSTRAP);
            Some(InForce { policy: activated.policy, by: act.by, bootstrap })
        })
    }

    /// Who published a set, before a position.
    pub fn author(&self, policy: Digest, index: u64) -> Known<(u64, Actor)> {
        self.newest(index, |act| {
            let WorkspaceEvent::PolicyPublished(published) = &act.event else { return None };
            (published.policy == policy).then_some(act.by)
        })
    }

    /// Every erased value, by digest.
    pub fn tombstones(&self) -> BTreeMap<SdDigest, Tombstone> {
        let mut tombstones = BTreeMap::new();
        for (index, act) in &self.acts {
            let WorkspaceEvent::DisclosureErased(erased) = &act.event else { continue };
            let tombstone = Tombstone { index: *index, time: act.time, basis: erased.basis.to_string() };
            for digest in &erased.digests {
                tombstones.entry(digest.clone()).or_insert_with(|| tombstone.clone());
            }
        }
        tombstones
    }

    /// Pauses in force at a position: kind and id, each with where it was set.
    pub fn pauses(&self, index: u64) -> BTreeMap<(String, String), u64> {
        let mut pauses = BTreeMap::new();
        for (at, act) in self.acts.iter().filter(|(at, _)| *at < index) {
            if let WorkspaceEvent::PauseSet(set) = &act.event {
                pauses.insert((set.kind.to_string(), set.id.clone()), *at);
            } else if let WorkspaceEvent::PauseLifted(lifted) = &act.event {
                pauses.remove(&(lifted.kind.to_string(), lifted.id.clone()));
            }
        }
        pauses
    }

    /// How a connector was configured at a position: where it points, and its manifest.
    pub fn connector(&self, name: &Slug, index: u64) -> Known<(u64, ConnectorChanged)> {
        self.newest(index, |act| {
            let WorkspaceEvent::ConnectorChanged(changed) = &act.event else { return None };
            (changed.connector == *name).then(|| changed.clone())
        })
    }
}

/// A policy set in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InForce {
    /// Its digest.
    pub policy: Digest,
    /// Who activated it.
    pub by: Actor,
    /// Whether it is the starter set that the sole admin of an empty workspace activated.
    pub bootstrap: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Membership {
    Enrolled,
    EnrolledByThemselves,
    Removed,
}

fn membership(act: &Act, person: PersonId, group: &Slug) -> Option<Membership> {
    if let WorkspaceEvent::ApproverEnrolled(enrolled) = &act.event {
        let themselves = act.by == Actor::Principal(Principal::Person(person));
        let how = if themselves { Membership::EnrolledByThemselves } else { Membership::Enrolled };
        (enrolled.approver == person && enrolled.groups.contains(group)).then_some(how)
    } else if let WorkspaceEvent::ApproverRemoved(removed) = &act.event {
        (removed.approver == person && removed.groups.contains(group)).then_some(Membership::Removed)
    } else {
        None
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Account {
    Opened,
    Closed,
}

fn account(act: &Act, person: PersonId) -> Option<Account> {
    let WorkspaceEvent::AccessChanged(changed) = &act.event else { return None };
    if changed.principal != person.to_string() {
        return None;
    }
    match changed.code.as_str() {
        "disabled" => Some(Account::Closed),
        "enabled" => Some(Account::Opened),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use domain::id::NodeId;
    use domain::workspace::PauseSet;
    use proof::leaf::ByKind;
    use proof::tree::leaf_hash;

    use super::*;
    use crate::read::Line;

    /// A chain of pauses with these positions in chain and log.
    fn chain(places: &[(u64, u64)]) -> Chain<Act> {
        let lines = places.iter().map(|(seq, index)| {
            let node = NodeId::new(Timestamp::from_millis(0), [1; 10]);
            let leaf = Leaf {
                sd: vec![],
                by: proof::leaf::By { id: node.to_string(), kind: ByKind::System },
                cause: vec![],
                data: BTreeMap::new(),
                node: node.to_string(),
                prev: None,
                run: None,
                seq: *seq,
                time: "2026-11-24T08:00:00.000Z".to_owned(),
                kind: "pause.set".to_owned(),
            };
            let kind = Slug::parse("connector").unwrap();
            let event = WorkspaceEvent::PauseSet(PauseSet { id: format!("crm-{seq}"), kind });
            let act = Act { leaf, time: Timestamp::from_millis(0), by: Actor::System(node), event };
            Line { index: *index, bytes: vec![], hash: leaf_hash(b""), event: Some(act) }
        });
        Chain { folder: "workspace".to_owned(), run: None, lines: lines.collect(), disclosed: vec![] }
    }

    #[test]
    fn acts_are_known_in_full_up_to_the_last_one_before_a_gap() {
        for (places, below) in [
            (vec![], 0),
            (vec![(1, 4)], 0),
            (vec![(0, 3)], 4),
            (vec![(0, 0), (1, 7)], 8),
            (vec![(0, 0), (1, 7), (3, 9)], 8),
        ] {
            let acts = Acts::of(&chain(&places), false);
            assert!(acts.is_whole_before(below) && !acts.is_whole_before(below + 1), "{places:?}");
            assert!(!acts.is_whole());
            assert!(Acts::of(&chain(&places), true).is_whole());
        }
    }

    #[test]
    fn what_no_act_says_was_not_so_only_where_all_acts_are_known() {
        let acts = Acts::of(&chain(&[(0, 0), (1, 7), (3, 9)]), false);
        let id = |act: &Act| {
            if let WorkspaceEvent::PauseSet(set) = &act.event { Some(set.id.clone()) } else { None }
        };
        assert_eq!(acts.newest(9, id), Known::Was((7, "crm-1".to_owned())));
        assert_eq!(acts.newest(7, id), Known::Was((0, "crm-0".to_owned())));
        assert_eq!(acts.newest(7, |_| None::<()>), Known::WasNot);
        assert_eq!(acts.newest(9, |_| None::<()>), Known::Missing);
        assert_eq!(acts.between(0, 9).map(|(at, _)| at).collect::<Vec<_>>(), [7]);
    }
}
