//! A disk that fails or loses power at any commit costs nothing that was acknowledged.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use hearth_core::control::Role;
use hearth_core::engine::Identity;
use hearth_core::ids::NotebookId;
use hearth_core::storage::Storage;
use hearth_testkit::disk::{Fault, MemoryDisk};
use hearth_testkit::world::{Checked, PairingEnd, World};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

/// What two people do in the scenario; every step may fail, and is then tried again after a start.
fn scenario(world: &mut World, victim: usize) -> Checked<NotebookId> {
    let notebook = world.create(0, Role::Mentor)?;
    world.start_note(0, notebook)?;
    let ticket = loop {
        match world.invite(0, notebook, true) {
            Some(ticket) => break ticket,
            None => restart(world, victim)?,
        }
    };
    loop {
        restart(world, victim)?;
        match world.join_and_wait(1, &ticket)? {
            PairingEnd::Joined { .. } => break,
            _ => continue,
        }
    }
    for round in 0..6 {
        restart(world, victim)?;
        if !world.network.are_linked(0, 1) {
            world.dial(round % 2, 1 - round % 2);
        }
        for node in [0, 1] {
            if world.is_up(node) {
                world.edit(node, notebook)?;
            }
        }
        if round == 3 {
            for node in world.up() {
                let device = world.device_mut(node)?;
                if let Some(engine) = &mut device.engine {
                    let _may_fail = engine.snapshot(&mut device.disk);
                }
                world.crash_if_down(node);
            }
        }
        world.run_for(300)?;
    }
    Ok(notebook)
}

fn restart(world: &mut World, victim: usize) -> Checked<()> {
    world.crash_if_down(victim);
    if !world.is_up(victim) {
        world.start(victim)?;
    }
    Ok(())
}

fn finish(world: &mut World, victim: usize) -> Checked<()> {
    restart(world, victim)?;
    let now = world.clock.now_ms();
    world.network.heal(now);
    world.meet(0, 1)?;
    world.check_converged()?;
    world.check_statuses()
}

/// Returns how many commits the scenario makes on a device while nothing fails. The first one, which
/// creates the notebook, is left to a test of its own.
fn commits(victim: usize) -> u64 {
    let mut world = World::new(5, 2).unwrap();
    scenario(&mut world, victim).unwrap();
    world.device(victim).unwrap().disk.counts().commits
}

#[test]
fn nothing_acknowledged_is_lost_whichever_commit_fails() {
    for victim in [0, 1] {
        let count = commits(victim);
        assert!(count > 10, "the scenario makes only {count} commits");
        for fault in [Fault::Full, Fault::Failed, Fault::Torn] {
            let first = if victim == 0 { 2 } else { 0 };
            for nth in first..count {
                let mut world = World::new(5, 2).unwrap();
                world.keep_trace();
                let device = world.device_mut(victim).unwrap();
                device.disk.fail_commit(nth, fault);
                let result = scenario(&mut world, victim).and_then(|_| finish(&mut world, victim));
                if let Err(error) = result {
                    panic!(
                        "commit {nth} of {victim} failed ({fault:?}): {error}\n{}",
                        world.trace().join("\n")
                    );
                }
            }
        }
        println!("{count} commits of device {victim}, each failed in three ways");
    }
}

#[test]
fn a_notebook_that_was_not_kept_is_not_there() {
    let mut world = World::new(5, 1).unwrap();
    let device = world.device_mut(0).unwrap();
    device.disk.fail_commit(0, Fault::Full);
    assert!(world.create(0, Role::Mentor).is_err());
    assert!(world.notebooks().is_empty());
    let notebook = world.create(0, Role::Mentor).unwrap();
    world.crash(0);
    world.start(0).unwrap();
    assert!(world.device(0).unwrap().replica(notebook).is_some());
}

#[test]
fn a_notebook_whose_disk_fails_for_a_while_comes_back() {
    let mut world = World::new(6, 1).unwrap();
    let notebook = world.create(0, Role::Mentor).unwrap();
    world.start_note(0, notebook).unwrap();
    let now = world.time_of(0);
    let device = world.device_mut(0).unwrap();
    let engine = device.engine.as_mut().unwrap();
    let mut random = ChaCha20Rng::seed_from_u64(1);
    device.disk.fail_commit(0, Fault::Torn);
    let expires_ms = u64::MAX;
    let failed = engine.invite(
        notebook,
        Role::Peer,
        true,
        expires_ms,
        (Vec::new(), Vec::new()),
        &mut device.disk,
        &mut random,
    );
    assert!(failed.is_err());
    // It does not vanish without a word, and it is looked for.
    assert!(engine.replica(notebook).is_none());
    assert!(engine.unopened().contains_key(&notebook));
    assert!(engine.deadline_ms().is_some_and(|due| due <= now));
    engine.tick(now, &mut device.disk, &mut random);
    assert!(engine.replica(notebook).is_none());
    assert!(engine.deadline_ms().is_some_and(|due| due > now));
    device.disk.restart();
    engine.tick(now + 60_000, &mut device.disk, &mut random);
    assert!(engine.replica(notebook).is_some());
    assert!(engine.unopened().is_empty());
    assert_eq!(engine.deadline_ms(), None);
    assert!(world.edit(0, notebook).unwrap());
}

