//! What counts as a word, in any script, and how it is compared.
//!
//! Text is taken apart into extended grapheme clusters (UAX #29), so that a letter keeps its marks and an emoji its
//! parts. Letters and digits next to each other make a word. Scripts that put no space between words (Han, kana,
//! Thai, Lao, Khmer, Burmese), and Hangul, whose particles hang on to the word before them, become pairs of
//! neighbouring characters: what somebody looks for is then found wherever it stands, without a dictionary. An emoji
//! is a word.
//!
//! Words are compared folded: in compatibility form (NFKC), in lower case, without accents and vowel points.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use crate::limits::SEARCH_WORD_CLUSTERS_MAX;

/// What a piece of text is to the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// Of a script that parts its words by spaces.
    Spaced,
    /// A run of a script that does not.
    Run,
    /// An emoji.
    Picture,
}

/// A word, or a run of characters that stand for several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// What it is.
    pub(super) sort: Sort,
    /// Its folded clusters, each with where it stands in the text, in bytes.
    pub(super) clusters: Vec<(String, Range<usize>)>,
    /// Whether nothing but punctuation parts it from the piece before: `e-mail` are two such words.
    pub(super) is_joined: bool,
}

/// A word as the index keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// The word, folded.
    pub(super) word: String,
    /// Where it stands in the text, in bytes.
    pub(super) place: Range<usize>,
}

impl Piece {
    /// The words by which the index keeps this: one, or each character of a run with the next. The last character
    /// stands alone as well, so that looking for a single one by its beginning finds each of them.
    pub(super) fn tokens(&self) -> Vec<Token> {
        if self.sort != Sort::Run {
            return vec![self.whole()];
        }
        let mut tokens = self.pairs();
        tokens.extend(self.clusters.last().map(|(word, place)| Token {
            word: word.clone(),
            place: place.clone(),
        }));
        tokens
    }

    /// The words that a text must hold next to each other for this to stand in it.
    pub(super) fn wanted(&self) -> Vec<Token> {
        match (self.sort, self.clusters.len()) {
            (Sort::Run, 2..) => self.pairs(),
            _ => vec![self.whole()],
        }
    }

    fn pairs(&self) -> Vec<Token> {
        let pairs = self.clusters.windows(2);
        let joined = pairs.filter_map(|pair| match pair {
            [(left, from), (right, to)] => Some(Token {
                word: format!("{left}{right}"),
                place: from.start..to.end,
            }),
            _ => None,
        });
        joined.collect()
    }

    fn whole(&self) -> Token {
        let place = |end: Option<&(String, Range<usize>)>| end.map(|(_, place)| place.clone());
        let from = place(self.clusters.first()).unwrap_or_default();
        let to = place(self.clusters.last()).unwrap_or_default();
        Token {
            word: self
                .clusters
                .iter()
                .map(|(word, _)| word.as_str())
                .collect(),
            place: from.start..to.end,
        }
    }
}

/// Takes a text apart.
pub(super) fn pieces(text: &str) -> Pieces<'_> {
    Pieces {
        text,
        at: 0,
        is_joined: false,
    }
}

/// The pieces of a text, one after the other.
#[derive(Debug)]
pub(super) struct Pieces<'a> {
    text: &'a str,
    at: usize,
    is_joined: bool,
}

/// The cluster of a text that begins at a place.
fn cluster_at(text: &str, at: usize) -> Option<&str> {
    let rest = text.get(at..)?;
    match rest.as_bytes() {
        // Nothing joins two of ASCII but a line's end, which is no word.
        [first, second, ..] if first.is_ascii() && second.is_ascii() => rest.get(..1),
        _ => rest.graphemes(true).next(),
    }
}

impl Iterator for Pieces<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        let mut piece: Option<Piece> = None;
        while let Some(cluster) = cluster_at(self.text, self.at) {
            let place = self.at..self.at + cluster.len();
            let sort = sort_of(cluster);
            let is_same = |piece: &Piece| {
                sort == Some(piece.sort)
                    && sort != Some(Sort::Picture)
                    && piece.clusters.len() < SEARCH_WORD_CLUSTERS_MAX
            };
            if piece.as_ref().is_some_and(|piece| !is_same(piece)) {
                break;
            }
            let folded = sort.map(|_| fold(cluster)).unwrap_or_default();
            let is_space = cluster.chars().any(|c| c.is_whitespace() || c.is_control());
            self.at = place.end;
            let Some(sort) = sort.filter(|_| !folded.is_empty()) else {
                self.is_joined &= !is_space;
                continue;
            };
            let is_joined = self.is_joined;
            piece
                .get_or_insert_with(|| Piece {
                    sort,
                    clusters: Vec::new(),
                    is_joined,
                })
                .clusters
                .push((folded, place));
            self.is_joined = true;
        }
        piece
    }
}

/// What a cluster is by its first character; nothing for spaces, signs and punctuation.
fn sort_of(cluster: &str) -> Option<Sort> {
    let first = cluster.chars().next()?;
    if is_unspaced(first) && first.is_alphabetic() {
        Some(Sort::Run)
    } else if first.is_alphanumeric() {
        Some(Sort::Spaced)
    } else if is_picture(first) {
        Some(Sort::Picture)
    } else {
        None
    }
}

