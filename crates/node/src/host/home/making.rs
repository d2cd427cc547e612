//! Making a home: a folder, a store, and then a person or one of their devices.

use std::path::Path;
use std::sync::Arc;

use hearth_core::engine::Identity;
use hearth_core::identity::{DeviceSecrets, RecoveryPhrase, RecoverySecrets, Roster};
use hearth_core::limits::NAME_BYTES_MAX;
use hearth_store::{Protection, ProtectionKind, Store};
use rand_core::Rng;
use zeroize::Zeroizing;

use super::super::identity::{Profile, StoredIdentity};
use super::super::mirror::StoredMirror;
use super::super::{Host, NodeStorage, Settings, random, storage_failed};
use super::failures::already_here;
use super::protection::{fresh, kdf_cost};
use super::{HomeDir, IDENTITY_KEPT_AS};
use crate::api::{Failure, PassphraseSource};

/// Ports that the system hands out by itself are left alone, and so are the well-known ones.
const PORTS: std::ops::Range<u16> = 20_000..30_000;

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

    /// Gives the store, for what is nobody's.
    pub(in crate::host) fn into_store(self) -> Store {
        self.store
    }

    /// Puts something into its store before it is anybody's. Where that fails, nothing of it is left.
    pub(crate) fn filled(
        self,
        work: impl FnOnce(&mut NodeStorage) -> Result<(), Failure>,
    ) -> Result<Self, Failure> {
        let mut storage = NodeStorage::new(self.store);
        let filled = work(&mut storage);
        let new = Self {
            store: storage.into_store(),
            ..self
        };
        match filled {
            Ok(()) => Ok(new),
            Err(failure) => {
                new.abandon();
                Err(failure)
            }
        }
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
        home.opened(self.keep(identity, network)?)?.whole(&home)
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
        self.make(init, false, passphrases)
    }

    /// Makes a home as [`HomeDir::init`] does, and keeps the recovery phrase sealed in it, since whoever makes it
    /// has not written the phrase down yet: [`Host::kept_phrase`] shows it until [`Host::forget_phrase`].
    ///
    /// # Errors
    /// As [`HomeDir::init`].
    pub fn init_keeping_phrase(
        &self,
        init: InitHome,
        passphrases: &mut dyn PassphraseSource,
    ) -> Result<InitOutcome, Failure> {
        self.make(init, true, passphrases)
    }

    fn make(
        &self,
        init: InitHome,
        keeps_phrase: bool,
        passphrases: &mut dyn PassphraseSource,
    ) -> Result<InitOutcome, Failure> {
        check_name("name", &init.name)?;
        let mut new = self.begin(&init.device, init.protection, passphrases)?;
        let mut rng = random();
        let phrase = RecoveryPhrase::random(&mut rng);
        let words = Zeroizing::new(phrase.to_words());
        if keeps_phrase {
            // Before there is a person, so that nobody is ever without the phrase that belongs to them.
            new = new.filled(|storage| storage.keep_phrase(&words).map_err(storage_failed))?;
        }
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
            phrase: words,
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
        let is_nobodys = [IDENTITY_KEPT_AS, StoredMirror::KEPT_AS]
            .iter()
            .all(|kept_as| matches!(storage.get_own(kept_as), Ok(None)));
        if !is_nobodys || !storage.is_empty() {
            return Err(already_here(&self.root));
        }
        if !is_as_wanted {
            return Err(Failure::usage(
                "init_unfinished",
                format!(
                    "What began in {} was cut off before there was an identity, and was protected in another way.",
                    self.root.display()
                ),
            )
            .with_hint("Protect it in the same way, or remove the folder: nothing is in it. `hearth init` has `--unlock` for that."));
        }
        Ok(storage.into_store())
    }
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use hearth_store::KdfCost;

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
