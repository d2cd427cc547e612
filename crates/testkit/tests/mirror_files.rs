//! Files at mirrors: people who are never online together get each other's files, a mirror can only keep one back, and
//! nothing is said to programs that would not read it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;

use hearth_core::control::Role;
use hearth_core::engine::{FileProgress, FileRef, MirrorStatus, NamedFile};
use hearth_core::file::{HeldFile, chunks_of};
use hearth_core::ids::NotebookId;
use hearth_core::limits::FILE_CHUNK_BYTES;
use hearth_core::mirror::MirrorLimits;
use hearth_core::storage::Storage as _;
use hearth_core::sync::FileAnswer;
use hearth_testkit::dice::Dice;
use hearth_testkit::disk::Fault;
use hearth_testkit::world::World;

const ANA: usize = 0;
const BEN: usize = 1;

const ROOMY: MirrorLimits = MirrorLimits {
    total_bytes: 1 << 30,
    notebook_bytes: 1 << 30,
};
/// What the mirror's world looks for on its disk and in its frames.
const CANARY: &[u8] = b"listen to what is not said";
const WEEK_MS: u64 = 8 * 24 * 60 * 60 * 1000;

/// Ana and Ben share a notebook, a mirror holds it, both know of that, and they never meet again.
fn with_mirror(seed: u64, limits: MirrorLimits) -> (World, usize, NotebookId) {
    let mut world = World::new(seed, 2).unwrap();
    let notebook = world.create(ANA, Role::Peer).unwrap();
    world.pair(ANA, BEN, notebook).unwrap();
    world.meet(ANA, BEN).unwrap();
    let mirror = world.add_mirror_node(limits).unwrap();
    world.add_mirror(ANA, mirror, notebook).unwrap();
    world.run_until_quiet().unwrap();
    let now = world.clock.now_ms();
    world.network.part(ANA, BEN, now);
    world.run_until_quiet().unwrap();
    (world, mirror, notebook)
}

fn pattern(length: usize) -> Vec<u8> {
    let words = CANARY.iter().cycle().zip(0..);
    words
        .map(|(letter, place)| {
            if place % 1_000 < 26 {
                *letter
            } else {
                (place * 31 % 253) as u8
            }
        })
        .take(length)
        .collect()
}

fn add(world: &mut World, node: usize, notebook: NotebookId, plain: &[u8]) -> FileRef {
    let now = world.time_of(node);
    let added = world.act(node, |engine, disk, random| {
        let bytes = Some(plain.len() as u64);
        let mut adding = engine.begin_file(notebook, bytes, now, disk, random)?;
        adding.push(plain, disk)?;
        adding.finish(now, disk)
    });
    added.unwrap().unwrap().0
}

/// Says which files the documents name, and which of them no more.
fn name(world: &mut World, node: usize, notebook: NotebookId, files: &[(&FileRef, bool)]) {
    let named: BTreeMap<_, _> = files
        .iter()
        .map(|(file, is_wanted)| {
            let named = NamedFile {
                bytes: file.bytes,
                is_wanted: *is_wanted,
            };
            (file.root, named)
        })
        .collect();
    world.act(node, |engine, _, _| engine.name_files(notebook, named));
}

fn fetch(world: &mut World, node: usize, notebook: NotebookId, file: &FileRef) -> FileProgress {
    let mut progress = FileProgress::default();
    for _ in 0..100 {
        let now = world.time_of(node);
        let wanted = world.act(node, |engine, disk, _| {
            engine.want_file(notebook, file, now, disk)
        });
        progress = wanted.unwrap().unwrap();
        if progress.is_whole() {
            break;
        }
        world.run_for(100).unwrap();
    }
    progress
}

fn read(world: &mut World, node: usize, notebook: NotebookId, file: &FileRef) -> Vec<u8> {
    let mut plain = Vec::new();
    for chunk in 0..chunks_of(file.bytes).unwrap() {
        let read = world.act(node, |engine, disk, _| {
            engine.read_chunk(notebook, file, chunk, disk)
        });
        plain.extend(read.unwrap().unwrap());
    }
    plain
}

