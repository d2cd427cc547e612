//! Signs control entries for one device.

use super::{ControlEntry, ControlKind, SealedLabel};
use crate::identity::DeviceSecrets;
use crate::ids::{ControlHash, NotebookId};

/// What the author of a control entry knows and stands on.
#[derive(Debug, Clone)]
pub struct ControlAuthor<'a> {
    /// The device that signs.
    pub device: &'a DeviceSecrets,
    /// The notebook; zero for its `create`.
    pub notebook: NotebookId,
    /// The heads of the control entries that the author knows, sorted.
    pub heads: Vec<ControlHash>,
    /// The entry that gives the author the standing to write this; zero for `create`.
    pub standing: ControlHash,
}

impl ControlAuthor<'_> {
    /// Signs an entry.
    pub fn sign(&self, kind: ControlKind, label: Option<SealedLabel>) -> ControlEntry {
        ControlEntry::sign(self, kind, label)
    }
}
