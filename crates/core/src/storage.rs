//! What a node keeps on its disk, as the protocol sees it: a narrow trait.
//!
//! The protocol never writes by itself. It hands out [`Write`]s, somebody commits them, and only then
//! does anything leave that they are about. A simulator puts a disk of its own under this trait.

use crate::identity::Roster;
use crate::ids::{DeviceId, NotebookId, PersonId};

/// The place of an entry in a notebook's stream of arrivals, from 0, without gaps.
pub type Position = u64;

/// Kinds of records that are kept by key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Space {
    /// Control entries by hash.
    Control,
    /// The wraps of an epoch's key by epoch.
    Wraps,
    /// Automerge's own save of a document by its id: a cache, rebuilt from the entries.
    Document,
    /// The state of the logs as of a position in the stream: a cache as well.
    State,
    /// Entries that are kept but do not count, by hash, with the reason.
    SetAside,
    /// The last signed frontier of each device, by device.
    Frontier,
    /// Invitations that this device issued, with their secrets, by control hash.
    Invite,
    /// What this person decided about another's verification words, by person.
    Verification,
    /// The mark of an older copy: there once an entry came that this device signed and that was not
    /// written here.
    StaleCopy,
    /// Entries that are kept and not applied, by hash, with their changes, as of the state of the logs.
    Held,
    /// Entries that this device wrote again, by hash, with those that stand for them.
    Rewritten,
    /// Packs of entries by the position of their first one: made from the entries.
    Pack,
    /// Which packs there are, and how far the logs were where the last one ends.
    PackBase,
    /// What is known of a mirror beside what it holds, by mirror.
    Mirror,
    /// What has to be here before a device that was just recovered takes this person's others off: a
    /// frontier.
    Awaited,
    /// Documents that are ready to be sent ahead of their entries: made from them.
    Ahead,
    /// Epoch keys that came out of a backup, by epoch: no wrap of this device's opens them yet.
    Key,
    /// At a mirror: when something of the notebook was last kept, by the mirror's clock.
    Pushed,
    /// What was found out about the base that a forked notebook goes on from: made from its parts.
    Base,
    /// What is kept of files, by their roots: see [`HeldFile`](crate::file::HeldFile). Those that are being added stand under
    /// their places.
    File,
    /// Pieces of files, by the places of the files and their numbers. They may come to gigabytes: nobody scans them.
    Piece,
    /// How far a checkpoint goes: at a mirror its own, under no key; with a member what the next segment for a mirror
    /// follows from, by mirror.
    Checkpoint,
    /// At a mirror: the heads of a checkpoint's segments, by number.
    Segment,
    /// At a mirror: the sealed packs of a checkpoint's segments, by number. Nobody scans them.
    SegmentPack,
    /// At a mirror: up to which segment each device has checked the checkpoint, by device.
    Checked,
    /// What is known of the sessions and actions of a notebook: made from its index.
    Register,
    /// What came to the notes of a session from devices that had been away and nobody has looked at, by session.
    Merged,
}

impl Space {
    /// Returns the number of the space on disk.
    pub const fn code(self) -> u8 {
        match self {
            Self::Control => 1,
            Self::Wraps => 2,
            Self::Document => 3,
            Self::State => 4,
            Self::SetAside => 5,
            Self::Frontier => 6,
            Self::Invite => 7,
            Self::Verification => 8,
            Self::StaleCopy => 9,
            Self::Held => 10,
            Self::Rewritten => 11,
            Self::Awaited => 12,
            Self::Pack => 13,
            Self::PackBase => 14,
            Self::Mirror => 15,
            Self::Key => 16,
            Self::Ahead => 17,
            Self::Pushed => 18,
            Self::Base => 19,
            Self::File => 20,
            Self::Piece => 21,
            Self::Checkpoint => 22,
            Self::Segment => 23,
            Self::SegmentPack => 24,
            Self::Checked => 25,
            Self::Register => 27,
            Self::Merged => 28,
        }
    }
}

