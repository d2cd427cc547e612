//! The last change of one log in each document, and the root over them.
//!
//! Every entry signs the root as of itself, so a log's last entry vouches for all that the log ever
//! wrote: a loader that holds the changes recomputes the root instead of opening every entry. The
//! documents are spread over 256 buckets by a hash of their id, so that one keystroke rehashes one
//! bucket and not the list of ten years. A bucket is hashed when the root is asked for: whoever picks
//! ids that share one bucket makes an entry cost its hash once, not once a change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use crate::codec::{DecodeError, Reader, Writer};
use crate::crypto;
use crate::document::{ChangeHash, DocumentId, LastChange};
use crate::limits::DOCUMENTS_PER_LOG_MAX;

#[derive(Debug, Clone, Default)]
struct Bucket {
    tips: BTreeMap<DocumentId, LastChange>,
    /// The hash over the tips, where it was asked for since they changed.
    hash: OnceLock<[u8; 32]>,
}

impl Bucket {
    fn hash(&self) -> &[u8; 32] {
        self.hash.get_or_init(|| {
            hash_of(
                self.tips
                    .iter()
                    .map(|(document, tip)| (document, &tip.hash)),
            )
        })
    }
}

fn hash_of<'a>(tips: impl Iterator<Item = (&'a DocumentId, &'a ChangeHash)>) -> [u8; 32] {
    let mut parts: Vec<&[u8]> = Vec::new();
    for (document, hash) in tips {
        parts.push(document.as_bytes());
        parts.push(hash.as_ref());
    }
    crypto::digest("hearthside 2026-11 document tips", &parts)
}

impl PartialEq for Bucket {
    fn eq(&self, other: &Self) -> bool {
        self.tips == other.tips
    }
}

impl Eq for Bucket {}

/// A sixteenth of the buckets.
type Shelf = [Option<Arc<Bucket>>; SHELF_BUCKETS];

const SHELVES: usize = 16;
const SHELF_BUCKETS: usize = 16;

/// The last change of one log in each document that it wrote to.
///
/// A clone shares all buckets and costs no allocation, and a change copies one shelf and one bucket:
/// each entry that is written or opened makes a few of both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentTips {
    shelves: [Option<Arc<Shelf>>; SHELVES],
    len: usize,
}

impl DocumentTips {
    /// Returns the log's last change in a document.
    pub fn get(&self, document: &DocumentId) -> Option<&LastChange> {
        let (shelf, place) = place_of(document);
        let shelf = self.shelves.get(shelf)?.as_ref()?;
        shelf.get(place)?.as_ref()?.tips.get(document)
    }

    /// Replaces the log's last change in a document.
    pub fn set(&mut self, document: DocumentId, tip: LastChange) {
        let (shelf, place) = place_of(&document);
        let Some(shelf) = self.shelves.get_mut(shelf) else {
            return;
        };
        let shelf = Arc::make_mut(shelf.get_or_insert_default());
        let Some(bucket) = shelf.get_mut(place) else {
            return;
        };
        let bucket = Arc::make_mut(bucket.get_or_insert_default());
        self.len += usize::from(bucket.tips.insert(document, tip).is_none());
        bucket.hash = OnceLock::new();
    }

    /// Returns how many documents the log wrote to.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Says whether the log has written to none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the root over all documents: a hash over the number and the hash of every bucket that
    /// holds any.
    pub fn root(&self) -> [u8; 32] {
        let mut bytes = Vec::with_capacity(self.len.min(SHELVES * SHELF_BUCKETS) * 33);
        for (number, bucket) in self.buckets() {
            bytes.push(number);
            bytes.extend_from_slice(bucket.hash());
        }
        root_of(&bytes)
    }

    /// Returns what shows, to somebody who knows the root, which last change it has in some documents.
    pub fn prove(&self, documents: &BTreeSet<DocumentId>) -> TipsProof {
        let shown: BTreeSet<u8> = documents.iter().map(bucket_of).collect();
        let buckets = self.buckets().map(|(number, bucket)| {
            let proof = if shown.contains(&number) {
                let tips = bucket.tips.iter();
                BucketProof::Tips(tips.map(|(document, tip)| (*document, tip.hash)).collect())
            } else {
                BucketProof::Hash(*bucket.hash())
            };
            (number, proof)
        });
        TipsProof(buckets.collect())
    }

    /// Returns all tips, the same order for the same documents.
    pub fn iter(&self) -> impl Iterator<Item = (&DocumentId, &LastChange)> {
        self.buckets().flat_map(|(_, bucket)| &bucket.tips)
    }

    /// Returns the buckets that hold any tip by ascending number.
    fn buckets(&self) -> impl Iterator<Item = (u8, &Bucket)> {
        (0..=u8::MAX).filter_map(|number| {
            let (shelf, place) = place_in_shelves(number);
            let shelf = self.shelves.get(shelf)?.as_ref()?;
            Some((number, &**shelf.get(place)?.as_ref()?))
        })
    }
}

fn root_of(buckets: &[u8]) -> [u8; 32] {
    crypto::digest("hearthside 2026-11 document root", &[buckets])
}

/// Shows which last change a root has in some documents: their buckets whole, and of the others the hash.
///
/// Layout: `list of (number u8 ‖ form u8 ‖ hash 32, or with form 1 list of (document 16 ‖ hash 32))`, by ascending
/// number and document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TipsProof(Vec<(u8, BucketProof)>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum BucketProof {
    Hash([u8; 32]),
    Tips(Vec<(DocumentId, ChangeHash)>),
}

const FORM_HASH: u8 = 0;
const FORM_TIPS: u8 = 1;

