//! The body of an entry: a batch of Automerge changes and the root over the log's document tips.
//!
//! Plaintext, before padding: `form u8 ‖ root 32 ‖ content`. Form 0 holds the content as it is, form
//! 1 `length varint ‖ zstd frame`. Content: `number of changes`, then for each `document` (0 = as the
//! change before, else 1 ‖ id 16) and the stripped change with its length.

use automerge::ChangeHash;

use super::DocumentTips;
use crate::codec::{DecodeError, Reader, Writer};
use crate::document::{self, Change, DocumentId, LastChange};
use crate::ids::ActorId;
use crate::limits::{BODY_BYTES_MAX, CHANGES_PER_ENTRY_MAX, COMPRESS_BYTES_MIN};

const FORM_PLAIN: u8 = 0;
const FORM_ZSTD: u8 = 1;
/// zstd's default level: changes are small, and a keystroke must not wait.
const ZSTD_LEVEL: i32 = 3;

/// A change and the document that it belongs to.
pub type DocumentChanges = Vec<(DocumentId, Change)>;

/// A body that cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// The bytes do not follow the layout, or a limit is passed.
    #[error("the body is malformed: {0}")]
    Layout(#[from] DecodeError),
    /// The compressed content does not unpack within its limit.
    #[error("the body does not unpack within {BODY_BYTES_MAX} bytes")]
    Compression,
    /// A change inside is not acceptable.
    #[error("a change is not acceptable: {0}")]
    Change(String),
    /// The signed root does not fit the changes.
    #[error("the signed root over the documents does not fit the changes")]
    Root,
}

/// A decoded body: the changes, and the log's document tips after them.
#[derive(Debug, Clone)]
pub struct Body {
    /// The changes in order.
    pub changes: DocumentChanges,
    /// The tips after them.
    pub tips: DocumentTips,
}

impl Body {
    /// Encodes changes that follow `tips`; returns the plaintext and the tips after them.
    pub fn encode(
        actor: ActorId,
        tips: &DocumentTips,
        changes: &[(DocumentId, Change)],
    ) -> (Vec<u8>, DocumentTips) {
        let mut after = tips.clone();
        let mut content = Writer::new();
        content.varint(changes.len() as u64);
        let mut last: Option<DocumentId> = None;
        for (id, change) in changes {
            if last == Some(*id) {
                content.u8(0);
            } else {
                content.u8(1).raw(id.as_bytes());
                last = Some(*id);
            }
            content.bytes(&document::strip(change, &context(actor, &after, id)));
            after.set(*id, LastChange::of(change.facts()));
        }
        let content = content.into_bytes();
        let mut writer = Writer::new();
        let packed = if content.len() >= COMPRESS_BYTES_MIN {
            zstd::bulk::compress(&content, ZSTD_LEVEL)
                .ok()
                .filter(|packed| packed.len() + 4 < content.len())
        } else {
            None
        };
        match packed {
            Some(packed) => {
                writer
                    .u8(FORM_ZSTD)
                    .raw(&after.root())
                    .varint(content.len() as u64)
                    .raw(&packed);
            }
            None => {
                writer.u8(FORM_PLAIN).raw(&after.root()).raw(&content);
            }
        }
        (writer.into_bytes(), after)
    }

    /// Decodes a plaintext whose log had `tips` before it.
    ///
    /// # Errors
    /// [`BodyError`] for anything that does not follow the layout, passes a limit, names another
    /// actor, or does not fit its root.
    pub fn decode(actor: ActorId, tips: &DocumentTips, plain: &[u8]) -> Result<Self, BodyError> {
        let mut reader = Reader::new(plain);
        let form = reader.u8("body form")?;
        let root: [u8; 32] = reader.array("root")?;
        let unpacked;
        let content = match form {
            FORM_PLAIN => reader.take("content", reader.remaining())?,
            FORM_ZSTD => {
                let len = reader.count("content length", BODY_BYTES_MAX)?;
                let packed = reader.take("content", reader.remaining())?;
                unpacked =
                    zstd::bulk::decompress(packed, len).map_err(|_| BodyError::Compression)?;
                if unpacked.len() != len {
                    return Err(BodyError::Compression);
                }
                &unpacked
            }
            other => {
                return Err(DecodeError::Unknown {
                    what: "body form",
                    value: other.into(),
                }
                .into());
            }
        };
        let mut after = tips.clone();
        let changes = decode_content(actor, &mut after, content)?;
        if after.root() != root {
            return Err(BodyError::Root);
        }
        Ok(Self {
            changes,
            tips: after,
        })
    }

    /// Returns the hash of each change with its document.
    pub fn hashes(&self) -> impl Iterator<Item = (DocumentId, ChangeHash)> {
        self.changes
            .iter()
            .map(|(id, change)| (*id, change.facts().hash))
    }
}

fn decode_content(
    actor: ActorId,
    tips: &mut DocumentTips,
    content: &[u8],
) -> Result<DocumentChanges, BodyError> {
    let mut reader = Reader::new(content);
    let count = reader.count("changes", CHANGES_PER_ENTRY_MAX)?;
    let mut changes: DocumentChanges = Vec::new();
    let mut last: Option<DocumentId> = None;
    for _ in 0..count {
        let id = match (reader.u8("document")?, last) {
            (0, Some(id)) => id,
            (1, _) => DocumentId::from_bytes(reader.array("document")?),
            _ => return Err(DecodeError::Invalid("document").into()),
        };
        last = Some(id);
        let stripped = reader.bytes("change", BODY_BYTES_MAX)?;
        let change = document::restore(stripped, &context(actor, tips, &id))
            .map_err(|error| BodyError::Change(error.to_string()))?;
        tips.set(id, LastChange::of(change.facts()));
        changes.push((id, change));
    }
    reader.finish()?;
    Ok(changes)
}

fn context(actor: ActorId, tips: &DocumentTips, id: &DocumentId) -> document::Context {
    document::Context {
        actor,
        previous: tips.get(id).cloned(),
    }
}
