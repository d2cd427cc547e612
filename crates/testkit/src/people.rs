//! Ready-made people, shared by all simulations: drawing X-Wing keys anew for every run would cost
//! more than the run.

use std::sync::{Arc, OnceLock};

use hearth_core::engine::Identity;
use hearth_core::identity::{DeviceSecrets, RecoveryPhrase, RecoverySecrets, Roster};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

/// How many people there are.
pub const PEOPLE: usize = 12;

/// Draws a person with one device from a seed.
pub fn draw(seed: u64, name: &str) -> Identity {
    let mut random = ChaCha20Rng::seed_from_u64(seed);
    let recovery = RecoverySecrets::from_phrase(&RecoveryPhrase::random(&mut random));
    let device = DeviceSecrets::random(&mut random);
    let roster = Roster::found(&recovery, &device);
    Identity {
        device: Arc::new(device),
        roster,
        name: name.to_owned(),
        device_label: format!("{name}'s laptop"),
    }
}

/// Returns the ready-made people, always the same.
pub fn people() -> &'static [Identity] {
    static POOL: OnceLock<Vec<Identity>> = OnceLock::new();
    POOL.get_or_init(|| {
        const NAMES: [&str; PEOPLE] = [
            "Ana", "Ben", "Chloe", "Deniz", "Emeka", "Fatima", "Goran", "Hana", "Ines", "Jun",
            "Kofi", "Lena",
        ];
        (0_u64..)
            .zip(NAMES)
            .map(|(number, name)| draw(0x0070_656f_706c_6500 + number, name))
            .collect()
    })
}
