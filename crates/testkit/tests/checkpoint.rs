//! Checkpoints at mirrors: who makes them, what a newcomer gets of them, and what somebody who makes them up can do.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::collections::BTreeMap;

use hearth_core::checkpoint::{CheckpointStanding, Segment, SegmentError, SegmentHead, SegmentLog};
use hearth_core::control::{ControlKind, Role};
use hearth_core::ids::{EntryHash, NotebookId, Seq};
use hearth_core::log::{LogStates, RawEntry, pack_entries, seal_pack};
use hearth_core::mirror::MirrorLimits;
use hearth_core::storage::{Space, Storage, Write};
use hearth_testkit::dice::Dice;
use hearth_testkit::disk::{Fault, MemoryDisk};
use hearth_testkit::world::World;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

const ANA: usize = 0;
const BEN: usize = 1;
const LATE: usize = 2;

const ROOMY: MirrorLimits = MirrorLimits {
    total_bytes: 1 << 30,
    notebook_bytes: 1 << 30,
};

/// Entries of a segment.
const SEGMENT_ENTRIES: u64 = 30;

/// Ana and Ben share a notebook that a mirror holds; both have written, and the mirror has all of it. Each
/// device has a link with the mirror.
fn written(seed: u64, edits: usize, limits: MirrorLimits) -> (World, usize, NotebookId) {
    let mut world = World::new(seed, 3).unwrap();
    let notebook = world.create(ANA, Role::Mentor).unwrap();
    world.start_note(ANA, notebook).unwrap();
    world.pair(ANA, BEN, notebook).unwrap();
    world.meet(ANA, BEN).unwrap();
    world.run_until_quiet().unwrap();
    let mirror = world.add_mirror_node(limits).unwrap();
    world.add_mirror(ANA, mirror, notebook).unwrap();
    world.run_until_quiet().unwrap();
    write(&mut world, notebook, edits);
    for node in [ANA, BEN] {
        world.dial_mirror(node, mirror);
        world
            .act(node, |engine, _, _| {
                engine.set_pack_entries(SEGMENT_ENTRIES);
            })
            .unwrap();
    }
    world.run_until_quiet().unwrap();
    (world, mirror, notebook)
}

fn write(world: &mut World, notebook: NotebookId, edits: usize) {
    for round in 0..edits {
        let writer = if round % 3 == 0 { BEN } else { ANA };
        world.edit(writer, notebook).unwrap();
        if round % 5 == 0 {
            world.run_until_quiet().unwrap();
        }
    }
    world.run_until_quiet().unwrap();
}

/// Lets a device do for the mirrors that it is linked with what it does while nothing else happens; returns how
/// often there was something.
fn rest(world: &mut World, node: usize) -> usize {
    let (mut made, mut idle) = (0, 0);
    while idle < 2 {
        let did = go_on(world, node);
        world.run_until_quiet().unwrap();
        if did {
            (made, idle) = (made + 1, 0);
        } else {
            idle += 1;
        }
    }
    made
}

fn go_on(world: &mut World, node: usize) -> bool {
    let now_ms = world.time_of(node);
    let did = world.act(node, |engine, disk, _| {
        engine.make_segment(now_ms, disk).unwrap()
    });
    did.unwrap()
}

fn standing(world: &mut World, mirror: usize, notebook: NotebookId) -> CheckpointStanding {
    let held = world.mirror(mirror).unwrap();
    let engine = held.mirror.as_ref().unwrap();
    engine.checkpoint(notebook).unwrap()
}

fn entries(disk: &MemoryDisk, notebook: NotebookId) -> Vec<RawEntry> {
    let read = disk.entries(notebook, 0, usize::MAX).unwrap();
    let kept = read.into_iter().filter(|(_, bytes)| !bytes.is_empty());
    kept.map(|(_, bytes)| RawEntry::parse_any(bytes).unwrap())
        .collect()
}

