//! What a person typed, as a query.
//!
//! Nothing of it is ever read as the query language of SQLite: what goes into an expression are folded words, which hold
//! neither quotes nor operators, and they stand in quotes.

use std::fmt::Write as _;

use super::words::{self, Piece, Sort};
use crate::limits::{SEARCH_QUERY_BYTES_MAX, SEARCH_WORDS_MAX};

/// Shortest word that is looked for inside of longer ones, in characters. Shorter ones stand in too many.
pub(super) const INNER_LETTERS_MIN: usize = 4;

/// Words that must be in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Query {
    phrases: Vec<Phrase>,
}

/// Words that must stand next to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Phrase {
    words: Vec<String>,
    /// Whether the last may be only the beginning of a word.
    is_beginning: bool,
    sort: Sort,
}

impl Query {
    /// Reads what was typed; nothing where there is no word in it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text
            .get(..text.floor_char_boundary(SEARCH_QUERY_BYTES_MAX))
            .unwrap_or(text);
        let mut phrases: Vec<Phrase> = Vec::new();
        for piece in words::pieces(text).take(SEARCH_WORDS_MAX) {
            let wanted = piece.wanted().into_iter().map(|token| token.word);
            match phrases.last_mut().filter(|last| is_continued(last, &piece)) {
                Some(last) => last.words.extend(wanted),
                None => phrases.push(Phrase {
                    words: wanted.collect(),
                    // A single character of a run is kept as the first of a pair.
                    is_beginning: piece.sort == Sort::Run && piece.clusters.len() == 1,
                    sort: piece.sort,
                }),
            }
        }
        phrases.last_mut()?.is_beginning = true;
        Some(Self { phrases })
    }

    /// The expression that finds it.
    pub(super) fn expression(&self) -> String {
        let each = self.phrases.iter().map(Phrase::expression);
        each.collect::<Vec<_>>().join(" AND ")
    }

    /// The expression that finds it with other words beside those that were typed, as `inner` gives them for a word
    /// that stands alone; nothing where it has none.
    pub(super) fn wider<E>(
        &self,
        mut inner: impl FnMut(&str) -> Result<Vec<String>, E>,
    ) -> Result<Option<String>, E> {
        let mut is_wider = false;
        let mut parts = Vec::with_capacity(self.phrases.len());
        for phrase in &self.phrases {
            let mut part = phrase.expression();
            if let [word] = phrase.words.as_slice()
                && phrase.sort == Sort::Spaced
                && word.chars().count() >= INNER_LETTERS_MIN
            {
                for other in inner(word)? {
                    is_wider = true;
                    // Writing into a text cannot fail.
                    let _ = write!(part, " OR \"{other}\"");
                }
            }
            parts.push(format!("({part})"));
        }
        Ok(is_wider.then(|| parts.join(" AND ")))
    }

    /// Says whether a word of a text is one of those that were looked for.
    pub(super) fn matches(&self, word: &str) -> bool {
        self.phrases.iter().any(|phrase| {
            let last = phrase.words.len().saturating_sub(1);
            phrase.words.iter().enumerate().any(|(place, wanted)| {
                wanted == word
                    || (place == last && phrase.is_beginning && word.starts_with(wanted.as_str()))
                    || (phrase.sort == Sort::Spaced
                        && wanted.chars().count() >= INNER_LETTERS_MIN
                        && word.contains(wanted.as_str()))
            })
        })
    }
}

fn is_continued(last: &Phrase, piece: &Piece) -> bool {
    piece.is_joined && last.sort == Sort::Spaced && piece.sort == Sort::Spaced
}

impl Phrase {
    fn expression(&self) -> String {
        let beginning = if self.is_beginning { " *" } else { "" };
        format!("\"{}\"{beginning}", self.words.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_becomes_quoted_words() {
        let check = |text: &str, expression: &str| {
            assert_eq!(
                Query::parse(text).map(|query| query.expression()),
                (!expression.is_empty()).then(|| expression.to_owned()),
                "{text}"
            );
        };
        check("e-Mail Plän", "\"e mail\" AND \"plan\" *");
        check("目標 a", "\"目標\" AND \"a\" *");
        check("目標を 立", "\"目標 標を\" AND \"立\" *");
        check("会、議 x", "\"会\" * AND \"議\" * AND \"x\" *");
        check("NEAR(a OR \"b\" *", "\"near a\" AND \"or\" AND \"b\" *");
        check("… \0 \"", "");
    }
}
