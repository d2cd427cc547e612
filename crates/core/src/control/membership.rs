//! Resolved membership: a pure function of a set of control entries.
//!
//! What the set says is asked at all of its entries, or at those within some heads: a content entry is
//! judged as of the heads that it names. The rules are in `rules`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::member::{is_role, member_of, silenced_by};
use super::rules::{Ending, Rank, Rules};
use super::scope::Scope;
use super::{ControlKind, ControlSet, Recipient, Rights};
use crate::identity::{DeviceCard, MirrorCard, RecoveryCard};
use crate::ids::{ControlHash, DeviceId, EpochId, MirrorId, PersonId};
use crate::limits::{MEMBERS_MAX, MIRRORS_MAX};

/// A member of a notebook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// What they may do.
    pub rights: Rights,
    /// The entry that admitted them: `create` or an `admit`; the latest where there are several.
    pub admission: ControlHash,
    /// The device whose entry admitted them.
    pub admitted_by: DeviceId,
    /// The entry that gives them standing as an admin: their most senior grant that is not ended.
    pub grant: Option<ControlHash>,
    /// The entry that says what they are called and whether they may write: the admission, or a `role`.
    pub role: ControlHash,
    /// Their live devices.
    pub devices: BTreeMap<DeviceId, DeviceCard>,
    /// Their recovery card, to which every epoch key is wrapped as well.
    pub recovery: RecoveryCard,
}

impl Member {
    /// Returns what an entry of this member stands on.
    pub fn standing(&self) -> ControlHash {
        self.grant.unwrap_or(self.admission)
    }
}

/// A mirror of a notebook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// Its public keys.
    pub card: MirrorCard,
    /// The entry that added it; the latest where there are several.
    pub entry: ControlHash,
}

/// What became of an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InviteState {
    /// Nobody has redeemed it, and it was not taken back.
    Open,
    /// Somebody was admitted by it.
    Used(PersonId),
    /// It was taken back.
    Revoked,
}

/// What the set says of a person beyond being a member: what counts of what they wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Past {
    /// Their admissions that stand, live or not.
    pub(super) admissions: Vec<ControlHash>,
    /// What ended them or a device of theirs.
    pub(super) endings: Vec<Ending>,
    /// The devices that were added for good, revoked since or not.
    pub(super) devices: BTreeSet<DeviceId>,
    /// The rank of their most senior grant.
    pub(super) seniority: Option<Rank>,
}

/// Who is a member, what they may do, and which epoch is in force.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Membership {
    members: BTreeMap<PersonId, Member>,
    devices: BTreeMap<DeviceId, PersonId>,
    mirrors: BTreeMap<MirrorId, Mirror>,
    invites: BTreeMap<ControlHash, InviteState>,
    pub(super) past: BTreeMap<PersonId, Past>,
    /// Admissions that the rules make void.
    voided: BTreeSet<ControlHash>,
    /// What else an admin signed and the rules make void.
    void_acts: BTreeSet<ControlHash>,
    epochs: BTreeSet<EpochId>,
    epoch_heads: BTreeSet<EpochId>,
    /// Epochs that no key in force leads to, since who started or replaced them was out by then.
    orphans: BTreeSet<EpochId>,
    current: Option<EpochId>,
    /// Who must hold the epoch key: looked at with every edit, and each recovery key is hashed for it.
    recipients: Vec<Recipient>,
}

impl Membership {
    /// Resolves the whole set.
    pub fn resolve(set: &ControlSet) -> Self {
        let mut resolved = Self::clone(&set.membership_at(None));
        resolved.resolve_epochs(set);
        resolved
    }

    /// Resolves who was a member as of `heads`; epochs are left out.
    pub fn resolve_at(set: &ControlSet, heads: &[ControlHash]) -> Self {
        Self::clone(&Self::known_at(set, heads))
    }

    /// Resolves who was a member as of `heads` without what the set resolved before. It is slow: what it
    /// says is what [`Membership::resolve_at`] has to say.
    pub fn resolve_anew_at(set: &ControlSet, heads: &[ControlHash]) -> Self {
        Self::resolve_people(set, &set.scope(Some(heads)))
    }