/// Lets somebody in, whom nobody but the mirror then tells what is in the notebook. Returns how many bytes that took,
/// and how many entries came without a signature.
fn newcomer(world: &mut World, mirror: usize, notebook: NotebookId) -> (u64, usize) {
    world.pair(ANA, LATE, notebook).unwrap();
    if !world.network.are_linked(ANA, mirror) {
        // Otherwise nobody tells the mirror who that is.
        world.dial_mirror(ANA, mirror);
    }
    world.run_until_quiet().unwrap();
    for node in [ANA, BEN] {
        world.crash(node);
    }
    let before = world.network.delivered().1;
    world.visit_mirror(LATE, mirror).unwrap();
    let bytes = world.network.delivered().1 - before;
    let disk = &world.device(LATE).unwrap().disk;
    let bare = entries(disk, notebook)
        .iter()
        .filter(|entry| entry.is_bare())
        .count();
    for node in [ANA, BEN] {
        world.start(node).unwrap();
        world.visit_mirror(node, mirror).unwrap();
    }
    world.visit_mirror(LATE, mirror).unwrap();
    (bytes, bare)
}

#[test]
fn a_newcomer_is_given_packs_by_a_mirror_that_can_make_none() {
    let mut bytes = Vec::new();
    for has_checkpoint in [false, true] {
        let (mut world, mirror, notebook) = written(71, 200, ROOMY);
        if has_checkpoint {
            // One thing more is to say that it is sound.
            let made = rest(&mut world, ANA) - 1;
            let standing = standing(&mut world, mirror, notebook);
            assert!(made >= 6 && standing.number == made as u64, "{standing:?}");
            assert!(!world.mirror(mirror).unwrap().can_read());
        }
        let (taken, bare) = newcomer(&mut world, mirror, notebook);
        assert_eq!(bare > 100, has_checkpoint, "{bare} came in packs");
        world.check_converged().unwrap();
        bytes.push(taken);
    }
    println!("{} bytes singly, {} by a checkpoint", bytes[0], bytes[1]);
    assert!(bytes[1] * 2 < bytes[0]);
}

#[test]
fn a_checkpoint_goes_on_from_where_it_ends_and_its_maker_may_crash_anywhere() {
    for lost in 0..4 {
        let (mut world, mirror, notebook) = written(72, 120, ROOMY);
        go_on(&mut world, ANA);
        world.run_until_quiet().unwrap();
        assert!(go_on(&mut world, ANA));
        for _ in 0..lost {
            world.step().unwrap();
        }
        for node in [ANA, BEN] {
            world.crash(node);
        }
        world.crash_mirror(mirror);
        world.start_mirror(mirror).unwrap();
        for node in [ANA, BEN] {
            world.start(node).unwrap();
            world.dial_mirror(node, mirror);
            world.act(node, |engine, _, _| {
                engine.set_pack_entries(SEGMENT_ENTRIES)
            });
        }
        world.run_until_quiet().unwrap();
        assert!(rest(&mut world, ANA) >= 2);
        let before = standing(&mut world, mirror, notebook);
        write(&mut world, notebook, 80);
        assert!(rest(&mut world, ANA) >= 2);
        let after = standing(&mut world, mirror, notebook);
        assert!(after.number >= before.number + 2);
        let (_, bare) = newcomer(&mut world, mirror, notebook);
        assert!(bare > 100);
        world.check_converged().unwrap();
    }
}

#[test]
fn a_mirror_with_little_room_keeps_it_for_what_is_written() {
    let tight = MirrorLimits {
        total_bytes: 1 << 30,
        notebook_bytes: 128 * 1024,
    };
    let (mut world, mirror, notebook) = written(73, 150, tight);
    let used = |world: &mut World| {
        let held = world.mirror(mirror).unwrap();
        let status = held.mirror.as_ref().unwrap().status(notebook).unwrap();
        (status.quota.used_bytes, status.has_refused)
    };
    let (before, _) = used(&mut world);
    // As much as there is, and no more than an eighth is left.
    world.crash_mirror(mirror);
    world.mirror(mirror).unwrap().limits.notebook_bytes = before + before / 6;
    world.start_mirror(mirror).unwrap();
    for node in [ANA, BEN] {
        world.dial_mirror(node, mirror);
    }
    world.run_until_quiet().unwrap();
    rest(&mut world, ANA);
    let (after, has_refused) = used(&mut world);
    assert!(standing(&mut world, mirror, notebook).is_full);
    assert!(after <= before + before / 6 && !has_refused);
    world.edit(ANA, notebook).unwrap();
    world.run_until_quiet().unwrap();
    let engine = world.device(ANA).unwrap().engine.as_ref().unwrap();
    assert_eq!(engine.mirror_statuses(notebook)[0].behind, 0);
}

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
const MONTH_MS: u64 = 30 * DAY_MS;

