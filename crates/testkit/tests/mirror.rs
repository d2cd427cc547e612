//! Mirrors: people who are never online together, and mirrors that crash, fill up, roll back and lie.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use hearth_core::control::Role;
use hearth_core::engine::MirrorStatus;
use hearth_core::ids::NotebookId;
use hearth_core::mirror::{MirrorAnswer, MirrorEffect, MirrorLimits};
use hearth_testkit::dice::Dice;
use hearth_testkit::world::World;

const ANA: usize = 0;
const BEN: usize = 1;
const CHLOE: usize = 2;

const ROOMY: MirrorLimits = MirrorLimits {
    total_bytes: 1 << 30,
    notebook_bytes: 1 << 30,
};

/// Ana and Ben share a notebook, and a mirror holds it. They never meet again.
fn with_mirror(seed: u64, limits: MirrorLimits) -> (World, usize, NotebookId) {
    let mut world = World::new(seed, 3).unwrap();
    let notebook = world.create(ANA, Role::Peer).unwrap();
    world.start_note(ANA, notebook).unwrap();
    world.pair(ANA, BEN, notebook).unwrap();
    world.meet(ANA, BEN).unwrap();
    world.run_until_quiet().unwrap();
    let mirror = world.add_mirror_node(limits).unwrap();
    world.add_mirror(ANA, mirror, notebook).unwrap();
    world.run_until_quiet().unwrap();
    let now = world.clock.now_ms();
    world.network.part(ANA, BEN, now);
    world.run_until_quiet().unwrap();
    (world, mirror, notebook)
}

/// Has Ben hear of the mirror: he and Ana meet once more, since nobody else could tell him.
fn tell_ben(world: &mut World) {
    let now = world.clock.now_ms();
    world.network.heal(now);
    world.meet(ANA, BEN).unwrap();
    let now = world.clock.now_ms();
    world.network.part(ANA, BEN, now);
    world.run_until_quiet().unwrap();
}

fn status(world: &World, node: usize, notebook: NotebookId) -> MirrorStatus {
    let engine = world.device(node).unwrap().engine.as_ref().unwrap();
    let mut statuses = engine.mirror_statuses(notebook);
    assert_eq!(statuses.len(), 1, "device {node} knows of one mirror");
    statuses.remove(0)
}

fn edit(world: &mut World, node: usize, notebook: NotebookId) {
    while !world.edit(node, notebook).unwrap() {}
}

#[test]
fn two_who_are_never_online_together_work_through_a_mirror_for_a_month() {
    for seed in 300..304 {
        let (mut world, mirror, notebook) = with_mirror(seed, ROOMY);
        tell_ben(&mut world);
        world.crash(ANA);
        world.crash(BEN);
        for day in 0..30 {
            let here = [ANA, BEN][day % 2];
            world.start(here).unwrap();
            for _ in 0..world.random.below(4) {
                world.edit(here, notebook).unwrap();
            }
            world.dial_mirror(here, mirror);
            for _ in 0..world.random.below(60) {
                world.step().unwrap();
            }
            if world.random.chance(5) {
                world.crash_mirror(mirror);
                world.start_mirror(mirror).unwrap();
                world.run_until_quiet().unwrap();
                world.dial_mirror(here, mirror);
            }
            world.edit(here, notebook).unwrap();
            world.run_until_quiet().unwrap();
            assert_eq!(status(&world, here, notebook).behind, 0);
            world.crash(here);
        }
        for here in [ANA, BEN] {
            world.start(here).unwrap();
            world.visit_mirror(here, mirror).unwrap();
            world.crash(here);
        }
        world.start(ANA).unwrap();
        world.start(BEN).unwrap();
        world.visit_mirror(ANA, mirror).unwrap();
        world.check_converged().unwrap();
        let held = world.mirror(mirror).unwrap();
        assert!(!held.can_read() && held.canaries == 0);
        assert!(held.disk.entry_count(notebook) > 30);
        let refused = held
            .said
            .iter()
            .find(|said| matches!(said, MirrorEffect::Stopped(..) | MirrorEffect::Full(..)));
        assert_eq!(refused, None, "seed {seed}");
    }
}

