//! Writing: one transaction for each commit, durable when it returns.

use std::collections::BTreeMap;

use rusqlite::{Connection, ErrorCode, OptionalExtension};

use crate::block;
use crate::database::{begin, is_corruption};
use crate::limits::{
    BLANK_ENTRIES_AIM, BLOCK_BYTES_AIM, COMMIT_WRITES_MAX, KEY_BYTES_MAX, VALUE_BYTES_MAX,
};
use crate::read::open_entries;
use crate::scope::{Position, Scope, Space, Write};
use crate::scope_key::{RecordPlace, ScopeKeys, stream_place, stream_row};
use crate::scopes::ScopeUnusable;
use crate::seal::{Place, STAMP_BYTES, SealError, Table};
use crate::store::{Store, seal_tally};
use crate::tally::Tally;

/// A commit was not made. Nothing of it was applied, and the store stays usable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// No such scope was created.
    #[error("there is no notebook {0} in this home")]
    UnknownScope(Scope),
    /// The scope's key file is gone or damaged.
    #[error("the key of notebook {0} is missing or damaged; restore it from a backup")]
    KeyLost(Scope),
    /// The row that says what the scope holds is damaged, so nothing can be added safely.
    #[error("notebook {0} is damaged and can only be read; run `hearth verify`")]
    DamagedScope(Scope),
    /// A key is longer than [`KEY_BYTES_MAX`].
    #[error("a key of {0} bytes is too long")]
    KeyTooLong(usize),
    /// A value is longer than [`VALUE_BYTES_MAX`].
    #[error("a value of {0} bytes is too long")]
    ValueTooLong(usize),
    /// More writes than [`COMMIT_WRITES_MAX`].
    #[error("a commit of {0} writes is too large")]
    TooManyWrites(usize),
    /// A value could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// There is no space left.
    #[error("the disk is full; nothing was written, and it works again once there is space")]
    DiskFull,
    /// The disk failed.
    #[error("the disk failed ({0}); nothing was acknowledged")]
    Io(String),
    /// The database's structure is broken.
    #[error("the database is damaged ({0}); run `hearth verify`")]
    Damaged(String),
    /// SQLite failed for another reason.
    #[error("the database could not be written: {0}")]
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for CommitError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            Some(ErrorCode::SystemIoFailure) => Self::Io(error.to_string()),
            _ if is_corruption(&error) => Self::Damaged(error.to_string()),
            _ => Self::Sqlite(error),
        }
    }
}

impl From<ScopeUnusable> for CommitError {
    fn from(error: ScopeUnusable) -> Self {
        match error {
            ScopeUnusable::Unknown(scope) => Self::UnknownScope(scope),
            ScopeUnusable::KeyLost(scope) => Self::KeyLost(scope),
            ScopeUnusable::TallyDamaged(scope) => Self::DamagedScope(scope),
        }
    }
}

impl Store {
    /// Applies all the writes in their order, or none of them.
    ///
    /// Returns the position of every append, in the order of the appends. When this returns, the
    /// writes are on the disk: a crash or a power cut loses nothing of them.
    ///
    /// # Errors
    /// See [`CommitError`]. After any error nothing of the commit is applied and the store can be
    /// used on; after [`CommitError::DiskFull`] the same commit works once there is space.
    pub fn commit(&mut self, writes: &[Write]) -> Result<Vec<Position>, CommitError> {
        check_limits(writes)?;
        let mut tallies: BTreeMap<Scope, Tally> = BTreeMap::new();
        let mut positions = Vec::new();
        let transaction = begin(&self.connection)?;
        let mut left = writes;
        while let Some(write) = left.first() {
            let scope = write.scope();
            let (run, rest) = left.split_at(block::run_of(left, scope));
            left = rest;
            let keys = &self.open_scope(scope)?.keys;
            let tally = match tallies.entry(scope) {
                std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
                std::collections::btree_map::Entry::Vacant(entry) => {
                    entry.insert(self.tally(scope)?.clone())
                }
            };
            let mut writer = Writer {
                connection: &transaction,
                keys,
                tally,
            };
            match write {
                Write::Put {
                    space, key, value, ..
                } => writer.put(*space, key, value)?,
                Write::Delete { space, key, .. } => writer.delete(*space, key)?,
                Write::Append { value, .. } if run.len() == 1 => {
                    positions.push(writer.append(value)?);
                }
                Write::Append { .. } => writer.append_all(run, &mut positions)?,
                Write::Blank { first, end, .. } => writer.blank(*first, *end)?,
            }
        }
        for (scope, tally) in &tallies {
            let tag = self.open_scope(*scope)?.keys.tag();
            let sealed = seal_tally(self.node_keys.tallies(), tag, tally)?;
            transaction
                .prepare_cached("UPDATE tallies SET sealed = ?2 WHERE scope = ?1")?
                .execute((tag, sealed))?;
        }
        transaction.commit()?;
        self.log.note(writes);
        for (scope, tally) in tallies {
            self.scopes
                .entry(scope)
                .and_modify(|open| open.tally = Some(tally));
        }
        Ok(positions)
    }
}

