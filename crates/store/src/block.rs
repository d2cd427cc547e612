//! Many entries of a stream in one row.
//!
//! What comes in bulk is a few hundred bytes an entry; a row for each costs more than the entries do. So a run of
//! appends of one commit is sealed together, as `count u32 ‖ (length u32 ‖ entry) …`, big-endian, in a sealed value
//! of version 2 that stands at the position of its first entry. Each commit makes rows of its own; one changes only
//! where entries in it are emptied: an emptied entry has length zero.

use crate::limits::{BLOCK_BYTES_AIM, BLOCK_ENTRIES_MIN};
use crate::scope::{Scope, Write};

/// Returns how many of the writes, from the first one on, go into one row of a stream: one, unless they are a
/// long run of appends to one scope.
pub(crate) fn run_of(writes: &[Write], scope: Scope) -> usize {
    let mut bytes = 0_usize;
    let run = writes.iter().take_while(|write| match write {
        Write::Append { scope: of, value } if *of == scope => {
            let has_room = bytes < BLOCK_BYTES_AIM;
            bytes = bytes.saturating_add(value.len());
            has_room
        }
        _ => false,
    });
    match run.count() {
        count if count >= BLOCK_ENTRIES_MIN => count,
        _ => 1,
    }
}

/// Puts entries together.
pub(crate) fn join<'a>(entries: impl ExactSizeIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut block = Vec::with_capacity(2 * BLOCK_BYTES_AIM);
    block.extend_from_slice(&length(entries.len()));
    for entry in entries {
        block.extend_from_slice(&length(entry.len()));
        block.extend_from_slice(entry);
    }
    block
}

/// Takes entries apart; `None` for anything that [`join`] does not write.
pub(crate) fn split(block: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (count, mut rest) = block.split_first_chunk()?;
    let count = u32::from_be_bytes(*count);
    let mut entries = Vec::new();
    for _ in 0..count {
        let (length, behind) = rest.split_first_chunk()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (entry, behind) = behind.split_at_checked(length)?;
        entries.push(entry.to_vec());
        rest = behind;
    }
    (rest.is_empty() && !entries.is_empty()).then_some(entries)
}

/// Values are limited to far less than 4 GiB, and so is their number.
fn length(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_apart_as_they_were_and_nothing_else_does() {
        let entries: [&[u8]; 3] = [b"one", b"", b"three"];
        let block = join(entries.into_iter());
        assert_eq!(split(&block).unwrap(), entries);
        for end in 0..block.len() {
            assert_eq!(split(&block[..end]), None, "cut at {end}");
        }
        assert_eq!(split(&[&block[..], &[0]].concat()), None);
        assert_eq!(split(&join([].into_iter())), None);
        assert_eq!(split(&[255; 64]), None);
    }

    #[test]
    fn only_long_runs_of_appends_to_one_scope_go_together() {
        let append = |scope: u8, bytes: usize| Write::Append {
            scope: Scope([scope; 32]),
            value: vec![7; bytes],
        };
        let ours = Scope([1; 32]);
        let mut writes: Vec<Write> = (0..BLOCK_ENTRIES_MIN).map(|_| append(1, 10)).collect();
        assert_eq!(run_of(&writes, ours), BLOCK_ENTRIES_MIN);
        assert_eq!(run_of(&writes[1..], ours), 1);
        writes.push(append(2, 10));
        writes.push(append(1, 10));
        assert_eq!(run_of(&writes, ours), BLOCK_ENTRIES_MIN);
        let long: Vec<Write> = (0..1_000).map(|_| append(1, 1_000)).collect();
        assert_eq!(run_of(&long, ours), BLOCK_BYTES_AIM.div_ceil(1_000));
    }
}