fn at_mirror(
    world: &mut World,
    mirror: usize,
    notebook: NotebookId,
    file: &FileRef,
) -> Option<HeldFile> {
    let disk = &world.mirror(mirror).unwrap().disk;
    HeldFile::load(disk, notebook, file.root).unwrap()
}

fn status(world: &World, node: usize, notebook: NotebookId) -> MirrorStatus {
    let engine = world.device(node).unwrap().engine.as_ref().unwrap();
    engine.mirror_statuses(notebook).remove(0)
}

fn said(world: &World, node: usize, notebook: NotebookId, file: &FileRef) -> Option<FileAnswer> {
    let status = status(world, node, notebook);
    status.files.get(&file.root).map(|said| said.answer)
}

#[test]
fn two_who_are_never_online_together_get_each_others_files() {
    let (mut world, mirror, notebook) = with_mirror(40, ROOMY);
    let plain = pattern(5 * FILE_CHUNK_BYTES + 17);
    let file = add(&mut world, ANA, notebook, &plain);
    name(&mut world, ANA, notebook, &[(&file, true)]);
    assert_eq!(said(&world, ANA, notebook, &file), None);
    world.visit_mirror(ANA, mirror).unwrap();
    assert_eq!(said(&world, ANA, notebook, &file), Some(FileAnswer::Kept));
    let status = world.mirror(mirror).unwrap().mirror.as_ref().unwrap();
    let status = status.status(notebook).unwrap();
    assert_eq!(status.files, 1);
    assert!(
        status.files_bytes > plain.len() as u64 && status.quota.used_bytes > status.files_bytes
    );
    world.crash(ANA);
    world.crash_mirror(mirror);
    world.start_mirror(mirror).unwrap();
    world.dial_mirror(BEN, mirror);
    assert!(fetch(&mut world, BEN, notebook, &file).is_whole());
    assert_eq!(read(&mut world, BEN, notebook, &file), plain);
    // What Ana's node heard it tells after a restart, too, and the mirror takes nothing twice.
    world.start(ANA).unwrap();
    assert_eq!(
        said(&world, ANA, notebook, &file),
        None,
        "it was cut off before that was saved"
    );
    let held = world.mirror(mirror).unwrap();
    assert!(!held.can_read() && held.canaries == 0);
}

#[test]
fn a_mirror_and_a_member_that_crash_go_on_where_they_were() {
    for seed in 60..68 {
        let (mut world, mirror, notebook) = with_mirror(seed, ROOMY);
        let plain = pattern(24 * FILE_CHUNK_BYTES);
        let file = add(&mut world, ANA, notebook, &plain);
        let named = [(&file, true)];
        let mut crashes = 0;
        let mut here = 0;
        for _ in 0..60 {
            name(&mut world, ANA, notebook, &named);
            world.dial_mirror(ANA, mirror);
            for _ in 0..world.random.below(60) {
                world.step().unwrap();
            }
            let held = at_mirror(&mut world, mirror, notebook, &file);
            let now_here = held.as_ref().map_or(0, HeldFile::here);
            assert!(now_here >= here, "seed {seed}: a crash lost {here} pieces");
            here = now_here;
            if held.is_some_and(|held| held.is_whole()) {
                break;
            }
            crashes += 1;
            match world.random.below(3) {
                0 => {
                    world.crash(ANA);
                    world.start(ANA).unwrap();
                }
                1 => {
                    world
                        .mirror(mirror)
                        .unwrap()
                        .disk
                        .fail_commit(1, Fault::Full);
                    world.run_for(100).unwrap();
                }
                _ => {
                    world.crash_mirror(mirror);
                    world.start_mirror(mirror).unwrap();
                }
            }
        }
        assert!(crashes > 2, "seed {seed}: it was to be cut off in between");
        name(&mut world, ANA, notebook, &named);
        world.visit_mirror(ANA, mirror).unwrap();
        assert_eq!(
            said(&world, ANA, notebook, &file),
            Some(FileAnswer::Kept),
            "seed {seed}"
        );
        world.crash(ANA);
        world.dial_mirror(BEN, mirror);
        assert!(
            fetch(&mut world, BEN, notebook, &file).is_whole(),
            "seed {seed}"
        );
        assert_eq!(read(&mut world, BEN, notebook, &file), plain);
    }
}