/// Has a mirror drop what it need not keep, at a time.
fn prune(world: &mut World, mirror: usize, now_ms: u64) {
    let held = world.mirror(mirror).unwrap();
    let engine = held.mirror.as_mut().unwrap();
    while engine.prune_some(now_ms, MONTH_MS, &mut held.disk).unwrap() {}
    // The months that passed for the mirror alone ended its links.
    let linked = |node: &usize| world.network.are_linked(*node, mirror);
    let linked: Vec<usize> = world.up().into_iter().filter(linked).collect();
    for node in linked {
        world.part_from_mirror(node, mirror);
        world.dial_mirror(node, mirror);
    }
    world.run_until_quiet().unwrap();
}

/// Makes a checkpoint that both have checked.
fn checked(world: &mut World, mirror: usize, notebook: NotebookId) -> CheckpointStanding {
    rest(world, ANA);
    rest(world, BEN);
    let standing = standing(world, mirror, notebook);
    assert!(
        standing.number > 2 && standing.checked_by_all() == standing.number,
        "{standing:?}"
    );
    standing
}

/// What a mirror signs for.
fn receipt(world: &mut World, mirror: usize, notebook: NotebookId) -> ([u8; 32], u64) {
    let held = world.mirror(mirror).unwrap();
    let outline = held.mirror.as_ref().unwrap().outline(notebook).unwrap();
    let signed = outline.sign_frontier();
    assert_eq!(signed.frontier.digest(), outline.frontier_digest());
    (outline.frontier_digest(), signed.counter)
}

fn used_bytes(world: &mut World, mirror: usize, notebook: NotebookId) -> u64 {
    let held = world.mirror(mirror).unwrap();
    let status = held.mirror.as_ref().unwrap().status(notebook);
    status.unwrap().quota.used_bytes
}