#[test]
fn a_saved_state_that_does_not_fit_costs_no_entry() {
    let mut world = World::new(6, 1).unwrap();
    let notebook = world.create(0, Role::Mentor).unwrap();
    world.start_note(0, notebook).unwrap();
    let entries = |world: &World| {
        let device = world.device(0).unwrap();
        (
            device.replica(notebook).unwrap().next_position(),
            device.disk.entry_count(notebook) as u64,
        )
    };
    for _ in 0..600 {
        let before = entries(&world).0;
        let disk = &mut world.device_mut(0).unwrap().disk;
        // The second commit of one edit, where there is one, is the saved state.
        let commits = disk.counts().commits;
        disk.fail_commit(1, Fault::Full);
        while !world.edit(0, notebook).unwrap() {}
        let (known, kept) = entries(&world);
        assert_eq!(known, kept);
        assert!(known > before);
        let disk = &mut world.device_mut(0).unwrap().disk;
        disk.mend();
        if disk.counts().commits > commits + 1 {
            world.crash(0);
            world.start(0).unwrap();
            assert_eq!(entries(&world), (known, kept));
            return;
        }
    }
    panic!("no state was saved");
}

/// Two devices that have the same, and a copy of the second one's disk from a moment ago.
fn with_old_copy(edits_since: usize) -> (World, NotebookId, MemoryDisk) {
    let mut world = World::new(21, 2).unwrap();
    let notebook = world.create(0, Role::Mentor).unwrap();
    world.start_note(0, notebook).unwrap();
    world.pair(0, 1, notebook).unwrap();
    world.dial(0, 1);
    world.run_until_quiet().unwrap();
    assert!(world.edit(1, notebook).unwrap());
    world.run_until_quiet().unwrap();
    let copy = world.device(1).unwrap().disk.clone();
    for _ in 0..edits_since {
        while !world.edit(1, notebook).unwrap() {}
    }
    world.run_until_quiet().unwrap();
    world.check_converged().unwrap();
    world.crash(1);
    world.device_mut(1).unwrap().disk = copy.clone();
    world.start(1).unwrap();
    (world, notebook, copy)
}

#[test]
fn a_restored_disk_notices_that_it_is_an_older_copy_and_writes_no_more() {
    let (mut world, notebook, _) = with_old_copy(2);
    world.meet(1, 0).unwrap();
    assert!(world.device(1).unwrap().said_stale);
    assert!(!world.edit(1, notebook).unwrap(), "it wrote on");
    assert!(world.edit(0, notebook).unwrap());
    world.run_until_quiet().unwrap();
    // What it had written before came back to it, and nobody saw a forked log.
    for node in [0, 1] {
        let replica = world.device(node).unwrap().replica(notebook).unwrap();
        assert!(replica.set_aside().is_empty());
    }
    let text = world.note_text(0, notebook).unwrap();
    assert_eq!(world.note_text(1, notebook).unwrap(), text);
}

#[test]
fn a_restored_disk_that_wrote_before_it_met_anybody_is_found_out() {
    // Fewer, as many and more entries than were lost.
    for written in [1, 2, 3] {
        let (mut world, notebook, _) = with_old_copy(2);
        for _ in 0..written {
            while !world.edit(1, notebook).unwrap() {}
        }
        let before = world.note_text(0, notebook).unwrap();
        world.meet(1, 0).unwrap();
        assert!(world.device(1).unwrap().said_stale, "{written} written");
        assert!(!world.edit(1, notebook).unwrap(), "it wrote on");
        assert_eq!(world.note_text(0, notebook).unwrap(), before);
        assert!(world.edit(0, notebook).unwrap());
        // A new start does not make it forget.
        world.crash(1);
        world.start(1).unwrap();
        assert!(!world.edit(1, notebook).unwrap(), "it forgot");
    }
}

#[test]
fn a_node_that_is_started_often_reads_little() {
    let mut world = World::new(3, 1).unwrap();
    let notebook = world.create(0, Role::Mentor).unwrap();
    world.start_note(0, notebook).unwrap();
    for _ in 0..300 {
        world.edit(0, notebook).unwrap();
    }
    let device = world.device_mut(0).unwrap();
    let engine = device.engine.as_mut().unwrap();
    engine.snapshot(&mut device.disk).unwrap();
    let identity: Identity = device.identity.clone();
    let before = device.disk.counts();
    let engine = hearth_core::engine::Engine::open(identity, 1, &[notebook], &device.disk).unwrap();
    let after = device.disk.counts();
    assert_eq!(after.entry_bytes, before.entry_bytes, "history was read");
    assert_eq!(
        after.gets - before.gets,
        2,
        "only the state, and what a device that was brought back awaits, are read by key"
    );
    let known = engine.replica(notebook).unwrap();
    assert_eq!(
        known.next_position(),
        device.disk.entry_count(notebook) as u64
    );
    assert!(
        device
            .disk
            .entries(notebook, known.next_position(), 1)
            .unwrap()
            .is_empty()
    );
}
