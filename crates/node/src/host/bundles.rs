//! Bundles that are being made and taken in, between the requests that carry their parts.

use std::collections::BTreeMap;

use hearth_core::engine::{BundleMaking, BundleTaking};

/// Most bundles at once. Whoever was interrupted leaves one behind; the one that was used least lately goes.
const OPEN_MAX: usize = 4;

/// A bundle that somebody is about to go on with.
#[derive(Debug)]
pub(crate) enum OpenBundle {
    /// It is being made.
    Making(Box<BundleMaking>),
    /// It is being taken in.
    Taking(Box<BundleTaking>),
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct OpenBundles {
    open: BTreeMap<u64, (u64, OpenBundle)>,
    next: u64,
}

impl OpenBundles {
    /// Keeps a new one; returns its number.
    pub(crate) fn add(&mut self, bundle: OpenBundle) -> u64 {
        self.next += 1;
        let id = self.next;
        self.put_back(id, bundle);
        id
    }

    /// Takes one out to go on with it.
    pub(crate) fn take(&mut self, id: u64) -> Option<OpenBundle> {
        self.open.remove(&id).map(|(_, bundle)| bundle)
    }

    /// Puts one back.
    pub(crate) fn put_back(&mut self, id: u64, bundle: OpenBundle) {
        while self.open.len() >= OPEN_MAX {
            let oldest = self.open.iter().min_by_key(|(_, (used, _))| *used);
            let Some(oldest) = oldest.map(|(id, _)| *id) else {
                break;
            };
            self.open.remove(&oldest);
        }
        self.next += 1;
        self.open.insert(id, (self.next, bundle));
    }
}
