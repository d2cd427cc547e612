//! Files taken over from one notebook of this device into another that names them too: a fork names all that the old one did.

use super::Engine;
use crate::file::HeldFile;
use crate::ids::{FileRoot, NotebookId};
use crate::limits::FILE_PIECES_DROPPED_AT_ONCE;
use crate::storage::{Storage, StorageError, Write};

impl Engine {
    /// Takes over some of what is here of a file in one notebook and not in another; returns whether there may be more. What is
    /// damaged is left to whoever fetches it.
    ///
    /// # Errors
    /// [`StorageError`] where the disk fails; it goes on with the next call.
    pub fn carry_file(
        &mut self,
        (from, to): (NotebookId, NotebookId),
        root: FileRoot,
        now_ms: u64,
        storage: &mut dyn Storage,
    ) -> Result<bool, StorageError> {
        // One that is fetched is on its way already.
        if self.is_fetched(to, root) || !self.replicas.contains_key(&to) {
            return Ok(false);
        }
        let load = |notebook| match HeldFile::load(storage, notebook, root) {
            Err(StorageError::Damaged(_)) => Ok(None),
            held => held,
        };
        let Some(source) = load(from)? else {
            return Ok(false);
        };
        let known = load(to)?.filter(|known| known.bytes() == source.bytes());
        let mut held = known.unwrap_or_else(|| HeldFile::awaited(root, source.bytes(), now_ms));
        let missing = (0..source.pieces()).filter(|piece| source.has(*piece) && !held.has(*piece));
        let missing: Vec<_> = missing.take(FILE_PIECES_DROPPED_AT_ONCE as usize).collect();
        let mut writes: Vec<Write> = Vec::new();
        for piece in missing {
            match source.piece(storage, from, piece) {
                Ok(Some(bytes)) => {
                    held.note(piece, true);
                    writes.push(held.put(piece, bytes));
                }
                Ok(None) | Err(StorageError::Damaged(_)) => {}
                Err(error) => return Err(error),
            }
        }
        if writes.is_empty() {
            return Ok(false);
        }
        writes.push(held.put_record(root));
        storage.commit(to, &writes)?;
        self.mirror_files.look_again_at(to);
        Ok(true)
    }
}
