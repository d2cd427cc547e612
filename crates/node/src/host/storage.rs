//! The protocol's disk over the sealed store. Each notebook is a scope of its own, made with its
//! first commit.

use std::collections::BTreeSet;

use hearth_core::codec::Reader;
use hearth_core::identity::Roster;
use hearth_core::ids::{ControlHash, NotebookId};
use hearth_core::storage::{
    CapsulePlace, CapsuleRecord, Position, Space, Storage, StorageError, Write,
};
use hearth_store::{self as store, CommitError, ReadError, ReadLimits, Scope, Store};
use jiff::Timestamp;

/// Where this device keeps what belongs to no notebook.
const OWN: store::Space = store::Space(100);
/// When this device first kept each control entry, by its hash: control entries tell no time.
const SEEN: store::Space = store::Space(101);

/// What is known of capsules, by person and device.
const CAPSULE_HEADS: store::Space = store::Space(102);
/// Capsules, by person and device.
const CAPSULES: store::Space = store::Space(103);

/// The person's roster as it stands now.
const ROSTER_KEPT_AS: &str = "roster";

/// The sealed store as the protocol's disk.
#[derive(Debug)]
pub struct NodeStorage {
    store: Store,
    known: BTreeSet<NotebookId>,
    /// Those that were forgotten since it was opened: what still comes for one does not make it anew.
    forgotten: BTreeSet<NotebookId>,
}

impl NodeStorage {
    /// Wraps an open store.
    pub fn new(store: Store) -> Self {
        let known = store
            .scopes()
            .into_iter()
            .map(|scope| NotebookId::from_bytes(scope.0))
            .collect();
        Self {
            store,
            known,
            forgotten: BTreeSet::new(),
        }
    }

    /// Lends the store.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// Says whether no notebook is kept.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Gives the store back.
    pub fn into_store(self) -> Store {
        self.store
    }

    /// Lends the store, to change its protection.
    pub const fn store_mut(&mut self) -> &mut Store {
        &mut self.store
    }

    /// Returns the notebooks that the store keeps. One whose very first commit was cut off holds
    /// nothing and is left out; a damaged one is there.
    ///
    /// # Errors
    /// [`StorageError`] where the disk fails.
    pub fn notebooks(&self) -> Result<Vec<NotebookId>, StorageError> {
        let mut notebooks = Vec::new();
        for notebook in &self.known {
            match self.scan(*notebook, Space::Control) {
                Ok(entries) if entries.is_empty() => {}
                Ok(_) | Err(StorageError::Damaged(_)) => notebooks.push(*notebook),
                Err(error) => return Err(error),
            }
        }
        Ok(notebooks)
    }

    /// Forgets a notebook for good: its key is destroyed, then its rows.
    ///
    /// # Errors
    /// [`StorageError`] where the disk fails; the next opening finishes it. One that is not here is forgotten.
    pub fn forget(&mut self, notebook: NotebookId) -> Result<(), StorageError> {
        self.forgotten.insert(notebook);
        if !self.known.contains(&notebook) {
            return Ok(());
        }
        self.store
            .destroy_scope(scope(notebook))
            .map_err(|error| match error {
                store::ScopeError::Commit(error) => commit_error(error),
                other => StorageError::Failed(other.to_string()),
            })?;
        self.known.remove(&notebook);
        Ok(())
    }

    /// Says whether [`NodeStorage::rest`] would do anything.
    pub(crate) const fn wants_rest(&self) -> bool {
        self.store.wants_rest()
    }

    /// Gets ready for the next commits, while nobody waits: see [`Store::rest`].
    ///
    /// # Errors
    /// [`StorageError`] where the disk fails; nothing is lost then.
    pub(crate) fn rest(&mut self) -> Result<(), StorageError> {
        self.store.rest().map_err(commit_error)
    }

    pub(crate) fn put_own(&mut self, key: &str, value: &[u8]) -> Result<(), StorageError> {
        let write = store::Write::Put {
            scope: Scope::NODE,
            space: OWN,
            key: key.as_bytes().to_vec(),
            value: value.to_vec(),
        };
        self.store.commit(&[write]).map(drop).map_err(commit_error)
    }

    pub(crate) fn forget_own(&mut self, key: &str) -> Result<(), StorageError> {
        let write = store::Write::Delete {
            scope: Scope::NODE,
            space: OWN,
            key: key.as_bytes().to_vec(),
        };
        self.store.commit(&[write]).map(drop).map_err(commit_error)
    }

    pub(crate) fn get_own(&self, key: &str) -> Result<Option<Vec<u8>>, StorageError> {
        self.store
            .get(Scope::NODE, OWN, key.as_bytes())
            .map_err(read_error)
    }

    /// Returns the roster that was kept since the home was made.
    pub(crate) fn roster(&self) -> Result<Option<Roster>, StorageError> {
        let Some(bytes) = self.get_own(ROSTER_KEPT_AS)? else {
            return Ok(None);
        };
        Roster::read(&mut Reader::new(&bytes))
            .map(Some)
            .map_err(|error| StorageError::Damaged(error.to_string()))
    }

    /// Returns when this device first kept a control entry, by its own clock; `None` where that was
    /// not noted.
    ///
    /// # Errors
    /// [`StorageError`] where the note cannot be read.
    pub fn seen(
        &self,
        notebook: NotebookId,
        entry: &ControlHash,
    ) -> Result<Option<Timestamp>, StorageError> {
        if !self.has(notebook) {
            return Ok(None);
        }
        let noted = self
            .store
            .get(scope(notebook), SEEN, entry.as_bytes())
            .map_err(read_error)?;
        Ok(noted
            .and_then(|bytes| bytes.try_into().ok())
            .map(i64::from_be_bytes)
            .and_then(|at_ms| Timestamp::from_millisecond(at_ms).ok()))
    }

