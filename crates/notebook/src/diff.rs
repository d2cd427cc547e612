//! The difference of two texts as few small replacements, so that edits which others make meanwhile
//! in other places are kept.
//!
//! Lines are compared first, then the words of each run of lines that differ, then what words have in
//! common at both ends is cut off. The work is bounded by [`DIFF_LINE_STEPS_MAX`] and
//! [`DIFF_WORD_STEPS_MAX`]: texts that differ in more
//! places are replaced from the first difference to the last.

use std::ops::Range;

use crate::limits::{DIFF_LINE_STEPS_MAX, DIFF_WORD_STEPS_MAX};

/// One replacement; positions and counts are in Unicode scalar values of the text before any other.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Replacement {
    pub(crate) position: usize,
    pub(crate) delete: usize,
    pub(crate) insert: String,
}

/// A piece of a text beside the text before it.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Piece {
    /// Whether it stayed, came or went.
    pub kind: PieceKind,
    /// The piece itself.
    pub text: String,
}

/// What became of a piece.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PieceKind {
    /// In both texts.
    Same,
    /// In the new text alone.
    New,
    /// In the old text alone.
    Gone,
}

/// The new text in pieces, with what went of the old one in its place. What stayed and what came is the new text, what
/// stayed and what went the old one.
pub(crate) fn pieces(old: &str, new: &str) -> Vec<Piece> {
    let letters: Vec<char> = old.chars().collect();
    let part = |from: usize, to: usize| -> String {
        letters.get(from..to).unwrap_or_default().iter().collect()
    };
    let mut found: Vec<Piece> = Vec::new();
    let mut push = |kind: PieceKind, text: String| {
        if !text.is_empty() {
            found.push(Piece { kind, text });
        }
    };
    let mut at = 0;
    for one in replacements(old, new) {
        push(PieceKind::Same, part(at, one.position));
        at = one.position + one.delete;
        push(PieceKind::Gone, part(one.position, at));
        push(PieceKind::New, one.insert);
    }
    push(PieceKind::Same, part(at, letters.len()));
    found
}

/// The replacements that turn `old` into `new`, from the start of the text to its end.
pub(crate) fn replacements(old: &str, new: &str) -> Vec<Replacement> {
    let mut found = Vec::new();
    compare(
        old,
        new,
        0,
        &[(lines, DIFF_LINE_STEPS_MAX), (words, DIFF_WORD_STEPS_MAX)],
        &mut found,
    );
    found
}

/// How to cut a text into parts, and the steps that comparing them may take.
type Splitter = (fn(&str) -> Vec<&str>, usize);

fn compare(old: &str, new: &str, at: usize, finer: &[Splitter], found: &mut Vec<Replacement>) {
    let prefix = common_prefix(old, new);
    let at = at + count(&old[..prefix]);
    let (old, new) = (&old[prefix..], &new[prefix..]);
    let suffix = common_suffix(old, new);
    let (old, new) = (&old[..old.len() - suffix], &new[..new.len() - suffix]);
    if old.is_empty() && new.is_empty() {
        return;
    }
    let whole = || Replacement {
        position: at,
        delete: count(old),
        insert: new.to_owned(),
    };
    let Some(((split, steps_max), finer)) = finer.split_first() else {
        found.push(whole());
        return;
    };
    if old.is_empty() || new.is_empty() {
        found.push(whole());
        return;
    }
    let (old_parts, new_parts) = (split(old), split(new));
    let Some(hunks) = hunks(&old_parts, &new_parts, *steps_max) else {
        found.push(whole());
        return;
    };
    let mut position = at;
    let mut read = 0;
    for (gone, come) in hunks {
        position += old_parts[read..gone.start]
            .iter()
            .map(|part| count(part))
            .sum::<usize>();
        let (gone_text, come_text) = (old_parts[gone.clone()].concat(), new_parts[come].concat());
        compare(&gone_text, &come_text, position, finer, found);
        position += count(&gone_text);
        read = gone.end;
    }
}

fn count(text: &str) -> usize {
    text.chars().count()
}

fn common_prefix(left: &str, right: &str) -> usize {
    let pairs = left.chars().zip(right.chars());
    pairs
        .take_while(|(l, r)| l == r)
        .map(|(l, _)| l.len_utf8())
        .sum()
}

