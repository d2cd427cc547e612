//! Removal, leaving, roles and keys on whole nodes: who hears of it, who is closed, who makes the next key.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use automerge::transaction::Transactable;
use automerge::{Automerge, ROOT};
use hearth_core::control::{ControlKind, Recipient, Role};
use hearth_core::document::{DocumentId, scan};
use hearth_core::engine::DecideError;
use hearth_core::identity::DeviceSecrets;
use hearth_core::ids::{NotebookId, PersonId};
use hearth_core::pairing::{Joined, Refusal};
use hearth_core::replica::{MemberError, Replica, Standing};
use hearth_testkit::adversary::HostileMember;
use hearth_testkit::people::people;
use hearth_testkit::world::{PairingEnd, World};
use rand_core::SeedableRng;

const ANA: usize = 0;
const BEN: usize = 1;
const CHLOE: usize = 2;
const DENIZ: usize = 3;

/// Longer than anybody waits for another one to make a key.
const TURNS_MS: u64 = 70_000;

/// A notebook of Ana, in which the others write; Ben is an admin.
fn group(seed: u64, people: usize) -> (World, NotebookId) {
    let mut world = World::new(seed, people).unwrap();
    let notebook = world.create(ANA, Role::Mentor).unwrap();
    world.start_note(ANA, notebook).unwrap();
    for node in 1..people {
        join(&mut world, notebook, node, Role::Peer, node == BEN);
    }
    world.run_until_quiet().unwrap();
    (world, notebook)
}

fn join(world: &mut World, notebook: NotebookId, node: usize, role: Role, admin: bool) {
    let expires_ms = world.time_of(ANA) + 1_000_000;
    let ticket = world
        .invite_until(ANA, notebook, role, admin, expires_ms)
        .unwrap();
    let end = world.join_and_wait(node, &ticket).unwrap();
    assert!(matches!(end, PairingEnd::Joined { .. }), "{end:?}");
    world.meet(ANA, node).unwrap();
}

fn person(world: &World, node: usize) -> PersonId {
    world.device(node).unwrap().identity.person()
}

fn replica(world: &World, node: usize, notebook: NotebookId) -> &Replica {
    world.device(node).unwrap().replica(notebook).unwrap()
}

fn standing(world: &World, node: usize, notebook: NotebookId) -> Standing {
    replica(world, node, notebook).standing()
}

fn remove(world: &mut World, by: usize, node: usize, notebook: NotebookId) {
    let person = person(world, node);
    let removed = world.act(by, |engine, disk, random| {
        engine.remove_member(notebook, person, None, disk, random)
    });
    removed.unwrap().unwrap();
}

fn leave(world: &mut World, node: usize, notebook: NotebookId) -> Result<(), DecideError> {
    let left = world.act(node, |engine, disk, _| engine.leave(notebook, disk));
    left.unwrap().map(drop)
}

fn closed(world: &World, node: usize, reason: &str) -> u64 {
    let device = world.device(node).unwrap();
    device.closed.get(reason).copied().unwrap_or(0)
}

/// Says whether the key in force is sealed to a person's devices or recovery key.
fn reads_on(world: &World, notebook: NotebookId, whom: usize) -> bool {
    let replica = replica(world, ANA, notebook);
    let device = world.device(whom).unwrap();
    let epoch = replica.membership().current_epoch().unwrap();
    let Some(ControlKind::Rekey(rekey)) = replica
        .controls()
        .get(&epoch.rekey())
        .map(|entry| &entry.kind)
    else {
        panic!("no rekey");
    };
    rekey.recipients.iter().any(|holder| match holder {
        Recipient::Device(held) => *held == device.id(),
        Recipient::Recovery(card) => {
            replica.controls().recovery_owner(card) == Some(device.identity.person())
        }
    })
}

fn rekeys(replica: &Replica) -> usize {
    let kinds = replica.controls().iter().map(|entry| &entry.kind);
    kinds
        .filter(|kind| matches!(kind, ControlKind::Rekey(_)))
        .count()
}

