//! The part of a text that shows why it was found.

use std::ops::Range;

use super::query::Query;
use super::words::{self, Token};
use crate::limits::SNIPPET_BYTES_LOOKED_AT_MAX;

/// How much of a text is shown around what was found, in bytes.
const SHOWN_BYTES: usize = 160;

/// How much of it stands before the first word that was found.
const BEFORE_BYTES: usize = 40;

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Snippet {
    /// The part, with `…` where something was left out.
    pub(super) text: String,
    /// Where in it the words are that were looked for, in bytes.
    pub(super) marks: Vec<Range<usize>>,
}

/// Cuts the part of a text out that holds the most of what was looked for; its beginning where it holds nothing of it.
pub(super) fn cut(text: &str, query: &Query) -> Snippet {
    let looked_at = text
        .get(..text.floor_char_boundary(SNIPPET_BYTES_LOOKED_AT_MAX))
        .unwrap_or(text);
    let tokens: Vec<Token> = words::pieces(looked_at)
        .flat_map(|piece| piece.tokens())
        .collect();
    let found: Vec<&Token> = tokens
        .iter()
        .filter(|token| query.matches(&token.word))
        .collect();
    let first = best(&found).map_or(0, |token| token.place.start);
    let shown = around(text, first);
    let mut snippet = Snippet::default();
    let before = if shown.start > 0 { "…" } else { "" };
    let after = if shown.end < text.len() { "…" } else { "" };
    let part = text.get(shown.clone()).unwrap_or_default();
    snippet.text = format!("{before}{part}{after}");
    for token in found {
        if token.place.start < shown.start || token.place.end > shown.end {
            continue;
        }
        let moved = |at: usize| at - shown.start + before.len();
        let mark = moved(token.place.start)..moved(token.place.end);
        match snippet.marks.last_mut() {
            // The pairs of a run lie over each other.
            Some(last) if mark.start <= last.end => last.end = last.end.max(mark.end),
            _ => snippet.marks.push(mark),
        }
    }
    snippet
}

/// The word that begins the stretch with the most different words, the first of those.
fn best<'a>(found: &[&'a Token]) -> Option<&'a Token> {
    let mut best: Option<(usize, &Token)> = None;
    for (place, &token) in found.iter().enumerate() {
        let end = token.place.start + SHOWN_BYTES - BEFORE_BYTES;
        let within = found.get(place..).unwrap_or_default();
        let mut words: Vec<&str> = within
            .iter()
            .take(SHOWN_BYTES)
            .take_while(|other| other.place.end <= end)
            .map(|other| other.word.as_str())
            .collect();
        words.sort_unstable();
        words.dedup();
        if best.is_none_or(|(most, _)| words.len() > most) {
            best = Some((words.len(), token));
        }
    }
    best.map(|(_, token)| token)
}

/// The stretch of a text around a place, cut between words.
fn around(text: &str, place: usize) -> Range<usize> {
    if text.len() <= SHOWN_BYTES {
        return 0..text.len();
    }
    let from = text.floor_char_boundary(place.saturating_sub(BEFORE_BYTES));
    let before = text.get(from..place).unwrap_or_default();
    let start = match before.find(char::is_whitespace) {
        Some(space) if from > 0 => from + space,
        _ => from,
    };
    let start = place
        - text
            .get(start..place)
            .unwrap_or_default()
            .trim_start()
            .len();
    let until = text.floor_char_boundary((start + SHOWN_BYTES).min(text.len()));
    let shown = text.get(start..until).unwrap_or_default();
    let end = match shown.rfind(char::is_whitespace) {
        // A script without spaces is cut where it is full.
        Some(space) if until < text.len() && space > SHOWN_BYTES / 2 => start + space,
        _ => until,
    };
    let kept = text.get(start..end).unwrap_or_default().trim_end().len();
    start..start + kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str, query: &str) -> String {
        let snippet = cut(text, &Query::parse(query).unwrap());
        let mut marked = snippet.text.clone();
        for mark in snippet.marks.iter().rev() {
            marked.insert(mark.end, ']');
            marked.insert(mark.start, '[');
        }
        marked
    }

    #[test]
    fn the_words_are_marked_in_the_text_as_it_was_written() {
        assert_eq!(
            shown("Un Café à Lisbonne", "cafe lis"),
            "Un [Café] à [Lisbonne]"
        );
        assert_eq!(
            shown("今年の目標を立てる", "目標を"),
            "今年の[目標を]立てる"
        );
        assert_eq!(
            shown("Mentoringgespräch", "gespräch"),
            "[Mentoringgespräch]"
        );
        assert_eq!(shown("Nothing of it", "else"), "Nothing of it");
    }

    #[test]
    fn a_long_text_is_cut_between_words_where_the_most_was_found() {
        let filler = "lorem ipsum dolor sit amet ".repeat(20);
        let text = format!("{filler}once a goal. {filler}the goal of the year {filler}");
        let snippet = shown(&text, "year goal");
        assert!(snippet.starts_with("…"), "{snippet}");
        assert!(
            snippet.contains("the [goal] of the [year] lorem"),
            "{snippet}"
        );
        assert!(snippet.ends_with("…") && snippet.len() < 200, "{snippet}");
    }

    proptest! {
        #[test]
        fn no_text_is_cut_within_a_character(text in any::<String>(), query in "[a-c目標]{1,3}") {
            if let Some(query) = Query::parse(&query) {
                let snippet = cut(&text.repeat(20), &query);
                for mark in snippet.marks {
                    prop_assert!(snippet.text.get(mark).is_some());
                }
            }
        }
    }
}