#[test]
fn what_everybody_has_checked_for_a_month_is_pruned_and_a_newcomer_gets_all_of_it() {
    for rebuilds in [false, true] {
        let (mut world, mirror, notebook) = written(74, 200, ROOMY);
        let (now, whole) = (world.clock.now_ms(), receipt(&mut world, mirror, notebook));
        rest(&mut world, ANA);
        prune(&mut world, mirror, now);
        prune(&mut world, mirror, now + 2 * MONTH_MS);
        assert_eq!(
            standing(&mut world, mirror, notebook).pruned,
            0,
            "Ben has not checked it"
        );
        rest(&mut world, BEN);
        let all = standing(&mut world, mirror, notebook);
        assert_eq!(all.checked_by_all(), all.number);
        let before = used_bytes(&mut world, mirror, notebook);
        let begun = now + 3 * MONTH_MS;
        prune(&mut world, mirror, begun);
        prune(&mut world, mirror, begun + MONTH_MS - DAY_MS);
        assert_eq!(
            standing(&mut world, mirror, notebook).pruned,
            0,
            "it is too early"
        );
        prune(&mut world, mirror, begun + MONTH_MS);
        let pruned = standing(&mut world, mirror, notebook);
        let after = used_bytes(&mut world, mirror, notebook);
        println!("{before} bytes, then {after}, {} freed", pruned.freed_bytes);
        assert_eq!((pruned.pruned, pruned.entries), (all.number, all.entries));
        assert_eq!(before - pruned.freed_bytes, after);
        assert!(after * 2 < before);
        assert_eq!(receipt(&mut world, mirror, notebook), whole);
        let held = world.mirror(mirror).unwrap();
        // The last entry of each log is there, and what is in no segment yet.
        let left = entries(&held.disk, notebook).len() as u64;
        assert!(
            (2..SEGMENT_ENTRIES + 2).contains(&left),
            "{left} are kept one by one"
        );

        world.crash_mirror(mirror);
        if rebuilds {
            let held = world.mirror(mirror).unwrap();
            held.disk.restart();
            let forget = Write::Delete {
                space: Space::State,
                key: Vec::new(),
            };
            held.disk.commit(notebook, &[forget]).unwrap();
        }
        world.start_mirror(mirror).unwrap();
        assert_eq!(receipt(&mut world, mirror, notebook), whole);
        assert_eq!(used_bytes(&mut world, mirror, notebook), after);
        let (_, bare) = newcomer(&mut world, mirror, notebook);
        assert!(bare > 100);
        world.check_converged().unwrap();

        // It goes on, with one more who has to check it.
        for node in [ANA, BEN, LATE] {
            world.dial_mirror(node, mirror);
            world.act(node, |engine, _, _| {
                engine.set_pack_entries(SEGMENT_ENTRIES)
            });
        }
        write(&mut world, notebook, 100);
        rest(&mut world, ANA);
        rest(&mut world, BEN);
        prune(&mut world, mirror, begun + 2 * MONTH_MS);
        prune(&mut world, mirror, begun + 3 * MONTH_MS + DAY_MS);
        let later = standing(&mut world, mirror, notebook);
        assert!(later.number > pruned.number && later.pruned == pruned.pruned);
        rest(&mut world, LATE);
        prune(&mut world, mirror, begun + 4 * MONTH_MS);
        prune(&mut world, mirror, begun + 5 * MONTH_MS);
        let later = standing(&mut world, mirror, notebook);
        assert_eq!(later.pruned, later.number);
        assert!(later.freed_bytes > pruned.freed_bytes);
        for node in [ANA, BEN, LATE] {
            world.edit(node, notebook).unwrap();
            world.run_until_quiet().unwrap();
        }
        world.check_converged().unwrap();
    }
}

#[test]
fn the_entry_that_a_removal_names_is_never_pruned() {
    let (mut world, mirror, notebook) = written(79, 60, ROOMY);
    let now = world.clock.now_ms();
    world.part_from_mirror(ANA, mirror);
    for pair in [(ANA, BEN), (ANA, mirror)] {
        world.network.part(pair.0, pair.1, now);
    }
    let ben = world.person_at(BEN).unwrap();
    let removed = world.act(ANA, |engine, disk, random| {
        engine.remove_member(notebook, ben, None, disk, random)
    });
    removed.unwrap().unwrap();
    // Ben, who does not hear of it, goes on at the mirror.
    for _ in 0..60 {
        world.edit(BEN, notebook).unwrap();
    }
    world.run_until_quiet().unwrap();
    let now = world.clock.now_ms();
    world.network.heal(now);
    world.dial_mirror(ANA, mirror);
    world.run_until_quiet().unwrap();
    for _ in 0..60 {
        world.edit(ANA, notebook).unwrap();
    }
    world.run_until_quiet().unwrap();
    rest(&mut world, ANA);
    let now = world.clock.now_ms();
    prune(&mut world, mirror, now);
    prune(&mut world, mirror, now + MONTH_MS);
    let pruned = standing(&mut world, mirror, notebook);
    assert!(pruned.pruned > 3, "Ana is the only one left: {pruned:?}");
    let controls = world
        .device(ANA)
        .unwrap()
        .replica(notebook)
        .unwrap()
        .controls();
    let cuts = controls.iter().filter_map(|entry| match &entry.kind {
        ControlKind::Remove { cut, .. } => Some(cut.logs().to_vec()),
        _ => None,
    });
    let cuts: Vec<EntryHash> = cuts.flatten().map(|cut| cut.hash).collect();
    assert!(!cuts.is_empty());
    let left = entries(&world.mirror(mirror).unwrap().disk, notebook);
    for cut in cuts {
        assert!(left.iter().any(|entry| entry.hash() == cut));
    }
    let whole = receipt(&mut world, mirror, notebook);
    world.crash_mirror(mirror);
    let held = world.mirror(mirror).unwrap();
    held.disk.restart();
    let forget = Write::Delete {
        space: Space::State,
        key: Vec::new(),
    };
    held.disk.commit(notebook, &[forget]).unwrap();
    world.start_mirror(mirror).unwrap();
    assert_eq!(receipt(&mut world, mirror, notebook), whole);
}

