//! People with several devices, drawn once: X-Wing keys cost more than a whole history.

use std::sync::OnceLock;

use hearth_core::crypto::{Secret, SigningSecret};
use hearth_core::identity::{DeviceSecrets, RecoveryPhrase, RecoverySecrets, Roster};
use hearth_core::ids::PersonId;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

/// How many people there are; the first creates the notebook.
pub(crate) const PEOPLE: usize = 7;
/// How many devices each has ready.
pub(crate) const DEVICES: usize = 4;

pub(crate) struct Person {
    pub(crate) recovery: RecoverySecrets,
    pub(crate) new_recovery: RecoverySecrets,
    pub(crate) devices: Vec<DeviceSecrets>,
    /// The roster with the first device alone.
    pub(crate) founded: Roster,
    /// The key of every ticket that this person hands out.
    pub(crate) ticket: SigningSecret,
}

impl Person {
    pub(crate) fn id(&self) -> PersonId {
        self.founded.person()
    }
}

pub(crate) fn people() -> &'static [Person] {
    static POOL: OnceLock<Vec<Person>> = OnceLock::new();
    POOL.get_or_init(|| {
        let mut random = ChaCha20Rng::seed_from_u64(0x6d65_6d62);
        (0..PEOPLE)
            .map(|_| {
                let mut recovery =
                    || RecoverySecrets::from_phrase(&RecoveryPhrase::random(&mut random));
                let (recovery, new_recovery) = (recovery(), recovery());
                let devices: Vec<DeviceSecrets> = (0..DEVICES)
                    .map(|_| DeviceSecrets::random(&mut random))
                    .collect();
                Person {
                    founded: Roster::found(&recovery, &devices[0]),
                    recovery,
                    new_recovery,
                    devices,
                    ticket: SigningSecret::from_secret(&Secret::random(&mut random)),
                }
            })
            .collect()
    })
}
