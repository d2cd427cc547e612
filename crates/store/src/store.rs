//! The open store: making one, opening one, and what it knows of itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::Connection;

use crate::database::{self, DatabaseError};
use crate::home::{FileError, Home};
use crate::keyfile::{KeyFile, ProtectError, StoreId, UnlockError};
use crate::lock::{HomeLock, LockError};
use crate::log::LogState;
use crate::protection::{Protection, ProtectionKind, Unlock};
use crate::scope::Scope;
use crate::scope_key::{NodeKeys, ScopeKeys, Tag};
use crate::seal::{Place, SealError, SealKey, Table};
use crate::secret::{RandomnessError, StoreKey, random_bytes};
use crate::tally::{ScopeState, Tally};

/// A store could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// The folder already holds a store.
    #[error("there is already a home in this folder")]
    AlreadyExists,
    /// The folder holds something else, and a home wants a folder of its own.
    #[error("the folder is not empty ({0}); choose a new or empty one")]
    NotEmpty(std::path::PathBuf),
    /// Another process has the folder.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The key could not be protected as asked.
    #[error(transparent)]
    Protect(#[from] ProtectError),
    /// The database could not be made.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The system gave no randomness.
    #[error(transparent)]
    Randomness(#[from] RandomnessError),
    /// The first record could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A file could not be written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// A store could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The folder holds no store.
    #[error("there is no home in this folder")]
    NoStore,
    /// There is a database but no key file.
    #[error("the key file store.key is missing; without it this home cannot be opened")]
    NoKeyFile,
    /// Another process has the store open, or files cannot be locked here.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The store key could not be had.
    #[error(transparent)]
    Unlock(#[from] UnlockError),
    /// The database could not be opened.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A notebook whose destruction was interrupted could not be destroyed to the end.
    #[error("an interrupted destruction of a notebook could not be finished: {0}")]
    Destruction(Box<crate::ScopeError>),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.into())
    }
}

/// What a home says of itself without being unlocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct HomeInfo {
    /// The store's random name.
    pub store_id: StoreId,
    /// How its key is protected.
    pub protection: ProtectionKind,
}

/// An open store. This process alone has it until it is dropped.
pub struct Store {
    pub(crate) connection: Connection,
    pub(crate) home: Home,
    pub(crate) key: StoreKey,
    pub(crate) key_file: KeyFile,
    pub(crate) node_keys: NodeKeys,
    pub(crate) scopes: BTreeMap<Scope, OpenScope>,
    /// Scopes that exist but whose key file is gone or damaged.
    pub(crate) lost: BTreeSet<Scope>,
    pub(crate) log: LogState,
    // The last field: the lock is released after the database was closed.
    _lock: HomeLock,
}

/// A scope whose key is at hand.
pub(crate) struct OpenScope {
    pub(crate) keys: ScopeKeys,
    /// Missing where its row is damaged; the scope can be read then but not written.
    pub(crate) tally: Option<Tally>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Store")
            .field("home", &self.home.root())
            .field("scopes", &self.scopes.len())
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Makes a store in a folder that is new or empty, and opens it.
    ///
    /// The folder gets mode 0700 and every file 0600. When this returns the store is durable; when
    /// it was interrupted, it can be called again.
    ///
    /// # Errors
    /// See [`CreateError`]. Nothing that was there before is changed.
    pub fn create(root: &Path, protection: &Protection) -> Result<Self, CreateError> {
        let home = Home::new(root);
        if home.database().exists() {
            return Err(CreateError::AlreadyExists);
        }
        if let Some(path) = home.foreign_content()? {
            return Err(CreateError::NotEmpty(path));
        }
        home.create_folders()?;
        let lock = HomeLock::take(&home)?;
        // Another process may have made a store between the first look and the lock.
        if home.database().exists() || !crate::scope_key::list_scope_keys(&home)?.is_empty() {
            return Err(CreateError::AlreadyExists);
        }
        let key = StoreKey::generate()?;
        let key_file = KeyFile::protect(StoreId(random_bytes()?), &key, protection)?;
        key_file.write(&home.key_file())?;
        let node_keys = NodeKeys::new(&key);
        let node = node_keys.node_scope(&key);
        let tally = Tally::empty(Scope::NODE);
        let sealed = seal_tally(node_keys.tallies(), node.tag(), &tally)?;
        // The database gets its name last: a home without it is one that was never finished.
        database::create::<CreateError>(&home, |connection| {
            connection
                .execute("INSERT INTO tallies VALUES (?1, ?2)", (node.tag(), sealed))
                .map_err(DatabaseError::from)?;
            Ok(())
        })?;
        let connection = database::open(&home)?;
        let scopes = [(
            Scope::NODE,
            OpenScope {
                keys: node,
                tally: Some(tally),
            },
        )]
        .into();
        let lost = BTreeSet::new();
        Ok(Self {
            connection,
            home,
            key,
            key_file,
            node_keys,
            scopes,
            lost,
            log: LogState::default(),
            _lock: lock,
        })
    }

