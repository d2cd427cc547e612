//! Bundles: people with no network between them hand each other files, through whoever carries them.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use hearth_core::bundle::{BundleForm, BundleOpenError};
use hearth_core::control::Role;
use hearth_core::engine::{
    BundleAim, BundleMakeError, BundleTakeError, BundleTaken, PeerStatus, Verification,
    VerificationState,
};
use hearth_core::ids::NotebookId;
use hearth_testkit::dice::Dice;
use hearth_testkit::disk::{Fault, MemoryDisk};
use hearth_testkit::people::crowd;
use hearth_testkit::world::{BundleFile, World, identity_of};

const ANA: usize = 0;
const BEN: usize = 1;
const CHLOE: usize = 2;

/// Ana and Ben share a notebook and never meet again. Chloe is no member.
fn apart(seed: u64) -> (World, NotebookId) {
    let mut world = World::new(seed, 3).unwrap();
    let notebook = world.create(ANA, Role::Peer).unwrap();
    world.start_note(ANA, notebook).unwrap();
    world.pair(ANA, BEN, notebook).unwrap();
    world.meet(ANA, BEN).unwrap();
    part(&mut world);
    (world, notebook)
}

fn part(world: &mut World) {
    world.run_until_quiet().unwrap();
    let now = world.clock.now_ms();
    for one in 0..world.devices.len() {
        for other in one + 1..world.devices.len() {
            world.network.part(one, other, now);
        }
    }
    world.run_until_quiet().unwrap();
}

fn edit(world: &mut World, node: usize, notebook: NotebookId) {
    while !world.edit(node, notebook).unwrap() {}
}

fn write(world: &mut World, node: usize, notebook: NotebookId, form: BundleForm) -> BundleFile {
    let written = world.write_bundle(node, notebook, BundleAim::All, form);
    written.unwrap().unwrap()
}

fn lacking(world: &mut World, node: usize, notebook: NotebookId) -> BundleFile {
    write(world, node, notebook, BundleForm::Lacking)
}

fn take(world: &mut World, node: usize, bytes: &[u8]) -> BundleTaken {
    world.take_bundle(node, bytes).unwrap().unwrap()
}

fn refused(world: &mut World, node: usize, bytes: &[u8]) -> BundleTakeError {
    world.take_bundle(node, bytes).unwrap().unwrap_err()
}

fn status(world: &World, node: usize, notebook: NotebookId, of: usize) -> PeerStatus {
    let engine = world.device(node).unwrap().engine.as_ref().unwrap();
    let device = world.device(of).unwrap().id();
    let mut statuses = engine.peer_statuses(notebook).into_iter();
    statuses.find(|status| status.device == device).unwrap()
}

fn disk_of(world: &World, node: usize) -> MemoryDisk {
    world.device(node).unwrap().disk.clone()
}

fn is_unchanged(world: &World, node: usize, before: &MemoryDisk) -> bool {
    world.device(node).unwrap().disk.holds_the_same(before)
}

#[test]
fn two_who_never_meet_work_by_file_for_a_month() {
    for seed in 400..404 {
        let (mut world, notebook) = apart(seed);
        let mut carried: Vec<(usize, Vec<u8>)> = Vec::new();
        for day in 0..30 {
            let (here, there) = if day % 2 == 0 { (ANA, BEN) } else { (BEN, ANA) };
            for _ in 0..world.random.below(4) {
                world.edit(here, notebook).unwrap();
            }
            let form = if world.random.chance(5) {
                BundleForm::Whole
            } else {
                BundleForm::Lacking
            };
            let file = write(&mut world, here, notebook, form);
            carried.push((there, file.bytes));
            // Some files are late, and some are taken twice.
            let due = world.random.index(carried.len());
            let (to, bytes) = carried[due].clone();
            take(&mut world, to, &bytes);
            if world.random.chance(2) {
                carried.remove(due);
            }
            if world.random.chance(6) {
                world.crash(here);
                world.start(here).unwrap();
            }
        }
        for (to, bytes) in carried {
            take(&mut world, to, &bytes);
        }
        for (from, to) in [(ANA, BEN), (BEN, ANA), (ANA, BEN)] {
            let file = lacking(&mut world, from, notebook);
            let taken = take(&mut world, to, &file.bytes);
            assert_eq!((taken.missing, taken.misplaced), (0, 0), "seed {seed}");
        }
        world.check_converged().unwrap();
        for (here, there) in [(ANA, BEN), (BEN, ANA)] {
            let status = status(&world, here, notebook, there);
            assert!(status.bundle.is_some() && !status.connected);
            let engine = world.device(here).unwrap().engine.as_ref().unwrap();
            assert_eq!(engine.pending_out(notebook), 0, "seed {seed}");
        }
    }
}

