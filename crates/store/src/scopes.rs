//! Making and destroying scopes.
//!
//! A scope begins with its key file and then gets its tally; it ends by losing the key file, after
//! the tally was marked and before the rows are removed. Wherever this is interrupted, the next
//! attempt or the next opening carries it to its end.

use rusqlite::Connection;

use crate::commit::CommitError;
use crate::database::begin;
use crate::home::{FileError, destroy};
use crate::limits::SCOPES_MAX;
use crate::log::LogState;
use crate::scope::Scope;
use crate::scope_key::{ScopeKeyError, Tag, scope_key_path};
use crate::store::{OpenScope, Store, seal_tally};
use crate::tally::{ScopeState, Tally};

/// A scope could not be made or destroyed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScopeError {
    /// The scope is already there.
    #[error("notebook {0} is already in this home")]
    AlreadyExists(Scope),
    /// The node's own scope always exists.
    #[error("the node's own records can be neither made nor destroyed")]
    IsNode,
    /// There are [`SCOPES_MAX`] scopes.
    #[error("this home already has {SCOPES_MAX} notebooks, which is the most it can hold")]
    TooMany,
    /// The key file could not be made.
    #[error(transparent)]
    Key(#[from] ScopeKeyError),
    /// The key file could not be destroyed.
    #[error("the key of the notebook could not be destroyed: {0}")]
    Destroy(FileError),
    /// The database could not be written.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl From<rusqlite::Error> for ScopeError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Commit(error.into())
    }
}

impl From<ScopeUnusable> for ScopeError {
    fn from(error: ScopeUnusable) -> Self {
        Self::Commit(error.into())
    }
}

/// Why a scope cannot be used; each operation says it in its own error.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ScopeUnusable {
    Unknown(Scope),
    KeyLost(Scope),
    TallyDamaged(Scope),
}

impl Store {
    /// Lists the scopes that exist, without the node's own, sorted. Those whose key is lost are
    /// among them: reading them says so.
    pub fn scopes(&self) -> Vec<Scope> {
        let mut scopes: Vec<Scope> = self.scopes.keys().chain(&self.lost).copied().collect();
        scopes.retain(|scope| *scope != Scope::NODE);
        scopes.sort();
        scopes
    }

    /// Makes a scope with a key of its own. When this returns, it is durable.
    ///
    /// # Errors
    /// See [`ScopeError`].
    pub fn create_scope(&mut self, scope: Scope) -> Result<(), ScopeError> {
        if scope == Scope::NODE {
            return Err(ScopeError::IsNode);
        }
        if self.scopes.contains_key(&scope) || self.lost.contains(&scope) {
            return Err(ScopeError::AlreadyExists(scope));
        }
        if self.scopes.len() >= SCOPES_MAX {
            return Err(ScopeError::TooMany);
        }
        let mut node_tally = self.tally(Scope::NODE)?.clone();
        node_tally
            .scopes
            .toggle(&self.node_keys.scope_member(scope));
        let keys = self.node_keys.create_scope_key(&self.home, scope)?;
        let tally = Tally::empty(scope);
        let sealed = self.seal(keys.tag(), &tally)?;
        let sealed_node = self.seal(&self.node_tag(), &node_tally)?;
        let transaction = begin(&self.connection)?;
        transaction.execute("INSERT INTO tallies VALUES (?1, ?2)", (keys.tag(), sealed))?;
        update_tally(&transaction, &self.node_tag(), &sealed_node)?;
        transaction.commit()?;
        self.scopes.insert(
            scope,
            OpenScope {
                keys,
                tally: Some(tally),
            },
        );
        self.set_node_tally(node_tally);
        Ok(())
    }

