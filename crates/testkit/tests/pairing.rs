//! Each ticket admits one person, each refusal has its reason, and whoever stands between shows.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use hearth_core::codec::Reader;
use hearth_core::control::{Admit, InviteState, Role};
use hearth_core::engine::{
    CloseReason, ConnectionId, ConnectionKind, Effect, Engine, Verification, VerificationState,
};
use hearth_core::identity::Roster;
use hearth_core::ids::{ControlHash, NotebookId};
use hearth_core::pairing::{
    Joiner, JoinerStep, PairingMessage, Refusal, Ticket, TicketSecret, verification_words,
};
use hearth_testkit::clock::FIFTY_YEARS_MS;
use hearth_testkit::disk::Fault;
use hearth_testkit::people::people;
use hearth_testkit::world::{PairingEnd, World};

/// A world of three: Ana has a notebook, Ben and Chloe have none.
fn world(seed: u64) -> (World, NotebookId) {
    let mut world = World::new(seed, 3).unwrap();
    let notebook = world.create(0, Role::Mentor).unwrap();
    world.start_note(0, notebook).unwrap();
    (world, notebook)
}

fn refused(world: &mut World, joiner: usize, ticket: &Ticket) -> Refusal {
    match world.join_and_wait(joiner, ticket).unwrap() {
        PairingEnd::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

/// What a refusal must leave behind: the inviter goes on, and nobody was let in.
fn check_inviter(world: &mut World, notebook: NotebookId, members: usize) {
    let replica = world.device(0).unwrap().replica(notebook).unwrap();
    assert_eq!(replica.membership().members().len(), members);
    assert!(world.edit(0, notebook).is_ok());
}

#[test]
fn the_words_are_equal_on_both_sides_and_differ_between_pairings() {
    let mut shown = Vec::new();
    for joiner in [1, 2] {
        let (mut world, notebook) = world(7);
        world.pair(0, joiner, notebook).unwrap();
        let [mine, theirs] = world.words(0, joiner, notebook);
        assert_eq!(mine, theirs);
        let words = mine.expect("words");
        assert_eq!(words.split(' ').count(), 6);
        shown.push(words);
    }
    assert_ne!(shown[0], shown[1]);
}

#[test]
fn a_used_ticket_admits_nobody_else() {
    let (mut world, notebook) = world(1);
    let ticket = world.invite(0, notebook, true).unwrap();
    let end = world.join_and_wait(1, &ticket).unwrap();
    assert!(matches!(end, PairingEnd::Joined { .. }));
    assert_eq!(refused(&mut world, 2, &ticket), Refusal::Used);
    check_inviter(&mut world, notebook, 2);
}

#[test]
fn an_expired_ticket_is_refused_by_the_inviters_clock() {
    let (mut world, notebook) = world(2);
    let expires = world.time_of(0) + 1_000;
    let ticket = world
        .invite_until(0, notebook, Role::Mentee, false, expires)
        .unwrap();
    world.device_mut(1).unwrap().offset_ms = -FIFTY_YEARS_MS;
    world.run_for(2_000).unwrap();
    assert_eq!(refused(&mut world, 1, &ticket), Refusal::Expired);
    check_inviter(&mut world, notebook, 1);
}

/// The time of a ticket is a matter between two nodes: what an admission counts for does not turn on anybody's clock.
#[test]
fn a_ticket_that_was_redeemed_in_time_admits_for_good_whatever_anybodys_clock_says() {
    let (mut world, notebook) = world(26);
    let expires = world.time_of(0) + 60_000;
    let ticket = world
        .invite_until(0, notebook, Role::Peer, true, expires)
        .unwrap();
    world.device_mut(1).unwrap().offset_ms = FIFTY_YEARS_MS;
    assert!(world.time_of(1) > expires, "it is over by Ben's clock");
    let end = world.join_and_wait(1, &ticket).unwrap();
    assert!(matches!(end, PairingEnd::Joined { .. }), "{end:?}");
    world.run_for(120_000).unwrap();
    assert!(world.time_of(0) > expires);
    // Whoever comes later, and whoever starts anew, resolves the same entries.
    world.pair(0, 2, notebook).unwrap();
    world.meet(0, 2).unwrap();
    world.crash(0);
    world.start(0).unwrap();
    for node in 0..3 {
        let replica = world.device(node).unwrap().replica(notebook).unwrap();
        let ben = world.device(1).unwrap().identity.person();
        let resolved = replica.membership();
        assert!(resolved.member(&ben).is_some(), "{node} has Ben");
        let state = InviteState::Used(ben);
        assert_eq!(resolved.invites().get(&ticket.invite), Some(&state));
    }
    assert!(world.edit(1, notebook).unwrap());
}

#[test]
fn a_revoked_ticket_is_refused() {
    let (mut world, notebook) = world(3);
    let ticket = world.invite(0, notebook, true).unwrap();
    assert!(world.revoke(0, notebook, ticket.invite));
    assert!(
        !world.revoke(0, notebook, ticket.invite),
        "it was revoked twice"
    );
    assert_eq!(refused(&mut world, 1, &ticket), Refusal::Revoked);
    check_inviter(&mut world, notebook, 1);
}

#[test]
fn a_made_up_ticket_looks_like_one_with_a_wrong_secret() {
    let (mut world, notebook) = world(4);
    let ticket = world.invite(0, notebook, true).unwrap();
    let mut unknown = ticket.clone();
    unknown.invite = ControlHash::from_bytes([9; 32]);
    assert_eq!(refused(&mut world, 1, &unknown), Refusal::Invalid);
    let mut guessed = ticket.clone();
    guessed.secret = TicketSecret::from_bytes([9; 16]);
    assert_eq!(refused(&mut world, 1, &guessed), Refusal::Invalid);
    check_inviter(&mut world, notebook, 1);
    // Neither try cost the real ticket anything.
    let end = world.join_and_wait(1, &ticket).unwrap();
    assert!(matches!(end, PairingEnd::Joined { .. }));
}

#[test]
fn only_the_device_that_issued_a_ticket_redeems_it() {
    let (mut world, notebook) = world(5);
    world.pair(0, 1, notebook).unwrap();
    world.dial(0, 1);
    let mut ticket = world.invite(0, notebook, true).unwrap();
    world.run_until_quiet().unwrap();
    // Ben knows of the invitation, but not its secret.
    let ben = world.device(1).unwrap().identity.clone();
    ticket.device = ben.device.id();
    ticket.transport = ben.device.card().transport;
    ticket.person = ben.person();
    assert_eq!(refused(&mut world, 2, &ticket), Refusal::Invalid);
}

#[test]
fn a_joiner_that_crashed_after_being_admitted_may_return_and_nobody_else() {
    let (mut world, notebook) = world(6);
    let expires = world.time_of(0) + 60_000;
    let ticket = world
        .invite_until(0, notebook, Role::Peer, true, expires)
        .unwrap();
    let id = world.join(1, &ticket).unwrap();
    let used = InviteState::Used(world.device(1).unwrap().identity.person());
    let state = |world: &World| {
        let engine = world.device(0).unwrap().engine.as_ref().unwrap();
        engine.invite_state(notebook, &ticket.invite)
    };
    while state(&world) != Some(used) {
        assert_eq!(world.pairing_end(id), None);
        world.step().unwrap();
    }
    world.crash(1);
    world.start(1).unwrap();
    assert!(world.device(1).unwrap().replica(notebook).is_none());
    // Even after the ticket's time, since the admission is made.
    world.run_for(120_000).unwrap();
    assert_eq!(refused(&mut world, 2, &ticket), Refusal::Used);
    let end = world.join_and_wait(1, &ticket).unwrap();
    assert!(matches!(end, PairingEnd::Joined { .. }));
    world.dial(1, 0);
    world.run_until_quiet().unwrap();
    world.check_converged().unwrap();
    let [mine, theirs] = world.words(0, 1, notebook);
    assert_eq!(mine, theirs);
}

#[test]
fn a_return_changes_nothing_that_was_decided_about_the_words() {
    for state in [VerificationState::Match, VerificationState::Differ] {
        let (mut world, notebook) = world(16);
        let ticket = world.invite(0, notebook, true).unwrap();
        let end = world.join_and_wait(1, &ticket).unwrap();
        assert!(matches!(end, PairingEnd::Joined { .. }));
        let person = world.device(1).unwrap().identity.person();
        let [Some(words), _] = world.words(0, 1, notebook) else {
            panic!("no words");
        };
        let decided = Verification { state, words };
        let device = world.device_mut(0).unwrap();
        let engine = device.engine.as_mut().unwrap();
        engine
            .decide_verification(notebook, person, &decided, &mut device.disk)
            .unwrap();
        match world.join_and_wait(1, &ticket).unwrap() {
            PairingEnd::Joined { .. } => assert_eq!(state, VerificationState::Match),
            PairingEnd::Refused(refusal) => {
                assert_eq!(state, VerificationState::Differ);
                assert_eq!(refusal, Refusal::Revoked);
            }
            other => panic!("{other:?}"),
        }
        let device = world.device(0).unwrap();
        let engine = device.engine.as_ref().unwrap();
        let kept = engine.verification(notebook, person, &device.disk).unwrap();
        assert_eq!(kept, Some(decided));
    }
}

#[test]
fn a_full_disk_at_the_inviter_admits_nobody_and_costs_nothing() {
    for nth in 0..2 {
        let (mut world, notebook) = world(8);
        let ticket = world.invite(0, notebook, true).unwrap();
        world.settle(0).unwrap();
        world
            .device_mut(0)
            .unwrap()
            .disk
            .fail_commit(nth, Fault::Full);
        assert_eq!(refused(&mut world, 1, &ticket), Refusal::Unavailable);
        let replica = world.device(0).unwrap().replica(notebook).unwrap();
        assert_eq!(replica.membership().members().len(), 1, "commit {nth}");
        let end = world.join_and_wait(1, &ticket).unwrap();
        assert!(matches!(end, PairingEnd::Joined { .. }), "commit {nth}");
    }
}

#[test]
fn a_full_disk_at_the_joiner_loses_the_answer_and_the_ticket_serves_again() {
    let (mut world, notebook) = world(9);
    let ticket = world.invite(0, notebook, true).unwrap();
    world
        .device_mut(1)
        .unwrap()
        .disk
        .fail_commit(0, Fault::Full);
    let end = world.join_and_wait(1, &ticket).unwrap();
    assert!(matches!(end, PairingEnd::Failed(_)), "{end:?}");
    assert!(world.device(1).unwrap().replica(notebook).is_none());
    let end = world.join_and_wait(1, &ticket).unwrap();
    assert!(matches!(end, PairingEnd::Joined { .. }));
}

#[test]
fn a_member_is_not_admitted_twice() {
    let (mut world, notebook) = world(10);
    world.pair(0, 1, notebook).unwrap();
    let second = world.invite(0, notebook, true).unwrap();
    assert_eq!(refused(&mut world, 1, &second), Refusal::Used);
    check_inviter(&mut world, notebook, 2);
}

#[test]
fn an_observer_reads_and_cannot_write() {
    let (mut world, notebook) = world(11);
    let expires = world.time_of(0) + 60_000;
    let ticket = world
        .invite_until(0, notebook, Role::Observer, false, expires)
        .unwrap();
    world.join_and_wait(1, &ticket).unwrap();
    world.dial(0, 1);
    world.run_until_quiet().unwrap();
    world.check_converged().unwrap();
    assert!(world.note_text(1, notebook).is_ok());
    assert!(world.edit(1, notebook).is_err());
    assert!(world.invite(1, notebook, false).is_none());
}

/// An inviter's door, driven by hand.
struct Door<'a> {
    engine: &'a mut Engine,
    disk: &'a mut hearth_testkit::disk::MemoryDisk,
    id: ConnectionId,
}

impl Door<'_> {
    fn say(&mut self, message: &PairingMessage, now_ms: u64) -> Vec<PairingMessage> {
        let mut random = random();
        self.engine
            .receive(self.id, &message.to_bytes(), now_ms, self.disk, &mut random);
        let mut answers = Vec::new();
        while let Some(frame) = self.engine.next_frame(self.id, self.disk) {
            answers.push(PairingMessage::parse(&frame).unwrap());
        }
        answers
    }
}