#[test]
fn a_bundle_that_is_taken_again_changes_nothing() {
    let (mut world, notebook) = apart(410);
    for _ in 0..5 {
        edit(&mut world, ANA, notebook);
    }
    let file = lacking(&mut world, ANA, notebook);
    let first = take(&mut world, BEN, &file.bytes);
    assert_eq!((first.entries, first.known, first.missing), (5, 0, 0));
    assert!(first.is_news);
    let before = disk_of(&world, BEN);
    let again = take(&mut world, BEN, &file.bytes);
    assert_eq!((again.entries, again.known, again.controls), (0, 5, 0));
    assert!(!again.is_news);
    assert!(is_unchanged(&world, BEN, &before));
    world.check_converged().unwrap();
}

#[test]
fn a_bundle_leaves_out_what_all_whom_it_is_for_told_that_they_have() {
    let (mut world, notebook) = apart(411);
    let all = write(&mut world, ANA, notebook, BundleForm::Whole).facts;
    let file = lacking(&mut world, ANA, notebook);
    assert_eq!((file.facts.entries, file.facts.left_out), (0, all.entries));
    edit(&mut world, BEN, notebook);
    let back = lacking(&mut world, BEN, notebook);
    assert_eq!(back.facts.entries, 1);
    take(&mut world, ANA, &back.bytes);
    // What Ben had when he made the file needs no network to be known.
    edit(&mut world, ANA, notebook);
    let file = lacking(&mut world, ANA, notebook);
    assert_eq!(
        (file.facts.entries, file.facts.left_out),
        (1, all.entries + 1)
    );
}

#[test]
fn status_says_what_a_bundle_told_and_when_the_network_did() {
    let (mut world, notebook) = apart(412);
    let heard = status(&world, ANA, notebook, BEN).heard_ms;
    assert!(heard.is_some());
    world.run_for(60_000).unwrap();
    edit(&mut world, BEN, notebook);
    edit(&mut world, ANA, notebook);
    let file = lacking(&mut world, BEN, notebook);
    take(&mut world, ANA, &file.bytes);
    let told = status(&world, ANA, notebook, BEN);
    assert_eq!(told.heard_ms, heard);
    assert_eq!(told.bundle.unwrap().made_ms, file.facts.made_ms);
    assert_eq!((told.behind, told.ahead), (1, 0));
    // It outlives the node, and gives way to what is heard.
    world.crash(ANA);
    world.start(ANA).unwrap();
    assert_eq!(status(&world, ANA, notebook, BEN), told);
    let now = world.clock.now_ms();
    world.network.heal(now);
    world.meet(ANA, BEN).unwrap();
    world.run_until_quiet().unwrap();
    let met = status(&world, ANA, notebook, BEN);
    assert!(met.connected && met.bundle.is_none() && met.heard_ms > heard);
}

#[test]
fn nobody_opens_a_bundle_but_those_whom_it_is_for() {
    let (mut world, notebook) = apart(413);
    edit(&mut world, ANA, notebook);
    let file = lacking(&mut world, ANA, notebook);
    for node in [CHLOE, ANA] {
        let before = disk_of(&world, node);
        let error = refused(&mut world, node, &file.bytes);
        let is_not_for_it = matches!(
            error,
            BundleTakeError::Open(BundleOpenError::NotForThisDevice)
        );
        assert!(is_not_for_it, "{error}");
        assert!(is_unchanged(&world, node, &before));
    }
}