fn check_limits(writes: &[Write]) -> Result<(), CommitError> {
    if writes.len() > COMMIT_WRITES_MAX {
        return Err(CommitError::TooManyWrites(writes.len()));
    }
    for write in writes {
        let (key, value) = match write {
            Write::Put { key, value, .. } => (key.len(), value.len()),
            Write::Delete { key, .. } => (key.len(), 0),
            Write::Append { value, .. } => (0, value.len()),
            Write::Blank { .. } => (0, 0),
        };
        if key > KEY_BYTES_MAX {
            return Err(CommitError::KeyTooLong(key));
        }
        if value > VALUE_BYTES_MAX {
            return Err(CommitError::ValueTooLong(value));
        }
    }
    Ok(())
}

/// The position of a row of a stream, and its entries.
type ReadRow = (u64, Vec<Vec<u8>>);

/// Writes within one scope and one transaction, and keeps the scope's tally in step.
struct Writer<'a> {
    connection: &'a Connection,
    keys: &'a ScopeKeys,
    tally: &'a mut Tally,
}

impl Writer<'_> {
    fn put(&mut self, space: Space, key: &[u8], value: &[u8]) -> Result<(), CommitError> {
        let place = self.keys.record(self.tally.scope, space, key);
        self.untally(&place)?;
        let sealed = self.keys.seal().seal(
            record_place(&place, &place.row()),
            &[&record_header(space, key), key, value],
        )?;
        self.tally
            .records
            .toggle(&self.keys.record_member(&place, &sealed));
        self.connection
            .prepare_cached(
                "INSERT INTO records VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT DO UPDATE SET sealed = excluded.sealed",
            )?
            .execute((self.keys.tag(), place.space, place.record, sealed))?;
        Ok(())
    }

    fn delete(&mut self, space: Space, key: &[u8]) -> Result<(), CommitError> {
        let place = self.keys.record(self.tally.scope, space, key);
        if self.untally(&place)? {
            self.connection
                .prepare_cached(
                    "DELETE FROM records WHERE scope = ?1 AND space = ?2 AND record = ?3",
                )?
                .execute((self.keys.tag(), place.space, place.record))?;
        }
        Ok(())
    }

    fn append(&mut self, value: &[u8]) -> Result<Position, CommitError> {
        let position = Position(self.tally.appended);
        let row = stream_row(position);
        let sealed = self
            .keys
            .seal()
            .seal(stream_place(self.tally.scope, &row), &[value])?;
        self.insert_row(position, &sealed)?;
        self.tally.appended = position.0.saturating_add(1);
        Ok(position)
    }

    /// Appends entries in one row.
    fn append_all(
        &mut self,
        appends: &[Write],
        positions: &mut Vec<Position>,
    ) -> Result<(), CommitError> {
        let position = Position(self.tally.appended);
        let row = stream_row(position);
        let block = block::join(appends.iter().map(|write| match write {
            Write::Append { value, .. } => &value[..],
            _ => &[],
        }));
        let sealed = self
            .keys
            .seal()
            .seal_block(stream_place(self.tally.scope, &row), &block)?;
        let count = appends.len() as u64;
        self.insert_row(position, &sealed)?;
        self.tally.appended = position.0.saturating_add(count);
        positions.extend((0..count).map(|place| Position(position.0.saturating_add(place))));
        Ok(())
    }

    fn insert_row(&self, position: Position, sealed: &[u8]) -> Result<(), CommitError> {
        self.connection
            .prepare_cached("INSERT INTO stream VALUES (?1, ?2, ?3)")?
            .execute((self.keys.tag(), i64::try_from(position.0).ok(), sealed))?;
        Ok(())
    }

    /// Empties entries. The rows in which they lie are put together anew, so that many of them take little.
    fn blank(&self, first: Position, end: Position) -> Result<(), CommitError> {
        let end = end.0.min(self.tally.appended);
        let (mut from, mut entries) = (None, Vec::new());
        for (position, values) in self.rows_between(first.0, end)? {
            from.get_or_insert(position);
            for (place, value) in (position..).zip(values) {
                let is_emptied = (first.0..end).contains(&place);
                entries.push(if is_emptied { Vec::new() } else { value });
            }
            self.connection
                .prepare_cached("DELETE FROM stream WHERE scope = ?1 AND position = ?2")?
                .execute((self.keys.tag(), i64::try_from(position).ok()))?;
        }
        let mut position = from.unwrap_or(first.0);
        let mut left = entries.as_slice();
        while !left.is_empty() {
            let mut bytes = 0_usize;
            let goes_in = left.iter().take(BLANK_ENTRIES_AIM).take_while(|entry| {
                let has_room = bytes < BLOCK_BYTES_AIM;
                bytes = bytes.saturating_add(entry.len());
                has_room
            });
            let (block, rest) = left.split_at(goes_in.count());
            let row = stream_row(Position(position));
            let joined = block::join(block.iter().map(Vec::as_slice));
            let place = stream_place(self.tally.scope, &row);
            let sealed = self.keys.seal().seal_block(place, &joined)?;
            self.insert_row(Position(position), &sealed)?;
            position = position.saturating_add(block.len() as u64);
            left = rest;
        }
        Ok(())
    }

    /// Reads the rows in which entries from one position up to before another lie.
    fn rows_between(&self, first: u64, end: u64) -> Result<Vec<ReadRow>, CommitError> {
        let damaged = || CommitError::DamagedScope(self.tally.scope);
        let mut statement = self.connection.prepare_cached(
            "SELECT position, sealed FROM stream WHERE scope = ?1 AND position < ?3 AND position >= \
             ifnull((SELECT max(position) FROM stream WHERE scope = ?1 AND position <= ?2), ?2) \
             ORDER BY position",
        )?;
        let limits = [first, end].map(|place| i64::try_from(place).unwrap_or(i64::MAX));
        let mut rows = statement.query((self.keys.tag(), limits[0], limits[1]))?;
        let (mut read, mut next) = (Vec::new(), None);
        while let Some(row) = rows.next()? {
            let position = u64::try_from(row.get::<_, i64>(0)?).map_err(|_| damaged())?;
            let values = open_entries(
                self.keys,
                self.tally.scope,
                Position(position),
                row.get_ref(1)?,
            )
            .map_err(|_| damaged())?;
            // What is put together anew has no gaps.
            if next.is_some_and(|next| next != position) {
                return Err(damaged());
            }
            next = Some(position.saturating_add(values.len() as u64));
            read.push((position, values));
        }
        Ok(read)
    }

    /// Takes the version of a record that is there out of the tally; tells whether there was one.
    fn untally(&mut self, place: &RecordPlace) -> Result<bool, CommitError> {
        let stamp: Option<Vec<u8>> = self
            .connection
            .prepare_cached(
                "SELECT substr(sealed, 1, ?4) FROM records \
                 WHERE scope = ?1 AND space = ?2 AND record = ?3",
            )?
            .query_row(
                (
                    self.keys.tag(),
                    place.space,
                    place.record,
                    STAMP_BYTES as i64,
                ),
                |row| row.get(0),
            )
            .optional()?;
        if let Some(stamp) = &stamp {
            self.tally
                .records
                .toggle(&self.keys.record_member(place, stamp));
        }
        Ok(stamp.is_some())
    }
}

