//! The SQLite file: its schema, its settings and its migrations.
//!
//! Nothing in it is readable: rows are found by keyed hashes and hold sealed values. The schema is
//! compared word for word when the file is opened, so no planted trigger or view ever runs.

use std::fs;
use std::ops::Deref;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::home::{FileError, Home, private_file, sync_folder};

/// Marks a file as one of ours ("HRTH"); SQLite keeps it in the header.
const APPLICATION_ID: i32 = 0x4852_5448;

/// The schema that this program reads and writes.
pub(crate) const SCHEMA_VERSION: i32 = 1;

/// One step from a schema version to the next.
type Migration = fn(&Connection) -> rusqlite::Result<()>;

/// The step at index `n` leads from version `n` to `n + 1`; version 0 is an empty file.
const MIGRATIONS: [Migration; SCHEMA_VERSION as usize] = [create_version_1];

/// Pages of the write-ahead log after which a commit moves them into the main file, whoever waits for
/// it: 14 MiB, which only a flood of commits comes to, since [`Store::rest`](crate::Store::rest) does it
/// far earlier.
const CHECKPOINT_PAGES_MAX: i32 = 3_500;

/// Bytes to which the write-ahead log shrinks again after an unusually large commit: 16 MiB, well
/// above its usual size, so that it is overwritten in place and need not grow anew.
const LOG_BYTES_KEPT: i64 = 16 * 1024 * 1024;

/// Bytes of the write-ahead log that are there before they are needed, while a node runs: 4 MiB.
pub(crate) const LOG_BYTES_READY: u64 = 4 * 1024 * 1024;

/// Prepared statements that are kept; the store uses about twenty.
const STATEMENTS_KEPT: usize = 32;

/// Every table in schema version 1, sorted by name.
///
/// `tallies` has a row for each scope, `records` one for each record, `stream` one for each entry.
/// `scope`, `space` and `record` are keyed hashes of 16 bytes.
const TABLES: [(&str, &str); 3] = [
    (
        "records",
        "CREATE TABLE records (scope BLOB NOT NULL, space BLOB NOT NULL, record BLOB NOT NULL, \
         sealed BLOB NOT NULL, PRIMARY KEY (scope, space, record)) STRICT, WITHOUT ROWID",
    ),
    (
        "stream",
        "CREATE TABLE stream (scope BLOB NOT NULL, position INTEGER NOT NULL, \
         sealed BLOB NOT NULL, PRIMARY KEY (scope, position)) STRICT, WITHOUT ROWID",
    ),
    (
        "tallies",
        "CREATE TABLE tallies (scope BLOB NOT NULL PRIMARY KEY, sealed BLOB NOT NULL) \
         STRICT, WITHOUT ROWID",
    ),
];

/// The database file could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// There is no database file.
    #[error("the database hearth.db is missing; restore it from a backup")]
    Missing,
    /// The file is no SQLite database, or its structure is broken.
    #[error("the database hearth.db is damaged ({0}); restore it from a backup")]
    Damaged(String),
    /// The file is a SQLite database of something else.
    #[error("hearth.db belongs to another program (application id {found:#010x})")]
    WrongApplication {
        /// The id in the file's header.
        found: i32,
    },
    /// A newer program has written the file.
    #[error(
        "hearth.db has schema version {found}, this program knows {SCHEMA_VERSION}; use a newer program"
    )]
    NewerSchema {
        /// The version in the file's header.
        found: i32,
    },
    /// The file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// SQLite failed for another reason, such as a full disk.
    #[error("the database could not be opened: {0}")]
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for DatabaseError {
    fn from(error: rusqlite::Error) -> Self {
        if is_corruption(&error) {
            Self::Damaged(error.to_string())
        } else {
            Self::Sqlite(error)
        }
    }
}

/// Tells whether SQLite found the file itself broken.
pub(crate) fn is_corruption(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::TypeMismatch)
    ) || matches!(
        error,
        rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
    )
}

