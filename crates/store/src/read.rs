//! Reading: every value is opened at its place, and what is missing from a stream is noticed.

use rusqlite::types::ValueRef;
use rusqlite::{ErrorCode, OptionalExtension, Row};

use crate::block;
use crate::commit::{record_place, split_record};
use crate::damage::{Damage, DamagedPlace, Fault};
use crate::database::is_corruption;
use crate::scope::{Position, Scope, Space};
use crate::scope_key::{RecordPlace, ScopeKeys, Tag, stream_place, stream_row};
use crate::scopes::ScopeUnusable;
use crate::store::Store;

/// Something could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// No such scope was created.
    #[error("there is no notebook {0} in this home")]
    UnknownScope(Scope),
    /// The scope's key file is gone or damaged.
    #[error("the key of notebook {0} is missing or damaged; restore it from a backup")]
    KeyLost(Scope),
    /// What should be there is damaged or missing.
    #[error("{0}; restore it from a backup, or have the notebook sent again")]
    Damaged(Damage),
    /// There is no entry at this position, and should be none.
    #[error("notebook {scope} has no entry {position} yet")]
    NoSuchPosition {
        /// The scope that was asked.
        scope: Scope,
        /// The position beyond its end.
        position: Position,
    },
    /// The disk failed.
    #[error("the disk failed: {0}")]
    Io(String),
    /// SQLite failed for another reason.
    #[error("the database could not be read: {0}")]
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for ReadError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::SystemIoFailure) => Self::Io(error.to_string()),
            _ if is_corruption(&error) => Self::Damaged(Damage {
                place: DamagedPlace::Database,
                fault: Fault::Structure(error.to_string()),
            }),
            _ => Self::Sqlite(error),
        }
    }
}

impl From<ScopeUnusable> for ReadError {
    fn from(error: ScopeUnusable) -> Self {
        match error {
            ScopeUnusable::Unknown(scope) => Self::UnknownScope(scope),
            ScopeUnusable::KeyLost(scope) => Self::KeyLost(scope),
            ScopeUnusable::TallyDamaged(scope) => Self::Damaged(Damage {
                place: DamagedPlace::Scope(scope),
                fault: Fault::Unreadable,
            }),
        }
    }
}

/// A record as it was put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The record's key.
    pub key: Vec<u8>,
    /// What it holds.
    pub value: Vec<u8>,
}

/// A stream entry as it was appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where in the stream it stands.
    pub position: Position,
    /// What it holds.
    pub value: Vec<u8>,
}

/// How much of a stream is read at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// At most so many entries.
    pub entries_max: usize,
    /// No further entry once the values add up to so many bytes; the first is always read.
    pub bytes_max: usize,
}

impl Default for ReadLimits {
    /// A thousand entries or a mebibyte: enough to keep a reader busy, little to keep in memory.
    fn default() -> Self {
        Self {
            entries_max: 1_000,
            bytes_max: 1024 * 1024,
        }
    }
}

impl Store {
    /// Gives what a record holds, or `None` where there is no such record.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] where the record does not open; see also [`ReadError`].
    pub fn get(
        &self,
        scope: Scope,
        space: Space,
        key: &[u8],
    ) -> Result<Option<Vec<u8>>, ReadError> {
        let keys = &self.open_scope(scope)?.keys;
        let place = keys.record(scope, space, key);
        self.connection
            .prepare_cached(
                "SELECT sealed FROM records WHERE scope = ?1 AND space = ?2 AND record = ?3",
            )?
            .query_row((keys.tag(), place.space, place.record), |row| {
                Ok(open_record(keys, &place, row.get_ref(0)?).map(|(_, record)| record.value))
            })
            .optional()?
            .transpose()
            .map_err(ReadError::Damaged)
    }

    /// Gives all the records of a space, sorted by key.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] at the first record that does not open; see also [`ReadError`].
    pub fn scan(&self, scope: Scope, space: Space) -> Result<Vec<Record>, ReadError> {
        let keys = &self.open_scope(scope)?.keys;
        let space_tag = keys.space_tag(space);
        let mut statement = self
            .connection
            .prepare_cached("SELECT record, sealed FROM records WHERE scope = ?1 AND space = ?2")?;
        let mut rows = statement.query((keys.tag(), space_tag))?;
        let mut records = Vec::new();
        while let Some(row) = rows.next()? {
            let place = RecordPlace {
                scope,
                space: space_tag,
                record: row.get(0)?,
            };
            let (_, record) =
                open_record(keys, &place, row.get_ref(1)?).map_err(ReadError::Damaged)?;
            records.push(record);
        }
        records.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(records)
    }