impl TipsProof {
    /// Returns the root that it is about.
    pub fn root(&self) -> [u8; 32] {
        let mut bytes = Vec::with_capacity(self.0.len() * 33);
        for (number, bucket) in &self.0 {
            bytes.push(*number);
            match bucket {
                BucketProof::Hash(hash) => bytes.extend_from_slice(hash),
                BucketProof::Tips(tips) => {
                    let tips = tips.iter().map(|(document, hash)| (document, hash));
                    bytes.extend_from_slice(&hash_of(tips));
                }
            }
        }
        root_of(&bytes)
    }

    /// Returns the last change in a document, `Some(None)` where there is none, and `None` where the proof does
    /// not say.
    pub fn tip(&self, document: &DocumentId) -> Option<Option<ChangeHash>> {
        let number = bucket_of(document);
        let Ok(place) = self.0.binary_search_by_key(&number, |(number, _)| *number) else {
            return Some(None);
        };
        match self.0.get(place).map(|(_, bucket)| bucket) {
            Some(BucketProof::Tips(tips)) => {
                let tip = tips.iter().find(|(of, _)| of == document);
                Some(tip.map(|(_, hash)| *hash))
            }
            _ => None,
        }
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.varint(self.0.len() as u64);
        for (number, bucket) in &self.0 {
            writer.u8(*number);
            match bucket {
                BucketProof::Hash(hash) => {
                    writer.u8(FORM_HASH).raw(hash);
                }
                BucketProof::Tips(tips) => {
                    writer.u8(FORM_TIPS).varint(tips.len() as u64);
                    for (document, hash) in tips {
                        writer.raw(document.as_bytes()).raw(hash.as_ref());
                    }
                }
            }
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut buckets: Vec<(u8, BucketProof)> = Vec::new();
        for _ in 0..reader.count("buckets", SHELVES * SHELF_BUCKETS)? {
            let number = reader.u8("bucket")?;
            if buckets.last().is_some_and(|(last, _)| *last >= number) {
                return Err(DecodeError::Invalid("order of buckets"));
            }
            let bucket = match reader.u8("form of a bucket")? {
                FORM_HASH => BucketProof::Hash(reader.array("bucket hash")?),
                FORM_TIPS => BucketProof::Tips(read_bucket(number, reader)?),
                other => {
                    return Err(DecodeError::Unknown {
                        what: "form of a bucket",
                        value: other.into(),
                    });
                }
            };
            buckets.push((number, bucket));
        }
        Ok(Self(buckets))
    }
}

fn read_bucket(
    number: u8,
    reader: &mut Reader<'_>,
) -> Result<Vec<(DocumentId, ChangeHash)>, DecodeError> {
    let mut tips: Vec<(DocumentId, ChangeHash)> = Vec::new();
    for _ in 0..reader.count("documents", DOCUMENTS_PER_LOG_MAX)? {
        let document = DocumentId::from_bytes(reader.array("document")?);
        let is_behind = tips.last().is_none_or(|(last, _)| *last < document);
        if !is_behind || bucket_of(&document) != number {
            return Err(DecodeError::Invalid("place of a document"));
        }
        tips.push((document, ChangeHash(reader.array("change hash")?)));
    }
    // A bucket of none is in no root.
    if tips.is_empty() {
        return Err(DecodeError::Invalid("bucket"));
    }
    Ok(tips)
}

/// Returns the shelf of a document's bucket, and the place of the bucket on it.
fn place_of(document: &DocumentId) -> (usize, usize) {
    place_in_shelves(bucket_of(document))
}

const fn place_in_shelves(bucket: u8) -> (usize, usize) {
    let bucket = bucket as usize;
    (bucket / SHELF_BUCKETS, bucket % SHELF_BUCKETS)
}

fn bucket_of(document: &DocumentId) -> u8 {
    let hash = crypto::digest("hearthside 2026-11 document bucket", &[document.as_bytes()]);
    let [bucket, ..] = hash;
    bucket
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tip(number: u8) -> LastChange {
        LastChange {
            hash: ChangeHash([number; 32]),
            seq: 1,
            max_op: 1,
            timestamp: 0,
            others: Vec::new(),
        }
    }

    #[test]
    fn ids_that_share_bytes_share_no_bucket_and_order_makes_no_difference() {
        let ids: Vec<DocumentId> = (0..=255)
            .map(|number| {
                let mut id = [5; 16];
                id[0] = number;
                DocumentId::from_bytes(id)
            })
            .collect();
        let (mut up, mut down) = (DocumentTips::default(), DocumentTips::default());
        for id in &ids {
            up.set(*id, tip(1));
        }
        for id in ids.iter().rev() {
            let before = down.root();
            down.set(*id, tip(1));
            assert_ne!(down.root(), before);
        }
        assert_eq!((up.root(), up.len()), (down.root(), 256));
        assert_eq!(up, down);
        let proof = up.prove(&ids.iter().take(3).copied().collect());
        assert_eq!(proof.root(), up.root());
        let mut writer = Writer::new();
        proof.write(&mut writer);
        let bytes = writer.into_bytes();
        assert_eq!(TipsProof::read(&mut Reader::new(&bytes)), Ok(proof.clone()));
        for id in ids.iter().take(3) {
            assert_eq!(proof.tip(id), Some(Some(ChangeHash([1; 32]))));
        }
        // What is in no bucket that is shown, it does not say.
        assert!(ids.iter().any(|id| proof.tip(id).is_none()));
        let largest = up.buckets().map(|(_, bucket)| bucket.tips.len()).max();
        assert!(largest < Some(16), "{largest:?}");
    }
}