/// Makes a complete database under its draft name; `fill` writes the first rows. Only when it is
/// durable does it get its name.
pub(crate) fn create<E>(
    home: &Home,
    fill: impl FnOnce(&Connection) -> Result<(), E>,
) -> Result<(), E>
where
    E: From<DatabaseError>,
{
    let draft = home.database_draft();
    let into = |error: FileError| E::from(DatabaseError::File(error));
    let file_error = |source| {
        into(FileError {
            path: draft.clone(),
            source,
        })
    };
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(file_error(error));
        }
        _ => {}
    }
    // SQLite would create the file readable by others; it gives its log the mode of this file.
    let file = private_file().open(&draft).map_err(file_error)?;
    {
        let connection = connect(&draft)?;
        let transaction = begin(&connection).map_err(DatabaseError::from)?;
        migrate(&transaction, 0, &MIGRATIONS)?;
        fill(&transaction)?;
        transaction.commit().map_err(DatabaseError::from)?;
        connection
            .close()
            .map_err(|(_, error)| DatabaseError::from(error))?;
    }
    file.sync_all().map_err(file_error)?;
    fs::rename(&draft, home.database()).map_err(file_error)?;
    sync_folder(home.root()).map_err(into)
}

/// Opens the database, checks that it is ours and intact in its structure, and brings its schema up
/// to date.
pub(crate) fn open(home: &Home) -> Result<Connection, DatabaseError> {
    let path = home.database();
    let size_bytes = match fs::metadata(&path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(DatabaseError::Missing);
        }
        Err(source) => return Err(FileError { path, source }.into()),
    };
    if size_bytes == 0 {
        return Err(DatabaseError::Damaged("it is empty".to_owned()));
    }
    let connection = connect(&path)?;
    let found: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if found != APPLICATION_ID {
        return Err(DatabaseError::WrongApplication { found });
    }
    let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version > SCHEMA_VERSION {
        return Err(DatabaseError::NewerSchema { found: version });
    }
    if version < SCHEMA_VERSION {
        let transaction = begin(&connection)?;
        migrate(&transaction, version, &MIGRATIONS)?;
        transaction.commit()?;
    }
    check_schema(&connection)?;
    use_write_ahead_log(&connection)?;
    Ok(connection)
}

/// A transaction that is rolled back when dropped.
///
/// Its statements are kept prepared: a keystroke is one transaction, and parsing them anew each time
/// takes about as long as the insertion.
pub(crate) struct Transaction<'a>(&'a Connection);

/// Starts a transaction.
pub(crate) fn begin(connection: &Connection) -> rusqlite::Result<Transaction<'_>> {
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute(())?;
    Ok(Transaction(connection))
}

impl Transaction<'_> {
    /// Makes it durable. Where that fails, it is rolled back.
    pub(crate) fn commit(self) -> rusqlite::Result<()> {
        self.0.prepare_cached("COMMIT")?.execute(()).map(drop)
    }
}

impl Deref for Transaction<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.0
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        // Some failures have ended it already, and so has a commit.
        if !self.0.is_autocommit() {
            // Where this fails too, the next transaction does not begin, and says so.
            let _tried = self.0.execute_batch("ROLLBACK");
        }
    }
}

fn connect(path: &Path) -> Result<Connection, DatabaseError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    for (name, value) in [
        // The home's own lock keeps other processes out, so SQLite needs no shared memory file. It
        // has to know before it reads anything, which some of the settings below make it do.
        ("locking_mode", "EXCLUSIVE"),
        ("trusted_schema", "OFF"),
        ("cell_size_check", "ON"),
        ("secure_delete", "ON"),
        ("temp_store", "MEMORY"),
        ("synchronous", "FULL"),
    ] {
        connection.pragma_update(None, name, value)?;
    }
    Ok(connection)
}

fn use_write_ahead_log(connection: &Connection) -> Result<(), DatabaseError> {
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(DatabaseError::Damaged(format!(
            "it stays in journal mode {mode}"
        )));
    }
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES_MAX)?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES_KEPT)?;
    Ok(())
}

/// Runs the steps from a version on. The caller's transaction makes them one.
fn migrate(
    connection: &Connection,
    from_version: i32,
    steps: &[Migration],
) -> Result<(), DatabaseError> {
    let done = usize::try_from(from_version)
        .map_err(|_| DatabaseError::Damaged(format!("its schema version is {from_version}")))?;
    for (step, version) in steps
        .iter()
        .skip(done)
        .zip(from_version.saturating_add(1)..)
    {
        step(connection)?;
        connection.pragma_update(None, "user_version", version)?;
    }
    Ok(())
}

fn create_version_1(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    TABLES
        .iter()
        .try_for_each(|(_, sql)| connection.execute_batch(sql))
}

