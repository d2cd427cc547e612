//! Keys get to whoever is to have them although those who made them are gone, and to nobody who is out.

#![allow(clippy::unwrap_used)]

use hearth_core::control::{ControlAuthor, ControlEntry, ControlKind, Recipient, Rekey, Role};
use hearth_core::crypto;
use hearth_core::engine::Identity;
use hearth_core::epoch::{self, EpochKeys, Wraps};
use hearth_core::identity::DeviceSecrets;
use hearth_core::ids::{ControlHash, EpochId, NotebookId};
use hearth_core::limits::KEY_PATIENCE_MS;
use hearth_core::log::RawEntry;
use hearth_core::replica::Replica;
use hearth_core::storage::Storage;
use hearth_testkit::disk::MemoryDisk;
use hearth_testkit::people::{Person, crowd};
use hearth_testkit::world::{World, identity_of};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

/// One key, sealed to one holder.
const WRAP_BYTES: usize = 1168;

/// How long devices wait for one another at most before one makes a key, and some time for it to arrive.
const MADE_MS: u64 = KEY_PATIENCE_MS + 20_000;

fn identity(person: &Person, place: usize) -> Identity {
    identity_of(person, place, &person.founded()).unwrap()
}

/// A notebook of Ana's, who has let the others in.
fn world_of(identities: &[Identity], role: Role, admin: bool) -> (World, NotebookId) {
    let mut world = World::of(11, identities).unwrap();
    let notebook = world.create(0, Role::Peer).unwrap();
    world.start_note(0, notebook).unwrap();
    for node in 1..identities.len() {
        let expires_ms = world.time_of(0) + 86_400_000;
        let ticket = world
            .invite_until(0, notebook, role, admin, expires_ms)
            .unwrap();
        world.join_and_wait(node, &ticket).unwrap();
        world.meet(0, node).unwrap();
    }
    (world, notebook)
}

fn replica(world: &World, node: usize, notebook: NotebookId) -> &Replica {
    world.device(node).unwrap().replica(notebook).unwrap()
}

fn epoch_of(world: &World, node: usize, notebook: NotebookId) -> EpochId {
    let membership = replica(world, node, notebook).membership();
    membership.current_epoch().unwrap()
}

fn rekey(world: &mut World, node: usize, notebook: NotebookId) -> EpochId {
    let rekeyed = world.decide(node, notebook, "re-key", |replica, random| {
        replica.rekey(None, random)?;
        Ok(replica.membership().current_epoch().unwrap().rekey())
    });
    rekeyed.map(ControlHash::as_epoch).unwrap()
}

/// Gives a device what another one knows of members, and nothing that is sealed.
fn tell(world: &mut World, from: usize, to: usize, notebook: NotebookId) {
    let controls: Vec<_> = replica(world, from, notebook)
        .controls()
        .iter()
        .cloned()
        .collect();
    let last = controls.last().unwrap().hash();
    world.decide(to, notebook, "hear of it", |replica, _| {
        replica.ingest_controls(controls)?;
        Ok(last)
    });
}

#[test]
fn who_only_reads_hands_on_a_key_that_nobody_who_may_write_holds() {
    let identities = [0, 1].map(|person| identity(&crowd()[person], 0));
    let (mut world, notebook) = world_of(&identities, Role::Peer, true);
    let now = world.clock.now_ms();
    world.network.part(0, 1, now);
    // Ben makes a key and writes under it, while Ana lets Caleb in and has Ben only read from then on.
    let key = rekey(&mut world, 1, notebook);
    while !world.edit(1, notebook).unwrap() {}
    let caleb = world
        .add_device(identity(&crowd()[2], 0), MemoryDisk::new())
        .unwrap();
    world.pair(0, caleb, notebook).unwrap();
    world.meet(0, caleb).unwrap();
    let ben = crowd()[1].id();
    let done = world.decide(0, notebook, "have Ben read", |replica, random| {
        replica.set_role(ben, Role::Observer, random)
    });
    assert!(done.is_some());
    world.run_until_quiet().unwrap();
    // Ana's device is lost before it met Ben's again.
    tell(&mut world, 0, 1, notebook);
    world.crash(0);
    assert!(replica(&world, caleb, notebook).keys().get(&key).is_none());
    world.meet(1, caleb).unwrap();
    world.run_for(MADE_MS).unwrap();
    world.run_until_quiet().unwrap();
    let caleb = replica(&world, caleb, notebook);
    assert!(caleb.keys().get(&key).is_some());
    assert_eq!(caleb.waiting(), 0);
    assert_eq!(caleb.membership().epoch_heads().len(), 1);
    let grants = caleb.controls().iter().filter(|entry| {
        matches!(&entry.kind, hearth_core::control::ControlKind::Grant(grant) if grant.epoch == key)
    });
    assert_eq!(grants.count(), 1);
}