/// Gives the place that a record is sealed for.
pub(crate) fn record_place<'a>(place: &RecordPlace, row: &'a [u8]) -> Place<'a> {
    Place {
        table: Table::Records,
        scope: place.scope,
        row,
    }
}

/// Gives what stands before key and value in a record: `space (1) ‖ key length (4, big-endian)`.
fn record_header(space: Space, key: &[u8]) -> [u8; 5] {
    let [a, b, c, d] = u32::try_from(key.len()).unwrap_or(u32::MAX).to_be_bytes();
    [space.0, a, b, c, d]
}

/// Takes an opened record apart into space, key and value.
pub(crate) fn split_record(plain: &[u8]) -> Option<(Space, &[u8], &[u8])> {
    let (space, rest) = plain.split_first()?;
    let (length, rest) = rest.split_first_chunk()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (key, value) = rest.split_at_checked(length)?;
    Some((Space(*space), key, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Protection, ReadLimits, Unlock};

    #[test]
    fn a_full_database_refuses_the_whole_commit_and_works_once_there_is_space() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        let mut store = Store::create(&home, &Protection::Bare).unwrap();
        let scope = Scope::NODE;
        let limit_pages = |store: &Store, pages: i64| {
            let set =
                store
                    .connection
                    .pragma_update_and_check(None, "max_page_count", pages, |row| {
                        row.get::<_, i64>(0)
                    });
            assert_eq!(set.unwrap(), pages);
        };
        limit_pages(&store, 40);
        let put = |n: u64| Write::Put {
            scope,
            space: Space(1),
            key: n.to_be_bytes().to_vec(),
            value: vec![7; 9_000],
        };
        let mut done = 0;
        let error = loop {
            // The append alone would still fit when the record no longer does.
            match store.commit(&[
                Write::Append {
                    scope,
                    value: b"small".to_vec(),
                },
                put(done),
            ]) {
                Ok(positions) => assert_eq!(positions, [Position(done)]),
                Err(error) => break error,
            }
            done += 1;
        };
        assert!(matches!(error, CommitError::DiskFull), "{error:?}");
        assert!(done > 3);
        let count = |store: &Store| {
            let entries = store.read_stream(scope, Position::FIRST, ReadLimits::default());
            (
                entries.unwrap().len() as u64,
                store.scan(scope, Space(1)).unwrap().len() as u64,
            )
        };
        assert_eq!(count(&store), (done, done));
        assert!(store.verify().is_intact());
        assert!(matches!(
            store.commit(&[put(done)]),
            Err(CommitError::DiskFull)
        ));

        limit_pages(&store, 1_000);
        let again = store.commit(&[
            Write::Append {
                scope,
                value: b"small".to_vec(),
            },
            put(done),
        ]);
        assert_eq!(again.unwrap(), [Position(done)]);
        drop(store);
        let store = Store::open(&home, &Unlock::Unattended).unwrap();
        assert_eq!(count(&store), (done + 1, done + 1));
        assert!(store.verify().is_intact());
    }
}
