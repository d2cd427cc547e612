//! The sealed store: everything a node keeps on its disk.
//!
//! A [`Store`] keeps records (found by scope, space and key) and append-only streams (one for each
//! scope) in one SQLite file, each value sealed with XChaCha20-Poly1305 for its own place. What is
//! written is durable when [`Store::commit`] returns. What was changed, moved, dropped or put back
//! on the disk is refused when it is read and found by [`Store::verify`].
//!
//! The store knows nothing of notebooks: it takes bytes and gives them back. It never decides what
//! is kept, never talks to a network, and never writes a key or a value in the clear.
//!
//! ```
//! use hearth_store::{Protection, Scope, Space, Store, Unlock, Write};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let home = folder.path().join("home");
//! let mut store = Store::create(&home, &Protection::Bare)?;
//! let scope = Scope([1; 32]);
//! store.create_scope(scope)?;
//! let positions = store.commit(&[
//!     Write::Put { scope, space: Space(1), key: b"title".to_vec(), value: b"Ours".to_vec() },
//!     Write::Append { scope, value: b"an entry".to_vec() },
//! ])?;
//! drop(store);
//!
//! let store = Store::open(&home, &Unlock::Unattended)?;
//! assert_eq!(store.get(scope, Space(1), b"title")?.as_deref(), Some(&b"Ours"[..]));
//! assert_eq!(store.read_at(scope, &positions)?.len(), 1);
//! # Ok(())
//! # }
//! ```

mod block;
mod change;
mod commit;
mod damage;
mod database;
mod home;
mod keyfile;
mod keyring;
pub mod limits;
mod lock;
mod log;
mod protection;
mod read;
mod scope;
mod scope_key;
mod scopes;
mod seal;
mod search;
mod secret;
mod slot;
mod store;
mod tally;
mod unlock_cache;
mod verify;
mod wrap;

pub use change::{ChangeError, ProtectionChange};
pub use commit::CommitError;
pub use damage::{Damage, DamagedPlace, Fault};
pub use database::DatabaseError;
pub use home::FileError;
pub use keyfile::{ProtectError, StoreId, UnlockError};
pub use keyring::KeyringUnavailable;
pub use lock::LockError;
pub use protection::{KdfCost, Protection, ProtectionKind, Unlock};
pub use read::{Entry, ReadError, ReadLimits, Record};
pub use scope::{Position, Scope, Space, Write};
pub use scope_key::ScopeKeyError;
pub use scopes::ScopeError;
pub use seal::SealError;
pub use search::{Document, Hit, SearchError, SearchIndex};
pub use secret::{Passphrase, RandomnessError, StoreKey};
pub use slot::{open_key, seal_key};
pub use store::{CreateError, HomeInfo, OpenError, Store};
pub use unlock_cache::{
    CacheError, CachePlace, FORGET_AFTER_DEFAULT, RuntimeUnavailable, UnlockCache,
};
pub use verify::{Report, Verification};
