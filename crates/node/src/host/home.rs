//! The folder of a home: making one, opening one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hearth_core::engine::{Engine, Identity};
use hearth_core::identity::{DeviceSecrets, RecoveryPhrase, RecoverySecrets, Roster};
use hearth_core::limits::NAME_BYTES_MAX;
use hearth_core::replica::OpenReplicaError;
use hearth_store::{
    CreateError, KdfCost, LockError, OpenError, Passphrase, Protection, ProtectionKind, Store,
    StoreKey, Unlock, UnlockCache, UnlockError,
};
use rand_core::Rng;
use zeroize::Zeroizing;

use super::identity::{Profile, StoredIdentity};
use super::{Host, NodeStorage, Settings, random, storage_failed};
use crate::api::socket::socket_path;
use crate::api::{Exit, Failure, PassphraseSource};

pub(super) const IDENTITY_KEPT_AS: &str = "identity";
/// Set to `1` by tests only: makes guessing the passphrase cheap, and `status` and `doctor` say so.
const WEAK_KDF_VARIABLE: &str = "HEARTH_TEST_WEAK_KDF";
/// Ports that the system hands out by itself are left alone, and so are the well-known ones.
const PORTS: std::ops::Range<u16> = 20_000..30_000;

/// The folder of a home.
#[derive(Debug, Clone)]
pub struct HomeDir {
    root: PathBuf,
    runtime: Option<PathBuf>,
}

/// What a new home is made of.
#[derive(Debug)]
pub struct InitHome {
    /// What the person is called.
    pub name: String,
    /// What the device is called.
    pub device: String,
    /// The network profile.
    pub network: crate::net::Profile,
    /// What protects it; the passphrase is asked for where one is needed.
    pub protection: InitProtection,
}

/// What protects a new home.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InitProtection {
    /// A passphrase.
    Passphrase,
    /// The operating system's keyring, and a passphrase for when it is empty.
    Keyring,
    /// Nothing.
    Bare,
}

/// A home that is being made: there is a store, and nobody's yet.
#[derive(Debug)]
pub struct NewHome {
    home: HomeDir,
    store: Store,
    had_folder: bool,
    is_made: bool,
    port: u16,
}

impl NewHome {
    /// Returns the UDP port that was chosen for the home.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Makes it somebody's and opens it.
    ///
    /// # Errors
    /// A [`Failure`] where the disk fails.
    pub fn finish(
        self,
        identity: Identity,
        network: &crate::net::Profile,
    ) -> Result<Host, Failure> {
        let home = self.home.clone();
        home.host(self.keep(identity, network)?)
    }

    fn keep(self, identity: Identity, network: &crate::net::Profile) -> Result<Store, Failure> {
        let stored = StoredIdentity {
            identity,
            profile: Profile {
                network: network.to_string(),
                port: self.port,
            },
        };
        let mut storage = NodeStorage::new(self.store);
        storage
            .put_own(IDENTITY_KEPT_AS, &stored.to_bytes())
            .map_err(storage_failed)?;
        self.home.remember(storage.store(), &Settings::default());
        Ok(storage.into_store())
    }

    /// Takes back what was made: the folder is as it was, so that the next try begins anew.
    pub fn abandon(self) {
        let Self {
            home,
            store,
            had_folder,
            is_made,
            ..
        } = self;
        drop(store);
        if !is_made {
            return;
        }
        // The folder held nothing of anybody's before, or no store would have been made in it.
        let removed = if had_folder {
            remove_contents(&home.root)
        } else {
            std::fs::remove_dir_all(&home.root)
        };
        if let Err(error) = removed {
            tracing::warn!(%error, "an unfinished home could not be removed");
        }
    }
}