#[test]
fn a_mirror_keeps_no_piece_that_is_not_of_the_file_and_takes_the_right_one_from_somebody_else() {
    let (mut world, mirror, notebook) = with_mirror(44, ROOMY);
    let plain = pattern(4 * FILE_CHUNK_BYTES);
    let file = add(&mut world, ANA, notebook, &plain);
    let now = world.clock.now_ms();
    world.network.heal(now);
    world.meet(ANA, BEN).unwrap();
    assert!(fetch(&mut world, BEN, notebook, &file).is_whole());
    let now = world.clock.now_ms();
    world.network.part(ANA, BEN, now);
    world.run_until_quiet().unwrap();
    let disk = &world.device(ANA).unwrap().disk;
    let theirs = HeldFile::load(disk, notebook, file.root).unwrap().unwrap();
    world.act(ANA, |_, disk, _| {
        for piece in 2..5 {
            let other = vec![7; FILE_CHUNK_BYTES + 16];
            disk.commit(notebook, &[theirs.put(piece, other)]).unwrap();
        }
    });
    name(&mut world, ANA, notebook, &[(&file, true)]);
    world.visit_mirror(ANA, mirror).unwrap();
    let held = at_mirror(&mut world, mirror, notebook, &file).unwrap();
    assert_eq!(held.here(), 2, "the list and the one chunk that is right");
    assert_eq!(said(&world, ANA, notebook, &file), None);
    name(&mut world, BEN, notebook, &[(&file, true)]);
    world.visit_mirror(BEN, mirror).unwrap();
    assert_eq!(said(&world, BEN, notebook, &file), Some(FileAnswer::Kept));
}

#[test]
fn a_file_that_does_not_fit_is_refused_clearly_and_what_is_written_goes_on() {
    let limits = MirrorLimits {
        notebook_bytes: 12 * FILE_CHUNK_BYTES as u64,
        ..ROOMY
    };
    let (mut world, mirror, notebook) = with_mirror(45, limits);
    let first = add(&mut world, ANA, notebook, &pattern(6 * FILE_CHUNK_BYTES));
    let second = add(&mut world, ANA, notebook, &pattern(7 * FILE_CHUNK_BYTES));
    name(&mut world, ANA, notebook, &[(&first, true)]);
    world.dial_mirror(ANA, mirror);
    world.run_until_quiet().unwrap();
    assert_eq!(said(&world, ANA, notebook, &first), Some(FileAnswer::Kept));
    name(
        &mut world,
        ANA,
        notebook,
        &[(&first, true), (&second, true)],
    );
    world.run_until_quiet().unwrap();
    let Some(FileAnswer::Full(quota)) = said(&world, ANA, notebook, &second) else {
        panic!("{:?}", said(&world, ANA, notebook, &second));
    };
    assert_eq!(
        quota.max_bytes,
        9 * FILE_CHUNK_BYTES as u64,
        "a quarter is for what is written"
    );
    assert_eq!(at_mirror(&mut world, mirror, notebook, &second), None);
    while !world.edit(ANA, notebook).unwrap() {}
    world.run_until_quiet().unwrap();
    assert!(
        status(&world, ANA, notebook).holds_all,
        "what is written fits still"
    );
    // The first is put away: it makes room as soon as something else needs that, and the second is offered again.
    name(
        &mut world,
        ANA,
        notebook,
        &[(&first, false), (&second, true)],
    );
    world.run_for(70_000).unwrap();
    drop_files(&mut world, mirror, 0);
    assert_eq!(at_mirror(&mut world, mirror, notebook, &first), None);
    world.run_for(70_000).unwrap();
    world.run_until_quiet().unwrap();
    assert_eq!(said(&world, ANA, notebook, &second), Some(FileAnswer::Kept));
    assert_eq!(said(&world, ANA, notebook, &first), None);
}