#[test]
fn a_removed_member_opens_nothing_that_was_written_after_it() {
    let mut world = World::new(414, 3).unwrap();
    let notebook = world.create(ANA, Role::Peer).unwrap();
    world.start_note(ANA, notebook).unwrap();
    for node in [BEN, CHLOE] {
        world.pair(ANA, node, notebook).unwrap();
        world.meet(ANA, node).unwrap();
    }
    part(&mut world);
    let old = lacking(&mut world, ANA, notebook);
    let ben = world.person_at(BEN).unwrap();
    let removed = world.act(ANA, |engine, disk, random| {
        engine.remove_member(notebook, ben, None, disk, random)
    });
    removed.unwrap().unwrap();
    edit(&mut world, ANA, notebook);
    let for_ben = world.write_bundle(ANA, notebook, BundleAim::Person(ben), BundleForm::Lacking);
    assert!(matches!(for_ben, Some(Err(BundleMakeError::NoSuchMember))));
    let file = lacking(&mut world, ANA, notebook);
    let before = disk_of(&world, BEN);
    let error = refused(&mut world, BEN, &file.bytes);
    assert!(matches!(
        error,
        BundleTakeError::Open(BundleOpenError::NotForThisDevice)
    ));
    assert!(is_unchanged(&world, BEN, &before));
    // An older file is still for Ben. Chloe, who heard of the removal, takes nothing from him.
    take(&mut world, BEN, &old.bytes);
    take(&mut world, CHLOE, &file.bytes);
    let from_ben = lacking(&mut world, BEN, notebook);
    let before = disk_of(&world, CHLOE);
    let error = refused(&mut world, CHLOE, &from_ben.bytes);
    assert!(matches!(error, BundleTakeError::Stranger(..)), "{error}");
    assert!(is_unchanged(&world, CHLOE, &before));
    // Once Ben's device knows by itself, it takes no file either, and writes none.
    let words: Vec<_> = {
        let ana = world.device(ANA).unwrap().replica(notebook).unwrap();
        ana.controls().iter().cloned().collect()
    };
    world.decide(BEN, notebook, "hear of the removal", |replica, _| {
        replica.ingest_controls(words)?;
        Ok(replica.controls().create())
    });
    let error = refused(&mut world, BEN, &old.bytes);
    assert!(matches!(error, BundleTakeError::Out(..)), "{error}");
    let written = world.write_bundle(BEN, notebook, BundleAim::All, BundleForm::Lacking);
    assert!(matches!(written, Some(Err(BundleMakeError::NotMember))));
}

#[test]
fn somebody_who_was_just_let_in_gets_everything_by_file() {
    let mut world = World::new(415, 3).unwrap();
    let notebook = world.create(ANA, Role::Peer).unwrap();
    world.start_note(ANA, notebook).unwrap();
    for _ in 0..40 {
        edit(&mut world, ANA, notebook);
    }
    world.pair(ANA, BEN, notebook).unwrap();
    part(&mut world);
    let file = lacking(&mut world, ANA, notebook);
    assert_eq!(file.facts.unheard.len(), 1);
    assert_eq!(file.facts.left_out, 0);
    let taken = take(&mut world, BEN, &file.bytes);
    assert!(taken.entries >= 41 && taken.missing == 0, "{taken:?}");
    world.check_converged().unwrap();
    assert!(world.edit(BEN, notebook).unwrap());
}

