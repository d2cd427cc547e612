//! Who is a member, who is an admin, and what they may do.

use super::*;

#[test]
fn somebody_who_left() {
    let [ana, ben, chloe, ..] = five();
    let mut story = three(false);
    let old = story.standing(ben, &story.set.heads());
    story.write(ben, ControlKind::Leave);
    let heads = story.set.heads();
    let removal = put(&mut story, &ben.devices[0], (&heads, old), remove(chloe));
    assert!(!story.set.is_well_formed(&removal));
    assert_eq!(members(&story), set_of(&[ana, chloe]));
    // Let in again as an admin, he may.
    story.admit(ana, ben, true);
    let removal = story.write(ben, remove(chloe));
    assert!(story.set.is_well_formed(&removal));
    assert_eq!(members(&story), set_of(&[ana, ben]));
}

#[test]
fn the_line_of_grants() {
    let [ana, ben, chloe, deniz, _] = five();
    let mut story = Story::new();
    story.admit(ana, ben, true);
    story.admit(ana, deniz, true);
    story.admit(ben, chloe, true);
    let resolved = resolved(&story);
    let is_senior = |one: &Person, other: &Person| resolved.is_senior(&one.id(), &other.id());
    assert!(is_senior(ana, ben) && is_senior(ben, chloe) && is_senior(ben, deniz));
    assert!(is_senior(chloe, deniz) && !is_senior(deniz, chloe));
    story.write(deniz, remove(chloe));
    assert_eq!(members(&story), set_of(&[ana, ben, chloe, deniz]));
}

#[test]
fn two_admins_who_remove_each_other() {
    let [ana, ben, chloe, ..] = five();
    let mut story = three(true);
    let heads = story.set.heads();
    story.on(heads.clone(), chloe, remove(ben));
    story.on(heads, ben, remove(chloe));
    assert_eq!(members(&story), set_of(&[ana, ben]));
}

#[test]
fn a_removed_admin_who_back_dates() {
    let [ana, ben, chloe, deniz, eve] = five();
    let mut story = three(false);
    story.admit(ben, deniz, false);
    let before = story.set.heads();
    story.write(ana, remove(ben));
    let invite = story.on(before.clone(), ben, invitation(ben));
    let puppet = admission(&story, ben, invite, eve);
    story.on(vec![invite], ben, puppet);
    story.on(before, ben, remove(chloe));
    assert_eq!(members(&story), set_of(&[ana, chloe, deniz]));
}

#[test]
fn a_puppet_admitted_in_time() {
    let [ana, ben, chloe, _, eve] = five();
    let mut story = three(false);
    story.admit(ben, eve, true);
    let heads = story.set.heads();
    story.write(ana, remove(ben));
    assert_eq!(members(&story), set_of(&[ana, chloe, eve]));
    story.on(heads, eve, remove(ana));
    assert_eq!(members(&story), set_of(&[ana, chloe, eve]));
    story.write(ana, remove(eve));
    assert_eq!(members(&story), set_of(&[ana, chloe]));
}

#[test]
fn a_demoted_admin() {
    let [ana, ben, chloe, deniz, eve] = five();
    let mut story = three(false);
    story.admit(ben, deniz, false);
    let before = story.set.heads();
    let person = ben.id();
    story.write(ana, ControlKind::Demote { person });
    story.on(before.clone(), ben, remove(chloe));
    let invite = story.on(before, ben, invitation(ben));
    let late = admission(&story, ben, invite, eve);
    story.on(vec![invite], ben, late);
    assert_eq!(members(&story), set_of(&[ana, ben, chloe, deniz]));
    let member = resolved(&story).member(&ben.id()).unwrap().clone();
    assert!(!member.rights.admin && member.rights.may_write);
    let again = promote(&story, ben);
    story.write(ana, again);
    assert!(resolved(&story).member(&ben.id()).unwrap().rights.admin);
}

#[test]
fn readmission() {
    let [ana, ben, chloe, ..] = five();
    let mut story = three(true);
    let before = story.set.heads();
    story.write(ana, remove(ben));
    // Chloe lets him in at the same time.
    let invite = story.on(before, chloe, invitation(chloe));
    let beside = admission(&story, chloe, invite, ben);
    story.on(vec![invite], chloe, beside);
    assert_eq!(members(&story), set_of(&[ana, chloe]));
    story.admit(ana, ben, false);
    assert_eq!(members(&story), set_of(&[ana, ben, chloe]));
}

#[test]
fn two_changes_of_role_at_once() {
    let [ana, ben, chloe, ..] = five();
    let writes = |story: &Story| {
        resolved(story)
            .member(&chloe.id())
            .unwrap()
            .rights
            .may_write
    };
    let writer = ControlKind::Role {
        person: chloe.id(),
        may_write: true,
        cut: Cut::default(),
    };
    // The more senior author counts, whatever it says.
    let mut story = three(false);
    let heads = story.set.heads();
    story.on(heads.clone(), ana, writer.clone());
    story.on(heads, ben, observer(chloe, 1));
    assert!(writes(&story));
    // Of equal ones: observer.
    let (mut story, _, _) = laptop_and_phone();
    story.admit(ana, chloe, false);
    let heads = story.set.heads();
    let create = story.set.create();
    put(
        &mut story,
        &ana.devices[1],
        (&heads, create),
        writer.clone(),
    );
    put(
        &mut story,
        &ana.devices[0],
        (&heads, create),
        observer(chloe, 1),
    );
    assert!(!writes(&story));
    // One that knows of both decides.
    story.write(ana, writer);
    assert!(writes(&story));
}