#[test]
fn nothing_is_sealed_under_a_key_that_was_granted_to_a_device_that_is_out_again() {
    let (ana, ben) = (&crowd()[0], &crowd()[1]);
    let identities = [identity(ana, 0), identity(ben, 0)];
    let (mut world, notebook) = world_of(&identities, Role::Observer, false);
    let now = world.clock.now_ms();
    world.network.part(0, 1, now);
    // Ben only reads, so his new phone gets the key by a grant; then it is lost, all before Ana hears of it.
    let key = epoch_of(&world, 1, notebook);
    let phone = ben.devices[1].id();
    let roster = world.roster_of(1, notebook).unwrap();
    let added = roster.add_device(&ben.devices[0], &ben.devices[1].claim(ben.id()));
    world.carry(1, notebook, &added, "link a phone").unwrap();
    let holder = Recipient::Device(phone);
    let granted = world.decide(1, notebook, "hand the key on", |replica, random| {
        replica.grant_key(key, holder, random)
    });
    assert!(granted.is_some());
    let roster = world.roster_of(1, notebook).unwrap();
    let revoked = roster.revoke_device(&ben.devices[0], phone);
    world.carry(1, notebook, &revoked, "revoke it").unwrap();
    let now = world.clock.now_ms();
    world.network.heal(now);
    world.meet(0, 1).unwrap();
    while !world.edit(0, notebook).unwrap() {}
    world.run_until_quiet().unwrap();
    let set = replica(&world, 0, notebook).controls();
    let mut keys = EpochKeys::default();
    assert!(keys.learn_grants(set, &ben.devices[1]));
    let disk = &world.device(0).unwrap().disk;
    let entries = disk.entries(notebook, 0, usize::MAX).unwrap();
    let last = RawEntry::parse_any(entries.last().unwrap().1.clone()).unwrap();
    assert!(keys.get(&key).is_some());
    assert!(keys.get(&last.header().epoch).is_none());
    assert_eq!(world.check_same(notebook, &[0, 1]), Ok(()));
}

#[test]
fn a_plain_member_replaces_a_key_that_was_granted_to_a_device_that_is_out_again() {
    let (ana, ben) = (&crowd()[0], &crowd()[1]);
    let identities = [identity(ana, 0), identity(ben, 0)];
    let (mut world, notebook) = world_of(&identities, Role::Peer, false);
    let key = epoch_of(&world, 1, notebook);
    let now = world.clock.now_ms();
    world.network.part(0, 1, now);
    let phone = Recipient::Device(ben.devices[1].id());
    let roster = world.roster_of(1, notebook).unwrap();
    let added = roster.add_device(&ben.devices[0], &ben.devices[1].claim(ben.id()));
    // Carried without the re-key that a member who may write makes with it.
    world.decide(1, notebook, "link and revoke a phone", |replica, random| {
        let (heads, standing) = {
            let member = replica.membership().member_of(&replica.own_device());
            let standing = member.unwrap().standing();
            (replica.controls().heads_covering(&[standing]), standing)
        };
        let author = hearth_core::control::ControlAuthor {
            device: &ben.devices[0],
            notebook,
            heads,
            standing,
        };
        let kind = hearth_core::control::ControlKind::AddDevice {
            entry: Box::new(added.clone()),
        };
        replica.ingest_control(author.sign(kind, None))?;
        replica.grant_key(key, phone, random)?;
        let mut roster = roster.clone();
        roster.insert(added).unwrap();
        let revoked = roster.revoke_device(&ben.devices[0], ben.devices[1].id());
        replica.carry(&revoked, None, random)?;
        Ok(key.rekey())
    });
    assert_ne!(epoch_of(&world, 1, notebook), key);
    while !world.edit(1, notebook).unwrap() {}
    let now = world.clock.now_ms();
    world.network.heal(now);
    world.meet(0, 1).unwrap();
    assert_eq!(world.check_same(notebook, &[0, 1]), Ok(()));
    assert_ne!(epoch_of(&world, 0, notebook), key);
}