/// Folds one cluster.
fn fold(cluster: &str) -> String {
    if let [one] = cluster.as_bytes() {
        return char::from(one.to_ascii_lowercase()).to_string();
    }
    let plain = cluster
        .nfkd()
        .flat_map(char::to_lowercase)
        .nfd()
        .filter(|c| !is_left_out(*c));
    let mut folded = String::with_capacity(cluster.len());
    for letter in plain.nfc() {
        match spelled(letter) {
            Some(letters) => folded.push_str(letters),
            None => folded.push(letter),
        }
    }
    folded
}

/// Letters that no decomposition takes apart, as people write them who do not have them on their keys.
fn spelled(letter: char) -> Option<&'static str> {
    Some(match letter {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ł' => "l",
        'þ' => "th",
        'ħ' => "h",
        'ı' => "i",
        'ς' => "σ",
        _ => return None,
    })
}

/// Marks that are left out of a comparison, and characters that nobody sees. Vowel signs of the scripts of India and
/// South-East Asia stay, and so do the voicing marks of kana: without them it is another word.
fn is_left_out(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        // Hebrew points, Arabic vowels and the stroke that only lengthens.
        | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}' | '\u{5c2}' | '\u{5c4}' | '\u{5c5}' | '\u{5c7}'
        | '\u{610}'..='\u{61a}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6dc}'
        | '\u{6df}'..='\u{6e4}' | '\u{6e7}' | '\u{6e8}' | '\u{6ea}'..='\u{6ed}'
        // Joiners, directions, variants, shades of skin.
        | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' | '\u{1f3fb}'..='\u{1f3ff}')
        || c.is_whitespace()
        || c.is_control()
        || (c.is_ascii() && !c.is_ascii_alphanumeric())
}

/// Scripts without spaces between words, and Hangul.
fn is_unspaced(c: char) -> bool {
    matches!(c,
        // Thai and Lao, Burmese, Khmer.
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{a9e0}'..='\u{a9ff}' | '\u{aa60}'..='\u{aa7f}'
        | '\u{1780}'..='\u{17ff}'
        // Hangul, in syllables and in letters, of full and of half width.
        | '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}' | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}'
        | '\u{ffa0}'..='\u{ffdc}'
        // Kana and bopomofo, of full and of half width.
        | '\u{3040}'..='\u{312f}' | '\u{31a0}'..='\u{31bf}' | '\u{31f0}'..='\u{31ff}' | '\u{ff66}'..='\u{ff9f}'
        | '\u{1aff0}'..='\u{1b16f}'
        // Han.
        | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{3029}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Signs that people use as words.
fn is_picture(c: char) -> bool {
    matches!(c, '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn folded(text: &str) -> String {
        let tokens = pieces(text).flat_map(|piece| piece.tokens());
        tokens.map(|token| token.word + " ").collect()
    }

    fn check(text: &str, words: &str) {
        assert_eq!(folded(text).trim_end(), words, "{text}");
    }

    #[test]
    fn words_are_folded_in_every_script() {
        check("Café ÉCOLE cafe\u{301}", "cafe ecole cafe");
        check("Straße Ærø Łódź Đặng Iİıi", "strasse aero lodz dang iiii");
        check("ΣΊΣΥΦΟΣ Ёлка ﬁnd ＡＢＣ１", "σισυφοσ елка find abc1");
        check(
            "don't l’avenir 3.14 snake_case",
            "don t l avenir 3 14 snake case",
        );
        check("שָׁלוֹם مُحَمَّد", "שלום محمد");
        check("می\u{200c}خواهم हिन्दी", "میخواهم हिन्दी");
    }

    #[test]
    fn what_has_no_spaces_becomes_pairs() {
        check("目標を立てる", "目標 標を を立 立て てる る");
        check("ｶﾞｲﾄﾞ ガイド", "ガイ イド ド ガイ イド ド");
        check("会議、目標", "会議 議 目標 標");
        check("회의는 10시", "회의 의는 는 10 시");
        check("ไทย", "ไท ทย ย");
        check("iPhone会議2", "iphone 会議 議 2");
    }

    #[test]
    fn an_emoji_is_a_word_whatever_its_shade() {
        check("great👍🏽job ❤️👩‍🚀🇩🇪", "great 👍 job ❤ 👩🚀 🇩🇪");
        check("a→b • c", "a b c");
    }

    #[test]
    fn places_are_those_of_the_text_and_joined_words_are_told() {
        let text = "Émile's  目標です";
        let found: Vec<(&str, bool)> = pieces(text)
            .map(|piece| (&text[piece.whole().place], piece.is_joined))
            .collect();
        assert_eq!(found, [("Émile", false), ("s", true), ("目標です", false)]);
    }

    #[test]
    fn an_endless_line_is_cut_into_words() {
        let longest = folded(&"x".repeat(100_000)).split(' ').map(str::len).max();
        assert_eq!(longest, Some(SEARCH_WORD_CLUSTERS_MAX));
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing_and_places_hold(text in any::<String>()) {
            for piece in pieces(&text) {
                for token in piece.tokens() {
                    prop_assert!(text.get(token.place.clone()).is_some());
                    prop_assert!(!token.word.is_empty());
                    prop_assert!(!token.word.contains(|c: char| c.is_whitespace() || c == '\0'));
                }
            }
        }
    }
}
