//! Edits: goals as keys of a map, and one shared text, written through real edit sessions.

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ObjId, ObjType, ROOT, ReadDoc};
use hearth_core::document::DocumentId;
use hearth_core::ids::NotebookId;
use hearth_core::replica::{EditFailed, EditSession};
use hearth_core::storage::StorageError;

use super::{Checked, World, violation};
use crate::dice::Dice;
use crate::network::NodeId;

/// The document of goals: a map of names to words.
pub const GOALS: DocumentId = DocumentId::from_bytes([1; 16]);
/// The document of the shared note.
pub const NOTES: DocumentId = DocumentId::from_bytes([2; 16]);
/// The shared text inside [`NOTES`].
pub const NOTE: &str = "note";

/// What an edit writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Writing {
    /// Sets a goal that nobody else sets.
    OwnGoal { key: String, value: String },
    /// Sets a goal that everybody sets.
    SharedGoal { key: String, value: String },
    /// Starts the note.
    StartNote,
    /// Types into the note, in thousandths of its length, and deletes some characters there.
    Type {
        place: u64,
        delete: u64,
        text: String,
    },
}

#[derive(Debug)]
enum Wrote {
    Something,
    Nothing,
}

impl World {
    /// Lets a device start the shared note of a notebook that it has just created.
    ///
    /// # Errors
    /// [`super::Violation`] where that is refused.
    pub fn start_note(&mut self, node: NodeId, notebook: NotebookId) -> Checked<()> {
        self.write(node, notebook, &[Writing::StartNote]).map(drop)
    }

    /// Lets a device write something into a notebook; returns whether it was acknowledged.
    ///
    /// # Errors
    /// [`super::Violation`] where it is refused for a reason that it should not be.
    pub fn edit(&mut self, node: NodeId, notebook: NotebookId) -> Checked<bool> {
        let count = 1 + self.random.index(3);
        let writings: Vec<Writing> = (0..count).map(|_| self.draw_writing(node)).collect();
        self.write(node, notebook, &writings)
    }

    /// Lets a device set a goal that nobody else sets.
    ///
    /// # Errors
    /// [`super::Violation`] where that is refused.
    pub fn set_own_goal(
        &mut self,
        node: NodeId,
        notebook: NotebookId,
        key: &str,
        value: &str,
    ) -> Checked<bool> {
        let (key, value) = (key.to_owned(), value.to_owned());
        self.write(node, notebook, &[Writing::OwnGoal { key, value }])
    }

    fn draw_writing(&mut self, node: NodeId) -> Writing {
        let number = self.edits;
        let value = format!("{node}/{number}/{}", self.random.below(1_000));
        match self.random.below(8) {
            0 | 1 => Writing::OwnGoal {
                key: format!("own {node} {number} {}", self.random.below(1_000)),
                value,
            },
            2 => Writing::SharedGoal {
                key: format!("goal {}", self.random.below(5)),
                value,
            },
            _ => {
                const SCRAPS: [&str; 6] = [
                    "a",
                    " walks",
                    "é",
                    "\n\n",
                    "👩‍🏫",
                    "listen to what is not said",
                ];
                Writing::Type {
                    place: self.random.below(1_001),
                    delete: if self.random.chance(4) {
                        self.random.below(6)
                    } else {
                        0
                    },
                    text: self
                        .random
                        .pick(&SCRAPS)
                        .map_or("", |scrap| scrap)
                        .to_owned(),
                }
            }
        }
    }

