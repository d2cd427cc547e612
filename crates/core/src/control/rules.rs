//! The rules of membership: which entries of a set are effective, and who is a member by them.
//!
//! Everything follows from the rank of grants. A grant of the admin bit is `create` or an admission with
//! it; `create` has the empty rank, any other grant the rank of the one it stands on, followed by its own
//! (level, hash). Ranks compare lexicographically, a prefix first, and the smaller is senior: who grants
//! outranks all whom they grant. Grants are judged by ascending rank, and only a senior's removal or
//! demotion makes void what somebody did at the same time, so every judgement rests on earlier ones.

use std::collections::{BTreeMap, BTreeSet};

use super::form::holder_of;
use super::scope::Scope;
use super::set::Node;
use super::{Admit, ControlKind, ControlSet};
use crate::identity::RosterView;
use crate::ids::{ControlHash, DeviceId, PersonId};
use crate::limits::RANK_STEPS_MAX;

/// The line of grants from the creator, whose rank is empty: the smaller is senior.
pub(crate) type Rank = Vec<(u32, ControlHash)>;

/// An ending, and how far what was written before somebody knew of it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ending {
    /// The entry with the cut.
    pub(super) entry: ControlHash,
    /// The device that it ends; all of the person's where there is none.
    pub(super) device: Option<DeviceId>,
}

/// The rules, applied to the entries of a scope.
pub(super) struct Rules<'a> {
    pub(super) set: &'a ControlSet,
    scope: &'a Scope,
    pub(super) rosters: BTreeMap<PersonId, RosterView>,
    ranks: BTreeMap<ControlHash, Rank>,
    pub(super) effective: BTreeSet<ControlHash>,
    /// Effective removals and demotions, by whom they are about.
    against: BTreeMap<PersonId, Vec<ControlHash>>,
    leaves: BTreeMap<PersonId, Vec<ControlHash>>,
    /// Grants of the admin bit with a rank, by who holds them.
    held: BTreeMap<PersonId, Vec<ControlHash>>,
    /// Effective changes of role, by whom they are about.
    roles: BTreeMap<PersonId, Vec<ControlHash>>,
    /// Effective revocations of invitations.
    taken_back: BTreeMap<ControlHash, Vec<ControlHash>>,
    /// Of the admissions that cite one invitation, and that no removal makes void, the one of lowest level,
    /// then hash.
    redeemed: BTreeMap<ControlHash, ControlHash>,
}

impl<'a> Rules<'a> {
    /// Judges the entries of a scope.
    pub(super) fn judge(set: &'a ControlSet, scope: &'a Scope) -> Self {
        let mut rules = Self {
            set,
            scope,
            rosters: set.rosters().views_within(scope),
            ranks: BTreeMap::new(),
            effective: BTreeSet::new(),
            against: BTreeMap::new(),
            leaves: BTreeMap::new(),
            held: BTreeMap::new(),
            roles: BTreeMap::new(),
            taken_back: BTreeMap::new(),
            redeemed: BTreeMap::new(),
        };
        rules.judge_all();
        rules
    }

    fn judge_all(&mut self) {
        let mut standing_on: BTreeMap<ControlHash, Vec<&'a Node>> = BTreeMap::new();
        let (set, scope) = (self.set, self.scope);
        for node in set.nodes_within(scope) {
            if !node.is_well_formed || !self.is_by_live_device(node) {
                continue;
            }
            let hash = node.entry.hash();
            self.note_rank(node);
            match &node.entry.kind {
                ControlKind::Create { .. } => {
                    self.effective.insert(hash);
                }
                ControlKind::Leave => {
                    if let Some(person) = node.person {
                        self.leaves.entry(person).or_default().push(hash);
                    }
                }
                _ => {}
            }
            standing_on
                .entry(node.entry.standing)
                .or_default()
                .push(node);
        }
        let mut grants: Vec<(Rank, ControlHash)> = self
            .ranks
            .iter()
            .map(|(hash, rank)| (rank.clone(), *hash))
            .collect();
        grants.sort_unstable();
        for (rank, grant) in grants {
            if !self.effective.contains(&grant) {
                continue;
            }
            let mut entries = standing_on.remove(&grant).unwrap_or_default();
            // What an admission rests on is judged before it.
            entries.sort_by_key(|node| matches!(node.entry.kind, ControlKind::Admit(_)));
            for node in entries {
                self.judge_entry(node, &grant, &rank);
            }
        }
    }

