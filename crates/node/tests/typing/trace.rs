//! How people type: words, corrections of what was just typed, jumps to another place, pauses.

use hearth_notebook::session::Splice;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// Letters of several scripts and widths; the empty places are filled with Latin ones.
const LETTERS: [char; 16] = [
    'e', 'n', 'i', 's', 'r', 'a', 't', 'd', 'é', 'ß', 'ж', 'ש', 'م', '学', 'ก', '🙂',
];
/// Most edits between two pauses.
const TURN_EDITS_MAX: usize = 800;
/// Every so many characters a word ends.
const WORD_CHARS: usize = 6;

/// Who types, and how much, until the next pause.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Turn {
    /// One types while the other reads along.
    Alone { who: usize, count: usize },
    /// Both type at the same time, so many edits each.
    Together { count: usize },
}

/// The turns of a trace with a given number of edits.
#[derive(Debug)]
pub(crate) struct Turns {
    random: ChaCha8Rng,
    left: usize,
    turn_max: usize,
}

impl Turns {
    pub(crate) fn new(seed: u64, edits: usize) -> Self {
        Self {
            random: ChaCha8Rng::seed_from_u64(seed),
            left: edits,
            turn_max: (edits / 20).clamp(2, TURN_EDITS_MAX),
        }
    }

    pub(crate) fn draw(&mut self) -> Option<Turn> {
        if self.left == 0 {
            return None;
        }
        let count = (1 + below(&mut self.random, self.turn_max)).min(self.left);
        let turn = match below(&mut self.random, 5) {
            0 if count >= 2 => Turn::Together { count: count / 2 },
            1 => Turn::Alone { who: 1, count },
            _ => Turn::Alone { who: 0, count },
        };
        self.left -= match turn {
            Turn::Alone { count, .. } => count,
            Turn::Together { count } => 2 * count,
        };
        Some(turn)
    }
}

/// Somebody at a keyboard; every edit inserts or deletes one character.
#[derive(Debug, Clone)]
pub(crate) struct Typist {
    random: ChaCha8Rng,
    cursor: usize,
    /// Characters that are still to be deleted before the cursor.
    correcting: usize,
    /// Most edits that gather before they are sent.
    gathered_max: usize,
}

/// What was typed.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Typed {
    pub(crate) changes: usize,
    pub(crate) edits: usize,
    pub(crate) deletions: usize,
}

impl core::ops::AddAssign for Typed {
    fn add_assign(&mut self, other: Self) {
        self.changes += other.changes;
        self.edits += other.edits;
        self.deletions += other.deletions;
    }
}

impl Typist {
    pub(crate) fn new(seed: u64, gathered_max: usize) -> Self {
        Self {
            random: ChaCha8Rng::seed_from_u64(seed),
            cursor: 0,
            correcting: 0,
            gathered_max,
        }
    }

    /// Draws the edits of the next change, at most `edits_max`, of a text that has `length` characters now.
    pub(crate) fn draw(&mut self, mut length: usize, edits_max: usize) -> Vec<Splice> {
        let count = 1 + below(&mut self.random, self.gathered_max);
        (0..count.min(edits_max))
            .map(|_| {
                let edit = self.next(length);
                length = length + edit.insert.chars().count() - edit.delete;
                edit
            })
            .collect()
    }

    fn next(&mut self, length: usize) -> Splice {
        // The other may have made the text shorter.
        self.cursor = self.cursor.min(length);
        if self.correcting == 0 {
            match below(&mut self.random, 200) {
                0..10 => self.correcting = 1 + below(&mut self.random, 7),
                10 => self.correcting = 20 + below(&mut self.random, 40),
                11 | 12 => self.cursor = below(&mut self.random, length + 1),
                13 | 14 => self.cursor = length,
                _ => {}
            }
        }
        if self.correcting > 0 && self.cursor > 0 {
            self.correcting -= 1;
            self.cursor -= 1;
            return Splice {
                position: self.cursor,
                delete: 1,
                insert: String::new(),
            };
        }
        self.correcting = 0;
        let letter = match below(&mut self.random, WORD_CHARS * 12) {
            0 => '\n',
            1..12 => ' ',
            drawn => LETTERS.get(drawn % 24).copied().unwrap_or('e'),
        };
        self.cursor += 1;
        Splice {
            position: self.cursor - 1,
            delete: 0,
            insert: letter.into(),
        }
    }
}

/// Makes an edit in a text that stands for what was typed.
pub(crate) fn type_into(text: &mut Vec<char>, edit: &Splice) {
    let end = edit.position + edit.delete;
    text.splice(edit.position..end, edit.insert.chars());
}

fn below(random: &mut ChaCha8Rng, limit: usize) -> usize {
    usize::try_from(random.next_u64() % limit as u64).expect("less than a limit")
}