#[test]
fn a_mirror_that_goes_back_to_an_older_copy_is_named_and_nothing_is_lost() {
    let (mut world, mirror, notebook) = with_mirror(310, ROOMY);
    world.visit_mirror(ANA, mirror).unwrap();
    let old = world.mirror(mirror).unwrap().disk.clone();
    for _ in 0..5 {
        edit(&mut world, ANA, notebook);
    }
    world.visit_mirror(ANA, mirror).unwrap();
    assert!(status(&world, ANA, notebook).holds_all);
    world.crash_mirror(mirror);
    world.mirror(mirror).unwrap().disk = old;
    world.start_mirror(mirror).unwrap();
    world.visit_mirror(ANA, mirror).unwrap();
    let status = status(&world, ANA, notebook);
    let proof = status.record.rolled_back.clone().expect("it is named");
    let key = world.mirror(mirror).unwrap().ticket().card.verify_key;
    for receipt in [&proof.before, &proof.after] {
        assert!(receipt.verify(notebook, &key).is_ok());
    }
    assert!(proof.lost_entries() >= 5, "the receipts prove it");
    assert!(
        status.holds_all && status.has_made_good,
        "it was sent all again"
    );
}

#[test]
fn a_mirror_that_alters_entries_is_named_and_refused() {
    let (mut world, mirror, notebook) = with_mirror(311, ROOMY);
    tell_ben(&mut world);
    for _ in 0..3 {
        edit(&mut world, ANA, notebook);
    }
    world.visit_mirror(ANA, mirror).unwrap();
    world.crash_mirror(mirror);
    world
        .mirror(mirror)
        .unwrap()
        .disk
        .alter_last_entry(notebook);
    world.start_mirror(mirror).unwrap();
    let before = world
        .device(BEN)
        .unwrap()
        .replica(notebook)
        .unwrap()
        .frontier()
        .clone();
    world.visit_mirror(BEN, mirror).unwrap();
    let status = status(&world, BEN, notebook);
    assert!(status.record.forged.is_some(), "{status:?}");
    let replica = world.device(BEN).unwrap().replica(notebook).unwrap();
    assert!(replica.set_aside().is_empty());
    assert!(
        replica.frontier().beyond(&before) <= 2,
        "what is sound may be taken"
    );
}

#[test]
fn what_a_mirror_keeps_back_shows_as_not_heard_from() {
    let (mut world, mirror, notebook) = with_mirror(312, ROOMY);
    world.visit_mirror(ANA, mirror).unwrap();
    let heard = |world: &World| status(world, ANA, notebook).heard_ms;
    let at = heard(&world).expect("it was heard");
    world.crash_mirror(mirror);
    world.run_for(60_000).unwrap();
    edit(&mut world, ANA, notebook);
    world.run_until_quiet().unwrap();
    let status = status(&world, ANA, notebook);
    assert_eq!((status.connected, status.behind), (false, 1));
    assert_eq!(heard(&world), Some(at), "nothing is made up since");
}

#[test]
fn a_mirror_without_room_says_so_and_goes_on_giving_what_it_has() {
    let tight = MirrorLimits {
        total_bytes: 1 << 30,
        notebook_bytes: 64 * 1024,
    };
    let (mut world, mirror, notebook) = with_mirror(313, tight);
    for _ in 0..300 {
        edit(&mut world, ANA, notebook);
    }
    world.visit_mirror(ANA, mirror).unwrap();
    let told = status(&world, ANA, notebook);
    let (_, quota) = told.record.full.expect("it says so");
    assert_eq!(quota.max_bytes, tight.notebook_bytes);
    assert!(quota.used_bytes <= quota.max_bytes && told.behind > 0);
    let held = world.mirror(mirror).unwrap();
    assert!(
        held.said
            .iter()
            .any(|said| matches!(said, MirrorEffect::Full(..)))
    );
    // With more room it takes the rest, and the complaint is over.
    world.crash_mirror(mirror);
    world.mirror(mirror).unwrap().limits = ROOMY;
    world.start_mirror(mirror).unwrap();
    world.visit_mirror(ANA, mirror).unwrap();
    let told = status(&world, ANA, notebook);
    assert_eq!((told.behind, told.record.full), (0, None));
}

#[test]
fn a_mirror_takes_nothing_from_strangers_nor_for_a_wrong_pass() {
    let (mut world, mirror, notebook) = with_mirror(314, ROOMY);
    assert!(world.dial_mirror(CHLOE, mirror));
    world.run_until_quiet().unwrap();
    let closed = &world.mirror(mirror).unwrap().closed;
    assert_eq!(closed.get("Stranger"), Some(&1));
    // A notebook that does not name it is not held, whoever asks, and neither is one for a pass that is not its own.
    let other = world.create(CHLOE, Role::Peer).unwrap();
    let mut ticket = world.mirror(mirror).unwrap().ticket();
    ticket.pass = hearth_core::identity::MirrorPass::from_bytes([1; 16]);
    let added = world.act(CHLOE, |engine, disk, random| {
        engine.add_mirror(other, &ticket, disk, random).map(drop)
    });
    assert!(matches!(added, Some(Ok(()))));
    let answer = world.ask_mirror(CHLOE, mirror, other).unwrap();
    assert_eq!(answer, MirrorAnswer::WrongPass);
    assert!(status(&world, CHLOE, other).record.refused.is_some());
    let engine = world.mirror(mirror).unwrap().mirror.as_ref().unwrap();
    assert_eq!(engine.notebooks().collect::<Vec<_>>(), [notebook]);
}