    fn note_rank(&mut self, node: &Node) {
        let hash = node.entry.hash();
        let rank = match &node.entry.kind {
            ControlKind::Create { .. } => Rank::new(),
            ControlKind::Admit(admit) if admit.rights.admin => {
                match self.ranks.get(&node.entry.standing) {
                    Some(before) if before.len() < RANK_STEPS_MAX => {
                        let mut rank = before.clone();
                        rank.push((node.level, hash));
                        rank
                    }
                    _ => return,
                }
            }
            _ => return,
        };
        if let Some(holder) = holder_of(&node.entry) {
            self.held.entry(holder).or_default().push(hash);
        }
        self.ranks.insert(hash, rank);
    }

    /// An entry of a device counts where the device was added for good, and whatever took it off since came
    /// after the entry. That is decided by the roster alone, before anything else.
    fn is_by_live_device(&self, node: &Node) -> bool {
        let Some(view) = node.person.and_then(|person| self.rosters.get(&person)) else {
            return false;
        };
        if view.devices.contains_key(&node.entry.device) {
            return true;
        }
        view.revoked.get(&node.entry.device).is_some_and(|endings| {
            endings
                .iter()
                .flat_map(|ending| self.revocations(ending))
                .all(|revocation| self.set.is_past(&node.entry.hash(), &revocation))
        })
    }

    /// Returns the entries of the scope that carry a revocation with a cut.
    fn revocations(&self, ending: &crate::ids::RosterHash) -> Vec<ControlHash> {
        let carriers = self.set.carriers(ending);
        carriers
            .filter(|node| {
                matches!(node.entry.kind, ControlKind::RevokeDevice { .. })
                    && node.is_well_formed
                    && self.scope.holds(node.place)
            })
            .map(|node| node.entry.hash())
            .collect()
    }

    fn judge_entry(&mut self, node: &Node, grant: &ControlHash, rank: &Rank) {
        let hash = node.entry.hash();
        if self.is_void(&hash, grant, rank) {
            return;
        }
        // All that cite one invitation stand on its grant, and come by level, then hash: the first counts.
        if let ControlKind::Admit(admit) = &node.entry.kind {
            self.redeemed.entry(admit.invite).or_insert(hash);
        }
        match &node.entry.kind {
            ControlKind::Admit(admit) if !self.may_redeem(&hash, admit, rank) => return,
            ControlKind::Remove { person, .. } | ControlKind::Demote { person } => {
                self.against.entry(*person).or_default().push(hash);
            }
            ControlKind::Role { person, .. } => {
                self.roles.entry(*person).or_default().push(hash);
            }
            ControlKind::RevokeInvite { invite } => {
                self.taken_back.entry(*invite).or_default().push(hash);
            }
            _ => {}
        }
        self.effective.insert(hash);
    }

    /// An entry is void where a senior removed or demoted its author without knowing of it, and the author's
    /// grant is none that came after.
    fn is_void(&self, entry: &ControlHash, grant: &ControlHash, rank: &Rank) -> bool {
        self.enders(grant, rank)
            .any(|ending| !self.set.is_past(entry, &ending))
    }

