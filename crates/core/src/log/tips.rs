//! The last change of one log in each document, and the root over them.
//!
//! Every entry signs the root as of itself, so a log's last entry vouches for all that the log ever
//! wrote: a loader that holds the changes recomputes the root instead of opening every entry. The
//! documents are spread over 256 buckets by the last byte of their id, so that one
//! keystroke rehashes one bucket and not the list of ten years.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::crypto;
use crate::document::{DocumentId, LastChange};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Bucket {
    tips: BTreeMap<DocumentId, LastChange>,
    hash: [u8; 32],
}

/// The last change of one log in each document that it wrote to. A clone shares all buckets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentTips {
    buckets: BTreeMap<u8, Arc<Bucket>>,
}

impl DocumentTips {
    /// Returns the log's last change in a document.
    pub fn get(&self, document: &DocumentId) -> Option<&LastChange> {
        self.buckets.get(&bucket_of(document))?.tips.get(document)
    }

    /// Replaces the log's last change in a document.
    pub fn set(&mut self, document: DocumentId, tip: LastChange) {
        let bucket = Arc::make_mut(self.buckets.entry(bucket_of(&document)).or_default());
        bucket.tips.insert(document, tip);
        let mut parts: Vec<&[u8]> = Vec::with_capacity(bucket.tips.len() * 2);
        for (document, tip) in &bucket.tips {
            parts.push(document.as_bytes());
            parts.push(tip.hash.as_ref());
        }
        bucket.hash = crypto::digest("hearthside 2026-11 document tips", &parts);
    }

    /// Returns the root over all documents.
    pub fn root(&self) -> [u8; 32] {
        let mut bytes = Vec::with_capacity(self.buckets.len() * 33);
        for (number, bucket) in &self.buckets {
            bytes.push(*number);
            bytes.extend_from_slice(&bucket.hash);
        }
        crypto::digest("hearthside 2026-11 document root", &[&bytes])
    }

    /// Returns all tips by document.
    pub fn iter(&self) -> impl Iterator<Item = (&DocumentId, &LastChange)> {
        self.buckets.values().flat_map(|bucket| &bucket.tips)
    }
}

fn bucket_of(document: &DocumentId) -> u8 {
    // ULIDs share their first bytes (a time), so the last byte spreads better.
    document.as_bytes().last().copied().unwrap_or(0)
}