fn random() -> rand_chacha::ChaCha20Rng {
    use rand_core::SeedableRng;
    rand_chacha::ChaCha20Rng::seed_from_u64(99)
}

/// Somebody between the two passes everything on, over two connections of their own.
#[test]
fn a_person_in_the_middle_who_relays_is_refused() {
    let (mut world, notebook) = world(12);
    let ticket = world.invite(0, notebook, true).unwrap();
    let now = world.time_of(0);
    let ben = people()[1].clone();
    let middle = people()[5].clone();
    let joiner = Joiner::new(
        ticket,
        ben.roster.clone(),
        &ben.device,
        ben.name.clone(),
        ben.device_label.clone(),
        &mut random(),
    );
    // Ben's connection ends at the one in the middle: its exporter is another.
    let hello = joiner.hello(&[1; 32]);
    let device = world.device_mut(0).unwrap();
    let engine = device.engine.as_mut().unwrap();
    let id = ConnectionId(u64::MAX);
    let remote = middle.device.card().transport;
    engine.connected(id, ConnectionKind::Pairing, remote, [2; 32], now);
    let mut door = Door {
        engine,
        disk: &mut device.disk,
        id,
    };
    let answers = door.say(&hello, now);
    assert_eq!(answers, [PairingMessage::Refused(Refusal::Invalid)]);
    assert!(
        engine
            .take_effects()
            .contains(&Effect::Close(id, CloseReason::Done))
    );
}

