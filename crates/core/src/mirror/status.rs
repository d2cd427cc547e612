//! What a mirror can say of what it holds, to whoever runs it: numbers, and no name.

use super::engine::{Connection, Mirror};
use super::held::Held;
use super::request::Quota;
use crate::checkpoint::CheckpointStanding;
use crate::ids::NotebookId;
use crate::storage::{Space, Storage, StorageError, Write};

/// The record of when something of a notebook was last kept: `time u64`.
const PUSHED_KEY: &[u8] = b"last";

/// How a notebook stands at a mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldStatus {
    /// The notebook.
    pub notebook: NotebookId,
    /// How much of it is held, and may be.
    pub quota: Quota,
    /// Files of which all or a part is held, sealed.
    pub files: usize,
    /// How much these take, as a part of all that is held.
    pub files_bytes: u64,
    /// Content entries, sealed, whether they are kept one by one or in a checkpoint.
    pub entries: u64,
    /// How its checkpoint stands.
    pub checkpoint: CheckpointStanding,
    /// Control entries.
    pub controls: usize,
    /// People who are members.
    pub people: usize,
    /// Their live devices.
    pub devices: usize,
    /// Devices that are connected for it.
    pub connected: usize,
    /// Whether it names this mirror; otherwise it is dropped after a while.
    pub is_named: bool,
    /// Whether something was not taken for want of room since it was opened.
    pub has_refused: bool,
    /// When a member's device last said something about it since the start, in milliseconds since 1970 UTC.
    pub heard_ms: Option<u64>,
    /// When something of it was last kept, in milliseconds since 1970 UTC.
    pub pushed_ms: Option<u64>,
}

impl Mirror {
    /// Returns how all notebooks stand.
    pub fn statuses(&self) -> impl Iterator<Item = HeldStatus> {
        self.notebooks.values().map(|held| self.status_of(held))
    }

    /// Returns how a notebook stands that is held.
    pub fn status(&self, notebook: NotebookId) -> Option<HeldStatus> {
        let held = self.notebooks.get(&notebook)?;
        Some(self.status_of(held))
    }

    /// Returns how the checkpoint of a notebook stands that is held.
    pub fn checkpoint(&self, notebook: NotebookId) -> Option<CheckpointStanding> {
        Some(self.notebooks.get(&notebook)?.checkpoint())
    }

    fn status_of(&self, held: &Held) -> HeldStatus {
        let outline = held.outline();
        let notebook = outline.notebook();
        let is_connected = |connection: &&Connection| match connection {
            Connection::Sync { session, .. } => session.is_live(notebook),
            Connection::Request(_) | Connection::Recover(_) => false,
        };
        let most = self.limits.notebook_bytes;
        HeldStatus {
            notebook,
            quota: Quota {
                used_bytes: held.quota().used_bytes,
                max_bytes: most,
            },
            files: held.files().count,
            files_bytes: held.files().bytes,
            entries: outline.next_position(),
            checkpoint: held.checkpoint(),
            controls: outline.controls_count(),
            people: held.people(),
            devices: held.devices(),
            connected: self.connections.values().filter(is_connected).count(),
            is_named: held.names_this_mirror(),
            has_refused: held.has_refused(),
            heard_ms: self.heard_ms.get(&notebook).copied(),
            pushed_ms: self.pushed_ms.get(&notebook).copied(),
        }
    }

    /// Reads when something of a notebook was last kept.
    pub(super) fn load_pushed(
        &mut self,
        notebook: NotebookId,
        storage: &dyn Storage,
    ) -> Result<(), StorageError> {
        let kept = storage.get(notebook, Space::Pushed, PUSHED_KEY)?;
        let kept = kept.and_then(|bytes| bytes.try_into().ok());
        if let Some(bytes) = kept {
            self.pushed_ms.insert(notebook, u64::from_le_bytes(bytes));
        }
        Ok(())
    }
}

/// What keeps the time of a push, in the same commit as what was pushed.
pub(super) fn pushed_write(now_ms: u64) -> Write {
    Write::Put {
        space: Space::Pushed,
        key: PUSHED_KEY.to_vec(),
        value: now_ms.to_le_bytes().to_vec(),
    }
}