    /// Destroys a scope: its key is overwritten and removed, so that nothing of it opens again in
    /// this home or any copy of the database without the key file; then its rows are removed.
    ///
    /// # Errors
    /// See [`ScopeError`]. Once begun, the destruction is finished by the next opening at the
    /// latest; the scope cannot be used meanwhile.
    pub fn destroy_scope(&mut self, scope: Scope) -> Result<(), ScopeError> {
        if scope == Scope::NODE {
            return Err(ScopeError::IsNode);
        }
        if !self.scopes.contains_key(&scope) && !self.lost.contains(&scope) {
            return Err(CommitError::UnknownScope(scope).into());
        }
        self.tally(Scope::NODE)?;
        let tag = self.node_keys.scope_tag(scope);
        let marked = Tally {
            state: ScopeState::Destroying,
            ..Tally::empty(scope)
        };
        let sealed = self.seal(&tag, &marked)?;
        let transaction = begin(&self.connection)?;
        update_tally(&transaction, &tag, &sealed)?;
        transaction.commit()?;
        self.scopes.remove(&scope);
        self.lost.remove(&scope);
        self.finish_destroying(scope)
    }

    /// Carries the destruction of a marked scope to its end.
    pub(crate) fn finish_destroying(&mut self, scope: Scope) -> Result<(), ScopeError> {
        let tag = self.node_keys.scope_tag(scope);
        destroy(&scope_key_path(&self.home, &tag)).map_err(ScopeError::Destroy)?;
        let mut node_tally = self.tally(Scope::NODE)?.clone();
        node_tally
            .scopes
            .toggle(&self.node_keys.scope_member(scope));
        let sealed_node = self.seal(&self.node_tag(), &node_tally)?;
        // Files may come to gigabytes: in one transaction the write-ahead log would hold all of that once more.
        while self.connection.execute(DELETE_SOME, [tag])? > 0 {}
        let transaction = begin(&self.connection)?;
        for statement in [
            "DELETE FROM records WHERE scope = ?1",
            "DELETE FROM stream WHERE scope = ?1",
            "DELETE FROM tallies WHERE scope = ?1",
        ] {
            transaction.execute(statement, [tag])?;
        }
        update_tally(&transaction, &self.node_tag(), &sealed_node)?;
        transaction.commit()?;
        self.set_node_tally(node_tally);
        // The rows leave the write-ahead log as well, and with them their number and their sizes.
        self.connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        self.log = LogState::default();
        Ok(())
    }

    /// Gives a scope whose key is at hand, which is enough to read it.
    pub(crate) fn open_scope(&self, scope: Scope) -> Result<&OpenScope, ScopeUnusable> {
        match self.scopes.get(&scope) {
            Some(open) => Ok(open),
            None if self.lost.contains(&scope) => Err(ScopeUnusable::KeyLost(scope)),
            None => Err(ScopeUnusable::Unknown(scope)),
        }
    }

    /// Gives what a scope holds, which is needed to write it.
    pub(crate) fn tally(&self, scope: Scope) -> Result<&Tally, ScopeUnusable> {
        let tally = self.open_scope(scope)?.tally.as_ref();
        tally.ok_or(ScopeUnusable::TallyDamaged(scope))
    }

    fn seal(&self, tag: &Tag, tally: &Tally) -> Result<Vec<u8>, CommitError> {
        Ok(seal_tally(self.node_keys.tallies(), tag, tally)?)
    }

    fn node_tag(&self) -> Tag {
        self.node_keys.scope_tag(Scope::NODE)
    }

    fn set_node_tally(&mut self, tally: Tally) {
        self.scopes
            .entry(Scope::NODE)
            .and_modify(|node| node.tally = Some(tally));
    }
}

/// Deletes records of a scope, at most 64 MiB where they are chunks of files.
const DELETE_SOME: &str = "DELETE FROM records WHERE (scope, space, record) IN \
     (SELECT scope, space, record FROM records WHERE scope = ?1 LIMIT 256)";

fn update_tally(connection: &Connection, tag: &Tag, sealed: &[u8]) -> Result<(), CommitError> {
    connection.execute(
        "UPDATE tallies SET sealed = ?2 WHERE scope = ?1",
        (tag, sealed),
    )?;
    Ok(())
}