#[test]
fn a_log_that_is_forked_is_not_pruned_and_one_that_forks_later_goes_on() {
    for forks_first in [true, false] {
        let (mut world, mirror, notebook) = written(80, 100, ROOMY);
        let ana = world.device(ANA).unwrap().id();
        checked(&mut world, mirror, notebook);
        let now = world.clock.now_ms();
        prune(&mut world, mirror, now);
        if !forks_first {
            prune(&mut world, mirror, now + MONTH_MS);
        }
        // A copy of Ana's home writes what she writes as well, in other words.
        world.part_from_mirror(ANA, mirror);
        let copy = world.copy_home(ANA).unwrap();
        for node in [ANA, copy] {
            while !world.edit(node, notebook).unwrap() {}
        }
        world.dial_mirror(ANA, mirror);
        world.run_until_quiet().unwrap();
        world.part_from_mirror(ANA, mirror);
        world.run_until_quiet().unwrap();
        world.dial_mirror(copy, mirror);
        world.run_until_quiet().unwrap();
        let held = world.mirror(mirror).unwrap();
        let outline = held.mirror.as_ref().unwrap().outline(notebook).unwrap();
        let forked = outline.forked_logs();
        assert_eq!(
            forked.iter().map(|log| log.device).collect::<Vec<_>>(),
            [ana]
        );
        for month in 1..4 {
            prune(&mut world, mirror, now + month * MONTH_MS);
        }
        let left = entries(&world.mirror(mirror).unwrap().disk, notebook);
        let of_log = left
            .iter()
            .filter(|entry| entry.header().log == forked[0])
            .count();
        let longest = left
            .iter()
            .map(|entry| entry.header().seq.get())
            .max()
            .unwrap();
        assert_eq!(
            of_log as u64 > longest,
            forks_first,
            "{of_log} of {longest} and one"
        );
        let whole = receipt(&mut world, mirror, notebook);
        world.crash_mirror(mirror);
        world.start_mirror(mirror).unwrap();
        assert_eq!(receipt(&mut world, mirror, notebook), whole);
    }
}

#[test]
fn a_mirror_may_lose_its_power_at_any_commit_while_it_prunes() {
    for lost in 0..4 {
        let (mut world, mirror, notebook) = written(75, 120, ROOMY);
        checked(&mut world, mirror, notebook);
        let whole = receipt(&mut world, mirror, notebook);
        let now = world.clock.now_ms();
        world
            .mirror(mirror)
            .unwrap()
            .disk
            .fail_commit(lost, Fault::Torn);
        for at in [now, now + MONTH_MS, now + 2 * MONTH_MS] {
            let held = world.mirror(mirror).unwrap();
            let Some(engine) = &mut held.mirror else {
                break;
            };
            while matches!(engine.prune_some(at, MONTH_MS, &mut held.disk), Ok(true)) {}
            if held.disk.is_down() {
                world.crash_mirror(mirror);
                world.start_mirror(mirror).unwrap();
            }
        }
        world.mirror(mirror).unwrap().disk.mend();
        for month in 3..6 {
            prune(&mut world, mirror, now + month * MONTH_MS);
        }
        let pruned = standing(&mut world, mirror, notebook);
        assert_eq!(pruned.pruned, pruned.number, "lost at {lost}");
        assert_eq!(receipt(&mut world, mirror, notebook), whole);
        newcomer(&mut world, mirror, notebook);
        world.check_converged().unwrap();
    }
}