    /// Opens the store in a folder.
    ///
    /// A scope whose destruction was interrupted is destroyed to the end. Single damaged rows do
    /// not keep a store from opening; [`Store::verify`] finds them.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(root: &Path, unlock: &Unlock<'_>) -> Result<Self, OpenError> {
        let home = Home::new(root);
        require_store(&home)?;
        let lock = HomeLock::take(&home)?;
        let key_file = KeyFile::read(&home.key_file())?;
        let key = key_file.unlock(unlock)?;
        let connection = database::open(&home)?;
        let node_keys = NodeKeys::new(&key);
        let (scopes, lost) = (BTreeMap::new(), BTreeSet::new());
        let mut store = Self {
            connection,
            home,
            key,
            key_file,
            node_keys,
            scopes,
            lost,
            log: LogState::default(),
            _lock: lock,
        };
        for scope in store.load_scopes()? {
            store
                .finish_destroying(scope)
                .map_err(|error| OpenError::Destruction(error.into()))?;
        }
        Ok(store)
    }

    /// Tells how the home in a folder is protected, without opening it.
    ///
    /// # Errors
    /// [`OpenError::NoStore`], [`OpenError::NoKeyFile`], or a key file that cannot be read.
    pub fn inspect(root: &Path) -> Result<HomeInfo, OpenError> {
        let home = Home::new(root);
        require_store(&home)?;
        let key_file = KeyFile::read(&home.key_file())?;
        Ok(HomeInfo {
            store_id: key_file.store_id(),
            protection: key_file.kind(),
        })
    }

    /// Takes the key of the home in a folder out of the kernel's keyring, where it is kept there, so
    /// that the passphrase is needed from now on. The store need not be open.
    ///
    /// # Errors
    /// As [`Store::inspect`], and [`UnlockError::Keyring`] where the keyring cannot be used.
    pub fn forget_in_keyring(root: &Path) -> Result<(), OpenError> {
        let home = Home::new(root);
        require_store(&home)?;
        let key_file = KeyFile::read(&home.key_file())?;
        Ok(key_file.forget_in_keyring().map_err(UnlockError::from)?)
    }

    /// Tells how this home is protected.
    pub fn info(&self) -> HomeInfo {
        HomeInfo {
            store_id: self.key_file.store_id(),
            protection: self.key_file.kind(),
        }
    }

    /// Gives the store key, to be put into the [`UnlockCache`](crate::UnlockCache).
    pub fn key(&self) -> &StoreKey {
        &self.key
    }

    /// Reads the tallies and the key files; returns the scopes that are half destroyed.
    fn load_scopes(&mut self) -> Result<Vec<Scope>, OpenError> {
        let node = self.node_keys.node_scope(&self.key);
        let node_tag = *node.tag();
        self.scopes.insert(
            Scope::NODE,
            OpenScope {
                keys: node,
                tally: None,
            },
        );
        let mut half_destroyed = Vec::new();
        let mut statement = self
            .connection
            .prepare("SELECT scope, sealed FROM tallies")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            // A row with a tag of another length or type is left to `verify`.
            let Ok(tag) = row.get::<_, Tag>(0) else {
                continue;
            };
            let tally = row
                .get_ref(1)?
                .as_blob()
                .ok()
                .and_then(|sealed| open_tally(self.node_keys.tallies(), &tag, sealed));
            if tag == node_tag {
                self.scopes
                    .entry(Scope::NODE)
                    .and_modify(|node| node.tally = tally);
                continue;
            }
            if let Some(tally) = &tally
                && tally.state == ScopeState::Destroying
            {
                half_destroyed.push(tally.scope);
                continue;
            }
            match (self.node_keys.read_scope_key(&self.home, &tag), tally) {
                (Ok((scope, keys)), tally) => {
                    self.scopes.insert(scope, OpenScope { keys, tally });
                }
                (Err(_), Some(tally)) => {
                    self.lost.insert(tally.scope);
                }
                // Neither opens, so not even the scope's name is known; `verify` reports the row.
                (Err(_), None) => {}
            }
        }
        Ok(half_destroyed)
    }
}

pub(crate) fn require_store(home: &Home) -> Result<(), OpenError> {
    match (home.database().exists(), home.key_file().exists()) {
        (false, false) => Err(OpenError::NoStore),
        (true, false) => Err(OpenError::NoKeyFile),
        // A key file alone is a home that was never finished, unless notebooks had been made in it.
        (false, true) => match crate::scope_key::list_scope_keys(home) {
            Ok(tags) if tags.is_empty() => Err(OpenError::NoStore),
            _ => Err(OpenError::Database(DatabaseError::Missing)),
        },
        (true, true) => Ok(()),
    }
}

fn tally_place(tag: &Tag) -> Place<'_> {
    Place {
        table: Table::Tallies,
        scope: Scope::NODE,
        row: tag,
    }
}

/// Seals a tally for its row.
pub(crate) fn seal_tally(key: &SealKey, tag: &Tag, tally: &Tally) -> Result<Vec<u8>, SealError> {
    key.seal(tally_place(tag), &[&tally.encode()])
}

/// Opens the tally in a row, or nothing where it is damaged.
pub(crate) fn open_tally(key: &SealKey, tag: &Tag, sealed: &[u8]) -> Option<Tally> {
    Tally::decode(&key.open(tally_place(tag), sealed).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_can_be_handed_to_another_thread() {
        fn is_send<T: Send>() {}
        is_send::<Store>();
    }
}
