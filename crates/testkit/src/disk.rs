//! A disk in memory that fails when it is told to.
//!
//! It keeps what [`Storage`] promises and nothing more: a commit is durable once it has returned, a
//! commit that failed left nothing, and a scan comes in an order that nobody may rely on. A power
//! cut takes the whole disk away until [`MemoryDisk::restart`], after which exactly the commits that
//! had returned are there.

use std::cell::Cell;
use std::collections::BTreeMap;

use hearth_core::identity::Roster;
use hearth_core::ids::NotebookId;
use hearth_core::log::RawEntry;
use hearth_core::storage::{
    CapsulePlace, CapsuleRecord, Position, Records, Space, Storage, StorageError, Write,
};

/// How a commit fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// There is no room; the next commit may succeed.
    Full,
    /// The disk reports an error; the next commit may succeed.
    Failed,
    /// The power fails in the middle: nothing of the commit is kept, and the disk answers nothing
    /// until it is restarted.
    Torn,
}

/// How often a disk was asked for something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DiskCounts {
    /// Commits that were tried, failed ones included.
    pub commits: u64,
    /// Values read by key.
    pub gets: u64,
    /// Spaces read whole.
    pub scans: u64,
    /// Reads of the stream of entries.
    pub entry_reads: u64,
    /// Bytes of entries that those reads returned.
    pub entry_bytes: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Book {
    records: BTreeMap<(u8, Vec<u8>), Vec<u8>>,
    stream: Vec<Vec<u8>>,
}

/// A node's disk in memory. A clone is a copied home folder.
#[derive(Debug, Clone, Default)]
pub struct MemoryDisk {
    books: BTreeMap<NotebookId, Book>,
    faults: BTreeMap<u64, Fault>,
    counts: Cell<DiskCounts>,
    is_down: bool,
    roster: Option<Roster>,
    capsules: BTreeMap<CapsulePlace, (Vec<u8>, Vec<u8>)>,
}

impl MemoryDisk {
    /// Returns the roster that was kept, where one was.
    pub const fn roster(&self) -> Option<&Roster> {
        self.roster.as_ref()
    }

    /// Starts empty and sound.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the `nth` commit from now on fail; 0 is the next one.
    pub fn fail_commit(&mut self, nth: u64, fault: Fault) {
        let at = self.counts.get().commits.saturating_add(nth);
        self.faults.insert(at, fault);
    }

    /// Takes back all faults that have not come to pass.
    pub fn mend(&mut self) {
        self.faults.clear();
    }

    /// Cuts the power: the disk answers nothing until [`MemoryDisk::restart`].
    pub const fn crash(&mut self) {
        self.is_down = true;
    }

    /// Brings the power back. What is there is what commits that returned had kept.
    pub const fn restart(&mut self) {
        self.is_down = false;
    }

    /// Says whether the power is cut.
    pub const fn is_down(&self) -> bool {
        self.is_down
    }

    /// Returns the notebooks of which anything is kept.
    pub fn notebooks(&self) -> Vec<NotebookId> {
        self.books.keys().copied().collect()
    }

    /// Returns how often the disk was asked for something.
    pub const fn counts(&self) -> DiskCounts {
        self.counts.get()
    }

    /// Returns how many entries of a notebook are kept.
    pub fn entry_count(&self, notebook: NotebookId) -> usize {
        self.books
            .get(&notebook)
            .map_or(0, |book| book.stream.len())
    }

    /// Returns how many entries are kept without their signature.
    pub fn bare_count(&self) -> u64 {
        let streams = self.books.values().flat_map(|book| &book.stream);
        let bare = streams.filter(|bytes| {
            let entry = RawEntry::parse_any(bytes.to_vec());
            entry.is_ok_and(|entry| entry.is_bare())
        });
        bare.count() as u64
    }

