//! Full-text search: an index in memory that is kept as one sealed value.
//!
//! The index never touches a disk by itself: whoever owns it takes [`SearchIndex::serialize`] and
//! puts the bytes into a [`Store`](crate::Store). What a word is, in any language, says [`words`]: SQLite gets words
//! that are already folded and parted by spaces, and keeps only where they are; the texts stand beside, as they were
//! written. What a person types is never read as the query language of SQLite.
//!
//! A word is found by its beginning where it is the last that was typed, and inside of a longer word where that serves,
//! as in languages that write compounds in one. Whoever has the word itself comes first.

mod query;
mod snippet;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;

use rusqlite::{Connection, MAIN_DB, OptionalExtension};

use self::query::{INNER_LETTERS_MIN, Query};
use self::words::{Sort, pieces};
use crate::limits::{SEARCH_COMPOUNDS_MAX, SEARCH_HITS_MAX};
use crate::scope::Scope;

/// The layout of the index; another one is rebuilt, not migrated.
const LAYOUT_VERSION: i32 = 4;

const LAYOUT: &str = "
    CREATE TABLE documents (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL, scope BLOB NOT NULL, kind TEXT NOT NULL,
        part BLOB NOT NULL, mark BLOB NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL,
        UNIQUE (scope, id)
    ) STRICT;
    CREATE INDEX parts ON documents (scope, part);
    CREATE VIRTUAL TABLE words USING fts5 (
        title, text, tokenize = 'ascii', content = '', contentless_delete = 1
    );
    CREATE VIRTUAL TABLE terms USING fts5vocab ('words', 'row');
    CREATE TABLE compounds (word TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;";

/// Shortest word that is kept as one that others may stand in, in bytes: two of the shortest that are looked for.
const COMPOUND_BYTES_MIN: usize = 2 * INNER_LETTERS_MIN;

/// How much more a word in the title counts than one in the text.
const TITLE_WEIGHT: f64 = 4.0;

/// The index could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SearchError {
    /// The bytes are no index of this layout; build it anew from what it indexes.
    #[error("the search index is of another version or damaged; it will be rebuilt")]
    Stale,
    /// SQLite failed, for instance for want of memory.
    #[error("the search index failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

/// A text to be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Document<'a> {
    /// The object's id, unique within its scope.
    pub id: &'a str,
    /// The scope that it belongs to.
    pub scope: Scope,
    /// What kind of object it is, for the reader of the hits.
    pub kind: &'a str,
    /// Its title; hits here count more.
    pub title: &'a str,
    /// The rest of its words.
    pub text: &'a str,
    /// What it was read from, so that this can be brought up to date by itself: see [`SearchIndex::marks`].
    pub part: &'a [u8],
    /// What tells whether its words are the same: a hash of them.
    pub mark: [u8; 16],
}

/// A number that SQLite's file format keeps at a place of its header.
fn header_number<const LENGTH: usize>(bytes: &[u8], place: usize) -> Option<u64> {
    let digits: [u8; LENGTH] = bytes.get(place..)?.get(..LENGTH)?.try_into().ok()?;
    Some(
        digits
            .iter()
            .fold(0, |all, digit| all << 8 | u64::from(*digit)),
    )
}

/// Says whether bytes are as long as a database says of itself. They come out of a sealed value, so nobody has
/// changed any of them; to look through all of them would take longer than the search.
fn is_whole(bytes: &[u8]) -> bool {
    // <https://sqlite.org/fileformat.html#the_database_header>: 1 stands for 65536.
    let page = header_number::<2>(bytes, 16).map(|size| if size == 1 { 65_536 } else { size });
    let pages = header_number::<4>(bytes, 28);
    let wanted = page.and_then(|page| page.checked_mul(pages?));
    bytes.starts_with(b"SQLite format 3\0") && wanted == Some(bytes.len() as u64)
}

