//! Somebody whom another one takes to be out, since it has heard of a removal and not of what voids it: on whole
//! nodes, without a third who tells it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use hearth_core::control::{Role, SignedText};
use hearth_core::document::DocumentId;
use hearth_core::ids::{NotebookId, PersonId};
use hearth_core::limits::{OBJECTION_ENTRIES_MAX, OBJECTION_ROUNDS_MAX};
use hearth_core::mirror::MirrorLimits;
use hearth_core::replica::{Replica, Standing};
use hearth_testkit::world::{PairingEnd, World};

const ANA: usize = 0;
const BEN: usize = 1;
const CHLOE: usize = 2;
const DENIZ: usize = 3;

/// A notebook of Ana in which the others write; Ben is an admin. Nobody is linked.
fn apart(seed: u64) -> (World, NotebookId) {
    let mut world = World::new(seed, 4).unwrap();
    let notebook = world.create(ANA, Role::Mentor).unwrap();
    world.start_note(ANA, notebook).unwrap();
    for node in 1..4 {
        join(&mut world, notebook, node, node == BEN);
    }
    world.run_until_quiet().unwrap();
    for node in 0..4 {
        world.crash(node);
    }
    world.run_until_quiet().unwrap();
    for node in 0..4 {
        world.start(node).unwrap();
    }
    (world, notebook)
}

