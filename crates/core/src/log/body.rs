//! The body of an entry: a batch of Automerge changes and the root over the log's document tips.
//!
//! Plaintext, before padding: `form u8 ‖ root 32 ‖ content`. Form 0 holds the content as it is, form
//! 1, which entries of the first version may have, `length varint ‖ zstd frame`. Content: `number of changes`, then for each `document` (0 = as the
//! change before, else 1 ‖ id 16) and the stripped change with its length.

use automerge::ChangeHash;

use super::{DocumentTips, EntryVersion};
use crate::codec::{DecodeError, Reader, Writer};
use crate::document::{self, Change, DocumentId, LastChange};
use crate::ids::ActorId;
use crate::limits::{
    BODY_BYTES_MAX, BODY_UNPACKED_BYTES_FREE, BODY_UNPACKED_PER_BYTE_MAX, CHANGES_PER_ENTRY_MAX,
    DOCUMENTS_PER_LOG_MAX, NEW_DOCUMENTS_PER_ENTRY_MAX, OPERATIONS_PER_ENTRY_MAX,
};

const FORM_PLAIN: u8 = 0;
const FORM_ZSTD: u8 = 1;
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
    /// The compressed content is far longer than its bytes can be about.
    #[error(
        "the body claims to unpack to {unpacked} bytes from {packed}, which is more than \
         {BODY_UNPACKED_PER_BYTE_MAX} times as much"
    )]
    Bomb {
        /// Its length in the entry, in bytes.
        packed: usize,
        /// What it claims to unpack to, in bytes.
        unpacked: usize,
    },
    /// All changes together have more operations than an entry may have.
    #[error("the changes have more than {OPERATIONS_PER_ENTRY_MAX} operations together")]
    TooManyOperations,
    /// More documents than one entry may begin.
    #[error("the entry begins more than {NEW_DOCUMENTS_PER_ENTRY_MAX} documents")]
    TooManyNewDocuments,
    /// More documents than one log may write to.
    #[error("the log writes to more than {DOCUMENTS_PER_LOG_MAX} documents")]
    TooManyDocuments,
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
    /// What stands in the place of changes in a part of a base.
    pub part: Option<Vec<u8>>,
}

/// What a body says by itself, without what came before it in its log.
#[derive(Debug)]
pub(super) struct BodyAlone {
    /// The root over the log's last change in each document.
    pub(super) root: [u8; 32],
    /// The documents that it has changes of, as they come up.
    pub(super) documents: Vec<DocumentId>,
}

impl BodyAlone {
    /// Reads a body of the plain form.
    pub(super) fn read(plain: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(plain);
        reader.known("body form", FORM_PLAIN)?;
        let root = reader.array("root")?;
        let mut documents: Vec<DocumentId> = Vec::new();
        for _ in 0..reader.count("changes", CHANGES_PER_ENTRY_MAX)? {
            if reader.u8("document")? != 0 {
                documents.push(DocumentId::from_bytes(reader.array("document")?));
            }
            reader.bytes("change", BODY_BYTES_MAX)?;
        }
        reader.finish()?;
        Ok(Self { root, documents })
    }
}

impl Body {
    /// Encodes changes that follow `tips`; returns the plaintext and the tips after them.
    pub fn encode(
        actor: ActorId,
        tips: &DocumentTips,
        changes: &[(DocumentId, Change)],
    ) -> (Vec<u8>, DocumentTips) {
        Self::encode_by(document::strip, actor, tips, changes)
    }

    /// Encodes changes like [`Body::encode`], for whoever compares the result with what that once gave.
    pub(super) fn encode_again(
        actor: ActorId,
        tips: &DocumentTips,
        changes: &[(DocumentId, Change)],
    ) -> (Vec<u8>, DocumentTips) {
        Self::encode_by(document::strip_again, actor, tips, changes)
    }

    fn encode_by(
        strip: impl Fn(&Change, &document::Context) -> Vec<u8>,
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
            content.bytes(&strip(change, &context(actor, &after, id)));
            after.set(*id, LastChange::of(change.facts()));
        }
        let mut writer = Writer::new();
        writer
            .u8(FORM_PLAIN)
            .raw(&after.root())
            .raw(content.as_slice());
        (writer.into_bytes(), after)
    }

    /// Decodes a plaintext whose log had `tips` before it.
    ///
    /// # Errors
    /// [`BodyError`] for anything that does not follow the layout, passes a limit, names another
    /// actor, or does not fit its root.
    pub fn decode(
        version: EntryVersion,
        actor: ActorId,
        tips: &DocumentTips,
        plain: &[u8],
    ) -> Result<Self, BodyError> {
        let mut reader = Reader::new(plain);
        let form = reader.u8("body form")?;
        let root: [u8; 32] = reader.array("root")?;
        let unpacked;
        let content = match form {
            FORM_PLAIN => reader.take("content", reader.remaining())?,
            FORM_ZSTD if version == EntryVersion::One => {
                let len = reader.count("content length", BODY_BYTES_MAX)?;
                let packed = reader.take("content", reader.remaining())?;
                if len > unpacked_len_max(packed) {
                    return Err(BodyError::Bomb {
                        packed: packed.len(),
                        unpacked: len,
                    });
                }
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
            part: None,
        })
    }

    /// Takes a part of a base, which changes nothing by itself.
    pub(super) fn of_part(tips: &DocumentTips, plain: &[u8]) -> Self {
        Self {
            changes: Vec::new(),
            tips: tips.clone(),
            part: Some(plain.to_vec()),
        }
    }

    /// Returns the hash of each change with its document.
    pub fn hashes(&self) -> impl Iterator<Item = (DocumentId, ChangeHash)> {
        self.changes
            .iter()
            .map(|(id, change)| (*id, change.facts().hash))
    }
}