    /// Returns the removals and demotions of a grant's holder by a smaller rank, not in the grant's past.
    fn enders<'b>(
        &'b self,
        grant: &'b ControlHash,
        rank: &'b Rank,
    ) -> impl Iterator<Item = ControlHash> + use<'b, 'a> {
        let holder = self.set.get(grant).and_then(holder_of);
        let against = holder.and_then(|holder| self.against.get(&holder));
        against
            .into_iter()
            .flatten()
            .copied()
            .filter(move |ending| {
                self.rank_of_standing(ending)
                    .is_some_and(|senior| senior < rank)
                    && !self.set.is_past(ending, grant)
            })
    }

    /// Returns the rank of the grant that an entry stands on.
    pub(super) fn rank_of_standing(&self, entry: &ControlHash) -> Option<&Rank> {
        self.ranks.get(&self.set.get(entry)?.standing)
    }

    /// An invitation is redeemed once, by an admission that no revocation by the same grant or a senior one
    /// came before or beside.
    fn may_redeem(&self, hash: &ControlHash, admit: &Admit, rank: &Rank) -> bool {
        if admit.invite.is_zero() {
            return true;
        }
        let is_taken_back = || {
            let revocations = self.taken_back.get(&admit.invite);
            revocations.into_iter().flatten().any(|revocation| {
                !self.set.is_past(hash, revocation)
                    && self
                        .rank_of_standing(revocation)
                        .is_some_and(|senior| senior <= rank)
            })
        };
        self.effective.contains(&admit.invite)
            && self.redeemed.get(&admit.invite) == Some(hash)
            && !is_taken_back()
    }

    /// Says whether an invitation was taken back.
    pub(super) fn is_taken_back(&self, invite: &ControlHash) -> bool {
        self.taken_back.contains_key(invite)
    }

    /// Returns the effective grants of a person with their ranks.
    pub(super) fn grants_of(
        &self,
        person: &PersonId,
    ) -> impl Iterator<Item = (&ControlHash, &Rank)> {
        let held = self.held.get(person).into_iter().flatten();
        held.filter(|grant| self.effective.contains(grant))
            .filter_map(|grant| self.ranks.get_key_value(grant))
    }

    /// Says whether a grant is ended, by what lies in the past of `before` where that is given.
    pub(super) fn is_ended(
        &self,
        grant: &ControlHash,
        rank: &Rank,
        before: Option<&ControlHash>,
    ) -> bool {
        let is_known =
            |ending: &ControlHash| before.is_none_or(|before| self.set.is_past(ending, before));
        if self.enders(grant, rank).any(|ending| is_known(&ending)) {
            return true;
        }
        let holder = self.set.get(grant).and_then(holder_of);
        let leaves = holder.and_then(|holder| self.leaves.get(&holder));
        !rank.is_empty()
            && leaves
                .into_iter()
                .flatten()
                .any(|leave| is_known(leave) && !self.set.is_past(leave, grant))
    }

    /// Says whether a person's grant stands against an entry about them: one of at least the author's rank,
    /// that the entry is no news to and that had not ended for the author.
    fn is_guarded(&self, person: &PersonId, entry: &ControlHash) -> bool {
        let Some(author) = self.rank_of_standing(entry) else {
            return false;
        };
        self.grants_of(person).any(|(grant, rank)| {
            rank <= author
                && !self.set.is_past(entry, grant)
                && !self.is_ended(grant, rank, Some(entry))
        })
    }

    /// Returns the effective removals of a person that no grant of theirs stands against.
    pub(super) fn removals_of(&self, person: &PersonId) -> Vec<ControlHash> {
        let against = self.against.get(person).into_iter().flatten();
        against
            .filter(|hash| {
                let entry = self.set.get(hash);
                entry.is_some_and(|entry| matches!(entry.kind, ControlKind::Remove { .. }))
                    && !self.is_guarded(person, hash)
            })
            .copied()
            .collect()
    }

    /// Returns the effective changes of a person's role that no grant of theirs stands against.
    pub(super) fn roles_of(&self, person: &PersonId) -> Vec<ControlHash> {
        let roles = self.roles.get(person).into_iter().flatten();
        roles
            .filter(|hash| !self.is_guarded(person, hash))
            .copied()
            .collect()
    }

    fn effective_nodes(&self) -> impl Iterator<Item = &'a Node> {
        self.set
            .nodes_within(self.scope)
            .filter(|node| self.effective.contains(&node.entry.hash()))
    }

    /// Returns the effective admissions by person, the creator's included, each after its past.
    pub(super) fn admissions(&self) -> Vec<(PersonId, ControlHash)> {
        self.effective_nodes()
            .filter_map(|node| {
                let person = match &node.entry.kind {
                    ControlKind::Create { roster, .. } => roster.person(),
                    ControlKind::Admit(admit) => admit.roster.person(),
                    _ => return None,
                };
                Some((person, node.entry.hash()))
            })
            .collect()
    }

    /// Says whether an admission is live: no leave and no removal of its person is outside its past.
    pub(super) fn is_live(
        &self,
        person: &PersonId,
        admission: &ControlHash,
        removals: &[ControlHash],
    ) -> bool {
        let leaves = self.leaves.get(person).into_iter().flatten();
        leaves
            .chain(removals)
            .all(|ending| self.set.is_past(ending, admission))
    }

    /// Returns what ends a device of a person: the entries that carry its revocations.
    pub(super) fn device_endings(&self, person: &PersonId) -> Vec<Ending> {
        let Some(view) = self.rosters.get(person) else {
            return Vec::new();
        };
        view.revoked
            .iter()
            .flat_map(|(device, endings)| {
                endings
                    .iter()
                    .flat_map(|ending| self.revocations(ending))
                    .map(|entry| Ending {
                        entry,
                        device: Some(*device),
                    })
            })
            .collect()
    }

    /// Returns the rank of the most senior grant of a person that is not ended.
    pub(super) fn seniority(&self, person: &PersonId) -> Option<(&ControlHash, &Rank)> {
        self.grants_of(person)
            .filter(|(grant, rank)| !self.is_ended(grant, rank, None))
            .min_by_key(|(_, rank)| *rank)
    }

    /// Returns the entries of the scope.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &'a Node> {
        self.set.nodes_within(self.scope)
    }

    /// Returns the effective entries of the scope.
    pub(super) fn is_effective(&self, hash: &ControlHash) -> bool {
        self.effective.contains(hash)
    }
}