    /// Changes a byte of the last entry of a notebook, as somebody would who has the disk.
    pub fn alter_last_entry(&mut self, notebook: NotebookId) {
        let book = self.books.get_mut(&notebook);
        if let Some(entry) = book.and_then(|book| book.stream.last_mut()) {
            // Before the signature, and behind the header.
            let place = entry.len().saturating_sub(80);
            if let Some(byte) = entry.get_mut(place) {
                *byte ^= 1;
            }
        }
    }

    /// Says whether some bytes stand anywhere on the disk.
    pub fn holds(&self, wanted: &[u8]) -> bool {
        let is_in = |bytes: &[u8]| {
            let mut windows = bytes.windows(wanted.len().max(1));
            windows.any(|window| window == wanted)
        };
        self.books.values().any(|book| {
            let records = book.records.iter();
            let mut records = records.flat_map(|((_, key), value)| [key, value]);
            records.any(|bytes| is_in(bytes)) || book.stream.iter().any(|bytes| is_in(bytes))
        })
    }

    /// Says whether two disks hold the same, whatever they were asked.
    pub fn holds_the_same(&self, other: &Self) -> bool {
        self.books == other.books
    }

    fn count(&self, change: impl FnOnce(&mut DiskCounts)) {
        let mut counts = self.counts.get();
        change(&mut counts);
        self.counts.set(counts);
    }

    fn powered(&self) -> Result<(), StorageError> {
        if self.is_down {
            return Err(StorageError::Failed("the power is cut".to_owned()));
        }
        Ok(())
    }
}

impl Storage for MemoryDisk {
    fn keep_roster(&mut self, roster: &Roster) -> Result<(), StorageError> {
        self.powered()?;
        self.roster = Some(roster.clone());
        Ok(())
    }

    fn keep_capsule(
        &mut self,
        place: CapsulePlace,
        record: Option<CapsuleRecord<'_>>,
    ) -> Result<(), StorageError> {
        self.powered()?;
        match record {
            None => self.capsules.remove(&place),
            Some(record) => {
                let kept = (record.head.to_vec(), record.capsule.to_vec());
                self.capsules.insert(place, kept)
            }
        };
        Ok(())
    }

    fn capsule_heads(&self) -> Result<Vec<Vec<u8>>, StorageError> {
        self.powered()?;
        Ok(self
            .capsules
            .values()
            .map(|(head, _)| head.clone())
            .collect())
    }

    fn capsule(&self, place: CapsulePlace) -> Result<Option<Vec<u8>>, StorageError> {
        self.powered()?;
        Ok(self
            .capsules
            .get(&place)
            .map(|(_, capsule)| capsule.clone()))
    }

    fn commit(&mut self, notebook: NotebookId, writes: &[Write]) -> Result<(), StorageError> {
        self.powered()?;
        let number = self.counts.get().commits;
        self.count(|counts| counts.commits += 1);
        match self.faults.remove(&number) {
            None => {}
            Some(Fault::Full) => return Err(StorageError::Full),
            Some(Fault::Failed) => {
                return Err(StorageError::Failed("a simulated error".to_owned()));
            }
            Some(Fault::Torn) => {
                self.is_down = true;
                return Err(StorageError::Failed("the power was cut".to_owned()));
            }
        }
        if writes.is_empty() {
            return Ok(());
        }
        let book = self.books.entry(notebook).or_default();
        for write in writes {
            match write {
                Write::Put { space, key, value } => {
                    book.records
                        .insert((space.code(), key.clone()), value.clone());
                }
                Write::Delete { space, key } => {
                    book.records.remove(&(space.code(), key.clone()));
                }
                Write::Append(entry) => book.stream.push(entry.clone()),
                Write::Blank { first, end } => {
                    let places = (0_u64..).zip(&mut book.stream);
                    let emptied = places.filter(|(place, _)| (*first..*end).contains(place));
                    emptied.for_each(|(_, entry)| entry.clear());
                }
            }
        }
        Ok(())
    }