#[test]
fn a_linked_member_who_is_removed_is_told_and_closed_and_reads_nothing_new() {
    let (mut world, notebook) = group(1, 3);
    remove(&mut world, ANA, CHLOE, notebook);
    world.run_until_quiet().unwrap();
    assert!(matches!(
        standing(&world, CHLOE, notebook),
        Standing::Removed(_)
    ));
    assert_eq!(closed(&world, ANA, "Removed"), 1);
    assert!(!world.network.are_linked(ANA, CHLOE));
    assert!(!reads_on(&world, notebook, CHLOE));
    let engine = world.device(CHLOE).unwrap().engine.as_ref().unwrap();
    assert!(!engine.looks_for_peers(notebook));
    // What was readable stays readable, and nothing can be written.
    let before = world.note_text(CHLOE, notebook).unwrap();
    assert!(world.edit(ANA, notebook).unwrap());
    assert!(world.edit(CHLOE, notebook).is_err());
    world.run_for(5_000).unwrap();
    assert_eq!(world.note_text(CHLOE, notebook).unwrap(), before);
}

#[test]
fn somebody_who_was_away_is_told_by_anybody_else_when_they_come_back() {
    let (mut world, notebook) = group(2, 3);
    world.meet(BEN, ANA).unwrap();
    world.crash(CHLOE);
    world.run_until_quiet().unwrap();
    remove(&mut world, ANA, CHLOE, notebook);
    world.run_until_quiet().unwrap();
    world.start(CHLOE).unwrap();
    assert_eq!(standing(&world, CHLOE, notebook), Standing::Member);
    assert!(world.edit(CHLOE, notebook).unwrap(), "knows nothing of it");
    world.dial(CHLOE, BEN);
    world.run_until_quiet().unwrap();
    assert!(matches!(
        standing(&world, CHLOE, notebook),
        Standing::Removed(_)
    ));
    assert_eq!(closed(&world, BEN, "Removed"), 1);
    assert!(closed(&world, BEN, "Stranger") == 0);
    // Nothing but the removal and its past was handed over.
    let known = replica(&world, CHLOE, notebook);
    assert!(known.controls().len() < replica(&world, BEN, notebook).controls().len());
    // Even where it goes on dialling it is closed soon.
    world.dial(CHLOE, ANA);
    world.run_for(8_000).unwrap();
    assert!(!world.network.are_linked(CHLOE, ANA));
}

#[test]
fn what_somebody_wrote_before_they_were_removed_stays_with_all() {
    let (mut world, notebook) = group(3, 3);
    world.meet(BEN, ANA).unwrap();
    assert!(world.edit(CHLOE, notebook).unwrap());
    world.run_until_quiet().unwrap();
    remove(&mut world, BEN, CHLOE, notebook);
    world.run_until_quiet().unwrap();
    let [ana, ben] = [ANA, BEN].map(|node| world.note_text(node, notebook).unwrap());
    assert_eq!(ana, ben);
    assert_eq!(world.note_text(CHLOE, notebook).unwrap(), ana);
}

#[test]
fn a_leave_reaches_the_others_and_one_of_them_makes_the_next_key() {
    let (mut world, notebook) = group(4, 4);
    for node in [BEN, CHLOE] {
        world.meet(ANA, node).unwrap();
    }
    world.meet(DENIZ, CHLOE).unwrap();
    let before = rekeys(replica(&world, ANA, notebook));
    leave(&mut world, DENIZ, notebook).unwrap();
    world.run_for(TURNS_MS).unwrap();
    for node in [ANA, BEN, CHLOE] {
        let replica = replica(&world, node, notebook);
        assert!(
            replica
                .membership()
                .member(&person(&world, DENIZ))
                .is_none()
        );
        assert_eq!(rekeys(replica), before + 1, "one of three made one");
    }
    assert!(!reads_on(&world, notebook, DENIZ));
    assert!(matches!(
        standing(&world, DENIZ, notebook),
        Standing::Left(_)
    ));
    let engine = world.device(DENIZ).unwrap().engine.as_ref().unwrap();
    assert!(!engine.looks_for_peers(notebook));
}

