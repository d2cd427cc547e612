//! Files go from whoever has them to whoever wants them, whole or as far as they came, and nothing else passes for them.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use hearth_core::control::Role;
use hearth_core::engine::{FileError, FileProgress, FileRef};
use hearth_core::file::HeldFile;
use hearth_core::ids::NotebookId;
use hearth_core::limits::FILE_CHUNK_BYTES;
use hearth_core::storage::{Storage as _, StorageError};
use hearth_testkit::disk::Fault;
use hearth_testkit::world::World;

/// A world of devices that are all in one notebook, and linked with the first.
fn world(count: usize) -> (World, NotebookId) {
    let mut world = World::new(11, count).unwrap();
    let notebook = world.create(0, Role::Mentor).unwrap();
    for node in 1..count {
        world.pair(0, node, notebook).unwrap();
        world.meet(0, node).unwrap();
    }
    (world, notebook)
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|place| (place * 31 % 253) as u8).collect()
}

fn add(world: &mut World, node: usize, notebook: NotebookId, plain: &[u8]) -> FileRef {
    let now = world.time_of(node);
    let added = world.act(node, |engine, disk, random| {
        let bytes = Some(plain.len() as u64);
        let mut adding = engine.begin_file(notebook, bytes, now, disk, random)?;
        for stretch in plain.chunks(100_000) {
            adding.push(stretch, disk)?;
        }
        adding.finish(now, disk)
    });
    let (file, hash) = added.unwrap().unwrap();
    assert_eq!(hash, *blake3::hash(plain).as_bytes());
    file
}

fn want(world: &mut World, node: usize, notebook: NotebookId, file: &FileRef) -> FileProgress {
    let now = world.time_of(node);
    let progress = world.act(node, |engine, disk, _| {
        engine.want_file(notebook, file, now, disk)
    });
    progress.unwrap().unwrap()
}

/// Wants a file until it is here, or for so many tenths of a second.
fn fetch(world: &mut World, node: usize, notebook: NotebookId, file: &FileRef) -> FileProgress {
    for _ in 0..100 {
        let progress = want(world, node, notebook, file);
        if progress.is_whole() {
            return progress;
        }
        world.run_for(100).unwrap();
    }
    want(world, node, notebook, file)
}

fn read(world: &mut World, node: usize, notebook: NotebookId, file: &FileRef) -> Vec<u8> {
    let chunks = hearth_core::file::chunks_of(file.bytes).unwrap();
    let mut plain = Vec::new();
    for chunk in 0..chunks {
        let read = world.act(node, |engine, disk, _| {
            engine.read_chunk(notebook, file, chunk, disk)
        });
        plain.extend(read.unwrap().unwrap());
    }
    plain
}

fn held(world: &World, node: usize, notebook: NotebookId, file: &FileRef) -> HeldFile {
    let disk = &world.device(node).unwrap().disk;
    HeldFile::load(disk, notebook, file.root).unwrap().unwrap()
}

#[test]
fn a_file_comes_from_whoever_has_it() {
    let (mut world, notebook) = world(3);
    let plain = pattern(3 * FILE_CHUNK_BYTES + 17);
    let file = add(&mut world, 0, notebook, &plain);
    assert_eq!(read(&mut world, 0, notebook, &file), plain);
    world.run_for(2_000).unwrap();
    let untouched = HeldFile::load(&world.device(1).unwrap().disk, notebook, file.root);
    assert_eq!(untouched, Ok(None), "nobody asked for it");
    assert!(fetch(&mut world, 1, notebook, &file).is_whole());
    assert_eq!(read(&mut world, 1, notebook, &file), plain);
    // The second passes it on when the first is gone.
    world.crash(0);
    world.meet(1, 2).unwrap();
    assert!(fetch(&mut world, 2, notebook, &file).is_whole());
    assert_eq!(read(&mut world, 2, notebook, &file), plain);
    for empty in [Vec::new(), pattern(1)] {
        let file = add(&mut world, 1, notebook, &empty);
        assert!(fetch(&mut world, 2, notebook, &file).is_whole());
        assert_eq!(read(&mut world, 2, notebook, &file), empty);
    }
}

#[test]
fn what_came_before_a_crash_is_not_asked_for_again() {
    let (mut world, notebook) = world(2);
    let plain = pattern(20 * FILE_CHUNK_BYTES);
    let file = add(&mut world, 0, notebook, &plain);
    let mut here = 0;
    while here < 6 {
        here = want(&mut world, 1, notebook, &file).here;
        assert!(here < 15, "it is to be cut in the middle");
        world.run_for(5).unwrap();
    }
    world.crash(1);
    world.start(1).unwrap();
    assert!(held(&world, 1, notebook, &file).here() >= 6);
    // Whatever was here is damaged at the other end by now: asking for it again would never come to an end.
    let theirs = held(&world, 0, notebook, &file);
    let mine = held(&world, 1, notebook, &file);
    world.act(0, |_, disk, _| {
        for piece in (1..21).filter(|piece| mine.has(*piece)) {
            disk.commit(notebook, &[theirs.put(piece, vec![0; 9])])
                .unwrap();
        }
    });
    world.meet(1, 0).unwrap();
    let done = fetch(&mut world, 1, notebook, &file);
    assert!(done.is_whole(), "{done:?}");
    assert_eq!(read(&mut world, 1, notebook, &file), plain);
}