#[test]
fn whoever_takes_no_packs_of_a_pruned_mirror_gets_the_rest_from_members() {
    let (mut world, mirror, notebook) = written(76, 120, ROOMY);
    checked(&mut world, mirror, notebook);
    let now = world.clock.now_ms();
    prune(&mut world, mirror, now);
    prune(&mut world, mirror, now + MONTH_MS);
    // Every pack is damaged: what is left is what is kept one by one.
    let held = world.mirror(mirror).unwrap();
    for (key, _) in held.disk.scan(notebook, Space::SegmentPack).unwrap() {
        let damaged = Write::Put {
            space: Space::SegmentPack,
            key,
            value: vec![0; 40],
        };
        held.disk.commit(notebook, &[damaged]).unwrap();
    }
    newcomer(&mut world, mirror, notebook);
    assert!(world.check_converged().is_err(), "most of it is gone");
    world.meet(ANA, LATE).unwrap();
    world.run_until_quiet().unwrap();
    world.check_converged().unwrap();
}

/// What a hostile member does to a segment.
#[derive(Debug, Clone, Copy)]
enum Forgery {
    /// Leaves an entry out.
    Drop(usize),
    /// Puts an entry in another place.
    Move(usize, usize),
    /// Puts an entry in twice.
    Repeat(usize),
    /// Alters a byte of the pack before it is sealed.
    Alter(usize, u8),
    /// Takes the pack of another segment.
    Other,
    /// Takes a pack under another notebook's name.
    Foreign,
    /// Names another last entry.
    FalseTip(usize),
    /// Says that it holds more of a log.
    Further(usize),
    /// Says that it holds less of a log.
    Shorter(usize),
}

impl Forgery {
    fn draw(random: &mut ChaCha20Rng) -> Self {
        let place = random.index(SEGMENT_ENTRIES as usize);
        match random.below(9) {
            0 => Self::Drop(place),
            1 => Self::Move(place, random.index(SEGMENT_ENTRIES as usize)),
            2 => Self::Repeat(place),
            3 => Self::Alter(random.index(usize::MAX), 1 << random.below(8)),
            4 => Self::Other,
            5 => Self::Foreign,
            6 => Self::FalseTip(place),
            7 => Self::Further(place),
            _ => Self::Shorter(place),
        }
    }
}

/// Ana has made the first segments, and Ben, whose program is modified, makes the next one.
struct Forged {
    world: World,
    mirror: usize,
    notebook: NotebookId,
    segment: Option<Segment>,
}

impl Forged {
    fn new(forgery: Forgery) -> Self {
        let (mut world, mirror, notebook) = written(77, 100, ROOMY);
        for _ in 0..2 {
            go_on(&mut world, ANA);
            world.run_until_quiet().unwrap();
        }
        assert!(go_on(&mut world, ANA));
        world.run_until_quiet().unwrap();
        let made = standing(&mut world, mirror, notebook);
        let mut forged = Self {
            world,
            mirror,
            notebook,
            segment: None,
        };
        forged.segment = forged.forge(&made, forgery);
        forged
    }