/// Somebody who also has a copy of the ticket, and somehow both transport keys, plays inviter to the
/// one and joiner to the other. They get in, but the words on the two sides differ.
#[test]
fn a_person_in_the_middle_with_the_ticket_gets_other_words() {
    let (mut world, notebook) = world(13);
    let ticket = world.invite(0, notebook, true).unwrap();
    let now = world.time_of(0);
    let (ana, ben, middle) = (
        people()[0].clone(),
        people()[1].clone(),
        people()[5].clone(),
    );
    let device = world.device_mut(0).unwrap();
    let engine = device.engine.as_mut().unwrap();
    let id = ConnectionId(u64::MAX);
    let remote = middle.device.card().transport;
    engine.connected(id, ConnectionKind::Pairing, remote, [2; 32], now);
    let mut to_ben = Joiner::new(
        ticket.clone(),
        ben.roster.clone(),
        &ben.device,
        ben.name.clone(),
        ben.device_label.clone(),
        &mut random(),
    );
    let mut to_ana = Joiner::new(
        ticket.clone(),
        middle.roster.clone(),
        &middle.device,
        "Ben".to_owned(),
        "laptop".to_owned(),
        &mut random(),
    );
    let mut door = Door {
        engine,
        disk: &mut device.disk,
        id,
    };
    let offer = door.say(&to_ana.hello(&[2; 32]), now).remove(0);
    // Ben is shown Ana's offer, which the ticket pins, and answers with his nonce.
    let JoinerStep::Send(ben_reveals) = to_ben.handle(offer.clone()).unwrap() else {
        panic!("Ben does not go on");
    };
    let JoinerStep::Send(middle_reveals) = to_ana.handle(offer.clone()).unwrap() else {
        panic!("the one in the middle does not go on");
    };
    // Passing on Ben's own answer does not fit what the one in the middle committed to, and a door
    // that was lied to is shut, so only their own is left.
    let answers = door.say(&middle_reveals, now);
    assert!(matches!(
        answers.last(),
        Some(PairingMessage::Welcome { .. })
    ));

    let PairingMessage::Offer { nonce: ours, .. } = &offer else {
        panic!("{offer:?}");
    };
    let PairingMessage::Reveal { nonce, roster, .. } = &ben_reveals else {
        panic!("{ben_reveals:?}");
    };
    let bens_roster = Roster::read(&mut Reader::new(roster)).unwrap();
    let ben_sees = verification_words(
        ticket.invite,
        (ana.person(), ana.device.id()),
        (bens_roster.person(), ben.device.id()),
        (ours, nonce),
    );
    let ana_sees = engine
        .verification(notebook, middle.person(), &device.disk)
        .unwrap()
        .unwrap()
        .words;
    assert_ne!(ben_sees, ana_sees);
}

