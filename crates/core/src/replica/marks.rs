//! What tells whether documents differ from how they were, without opening one.

use std::collections::BTreeMap;

use super::Replica;
use crate::crypto::digest;
use crate::document::DocumentId;

impl Replica {
    /// Returns a digest of what decides which entries count. While it stays, a document changes only as changes
    /// come to it: see [`Replica::document_marks`].
    pub fn counting_mark(&self) -> [u8; 32] {
        let control = self.frontier().control_digest;
        let mut parts: Vec<&[u8]> = vec![&control];
        let held: Vec<[u8; 32]> = self.held.iter().map(|(hash, _)| *hash.as_bytes()).collect();
        let aside: Vec<[u8; 32]> = self.set_aside.keys().map(|hash| *hash.as_bytes()).collect();
        let branches = self.logs.keys().filter(|id| id.number > 0).count() as u64;
        let branches = branches.to_be_bytes();
        parts.push(&branches);
        parts.extend(held.iter().map(|hash| &hash[..]));
        parts.push(b"set aside");
        parts.extend(aside.iter().map(|hash| &hash[..]));
        digest("hearthside 2026-11 counting mark", &parts)
    }

    /// Returns for each document a digest of the last change of each log in it.
    pub fn document_marks(&self) -> BTreeMap<DocumentId, [u8; 32]> {
        let mut tips: BTreeMap<DocumentId, Vec<&[u8]>> = BTreeMap::new();
        for (id, log) in &self.logs {
            for (document, tip) in log.tips.iter() {
                let of = tips.entry(*document).or_default();
                of.extend([&id.log.device.as_bytes()[..], tip.hash.as_ref()]);
            }
        }
        tips.into_iter()
            .map(|(document, parts)| (document, digest("hearthside 2026-11 document mark", &parts)))
            .collect()
    }
}
