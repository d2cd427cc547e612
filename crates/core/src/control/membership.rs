//! Resolved membership: a pure function of a set of control entries.
//!
//! An entry counts where its standing does, down to `create`; an admission counts where its
//! invitation was open to it. What the set says is asked at all of its entries, or at those within
//! some heads: a content entry is judged as of the heads that it names.

use std::collections::{BTreeMap, BTreeSet};

use super::{Admit, ControlEntry, ControlKind, ControlSet, Recipient, Rekey, Rights};
use crate::identity::{DeviceCard, RecoveryCard};
use crate::ids::{ControlHash, DeviceId, EpochId, PersonId};
use crate::limits::MEMBERS_MAX;

/// A member of a notebook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// What they may do.
    pub rights: Rights,
    /// The entry that admitted them: `create` or an `admit`.
    pub admission: ControlHash,
    /// The device whose entry admitted them.
    pub admitted_by: DeviceId,
    /// Their live devices.
    pub devices: BTreeMap<DeviceId, DeviceCard>,
    /// Their recovery card, to which every epoch key is wrapped as well.
    pub recovery: RecoveryCard,
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

/// Who is a member, what they may do, and which epoch is in force.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Membership {
    members: BTreeMap<PersonId, Member>,
    devices: BTreeMap<DeviceId, PersonId>,
    invites: BTreeMap<ControlHash, InviteState>,
    epochs: BTreeSet<EpochId>,
    epoch_heads: BTreeSet<EpochId>,
    current: Option<EpochId>,
}

impl Membership {
    /// Resolves the whole set.
    pub fn resolve(set: &ControlSet) -> Self {
        let mut resolved = Self::resolve_people(set, None);
        resolved.resolve_epochs(set);
        resolved
    }

    /// Resolves who was a member as of `heads`; epochs are left out.
    pub fn resolve_at(set: &ControlSet, heads: &[ControlHash]) -> Self {
        Self::resolve_people(set, Some(heads))
    }

    fn resolve_people(set: &ControlSet, heads: Option<&[ControlHash]>) -> Self {
        let mut resolved = Self::default();
        let mut effective: BTreeSet<ControlHash> = BTreeSet::new();
        let redeemed = winning_redemptions(set, heads);
        for entry in set.canonical() {
            let hash = entry.hash();
            if heads.is_some_and(|heads| !set.is_within(&hash, heads)) {
                continue;
            }
            match &entry.kind {
                ControlKind::Create { roster, .. } => {
                    effective.insert(hash);
                    let rights = Rights {
                        admin: true,
                        may_write: true,
                    };
                    resolved.admit(entry, rights, roster);
                }
                ControlKind::Invite(_) if stands_as_admin(set, &effective, entry) => {
                    effective.insert(hash);
                    resolved.invites.insert(hash, InviteState::Open);
                }
                ControlKind::Admit(admit)
                    if stands_as_admin(set, &effective, entry)
                        && effective.contains(&admit.invite)
                        && redeemed.get(&admit.invite) == Some(&hash)
                        && resolved.has_room_for(&admit.roster.person()) =>
                {
                    effective.insert(hash);
                    resolved.admit(entry, admit.rights, &admit.roster);
                    resolved
                        .invites
                        .insert(admit.invite, InviteState::Used(admit.roster.person()));
                }
                ControlKind::RevokeInvite { invite } if set.counts_by_its_past(&hash) => {
                    if let Some(state) = resolved.invites.get_mut(invite)
                        && *state == InviteState::Open
                    {
                        *state = InviteState::Revoked;
                    }
                }
                _ => {}
            }
        }
        resolved
    }

    /// Says whether a person can still become a member: an epoch key has to reach all of them.
    fn has_room_for(&self, person: &PersonId) -> bool {
        self.members.len() < MEMBERS_MAX || self.members.contains_key(person)
    }