    /// Tells how many entries a scope's stream has, which is also the next position.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn stream_length(&self, scope: Scope) -> Result<Position, ReadError> {
        Ok(Position(self.tally(scope)?.appended))
    }

    /// Reads a scope's stream from a position on. An empty answer means that the end was reached.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] where the next entry is missing or does not open and nothing could be
    /// read before it; what comes before a damaged entry is returned first.
    pub fn read_stream(
        &self,
        scope: Scope,
        from: Position,
        limits: ReadLimits,
    ) -> Result<Vec<Entry>, ReadError> {
        let keys = &self.open_scope(scope)?.keys;
        // Where the tally is damaged, the entries that are there can still be read.
        let end = self
            .open_scope(scope)?
            .tally
            .as_ref()
            .map(|tally| tally.appended);
        // The row in which the first one lies may begin before it.
        let mut statement = self.connection.prepare_cached(
            "SELECT position, sealed FROM stream WHERE scope = ?1 AND position >= \
             ifnull((SELECT max(position) FROM stream WHERE scope = ?1 AND position <= ?2), ?2) \
             ORDER BY position",
        )?;
        let start = i64::try_from(from.0).unwrap_or(i64::MAX);
        let mut rows = statement.query((keys.tag(), start))?;
        let mut entries: Vec<Entry> = Vec::new();
        let mut bytes = 0_usize;
        let mut next = from;
        let is_full = |entries: &[Entry], bytes: usize| {
            entries.len() >= limits.entries_max
                || (bytes >= limits.bytes_max && !entries.is_empty())
        };
        while !is_full(&entries, bytes) {
            let step = match rows.next()? {
                Some(row) => self.step(row, scope, keys, next),
                None if end.is_some_and(|end| next.0 < end) => Err(missing_entry(scope, next)),
                None => break,
            };
            match step {
                Ok(found) => {
                    for entry in found {
                        if is_full(&entries, bytes) {
                            break;
                        }
                        bytes = bytes.saturating_add(entry.value.len());
                        next = Position(next.0.saturating_add(1));
                        entries.push(entry);
                    }
                }
                Err(damage) if entries.is_empty() => return Err(ReadError::Damaged(damage)),
                Err(_) => break,
            }
        }
        Ok(entries)
    }

    /// Reads the entries at the given positions, in that order.
    ///
    /// # Errors
    /// [`ReadError::NoSuchPosition`] beyond the end, [`ReadError::Damaged`] where one is missing or
    /// does not open; see also [`ReadError`].
    pub fn read_at(&self, scope: Scope, positions: &[Position]) -> Result<Vec<Entry>, ReadError> {
        let open = self.open_scope(scope)?;
        let mut statement = self.connection.prepare_cached(
            "SELECT position, sealed FROM stream WHERE scope = ?1 AND position <= ?2 \
             ORDER BY position DESC LIMIT 1",
        )?;
        let mut entries = Vec::with_capacity(positions.len());
        for &position in positions {
            let row = i64::try_from(position.0).ok();
            let found = statement
                .query_row((open.keys.tag(), row), |row| {
                    Ok(self.step(row, scope, &open.keys, position))
                })
                .optional()?;
            let known = open
                .tally
                .as_ref()
                .is_some_and(|tally| position.0 < tally.appended);
            let found = found.transpose().map_err(ReadError::Damaged)?;
            match found.and_then(|found| found.into_iter().next()) {
                Some(entry) => entries.push(entry),
                None if known => return Err(ReadError::Damaged(missing_entry(scope, position))),
                None => return Err(ReadError::NoSuchPosition { scope, position }),
            }
        }
        Ok(entries)
    }

    /// Opens a row of a stream in which the expected position should lie; returns its entries from there on,
    /// none where it ends before.
    fn step(
        &self,
        row: &Row<'_>,
        scope: Scope,
        keys: &ScopeKeys,
        expected: Position,
    ) -> Result<Vec<Entry>, Damage> {
        let found = row
            .get::<_, i64>(0)
            .ok()
            .and_then(|found| u64::try_from(found).ok());
        let Some(before) = found.and_then(|found| expected.0.checked_sub(found)) else {
            return Err(missing_entry(scope, expected));
        };
        let sealed = row.get_ref(1).unwrap_or(ValueRef::Null);
        let first = Position(expected.0.saturating_sub(before));
        let values = open_entries(keys, scope, first, sealed)?.into_iter();
        let before = usize::try_from(before).unwrap_or(usize::MAX);
        let entries = values.skip(before).zip(expected.0..);
        Ok(entries
            .map(|(value, position)| Entry {
                position: Position(position),
                value,
            })
            .collect())
    }
}

fn missing_entry(scope: Scope, position: Position) -> Damage {
    Damage {
        place: DamagedPlace::Entry { scope, position },
        fault: Fault::Missing,
    }
}

/// Opens a record at its place.
pub(crate) fn open_record(
    keys: &ScopeKeys,
    place: &RecordPlace,
    sealed: ValueRef<'_>,
) -> Result<(Space, Record), Damage> {
    let damage = || Damage {
        place: DamagedPlace::Record {
            scope: place.scope,
            row: hex(&place.record),
        },
        fault: Fault::Unreadable,
    };
    let sealed = sealed.as_blob().map_err(|_| damage())?;
    let row = place.row();
    let plain = keys
        .seal()
        .open(record_place(place, &row), sealed)
        .map_err(|_| damage())?;
    let (space, key, value) = split_record(&plain).ok_or_else(damage)?;
    Ok((
        space,
        Record {
            key: key.to_vec(),
            value: value.to_vec(),
        },
    ))
}

/// Opens the entries of a row of a stream at their place.
pub(crate) fn open_entries(
    keys: &ScopeKeys,
    scope: Scope,
    position: Position,
    sealed: ValueRef<'_>,
) -> Result<Vec<Vec<u8>>, Damage> {
    let damage = || Damage {
        place: DamagedPlace::Entry { scope, position },
        fault: Fault::Unreadable,
    };
    let sealed = sealed.as_blob().map_err(|_| damage())?;
    let row = stream_row(position);
    let (is_block, plain) = keys
        .seal()
        .open_entries(stream_place(scope, &row), sealed)
        .map_err(|_| damage())?;
    if is_block {
        block::split(&plain).ok_or_else(damage)
    } else {
        Ok(vec![plain])
    }
}

pub(crate) fn hex(tag: &Tag) -> String {
    data_encoding::HEXLOWER.encode(tag)
}
