//! The home of a mirror: a store of sealed bytes and the mirror's keys, of which none opens content.
//!
//! `version u8 ‖ seeds 2 × 32 (signing, transport) ‖ pass 16 ‖ name ‖ network profile ‖ UDP port u16 ‖ bytes
//! of all notebooks u64 ‖ bytes of one u64 ‖ days u32`; texts with their lengths.

use std::sync::Arc;

use hearth_core::codec::{DecodeError, Reader, Writer};
use hearth_core::crypto::Secret;
use hearth_core::identity::{MirrorPass, MirrorSecrets};
use hearth_core::limits::NAME_BYTES_MAX;
use hearth_core::mirror::{MirrorLimits, MirrorTicket};
use hearth_store::{OpenError, Store};
use zeroize::Zeroizing;

use super::identity::PROFILE_BYTES_MAX;
use super::{HomeDir, InitProtection, NodeStorage, random, storage_failed};
use crate::api::{Exit, Failure, PassphraseSource};
use crate::net::Profile;

const VERSION: u8 = 1;
/// The way on where there is no mirror.
const MAKE_ONE: &str = "Make one in a folder of its own: `hearth mirror init --home DIR`.";

/// How much a mirror takes, and how long it keeps what it was taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MirrorTerms {
    /// How much it holds.
    pub limits: MirrorLimits,
    /// After how many days it drops a notebook from which it was removed.
    pub keep_days: u32,
}

impl Default for MirrorTerms {
    /// 10 GiB, of which one notebook takes no more than 1 GiB; a month.
    fn default() -> Self {
        Self {
            limits: MirrorLimits {
                total_bytes: 10 << 30,
                notebook_bytes: 1 << 30,
            },
            keep_days: 30,
        }
    }
}

/// What a new mirror is made of.
#[derive(Debug)]
pub struct InitMirror {
    /// What its owner calls it.
    pub name: String,
    /// The network profile.
    pub network: Profile,
    /// What protects its keys.
    pub protection: InitProtection,
    /// How much it takes.
    pub terms: MirrorTerms,
}

/// What the home of a mirror keeps about the mirror.
#[derive(Debug, Clone)]
pub struct StoredMirror {
    /// Its keys.
    pub secrets: Arc<MirrorSecrets>,
    /// What it takes notebooks for.
    pub pass: MirrorPass,
    /// What its owner calls it.
    pub name: String,
    /// The network profile in words.
    pub network: String,
    /// The UDP port that was chosen when the home was made and is kept.
    pub port: u16,
    /// How much it takes.
    pub terms: MirrorTerms,
}

impl StoredMirror {
    /// The word under which the home keeps it.
    pub const KEPT_AS: &str = "mirror";

    /// Returns its ticket, with where it is.
    pub fn ticket(
        &self,
        (addresses, relays): (Vec<std::net::SocketAddr>, Vec<String>),
    ) -> MirrorTicket {
        MirrorTicket {
            card: self.secrets.card().clone(),
            pass: self.pass.clone(),
            name: self.name.clone(),
            addresses,
            relays,
        }
    }

    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut writer = Writer::new();
        writer.u8(VERSION);
        for seed in self.secrets.to_seeds() {
            writer.raw(seed.expose());
        }
        writer
            .raw(self.pass.expose())
            .bytes(self.name.as_bytes())
            .bytes(self.network.as_bytes())
            .u16(self.port)
            .u64(self.terms.limits.total_bytes)
            .u64(self.terms.limits.notebook_bytes)
            .u32(self.terms.keep_days);
        Zeroizing::new(writer.into_bytes())
    }

    fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        reader.known("mirror", VERSION)?;
        let seeds = [
            Secret::from_bytes(reader.array("signing seed")?),
            Secret::from_bytes(reader.array("transport seed")?),
        ];
        let pass = MirrorPass::from_bytes(reader.array("mirror pass")?);
        let name = reader.text("mirror name", NAME_BYTES_MAX)?.to_owned();
        let network = reader
            .text("network profile", PROFILE_BYTES_MAX)?
            .to_owned();
        let port = reader.u16("port")?;
        let limits = MirrorLimits {
            total_bytes: reader.u64("most bytes")?,
            notebook_bytes: reader.u64("most bytes of a notebook")?,
        };
        let keep_days = reader.u32("days")?;
        reader.finish()?;
        Ok(Self {
            secrets: Arc::new(MirrorSecrets::from_seeds(seeds)),
            pass,
            name,
            network,
            port,
            terms: MirrorTerms { limits, keep_days },
        })
    }

    /// Keeps it, in place of what was kept before.
    ///
    /// # Errors
    /// A [`Failure`] where the disk fails.
    pub fn keep(&self, storage: &mut NodeStorage) -> Result<(), Failure> {
        storage
            .put_own(Self::KEPT_AS, &self.to_bytes())
            .map_err(storage_failed)
    }
}