#[test]
fn a_roster_that_was_not_committed_to_is_refused() {
    let (mut world, notebook) = world(14);
    let ticket = world.invite(0, notebook, true).unwrap();
    let now = world.time_of(0);
    let (ben, chloe) = (people()[1].clone(), people()[2].clone());
    let device = world.device_mut(0).unwrap();
    let engine = device.engine.as_mut().unwrap();
    let id = ConnectionId(u64::MAX);
    let remote = ben.device.card().transport;
    engine.connected(id, ConnectionKind::Pairing, remote, [2; 32], now);
    let mut joiner = Joiner::new(
        ticket.clone(),
        ben.roster.clone(),
        &ben.device,
        ben.name.clone(),
        ben.device_label,
        &mut random(),
    );
    let mut door = Door {
        engine,
        disk: &mut device.disk,
        id,
    };
    let offer = door.say(&joiner.hello(&[2; 32]), now).remove(0);
    let JoinerStep::Send(PairingMessage::Reveal {
        nonce,
        name,
        device_label,
        ..
    }) = joiner.handle(offer).unwrap()
    else {
        panic!("Ben does not go on");
    };
    let signed = Admit::proof_bytes(notebook, ticket.invite, &chloe.roster);
    let swapped = PairingMessage::Reveal {
        nonce,
        roster: chloe.roster.to_bytes(),
        name,
        device_label,
        proof: ticket.secret.signing().sign(&signed),
    };
    let answers = door.say(&swapped, now);
    assert_eq!(answers, [PairingMessage::Refused(Refusal::Protocol)]);
    check_inviter(&mut world, notebook, 1);
}
