//! Full-text search: an index in memory that is kept as one sealed value.
//!
//! The index never touches a disk by itself: whoever owns it takes [`SearchIndex::serialize`] and
//! puts the bytes into a [`Store`](crate::Store). Words are compared without case and accents. What
//! a person types is never read as the query language of SQLite.

use std::collections::BTreeMap;
use std::io;

use rusqlite::{Connection, MAIN_DB, OptionalExtension};

use crate::limits::{SEARCH_HITS_MAX, SEARCH_QUERY_BYTES_MAX, SEARCH_WORDS_MAX};
use crate::scope::Scope;

/// The layout of the index; another one is rebuilt, not migrated.
const LAYOUT_VERSION: i32 = 3;

const LAYOUT: &str = "
    CREATE TABLE documents (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL, scope BLOB NOT NULL, kind TEXT NOT NULL,
        part BLOB NOT NULL, mark BLOB NOT NULL,
        UNIQUE (scope, id)
    ) STRICT;
    CREATE INDEX parts ON documents (scope, part);
    CREATE VIRTUAL TABLE words USING fts5 (
        title, text, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
    );";

/// How much more a word in the title counts than one in the text.
const TITLE_WEIGHT: f64 = 4.0;

/// Words of text around a hit.
const SNIPPET_WORDS: i32 = 12;

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
    /// The words around the best match, cut with `…`.
    pub snippet: String,
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
                "INSERT INTO documents (id, scope, kind, part, mark) VALUES (?1, ?2, ?3, ?4, ?5) \
                 ON CONFLICT DO UPDATE SET kind = excluded.kind, part = excluded.part, \
                 mark = excluded.mark RETURNING number",
            )?
            .query_row(
                (
                    document.id,
                    document.scope.0,
                    document.kind,
                    document.part,
                    document.mark,
                ),
                |row| row.get(0),
            )?;
        transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO words (rowid, title, text) VALUES (?1, ?2, ?3)",
            )?
            .execute((number, document.title, document.text))?;
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
        Ok(transaction.commit()?)
    }

    /// Finds the documents that hold all the words, the best first; the last word may be only the
    /// beginning of one. Without a scope all scopes are searched. Text without a word finds nothing.
    ///
    /// # Errors
    /// See [`SearchError`].
    pub fn query(
        &self,
        text: &str,
        scope: Option<Scope>,
        limit: usize,
    ) -> Result<Vec<Hit>, SearchError> {
        let Some(expression) = match_expression(text) else {
            return Ok(Vec::new());
        };
        let limit = i64::try_from(limit.min(SEARCH_HITS_MAX)).unwrap_or(i64::MAX);
        let mut statement = self.connection.prepare_cached(
            "SELECT documents.id, documents.scope, documents.kind, words.title, \
                    snippet(words, -1, '', '', '…', ?4) \
             FROM words JOIN documents ON documents.number = words.rowid \
             WHERE words MATCH ?1 AND (?2 IS NULL OR documents.scope = ?2) \
             ORDER BY bm25(words, ?5, 1.0), documents.number LIMIT ?3",
        )?;
        let scope = scope.map(|scope| scope.0);
        let parameters = (expression, scope, limit, SNIPPET_WORDS, TITLE_WEIGHT);
        let hits = statement.query_map(parameters, |row| {
            Ok(Hit {
                id: row.get(0)?,
                scope: Scope(row.get(1)?),
                kind: row.get(2)?,
                title: row.get(3)?,
                snippet: row.get(4)?,
            })
        })?;
        Ok(hits.collect::<Result<_, _>>()?)
    }
}

/// Turns what a person typed into a query of FTS5: each word a quoted string, so that nothing in
/// it is an operator, and the last one a prefix. Gives nothing where there is no word.
fn match_expression(text: &str) -> Option<String> {
    let text = text
        .get(..text.floor_char_boundary(SEARCH_QUERY_BYTES_MAX))
        .unwrap_or(text);
    let words: Vec<String> = text
        .split(|letter: char| letter.is_whitespace() || letter.is_control())
        // The tokenizer finds no word in punctuation alone, and such a string would match nothing.
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .take(SEARCH_WORDS_MAX)
        .map(|word| format!("\"{}\"", word.replace('"', "\"\"")))
        .collect();
    (!words.is_empty()).then(|| format!("{} *", words.join(" ")))
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
        assert_eq!(ids(&index, "tal march", None), [""; 0]);
        let hit = &index.query("march", None, 10).unwrap()[0];
        assert_eq!(
            (hit.kind.as_str(), hit.title.as_str()),
            ("goal", "Public speaking")
        );
        assert!(hit.snippet.contains("March"));
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
