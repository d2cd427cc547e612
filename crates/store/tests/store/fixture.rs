//! A home in a temporary folder, and what is put into it.

use std::fs;
use std::path::{Path, PathBuf};

use hearth_store::{
    Entry, Position, Protection, ReadLimits, Scope, Space, Store, StoreId, Unlock, Write,
};

pub(crate) const OURS: Scope = Scope([0x11; 32]);
pub(crate) const THEIRS: Scope = Scope([0x22; 32]);
pub(crate) const GOALS: Space = Space(1);
pub(crate) const NOTES: Space = Space(2);

pub(crate) struct Fixture {
    folder: tempfile::TempDir,
}

impl Fixture {
    /// A folder with no home in it yet.
    pub(crate) fn empty() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A bare home with two scopes.
    pub(crate) fn new() -> Self {
        let fixture = Self::empty();
        let mut store = Store::create(&fixture.home(), &Protection::Bare).unwrap();
        store.create_scope(OURS).unwrap();
        store.create_scope(THEIRS).unwrap();
        fixture
    }

    /// A bare home with some records and entries in two scopes and in the node's own.
    pub(crate) fn filled() -> Self {
        let fixture = Self::new();
        fixture.open().commit(&sample_writes()).unwrap();
        fixture
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.home().join("hearth.db")
    }

    pub(crate) fn open(&self) -> Store {
        Store::open(&self.home(), &Unlock::Unattended).unwrap()
    }

    pub(crate) fn store_id(&self) -> StoreId {
        Store::inspect(&self.home()).unwrap().store_id
    }

    /// Changes the database behind the store's back.
    pub(crate) fn tamper(&self, sql: &str) {
        let connection = rusqlite::Connection::open(self.database()).unwrap();
        connection.execute_batch(sql).unwrap();
        // The change goes into the main file, and no log of another process is left behind.
        connection
            .pragma_update(None, "journal_mode", "DELETE")
            .unwrap();
    }

    /// Copies the home as it is at this moment, logs included.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::empty();
        copy_folder(&self.home(), &copy.home());
        copy
    }
}

pub(crate) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Three records and three entries in each of the three scopes.
pub(crate) fn sample_writes() -> Vec<Write> {
    let mut writes = Vec::new();
    for scope in [Scope::NODE, OURS, THEIRS] {
        for name in ["one", "two", "three"] {
            writes.push(put(scope, GOALS, name, &format!("the value of {name}")));
            writes.push(append(scope, &format!("the entry {name}")));
        }
    }
    writes
}

pub(crate) fn put(scope: Scope, space: Space, key: &str, value: &str) -> Write {
    Write::Put {
        scope,
        space,
        key: key.into(),
        value: value.into(),
    }
}

pub(crate) fn append(scope: Scope, value: &str) -> Write {
    Write::Append {
        scope,
        value: value.into(),
    }
}

pub(crate) fn stream(store: &Store, scope: Scope) -> Vec<Entry> {
    let limits = ReadLimits {
        entries_max: usize::MAX,
        bytes_max: usize::MAX,
    };
    store.read_stream(scope, Position::FIRST, limits).unwrap()
}

pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}
