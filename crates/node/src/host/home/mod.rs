//! The folder of a home: where it is, and opening it.

mod failures;
mod label;
mod making;
mod page_address;
mod protection;

use std::path::{Path, PathBuf};

use hearth_core::engine::Engine;
use hearth_store::{
    OpenError, Passphrase, ProtectionKind, Store, StoreKey, Unlock, UnlockCache, UnlockError,
};
use rand_core::Rng;
use zeroize::Zeroizing;

pub(crate) use failures::replica_failed;
pub use making::{InitHome, InitOutcome, InitProtection, NewHome};
pub(crate) use protection::kdf_cost;

use super::identity::StoredIdentity;
use super::mirror::{StoredMirror, is_a_mirror, stored_mirror};
use super::{Host, NodeStorage, SEE_DAMAGE, Settings, random, storage_failed};
use crate::api::socket::socket_path;
use crate::api::{Exit, Failure, PassphraseSource};

pub(super) const IDENTITY_KEPT_AS: &str = "identity";

/// What opening a home came to.
pub(crate) enum Opened {
    /// All of it.
    Whole(Box<Host>),
    /// The store alone, and why no more.
    Damaged(Box<NodeStorage>, Failure),
    /// A mirror's.
    Mirror(Box<StoredMirror>, Box<NodeStorage>),
}

impl Opened {
    fn whole(self, home: &HomeDir) -> Result<Host, Failure> {
        match self {
            Self::Whole(host) => Ok(*host),
            Self::Damaged(_, why) => Err(why),
            Self::Mirror(..) => Err(is_a_mirror(home)),
        }
    }

    fn not_whole(storage: NodeStorage, failure: Failure) -> Result<Self, Failure> {
        match failure.exit {
            Exit::Damaged => Ok(Self::Damaged(Box::new(storage), failure)),
            _ => Err(failure),
        }
    }
}

/// The folder of a home.
#[derive(Debug, Clone)]
pub struct HomeDir {
    root: PathBuf,
    runtime: Option<PathBuf>,
}

impl HomeDir {
    /// Names a home's folder; nothing is touched. `runtime` is the person's runtime folder, where
    /// there is one.
    pub fn new(root: impl Into<PathBuf>, runtime: Option<PathBuf>) -> Self {
        Self {
            root: root.into(),
            runtime,
        }
    }

    /// Returns the folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns where the node's socket is.
    ///
    /// # Errors
    /// A [`Failure`] where no path is short enough for a socket.
    pub fn socket(&self) -> Result<PathBuf, Failure> {
        socket_path(&self.root, self.runtime.as_deref())
            .map_err(|error| Failure::usage("socket_path", format!("{error}.")))
    }

    /// Opens the home in this process.
    ///
    /// # Errors
    /// A [`Failure`] with the exit code that fits: no identity, locked, wrong passphrase, damaged.
    pub fn open(&self, passphrases: &mut dyn PassphraseSource) -> Result<Host, Failure> {
        self.open_whatever(passphrases)?.whole(self)
    }

    /// Opens the home, whoever it belongs to, or where its own records are damaged what can be looked through for
    /// damage.
    ///
    /// # Errors
    /// As [`HomeDir::open`], where not even the store opens.
    pub(crate) fn open_whatever(
        &self,
        passphrases: &mut dyn PassphraseSource,
    ) -> Result<Opened, Failure> {
        let store = self.open_store(passphrases)?;
        self.opened(store)
    }

    /// Opens the home's store, whoever it belongs to.
    pub(in crate::host) fn open_store(
        &self,
        passphrases: &mut dyn PassphraseSource,
    ) -> Result<Store, Failure> {
        let mut existing = || Ok(Passphrase::new(passphrases.existing()?.expose().to_owned()));
        self.store(&mut existing)
    }