#[test]
fn a_wrong_piece_is_refused_and_the_right_one_comes_from_somebody_else() {
    let (mut world, notebook) = world(3);
    let plain = pattern(4 * FILE_CHUNK_BYTES);
    let file = add(&mut world, 0, notebook, &plain);
    assert!(fetch(&mut world, 1, notebook, &file).is_whole());
    let liar = world.device(0).unwrap().id();
    let theirs = held(&world, 0, notebook, &file);
    world.act(0, |_, disk, _| {
        for piece in 1..5 {
            disk.commit(
                notebook,
                &[theirs.put(piece, vec![7; FILE_CHUNK_BYTES + 16])],
            )
            .unwrap();
        }
    });
    for _ in 0..20 {
        let progress = want(&mut world, 2, notebook, &file);
        assert!(!progress.is_whole());
        world.run_for(100).unwrap();
    }
    let progress = want(&mut world, 2, notebook, &file);
    assert_eq!(progress.wrong, [liar]);
    assert_eq!(progress.here, 1, "the list is right, and no chunk is");
    world.meet(2, 1).unwrap();
    assert!(fetch(&mut world, 2, notebook, &file).is_whole());
    assert_eq!(read(&mut world, 2, notebook, &file), plain);
    let closed = &world.device(2).unwrap().closed;
    assert!(
        !closed.keys().any(|why| why.starts_with("protocol")),
        "{closed:?}"
    );
}

#[test]
fn who_lacks_it_says_so_and_is_asked_again_later() {
    let (mut world, notebook) = world(3);
    let plain = pattern(2 * FILE_CHUNK_BYTES);
    let file = add(&mut world, 0, notebook, &plain);
    world.crash(0);
    world.meet(1, 2).unwrap();
    want(&mut world, 2, notebook, &file);
    world.run_for(300).unwrap();
    let progress = want(&mut world, 2, notebook, &file);
    assert_eq!(progress.lacking, [world.device(1).unwrap().id()]);
    assert_eq!((progress.here, progress.pieces), (0, 3));
    // The first comes back to the second, who gets it, and the third has it from there.
    world.start(0).unwrap();
    world.meet(0, 1).unwrap();
    assert!(fetch(&mut world, 1, notebook, &file).is_whole());
    assert!(fetch(&mut world, 2, notebook, &file).is_whole());
}

#[test]
fn a_damaged_piece_is_noticed_when_it_is_read_and_comes_again() {
    let (mut world, notebook) = world(2);
    let plain = pattern(3 * FILE_CHUNK_BYTES);
    let file = add(&mut world, 0, notebook, &plain);
    assert!(fetch(&mut world, 1, notebook, &file).is_whole());
    let mine = held(&world, 1, notebook, &file);
    let read_second = |world: &mut World| {
        let read = world.act(1, |engine, disk, _| {
            engine.read_chunk(notebook, &file, 1, disk)
        });
        read.unwrap()
    };
    world.act(1, |_, disk, _| {
        disk.commit(notebook, &[mine.put(2, vec![1; 100])]).unwrap();
    });
    assert!(matches!(
        read_second(&mut world),
        Err(FileError::Damaged(2))
    ));
    assert!(matches!(read_second(&mut world), Err(FileError::NotHere)));
    assert!(fetch(&mut world, 1, notebook, &file).is_whole());
    assert_eq!(read(&mut world, 1, notebook, &file), plain);
}

#[test]
fn a_full_disk_is_told_and_loses_nothing() {
    let (mut world, notebook) = world(2);
    let plain = pattern(5 * FILE_CHUNK_BYTES);
    let file = add(&mut world, 0, notebook, &plain);
    want(&mut world, 1, notebook, &file);
    world.act(1, |_, disk, _| disk.fail_commit(1, Fault::Full));
    world.run_for(50).unwrap();
    let now = world.time_of(1);
    let told = world.act(1, |engine, disk, _| {
        engine.want_file(notebook, &file, now, disk)
    });
    assert!(
        matches!(told, Some(Err(FileError::Storage(StorageError::Full)))),
        "{told:?}"
    );
    assert!(fetch(&mut world, 1, notebook, &file).is_whole());
    assert_eq!(read(&mut world, 1, notebook, &file), plain);
}

#[test]
fn what_a_cut_off_addition_left_and_what_nothing_names_is_dropped() {
    const WEEK_MS: u64 = 8 * 24 * 60 * 60 * 1000;
    let (mut world, notebook) = world(1);
    let named = add(&mut world, 0, notebook, &pattern(2 * FILE_CHUNK_BYTES));
    let unnamed = add(&mut world, 0, notebook, &pattern(40 * FILE_CHUNK_BYTES));
    let now = world.time_of(0);
    world.act(0, |engine, disk, random| {
        let bytes = 70 * FILE_CHUNK_BYTES as u64;
        let mut cut = engine
            .begin_file(notebook, Some(bytes), now, disk, random)
            .unwrap();
        cut.push(&pattern(40 * FILE_CHUNK_BYTES), disk).unwrap();
        let names = [named.root, unnamed.root].into();
        // While it is added it stays.
        let added =
            engine.drop_unnamed_files(notebook, &names, &|place| cut.is_at(place), now, disk);
        assert_eq!(added, Ok(false));
        let mut steps = 0;
        while engine
            .drop_unnamed_files(notebook, &[named.root].into(), &|_| false, now, disk)
            .unwrap()
        {
            steps += 1;
        }
        assert_eq!(
            steps, 3,
            "a part at a time, and the one that nothing names only later"
        );
        while engine
            .drop_unnamed_files(
                notebook,
                &[named.root].into(),
                &|_| false,
                now + WEEK_MS,
                disk,
            )
            .unwrap()
        {}
    });
    let disk = &world.device(0).unwrap().disk;
    let left = disk
        .scan(notebook, hearth_core::storage::Space::Piece)
        .unwrap();
    assert_eq!(left.len(), 3, "the one that is named");
    assert!(held(&world, 0, notebook, &named).is_whole());
}