    fn get(
        &self,
        notebook: NotebookId,
        space: Space,
        key: &[u8],
    ) -> Result<Option<Vec<u8>>, StorageError> {
        self.powered()?;
        self.count(|counts| counts.gets += 1);
        Ok(self
            .books
            .get(&notebook)
            .and_then(|book| book.records.get(&(space.code(), key.to_vec())))
            .cloned())
    }

    fn scan(&self, notebook: NotebookId, space: Space) -> Result<Records, StorageError> {
        self.powered()?;
        self.count(|counts| counts.scans += 1);
        let Some(book) = self.books.get(&notebook) else {
            return Ok(Vec::new());
        };
        // Backwards, so that nobody comes to rely on the order of keys.
        Ok(book
            .records
            .iter()
            .rev()
            .filter(|((code, _), _)| *code == space.code())
            .map(|((_, key), value)| (key.clone(), value.clone()))
            .collect())
    }

    fn entries(
        &self,
        notebook: NotebookId,
        from: Position,
        bytes_aim: usize,
    ) -> Result<Vec<(Position, Vec<u8>)>, StorageError> {
        self.powered()?;
        let mut read = Vec::new();
        let mut bytes = 0;
        let stream = self
            .books
            .get(&notebook)
            .map_or(&[][..], |book| book.stream.as_slice());
        let start = usize::try_from(from).unwrap_or(usize::MAX);
        for (position, entry) in (from..).zip(stream.iter().skip(start)) {
            if !read.is_empty() && bytes >= bytes_aim {
                break;
            }
            bytes += entry.len();
            read.push((position, entry.clone()));
        }
        self.count(|counts| {
            counts.entry_reads += 1;
            counts.entry_bytes += bytes as u64;
        });
        Ok(read)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const NOTEBOOK: NotebookId = NotebookId::from_bytes([1; 32]);

    fn put(value: u8) -> Write {
        Write::Put {
            space: Space::State,
            key: vec![value],
            value: vec![value],
        }
    }

    #[test]
    fn a_failed_commit_leaves_nothing_and_a_crash_keeps_what_had_returned() {
        let mut disk = MemoryDisk::new();
        disk.commit(NOTEBOOK, &[put(1), Write::Append(vec![7])])
            .unwrap();
        disk.fail_commit(0, Fault::Full);
        disk.fail_commit(2, Fault::Torn);
        assert_eq!(
            disk.commit(NOTEBOOK, &[put(2), Write::Append(vec![8])]),
            Err(StorageError::Full)
        );
        disk.commit(NOTEBOOK, &[put(3)]).unwrap();
        assert!(disk.commit(NOTEBOOK, &[put(4)]).is_err());
        assert!(disk.is_down() && disk.get(NOTEBOOK, Space::State, &[1]).is_err());
        disk.restart();
        let kept = disk.scan(NOTEBOOK, Space::State).unwrap();
        assert_eq!(kept, [(vec![3], vec![3]), (vec![1], vec![1])]);
        assert_eq!(disk.entries(NOTEBOOK, 0, 1).unwrap(), [(0, vec![7])]);
        assert_eq!(disk.counts().commits, 4);
    }

    #[test]
    fn a_read_of_the_stream_ends_at_its_aim_but_is_never_empty() {
        let mut disk = MemoryDisk::new();
        let entries: Vec<Write> = (0..5).map(|n| Write::Append(vec![n; 10])).collect();
        disk.commit(NOTEBOOK, &entries).unwrap();
        assert_eq!(disk.entries(NOTEBOOK, 1, 1).unwrap().len(), 1);
        assert_eq!(disk.entries(NOTEBOOK, 1, 15).unwrap().len(), 2);
        assert_eq!(disk.entries(NOTEBOOK, 1, 1_000).unwrap().len(), 4);
        assert!(disk.entries(NOTEBOOK, 5, 1).unwrap().is_empty());
    }
}