#[test]
fn a_new_device_of_a_person_gets_the_notebook_by_file() {
    let ana = &crowd()[0];
    let ben = &crowd()[1];
    let mut roster = ana.founded();
    let linked = roster.add_device(&ana.devices[0], &ana.devices[1].claim(ana.id()));
    let before = roster.clone();
    roster.insert(linked.clone()).unwrap();
    let identities = [
        identity_of(ana, 0, &before).unwrap(),
        identity_of(ben, 0, &ben.founded()).unwrap(),
        identity_of(ana, 1, &roster).unwrap(),
    ];
    let (laptop, ben, phone) = (0, 1, 2);
    let mut world = World::of(416, &identities).unwrap();
    let notebook = world.create(laptop, Role::Peer).unwrap();
    world.start_note(laptop, notebook).unwrap();
    world.pair(laptop, ben, notebook).unwrap();
    world.meet(laptop, ben).unwrap();
    part(&mut world);
    // Ben has not heard of the phone, so his file is not for it.
    let early = lacking(&mut world, ben, notebook);
    let error = refused(&mut world, phone, &early.bytes);
    assert!(matches!(
        error,
        BundleTakeError::Open(BundleOpenError::NotForThisDevice)
    ));
    world
        .carry(laptop, notebook, &linked, "add the phone")
        .unwrap();
    edit(&mut world, laptop, notebook);
    // The phone has never had anything of it.
    let file = lacking(&mut world, laptop, notebook);
    let taken = take(&mut world, phone, &file.bytes);
    assert!(taken.is_new_notebook && taken.missing == 0, "{taken:?}");
    edit(&mut world, phone, notebook);
    // And Ben hears of it by the phone's own file.
    let from_phone = lacking(&mut world, phone, notebook);
    let taken = take(&mut world, ben, &from_phone.bytes);
    assert_eq!((taken.missing, taken.misplaced), (0, 0));
    let back = lacking(&mut world, ben, notebook);
    take(&mut world, laptop, &back.bytes);
    take(&mut world, phone, &back.bytes);
    let last = lacking(&mut world, laptop, notebook);
    for node in [ben, phone] {
        take(&mut world, node, &last.bytes);
    }
    world.check_converged().unwrap();
}

#[test]
fn a_damaged_bundle_is_taken_as_far_as_it_is_sound() {
    let (mut world, notebook) = apart(417);
    // Of several parts.
    let text = |random: &mut dyn rand_core::CryptoRng| -> String {
        (0..12_000)
            .map(|_| char::from(b'a' + (random.next_u32() % 26) as u8))
            .collect()
    };
    for number in 0..60 {
        let text = text(&mut world.random);
        world
            .set_own_goal(ANA, notebook, &format!("long {number}"), &text)
            .unwrap();
    }
    let file = write(&mut world, ANA, notebook, BundleForm::Whole).bytes;
    assert!(file.len() > 2 * 256 * 1024, "{}", file.len());
    let part = file.len() - (file.len() - 4_700) % (256 * 1024);
    for cut in [0, 3, 11, 500, 4_600, 4_700, 300_000, part, file.len() - 1] {
        let before = disk_of(&world, BEN);
        let error = refused(&mut world, BEN, &file[..cut]);
        let BundleTakeError::Open(error) = error else {
            panic!("{cut}: {error}")
        };
        assert!(
            error.is_damage() || error == BundleOpenError::NoBundle,
            "{cut}: {error}"
        );
        if cut < 4_700 {
            assert!(is_unchanged(&world, BEN, &before));
        }
    }
    for _ in 0..20 {
        let at = world.random.index(file.len());
        let mut altered = file.clone();
        altered[at] ^= 1 << world.random.below(8);
        let error = refused(&mut world, BEN, &altered);
        assert!(matches!(error, BundleTakeError::Open(_)), "{at}: {error}");
        let replica = world.device(BEN).unwrap().replica(notebook).unwrap();
        assert!(replica.set_aside().is_empty());
    }
    let mut longer = file.clone();
    longer.push(0);
    assert!(matches!(
        refused(&mut world, BEN, &longer),
        BundleTakeError::Open(_)
    ));
    let taken = take(&mut world, BEN, &file);
    assert_eq!(taken.missing, 0);
    world.check_converged().unwrap();
}

#[test]
fn an_older_bundle_after_a_newer_one_brings_nothing_and_tells_nothing() {
    let (mut world, notebook) = apart(418);
    edit(&mut world, ANA, notebook);
    let older = lacking(&mut world, ANA, notebook);
    edit(&mut world, ANA, notebook);
    let newer = lacking(&mut world, ANA, notebook);
    take(&mut world, BEN, &newer.bytes);
    let told = status(&world, BEN, notebook, ANA);
    let taken = take(&mut world, BEN, &older.bytes);
    assert_eq!((taken.entries, taken.known, taken.is_news), (0, 1, false));
    assert_eq!(status(&world, BEN, notebook, ANA), told);
}

