//! Signatures under texts: control entries of the notebook that name a text's hash.

use automerge::ChangeHash;
use hearth_core::base::BaseStanding;
use hearth_core::engine::DecideError;
use hearth_core::ids::NotebookId;
use hearth_core::replica::{MemberError, Replica};
use hearth_notebook::{DocumentId, Signature, TextHash};

use super::documents::core_id;
use super::{Host, no_notebook, sentence, storage_failed};
use crate::api::{Exit, Failure};

impl Host {
    /// Signs a text of a document by its hash; the signature is on disk when this returns.
    pub(crate) fn sign_text(
        &mut self,
        notebook: NotebookId,
        text_hash: TextHash,
        document: DocumentId,
        heads: Vec<ChangeHash>,
    ) -> Result<(), Failure> {
        let Self {
            engine, storage, ..
        } = self;
        let signed = engine.sign_text(notebook, text_hash.0, core_id(document), heads, storage);
        match signed {
            Ok(_) => Ok(()),
            Err(DecideError::NoNotebook) => Err(no_notebook()),
            Err(DecideError::Storage(error)) => Err(storage_failed(error)),
            Err(DecideError::Member(MemberError::NotMember)) => Err(Failure::new(
                Exit::NotAllowed,
                "not_a_member",
                "You are not a member of this notebook any more.",
            )
            .with_hint("Nothing was signed.")),
            Err(other) => Err(Failure::error("not_signed", sentence(&other.to_string()))
                .with_hint("Nothing was signed.")),
        }
    }
}

/// The signatures under texts of the index, as the domain knows them; those of what the notebook goes on from are under
/// the same texts of the same document.
pub(super) fn signatures(
    replica: &Replica,
    label: impl Fn(&hearth_core::ids::DeviceId) -> String,
) -> Vec<Signature> {
    let earlier = match replica.base() {
        BaseStanding::Sound(base) => base.signatures.clone(),
        _ => Vec::new(),
    };
    earlier
        .into_iter()
        .chain(replica.text_signatures())
        .filter(|signed| signed.document == core_id(DocumentId::INDEX))
        .map(|signed| Signature {
            entry: signed.entry.to_string(),
            person: signed.person.to_string(),
            device: label(&signed.device),
            text_hash: TextHash(signed.text_hash),
            heads: signed.document_heads,
            counts: signed.counts,
        })
        .collect()
}