    /// Returns who was a member as of `heads`; epochs are left out.
    pub(crate) fn known_at(set: &ControlSet, heads: &[ControlHash]) -> Arc<Self> {
        set.membership_at(Some(heads))
    }

    /// Returns who was a member as of `heads`, and what one of them might do; epochs are left out. A change of
    /// role says nothing of who is a member, who is an admin and who holds the keys, nor of anybody but whom it
    /// is about, so those about others are not looked at, and what this says of their roles is not to be used.
    ///
    /// This is what entries about keys and texts ask. They are many, and so are changes of role.
    pub fn known_of(set: &ControlSet, heads: &[ControlHash], person: &PersonId) -> Arc<Self> {
        set.membership_of(heads, person)
    }

    pub(super) fn resolve_people(set: &ControlSet, scope: &Scope) -> Self {
        let rules = Rules::judge(set, scope);
        let mut resolved = Self::default();
        let mut live: BTreeMap<PersonId, Vec<ControlHash>> = BTreeMap::new();
        let mut removals: BTreeMap<PersonId, Vec<ControlHash>> = BTreeMap::new();
        for (person, admission) in rules.admissions() {
            let removals = removals
                .entry(person)
                .or_insert_with(|| rules.removals_of(&person));
            let past = resolved.past.entry(person).or_default();
            past.admissions.push(admission);
            let has_room = live.len() < MEMBERS_MAX || live.contains_key(&person);
            if has_room && rules.is_live(&person, &admission, removals) {
                live.entry(person).or_default().push(admission);
            }
        }
        for (person, admissions) in live {
            if let Some(member) = member_of(&rules, &person, &admissions) {
                for device in member.devices.keys() {
                    claim(&mut resolved.devices, *device, person);
                }
                resolved.members.insert(person, member);
            }
        }
        for (person, past) in &mut resolved.past {
            let removed = removals.remove(person).unwrap_or_default();
            let silenced = silenced_by(&rules, person, &past.admissions);
            past.endings = removed
                .into_iter()
                .chain(silenced)
                .map(|entry| Ending {
                    entry,
                    device: None,
                })
                .chain(rules.device_endings(person))
                .collect();
            if let Some(view) = rules.rosters.get(person) {
                let devices = view.devices.keys().chain(view.revoked.keys());
                past.devices = devices.copied().collect();
            }
            past.seniority = rules.seniority(person).map(|(_, rank)| rank.clone());
        }
        resolved.resolve_invites(&rules);
        resolved.resolve_mirrors(&rules);
        resolved.resolve_recipients();
        resolved
    }

    fn resolve_invites(&mut self, rules: &Rules<'_>) {
        for node in rules.nodes() {
            let hash = node.entry.hash();
            match &node.entry.kind {
                ControlKind::Invite(_) if rules.is_effective(&hash) => {
                    let state = if rules.is_taken_back(&hash) {
                        InviteState::Revoked
                    } else {
                        InviteState::Open
                    };
                    self.invites.insert(hash, state);
                }
                ControlKind::Admit(_) if !rules.is_effective(&hash) => {
                    self.voided.insert(hash);
                }
                ControlKind::Remove { .. }
                | ControlKind::Demote { .. }
                | ControlKind::Role { .. }
                | ControlKind::RevokeInvite { .. }
                    if !rules.is_effective(&hash) =>
                {
                    self.void_acts.insert(hash);
                }
                ControlKind::Admit(admit) if !admit.invite.is_zero() => {
                    let used = InviteState::Used(admit.roster.person());
                    self.invites.insert(admit.invite, used);
                }
                _ => {}
            }
        }
    }

