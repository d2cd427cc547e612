//! The last change of one log in each document, and the root over them.
//!
//! Every entry signs the root as of itself, so a log's last entry vouches for all that the log ever
//! wrote: a loader that holds the changes recomputes the root instead of opening every entry. The
//! documents are spread over 256 buckets by a hash of their id, so that one keystroke rehashes one
//! bucket and not the list of ten years. A bucket is hashed when the root is asked for: whoever picks
//! ids that share one bucket makes an entry cost its hash once, not once a change.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use crate::crypto;
use crate::document::{DocumentId, LastChange};

#[derive(Debug, Clone, Default)]
struct Bucket {
    tips: BTreeMap<DocumentId, LastChange>,
    /// The hash over the tips, where it was asked for since they changed.
    hash: OnceLock<[u8; 32]>,
}

impl Bucket {
    fn hash(&self) -> &[u8; 32] {
        self.hash.get_or_init(|| {
            let mut parts: Vec<&[u8]> = Vec::with_capacity(self.tips.len() * 2);
            for (document, tip) in &self.tips {
                parts.push(document.as_bytes());
                parts.push(tip.hash.as_ref());
            }
            crypto::digest("hearthside 2026-11 document tips", &parts)
        })
    }
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
        crypto::digest("hearthside 2026-11 document root", &[&bytes])
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
    use automerge::ChangeHash;

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
        let largest = up.buckets().map(|(_, bucket)| bucket.tips.len()).max();
        assert!(largest < Some(16), "{largest:?}");
    }
}