#[test]
fn whoever_leaves_while_away_goes_on_until_somebody_knows() {
    let (mut world, notebook) = group(5, 3);
    world.meet(BEN, ANA).unwrap();
    world.crash(ANA);
    world.crash(BEN);
    world.run_until_quiet().unwrap();
    leave(&mut world, CHLOE, notebook).unwrap();
    let looks = |world: &World| {
        let engine = world.device(CHLOE).unwrap().engine.as_ref().unwrap();
        engine.looks_for_peers(notebook)
    };
    assert!(looks(&world));
    world.crash(CHLOE);
    world.start(CHLOE).unwrap();
    assert!(looks(&world));
    world.start(BEN).unwrap();
    world.dial(CHLOE, BEN);
    world.run_until_quiet().unwrap();
    assert!(!looks(&world));
    assert!(!world.network.are_linked(CHLOE, BEN));
    world.run_for(TURNS_MS).unwrap();
    world.start(ANA).unwrap();
    world.meet(ANA, BEN).unwrap();
    world.run_until_quiet().unwrap();
    assert!(!reads_on(&world, notebook, CHLOE));
}

#[test]
fn a_junior_removes_no_senior_and_the_last_admin_does_not_leave() {
    let (mut world, notebook) = group(6, 3);
    let ana = person(&world, ANA);
    let mut refused = |node: usize, whom| {
        let done = world.act(node, |engine, disk, random| {
            engine.remove_member(notebook, whom, None, disk, random)
        });
        match done.unwrap().unwrap_err() {
            DecideError::Member(error) => error,
            other => panic!("{other}"),
        }
    };
    assert_eq!(refused(BEN, ana), MemberError::Senior(ana));
    assert_eq!(refused(CHLOE, ana), MemberError::NotAdmin);
    let stranger = PersonId::from_bytes([7; 32]);
    assert_eq!(refused(ANA, stranger), MemberError::Unknown(stranger));
    // Nothing was left behind that waits for a disk.
    for node in [ANA, BEN, CHLOE] {
        assert!(!replica(&world, node, notebook).has_unsaved());
    }
    remove(&mut world, ANA, BEN, notebook);
    let alone = leave(&mut world, ANA, notebook).unwrap_err();
    assert!(matches!(alone, DecideError::Member(MemberError::LastAdmin)));
}

#[test]
fn somebody_made_an_observer_and_back_writes_again() {
    let (mut world, notebook) = group(7, 3);
    let chloe = person(&world, CHLOE);
    let mut to = |role| {
        let set = world.act(ANA, |engine, disk, random| {
            engine.set_role(notebook, chloe, role, None, disk, random)
        });
        set.unwrap().unwrap();
        world.run_until_quiet().unwrap();
        let may = world.edit(CHLOE, notebook).is_ok();
        world.run_until_quiet().unwrap();
        let [ana, chloe] = [ANA, CHLOE].map(|node| world.note_text(node, notebook).unwrap());
        assert_eq!(ana, chloe);
        may
    };
    assert!(!to(Role::Observer));
    assert!(to(Role::Peer));
    assert!(!to(Role::Observer));
    assert!(to(Role::Mentee));
    assert_eq!(
        replica(&world, ANA, notebook).profile(chloe).role,
        Role::Mentee
    );
}

