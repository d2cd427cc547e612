//! A person's devices: what counts of what they sign, and what takes them off.

use super::*;

#[test]
fn a_stolen_laptop() {
    let [ana, ..] = five();
    let [laptop, phone, thiefs, new] = ana.devices.as_slice() else {
        panic!("devices");
    };
    let (mut story, roster, heads) = laptop_and_phone();
    let create = story.set.create();
    let revoke = |entry| ControlKind::RevokeDevice {
        entry: Box::new(entry),
        cut: Cut::default(),
    };
    let by_phone = revoke(roster.revoke_device(phone, laptop.id()));
    put(&mut story, phone, (&heads, create), by_phone);
    let added = roster.add_device(laptop, &thiefs.claim(ana.id()));
    let entry = Box::new(added);
    put(
        &mut story,
        laptop,
        (&heads, create),
        ControlKind::AddDevice { entry },
    );
    let by_thief = revoke(roster.revoke_device(laptop, phone.id()));
    put(&mut story, laptop, (&heads, create), by_thief);
    assert_eq!(live_devices(&story, ana), 0, "nobody is on the roster");
    let known = story.set.roster(&ana.id()).unwrap().clone();
    let entry = Box::new(known.recover_device(&ana.recovery, &new.claim(ana.id())));
    let all = story.set.heads();
    put(
        &mut story,
        new,
        (&all, create),
        ControlKind::AddDevice { entry },
    );
    let member = resolved(&story).member(&ana.id()).unwrap().clone();
    assert_eq!(member.devices.keys().collect::<Vec<_>>(), [&new.id()]);
}

#[test]
fn a_laptop_that_the_phrase_takes_off() {
    let [ana, ..] = five();
    let [laptop, phone, thiefs, _] = ana.devices.as_slice() else {
        panic!("devices");
    };
    let (mut story, roster, heads) = laptop_and_phone();
    let create = story.set.create();
    let revoke = |entry| ControlKind::RevokeDevice {
        entry: Box::new(entry),
        cut: Cut::default(),
    };
    let by_phrase = revoke(roster.recovery_revoke(&ana.recovery, laptop.id()));
    put(&mut story, phone, (&heads, create), by_phrase);
    let entry = Box::new(roster.add_device(laptop, &thiefs.claim(ana.id())));
    put(
        &mut story,
        laptop,
        (&heads, create),
        ControlKind::AddDevice { entry },
    );
    let by_thief = revoke(roster.revoke_device(laptop, phone.id()));
    put(&mut story, laptop, (&heads, create), by_thief);
    let member = resolved(&story).member(&ana.id()).unwrap().clone();
    assert_eq!(member.devices.keys().collect::<Vec<_>>(), [&phone.id()]);
}

#[test]
fn everybody_but_one() {
    let [ana, ..] = five();
    let [laptop, _, thiefs, new] = ana.devices.as_slice() else {
        panic!("devices");
    };
    let (mut story, mut roster, heads) = laptop_and_phone();
    let create = story.set.create();
    // The phrase brings a new laptop, which takes all others off.
    let back = roster.recover_device(&ana.recovery, &new.claim(ana.id()));
    let added = ControlKind::AddDevice {
        entry: Box::new(back.clone()),
    };
    let known = roster.clone();
    roster.insert(back).unwrap();
    let at = put(&mut story, new, (&heads, create), added);
    let reset = ControlKind::RevokeDevice {
        entry: Box::new(roster.revoke_others(&ana.recovery, new.id())),
        cut: Cut::default(),
    };
    put(&mut story, new, (&[at], create), reset);
    // The thief has linked a device of which nobody knew.
    let entry = Box::new(known.add_device(laptop, &thiefs.claim(ana.id())));
    put(
        &mut story,
        laptop,
        (&heads, create),
        ControlKind::AddDevice { entry },
    );
    let member = resolved(&story).member(&ana.id()).unwrap().clone();
    assert_eq!(member.devices.keys().collect::<Vec<_>>(), [&new.id()]);
}