#[test]
fn two_last_admins_who_leave_at_once() {
    let [ana, ben, chloe, ..] = five();
    let mut story = three(false);
    let heads = story.set.heads();
    story.on(heads.clone(), ana, ControlKind::Leave);
    story.on(heads, ben, ControlKind::Leave);
    assert_eq!(members(&story), set_of(&[chloe]));
    // Ana's `create` is a grant still, and Ben's is none.
    let (heads, create) = (story.set.heads(), story.set.create());
    let by_ana = promote(&story, chloe);
    put(&mut story, &ana.devices[0], (&heads, create), by_ana);
    let member = resolved(&story).member(&chloe.id()).unwrap().clone();
    assert!(member.rights.admin);
}

#[test]
fn a_line_of_more_than_sixty_four_grants() {
    let [ana, ben, chloe, deniz, eve] = five();
    let mut story = Story::new();
    let mut grant = story.admit(ana, ben, true);
    for other in [chloe, deniz, eve] {
        story.admit(ana, other, false);
    }
    // Ben and Chloe make each other admins, each time on the grant that they were just given.
    let mut holders = [ben, chloe];
    for _ in 1..RANK_STEPS_MAX {
        let next = promote(&story, holders[1]);
        let heads = story.set.heads();
        grant = put(&mut story, &holders[0].devices[0], (&heads, grant), next);
        holders.reverse();
    }
    // On the last of sixty-four, Deniz becomes one as well; his grant is none.
    let (last, heads) = (holders[0], story.set.heads());
    let next = promote(&story, deniz);
    let beyond = put(&mut story, &last.devices[0], (&heads, grant), next);
    assert!(!resolved(&story).member(&deniz.id()).unwrap().rights.admin);
    let heads = story.set.heads();
    put(&mut story, &deniz.devices[0], (&heads, beyond), remove(eve));
    assert_eq!(members(&story), set_of(&[ana, ben, chloe, deniz, eve]));
    let heads = story.set.heads();
    put(&mut story, &last.devices[0], (&heads, grant), remove(eve));
    assert_eq!(members(&story), set_of(&[ana, ben, chloe, deniz]));
}

#[test]
fn what_stands_on_something_void() {
    let [ana, ben, chloe, deniz, eve] = five();
    let mut story = three(false);
    let before = story.set.heads();
    let removal = story.write(ana, remove(ben));
    // Ben makes Deniz an admin beside that, and Deniz lets Eve in.
    let rights = Rights {
        admin: true,
        may_write: true,
    };
    let offer = |by: &Person| {
        ControlKind::Invite(Invite {
            ticket_key: by.ticket.verify_key(),
            rights,
        })
    };
    let joins =
        |story: &Story, by: &Person, invite, joiner| match admission(story, by, invite, joiner) {
            ControlKind::Admit(admit) => ControlKind::Admit(Admit { rights, ..admit }),
            other => other,
        };
    let invite = story.on(before, ben, offer(ben));
    let admit = joins(&story, ben, invite, deniz);
    let by_ben = story.on(vec![invite], ben, admit);
    let invite = story.on(vec![by_ben], deniz, offer(deniz));
    let admit = joins(&story, deniz, invite, eve);
    let by_deniz = story.on(vec![invite], deniz, admit);
    let resolved = resolved(&story);
    assert_eq!(members(&story), set_of(&[ana, chloe]));
    // Both hear of the one removal that undid it.
    for (person, admission) in [(deniz, by_ben), (eve, by_deniz)] {
        let cause = resolved.voided_of(&story.set, person.id());
        assert_eq!(cause, Some((admission, removal)));
    }
}

#[test]
fn a_leave_beside_an_admission() {
    let [ana, ben, chloe, deniz, _] = five();
    let mut story = three(false);
    let before = story.set.heads();
    story.write(ben, ControlKind::Leave);
    // On another device, which has not heard that he leaves, he lets Deniz in.
    let invite = story.on(before, ben, invitation(ben));
    let joins = admission(&story, ben, invite, deniz);
    story.on(vec![invite], ben, joins);
    assert_eq!(members(&story), set_of(&[ana, chloe, deniz]));
}

#[test]
fn more_members_than_there_may_be() {
    let [ana, ..] = five();
    let mut story = Story::new();
    let mut random = ChaCha20Rng::seed_from_u64(9);
    let mut last = None;
    for _ in 0..MEMBERS_MAX {
        let recovery = RecoverySecrets::from_phrase(&RecoveryPhrase::random(&mut random));
        let roster = Roster::found(&recovery, &DeviceSecrets::random(&mut random));
        let invite = story.write(ana, invitation(ana));
        let signed = Admit::proof_bytes(story.set.notebook(), invite, &roster);
        let person = roster.person();
        let joins = ControlKind::Admit(Admit {
            invite,
            rights: Rights {
                admin: false,
                may_write: true,
            },
            roster: Box::new(roster),
            proof: ana.ticket.sign(&signed),
        });
        story.write(ana, joins);
        last = Some(person);
    }
    // With Ana that is one more than there may be: who came last is none, until somebody goes.
    let resolved = Membership::resolve(&story.set);
    assert_eq!(resolved.members().len(), MEMBERS_MAX);
    assert!(resolved.member(&last.unwrap()).is_none());
    let other = *resolved
        .members()
        .keys()
        .find(|id| **id != ana.id())
        .unwrap();
    let cut = Cut::default();
    story.write(ana, ControlKind::Remove { person: other, cut });
    let resolved = Membership::resolve(&story.set);
    assert!(resolved.member(&last.unwrap()).is_some());
}