#[test]
fn what_a_lost_key_led_to_is_handed_on_after_a_while() {
    let (ana, ben) = (&crowd()[0], &crowd()[1]);
    let identities = [identity(ana, 0), identity(ben, 0)];
    let (mut world, notebook) = world_of(&identities, Role::Peer, true);
    while !world.edit(0, notebook).unwrap() {}
    world.run_until_quiet().unwrap();
    let key = epoch_of(&world, 0, notebook);
    let now = world.clock.now_ms();
    world.network.part(0, 1, now);
    // Ana hears of Ben's new key, but his only device is gone before the key itself got anywhere.
    let lost = rekey(&mut world, 1, notebook);
    tell(&mut world, 1, 0, notebook);
    world.crash(1);
    let new = world
        .add_device(identity(ben, 1), MemoryDisk::new())
        .unwrap();
    assert!(world.recover((ben.id(), &ben.recovery), (0, new), notebook));
    let roster = world.roster_of(new, notebook).unwrap();
    let entry = roster.revoke_others(&ben.recovery, ben.devices[1].id());
    world
        .carry(new, notebook, &entry, "revoke the old one")
        .unwrap();
    world.meet(0, new).unwrap();
    world.run_for(MADE_MS).unwrap();
    world.run_until_quiet().unwrap();
    for node in [0, new] {
        let replica = replica(&world, node, notebook);
        assert!(replica.keys().get(&lost).is_none());
        assert!(replica.keys().get(&key).is_some(), "{node}");
        assert_eq!(replica.waiting(), 0, "{node}");
    }
    assert_eq!(world.check_same(notebook, &[0, new]), Ok(()));
}

/// The root over wraps, as a re-key names it.
fn root_over(recipients: &[Recipient], wraps: &[&[u8]]) -> [u8; 32] {
    let mut level: Vec<[u8; 32]> = recipients
        .iter()
        .zip(wraps)
        .map(|(recipient, wrap)| {
            crypto::digest(
                "hearthside 2026-11 wrap leaf",
                &[&recipient.to_bytes(), wrap],
            )
        })
        .collect();
    while level.len() > 1 {
        let node = |pair: &[[u8; 32]]| match pair {
            [left, right] => crypto::digest("hearthside 2026-11 wrap node", &[left, right]),
            single => single[0],
        };
        level = level.chunks(2).map(node).collect();
    }
    level[0]
}

/// Makes a key as a modified program does: sealed soundly to all but one, to whom it seals rubbish.
fn rekey_with_a_bad_wrap(
    replica: &Replica,
    device: &DeviceSecrets,
    victim: Recipient,
) -> (ControlEntry, Wraps) {
    let mut random = ChaCha20Rng::seed_from_u64(5);
    let sound = epoch::rekey(
        replica.controls(),
        replica.keys(),
        device,
        None,
        &mut random,
    );
    let sound = sound.unwrap();
    let ControlKind::Rekey(rekey) = sound.entry.kind.clone() else {
        panic!("a re-key");
    };
    let mut bytes = sound.wraps.to_bytes();
    let first = bytes.len() - rekey.recipients.len() * WRAP_BYTES;
    let place = rekey
        .recipients
        .iter()
        .position(|it| *it == victim)
        .unwrap();
    bytes[first + place * WRAP_BYTES..][..WRAP_BYTES].fill(7);
    let wraps: Vec<&[u8]> = bytes[first..].chunks(WRAP_BYTES).collect();
    let wraps_root = root_over(&rekey.recipients, &wraps);
    let author = ControlAuthor {
        device,
        notebook: replica.notebook(),
        heads: sound.entry.heads.clone(),
        standing: sound.entry.standing,
    };
    let entry = author.sign(
        ControlKind::Rekey(Rekey {
            wraps_root,
            ..rekey
        }),
        None,
    );
    bytes[..32].copy_from_slice(entry.hash().as_bytes());
    (entry, Wraps::parse(&bytes).unwrap())
}

#[test]
fn a_wrap_that_does_not_open_is_repaired_by_a_grant() {
    let identities = [0, 1, 2].map(|person| identity(&crowd()[person], 0));
    let (mut world, notebook) = world_of(&identities, Role::Observer, false);
    world.meet(1, 2).unwrap();
    let ben = Recipient::Device(crowd()[1].devices[0].id());
    let device = &crowd()[0].devices[0];
    let (entry, wraps) = rekey_with_a_bad_wrap(replica(&world, 0, notebook), device, ben);
    let epoch = entry.hash().as_epoch();
    let made = world.decide(0, notebook, "seal rubbish for Ben", |replica, _| {
        replica.ingest_control(entry)?;
        replica.ingest_wraps(wraps);
        Ok(epoch.rekey())
    });
    assert!(made.is_some());
    assert_eq!(epoch_of(&world, 0, notebook), epoch, "it counts");
    while !world.edit(0, notebook).unwrap() {}
    world.run_until_quiet().unwrap();
    let has_key = |world: &World, node| replica(world, node, notebook).keys().get(&epoch).is_some();
    assert!(has_key(&world, 2) && !has_key(&world, 1));
    assert!(
        replica(&world, 1, notebook).waiting() > 0,
        "what it seals waits"
    );
    let granted = world.decide(2, notebook, "hand the key to Ben", |replica, random| {
        replica.grant_key(epoch, ben, random)
    });
    assert!(granted.is_some());
    world.run_until_quiet().unwrap();
    assert!(has_key(&world, 1));
    assert_eq!(replica(&world, 1, notebook).waiting(), 0);
    assert_eq!(world.check_same(notebook, &[0, 1, 2]), Ok(()));
}