    /// A mirror holds the notebook where an effective entry adds it and every effective entry that removes it
    /// is in the past of that one.
    fn resolve_mirrors(&mut self, rules: &Rules<'_>) {
        let effective = || {
            let nodes = rules.nodes();
            nodes.filter(|node| rules.is_effective(&node.entry.hash()))
        };
        for node in effective() {
            let ControlKind::AddMirror { card } = &node.entry.kind else {
                continue;
            };
            let (id, entry) = (card.id(), node.entry.hash());
            let mut removals = effective().filter(|other| {
                matches!(other.entry.kind, ControlKind::RemoveMirror { mirror } if mirror == id)
            });
            let is_live = removals.all(|removal| rules.set.is_past(&removal.entry.hash(), &entry));
            let has_room = self.mirrors.len() < MIRRORS_MAX || self.mirrors.contains_key(&id);
            if is_live && has_room {
                let card = MirrorCard::clone(card);
                self.mirrors.insert(id, Mirror { card, entry });
            }
        }
    }

    fn resolve_recipients(&mut self) {
        let devices = self.devices.keys().copied().map(Recipient::Device);
        let recoveries = self
            .members
            .values()
            .map(|member| Recipient::Recovery(member.recovery.id()));
        self.recipients = devices.chain(recoveries).collect();
        self.recipients.sort_unstable();
        self.recipients.dedup();
    }

    fn resolve_epochs(&mut self, set: &ControlSet) {
        for entry in set.rekeys() {
            let ControlKind::Rekey(rekey) = &entry.kind else {
                continue;
            };
            let epoch = entry.hash().as_epoch();
            self.epochs.insert(epoch);
            if !self.stands_after_endings(set, &entry.hash()) {
                continue;
            }
            for superseded in &rekey.supersedes {
                if set.is_past(&superseded.epoch.rekey(), &entry.hash()) {
                    self.epoch_heads.remove(&superseded.epoch);
                }
            }
            self.epoch_heads.insert(epoch);
        }
        self.resolve_orphans(set);
        self.current = self
            .epoch_heads
            .iter()
            .copied()
            .max_by_key(|epoch| (set.level(&epoch.rekey()), std::cmp::Reverse(*epoch)));
    }

    /// Finds the epochs that are not reached from those that nothing supersedes.
    fn resolve_orphans(&mut self, set: &ControlSet) {
        let mut reached: BTreeSet<EpochId> = self.epoch_heads.clone();
        // What supersedes comes after what it supersedes.
        for entry in set.rekeys().rev() {
            let epoch = entry.hash().as_epoch();
            let ControlKind::Rekey(rekey) = &entry.kind else {
                continue;
            };
            if reached.contains(&epoch) {
                reached.extend(rekey.supersedes.iter().map(|old| old.epoch));
            } else {
                self.orphans.insert(epoch);
            }
        }
    }

    /// Says whether an entry that is no act of an admin stands: whatever ended its author or the device
    /// came before it or after it, and the device's addition stands.
    pub(super) fn stands_after_endings(&self, set: &ControlSet, hash: &ControlHash) -> bool {
        let Some((person, device)) = set.author(hash) else {
            return false;
        };
        let Some(past) = self.past.get(&person) else {
            return false;
        };
        past.devices.contains(&device)
            && past
                .endings
                .iter()
                .filter(|ending| ending.device.is_none_or(|ended| ended == device))
                .filter(|ending| !is_role(set, &ending.entry))
                .all(|ending| set.is_past(hash, &ending.entry) || set.is_past(&ending.entry, hash))
    }

    /// Returns the members by person.
    pub const fn members(&self) -> &BTreeMap<PersonId, Member> {
        &self.members
    }

    /// Returns a member.
    pub fn member(&self, person: &PersonId) -> Option<&Member> {
        self.members.get(person)
    }

    /// Returns whose live device this is.
    pub fn person_of(&self, device: &DeviceId) -> Option<PersonId> {
        self.devices.get(device).copied()
    }

    /// Returns the member whose live device this is.
    pub fn member_of(&self, device: &DeviceId) -> Option<&Member> {
        self.member(&self.person_of(device)?)
    }

    /// Returns the card of a live device.
    pub fn card(&self, device: &DeviceId) -> Option<&DeviceCard> {
        self.member_of(device)?.devices.get(device)
    }

    /// Returns all live devices with their persons.
    pub const fn devices(&self) -> &BTreeMap<DeviceId, PersonId> {
        &self.devices
    }

    /// Says whether a device may write content.
    pub fn may_write(&self, device: &DeviceId) -> bool {
        self.member_of(device)
            .is_some_and(|member| member.rights.may_write)
    }

