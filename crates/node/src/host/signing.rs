//! Signatures under texts: control entries of the notebook that name a text's hash.

use automerge::ChangeHash;
use hearth_core::ids::NotebookId;
use hearth_notebook::{DocumentId, TextHash};

use super::Host;
use crate::api::Failure;

impl Host {
    /// Signs a text of a document by its hash; the signature is on disk when this returns.
    pub(crate) fn sign_text(
        &mut self,
        _notebook: NotebookId,
        _text_hash: TextHash,
        _document: DocumentId,
        _heads: Vec<ChangeHash>,
    ) -> Result<(), Failure> {
        Err(Failure::error("sign_failed", "Signing is not there yet."))
    }
}
