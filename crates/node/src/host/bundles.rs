//! Bundles that are being made and taken in, between the requests that carry their parts.

use hearth_core::engine::{BundleMaking, BundleTaking};

use super::open::Open;

/// Most bundles at once.
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
pub(crate) type OpenBundles = Open<OpenBundle, OPEN_MAX>;
