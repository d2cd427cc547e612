//! The key of one scope, and the small file that keeps it.
//!
//! The file `keys/<tag in hexadecimal>` holds `scope (32) ‖ key (32)`, sealed under the store key.
//! A scope is destroyed by destroying this file: without it nothing of the scope opens again, in
//! this home or in any copy of the database.

use std::fs;
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::home::{AtPath, FileError, Home, read_limited, replace};
use crate::limits::KEY_FILE_BYTES_MAX;
use crate::scope::{Position, Scope, Space};
use crate::seal::{Place, STAMP_BYTES, SealError, SealKey, Table};
use crate::secret::{KEY_BYTES, RandomnessError, StoreKey, random_bytes};

/// Bytes of the keyed hashes that rows are found by: too many for two to meet by chance.
pub(crate) const TAG_BYTES: usize = 16;

/// A keyed hash in place of a name, so that no id stands on the disk.
pub(crate) type Tag = [u8; TAG_BYTES];

fn cut(hash: &blake3::Hash) -> Tag {
    let mut tag = [0; TAG_BYTES];
    tag.iter_mut()
        .zip(hash.as_bytes())
        .for_each(|(to, from)| *to = *from);
    tag
}

/// The keys that are derived from the store key and serve all scopes.
pub(crate) struct NodeKeys {
    names: Zeroizing<[u8; KEY_BYTES]>,
    tallies: SealKey,
    scope_keys: SealKey,
}

impl NodeKeys {
    pub(crate) fn new(key: &StoreKey) -> Self {
        Self {
            names: key.derive("hearth-store 1 scope names"),
            tallies: SealKey::new(&key.derive("hearth-store 1 tallies")),
            scope_keys: SealKey::new(&key.derive("hearth-store 1 scope key files")),
        }
    }

    /// Gives the name of a scope on the disk.
    pub(crate) fn scope_tag(&self, scope: Scope) -> Tag {
        cut(&blake3::keyed_hash(&self.names, &scope.0))
    }

    /// Gives a scope's member in the digest of all scopes.
    pub(crate) fn scope_member(&self, scope: Scope) -> blake3::Hash {
        blake3::keyed_hash(&self.names, &[&scope.0[..], b"member"].concat())
    }

    /// The key that seals tallies. It is not a scope's own, so that it outlives a destroyed scope.
    pub(crate) fn tallies(&self) -> &SealKey {
        &self.tallies
    }

    /// Makes and keeps the key of a new scope, or takes up the one that an interrupted attempt left.
    pub(crate) fn create_scope_key(
        &self,
        home: &Home,
        scope: Scope,
    ) -> Result<ScopeKeys, ScopeKeyError> {
        let tag = self.scope_tag(scope);
        let path = scope_key_path(home, &tag);
        if path.exists()
            && let Ok((found, keys)) = self.read_scope_key(home, &tag)
            && found == scope
        {
            return Ok(keys);
        }
        let root = Zeroizing::new(random_bytes::<KEY_BYTES>()?);
        let sealed = self.scope_keys.seal(key_place(&tag), &[&scope.0, &*root])?;
        replace(&path, &sealed)?;
        Ok(ScopeKeys::new(tag, &root))
    }

    /// Reads a scope's key from its file.
    pub(crate) fn read_scope_key(
        &self,
        home: &Home,
        tag: &Tag,
    ) -> Result<(Scope, ScopeKeys), ScopeKeyError> {
        let sealed = read_limited(&scope_key_path(home, tag), KEY_FILE_BYTES_MAX)?;
        let plain = Zeroizing::new(
            self.scope_keys
                .open(key_place(tag), &sealed)
                .map_err(|_| ScopeKeyError::Damaged)?,
        );
        let (scope, root) = plain.split_first_chunk().ok_or(ScopeKeyError::Damaged)?;
        let root: [u8; KEY_BYTES] = root.try_into().map_err(|_| ScopeKeyError::Damaged)?;
        Ok((Scope(*scope), ScopeKeys::new(*tag, &Zeroizing::new(root))))
    }

    /// Derives the node's own scope key, which has no file: it lives as long as the store key.
    pub(crate) fn node_scope(&self, key: &StoreKey) -> ScopeKeys {
        ScopeKeys::new(
            self.scope_tag(Scope::NODE),
            &key.derive("hearth-store 1 node scope"),
        )
    }
}