#[test]
fn two_new_phrases_at_once() {
    let [ana, ben, ..] = five();
    let [laptop, phone, ..] = ana.devices.as_slice() else {
        panic!("devices");
    };
    let (mut story, roster, heads) = laptop_and_phone();
    let create = story.set.create();
    let cards = [ana.new_recovery.card(), ben.new_recovery.card()];
    let mut rotations = Vec::new();
    for (device, card) in [laptop, phone].into_iter().zip(&cards) {
        let entry = roster.rotate_recovery(&ana.recovery, card);
        rotations.push((entry.hash(), card));
        let entry = Box::new(entry);
        let rotated = ControlKind::RotateRecovery { entry };
        put(&mut story, device, (&heads, create), rotated);
    }
    // The old phrase takes the phone off at the same time: it signed a rotation, and this does not precede it.
    let late = ControlKind::RevokeDevice {
        entry: Box::new(roster.recovery_revoke(&ana.recovery, phone.id())),
        cut: Cut::default(),
    };
    put(&mut story, laptop, (&heads, create), late);
    let member = resolved(&story).member(&ana.id()).unwrap().clone();
    let (_, counts) = rotations.iter().min_by_key(|(hash, _)| *hash).unwrap();
    assert_eq!(member.recovery, **counts);
    assert_eq!(member.devices.len(), 2, "the phone is on still");
}

/// Ana's laptop lets Deniz in, and her phone, which has not heard of that, takes the laptop off.
#[test]
fn an_admission_that_nobody_heard_of() {
    let [ana, _, _, deniz, _] = five();
    let [laptop, phone, ..] = ana.devices.as_slice() else {
        panic!("devices");
    };
    let (mut story, roster, heads) = laptop_and_phone();
    let create = story.set.create();
    let invite = put(&mut story, laptop, (&heads, create), invitation(ana));
    let joins = admission(&story, ana, invite, deniz);
    let admit = put(&mut story, laptop, (&[invite], create), joins);
    assert_eq!(members(&story), set_of(&[ana, deniz]));
    let revoked = ControlKind::RevokeDevice {
        entry: Box::new(roster.revoke_device(phone, laptop.id())),
        cut: Cut::default(),
    };
    let revocation = put(&mut story, phone, (&heads, create), revoked);
    let resolved = resolved(&story);
    assert_eq!(members(&story), set_of(&[ana]));
    // What speaks against it is named, so that he can be told.
    let cause = resolved.voided_of(&story.set, deniz.id());
    assert_eq!(cause, Some((admit, revocation)));
    // The phone invites him again.
    let all = story.set.heads();
    let invite = put(&mut story, phone, (&all, create), invitation(ana));
    let joins = admission(&story, ana, invite, deniz);
    put(&mut story, phone, (&[invite], create), joins);
    assert_eq!(members(&story), set_of(&[ana, deniz]));
}

#[test]
fn a_device_that_two_people_name() {
    let [ana, ben, chloe, ..] = five();
    let mut story = three(false);
    let device = &people()[5].devices[0];
    for person in [ben, chloe] {
        let mut roster = person.founded.clone();
        let added = roster.add_device(&person.devices[0], &device.claim(person.id()));
        roster.insert(added.clone()).unwrap();
        let entry = Box::new(added);
        story.write(person, ControlKind::AddDevice { entry });
    }
    assert_eq!(live_devices(&story, ben), 2);
    assert_eq!(live_devices(&story, chloe), 2);
    let lower = ben.id().min(chloe.id());
    let named = |story: &Story| story.set.device(&device.id()).map(|(person, _)| person);
    assert_eq!(named(&story), Some(lower));
    story.write(ana, remove(chloe));
    let resolved = resolved(&story);
    assert_eq!(resolved.person_of(&device.id()), Some(ben.id()));
    assert_eq!(named(&story), Some(lower), "what it wrote stays told alike");
}