fn unpacked_len_max(packed: &[u8]) -> usize {
    packed.len() * BODY_UNPACKED_PER_BYTE_MAX + BODY_UNPACKED_BYTES_FREE
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
    let mut operations: u64 = 0;
    let known = tips.len();
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
        operations = operations.saturating_add(change.facts().op_count);
        if operations > OPERATIONS_PER_ENTRY_MAX {
            return Err(BodyError::TooManyOperations);
        }
        tips.set(id, LastChange::of(change.facts()));
        if tips.len() - known > NEW_DOCUMENTS_PER_ENTRY_MAX {
            return Err(BodyError::TooManyNewDocuments);
        }
        if tips.len() > DOCUMENTS_PER_LOG_MAX {
            return Err(BodyError::TooManyDocuments);
        }
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use automerge::transaction::Transactable;
    use automerge::{Automerge, ROOT};

    use super::*;
    use crate::document::scan;

    const ACTOR: ActorId = ActorId::from_bytes([1; 16]);

    fn document(number: u64) -> DocumentId {
        let mut id = [7; 16];
        id[..8].copy_from_slice(&number.to_be_bytes());
        DocumentId::from_bytes(id)
    }

    fn change(work: impl FnOnce(&mut automerge::transaction::Transaction<'_>)) -> Change {
        let actor = automerge::ActorId::from(ACTOR.as_bytes().as_slice());
        let mut document = Automerge::new().with_actor(actor);
        let mut transaction = document.transaction();
        work(&mut transaction);
        transaction.commit();
        scan(document.get_last_local_change().unwrap().raw_bytes()).unwrap()
    }

    fn repetitive() -> DocumentChanges {
        let text = "again ".repeat(30_000);
        let change = change(|transaction| transaction.put(ROOT, "text", text.as_str()).unwrap());
        vec![(document(0), change)]
    }

    /// Packs the content of a body whatever the ratio.
    fn packed(plain: &[u8]) -> Vec<u8> {
        let (head, content) = plain.split_at(33);
        assert_eq!(head[0], FORM_PLAIN);
        let mut writer = Writer::new();
        writer
            .u8(FORM_ZSTD)
            .raw(&head[1..])
            .varint(content.len() as u64)
            .raw(&zstd::bulk::compress(content, 19).unwrap());
        writer.into_bytes()
    }

    #[test]
    fn what_packs_too_well_is_written_unpacked_and_refused_when_packed() {
        let changes = repetitive();
        let tips = DocumentTips::default();
        let (plain, after) = Body::encode(ACTOR, &tips, &changes);
        let decoded = Body::decode(EntryVersion::Two, ACTOR, &tips, &plain).unwrap();
        assert_eq!((decoded.changes, decoded.tips), (changes, after));
        let bomb = packed(&plain);
        assert!(bomb.len() < 1_024, "{} bytes", bomb.len());
        assert!(matches!(
            Body::decode(EntryVersion::One, ACTOR, &tips, &bomb),
            Err(BodyError::Bomb { .. })
        ));
        assert!(matches!(
            Body::decode(EntryVersion::Two, ACTOR, &tips, &bomb),
            Err(BodyError::Layout(DecodeError::Unknown { .. }))
        ));
    }

    #[test]
    fn operations_are_counted_over_all_changes() {
        let many = change(|transaction| {
            let text = transaction
                .put_object(ROOT, "text", automerge::ObjType::Text)
                .unwrap();
            let typed = "a".repeat(49_000);
            transaction.splice_text(&text, 0, 0, &typed).unwrap();
        });
        let count = OPERATIONS_PER_ENTRY_MAX / many.facts().op_count;
        let tips = DocumentTips::default();
        for (more, is_taken) in [(0, true), (1, false)] {
            let changes: DocumentChanges = (0..count + more)
                .map(|number| (document(number), many.clone()))
                .collect();
            let (plain, _) = Body::encode(ACTOR, &tips, &changes);
            let decoded = Body::decode(EntryVersion::Two, ACTOR, &tips, &plain);
            assert_eq!(decoded.is_ok(), is_taken, "{} changes", changes.len());
        }
    }

    #[test]
    fn an_entry_begins_few_documents_and_a_log_has_a_limit() {
        let one = change(|transaction| transaction.put(ROOT, "number", 1).unwrap());
        let begin = |tips: &DocumentTips, numbers: std::ops::Range<u64>| {
            let changes: DocumentChanges = numbers
                .map(|number| (document(number), one.clone()))
                .collect();
            let (plain, _) = Body::encode(ACTOR, tips, &changes);
            Body::decode(EntryVersion::Two, ACTOR, tips, &plain).map(|body| body.tips)
        };
        let most = NEW_DOCUMENTS_PER_ENTRY_MAX as u64;
        let empty = DocumentTips::default();
        assert_eq!(begin(&empty, 0..most).unwrap().len() as u64, most);
        assert_eq!(
            begin(&empty, 0..most + 1),
            Err(BodyError::TooManyNewDocuments)
        );
        let mut tips = empty;
        for number in 1..DOCUMENTS_PER_LOG_MAX as u64 {
            tips.set(document(number), LastChange::of(one.facts()));
        }
        let full = begin(&tips, 0..1).unwrap();
        assert_eq!(full.len(), DOCUMENTS_PER_LOG_MAX);
        let next = DOCUMENTS_PER_LOG_MAX as u64;
        assert_eq!(
            begin(&full, next..next + 1),
            Err(BodyError::TooManyDocuments)
        );
    }
}