    fn has(&self, notebook: NotebookId) -> bool {
        self.known.contains(&notebook)
    }
}

fn capsule_key((person, device): CapsulePlace) -> Vec<u8> {
    [&person.as_bytes()[..], device.as_bytes()].concat()
}

const fn scope(notebook: NotebookId) -> Scope {
    Scope(*notebook.as_bytes())
}

impl Storage for NodeStorage {
    fn keep_roster(&mut self, roster: &Roster) -> Result<(), StorageError> {
        self.put_own(ROSTER_KEPT_AS, &roster.to_bytes())
    }

    fn keep_capsule(
        &mut self,
        place: CapsulePlace,
        record: Option<CapsuleRecord<'_>>,
    ) -> Result<(), StorageError> {
        let values = [
            (CAPSULE_HEADS, record.map(|record| record.head)),
            (CAPSULES, record.map(|record| record.capsule)),
        ];
        let writes = values.map(|(space, value)| match value {
            Some(value) => store::Write::Put {
                scope: Scope::NODE,
                space,
                key: capsule_key(place),
                value: value.to_vec(),
            },
            None => store::Write::Delete {
                scope: Scope::NODE,
                space,
                key: capsule_key(place),
            },
        });
        self.store.commit(&writes).map(drop).map_err(commit_error)
    }

    fn capsule_heads(&self) -> Result<Vec<Vec<u8>>, StorageError> {
        let records = self
            .store
            .scan(Scope::NODE, CAPSULE_HEADS)
            .map_err(read_error)?;
        Ok(records.into_iter().map(|record| record.value).collect())
    }

    fn capsule(&self, place: CapsulePlace) -> Result<Option<Vec<u8>>, StorageError> {
        self.store
            .get(Scope::NODE, CAPSULES, &capsule_key(place))
            .map_err(read_error)
    }

    fn commit(&mut self, notebook: NotebookId, writes: &[Write]) -> Result<(), StorageError> {
        let scope = scope(notebook);
        let begins = |write: &Write| {
            matches!(
                write,
                Write::Put {
                    space: Space::Control,
                    ..
                }
            )
        };
        if self.forgotten.contains(&notebook) && !writes.iter().any(begins) {
            return Ok(());
        }
        self.forgotten.remove(&notebook);
        if !self.has(notebook) {
            self.store
                .create_scope(scope)
                .map_err(|error| match error {
                    store::ScopeError::Commit(error) => commit_error(error),
                    other => StorageError::Failed(other.to_string()),
                })?;
            self.known.insert(notebook);
        }
        let now_ms = Timestamp::now().as_millisecond();
        let seen = writes.iter().filter_map(|write| match write {
            Write::Put {
                space: Space::Control,
                key,
                ..
            } => Some(store::Write::Put {
                scope,
                space: SEEN,
                key: key.clone(),
                value: now_ms.to_be_bytes().to_vec(),
            }),
            _ => None,
        });
        let writes: Vec<store::Write> = writes
            .iter()
            .map(|write| match write {
                Write::Put { space, key, value } => store::Write::Put {
                    scope,
                    space: store::Space(space.code()),
                    key: key.clone(),
                    value: value.clone(),
                },
                Write::Delete { space, key } => store::Write::Delete {
                    scope,
                    space: store::Space(space.code()),
                    key: key.clone(),
                },
                Write::Append(value) => store::Write::Append {
                    scope,
                    value: value.clone(),
                },
                Write::Blank { first, end } => store::Write::Blank {
                    scope,
                    first: store::Position(*first),
                    end: store::Position(*end),
                },
            })
            .chain(seen)
            .collect();
        self.store.commit(&writes).map(drop).map_err(commit_error)
    }

    fn get(
        &self,
        notebook: NotebookId,
        space: Space,
        key: &[u8],
    ) -> Result<Option<Vec<u8>>, StorageError> {
        if !self.has(notebook) {
            return Ok(None);
        }
        self.store
            .get(scope(notebook), store::Space(space.code()), key)
            .map_err(read_error)
    }

    fn scan(
        &self,
        notebook: NotebookId,
        space: Space,
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StorageError> {
        if !self.has(notebook) {
            return Ok(Vec::new());
        }
        let records = self
            .store
            .scan(scope(notebook), store::Space(space.code()))
            .map_err(read_error)?;
        Ok(records
            .into_iter()
            .map(|record| (record.key, record.value))
            .collect())
    }

    fn entries(
        &self,
        notebook: NotebookId,
        from: Position,
        bytes_aim: usize,
    ) -> Result<Vec<(Position, Vec<u8>)>, StorageError> {
        if !self.has(notebook) {
            return Ok(Vec::new());
        }
        let limits = ReadLimits {
            entries_max: usize::MAX,
            bytes_max: bytes_aim,
        };
        let entries = self
            .store
            .read_stream(scope(notebook), store::Position(from), limits)
            .map_err(read_error)?;
        Ok(entries
            .into_iter()
            .map(|entry| (entry.position.0, entry.value))
            .collect())
    }
}

fn commit_error(error: CommitError) -> StorageError {
    match error {
        CommitError::DiskFull => StorageError::Full,
        other => StorageError::Failed(other.to_string()),
    }
}

fn read_error(error: ReadError) -> StorageError {
    match error {
        ReadError::Damaged(damage) => StorageError::Damaged(damage.to_string()),
        other => StorageError::Failed(other.to_string()),
    }
}
