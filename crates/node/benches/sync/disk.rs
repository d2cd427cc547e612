//! What a durable commit costs, beside the least that the disk can do.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use hearth_core::ids::NotebookId;
use hearth_core::storage::{Storage, Write};
use hearth_node::host::NodeStorage;
use hearth_store::{Protection, Store};

use crate::report::percentile;
use crate::workload::Size;

/// Bytes of an entry that carries one keystroke, with room to spare.
const ENTRY_BYTES: usize = 300;

/// Times of one kind of write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writes {
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

/// Commits of one entry each.
pub(crate) fn commits(folder: &Path, size: &Size) -> Result<Writes> {
    let mut storage = NodeStorage::new(Store::create(&folder.join("commits"), &Protection::Bare)?);
    let notebook = NotebookId::from_bytes([1; 32]);
    let entry = [Write::Append(vec![7; ENTRY_BYTES])];
    measure(size, |_| Ok(storage.commit(notebook, &entry)?))
}

/// The same bytes written in place and waited for.
pub(crate) fn in_place(folder: &Path, size: &Size) -> Result<Writes> {
    let file = File::create(folder.join("in-place"))?;
    measure(size, |_| write(&file, 0))
}

/// The same bytes appended and waited for.
pub(crate) fn appending(folder: &Path, size: &Size) -> Result<Writes> {
    let file = File::create(folder.join("appending"))?;
    measure(size, |round| write(&file, (round * ENTRY_BYTES) as u64))
}

fn write(file: &File, offset: u64) -> Result<()> {
    file.write_all_at(&[7; ENTRY_BYTES], offset)?;
    Ok(file.sync_data()?)
}

fn measure(size: &Size, mut act: impl FnMut(usize) -> Result<()>) -> Result<Writes> {
    // In the first half files grow and caches fill.
    let mut times = Vec::with_capacity(size.disk_commits);
    for round in 0..2 * size.disk_commits {
        let start = Instant::now();
        act(round)?;
        if round >= size.disk_commits {
            times.push(start.elapsed());
        }
    }
    times.sort();
    Ok(Writes {
        p50: percentile(&times, 50),
        p99: percentile(&times, 99),
    })
}
