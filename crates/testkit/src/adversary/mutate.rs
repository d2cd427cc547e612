//! Damages valid changes at random and mends their checksums.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use super::chunk::seal;

/// Makes mutated changes; the same seed makes the same ones.
#[derive(Debug, Clone)]
pub struct Mutator {
    random: ChaCha8Rng,
}

impl Mutator {
    /// Starts from a seed.
    pub fn new(seed: u64) -> Self {
        Self {
            random: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// Flips bits of, replaces, repeats or removes one to four bytes in the content of a valid
    /// chunk. The result has a correct length and checksum and may happen to be valid.
    pub fn mutate(&mut self, chunk: &[u8]) -> Vec<u8> {
        // Magic, checksum and type, then a length in LEB128.
        let head = 9
            + chunk
                .iter()
                .skip(9)
                .take_while(|byte| **byte & 0x80 != 0)
                .count()
            + 1;
        let mut content = chunk.get(head..).unwrap_or_default().to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(content.len());
            let kind = self.below(8);
            let random = self.random.next_u32().to_le_bytes();
            let Some(byte) = content.get_mut(at) else {
                break;
            };
            match kind {
                0..=3 => *byte ^= 1 << (random[0] & 7),
                4 | 5 => *byte = random[0],
                6 => {
                    let copy = *byte;
                    content.insert(at, copy);
                }
                _ => {
                    content.remove(at);
                }
            }
        }
        seal(&content)
    }

    /// Returns a number below `limit`, zero where the limit is zero.
    pub fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit.max(1)).unwrap_or(1);
        usize::try_from(self.random.next_u64() % limit).unwrap_or(0)
    }
}