    pub(super) fn write(
        &mut self,
        node: NodeId,
        notebook: NotebookId,
        writings: &[Writing],
    ) -> Checked<bool> {
        let time = i64::try_from(self.time_of(node) / 1_000).unwrap_or_default();
        let device = self
            .devices
            .get_mut(node)
            .ok_or_else(|| violation("no such device"))?;
        let Some(engine) = device.engine.as_mut() else {
            return Ok(false);
        };
        let result = engine.edit(notebook, &mut device.disk, &mut self.random, |session| {
            let mut wrote = Wrote::Nothing;
            for writing in writings {
                if apply(session, writing, time)? {
                    wrote = Wrote::Something;
                }
            }
            Ok::<_, Broken>(wrote)
        });
        device.is_unsettled = true;
        match result {
            Ok(Wrote::Nothing) => Ok(false),
            Ok(Wrote::Something) => {
                self.acknowledge(node, notebook, writings)?;
                Ok(true)
            }
            Err(error) => {
                self.note(|| format!("{node} could not edit {notebook:?}: {error}"));
                self.crash_if_down(node);
                match error {
                    EditFailed::Storage(_) | EditFailed::Rekey(_) | EditFailed::StaleCopy => {
                        Ok(false)
                    }
                    other => Err(violation(format!("{node} may not edit: {other}"))),
                }
            }
        }
    }

    /// Writes down what an edit has promised to keep.
    fn acknowledge(
        &mut self,
        node: NodeId,
        notebook: NotebookId,
        writings: &[Writing],
    ) -> Checked<()> {
        self.edits += 1;
        let replica = self
            .devices
            .get_mut(node)
            .and_then(|device| device.engine.as_mut())
            .and_then(|engine| engine.replica_mut(notebook))
            .ok_or_else(|| violation("the notebook is gone after an edit"))?;
        if replica.has_unsaved() {
            return Err(violation("an edit returned before it was on disk"));
        }
        let log = replica
            .own_log()
            .ok_or_else(|| violation("an edit left no log"))?;
        let tip = replica
            .frontier()
            .logs
            .get(&log)
            .copied()
            .ok_or_else(|| violation("an edit left no entry"))?;
        let heads = replica.controls().heads();
        self.note(|| format!("{node} wrote entry {} of {notebook:?}", tip.0.get()));
        self.acknowledged.insert((notebook, log), tip);
        for writing in writings {
            if let Writing::OwnGoal { key, value } = writing {
                let written = super::Written {
                    value: value.clone(),
                    log,
                    seq: tip.0,
                    entry: tip.1,
                    heads: heads.clone(),
                };
                self.written.insert((notebook, key.clone()), written);
            }
        }
        Ok(())
    }
}

/// An edit that could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Automerge(#[from] automerge::AutomergeError),
}

/// Finds the shared note of a document.
pub(super) fn note_of(document: &impl ReadDoc) -> Option<ObjId> {
    document.get(ROOT, NOTE).ok()?.map(|(_, id)| id)
}

fn apply(session: &mut EditSession<'_>, writing: &Writing, time: i64) -> Result<bool, Broken> {
    let options = CommitOptions::default().with_time(time);
    match writing {
        Writing::OwnGoal { key, value } | Writing::SharedGoal { key, value } => {
            let document = session.write(GOALS)?;
            let mut transaction = document.transaction();
            transaction.put(ROOT, key.as_str(), value.as_str())?;
            transaction.commit_with(options);
        }
        Writing::StartNote => {
            let document = session.write(NOTES)?;
            let mut transaction = document.transaction();
            let note = transaction.put_object(ROOT, NOTE, ObjType::Text)?;
            transaction.splice_text(&note, 0, 0, "What we talked about: ")?;
            transaction.commit_with(options);
        }
        Writing::Type {
            place,
            delete,
            text,
        } => {
            // A member whose copy of the note has not arrived cannot type into it yet.
            let Some(note) = session.read(&NOTES)?.and_then(note_of) else {
                return Ok(false);
            };
            let document = session.write(NOTES)?;
            let len = document.length(&note) as u64;
            let at = len * place / 1_000;
            let delete = (*delete).min(len - at);
            let mut transaction = document.transaction();
            transaction.splice_text(
                &note,
                usize::try_from(at).unwrap_or_default(),
                isize::try_from(delete).unwrap_or_default(),
                text,
            )?;
            transaction.commit_with(options);
        }
    }
    Ok(true)
}