#[test]
fn what_a_bundle_wrongly_left_out_is_named_and_comes_with_everything() {
    let (mut world, notebook) = apart(419);
    edit(&mut world, ANA, notebook);
    let old = world.device(BEN).unwrap().disk.clone();
    let first = lacking(&mut world, ANA, notebook);
    take(&mut world, BEN, &first.bytes);
    let back = lacking(&mut world, BEN, notebook);
    take(&mut world, ANA, &back.bytes);
    // Ben's disk is set back; he wrote nothing meanwhile, so his home is no copy.
    world.crash(BEN);
    world.device_mut(BEN).unwrap().disk = old;
    world.start(BEN).unwrap();
    edit(&mut world, ANA, notebook);
    let file = lacking(&mut world, ANA, notebook);
    let taken = take(&mut world, BEN, &file.bytes);
    assert_eq!((taken.entries, taken.misplaced), (0, 1), "{taken:?}");
    assert_eq!(taken.missing, 2);
    let whole = write(&mut world, ANA, notebook, BundleForm::Whole);
    let taken = take(&mut world, BEN, &whole.bytes);
    assert_eq!((taken.missing, taken.misplaced), (0, 0), "{taken:?}");
    world.check_converged().unwrap();
}

#[test]
fn whoever_is_distrusted_gets_no_bundle_and_none_is_taken_from_them() {
    let (mut world, notebook) = apart(420);
    edit(&mut world, BEN, notebook);
    let from_ben = lacking(&mut world, BEN, notebook);
    let ben = world.person_at(BEN).unwrap();
    let differ = world.act(ANA, |engine, disk, _| {
        let differ = Verification {
            state: VerificationState::Differ,
            words: String::new(),
        };
        engine.decide_verification(notebook, ben, &differ, disk)
    });
    differ.unwrap().unwrap();
    for (aim, expected) in [
        (BundleAim::All, "there is no other device"),
        (BundleAim::Person(ben), "since the words differed"),
    ] {
        let written = world.write_bundle(ANA, notebook, aim, BundleForm::Lacking);
        let error = written.unwrap().unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let before = disk_of(&world, ANA);
    let error = refused(&mut world, ANA, &from_ben.bytes);
    assert!(matches!(error, BundleTakeError::Distrusted(..)), "{error}");
    assert!(is_unchanged(&world, ANA, &before));
}

#[test]
fn a_bundle_says_nothing_in_the_clear() {
    let (mut world, notebook) = apart(421);
    edit(&mut world, ANA, notebook);
    let file = lacking(&mut world, ANA, notebook).bytes;
    let find = |needle: &[u8]| file.windows(needle.len()).any(|window| window == needle);
    assert!(file.starts_with(b"hearthbd"));
    for node in [ANA, BEN] {
        let device = world.device(node).unwrap();
        let card = device.identity.device.card();
        assert!(!find(device.id().as_bytes()) && !find(device.identity.person().as_bytes()));
        assert!(!find(card.transport.as_bytes()) && !find(&card.verify_key.to_bytes()));
        assert!(!find(&card.sealing_key.as_bytes()[..32]));
        assert!(!find(device.identity.name.as_bytes()));
    }
    assert!(!find(notebook.as_bytes()));
    // One, two, three and four devices look alike, and so do lengths that are near each other.
    assert_eq!(u16::from_le_bytes([file[10], file[11]]), 4);
    let again = lacking(&mut world, ANA, notebook).bytes;
    assert_eq!(again.len(), file.len());
    assert_ne!(again[12..], file[12..]);
}

#[test]
fn packs_are_used_where_all_can_open_them_and_never_needed() {
    for form in [BundleForm::Lacking, BundleForm::Whole] {
        let mut world = World::new(422, 2).unwrap();
        let notebook = world.create(ANA, Role::Peer).unwrap();
        world.start_note(ANA, notebook).unwrap();
        for _ in 0..120 {
            edit(&mut world, ANA, notebook);
        }
        world
            .act(ANA, |engine, _, _| engine.set_pack_entries(32))
            .unwrap();
        world.pair(ANA, BEN, notebook).unwrap();
        part(&mut world);
        let file = write(&mut world, ANA, notebook, form);
        let taken = take(&mut world, BEN, &file.bytes);
        assert_eq!((taken.missing, taken.unopened_packs), (0, 0));
        let bare = world.device(BEN).unwrap().disk.bare_count();
        assert_eq!(bare > 0, form == BundleForm::Lacking, "{bare}");
        world.check_converged().unwrap();
    }
}

#[test]
fn two_copies_of_a_home_that_wrote_apart_are_found_out_by_file() {
    for form in [BundleForm::Lacking, BundleForm::Whole] {
        let mut world = World::new(423, 3).unwrap();
        let notebook = world.create(ANA, Role::Peer).unwrap();
        world.start_note(ANA, notebook).unwrap();
        for node in [BEN, CHLOE] {
            world.pair(ANA, node, notebook).unwrap();
            world.meet(ANA, node).unwrap();
        }
        edit(&mut world, BEN, notebook);
        world.run_until_quiet().unwrap();
        part(&mut world);
        // Ben's home is copied, and both copies write: one is handed to Ana by file, one to Chloe.
        let copy = disk_of(&world, BEN);
        edit(&mut world, BEN, notebook);
        let to_ana = lacking(&mut world, BEN, notebook);
        world.crash(BEN);
        world.device_mut(BEN).unwrap().disk = copy;
        world.start(BEN).unwrap();
        for _ in 0..2 {
            edit(&mut world, BEN, notebook);
        }
        let to_chloe = lacking(&mut world, BEN, notebook);
        take(&mut world, ANA, &to_ana.bytes);
        take(&mut world, CHLOE, &to_chloe.bytes);
        // Neither has seen the other's file, and each hands on what it has.
        for (from, to) in [(ANA, CHLOE), (CHLOE, ANA), (ANA, CHLOE), (CHLOE, ANA)] {
            let file = write(&mut world, from, notebook, form);
            take(&mut world, to, &file.bytes);
        }
        let whole = |world: &mut World, from, to| {
            let file = write(world, from, notebook, BundleForm::Whole);
            take(world, to, &file.bytes)
        };
        whole(&mut world, ANA, CHLOE);
        whole(&mut world, CHLOE, ANA);
        let forked = |world: &World, node: usize| {
            let replica = world.device(node).unwrap().replica(notebook).unwrap();
            let mut tips = replica.frontier().branches.values();
            tips.next().is_some()
        };
        assert!(forked(&world, ANA) && forked(&world, CHLOE), "{form:?}");
        whole(&mut world, ANA, BEN);
        world.run_until_quiet().unwrap();
        assert!(world.device(BEN).unwrap().said_stale);
    }
}

#[test]
fn a_disk_that_fails_in_the_middle_keeps_what_was_taken_and_the_rest_comes_with_the_next_try() {
    let mut world = World::new(424, 2).unwrap();
    let notebook = world.create(ANA, Role::Peer).unwrap();
    world.start_note(ANA, notebook).unwrap();
    world.pair(ANA, BEN, notebook).unwrap();
    part(&mut world);
    for _ in 0..30 {
        edit(&mut world, ANA, notebook);
    }
    let file = lacking(&mut world, ANA, notebook).bytes;
    for nth in 0..6 {
        for fault in [Fault::Full, Fault::Failed, Fault::Torn] {
            world.device_mut(BEN).unwrap().disk.fail_commit(nth, fault);
            let end = world.take_bundle(BEN, &file);
            if !world.is_up(BEN) {
                world.start(BEN).unwrap();
            }
            world.device_mut(BEN).unwrap().disk.mend();
            if let Some(Err(error)) = end {
                assert!(matches!(error, BundleTakeError::Storage(_)), "{error}");
            }
        }
    }
    let taken = take(&mut world, BEN, &file);
    assert_eq!(taken.missing, 0);
    world.check_converged().unwrap();
}