    /// Opens the store with a remembered key or unattended, else with the passphrase.
    fn store(
        &self,
        passphrase: &mut dyn FnMut() -> Result<Passphrase, Failure>,
    ) -> Result<Store, Failure> {
        let info = Store::inspect(&self.root).map_err(|error| self.open_failed(error))?;
        let cache = UnlockCache::new(&self.root, info.store_id);
        if let Some(key) = cache.get() {
            match Store::open(&self.root, &Unlock::Key(key)) {
                Ok(store) => return Ok(store),
                Err(OpenError::Unlock(_)) => {}
                Err(error) => return Err(self.open_failed(error)),
            }
        }
        if !matches!(info.protection, ProtectionKind::Passphrase(_)) {
            match Store::open(&self.root, &Unlock::Unattended) {
                Ok(store) => return Ok(store),
                Err(OpenError::Unlock(error))
                    if !matches!(error, UnlockError::WrongPassphrase)
                        && matches!(info.protection, ProtectionKind::Keyring(_)) => {}
                Err(error) => return Err(self.open_failed(error)),
            }
        }
        let passphrase = passphrase()?;
        Store::open(&self.root, &Unlock::Passphrase(&passphrase))
            .map_err(|error| self.open_failed(error))
    }

    /// Opens the home with the key of a process that held it before.
    ///
    /// # Errors
    /// As [`HomeDir::open`].
    pub fn open_with(&self, key: StoreKey) -> Result<Host, Failure> {
        let store =
            Store::open(&self.root, &Unlock::Key(key)).map_err(|error| self.open_failed(error))?;
        self.opened(store)?.whole(self)
    }

    fn opened(&self, store: Store) -> Result<Opened, Failure> {
        let storage = NodeStorage::new(store);
        let is_a_persons = storage.get_own(IDENTITY_KEPT_AS).map_err(storage_failed);
        if matches!(is_a_persons, Ok(None))
            && let Some(mirror) = stored_mirror(&storage)?
        {
            return Ok(Opened::Mirror(Box::new(mirror), Box::new(storage)));
        }
        let (identity, settings, engine) = match self.own_records(&storage) {
            Ok(records) => records,
            Err(failure) => return Opened::not_whole(storage, failure),
        };
        let mut host = Host {
            engine,
            storage,
            settings,
            identity,
            search: crate::service::SearchCache::default(),
            facts: crate::service::FactsCache::default(),
            registers: crate::host::Registers::default(),
            cards: crate::driver::Cards::default(),
            bundles: crate::host::OpenBundles::default(),
            files: crate::host::OpenFiles::default(),
            live: crate::host::LiveNotes::default(),
            merged: crate::host::MergedNotes::default(),
            home: self.clone(),
        };
        let is_open = crate::service::keep_out_destroyed(&mut host)
            .and_then(|()| host.enrol_anew_if_copied());
        match is_open {
            Ok(()) => Ok(Opened::Whole(Box::new(host))),
            Err(failure) => Opened::not_whole(host.storage, failure),
        }
    }

    fn own_records(
        &self,
        storage: &NodeStorage,
    ) -> Result<(StoredIdentity, Settings, Engine), Failure> {
        let bytes = storage
            .get_own(IDENTITY_KEPT_AS)
            .map_err(storage_failed)?
            .map(Zeroizing::new);
        let Some(bytes) = bytes else {
            return Err(self.open_failed(OpenError::NoStore));
        };
        let mut identity = StoredIdentity::parse(&bytes).map_err(|error| {
            Failure::new(
                Exit::Damaged,
                "damaged",
                format!("The identity in this home is damaged: {error}."),
            )
            .with_hint(SEE_DAMAGE)
        })?;
        if let Some(roster) = storage.roster().map_err(storage_failed)? {
            identity.identity.roster = roster;
        }
        let settings = storage
            .get_own(Settings::KEPT_AS)
            .map_err(storage_failed)?
            .map(|bytes| Settings::parse(&bytes))
            .unwrap_or_default();
        self.remember(storage.store(), &settings);
        let notebooks = storage.notebooks().map_err(storage_failed)?;
        let instance = random().next_u64();
        let engine = Engine::open(identity.identity.clone(), instance, &notebooks, storage)
            .map_err(replica_failed)?;
        Ok((identity, settings, engine))
    }

    /// Remembers the key for the next commands. Where nothing can remember it, each command asks.
    fn remember(&self, store: &Store, settings: &Settings) {
        let duration = settings.unlock_for();
        let info = store.info();
        if duration.is_zero() || matches!(info.protection, ProtectionKind::Bare) {
            return;
        }
        if let Err(error) = UnlockCache::new(&self.root, info.store_id).put(store.key(), duration) {
            tracing::debug!(%error, "the key cannot be remembered");
        }
    }
}
