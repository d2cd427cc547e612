//! Well-formed changes that claim a place in the history which is not theirs.

use hearth_core::document::{Change, ChangeHash};

use super::chunk::{Chunk, Column};

/// Rewrites a change so that another actor claims it.
pub fn with_actor(change: &Change, actor: [u8; 16]) -> Option<Vec<u8>> {
    let mut chunk = Chunk::parse(change.bytes())?;
    chunk.actor = actor.to_vec();
    Some(chunk.to_bytes())
}

/// Rewrites a change so that its operations are numbered from elsewhere. Automerge panics on
/// some, and saves what does not load again on others.
pub fn with_start_op(change: &Change, start_op: u64) -> Option<Vec<u8>> {
    let mut chunk = Chunk::parse(change.bytes())?;
    chunk.start_op = start_op;
    Some(chunk.to_bytes())
}

/// Rewrites a change so that it has the same number and dependencies but other content.
pub fn duplicate_seq(change: &Change) -> Option<Vec<u8>> {
    let mut chunk = Chunk::parse(change.bytes())?;
    chunk.message = b"what I wrote instead".to_vec();
    Some(chunk.to_bytes())
}

/// Writes `count` changes of `actor` that follow one another from `seq`, the first on top of
/// something that nobody has.
pub fn orphans(actor: [u8; 16], seq: u64, count: u64) -> Vec<Vec<u8>> {
    let mut last = ChangeHash([0x5a; 32]);
    let mut orphans = Vec::new();
    for at in 0..count {
        let mut chunk = Chunk::new(actor).with_columns(vec![
            (Column::KeyName, vec![0x7f, 1, b'o']),
            (Column::Insert, vec![1]),
            (Column::Action, vec![0x7f, 1]),
            (Column::ValueKind, vec![0x7f, 2]),
            (Column::Predecessors, vec![0x7f, 0]),
        ]);
        chunk.deps = vec![last];
        chunk.seq = seq.saturating_add(at);
        chunk.start_op = 1_000 + at;
        let bytes = chunk.to_bytes();
        last = hash(&bytes);
        orphans.push(bytes);
    }
    orphans
}

fn hash(chunk: &[u8]) -> ChangeHash {
    use sha2::{Digest, Sha256};
    ChangeHash(Sha256::digest(chunk.get(8..).unwrap_or_default()).into())
}
