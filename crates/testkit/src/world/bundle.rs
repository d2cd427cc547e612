//! Bundles in a world: files that somebody carries from one device to another, when and as often as they like.

use hearth_core::bundle::BundleForm;
use hearth_core::engine::{
    BundleAim, BundleMakeError, BundleMakingFacts, BundleTakeError, BundleTaken,
};
use hearth_core::ids::NotebookId;

use super::World;
use crate::dice::Dice;
use crate::network::NodeId;

/// A file with a bundle in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleFile {
    /// What was known of it when it was begun.
    pub facts: BundleMakingFacts,
    /// What stands in it.
    pub bytes: Vec<u8>,
}

/// What became of a bundle that a device was given.
pub type BundleEnd = Result<BundleTaken, BundleTakeError>;

impl World {
    /// Has a device write a bundle. `None` where its node is down.
    ///
    /// # Errors
    /// [`BundleMakeError`] where it does not.
    pub fn write_bundle(
        &mut self,
        node: NodeId,
        notebook: NotebookId,
        aim: BundleAim,
        form: BundleForm,
    ) -> Option<Result<BundleFile, BundleMakeError>> {
        let now = self.time_of(node);
        let written = self.act(node, |engine, disk, random| {
            let mut making = engine.begin_bundle(notebook, aim, form, now, disk, random)?;
            let mut bytes = Vec::new();
            while let Some(more) = engine.next_of_bundle(&mut making, disk)? {
                bytes.extend(more);
            }
            let facts = making.facts().clone();
            Ok(BundleFile { facts, bytes })
        })?;
        self.note(|| match &written {
            Ok(file) => format!(
                "{node} writes a bundle of {} bytes, {} entries, {} left out",
                file.bytes.len(),
                file.facts.entries,
                file.facts.left_out
            ),
            Err(error) => format!("{node} writes no bundle: {error}"),
        });
        Some(written)
    }

    /// Gives a device a bundle to take in, in pieces. `None` where its node is down.
    pub fn take_bundle(&mut self, node: NodeId, bytes: &[u8]) -> Option<BundleEnd> {
        let now = self.time_of(node);
        let end = self.act(node, |engine, disk, random| {
            let mut taking = engine.begin_taking_bundle();
            let mut rest = bytes;
            loop {
                let length = 1 + random.index(300_000);
                let (piece, after) = rest.split_at(length.min(rest.len()));
                rest = after;
                let is_last = rest.is_empty();
                engine.take_of_bundle(&mut taking, piece, is_last, now, disk, random)?;
                if is_last {
                    break;
                }
            }
            // What was read to its end was believed first.
            taking.taken().cloned().ok_or(BundleTakeError::NoBeginning)
        })?;
        self.note(|| match &end {
            Ok(taken) => format!(
                "{node} takes a bundle: {} entries, {} known, {} control entries, {} missing",
                taken.entries, taken.known, taken.controls, taken.missing
            ),
            Err(error) => format!("{node} does not take a bundle: {error}"),
        });
        Some(end)
    }
}