fn remove_contents(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            std::fs::remove_dir_all(path)?;
        } else {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// A home that was made.
#[derive(Debug)]
pub struct InitOutcome {
    /// The person and device.
    pub identity: Identity,
    /// The recovery phrase, to be shown once; nothing of it stays in the home.
    pub phrase: Zeroizing<String>,
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

    /// Makes a home, a person and their first device. Where this was cut off before there was a
    /// person, it goes on with the home that is there.
    ///
    /// # Errors
    /// A [`Failure`] where there is a home already, the folder cannot be used, or no passphrase was
    /// to be had.
    pub fn init(
        &self,
        init: InitHome,
        passphrases: &mut dyn PassphraseSource,
    ) -> Result<InitOutcome, Failure> {
        check_name("name", &init.name)?;
        let new = self.begin(&init.device, init.protection, passphrases)?;
        let mut rng = random();
        let phrase = RecoveryPhrase::random(&mut rng);
        let recovery = RecoverySecrets::from_phrase(&phrase);
        let device = DeviceSecrets::random(&mut rng);
        let roster = Roster::found(&recovery, &device);
        let identity = Identity {
            device: Arc::new(device),
            roster,
            name: init.name,
            device_label: init.device,
        };
        new.keep(identity.clone(), &init.network)?;
        Ok(InitOutcome {
            identity,
            phrase: Zeroizing::new(phrase.to_words()),
        })
    }

    /// Starts a home for somebody: what is in the folder is a store without an identity.
    ///
    /// # Errors
    /// As [`HomeDir::init`].
    pub fn begin(
        &self,
        label: &str,
        protection: InitProtection,
        passphrases: &mut dyn PassphraseSource,
    ) -> Result<NewHome, Failure> {
        check_name("device label", label)?;
        let had_folder = self.root.exists();
        let (store, is_made) = match Store::inspect(&self.root) {
            Ok(_) => (self.unfinished(protection, passphrases)?, false),
            Err(_) => (self.create(protection, passphrases)?, true),
        };
        let span = u32::from(PORTS.end - PORTS.start);
        let port = PORTS.start + u16::try_from(random().next_u32() % span).unwrap_or(0);
        Ok(NewHome {
            home: self.clone(),
            store,
            had_folder,
            is_made,
            port,
        })
    }

    fn create(
        &self,
        protection: InitProtection,
        passphrases: &mut dyn PassphraseSource,
    ) -> Result<Store, Failure> {
        let protection = match protection {
            InitProtection::Passphrase => Protection::Passphrase {
                passphrase: fresh(passphrases)?,
                cost: kdf_cost(),
            },
            InitProtection::Keyring => Protection::Keyring {
                passphrase: fresh(passphrases)?,
                cost: kdf_cost(),
            },
            InitProtection::Bare => Protection::Bare,
        };
        Store::create(&self.root, &protection).map_err(|error| self.create_failed(error))
    }

    /// Opens a store that holds no identity yet: one whose making was cut off.
    fn unfinished(
        &self,
        protection: InitProtection,
        passphrases: &mut dyn PassphraseSource,
    ) -> Result<Store, Failure> {
        // What does not open as the new home would is somebody's, and is left alone.
        let here = |_| already_here(&self.root);
        let store = self.store(&mut || fresh(passphrases)).map_err(here)?;
        let is_as_wanted = match store.info().protection {
            ProtectionKind::Passphrase(_) => protection == InitProtection::Passphrase,
            ProtectionKind::Keyring(_) => protection == InitProtection::Keyring,
            ProtectionKind::Bare => protection == InitProtection::Bare,
            _ => false,
        };
        let storage = NodeStorage::new(store);
        if !matches!(storage.get_own(IDENTITY_KEPT_AS), Ok(None)) || !storage.is_empty() {
            return Err(already_here(&self.root));
        }
        if !is_as_wanted {
            return Err(Failure::usage(
                "init_unfinished",
                format!(
                    "An init of {} was cut off before there was an identity, with another --unlock.",
                    self.root.display()
                ),
            )
            .with_hint("Run it with the same --unlock, or remove the folder: nothing is in it."));
        }
        Ok(storage.into_store())
    }

    /// Opens the home in this process.
    ///
    /// # Errors
    /// A [`Failure`] with the exit code that fits: no identity, locked, wrong passphrase, damaged.
    pub fn open(&self, passphrases: &mut dyn PassphraseSource) -> Result<Host, Failure> {
        let mut existing = || Ok(Passphrase::new(passphrases.existing()?.expose().to_owned()));
        let store = self.store(&mut existing)?;
        self.host(store)
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
        self.host(store)
    }

    /// Protects the home with another passphrase: one that was open to everybody is closed by it,
    /// and the keyring keeps being asked first where it was.
    ///
    /// # Errors
    /// A [`Failure`] where the old one is wrong or the new one cannot be set; the old one serves on.
    pub fn change_passphrase(&self, passphrases: &mut dyn PassphraseSource) -> Result<(), Failure> {
        let info = Store::inspect(&self.root).map_err(|error| self.open_failed(error))?;
        let current = match info.protection {
            ProtectionKind::Bare => None,
            _ => Some(Passphrase::new(passphrases.existing()?.expose().to_owned())),
        };
        let unlock = || {
            current
                .as_ref()
                .map_or(Unlock::Unattended, Unlock::Passphrase)
        };
        let mut store =
            Store::open(&self.root, &unlock()).map_err(|error| self.open_failed(error))?;
        let (passphrase, cost) = (fresh(passphrases)?, kdf_cost());
        let new = match info.protection {
            ProtectionKind::Keyring(_) => Protection::Keyring { passphrase, cost },
            _ => Protection::Passphrase { passphrase, cost },
        };
        store.change_protection(&unlock(), &new).map_err(|error| {
            Failure::error(
                "passphrase_not_changed",
                super::sentence(&error.to_string()),
            )
            .with_hint("What opened this home before still does.")
        })?;
        drop(store);
        self.forget_key()
    }

    /// Forgets the key that was remembered for commands, the system's keyring included.
    ///
    /// # Errors
    /// A [`Failure`] where a remembered key could not be removed, or the home has no lock at all.
    pub fn forget_key(&self) -> Result<(), Failure> {
        let info = Store::inspect(&self.root).map_err(|error| self.open_failed(error))?;
        match info.protection {
            ProtectionKind::Bare => {
                return Err(Failure::error(
                    "not_protected",
                    "This home has no passphrase, so it cannot be locked.",
                )
                .with_hint("Give it one with `hearth passphrase change`."));
            }
            ProtectionKind::Keyring(_) => {
                Store::forget_in_keyring(&self.root).map_err(|error| self.open_failed(error))?;
            }
            _ => {}
        }
        UnlockCache::new(&self.root, info.store_id)
            .forget()
            .map_err(|error| Failure::error("lock_failed", super::sentence(&error.to_string())))
    }

    fn host(&self, store: Store) -> Result<Host, Failure> {
        let storage = NodeStorage::new(store);
        let bytes = storage
            .get_own(IDENTITY_KEPT_AS)
            .map_err(storage_failed)?
            .map(Zeroizing::new)
            .ok_or_else(|| self.open_failed(OpenError::NoStore))?;
        let mut identity = StoredIdentity::parse(&bytes).map_err(|error| {
            Failure::new(
                Exit::Damaged,
                "damaged",
                format!("The identity in this home is damaged: {error}."),
            )
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
        let engine = Engine::open(identity.identity.clone(), instance, &notebooks, &storage)
            .map_err(replica_failed)?;
        let mut host = Host {
            engine,
            storage,
            settings,
            identity,
            search: crate::service::SearchCache::default(),
            cards: crate::driver::Cards::default(),
            home: self.clone(),
        };
        host.enrol_anew_if_copied()?;
        Ok(host)
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

    fn create_failed(&self, error: CreateError) -> Failure {
        match error {
            CreateError::AlreadyExists => already_here(&self.root),
            CreateError::Lock(error) => locked(&error),
            other => Failure::error("init_failed", super::sentence(&other.to_string())),
        }
    }

    pub(crate) fn open_failed(&self, error: OpenError) -> Failure {
        match error {
            OpenError::NoStore => Failure::new(
                Exit::NoIdentity,
                "no_identity",
                format!("There is no identity in {}.", self.root.display()),
            )
            .with_hint(
                "Run `hearth init --name \"Your name\"`, or name another folder with --home.",
            ),
            OpenError::Lock(error) => locked(&error),
            OpenError::Unlock(UnlockError::WrongPassphrase) => Failure::new(
                Exit::WrongPassphrase,
                "wrong_passphrase",
                "The passphrase is wrong.",
            )
            .with_hint("Try again. Nothing was changed."),
            other => Failure::new(
                Exit::Damaged,
                "damaged",
                super::sentence(&other.to_string()),
            ),
        }
    }
}

/// Returns what protects the passphrase from guessing: the standard, save for tests that say so.
fn kdf_cost() -> KdfCost {
    if std::env::var_os(WEAK_KDF_VARIABLE).is_some_and(|value| value == "1") {
        KdfCost::test_only()
    } else {
        KdfCost::STANDARD
    }
}

fn fresh(passphrases: &mut dyn PassphraseSource) -> Result<Passphrase, Failure> {
    Ok(Passphrase::new(passphrases.fresh()?.expose().to_owned()))
}

fn check_name(what: &str, name: &str) -> Result<(), Failure> {
    if name.trim().is_empty() {
        return Err(Failure::usage("invalid", format!("The {what} is empty.")));
    }
    if name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
        return Err(Failure::usage(
            "invalid",
            format!("The {what} may have {NAME_BYTES_MAX} bytes and no control characters."),
        ));
    }
    Ok(())
}

fn already_here(root: &Path) -> Failure {
    Failure::error(
        "already_initialised",
        format!("There is an identity in {} already.", root.display()),
    )
    .with_hint("Use it, or choose another folder with --home.")
}

fn locked(error: &LockError) -> Failure {
    match error {
        LockError::Held { .. } => {
            Failure::new(Exit::Locked, "locked", super::sentence(&error.to_string()))
                .with_hint("Wait until it is done, or stop it.")
        }
        other => Failure::error("lock_unusable", super::sentence(&other.to_string())),
    }
}

pub(super) fn replica_failed(error: OpenReplicaError) -> Failure {
    match error {
        OpenReplicaError::Storage(error) => storage_failed(error),
        other => Failure::new(
            Exit::Damaged,
            "damaged",
            super::sentence(&other.to_string()),
        )
        .with_hint("Run `hearth verify`, then restore a backup."),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::api::Secret;

    struct Typed(&'static str);

    impl PassphraseSource for Typed {
        fn existing(&mut self) -> Result<Secret, Failure> {
            Ok(Secret::new(self.0.to_owned()))
        }

        fn fresh(&mut self) -> Result<Secret, Failure> {
            self.existing()
        }
    }

    fn init(protection: InitProtection) -> InitHome {
        InitHome {
            name: "Ana".to_owned(),
            device: "laptop".to_owned(),
            network: "direct".parse().unwrap(),
            protection,
        }
    }

    #[test]
    fn an_init_that_was_cut_off_is_done_again_and_a_home_in_use_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let home = HomeDir::new(folder.path().join("home"), None);
        let passphrase = Protection::Passphrase {
            passphrase: fresh(&mut Typed("first")).unwrap(),
            cost: KdfCost::test_only(),
        };
        drop(Store::create(home.root(), &passphrase).unwrap());
        let failure = home.open(&mut Typed("first")).map(drop).unwrap_err();
        assert_eq!(failure.code, "no_identity");

        let with = |protection, typed| {
            let made = home.init(init(protection), &mut Typed(typed));
            made.map(drop).map_err(|failure| failure.code)
        };
        // Somebody's home, for all that this passphrase can tell.
        let refused = Err("already_initialised".into());
        assert_eq!(with(InitProtection::Passphrase, "other"), refused);
        let unfinished = Err("init_unfinished".into());
        assert_eq!(with(InitProtection::Bare, "first"), unfinished);
        assert_eq!(with(InitProtection::Passphrase, "first"), Ok(()));
        let person = home.open(&mut Typed("first")).unwrap().me();
        assert_eq!(with(InitProtection::Passphrase, "first"), refused);
        assert_eq!(home.open(&mut Typed("first")).unwrap().me(), person);
        // What commands would use for the next quarter of an hour.
        home.forget_key().unwrap();
    }
}