    fn forge(&mut self, made: &CheckpointStanding, forgery: Forgery) -> Option<Segment> {
        let held = self.world.mirror(self.mirror).unwrap();
        let engine = held.mirror.as_mut().unwrap();
        let mut had: BTreeMap<_, (Seq, EntryHash)> = BTreeMap::new();
        let mut first = None;
        for number in 1..=made.number {
            let segment = engine.segment(self.notebook, number, &held.disk).unwrap();
            let segment = segment.unwrap();
            had.extend(segment.head.logs.iter().map(|log| (log.log, log.last)));
            first.get_or_insert(segment.pack);
        }
        let ben = self.world.device(BEN).unwrap();
        let (replica, device) = (ben.replica(self.notebook).unwrap(), &ben.identity.device);
        let all = entries(&ben.disk, self.notebook);
        let is_new = |entry: &&RawEntry| {
            let header = entry.header();
            had.get(&header.log).is_none_or(|tip| header.seq > tip.0)
        };
        let before: Vec<RawEntry> = all.iter().filter(|entry| !is_new(entry)).cloned().collect();
        let new = all.iter().filter(is_new).take(SEGMENT_ENTRIES as usize);
        let new: Vec<RawEntry> = new.cloned().collect();
        let (notebook, keys) = (self.notebook, replica.keys());
        let mut states = LogStates::new();
        for entry in &before {
            pack_entries(notebook, std::slice::from_ref(entry), keys, &mut states).unwrap();
        }
        let mut logs: BTreeMap<_, SegmentLog> = BTreeMap::new();
        for entry in &new {
            let (log, seq) = (entry.header().log, entry.header().seq);
            let last = (seq, entry.hash());
            let known = logs.entry(log).or_insert(SegmentLog {
                log,
                first: seq,
                last,
            });
            known.last = last;
        }
        let mut logs: Vec<SegmentLog> = logs.into_values().collect();
        let mut given = new.clone();
        match forgery {
            Forgery::Drop(at) => drop(given.remove(at % new.len())),
            Forgery::Move(from, to) => {
                let entry = given.remove(from % new.len());
                given.insert(to % new.len(), entry);
            }
            Forgery::Repeat(at) => given.insert(at % new.len(), new[at % new.len()].clone()),
            Forgery::FalseTip(at) => {
                let at = at % logs.len();
                logs[at].last.1 = EntryHash::from_bytes([7; 32]);
            }
            Forgery::Further(at) => {
                let at = at % logs.len();
                logs[at].last.0 = logs[at].last.0.next();
            }
            Forgery::Shorter(at) => {
                let at = at % logs.len();
                let log = logs[at];
                let before_last = Seq::new(log.last.0.get().checked_sub(1)?);
                if before_last < log.first {
                    return None;
                }
                let entry = new.iter().find(|entry| {
                    (entry.header().log, entry.header().seq) == (log.log, before_last)
                })?;
                logs[at].last = (before_last, entry.hash());
            }
            _ => {}
        }
        // What is moved within one log only, or not at all, is no forgery.
        let order = |entries: &[RawEntry]| -> Vec<EntryHash> {
            entries.iter().map(RawEntry::hash).collect()
        };
        let mut pack = pack_entries(notebook, &given, keys, &mut states.clone()).ok()?;
        if let Forgery::Alter(at, bits) = forgery {
            let at = at % pack.len();
            pack[at] ^= bits;
        }
        let is_changed = order(&given) != order(&new);
        if matches!(forgery, Forgery::Move(..)) && (!is_changed || keeps_logs(&given, &new)) {
            return None;
        }
        let epoch = replica.membership().current_epoch().unwrap();
        let key = replica.keys().get(&epoch).unwrap();
        let tag = match forgery {
            Forgery::Foreign => hearth_core::log::notebook_tag(NotebookId::from_bytes([3; 32])),
            _ => replica.tag(),
        };
        let sealed = match forgery {
            Forgery::Other => first.unwrap(),
            _ => seal_pack(tag, (epoch, key), &pack),
        };
        let place = (made.number + 1, made.last);
        let head = SegmentHead::sign(notebook, place, logs, &sealed, device);
        Some(Segment { head, pack: sealed })
    }
}

/// Says whether each log is in the same order in both.
fn keeps_logs(one: &[RawEntry], other: &[RawEntry]) -> bool {
    let by_log = |entries: &[RawEntry]| {
        let mut logs: BTreeMap<_, Vec<EntryHash>> = BTreeMap::new();
        for entry in entries {
            logs.entry(entry.header().log)
                .or_default()
                .push(entry.hash());
        }
        logs
    };
    by_log(one) == by_log(other)
}

/// How many forgeries are drawn.
const FORGERIES: u64 = 32;