/// A text that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The object's id.
    pub id: String,
    /// The scope that it belongs to.
    pub scope: Scope,
    /// What kind of object it is.
    pub kind: String,
    /// Its title.
    pub title: String,
    /// The words around the best match as they were written, cut with `…`.
    pub snippet: String,
    /// Where in the snippet the words are that were looked for, in bytes, in order and apart from each other.
    pub marks: Vec<Range<usize>>,
}

/// A full-text index in memory.
pub struct SearchIndex {
    connection: Connection,
}

impl std::fmt::Debug for SearchIndex {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SearchIndex(redacted)")
    }
}

impl SearchIndex {
    /// Makes an empty index.
    ///
    /// # Errors
    /// [`SearchError::Sqlite`] where there is no memory for it.
    pub fn new() -> Result<Self, SearchError> {
        let connection = Connection::open_in_memory()?;
        connection.execute_batch(LAYOUT)?;
        connection.pragma_update(None, "user_version", LAYOUT_VERSION)?;
        Ok(Self { connection })
    }

    /// Takes up an index from what [`SearchIndex::serialize`] gave.
    ///
    /// # Errors
    /// [`SearchError::Stale`] where the bytes are something else.
    pub fn deserialize(bytes: &[u8]) -> Result<Self, SearchError> {
        if !is_whole(bytes) {
            return Err(SearchError::Stale);
        }
        let mut connection = Connection::open_in_memory()?;
        connection
            .deserialize_read_exact(MAIN_DB, io::Cursor::new(bytes), bytes.len(), false)
            .and_then(|()| connection.pragma_query_value(None, "user_version", |row| row.get(0)))
            .ok()
            .filter(|version: &i32| *version == LAYOUT_VERSION)
            .ok_or(SearchError::Stale)?;
        Ok(Self { connection })
    }

    /// Gives the whole index as bytes, to be sealed by the store. They hold the words in the clear.
    ///
    /// # Errors
    /// [`SearchError::Sqlite`] where there is no memory for it.
    pub fn serialize(&mut self) -> Result<Vec<u8>, SearchError> {
        Ok(self.connection.serialize(MAIN_DB)?.to_vec())
    }