fn check_schema(connection: &Connection) -> Result<(), DatabaseError> {
    let mut statement =
        connection.prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY name")?;
    let mut rows = statement.query([])?;
    let unexpected = || DatabaseError::Damaged("its tables are not those of this program".into());
    for (name, sql) in TABLES {
        let row = rows.next()?.ok_or_else(unexpected)?;
        let found = (
            row.get::<_, String>(0)?,
            row.get::<_, String>(1)?,
            row.get::<_, String>(2)?,
        );
        if (found.0.as_str(), found.1.as_str(), found.2.as_str()) != ("table", name, sql) {
            return Err(unexpected());
        }
    }
    if rows.next()?.is_some() {
        return Err(unexpected());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(folder: &Path) -> Home {
        let home = Home::new(folder);
        create::<DatabaseError>(&home, |_| Ok(())).unwrap();
        home
    }

    fn alter(home: &Home, sql: &str) {
        Connection::open(home.database())
            .unwrap()
            .execute_batch(sql)
            .unwrap();
    }

    #[test]
    fn the_settings_of_the_design_are_in_force() {
        let folder = tempfile::tempdir().unwrap();
        let connection = open(&filled(folder.path())).unwrap();
        let number = |name| {
            connection
                .pragma_query_value(None, name, |row| row.get::<_, i64>(0))
                .unwrap()
        };
        assert_eq!(number("synchronous"), 2);
        assert_eq!(number("temp_store"), 2);
        assert_eq!(number("secure_delete"), 1);
        assert_eq!(number("trusted_schema"), 0);
        assert_eq!(number("cell_size_check"), 1);
        let mode: String = connection
            .pragma_query_value(None, "journal_mode", |row| row.get(0))
            .unwrap();
        assert_eq!(mode, "wal");
    }

    #[test]
    fn a_file_of_another_program_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let home = filled(folder.path());
        alter(&home, "PRAGMA application_id = 7");
        assert!(matches!(
            open(&home),
            Err(DatabaseError::WrongApplication { found: 7 })
        ));
    }

    #[test]
    fn a_newer_schema_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let home = filled(folder.path());
        alter(&home, "PRAGMA user_version = 99");
        assert!(matches!(
            open(&home),
            Err(DatabaseError::NewerSchema { found: 99 })
        ));
    }

    #[test]
    fn planted_triggers_views_and_tables_are_refused() {
        for sql in [
            "CREATE TRIGGER t AFTER INSERT ON tallies BEGIN DELETE FROM records; END",
            "CREATE VIEW v AS SELECT 1",
            "CREATE TABLE zebra (a)",
            "DROP TABLE stream",
        ] {
            let folder = tempfile::tempdir().unwrap();
            let home = filled(folder.path());
            alter(&home, sql);
            assert!(
                matches!(open(&home), Err(DatabaseError::Damaged(_))),
                "{sql}"
            );
        }
    }

    #[test]
    fn a_damaged_header_an_empty_file_and_a_missing_file_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let home = filled(folder.path());
        let mut bytes = fs::read(home.database()).unwrap();
        bytes[..16].fill(0xff);
        fs::write(home.database(), &bytes).unwrap();
        assert!(matches!(open(&home), Err(DatabaseError::Damaged(_))));
        fs::write(home.database(), []).unwrap();
        assert!(matches!(open(&home), Err(DatabaseError::Damaged(_))));
        fs::remove_file(home.database()).unwrap();
        assert!(matches!(open(&home), Err(DatabaseError::Missing)));
    }

    #[test]
    fn a_failed_migration_leaves_the_old_version() {
        fn works(connection: &Connection) -> rusqlite::Result<()> {
            connection.execute_batch("CREATE TABLE extra (a)")
        }
        fn fails(connection: &Connection) -> rusqlite::Result<()> {
            connection.execute_batch("CREATE TABLE extra (a)")
        }
        let connection = Connection::open_in_memory().unwrap();
        let version = || -> i32 {
            connection
                .pragma_query_value(None, "user_version", |row| row.get(0))
                .unwrap()
        };
        let transaction = begin(&connection).unwrap();
        assert!(migrate(&transaction, 0, &[create_version_1, works, fails]).is_err());
        drop(transaction);
        assert_eq!(version(), 0);
        migrate(&connection, 0, &[create_version_1, works]).unwrap();
        assert_eq!(version(), 2);
    }
}
