//! The write-ahead log between commits: what a commit would wait for is done while nobody does.
//!
//! A commit waits until its pages are in the log. Where the file has to grow for them, the file system
//! writes its own records too, which takes half as long again; so the file is filled with zeros ahead. And
//! some commit has to move the log's pages into the main file, which takes as long as ten; so that is done
//! ahead as well.
//!
//! The invariant: nothing here decides what is durable. SQLite takes a page of the log for written by the
//! checksum that goes on from the page before it, and zeros never have it.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::commit::CommitError;
use crate::database::LOG_BYTES_READY;
use crate::home::{AtPath, FileError};
use crate::scope::Write;
use crate::store::Store;

/// Pages of the log that are moved into the main file while nobody waits: a quarter fits the log that is
/// ready beside what is written until then.
const CHECKPOINT_PAGES: usize = 512;
/// Pages of the log after which it is worth its size: some thirty keystrokes. A node that has only started
/// has better things to do.
const FILL_PAGES: usize = 64;
/// Pages that a commit writes besides those of its values: the tally's and the one that an entry goes on.
const PAGES_PER_COMMIT: usize = 2;
/// A page of the database.
const PAGE_BYTES: usize = 4096;
/// Bytes that are written at once.
static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

/// What is known of the write-ahead log.
#[derive(Debug, Default)]
pub(crate) struct LogState {
    /// About how many pages were written to it since they were last moved.
    pages: usize,
    /// Whether the file has its size.
    is_ready: bool,
}

impl LogState {
    const fn is_long(&self) -> bool {
        self.pages >= CHECKPOINT_PAGES
    }

    const fn wants_size(&self) -> bool {
        !self.is_ready && self.pages >= FILL_PAGES
    }

    /// Notes a commit.
    pub(crate) fn note(&mut self, writes: &[Write]) {
        let bytes: usize = writes.iter().map(value_bytes).sum();
        self.pages += PAGES_PER_COMMIT + bytes / PAGE_BYTES;
    }
}

fn value_bytes(write: &Write) -> usize {
    match write {
        Write::Put { value, .. } => PAGE_BYTES + value.len(),
        Write::Delete { .. } => PAGE_BYTES,
        Write::Append { value, .. } => value.len(),
        // Rows that are there are written again at most.
        Write::Blank { first, end, .. } => {
            let places = usize::try_from(end.0.saturating_sub(first.0));
            places
                .unwrap_or(usize::MAX)
                .saturating_mul(size_of::<u32>())
        }
    }
}

impl Store {
    /// Says whether [`Store::rest`] would do anything.
    pub const fn wants_rest(&self) -> bool {
        self.log.is_long() || self.log.wants_size()
    }

    /// Gets ready for the next commits, while nobody waits: it may take some milliseconds, and most times
    /// there is nothing to do. Without it everything works, and some commits take longer.
    ///
    /// # Errors
    /// [`CommitError`] where the disk fails or is full. Nothing is lost then, and it is tried again after
    /// as many commits as always.
    pub fn rest(&mut self) -> Result<(), CommitError> {
        if self.log.is_long() {
            self.log.pages = 0;
            self.connection
                .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
        }
        if self.log.wants_size() {
            self.log.is_ready = true;
            fill(&log_path(&self.home.database()))
                .map_err(|error| CommitError::Io(error.to_string()))?;
        }
        Ok(())
    }
}

/// The file that SQLite keeps the log in.
fn log_path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

/// Appends zeros until the file has its size. What is in it stays.
fn fill(path: &Path) -> Result<(), FileError> {
    // The lock of the home keeps every other process out, and SQLite does not write meanwhile. It locks
    // the main file and not this one, so closing this handle lets go of none of its locks.
    let mut file = OpenOptions::new().write(true).open(path).at(path)?;
    let before = file.seek(SeekFrom::End(0)).at(path)?;
    let filled = append_zeros(&mut file, LOG_BYTES_READY.saturating_sub(before));
    if filled.is_err() {
        // What is left of the disk is for commits.
        file.set_len(before).at(path)?;
    }
    filled.at(path)
}

fn append_zeros(file: &mut File, count: u64) -> io::Result<()> {
    let mut left = usize::try_from(count).map_err(io::Error::other)?;
    while left > 0 {
        let zeros = ZEROS.get(..left).unwrap_or(&ZEROS);
        file.write_all(zeros)?;
        left -= zeros.len();
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{Position, Protection, ReadLimits, Scope, Unlock};

    fn append(store: &mut Store, value: &[u8]) {
        let scope = Scope::NODE;
        let value = value.to_vec();
        store.commit(&[Write::Append { scope, value }]).unwrap();
    }

    fn entries(store: &Store) -> usize {
        let entries = store.read_stream(Scope::NODE, Position::FIRST, ReadLimits::default());
        entries.unwrap().len()
    }

    fn log_bytes(home: &Path) -> u64 {
        fs::metadata(log_path(&home.join("hearth.db")))
            .unwrap()
            .len()
    }

    /// Copies the files of an open home, as a crash would leave them.
    fn cut_off(home: &Path, to: &Path) {
        fs::create_dir_all(to.join("keys")).unwrap();
        for name in ["hearth.db", "hearth.db-wal", "store.key"] {
            fs::copy(home.join(name), to.join(name)).unwrap();
        }
    }

    #[test]
    fn commits_before_and_after_a_rest_outlive_a_crash() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        let mut store = Store::create(&home, &Protection::Bare).unwrap();
        let before = FILL_PAGES / PAGES_PER_COMMIT - 2;
        for _ in 0..before {
            append(&mut store, b"entry");
        }
        for count in before + 1..=before + 4 {
            append(&mut store, b"entry");
            for state in ["written", "rested"] {
                let copy = folder.path().join(format!("{count} {state}"));
                cut_off(&home, &copy);
                let reopened = Store::open(&copy, &Unlock::Unattended).unwrap();
                assert_eq!(entries(&reopened), count);
                assert!(reopened.verify().is_intact());
                store.rest().unwrap();
            }
        }
    }

    #[test]
    fn after_a_rest_the_log_does_not_grow_and_its_pages_are_moved() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        let mut store = Store::create(&home, &Protection::Bare).unwrap();
        let mut count = 0;
        while !store.wants_rest() {
            append(&mut store, b"entry");
            count += 1;
        }
        store.rest().unwrap();
        assert_eq!(log_bytes(&home), LOG_BYTES_READY);
        for _ in 0..3 {
            for _ in 0..CHECKPOINT_PAGES / PAGES_PER_COMMIT {
                append(&mut store, b"entry");
                count += 1;
            }
            store.rest().unwrap();
        }
        assert_eq!(log_bytes(&home), LOG_BYTES_READY);
        // Without the log, the main file has all of it.
        let copy = folder.path().join("copy");
        cut_off(&home, &copy);
        fs::remove_file(log_path(&copy.join("hearth.db"))).unwrap();
        let reopened = Store::open(&copy, &Unlock::Unattended).unwrap();
        assert_eq!(entries(&reopened), count);
    }
}