/// The observer's own program lets them write, signs, and passes it on to all.
#[test]
fn what_an_observers_patched_program_writes_shows_nowhere_and_is_named_everywhere() {
    const DOCUMENT: DocumentId = DocumentId::from_bytes([9; 16]);
    let (mut world, notebook) = group(15, 4);
    for (one, other) in [(BEN, ANA), (DENIZ, BEN)] {
        world.meet(one, other).unwrap();
    }
    let chloe = person(&world, CHLOE);
    let set = world.act(ANA, |engine, disk, random| {
        engine.set_role(notebook, chloe, Role::Observer, None, disk, random)
    });
    set.unwrap().unwrap();
    world.run_until_quiet().unwrap();
    let device = world.device(CHLOE).unwrap();
    let mut patched =
        HostileMember::new(&device.identity, replica(&world, CHLOE, notebook), 0x51).unwrap();
    let mut document = Automerge::new();
    document.set_actor(automerge::ActorId::from(
        patched.actor().as_bytes().as_slice(),
    ));
    let mut transaction = document.transaction();
    transaction.put(ROOT, "mine", "mine").unwrap();
    transaction.commit();
    let change = scan(document.get_last_local_change().unwrap().raw_bytes()).unwrap();
    let entry = patched.sign_changes(&[(DOCUMENT, change)]);
    let hash = entry.hash();
    world.act(CHLOE, |engine, _, _| {
        engine
            .replica_mut(notebook)
            .unwrap()
            .ingest_entry(entry)
            .unwrap();
    });
    world.run_until_quiet().unwrap();
    for node in [ANA, BEN, DENIZ] {
        let replica = replica(&world, node, notebook);
        assert!(replica.documents().get(&DOCUMENT).is_none());
        let named = &replica.set_aside()[&hash];
        assert_eq!(named.person, Some(chloe));
        assert!(named.reason.contains("may not write"), "{}", named.reason);
    }
    // Nobody else is held up by it.
    for node in [ANA, BEN, DENIZ] {
        assert!(world.edit(node, notebook).unwrap());
    }
    world.run_until_quiet().unwrap();
    let texts = [ANA, BEN, DENIZ].map(|node| world.note_text(node, notebook).unwrap());
    assert!(texts.iter().all(|text| *text == texts[0]));
}

#[test]
fn an_invitation_taken_back_meanwhile_voids_the_admission_and_the_joiner_is_told_why() {
    let (mut world, notebook) = group(8, 4);
    world.meet(BEN, ANA).unwrap();
    // Deniz is out first, so that the same node can join again as nobody's member.
    remove(&mut world, ANA, DENIZ, notebook);
    let ticket = world.invite(BEN, notebook, false).unwrap();
    world.run_until_quiet().unwrap();
    let now_ms = world.clock.now_ms();
    world.network.drop_node(ANA, now_ms);
    world.run_until_quiet().unwrap();
    assert!(world.revoke(ANA, notebook, ticket.invite));
    let end = world.join_and_wait(DENIZ, &ticket).unwrap();
    assert!(matches!(end, PairingEnd::Joined { .. }), "{end:?}");
    assert_eq!(standing(&world, DENIZ, notebook), Standing::Member);
    world.meet(BEN, ANA).unwrap();
    world.dial(DENIZ, ANA);
    world.run_until_quiet().unwrap();
    let Standing::Voided(cause) = standing(&world, DENIZ, notebook) else {
        panic!("{:?}", standing(&world, DENIZ, notebook));
    };
    let cause = replica(&world, DENIZ, notebook).controls().get(&cause);
    assert!(matches!(
        cause.map(|entry| &entry.kind),
        Some(ControlKind::RevokeInvite { invite }) if *invite == ticket.invite
    ));
    for node in [ANA, BEN, DENIZ] {
        let membership = replica(&world, node, notebook).membership();
        assert!(membership.member(&person(&world, DENIZ)).is_none());
        assert!(!membership.voided_admissions().is_empty());
    }
    // The ticket is of no more use, to them or to anybody.
    let end = world.join_and_wait(DENIZ, &ticket).unwrap();
    assert_eq!(end, PairingEnd::Refused(Refusal::Revoked));
}