fn key_place(tag: &Tag) -> Place<'_> {
    Place {
        table: Table::ScopeKeys,
        scope: Scope::NODE,
        row: tag,
    }
}

/// Gives the path of a scope's key file.
pub(crate) fn scope_key_path(home: &Home, tag: &Tag) -> PathBuf {
    home.scope_keys().join(data_encoding::HEXLOWER.encode(tag))
}

/// Lists the key files by the tags that are their names; other files are passed over.
pub(crate) fn list_scope_keys(home: &Home) -> Result<Vec<Tag>, FileError> {
    let folder = home.scope_keys();
    let mut tags = Vec::new();
    for entry in fs::read_dir(&folder).at(&folder)? {
        let name = entry.at(&folder)?.file_name();
        let tag = name
            .to_str()
            .and_then(|name| data_encoding::HEXLOWER.decode(name.as_bytes()).ok())
            .and_then(|bytes| Tag::try_from(bytes).ok());
        tags.extend(tag);
    }
    Ok(tags)
}

/// A scope's key could not be made or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScopeKeyError {
    /// The file does not open.
    #[error("the key file of a notebook is damaged; restore it from a backup")]
    Damaged,
    /// The file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The system gave no randomness.
    #[error(transparent)]
    Randomness(#[from] RandomnessError),
    /// The key could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// The keys of one scope.
pub(crate) struct ScopeKeys {
    tag: Tag,
    seal: SealKey,
    names: Zeroizing<[u8; KEY_BYTES]>,
}

impl ScopeKeys {
    fn new(tag: Tag, root: &Zeroizing<[u8; KEY_BYTES]>) -> Self {
        let derive = |context| Zeroizing::new(blake3::derive_key(context, &**root));
        Self {
            tag,
            seal: SealKey::new(&derive("hearth-store 1 scope values")),
            names: derive("hearth-store 1 scope rows"),
        }
    }

    /// The scope's name on the disk.
    pub(crate) fn tag(&self) -> &Tag {
        &self.tag
    }

    /// The key that seals the scope's records and stream.
    pub(crate) fn seal(&self) -> &SealKey {
        &self.seal
    }

    /// Gives the place of a record.
    pub(crate) fn record(&self, scope: Scope, space: Space, key: &[u8]) -> RecordPlace {
        let mut hasher = blake3::Hasher::new_keyed(&self.names);
        hasher.update(&[b'r', space.0]).update(key);
        RecordPlace {
            scope,
            space: self.space_tag(space),
            record: cut(&hasher.finalize()),
        }
    }

    /// Gives the name of a space on the disk.
    pub(crate) fn space_tag(&self, space: Space) -> Tag {
        cut(&blake3::keyed_hash(&self.names, &[b's', space.0]))
    }

    /// Gives a record's member in the scope's digest. The nonce in the front of a sealed value is
    /// new for every version of the record, so the digest pins the version too.
    pub(crate) fn record_member(&self, place: &RecordPlace, sealed: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.names);
        hasher
            .update(b"m")
            .update(&place.space)
            .update(&place.record);
        hasher.update(sealed.get(..STAMP_BYTES).unwrap_or(sealed));
        hasher.finalize()
    }
}

/// The place of a record in the table of records.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordPlace {
    pub(crate) scope: Scope,
    pub(crate) space: Tag,
    pub(crate) record: Tag,
}

impl RecordPlace {
    /// Gives `space (16) ‖ record (16)`, the row in the associated data.
    pub(crate) fn row(&self) -> [u8; 2 * TAG_BYTES] {
        let mut row = [0; 2 * TAG_BYTES];
        let both = self.space.iter().chain(&self.record);
        row.iter_mut().zip(both).for_each(|(to, from)| *to = *from);
        row
    }
}

/// Gives the place of a stream entry; its row is the position, big-endian.
pub(crate) fn stream_place(scope: Scope, row: &[u8; 8]) -> Place<'_> {
    Place {
        table: Table::Stream,
        scope,
        row,
    }
}

/// Gives the row of a position in the associated data.
pub(crate) fn stream_row(position: Position) -> [u8; 8] {
    position.0.to_be_bytes()
}