#[test]
fn whatever_a_member_makes_up_is_refused_or_named_and_nothing_is_pruned_for_it() {
    let (mut refused, mut named) = (0, 0);
    for seed in 0..FORGERIES {
        let forgery = Forgery::draw(&mut ChaCha20Rng::seed_from_u64(seed));
        let Forged {
            mut world,
            mirror,
            notebook,
            segment,
        } = Forged::new(forgery);
        let Some(segment) = segment else { continue };
        let before = standing(&mut world, mirror, notebook);
        let ben = world.device(BEN).unwrap().id();
        let held = world.mirror(mirror).unwrap();
        let engine = held.mirror.as_mut().unwrap();
        match engine.take_segment(notebook, ben, &segment, &held.disk) {
            Err(SegmentError::OtherEntry(_)) => {
                let is_seen = matches!(forgery, Forgery::FalseTip(_) | Forgery::Further(_));
                assert!(is_seen, "seed {seed}, {forgery:?}");
                refused += 1;
            }
            Err(error) => panic!("seed {seed}, {forgery:?}: {error}"),
            Ok(()) => {
                world.run_until_quiet().unwrap();
                rest(&mut world, ANA);
                let engine = world.device(ANA).unwrap().engine.as_ref().unwrap();
                let status = &engine.mirror_statuses(notebook)[0];
                let unsound = status.unsound.as_ref().map(|unsound| unsound.device);
                if unsound.is_none() && matches!(forgery, Forgery::Alter(..)) {
                    // A byte of the compression that says nothing.
                    continue;
                }
                assert_eq!(unsound, Some(ben), "seed {seed}, {forgery:?}");
                assert!(status.record.forged.is_none(), "the mirror cannot know");
                named += 1;
            }
        }
        let now = world.clock.now_ms();
        for month in 0..3 {
            prune(&mut world, mirror, now + month * MONTH_MS);
        }
        let after = standing(&mut world, mirror, notebook);
        assert_eq!(
            (after.pruned, after.freed_bytes),
            (0, 0),
            "seed {seed}, {forgery:?}"
        );
        // Ana goes on from what was there before it.
        rest(&mut world, ANA);
        let sound = standing(&mut world, mirror, notebook);
        assert!(sound.number > before.number, "seed {seed}, {forgery:?}");
        newcomer(&mut world, mirror, notebook);
        world.check_converged().unwrap();
    }
    println!("{refused} refused by the mirror, {named} named by the member who checked");
    assert!(refused > 2 && named > 10);
}

#[test]
fn nobody_else_makes_a_segment_and_none_of_before_is_taken_twice() {
    let (mut world, mirror, notebook) = written(78, 100, ROOMY);
    rest(&mut world, ANA);
    let before = standing(&mut world, mirror, notebook);
    let devices = [ANA, BEN, LATE].map(|node| world.device(node).unwrap().id());
    let held = world.mirror(mirror).unwrap();
    let engine = held.mirror.as_mut().unwrap();
    let stale = engine.segment(notebook, 1, &held.disk).unwrap().unwrap();
    for device in devices {
        let again = engine.take_segment(notebook, device, &stale, &held.disk);
        assert!(matches!(again, Err(SegmentError::Elsewhere)));
    }
    // Somebody passes the next one off as theirs, or is no member.
    let ana = &world.device(ANA).unwrap().identity.device;
    let late = &world.device(LATE).unwrap().identity.device;
    let logs = stale.head.logs.iter().map(|log| SegmentLog {
        first: log.last.0.next(),
        last: (log.last.0.next(), log.last.1),
        ..*log
    });
    let place = (before.number + 1, before.last);
    let logs: Vec<SegmentLog> = logs.collect();
    let by = |device| SegmentHead::sign(notebook, place, logs.clone(), &stale.pack, device);
    let forged = [(by(ana), devices[1]), (by(late), devices[2])];
    let held = world.mirror(mirror).unwrap();
    let engine = held.mirror.as_mut().unwrap();
    for (head, from) in forged {
        let segment = Segment {
            head,
            pack: stale.pack.clone(),
        };
        let taken = engine.take_segment(notebook, from, &segment, &held.disk);
        assert!(taken.is_err(), "{taken:?}");
    }
    assert_eq!(standing(&mut world, mirror, notebook), before);
}