#[test]
fn one_ticket_that_two_copies_of_a_home_redeem_admits_one() {
    // Both copies of Ana's home hold the ticket's secret; each admits somebody else.
    let (mut world, notebook) = group(9, 2);
    let ticket = world.invite(ANA, notebook, false).unwrap();
    world.run_until_quiet().unwrap();
    let copy = world.device(ANA).unwrap().disk.clone();
    let people = people()[..4].to_vec();
    let end = {
        let mut other = World::of(77, &people).unwrap();
        other.crash(ANA);
        other.device_mut(ANA).unwrap().disk = copy;
        other.start(ANA).unwrap();
        let end = other.join_and_wait(CHLOE, &ticket).unwrap();
        assert!(matches!(end, PairingEnd::Joined { .. }), "{end:?}");
        let controls = replica(&other, ANA, notebook).controls();
        controls
            .iter()
            .map(|entry| entry.as_bytes().to_vec())
            .collect::<Vec<_>>()
    };
    let mut both = World::of(78, &people).unwrap();
    both.crash(ANA);
    both.device_mut(ANA).unwrap().disk = world.device(ANA).unwrap().disk.clone();
    both.start(ANA).unwrap();
    let joined = both.join_and_wait(DENIZ, &ticket).unwrap();
    assert!(matches!(joined, PairingEnd::Joined { .. }), "{joined:?}");
    both.act(ANA, |engine, _, _| {
        let replica = engine.replica_mut(notebook).unwrap();
        let parsed = end
            .iter()
            .map(|bytes| hearth_core::control::ControlEntry::parse(bytes).unwrap());
        replica.ingest_controls(parsed).unwrap();
    });
    let membership = replica(&both, ANA, notebook).membership();
    let admitted = [CHLOE, DENIZ].map(|node| membership.member(&person(&both, node)).is_some());
    assert_eq!(admitted.iter().filter(|is_in| **is_in).count(), 1);
    assert_eq!(membership.voided_admissions().len(), 1);
}

#[test]
fn a_removed_joiner_gets_nothing_at_the_door_that_let_them_in() {
    let (mut world, notebook) = group(10, 2);
    let ticket = world.invite(ANA, notebook, false).unwrap();
    let mut world3 = World::of(79, &people()[..3]).unwrap();
    world3.crash(ANA);
    world3.device_mut(ANA).unwrap().disk = world.device(ANA).unwrap().disk.clone();
    world3.start(ANA).unwrap();
    let end = world3.join_and_wait(CHLOE, &ticket).unwrap();
    assert!(matches!(end, PairingEnd::Joined { .. }), "{end:?}");
    remove(&mut world3, ANA, CHLOE, notebook);
    let end = world3.join_and_wait(CHLOE, &ticket).unwrap();
    assert_eq!(end, PairingEnd::Refused(Refusal::Revoked));
}

/// Ana, Ben, and a second device of Ana's that has the notebook as well.
fn two_devices_of_ana(seed: u64) -> (World, NotebookId) {
    const PHONE: usize = 2;
    let mut people = people()[..2].to_vec();
    let mut phone = people[ANA].clone();
    let mut random = rand_chacha::ChaCha20Rng::seed_from_u64(seed);
    phone.device = std::sync::Arc::new(DeviceSecrets::random(&mut random));
    let claim = phone.device.claim(people[ANA].person());
    let added = people[ANA].roster.add_device(&people[ANA].device, &claim);
    phone.roster.insert(added.clone()).unwrap();
    let laptop_card = people[ANA].device.card().clone();
    people.push(phone);
    let mut world = World::of(seed, &people).unwrap();
    let notebook = world.create(ANA, Role::Mentor).unwrap();
    world.start_note(ANA, notebook).unwrap();
    let carried = world.act(ANA, |engine, disk, random| {
        let replica = engine.replica_mut(notebook).unwrap();
        replica.carry(&added, Some("phone"), random).unwrap();
        engine.flush(disk, 1, false);
        let replica = engine.replica_mut(notebook).unwrap();
        let controls = replica.controls().iter().cloned().collect();
        (controls, replica.sign_frontier())
    });
    let (controls, frontier) = carried.unwrap();
    let joined = Joined {
        controls,
        frontier,
        inviter: person(&world, ANA),
        inviter_name: "Ana".to_owned(),
        inviter_device: laptop_card,
        role: Role::Mentor,
        words: String::new(),
    };
    let adopted = world.act(PHONE, |engine, disk, _| engine.adopt(joined, disk));
    assert_eq!(adopted.unwrap().unwrap(), notebook);
    world.meet(PHONE, ANA).unwrap();
    world.run_until_quiet().unwrap();
    (world, notebook)
}