#[test]
fn a_removed_member_gets_nothing_more_from_a_mirror_and_is_told_why() {
    let (mut world, mirror, notebook) = with_mirror(315, ROOMY);
    tell_ben(&mut world);
    world.visit_mirror(ANA, mirror).unwrap();
    let ben = world.person_at(BEN).unwrap();
    let removed = world.act(ANA, |engine, disk, random| {
        engine
            .remove_member(notebook, ben, None, disk, random)
            .map(drop)
    });
    assert!(matches!(removed, Some(Ok(()))));
    edit(&mut world, ANA, notebook);
    world.visit_mirror(ANA, mirror).unwrap();
    let before = world.device(BEN).unwrap().disk.entry_count(notebook);
    world.visit_mirror(BEN, mirror).unwrap();
    let replica = world.device(BEN).unwrap().replica(notebook).unwrap();
    assert!(
        replica.standing().ending().is_some(),
        "he is told: {:?}",
        replica.standing()
    );
    let after = world.device(BEN).unwrap().disk.entry_count(notebook);
    assert_eq!(before, after);
    assert_eq!(
        world.mirror(mirror).unwrap().closed.get("Removed"),
        Some(&1)
    );
}

#[test]
fn a_mirror_that_is_removed_hears_of_it_and_is_sent_nothing_more() {
    let (mut world, mirror, notebook) = with_mirror(316, ROOMY);
    world.dial_mirror(ANA, mirror);
    world.run_until_quiet().unwrap();
    let id = world.mirror(mirror).unwrap().id();
    let removed = world.act(ANA, |engine, disk, _| {
        engine.remove_mirror(notebook, id, disk).map(drop)
    });
    assert!(matches!(removed, Some(Ok(()))));
    world.run_until_quiet().unwrap();
    let held = world.mirror(mirror).unwrap();
    let engine = held.mirror.as_ref().unwrap();
    assert!(!engine.status(notebook).unwrap().is_named);
    let entries = held.disk.entry_count(notebook);
    edit(&mut world, ANA, notebook);
    world.dial_mirror(ANA, mirror);
    world.run_until_quiet().unwrap();
    assert_eq!(
        world.mirror(mirror).unwrap().disk.entry_count(notebook),
        entries
    );
}

#[test]
fn a_mirror_that_is_removed_while_it_is_away_hears_of_it_when_it_is_met() {
    let (mut world, mirror, notebook) = with_mirror(318, ROOMY);
    world.visit_mirror(ANA, mirror).unwrap();
    world.crash_mirror(mirror);
    let id = world.mirror(mirror).unwrap().id();
    let removed = world.act(ANA, |engine, disk, _| {
        engine.remove_mirror(notebook, id, disk).map(drop)
    });
    assert!(matches!(removed, Some(Ok(()))));
    let looks_for_it = |world: &World| {
        let engine = world.device(ANA).unwrap().engine.as_ref().unwrap();
        let mut mirrors = engine.mirror_transports();
        mirrors.any(|(peer, _)| peer == id.as_peer())
    };
    assert!(looks_for_it(&world), "it is still to be told");
    world.start_mirror(mirror).unwrap();
    let is_named = |world: &mut World| {
        let held = world.mirror(mirror).unwrap();
        held.mirror
            .as_ref()
            .unwrap()
            .status(notebook)
            .unwrap()
            .is_named
    };
    assert!(is_named(&mut world));
    world.visit_mirror(ANA, mirror).unwrap();
    assert!(!is_named(&mut world));
    // It shows that it knows, and is left alone from then on, after a restart too.
    world.visit_mirror(ANA, mirror).unwrap();
    assert!(!looks_for_it(&world));
    world.crash(ANA);
    world.start(ANA).unwrap();
    assert!(!looks_for_it(&world));
    // Added again and removed again, it is told again.
    world.add_mirror(ANA, mirror, notebook).unwrap();
    world.visit_mirror(ANA, mirror).unwrap();
    assert!(is_named(&mut world));
    let removed = world.act(ANA, |engine, disk, _| {
        engine.remove_mirror(notebook, id, disk).map(drop)
    });
    assert!(matches!(removed, Some(Ok(()))));
    assert!(looks_for_it(&world));
}