    /// Returns the mirrors that hold the notebook.
    pub const fn mirrors(&self) -> &BTreeMap<MirrorId, Mirror> {
        &self.mirrors
    }

    /// Returns the mirror that stands under this id where devices do.
    pub fn mirror_of(&self, peer: &DeviceId) -> Option<&Mirror> {
        let mirror = self.mirrors.get(&MirrorId::from_bytes(*peer.as_bytes()));
        mirror.filter(|mirror| mirror.card.id().as_peer() == *peer)
    }

    /// Returns what became of each effective invitation.
    pub const fn invites(&self) -> &BTreeMap<ControlHash, InviteState> {
        &self.invites
    }

    /// Returns the admissions that the rules make void: somebody took the invitation back, or removed
    /// who admitted, at the same time.
    pub const fn voided_admissions(&self) -> &BTreeSet<ControlHash> {
        &self.voided
    }

    /// Returns the removals, demotions, changes of role and revocations of invitations that the rules make void:
    /// their author had no right to them, or it was ended by somebody senior who did not know of them.
    pub const fn void_acts(&self) -> &BTreeSet<ControlHash> {
        &self.void_acts
    }

    /// Says whether somebody who was a member was removed by an entry that counts.
    pub fn is_removed(&self, person: &PersonId) -> bool {
        self.member(person).is_none()
            && self
                .past
                .get(person)
                .is_some_and(|past| past.endings.iter().any(|ending| ending.device.is_none()))
    }

    /// Returns what ended a person or one of their devices, and which device where it was one: removals,
    /// changes of role that took the pen, revocations.
    pub fn endings_of(
        &self,
        person: &PersonId,
    ) -> impl Iterator<Item = (ControlHash, Option<DeviceId>)> + use<'_> {
        let past = self.past.get(person).into_iter();
        past.flat_map(|past| &past.endings)
            .map(|ending| (ending.entry, ending.device))
    }

    /// Says whether a removal of `other` by `one` would count: `one` has a grant, and one of a smaller rank.
    pub fn is_senior(&self, one: &PersonId, other: &PersonId) -> bool {
        let rank = |person| self.past.get(person)?.seniority.as_ref();
        rank(one).is_some_and(|one| rank(other).is_none_or(|other| one < other))
    }

    /// Returns the epoch that new entries are sealed under.
    pub const fn current_epoch(&self) -> Option<EpochId> {
        self.current
    }

    /// Returns the epochs that no later one supersedes, of those whose author may start one still or did
    /// before they were out.
    pub const fn epoch_heads(&self) -> &BTreeSet<EpochId> {
        &self.epoch_heads
    }

    /// Returns the epochs that no key in force leads to: somebody who was out by then started or replaced them.
    /// What was sealed under them may count, so whoever has such a key hands it on with the next one.
    pub const fn orphaned_epochs(&self) -> &BTreeSet<EpochId> {
        &self.orphans
    }

    /// Says whether the re-key that starts an epoch counts.
    pub fn is_epoch(&self, epoch: &EpochId) -> bool {
        self.epochs.contains(epoch)
    }

    /// Returns who must hold the epoch key: every live device and every recovery key, sorted.
    pub fn recipients(&self) -> &[Recipient] {
        &self.recipients
    }

    /// Says whether an epoch that nothing supersedes is not sealed to exactly those who must hold
    /// it. Where admissions on two sides have met, the one in force may reach everybody, and still
    /// what was sealed under the other stays closed to some until a re-key supersedes both.
    pub fn needs_rekey(&self, set: &ControlSet) -> bool {
        let recipients = self.recipients();
        let reaches_all = |epoch: &EpochId| set.is_sealed_to(*epoch, recipients);
        self.epoch_heads.is_empty() || !self.epoch_heads.iter().all(reaches_all)
    }
}

/// Where two members claim one device, the lower person has it.
fn claim(devices: &mut BTreeMap<DeviceId, PersonId>, device: DeviceId, person: PersonId) {
    let owner = devices.entry(device).or_insert(person);
    *owner = (*owner).min(person);
}