#[test]
fn another_device_of_the_inviter_says_which_one_to_ask() {
    let (mut world, notebook) = two_devices_of_ana(13);
    let ticket = world.invite(ANA, notebook, false).unwrap();
    world.run_until_quiet().unwrap();
    let mut elsewhere = ticket.clone();
    let phone = world.device(2).unwrap().identity.device.card().clone();
    elsewhere.device = phone.id();
    elsewhere.transport = phone.transport;
    let end = world.join_and_wait(BEN, &elsewhere).unwrap();
    let issuer = world.device(ANA).unwrap().id();
    assert_eq!(end, PairingEnd::Refused(Refusal::AskDevice(issuer)));
    let end = world.join_and_wait(BEN, &ticket).unwrap();
    assert!(matches!(end, PairingEnd::Joined { .. }), "{end:?}");
}

#[test]
fn a_revoked_device_is_told_and_its_person_stays_a_member() {
    let (mut world, notebook) = two_devices_of_ana(14);
    join(&mut world, notebook, BEN, Role::Peer, false);
    let phone = world.device(2).unwrap().id();
    let laptop = world.device(ANA).unwrap().identity.clone();
    world.act(ANA, |engine, _, random| {
        let replica = engine.replica_mut(notebook).unwrap();
        let roster = replica.controls().roster(&laptop.person()).unwrap();
        let revoked = roster.revoke_device(&laptop.device, phone);
        replica.carry(&revoked, None, random).unwrap();
    });
    world.run_until_quiet().unwrap();
    assert!(matches!(
        standing(&world, 2, notebook),
        Standing::Revoked(_)
    ));
    assert_eq!(closed(&world, ANA, "Removed"), 1);
    assert_eq!(standing(&world, ANA, notebook), Standing::Member);
    let epoch = |node| replica(&world, node, notebook).membership().current_epoch();
    assert_eq!(epoch(ANA), epoch(BEN));
    let key = replica(&world, 2, notebook)
        .keys()
        .get(&epoch(ANA).unwrap());
    assert!(key.is_none(), "what is written now is closed to it");
}

#[test]
fn a_key_is_replaced_for_its_age_by_an_admin_and_once() {
    let (mut world, notebook) = group(11, 3);
    world.meet(BEN, ANA).unwrap();
    let epoch = replica(&world, ANA, notebook)
        .membership()
        .current_epoch()
        .unwrap();
    let before = rekeys(replica(&world, ANA, notebook));
    for node in [ANA, BEN, CHLOE] {
        let now_ms = world.time_of(node);
        world.act(node, |engine, _, _| {
            engine.replace_key(notebook, epoch, now_ms);
        });
    }
    world.run_for(TURNS_MS).unwrap();
    for node in [ANA, BEN, CHLOE] {
        let replica = replica(&world, node, notebook);
        assert_eq!(rekeys(replica), before + 1);
        assert_ne!(replica.membership().current_epoch(), Some(epoch));
        assert!(world.edit(node, notebook).unwrap());
    }
    world.run_until_quiet().unwrap();
    world.check_converged().unwrap();
}

#[test]
fn of_many_who_find_that_somebody_left_few_make_a_key() {
    let people = 12;
    let (mut world, notebook) = group(12, people);
    // A ring with a few chords, so that everybody meets everybody through others.
    for node in 1..people {
        world.dial(node, (node + 1) % people);
    }
    world.run_until_quiet().unwrap();
    let before = rekeys(replica(&world, ANA, notebook));
    leave(&mut world, people - 1, notebook).unwrap();
    world.run_for(TURNS_MS).unwrap();
    let made = rekeys(replica(&world, ANA, notebook)) - before;
    assert!((1..=3).contains(&made), "{made} keys were made");
    assert!(!reads_on(&world, notebook, people - 1));
    let heads = replica(&world, ANA, notebook).membership().epoch_heads();
    for node in 1..people - 1 {
        let theirs = replica(&world, node, notebook).membership().epoch_heads();
        assert_eq!(theirs, heads);
    }
}