/// One thing to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Keeps a value under a key, in place of an earlier one.
    Put {
        /// What kind of record.
        space: Space,
        /// Its key.
        key: Vec<u8>,
        /// Its value.
        value: Vec<u8>,
    },
    /// Forgets a value.
    Delete {
        /// What kind of record.
        space: Space,
        /// Its key.
        key: Vec<u8>,
    },
    /// Appends an entry to the notebook's stream.
    Append(Vec<u8>),
    /// Empties entries of the stream: their places stay, and what is read there is empty. Only a mirror does that.
    Blank {
        /// The first place.
        first: Position,
        /// The place behind the last one.
        end: Position,
    },
}

/// The keys and values of a space.
pub type Records = Vec<(Vec<u8>, Vec<u8>)>;

/// A disk that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// There is no room. Nothing of the commit was kept; it can be tried again.
    #[error("the disk is full: nothing of this was saved; free some space and try again")]
    Full,
    /// Reading or writing failed.
    #[error("the disk failed: {0}")]
    Failed(String),
    /// A record does not open, or is missing where it must be.
    #[error("damaged data: {0}")]
    Damaged(String),
}

/// Whose capsule it is, and which of their devices made it: each device has one place.
pub type CapsulePlace = (PersonId, DeviceId);

/// What is kept of a capsule: what is known of it, which is read at each start, and itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CapsuleRecord<'a> {
    /// What is known of it.
    pub head: &'a [u8],
    /// The capsule.
    pub capsule: &'a [u8],
}

/// A node's disk.
pub trait Storage {
    /// Keeps all writes of a notebook or none; they are on disk when this returns.
    ///
    /// # Errors
    /// [`StorageError`]; nothing of `writes` is kept then.
    fn commit(&mut self, notebook: NotebookId, writes: &[Write]) -> Result<(), StorageError>;

    /// Keeps this person's roster, which belongs to no notebook, in place of an earlier one.
    ///
    /// # Errors
    /// [`StorageError`]; the earlier one is kept then.
    fn keep_roster(&mut self, roster: &Roster) -> Result<(), StorageError>;

    /// Keeps a capsule, which belongs to no notebook, in place of an earlier one, or forgets it.
    ///
    /// # Errors
    /// [`StorageError`]; the earlier one is kept then.
    fn keep_capsule(
        &mut self,
        place: CapsulePlace,
        record: Option<CapsuleRecord<'_>>,
    ) -> Result<(), StorageError>;

    /// Returns what is known of every capsule that is kept.
    ///
    /// # Errors
    /// [`StorageError`] where that cannot be read.
    fn capsule_heads(&self) -> Result<Vec<Vec<u8>>, StorageError>;

    /// Returns a capsule.
    ///
    /// # Errors
    /// [`StorageError`] where it cannot be read.
    fn capsule(&self, place: CapsulePlace) -> Result<Option<Vec<u8>>, StorageError>;

    /// Returns the value under a key.
    ///
    /// # Errors
    /// [`StorageError`] where it cannot be read.
    fn get(
        &self,
        notebook: NotebookId,
        space: Space,
        key: &[u8],
    ) -> Result<Option<Vec<u8>>, StorageError>;

    /// Returns all keys and values of a space, in no particular order.
    ///
    /// # Errors
    /// [`StorageError`] where one cannot be read.
    fn scan(&self, notebook: NotebookId, space: Space) -> Result<Records, StorageError>;

    /// Returns entries of the stream from `from` on, in order: at least one where there is one, and
    /// no more once they add up to `bytes_aim`.
    ///
    /// # Errors
    /// [`StorageError`] where one cannot be read.
    fn entries(
        &self,
        notebook: NotebookId,
        from: Position,
        bytes_aim: usize,
    ) -> Result<Vec<(Position, Vec<u8>)>, StorageError>;
}