impl HomeDir {
    /// Makes the home of a mirror.
    ///
    /// # Errors
    /// A [`Failure`] as of [`HomeDir::init`].
    pub fn init_mirror(
        &self,
        init: InitMirror,
        passphrases: &mut dyn PassphraseSource,
    ) -> Result<StoredMirror, Failure> {
        let new = self.begin(&init.name, init.protection, passphrases)?;
        let mut rng = random();
        let mirror = StoredMirror {
            secrets: Arc::new(MirrorSecrets::random(&mut rng)),
            pass: MirrorPass::random(&mut rng),
            name: init.name,
            network: init.network.to_string(),
            port: new.port(),
            terms: init.terms,
        };
        let mut storage = NodeStorage::new(new.into_store());
        mirror.keep(&mut storage)?;
        Ok(mirror)
    }

    /// Opens the home of a mirror.
    ///
    /// # Errors
    /// A [`Failure`] as of [`HomeDir::open`], and where the home is a person's.
    pub fn open_mirror(
        &self,
        passphrases: &mut dyn PassphraseSource,
    ) -> Result<(StoredMirror, NodeStorage), Failure> {
        if matches!(Store::inspect(self.root()), Err(OpenError::NoStore)) {
            return Err(Failure::new(
                Exit::NoIdentity,
                "no_mirror",
                format!("There is no mirror in {}.", self.root().display()),
            )
            .with_hint(MAKE_ONE));
        }
        let storage = NodeStorage::new(self.open_store(passphrases)?);
        match stored_mirror(&storage)? {
            Some(mirror) => Ok((mirror, storage)),
            None => Err(Failure::usage(
                "not_a_mirror",
                format!("The home {} is not a mirror's.", self.root().display()),
            )
            .with_hint(MAKE_ONE)),
        }
    }
}

/// Reads what a home keeps about its mirror, where it is one's.
pub(super) fn stored_mirror(storage: &NodeStorage) -> Result<Option<StoredMirror>, Failure> {
    let kept = storage
        .get_own(StoredMirror::KEPT_AS)
        .map_err(storage_failed)?
        .map(Zeroizing::new);
    let Some(kept) = kept else {
        return Ok(None);
    };
    let mirror = StoredMirror::parse(&kept).map_err(|error| {
        Failure::new(
            Exit::Damaged,
            "damaged",
            format!("What this home keeps about the mirror is damaged: {error}."),
        )
    })?;
    Ok(Some(mirror))
}

/// The failure for a command that a mirror's home cannot do.
pub(crate) fn is_a_mirror(home: &HomeDir) -> Failure {
    Failure::usage(
        "mirror_home",
        format!(
            "The home {} is a mirror's: it belongs to nobody and can read nothing.",
            home.root().display()
        ),
    )
    .with_hint(
        "It answers `status`, `doctor` and `verify`, and runs with `hearth mirror up`; for your notebooks use another \
         --home.",
    )
}