fn join(world: &mut World, notebook: NotebookId, node: usize, admin: bool) {
    let expires_ms = world.time_of(ANA) + 1_000_000;
    let ticket = world
        .invite_until(ANA, notebook, Role::Peer, admin, expires_ms)
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

fn takes_for_member(world: &World, node: usize, whom: usize, notebook: NotebookId) -> bool {
    let membership = replica(world, node, notebook).membership();
    membership.member(&person(world, whom)).is_some()
}

fn remove(world: &mut World, by: usize, whom: usize, notebook: NotebookId) {
    let person = person(world, whom);
    let removed = world.act(by, |engine, disk, random| {
        engine.remove_member(notebook, person, None, disk, random)
    });
    removed.unwrap().unwrap();
}

/// Has two nodes that know each other meet, and parts them again.
fn meet_and_part(world: &mut World, one: usize, other: usize) {
    world.dial(one, other);
    world.run_for(3_000).unwrap();
    for node in [one, other] {
        world.crash(node);
        world.start(node).unwrap();
    }
    world.run_until_quiet().unwrap();
}

fn closed(world: &World, node: usize, reason: &str) -> u64 {
    let device = world.device(node).unwrap();
    device.closed.get(reason).copied().unwrap_or(0)
}

/// Ana removes Ben, which Chloe hears. Ben, who has not, removes Chloe, which Deniz hears from him.
fn backdated(seed: u64) -> (World, NotebookId) {
    let (mut world, notebook) = apart(seed);
    remove(&mut world, ANA, BEN, notebook);
    meet_and_part(&mut world, ANA, CHLOE);
    remove(&mut world, BEN, CHLOE, notebook);
    meet_and_part(&mut world, BEN, DENIZ);
    assert!(takes_for_member(&world, CHLOE, CHLOE, notebook));
    assert!(!takes_for_member(&world, DENIZ, CHLOE, notebook));
    (world, notebook)
}

fn same_text(world: &mut World, nodes: [usize; 2], notebook: NotebookId) -> bool {
    let [one, other] = nodes.map(|node| world.note_text(node, notebook).unwrap());
    one == other
}

#[test]
fn whoever_was_removed_by_somebody_removed_shows_that_to_a_member_who_has_not_heard() {
    let (mut world, notebook) = backdated(1);
    while !world.edit(CHLOE, notebook).unwrap() {}
    world.dial(CHLOE, DENIZ);
    world.run_for(3_000).unwrap();
    assert!(world.network.are_linked(CHLOE, DENIZ), "on the same link");
    assert!(takes_for_member(&world, DENIZ, CHLOE, notebook));
    assert!(!takes_for_member(&world, DENIZ, BEN, notebook));
    assert!(same_text(&mut world, [CHLOE, DENIZ], notebook));
    while !world.edit(DENIZ, notebook).unwrap() {}
    world.run_for(3_000).unwrap();
    assert!(same_text(&mut world, [CHLOE, DENIZ], notebook));
    // It is on Deniz's disk, and Ben is told by him.
    world.crash(DENIZ);
    world.start(DENIZ).unwrap();
    assert!(takes_for_member(&world, DENIZ, CHLOE, notebook));
    world.dial(BEN, DENIZ);
    world.run_for(8_000).unwrap();
    let standing = replica(&world, BEN, notebook).standing();
    assert!(matches!(standing, Standing::Removed(_)), "{standing:?}");
}

/// Has somebody sign so many texts, each of which is a control entry.
fn sign(world: &mut World, node: usize, notebook: NotebookId, count: u32) {
    for number in 0..count {
        let mut text_hash = [7; 32];
        text_hash[..4].copy_from_slice(&number.to_le_bytes());
        let signed = world.act(node, |engine, disk, _| {
            engine.sign_text(notebook, text_hash, DocumentId::INDEX, Vec::new(), disk)
        });
        signed.unwrap().unwrap();
    }
}

/// What Ana knew when she removed Ben, and Deniz does not, is more than two frames hold.
#[test]
fn what_voids_a_removal_is_shown_in_rounds_where_it_is_much() {
    let (mut world, notebook) = apart(6);
    sign(&mut world, ANA, notebook, 600);
    remove(&mut world, ANA, BEN, notebook);
    meet_and_part(&mut world, ANA, CHLOE);
    remove(&mut world, BEN, CHLOE, notebook);
    meet_and_part(&mut world, BEN, DENIZ);
    let before = replica(&world, DENIZ, notebook).controls().len();
    assert!(!takes_for_member(&world, DENIZ, CHLOE, notebook));
    while !world.edit(CHLOE, notebook).unwrap() {}
    world.dial(CHLOE, DENIZ);
    world.run_for(6_000).unwrap();
    let engine = world.device(CHLOE).unwrap().engine.as_ref().unwrap();
    let shown: usize = engine
        .sessions()
        .map(|(_, session)| session.shown(notebook).len())
        .sum();
    let rounds = shown.div_ceil(OBJECTION_ENTRIES_MAX);
    assert_eq!(rounds, 3, "{shown} entries were shown");
    assert!(takes_for_member(&world, DENIZ, CHLOE, notebook));
    assert!(!takes_for_member(&world, DENIZ, BEN, notebook));
    assert!(replica(&world, DENIZ, notebook).controls().len() > before + 600);
    assert!(same_text(&mut world, [CHLOE, DENIZ], notebook));
}

/// More than all rounds hold is not begun: the two are apart until a third tells it.
#[test]
fn more_than_all_rounds_hold_is_not_shown() {
    let (mut world, notebook) = apart(7);
    let many = OBJECTION_ROUNDS_MAX * OBJECTION_ENTRIES_MAX + 1;
    sign(&mut world, ANA, notebook, u32::try_from(many).unwrap());
    remove(&mut world, ANA, BEN, notebook);
    meet_and_part(&mut world, ANA, CHLOE);
    remove(&mut world, BEN, CHLOE, notebook);
    meet_and_part(&mut world, BEN, DENIZ);
    let before = replica(&world, DENIZ, notebook).controls().digest();
    world.dial(CHLOE, DENIZ);
    world.run_for(6_000).unwrap();
    assert_eq!(replica(&world, DENIZ, notebook).controls().digest(), before);
    meet_and_part(&mut world, ANA, DENIZ);
    assert!(takes_for_member(&world, DENIZ, CHLOE, notebook));
}

#[test]
fn a_notebook_goes_on_over_a_link_that_other_notebooks_keep_open() {
    let (mut world, notebook) = apart(2);
    // Chloe and Deniz share a second notebook, so their link stays whatever becomes of the first.
    let second = world.create(CHLOE, Role::Peer).unwrap();
    world.start_note(CHLOE, second).unwrap();
    let ticket = world.invite(CHLOE, second, true).unwrap();
    let end = world.join_and_wait(DENIZ, &ticket).unwrap();
    assert!(matches!(end, PairingEnd::Joined { .. }), "{end:?}");
    remove(&mut world, ANA, BEN, notebook);
    meet_and_part(&mut world, ANA, CHLOE);
    remove(&mut world, BEN, CHLOE, notebook);
    meet_and_part(&mut world, BEN, DENIZ);
    world.dial(CHLOE, DENIZ);
    world.run_for(3_000).unwrap();
    assert!(takes_for_member(&world, DENIZ, CHLOE, notebook));
    for node in [CHLOE, DENIZ] {
        while !world.edit(node, notebook).unwrap() {}
    }
    world.run_for(3_000).unwrap();
    assert!(same_text(&mut world, [CHLOE, DENIZ], notebook));
    assert!(same_text(&mut world, [CHLOE, DENIZ], second));
}

#[test]
fn whoever_was_let_in_again_shows_that_to_a_member_who_knows_of_the_removal_alone() {
    let (mut world, notebook) = apart(3);
    remove(&mut world, ANA, CHLOE, notebook);
    meet_and_part(&mut world, ANA, DENIZ);
    meet_and_part(&mut world, ANA, CHLOE);
    join(&mut world, notebook, CHLOE, false);
    meet_and_part(&mut world, ANA, CHLOE);
    assert!(!takes_for_member(&world, DENIZ, CHLOE, notebook));
    world.dial(CHLOE, DENIZ);
    world.run_for(3_000).unwrap();
    assert!(takes_for_member(&world, DENIZ, CHLOE, notebook));
    while !world.edit(CHLOE, notebook).unwrap() {}
    world.run_for(3_000).unwrap();
    assert!(same_text(&mut world, [CHLOE, DENIZ], notebook));
}

/// Chloe was removed for good, and has signed something that nobody else knows.
#[test]
fn whoever_is_out_says_nothing_against_it_and_leaves_no_trace() {
    let (mut world, notebook) = apart(4);
    remove(&mut world, ANA, CHLOE, notebook);
    meet_and_part(&mut world, ANA, DENIZ);
    let signed = world.act(CHLOE, |engine, disk, _| {
        let text = SignedText {
            text_hash: [7; 32],
            document: DocumentId::INDEX,
            document_heads: Vec::new(),
        };
        engine.sign_text(notebook, text.text_hash, text.document, Vec::new(), disk)
    });
    signed.unwrap().unwrap();
    let before = replica(&world, DENIZ, notebook).controls().digest();
    world.dial(CHLOE, DENIZ);
    world.run_for(1_000).unwrap();
    // She finds out and says so: nobody waits for her time to be over.
    assert!(!world.network.are_linked(CHLOE, DENIZ));
    assert_eq!(closed(&world, DENIZ, "Removed"), 1);
    assert_eq!(replica(&world, DENIZ, notebook).controls().digest(), before);
    let standing = replica(&world, CHLOE, notebook).standing();
    assert!(matches!(standing, Standing::Removed(_)), "{standing:?}");
}

#[test]
fn a_mirror_that_knows_of_the_removal_alone_is_shown_as_well() {
    let (mut world, notebook) = apart(5);
    let roomy = MirrorLimits {
        total_bytes: 1 << 30,
        notebook_bytes: 1 << 30,
    };
    let mirror = world.add_mirror_node(roomy).unwrap();
    world.add_mirror(ANA, mirror, notebook).unwrap();
    for node in [BEN, CHLOE] {
        meet_and_part(&mut world, ANA, node);
    }
    remove(&mut world, ANA, BEN, notebook);
    meet_and_part(&mut world, ANA, CHLOE);
    remove(&mut world, BEN, CHLOE, notebook);
    world.visit_mirror(BEN, mirror).unwrap();
    world.crash(BEN);
    world.run_until_quiet().unwrap();
    while !world.edit(CHLOE, notebook).unwrap() {}
    world.dial_mirror(CHLOE, mirror);
    world.run_for(3_000).unwrap();
    let engine = world.device(CHLOE).unwrap().engine.as_ref().unwrap();
    let status = engine.mirror_statuses(notebook).remove(0);
    assert_eq!(status.behind, 0, "the mirror has all of it");
    let held = world.mirror(mirror).unwrap();
    assert!(held.disk.entry_count(notebook) > 0);
}