    /// Puts a document in, or replaces the one of the same scope and id.
    ///
    /// # Errors
    /// See [`SearchError`]; the index is as before then.
    pub fn upsert(&mut self, document: &Document<'_>) -> Result<(), SearchError> {
        let transaction = self.connection.savepoint()?;
        let number: i64 = transaction
            .prepare_cached(
                "INSERT INTO documents (id, scope, kind, part, mark, title, text) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
                 ON CONFLICT DO UPDATE SET kind = excluded.kind, part = excluded.part, \
                 mark = excluded.mark, title = excluded.title, text = excluded.text RETURNING number",
            )?
            .query_row(
                (
                    document.id,
                    document.scope.0,
                    document.kind,
                    document.part,
                    document.mark,
                    document.title,
                    document.text,
                ),
                |row| row.get(0),
            )?;
        let mut compounds = BTreeSet::new();
        let mut fold = |text: &str| {
            let mut folded = String::with_capacity(text.len() + text.len() / 4);
            for piece in pieces(text) {
                for token in piece.tokens() {
                    folded.push_str(&token.word);
                    folded.push(' ');
                    if piece.sort == Sort::Spaced && token.word.len() >= COMPOUND_BYTES_MIN {
                        compounds.insert(token.word);
                    }
                }
            }
            folded
        };
        let words = (number, fold(document.title), fold(document.text));
        transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO words (rowid, title, text) VALUES (?1, ?2, ?3)",
            )?
            .execute(words)?;
        let mut keep =
            transaction.prepare_cached("INSERT OR IGNORE INTO compounds (word) VALUES (?1)")?;
        for word in compounds {
            keep.execute([word])?;
        }
        drop(keep);
        Ok(transaction.commit()?)
    }

    /// Returns the documents that were read from a part of a scope, with their marks.
    ///
    /// # Errors
    /// See [`SearchError`].
    pub fn marks(
        &self,
        scope: Scope,
        part: &[u8],
    ) -> Result<BTreeMap<String, [u8; 16]>, SearchError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, mark FROM documents WHERE scope = ?1 AND part = ?2")?;
        let marks = statement.query_map((scope.0, part), |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(marks.collect::<Result<_, _>>()?)
    }

    /// Has all that is done until [`SearchIndex::finish`] done at once, which costs far less.
    ///
    /// # Errors
    /// See [`SearchError`].
    pub fn begin(&self) -> Result<(), SearchError> {
        Ok(self.connection.execute_batch("SAVEPOINT work")?)
    }

    /// Ends what [`SearchIndex::begin`] began.
    ///
    /// # Errors
    /// See [`SearchError`].
    pub fn finish(&self) -> Result<(), SearchError> {
        Ok(self.connection.execute_batch("RELEASE work")?)
    }

    /// Takes a document out. One that is not there is no error.
    ///
    /// # Errors
    /// See [`SearchError`]; the index is as before then.
    pub fn remove(&mut self, scope: Scope, id: &str) -> Result<(), SearchError> {
        let transaction = self.connection.savepoint()?;
        let number: Option<i64> = transaction
            .prepare_cached("DELETE FROM documents WHERE scope = ?1 AND id = ?2 RETURNING number")?
            .query_row((scope.0, id), |row| row.get(0))
            .optional()?;
        if let Some(number) = number {
            transaction
                .prepare_cached("DELETE FROM words WHERE rowid = ?1")?
                .execute([number])?;
        }
        Ok(transaction.commit()?)
    }

    /// Takes out all the documents of a scope.
    ///
    /// # Errors
    /// See [`SearchError`]; the index is as before then.
    pub fn remove_scope(&mut self, scope: Scope) -> Result<(), SearchError> {
        let transaction = self.connection.savepoint()?;
        transaction.execute(
            "DELETE FROM words WHERE rowid IN (SELECT number FROM documents WHERE scope = ?1)",
            [scope.0],
        )?;
        transaction.execute("DELETE FROM documents WHERE scope = ?1", [scope.0])?;
        // No word of what is gone stays behind.
        transaction.execute(
            "DELETE FROM compounds WHERE word NOT IN (SELECT term FROM terms)",
            [],
        )?;
        Ok(transaction.commit()?)
    }

    /// Finds the documents that hold all the words, the best first; the last word may be only the
    /// beginning of one. Those that hold one only inside of another word come after. Without a scope all scopes are
    /// searched. Text without a word finds nothing.
    ///
    /// # Errors
    /// See [`SearchError`].
    pub fn query(
        &self,
        text: &str,
        scope: Option<Scope>,
        limit: usize,
    ) -> Result<Vec<Hit>, SearchError> {
        let Some(query) = Query::parse(text) else {
            return Ok(Vec::new());
        };
        let limit = limit.min(SEARCH_HITS_MAX);
        let mut numbers = self.numbers(&query.expression(), scope, limit)?;
        if numbers.len() < limit
            && let Some(wider) = query.wider(|word| self.compounds(word))?
        {
            let found: BTreeSet<i64> = numbers.iter().copied().collect();
            let more = self.numbers(&wider, scope, limit)?;
            numbers.extend(more.into_iter().filter(|number| !found.contains(number)));
            numbers.truncate(limit);
        }
        let mut statement = self.connection.prepare_cached(
            "SELECT id, scope, kind, title, text FROM documents WHERE number = ?1",
        )?;
        let hits = numbers.into_iter().map(|number| {
            Ok(statement.query_row([number], |row| {
                let text: String = row.get(4)?;
                let snippet = snippet::cut(&text, &query);
                Ok(Hit {
                    id: row.get(0)?,
                    scope: Scope(row.get(1)?),
                    kind: row.get(2)?,
                    title: row.get(3)?,
                    snippet: snippet.text,
                    marks: snippet.marks,
                })
            })?)
        });
        hits.collect()
    }

    /// The documents that an expression finds, the best first.
    fn numbers(
        &self,
        expression: &str,
        scope: Option<Scope>,
        limit: usize,
    ) -> Result<Vec<i64>, SearchError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT words.rowid FROM words JOIN documents ON documents.number = words.rowid \
             WHERE words MATCH ?1 AND (?2 IS NULL OR documents.scope = ?2) \
             ORDER BY bm25(words, ?4, 1.0), words.rowid LIMIT ?3",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let parameters = (expression, scope.map(|scope| scope.0), limit, TITLE_WEIGHT);
        let numbers = statement.query_map(parameters, |row| row.get(0))?;
        Ok(numbers.collect::<Result<_, _>>()?)
    }

    /// The words that hold another inside, the shortest first.
    fn compounds(&self, word: &str) -> Result<Vec<String>, SearchError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT word FROM compounds WHERE instr(word, ?1) > 0 AND word <> ?1 \
             ORDER BY length(word), word LIMIT ?2",
        )?;
        let words = statement.query_map((word, SEARCH_COMPOUNDS_MAX), |row| row.get(0))?;
        Ok(words.collect::<Result<_, _>>()?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OURS: Scope = Scope([1; 32]);
    const THEIRS: Scope = Scope([2; 32]);

    fn document<'a>(id: &'a str, scope: Scope, title: &'a str, text: &'a str) -> Document<'a> {
        Document {
            id,
            scope,
            kind: "goal",
            title,
            text,
            part: b"index",
            mark: [7; 16],
        }
    }

    fn index() -> SearchIndex {
        let mut index = SearchIndex::new().unwrap();
        for document in [
            document(
                "a",
                OURS,
                "Public speaking",
                "Give a talk at the café in March",
            ),
            document("b", OURS, "Reading", "Speaking of books: one a month"),
            document("c", THEIRS, "Public speaking", "Another pair's goal"),
        ] {
            index.upsert(&document).unwrap();
        }
        index
    }

    fn ids(index: &SearchIndex, text: &str, scope: Option<Scope>) -> Vec<String> {
        index
            .query(text, scope, 10)
            .unwrap()
            .into_iter()
            .map(|hit| hit.id)
            .collect()
    }

    #[test]
    fn words_are_found_without_case_and_accents_and_by_the_beginning_of_the_last() {
        let index = index();
        assert_eq!(ids(&index, "CAFE", None), ["a"]);
        assert_eq!(ids(&index, "talk mar", None), ["a"]);
        assert_eq!(ids(&index, "gi march", None), [""; 0]);
        let hit = &index.query("march", None, 10).unwrap()[0];
        assert_eq!(
            (hit.kind.as_str(), hit.title.as_str()),
            ("goal", "Public speaking")
        );
        assert!(hit.snippet.contains("March"));
    }

    #[test]
    fn words_are_found_in_scripts_without_spaces_and_inside_of_compounds() {
        let mut index = SearchIndex::new().unwrap();
        for (id, text) in [
            ("ja", "今年の目標を立てる"),
            ("zh", "我们下周讨论职业发展"),
            ("ko", "회의는 세 시에 합니다"),
            ("th", "เราจะพบกันพรุ่งนี้"),
            ("km", "ខ្ញុំចង់រៀន"),
            ("de", "Das Mentoringgespräch über Größe"),
            ("short", "Ein Gespräch"),
            ("emoji", "Well done 🎉!"),
        ] {
            index.upsert(&document(id, OURS, "", text)).unwrap();
        }
        for (words, found) in [
            ("目標", vec!["ja"]),
            ("立", vec!["ja"]),
            ("る", vec!["ja"]),
            ("标", vec![]),
            ("职业 讨论", vec!["zh"]),
            ("业职", vec![]),
            ("회의", vec!["ko"]),
            ("พรุ่งนี้", vec!["th"]),
            ("រៀន", vec!["km"]),
            ("GRÖSSE", vec!["de"]),
            ("gespräch", vec!["short", "de"]),
            ("gesprach das", vec!["de"]),
            ("präc", vec!["short", "de"]),
            ("🎉", vec!["emoji"]),
            ("🙁", vec![]),
        ] {
            assert_eq!(ids(&index, words, None), found, "{words}");
        }
    }

    #[test]
    fn no_word_of_a_scope_that_was_removed_stays_in_the_bytes() {
        let mut index = index();
        index
            .upsert(&document("d", THEIRS, "Kukushkakukushka", ""))
            .unwrap();
        index.remove_scope(THEIRS).unwrap();
        assert_eq!(index.compounds("kukushka").unwrap(), [""; 0]);
    }

    #[test]
    fn a_title_counts_more_and_a_scope_narrows() {
        let index = index();
        assert_eq!(ids(&index, "speaking", Some(OURS)), ["a", "b"]);
        assert_eq!(ids(&index, "speaking", Some(THEIRS)), ["c"]);
        assert_eq!(ids(&index, "speaking", None).len(), 3);
        assert_eq!(index.query("speaking", None, 1).unwrap().len(), 1);
    }

    #[test]
    fn a_replaced_or_removed_document_is_not_found_by_its_old_words() {
        let mut index = index();
        index
            .upsert(&document("a", OURS, "Gardening", "Tomatoes"))
            .unwrap();
        assert_eq!(ids(&index, "talk", None), [""; 0]);
        assert_eq!(ids(&index, "tomatoes", None), ["a"]);
        index.remove(OURS, "a").unwrap();
        index.remove(OURS, "never there").unwrap();
        assert_eq!(ids(&index, "tomatoes", None), [""; 0]);
        index.remove_scope(THEIRS).unwrap();
        assert_eq!(ids(&index, "speaking", None), ["b"]);
    }

    #[test]
    fn an_index_survives_serializing_and_can_be_changed_after() {
        let bytes = index().serialize().unwrap();
        let mut index = SearchIndex::deserialize(&bytes).unwrap();
        assert_eq!(ids(&index, "cafe", None), ["a"]);
        let long = "word ".repeat(10_000);
        index.upsert(&document("d", OURS, "Long", &long)).unwrap();
        assert_eq!(ids(&index, "long", None), ["d"]);
    }

    #[test]
    fn the_documents_of_a_part_are_told_with_their_marks() {
        let mut index = index();
        index.begin().unwrap();
        let other = Document {
            part: b"session",
            mark: [8; 16],
            ..document("b", OURS, "Reading", "")
        };
        index.upsert(&other).unwrap();
        index.finish().unwrap();
        let marks = |part: &[u8]| index.marks(OURS, part).unwrap();
        assert_eq!(marks(b"index"), BTreeMap::from([("a".to_owned(), [7; 16])]));
        assert_eq!(
            marks(b"session"),
            BTreeMap::from([("b".to_owned(), [8; 16])])
        );
    }

    #[test]
    fn bytes_that_are_no_index_are_stale() {
        let bytes = index().serialize().unwrap();
        for bad in [&b""[..], b"no database", &bytes[..100], &vec![0; 8192]] {
            assert!(matches!(
                SearchIndex::deserialize(bad),
                Err(SearchError::Stale)
            ));
        }
        let other = Connection::open_in_memory()
            .unwrap()
            .serialize(MAIN_DB)
            .unwrap()
            .to_vec();
        assert!(matches!(
            SearchIndex::deserialize(&other),
            Err(SearchError::Stale)
        ));
    }

    #[test]
    fn operators_are_words_like_any_other() {
        let mut index = index();
        index
            .upsert(&document("e", OURS, "Logic", "either or near NOT col"))
            .unwrap();
        assert_eq!(ids(&index, "near", None), ["e"]);
        assert_eq!(ids(&index, "either OR", None), ["e"]);
        assert_eq!(ids(&index, "public OR reading", None), [""; 0]);
        for text in [
            "", " ", "\"", "*", "a\"b", "NEAR(", "title:x", "-", "(((", "\0", "^x", "😀",
        ] {
            index.query(text, None, 10).unwrap();
        }
    }

    proptest! {
        #[test]
        fn no_text_is_an_error(text in any::<String>()) {
            index().query(&text, None, 10).unwrap();
        }
    }
}