    fn admit(&mut self, entry: &ControlEntry, rights: Rights, roster: &crate::identity::Roster) {
        let devices = roster.devices().clone();
        for device in devices.keys() {
            self.devices.entry(*device).or_insert(roster.person());
        }
        let member = self
            .members
            .entry(roster.person())
            .or_insert_with(|| Member {
                rights,
                admission: entry.hash(),
                admitted_by: entry.device,
                devices: BTreeMap::new(),
                recovery: roster.recovery().clone(),
            });
        if rights.admin && !member.rights.admin {
            // Whoever is made an admin later stands on the entry that did it.
            member.admission = entry.hash();
            member.admitted_by = entry.device;
        }
        member.rights.admin |= rights.admin;
        member.rights.may_write |= rights.may_write;
        member.devices.extend(devices);
    }

    fn resolve_epochs(&mut self, set: &ControlSet) {
        for entry in set.canonical() {
            if let ControlKind::Rekey(rekey) = &entry.kind
                && set.counts_by_its_past(&entry.hash())
            {
                let epoch = entry.hash().as_epoch();
                for superseded in &rekey.supersedes {
                    if set.is_past(&superseded.epoch.rekey(), &entry.hash()) {
                        self.epoch_heads.remove(&superseded.epoch);
                    }
                }
                self.epochs.insert(epoch);
                self.epoch_heads.insert(epoch);
            }
        }
        self.current = self
            .epoch_heads
            .iter()
            .copied()
            .max_by_key(|epoch| (set.level(&epoch.rekey()), std::cmp::Reverse(*epoch)));
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

    /// Returns what became of each effective invitation.
    pub const fn invites(&self) -> &BTreeMap<ControlHash, InviteState> {
        &self.invites
    }

    /// Returns the epoch that new entries are sealed under.
    pub const fn current_epoch(&self) -> Option<EpochId> {
        self.current
    }

    /// Returns the epochs that no later one supersedes.
    pub const fn epoch_heads(&self) -> &BTreeSet<EpochId> {
        &self.epoch_heads
    }

    /// Says whether the re-key that starts an epoch counts.
    pub fn is_epoch(&self, epoch: &EpochId) -> bool {
        self.epochs.contains(epoch)
    }

    /// Returns who must hold the epoch key: every live device and every recovery key, sorted.
    pub fn recipients(&self) -> Vec<Recipient> {
        let devices = self.devices.keys().copied().map(Recipient::Device);
        let recoveries = self.members.keys().copied().map(Recipient::Recovery);
        devices.chain(recoveries).collect()
    }

    /// Says whether an epoch that nothing supersedes is not sealed to exactly those who must hold
    /// it. Where admissions on two sides have met, the one in force may reach everybody, and still
    /// what was sealed under the other stays closed to some until a re-key supersedes both.
    pub fn needs_rekey(&self, set: &ControlSet) -> bool {
        let recipients = self.recipients();
        let reaches_all = |epoch: &EpochId| match set.get(&epoch.rekey()).map(|entry| &entry.kind) {
            Some(ControlKind::Rekey(rekey)) => rekey.recipients == recipients,
            _ => false,
        };
        self.epoch_heads.is_empty() || !self.epoch_heads.iter().all(reaches_all)
    }
}

/// An admin's entry counts where the entry it stands on does, is an admission with the admin bit in
/// its past, and names the author's device.
fn stands_as_admin(
    set: &ControlSet,
    effective: &BTreeSet<ControlHash>,
    entry: &ControlEntry,
) -> bool {
    effective.contains(&entry.standing) && names_as_admin(set, entry)
}

/// Says whether the entry that `entry` stands on is in its past and makes its author an admin.
fn names_as_admin(set: &ControlSet, entry: &ControlEntry) -> bool {
    let Some(standing) = set.get(&entry.standing) else {
        return false;
    };
    let roster = match &standing.kind {
        ControlKind::Create { roster, .. } => roster,
        ControlKind::Admit(admit) if admit.rights.admin => &admit.roster,
        _ => return false,
    };
    roster.devices().contains_key(&entry.device) && set.is_within(&entry.standing, &entry.heads)
}

/// Of the admissions that cite one invitation, the one of lowest level, then hash, counts; one that
/// a revocation of the invitation does not follow is void.
fn winning_redemptions(
    set: &ControlSet,
    heads: Option<&[ControlHash]>,
) -> BTreeMap<ControlHash, ControlHash> {
    let within = |hash: &ControlHash| heads.is_none_or(|heads| set.is_within(hash, heads));
    let mut revocations: BTreeMap<ControlHash, Vec<ControlHash>> = BTreeMap::new();
    for entry in set.iter().filter(|entry| within(&entry.hash())) {
        if let ControlKind::RevokeInvite { invite } = &entry.kind
            && set.counts_by_its_past(&entry.hash())
        {
            revocations.entry(*invite).or_default().push(entry.hash());
        }
    }
    let mut winners: BTreeMap<ControlHash, ControlHash> = BTreeMap::new();
    for entry in set.iter().filter(|entry| within(&entry.hash())) {
        let ControlKind::Admit(admit) = &entry.kind else {
            continue;
        };
        let hash = entry.hash();
        let revoked = revocations
            .get(&admit.invite)
            .is_some_and(|all| all.iter().any(|revocation| !set.is_past(&hash, revocation)));
        if revoked || !set.counts_by_its_past(&hash) {
            continue;
        }
        let rank = |hash: &ControlHash| (set.level(hash), *hash);
        let winner = winners.entry(admit.invite).or_insert(hash);
        if rank(&hash) < rank(winner) {
            *winner = hash;
        }
    }
    winners
}

/// An invitation is taken back by whoever is an admin as of the revocation's own past, and knew of
/// it. Judged by the past alone, nobody can make up a standing to void others' admissions with; of
/// two admins who void each other's invitations at the same time both succeed, which fails safe.
fn revocation_counts(set: &ControlSet, entry: &ControlEntry, invite: &ControlHash) -> bool {
    let past = Membership::resolve_at(set, &entry.heads);
    let is_admin = past
        .member_of(&entry.device)
        .is_some_and(|member| member.rights.admin);
    is_admin && past.invites().contains_key(invite)
}

/// Says whether an admission redeems its invitation, or a re-key has the right author and
/// recipients, given only what is in the entry's past. All of that is in `set`, the entry itself
/// need not be.
pub(super) fn counts_by_its_past(set: &ControlSet, entry: &ControlEntry) -> bool {
    match &entry.kind {
        ControlKind::Admit(admit) => cites_its_invite(set, entry, admit),
        ControlKind::Rekey(rekey) => rekey_counts(set, entry, rekey),
        ControlKind::RevokeInvite { invite } => revocation_counts(set, entry, invite),
        _ => true,
    }
}

/// An admission redeems an invitation of its own author's device, in its past, for the rights that
/// it offers, with a proof by the ticket's key.
fn cites_its_invite(set: &ControlSet, entry: &ControlEntry, admit: &Admit) -> bool {
    let Some(issued) = set.get(&admit.invite) else {
        return false;
    };
    let ControlKind::Invite(invite) = &issued.kind else {
        return false;
    };
    issued.device == entry.device
        && invite.rights == admit.rights
        && set.is_within(&admit.invite, &entry.heads)
        && invite
            .ticket_key
            .verify(
                &Admit::proof_bytes(set.notebook(), admit.invite, &admit.roster),
                &admit.proof,
            )
            .is_ok()
}

/// A re-key counts where its author may write as of its past, and its recipients are exactly those
/// who must hold the key then.
fn rekey_counts(set: &ControlSet, entry: &ControlEntry, rekey: &Rekey) -> bool {
    let past = Membership::resolve_at(set, &entry.heads);
    past.may_write(&entry.device) && past.recipients() == rekey.recipients
}
