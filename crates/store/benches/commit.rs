//! What a durable commit of one small entry costs, beside the least that the disk can do: writing
//! the same bytes to a file and waiting for them (`fdatasync`).
//!
//! Run with `cargo bench -p hearth-store`. `HEARTH_BENCH_DIR` names the folder to measure in; the
//! disk under it is what is measured.
#![allow(clippy::print_stdout, reason = "a benchmark reports to the terminal")]

use std::error::Error;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hearth_store::{Protection, Scope, Space, Store, Write};

/// Bytes of an entry that carries one keystroke, sealed and signed, with room to spare.
const ENTRY_BYTES: usize = 300;
const ROUNDS: usize = 2_000;
/// Rounds before the measured ones, in which files grow and caches fill.
const WARM_UP_ROUNDS: usize = 1_200;
/// Rounds with a pause before each.
const TYPED_ROUNDS: usize = 400;
/// Between two keystrokes of a benchmark that types: long enough for disk and processor to fall asleep.
const PAUSE: Duration = Duration::from_millis(20);

fn main() -> Result<(), Box<dyn Error>> {
    let base = std::env::var_os("HEARTH_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(base)?;
    println!("{ENTRY_BYTES}-byte entries, {ROUNDS} rounds, µs each");
    print_row("write + fdatasync, in place", raw_in_place(folder.path())?);
    print_row(
        "write + fdatasync, appending",
        raw_appending(folder.path())?,
    );

    let mut store = Store::create(&folder.path().join("home"), &Protection::Bare)?;
    let scope = Scope([1; 32]);
    store.create_scope(scope)?;
    let append = Write::Append {
        scope,
        value: vec![7; ENTRY_BYTES],
    };
    let both = [
        append.clone(),
        Write::Put {
            scope,
            space: Space(1),
            key: b"state".to_vec(),
            value: vec![8; 200],
        },
    ];
    print_row(
        "commit of one append",
        measure(|_| store.commit(std::slice::from_ref(&append)))?,
    );
    print_row(
        "commit of an append and a put",
        measure(|_| store.commit(&both))?,
    );
    println!("the same, {PAUSE:?} apart, as somebody types");
    print_row(
        "write + fdatasync, in place",
        raw_in_place_typed(folder.path())?,
    );
    print_row(
        "commit of one append",
        measure_typed(&mut store, |store, _| {
            store.rest()?;
            std::thread::sleep(PAUSE);
            let start = Instant::now();
            store.commit(std::slice::from_ref(&append))?;
            Ok::<_, hearth_store::CommitError>(start.elapsed())
        })?,
    );
    Ok(())
}

/// Writes over the same allocated bytes again and again: nothing but the data has to reach the disk.
fn raw_in_place(folder: &Path) -> Result<Vec<Duration>, std::io::Error> {
    let file = File::create(folder.join("in-place"))?;
    let bytes = [7; ENTRY_BYTES];
    measure(|_| file.write_all_at(&bytes, 0).and_then(|()| file.sync_data()))
}

/// Writes as many pages as a commit of one append, each time behind the last.
fn raw_in_place_typed(folder: &Path) -> Result<Vec<Duration>, std::io::Error> {
    const BYTES: usize = 2 * 4120;
    let file = File::create(folder.join("typed"))?;
    file.write_all_at(&vec![0; BYTES * TYPED_ROUNDS], 0)?;
    file.sync_all()?;
    measure_typed(&mut &file, |file, round| {
        std::thread::sleep(PAUSE);
        let start = Instant::now();
        file.write_all_at(&[7; BYTES], (round * BYTES) as u64)?;
        file.sync_data()?;
        Ok(start.elapsed())
    })
}

fn measure_typed<S, E>(
    on: &mut S,
    mut act: impl FnMut(&mut S, usize) -> Result<Duration, E>,
) -> Result<Vec<Duration>, E> {
    let mut times = (0..TYPED_ROUNDS)
        .map(|round| act(on, round))
        .collect::<Result<Vec<_>, _>>()?;
    times.sort();
    Ok(times)
}

/// Lets the file grow, as a log does: its new length has to reach the disk as well.
fn raw_appending(folder: &Path) -> Result<Vec<Duration>, std::io::Error> {
    let file = File::create(folder.join("appending"))?;
    let bytes = [7; ENTRY_BYTES];
    measure(|round| {
        let offset = (round * ENTRY_BYTES) as u64;
        file.write_all_at(&bytes, offset)
            .and_then(|()| file.sync_data())
    })
}

fn measure<T, E>(mut act: impl FnMut(usize) -> Result<T, E>) -> Result<Vec<Duration>, E> {
    for round in 0..WARM_UP_ROUNDS {
        act(round)?;
    }
    let mut times = Vec::with_capacity(ROUNDS);
    for round in 0..ROUNDS {
        let start = Instant::now();
        act(WARM_UP_ROUNDS + round)?;
        times.push(start.elapsed());
    }
    times.sort();
    Ok(times)
}

fn print_row(name: &str, sorted: Vec<Duration>) {
    let at = |per_mille: usize| {
        sorted
            .get(sorted.len() * per_mille / 1_000)
            .copied()
            .unwrap_or_default()
            .as_micros()
    };
    println!("{name:<32} median {:>6}   p99 {:>6}", at(500), at(990));
}
