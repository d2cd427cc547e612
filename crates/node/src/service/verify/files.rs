//! The files of one notebook: every piece that is here is the one that the file's name says.

use std::collections::BTreeMap;

use hearth_core::file::{FileHashes, HeldFile, LIST, Piece};
use hearth_core::ids::{FileRoot, NotebookId};
use hearth_core::storage::{Space, Storage as _};

use super::Found;
use crate::host::NodeStorage;

/// Pieces that one step looks at: 8 MiB.
const PIECES_AT_ONCE: u32 = 32;

/// What files are called, as far as that is known.
pub(super) type FileNames = BTreeMap<FileRoot, String>;

/// The look through the files of one notebook.
pub(super) struct FilesCheck {
    notebook: NotebookId,
    left: Vec<(FileRoot, HeldFile)>,
    hashes: Option<FileHashes>,
    next: Piece,
}

impl FilesCheck {
    /// Begins with the files of a notebook; those that are being added have no name yet, and are left out.
    pub(super) fn begin(storage: &NodeStorage, notebook: NotebookId, found: &mut Found) -> Self {
        let mut left = Vec::new();
        let records = storage.scan(notebook, Space::File).unwrap_or_else(|error| {
            found.damage(
                format!("the files of notebook {notebook}"),
                error.to_string(),
            );
            Vec::new()
        });
        for (key, value) in records {
            let Some(root) = key.try_into().ok().map(FileRoot::from_bytes) else {
                continue;
            };
            match HeldFile::decode(&value) {
                Ok(held) => left.push((root, held)),
                Err(error) => {
                    found.damage(
                        format!("file {root} of notebook {notebook}"),
                        error.to_string(),
                    );
                }
            }
        }
        Self {
            notebook,
            left,
            hashes: None,
            next: LIST,
        }
    }

    /// Checks some pieces; returns whether there are more.
    pub(super) fn step(
        &mut self,
        storage: &NodeStorage,
        names: &FileNames,
        found: &mut Found,
    ) -> bool {
        let Some((root, held)) = self.left.last() else {
            return false;
        };
        let root = *root;
        let held = held.clone();
        let end = held.pieces().min(self.next + PIECES_AT_ONCE);
        for piece in self.next..end {
            if !held.has(piece) {
                continue;
            }
            let fault = match held.piece(storage, self.notebook, piece) {
                Ok(Some(bytes)) => self.judge(root, &held, piece, bytes),
                Ok(None) => None,
                Err(error) => Some(error.to_string()),
            };
            if let Some(fault) = fault {
                found.damage(self.place(root, piece, names), fault);
            }
        }
        self.next = end;
        if end == held.pieces() {
            found.count_file();
            self.left.pop();
            self.hashes = None;
            self.next = LIST;
        }
        !self.left.is_empty()
    }

    fn judge(
        &mut self,
        root: FileRoot,
        held: &HeldFile,
        piece: Piece,
        bytes: Vec<u8>,
    ) -> Option<String> {
        let is_sound = if piece == LIST {
            self.hashes = FileHashes::check(bytes, root, held.bytes());
            self.hashes.is_some()
        } else {
            // Where the list is not sound, that is named, and the others cannot be judged.
            self.hashes
                .as_ref()
                .is_none_or(|hashes| hashes.is_piece(piece, &bytes))
        };
        (!is_sound).then(|| {
            "is not what the file's name says; `hearth resource get` fetches it again".to_owned()
        })
    }

    fn place(&self, root: FileRoot, piece: Piece, names: &FileNames) -> String {
        let name = names
            .get(&root)
            .cloned()
            .unwrap_or_else(|| root.to_string());
        let part = match piece {
            LIST => "the list of the parts".to_owned(),
            piece => format!("part {piece}"),
        };
        format!("{part} of file {name} in notebook {}", self.notebook)
    }
}
