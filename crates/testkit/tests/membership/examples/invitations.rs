//! Who lets whom in, by what, and when that does not count.

use super::*;

#[test]
fn invitations_that_cross() {
    let [ana, ben, _, deniz, _] = five();
    let phone = &ana.devices[1];
    for by_junior in [true, false] {
        let (mut story, _, _) = laptop_and_phone();
        story.admit(ana, ben, true);
        let invite = story.write(ana, invitation(ana));
        let heads = story.set.heads();
        let joins = admission(&story, ana, invite, deniz);
        let admit = story.on(heads.clone(), ana, joins);
        let (device, who) = if by_junior {
            (&ben.devices[0], ben)
        } else {
            (phone, ana)
        };
        let standing = story.standing(who, &heads);
        let revoked = ControlKind::RevokeInvite { invite };
        put(&mut story, device, (&heads, standing), revoked);
        let resolved = resolved(&story);
        assert_eq!(resolved.member(&deniz.id()).is_some(), by_junior);
        assert_eq!(resolved.voided_admissions().contains(&admit), !by_junior);
        let state = if by_junior {
            InviteState::Used(deniz.id())
        } else {
            InviteState::Revoked
        };
        assert_eq!(resolved.invites().get(&invite), Some(&state));
    }
}

#[test]
fn one_ticket_that_two_copies_redeem() {
    let [ana, _, _, deniz, eve] = five();
    let mut story = three(false);
    let invite = story.write(ana, invitation(ana));
    let admissions = [deniz, eve].map(|joiner| {
        let joins = admission(&story, ana, invite, joiner);
        (story.on(vec![invite], ana, joins), joiner)
    });
    // Of one level, so the lower id.
    let (counts, first) = admissions.iter().min_by_key(|(hash, _)| *hash).unwrap();
    let (void, second) = admissions.iter().max_by_key(|(hash, _)| *hash).unwrap();
    let resolved = resolved(&story);
    assert!(resolved.member(&first.id()).is_some());
    assert!(resolved.member(&second.id()).is_none());
    let state = InviteState::Used(first.id());
    assert_eq!(resolved.invites().get(&invite), Some(&state));
    let cause = resolved.voided_of(&story.set, second.id());
    assert_eq!(cause, Some((*void, *counts)));
}

#[test]
fn a_ticket_that_another_device_redeems() {
    let [ana, _, _, deniz, _] = five();
    let [laptop, phone, ..] = ana.devices.as_slice() else {
        panic!("devices");
    };
    for (device, counts) in [(laptop, true), (phone, false)] {
        let (mut story, _, _) = laptop_and_phone();
        let create = story.set.create();
        let invite = story.write(ana, invitation(ana));
        let joins = admission(&story, ana, invite, deniz);
        let admit = put(&mut story, device, (&[invite], create), joins);
        assert_eq!(story.set.is_well_formed(&admit), counts);
        assert_eq!(resolved(&story).member(&deniz.id()).is_some(), counts);
    }
}

#[test]
fn an_entry_that_comes_before_its_past() {
    let [ana, ben, chloe, ..] = five();
    let story = three(false);
    let mut complete = three(false);
    assert_eq!(complete.set.digest(), story.set.digest());
    let first = complete.write(ana, remove(ben));
    let second = complete.write(ana, remove(chloe));
    let mut late = story;
    let entry = |hash| complete.set.get(&hash).unwrap().clone();
    assert_eq!(late.set.insert(entry(second)), Ok(Inserted::Waiting));
    assert_eq!(members(&late), set_of(&[ana, ben, chloe]), "it waits");
    let both = Inserted::Added(vec![first, second]);
    assert_eq!(late.set.insert(entry(first)), Ok(both));
    assert_eq!(members(&late), set_of(&[ana]));
}