/// Lets a mirror drop what is over by a clock that is so far ahead; returns how many steps that took.
fn drop_files(world: &mut World, mirror: usize, ahead_ms: u64) -> u32 {
    let now = world.clock.now_ms() + ahead_ms;
    let held = world.mirror(mirror).unwrap();
    let mut steps = 0;
    while held
        .mirror
        .as_mut()
        .unwrap()
        .drop_files(now, &mut held.disk)
        .unwrap()
    {
        steps += 1;
    }
    steps
}

#[test]
fn what_nothing_names_any_more_goes_after_a_week_unless_it_is_brought_back() {
    let (mut world, mirror, notebook) = with_mirror(46, ROOMY);
    let gone = add(&mut world, ANA, notebook, &pattern(40 * FILE_CHUNK_BYTES));
    let back = add(&mut world, ANA, notebook, &pattern(FILE_CHUNK_BYTES));
    name(&mut world, ANA, notebook, &[(&gone, true), (&back, true)]);
    world.dial_mirror(ANA, mirror);
    world.run_until_quiet().unwrap();
    name(&mut world, ANA, notebook, &[(&gone, false), (&back, false)]);
    world.run_until_quiet().unwrap();
    assert_eq!(drop_files(&mut world, mirror, 0), 0, "not at once");
    name(&mut world, ANA, notebook, &[(&gone, false), (&back, true)]);
    world.run_until_quiet().unwrap();
    assert_eq!(
        drop_files(&mut world, mirror, WEEK_MS),
        2,
        "a part at a time"
    );
    assert_eq!(at_mirror(&mut world, mirror, notebook, &gone), None);
    assert!(
        at_mirror(&mut world, mirror, notebook, &back)
            .unwrap()
            .is_whole()
    );
    let held = world.mirror(mirror).unwrap();
    let status = held.mirror.as_ref().unwrap().status(notebook).unwrap();
    assert_eq!(status.files, 1);
    // Opened anew it counts the same.
    world.crash_mirror(mirror);
    world.start_mirror(mirror).unwrap();
    let held = world.mirror(mirror).unwrap();
    let again = held.mirror.as_ref().unwrap().status(notebook).unwrap();
    assert_eq!((again.files, again.files_bytes), (1, status.files_bytes));
    assert_eq!(again.quota.used_bytes, status.quota.used_bytes);
}

#[test]
fn a_program_of_the_first_version_is_told_nothing_of_files() {
    const ABOUT_FILES: core::ops::RangeInclusive<u8> = 25..=30;
    let (mut world, mirror, notebook) = with_mirror(47, ROOMY);
    let plain = pattern(2 * FILE_CHUNK_BYTES);
    let file = add(&mut world, BEN, notebook, &plain);
    name(&mut world, BEN, notebook, &[(&file, true)]);
    world.first_version = [ANA, mirror].into();
    world.visit_mirror(BEN, mirror).unwrap();
    let now = world.clock.now_ms();
    world.network.heal(now);
    world.meet(ANA, BEN).unwrap();
    for _ in 0..20 {
        let now = world.time_of(BEN);
        let other = FileRef {
            root: hearth_core::ids::FileRoot::from_bytes([3; 32]),
            ..file.clone()
        };
        world.act(BEN, |engine, disk, _| {
            engine.want_file(notebook, &other, now, disk).unwrap()
        });
        world.run_for(100).unwrap();
    }
    for old in [ANA, mirror] {
        let got = &world.frames_of[&old];
        assert!(got.contains(&1), "{old} was greeted");
        assert!(
            !got.iter().any(|kind| ABOUT_FILES.contains(kind)),
            "{got:?}"
        );
    }
    // Once the mirror's program is newer, it has the file.
    world.first_version.clear();
    world.part_from_mirror(BEN, mirror);
    world.visit_mirror(BEN, mirror).unwrap();
    assert_eq!(said(&world, BEN, notebook, &file), Some(FileAnswer::Kept));
}