#[test]
fn a_mirror_opens_as_it_was_wherever_its_power_is_cut() {
    for nth in 0..12 {
        let (mut world, mirror, notebook) = with_mirror(320 + nth, ROOMY);
        for _ in 0..6 {
            edit(&mut world, ANA, notebook);
        }
        let fault = [
            hearth_testkit::disk::Fault::Torn,
            hearth_testkit::disk::Fault::Failed,
        ][nth as usize % 2];
        world
            .mirror(mirror)
            .unwrap()
            .disk
            .fail_commit(nth / 2, fault);
        world.dial_mirror(ANA, mirror);
        world.run_until_quiet().unwrap();
        world.crash_mirror(mirror);
        world.mirror(mirror).unwrap().disk.mend();
        world.start_mirror(mirror).unwrap();
        world.visit_mirror(ANA, mirror).unwrap();
        let status = status(&world, ANA, notebook);
        assert!(status.holds_all, "commit {nth}: {status:?}");
        assert_eq!(
            status.record.rolled_back, None,
            "it had signed for nothing that was lost"
        );
    }
}

#[test]
fn a_forked_log_goes_through_a_mirror_whole_and_stays_forked_there() {
    let (mut world, mirror, notebook) = with_mirror(340, ROOMY);
    tell_ben(&mut world);
    for _ in 0..3 {
        edit(&mut world, ANA, notebook);
    }
    world.visit_mirror(ANA, mirror).unwrap();
    let copy = world.copy_home(ANA).unwrap();
    edit(&mut world, ANA, notebook);
    edit(&mut world, copy, notebook);
    edit(&mut world, copy, notebook);
    world.visit_mirror(ANA, mirror).unwrap();
    world.visit_mirror(copy, mirror).unwrap();
    let frontier = |world: &mut World| {
        let held = world.mirror(mirror).unwrap();
        let mirror = held.mirror.as_ref().unwrap();
        mirror.outline(notebook).unwrap().frontier().clone()
    };
    let before = frontier(&mut world);
    let branches: usize = before.branches.values().map(Vec::len).sum();
    assert_eq!(branches, 1, "both histories are held");
    for is_clean in [false, true] {
        let held = world.mirror(mirror).unwrap();
        if is_clean {
            let engine = held.mirror.as_mut().unwrap();
            engine.snapshot(&mut held.disk).unwrap();
        }
        world.crash_mirror(mirror);
        world.start_mirror(mirror).unwrap();
        assert_eq!(frontier(&mut world), before, "saved: {is_clean}");
    }
    world.visit_mirror(BEN, mirror).unwrap();
    let replica = world.device(BEN).unwrap().replica(notebook).unwrap();
    let here = replica.frontier().clone();
    assert_eq!(here.branches, before.branches, "Ben has both");
    assert_eq!(here.beyond(&before), 0);
    let said = &world.mirror(mirror).unwrap().said;
    assert!(
        !said
            .iter()
            .any(|said| matches!(said, MirrorEffect::Stopped(..))),
        "{said:?}"
    );
}

#[test]
fn what_a_removed_member_gets_through_a_mirror_that_has_not_heard_counts_for_nothing() {
    let (mut world, mirror, notebook) = with_mirror(350, ROOMY);
    tell_ben(&mut world);
    world.visit_mirror(ANA, mirror).unwrap();
    world.visit_mirror(BEN, mirror).unwrap();
    let ben = world.person_at(BEN).unwrap();
    let removed = world.act(ANA, |engine, disk, random| {
        engine
            .remove_member(notebook, ben, None, disk, random)
            .map(drop)
    });
    assert!(matches!(removed, Some(Ok(()))));
    // Neither Ben nor the mirror knows, so it takes what he writes and gives it to whoever comes.
    edit(&mut world, BEN, notebook);
    world.visit_mirror(BEN, mirror).unwrap();
    edit(&mut world, ANA, notebook);
    world.visit_mirror(ANA, mirror).unwrap();
    let replica = world.device(ANA).unwrap().replica(notebook).unwrap();
    let set_aside: Vec<_> = replica.set_aside().values().collect();
    assert!(!set_aside.is_empty(), "his late entry is kept and named");
    assert!(set_aside.iter().all(|named| named.person == Some(ben)));
    let known = world.device(BEN).unwrap().disk.entry_count(notebook);
    world.visit_mirror(BEN, mirror).unwrap();
    let ben = world.device(BEN).unwrap();
    assert_eq!(
        ben.disk.entry_count(notebook),
        known,
        "nothing new reaches him"
    );
    assert!(ben.replica(notebook).unwrap().standing().ending().is_some());
}