fn common_suffix(left: &str, right: &str) -> usize {
    let pairs = left.chars().rev().zip(right.chars().rev());
    pairs
        .take_while(|(l, r)| l == r)
        .map(|(l, _)| l.len_utf8())
        .sum()
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// Runs of letters and digits; every other character stands alone.
fn words(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut in_word = false;
    for (at, letter) in text.char_indices() {
        if !(in_word && letter.is_alphanumeric()) && at > start {
            parts.push(&text[start..at]);
            start = at;
        }
        in_word = letter.is_alphanumeric();
    }
    if start < text.len() {
        parts.push(&text[start..]);
    }
    parts
}

/// The runs that differ, by Myers' greedy algorithm; `None` where it would take too many steps.
fn hunks(
    old: &[&str],
    new: &[&str],
    steps_max: usize,
) -> Option<Vec<(Range<usize>, Range<usize>)>> {
    let trace = search(old, new, steps_max)?;
    let (mut x, mut y) = (old.len(), new.len());
    let mut hunks: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    for depth in (1..trace.len()).rev() {
        let furthest = &trace[depth - 1];
        let diagonal = signed(x) - signed(y);
        let down = goes_down(furthest, depth, diagonal);
        let previous = if down { diagonal + 1 } else { diagonal - 1 };
        let before_x = furthest[slot(depth - 1, previous)];
        let before_y = usize::try_from(signed(before_x) - previous).ok()?;
        let (end_x, end_y) = if down {
            (before_x, before_y + 1)
        } else {
            (before_x + 1, before_y)
        };
        match hunks.last_mut() {
            Some((gone, come)) if gone.start == end_x && come.start == end_y => {
                gone.start = before_x;
                come.start = before_y;
            }
            _ => hunks.push((before_x..end_x, before_y..end_y)),
        }
        (x, y) = (before_x, before_y);
    }
    hunks.reverse();
    Some(hunks)
}

/// The furthest points per number of steps, the last row reaching the end of both.
fn search(old: &[&str], new: &[&str], steps_max: usize) -> Option<Vec<Vec<usize>>> {
    let mut trace: Vec<Vec<usize>> = Vec::new();
    for depth in 0..=steps_max.min(old.len() + new.len()) {
        let mut row = vec![0; 2 * depth + 1];
        let mut diagonal = -signed(depth);
        while diagonal <= signed(depth) {
            let mut x = match trace.last() {
                None => 0,
                Some(furthest) if goes_down(furthest, depth, diagonal) => {
                    furthest[slot(depth - 1, diagonal + 1)]
                }
                Some(furthest) => furthest[slot(depth - 1, diagonal - 1)] + 1,
            };
            // Off the grid above or to the left there is no point; the row keeps zero there.
            let Ok(mut y) = usize::try_from(signed(x) - diagonal) else {
                diagonal += 2;
                continue;
            };
            while x < old.len() && y < new.len() && old[x] == new[y] {
                x += 1;
                y += 1;
            }
            row[slot(depth, diagonal)] = x;
            if x >= old.len() && y >= new.len() {
                trace.push(row);
                return Some(trace);
            }
            diagonal += 2;
        }
        trace.push(row);
    }
    None
}

/// Whether the best way to a diagonal comes from above (an insertion) rather than from the left.
fn goes_down(furthest: &[usize], depth: usize, diagonal: isize) -> bool {
    let edge = signed(depth);
    if diagonal == -edge {
        return true;
    }
    diagonal != edge
        && furthest[slot(depth - 1, diagonal - 1)] < furthest[slot(depth - 1, diagonal + 1)]
}

/// Where a row of `depth` steps keeps a diagonal; diagonals run from `-depth` to `depth`.
fn slot(depth: usize, diagonal: isize) -> usize {
    usize::try_from(diagonal + signed(depth)).unwrap_or(0)
}

fn signed(number: usize) -> isize {
    isize::try_from(number).unwrap_or(isize::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn apply(old: &str, replacements: &[Replacement]) -> String {
        let mut letters: Vec<char> = old.chars().collect();
        for change in replacements.iter().rev() {
            let range = change.position..change.position + change.delete;
            letters.splice(range, change.insert.chars());
        }
        letters.into_iter().collect()
    }

    #[test]
    fn a_changed_word_is_the_only_thing_that_is_replaced() {
        let old = "# Notes\n\nMia likes colour.\nBen agrees.\n";
        let new = "# Notes\n\nMia likes color.\nBen agrees, mostly.\n";
        let found = replacements(old, new);
        let deleted: usize = found.iter().map(|change| change.delete).sum();
        let inserted: String = found.iter().map(|change| change.insert.as_str()).collect();
        assert_eq!((deleted, inserted.as_str()), (1, ", mostly"));
        assert_eq!(apply(old, &found), new);
    }

    #[test]
    fn texts_with_nothing_in_common_are_replaced_whole_and_fast() {
        let old: String = (0..20_000).map(|n| format!("{n} ")).collect();
        let new: String = (0..20_000).map(|n| format!("x{n}\n")).collect();
        assert_eq!(apply(&old, &replacements(&old, &new)), new);
    }

    proptest! {
        #[test]
        fn the_replacements_turn_one_text_into_the_other(
            old in "[ab \n\u{e9}\u{1F600}]{0,60}", new in "[ab \n\u{e9}\u{1F600}]{0,60}",
        ) {
            prop_assert_eq!(apply(&old, &replacements(&old, &new)), new);
        }

        #[test]
        fn the_pieces_are_both_texts(
            old in "[ab \n\u{e9}\u{1F600}]{0,60}", new in "[ab \n\u{e9}\u{1F600}]{0,60}",
        ) {
            let all = pieces(&old, &new);
            let without = |kind: PieceKind| -> String {
                all.iter().filter(|piece| piece.kind != kind).map(|piece| piece.text.as_str()).collect()
            };
            prop_assert_eq!(without(PieceKind::New), old);
            prop_assert_eq!(without(PieceKind::Gone), new);
        }
    }
}
