//! Whether an entry is well-formed: what its own past says about it, which never changes.

use super::set::Node;
use super::{Admit, ControlEntry, ControlKind, ControlSet, KeyGrant, Membership, Rekey};
use crate::ids::{ControlHash, PersonId};

/// Says whether the past of an entry allows it. All of that is in `set`, the entry itself is not.
pub(super) fn is_well_formed(set: &ControlSet, node: &Node) -> bool {
    let entry = &node.entry;
    let Some(author) = node.person else {
        return false;
    };
    let as_admin = || stands_on_grant(set, entry, author);
    match &entry.kind {
        ControlKind::Create { .. } => true,
        ControlKind::Admit(admit) => {
            as_admin()
                && admit.roster.person() != author
                && if admit.invite.is_zero() {
                    let past = set.scope(Some(&entry.heads));
                    set.roster_within(&admit.roster.person(), &past).is_some()
                } else {
                    redeems_its_invite(set, entry, admit)
                }
        }
        ControlKind::Remove { person, .. }
        | ControlKind::Demote { person }
        | ControlKind::Role { person, .. } => as_admin() && *person != author,
        ControlKind::Invite(_)
        | ControlKind::AddMirror { .. }
        | ControlKind::RemoveMirror { .. } => as_admin(),
        ControlKind::RevokeInvite { invite } => {
            as_admin() && is_known(set, entry, invite) && is_invite(set, invite)
        }
        ControlKind::Freeze(freeze) => {
            let past = set.scope(Some(&entry.heads));
            let device = &freeze.0.log.device;
            let is_own = set.roster_within(&author, &past).is_some_and(|view| {
                view.devices.contains_key(device) || view.revoked.contains_key(device)
            });
            is_own || as_admin()
        }
        ControlKind::Leave => is_member(set, entry, author),
        ControlKind::AddDevice { entry: carried }
        | ControlKind::RevokeDevice { entry: carried, .. }
        | ControlKind::RotateRecovery { entry: carried } => {
            carried.person == author && set.is_carried_by(&carried.hash(), &entry.hash())
        }
        ControlKind::Rekey(rekey) => rekey_counts(set, entry, author, rekey),
        ControlKind::Grant(grant) => grant_counts(set, entry, author, grant),
        ControlKind::Sign(_) => is_member(set, entry, author),
    }
}

/// Returns whose grant of the admin bit an entry is: `create`, or an admission with it.
pub(super) fn holder_of(entry: &ControlEntry) -> Option<PersonId> {
    match &entry.kind {
        ControlKind::Create { roster, .. } => Some(roster.person()),
        ControlKind::Admit(admit) if admit.rights.admin => Some(admit.roster.person()),
        _ => None,
    }
}

/// An admin's entry stands on a grant in its past that names the author. Who has left stands only on a grant
/// that came after, or on `create`.
fn stands_on_grant(set: &ControlSet, entry: &ControlEntry, author: PersonId) -> bool {
    let Some(standing) = set.node(&entry.standing) else {
        return false;
    };
    if holder_of(&standing.entry) != Some(author) || !is_known(set, entry, &entry.standing) {
        return false;
    }
    matches!(standing.entry.kind, ControlKind::Create { .. })
        || set
            .leaves_of(&author)
            .filter(|leave| is_known(set, entry, leave))
            .all(|leave| set.is_past(leave, &entry.standing))
}

fn is_known(set: &ControlSet, entry: &ControlEntry, hash: &ControlHash) -> bool {
    set.is_within(hash, &entry.heads)
}

fn is_invite(set: &ControlSet, hash: &ControlHash) -> bool {
    set.get(hash)
        .is_some_and(|entry| matches!(entry.kind, ControlKind::Invite(_)))
}

fn is_member(set: &ControlSet, entry: &ControlEntry, author: PersonId) -> bool {
    Membership::known_of(set, &entry.heads, &author)
        .member(&author)
        .is_some()
}

/// An admission redeems an invitation of its own author's device, in its past, on the grant that the
/// invitation stands on, for the rights that it offers, with a proof by the ticket's key.
fn redeems_its_invite(set: &ControlSet, entry: &ControlEntry, admit: &Admit) -> bool {
    let Some(issued) = set.get(&admit.invite) else {
        return false;
    };
    let ControlKind::Invite(invite) = &issued.kind else {
        return false;
    };
    issued.device == entry.device
        && issued.standing == entry.standing
        && invite.rights == admit.rights
        && is_known(set, entry, &admit.invite)
        && invite
            .ticket_key
            .verify(
                &Admit::proof_bytes(set.notebook(), admit.invite, &admit.roster),
                &admit.proof,
            )
            .is_ok()
}

/// A re-key counts where its author may write as of its past, and its recipients are exactly those who must
/// hold the key then. Somebody who is no admin needs an occasion: keys that met, or another set of holders
/// than before.
fn rekey_counts(set: &ControlSet, entry: &ControlEntry, author: PersonId, rekey: &Rekey) -> bool {
    let mut past = Membership::known_of(set, &entry.heads, &author);
    let Some(person) = past.person_of(&entry.device) else {
        return false;
    };
    // Two people can claim one device, and one of them be no member.
    if person != author {
        past = Membership::known_of(set, &entry.heads, &person);
    }
    let Some(member) = past.member(&person) else {
        return false;
    };
    if !member.rights.may_write || past.recipients() != rekey.recipients {
        return false;
    }
    let has_occasion = || match rekey.supersedes.as_slice() {
        [old] => set
            .get(&old.epoch.rekey())
            .filter(|before| is_known(set, entry, &before.hash()))
            .is_none_or(|before| match &before.kind {
                ControlKind::Rekey(before) => {
                    let mut since = set.grants_beyond(old.epoch, &rekey.recipients);
                    before.recipients != rekey.recipients
                        || since.any(|grant| is_known(set, entry, &grant))
                }
                _ => true,
            }),
        _ => true,
    };
    member.rights.admin || has_occasion()
}

/// A grant counts where its author is a member, and hands the key to a device or recovery key of a member. Who
/// only reads by now may be the last to hold a key that others are to have.
fn grant_counts(
    set: &ControlSet,
    entry: &ControlEntry,
    author: PersonId,
    grant: &KeyGrant,
) -> bool {
    if !is_known(set, entry, &grant.epoch.rekey()) {
        return false;
    }
    let epoch = set.get(&grant.epoch.rekey());
    if !matches!(epoch.map(|entry| &entry.kind), Some(ControlKind::Rekey(_))) {
        return false;
    }
    let past = Membership::known_of(set, &entry.heads, &author);
    past.member(&author).is_some() && past.recipients().binary_search(&grant.recipient).is_ok()
}
