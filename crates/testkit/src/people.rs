//! Ready-made people, shared by all simulations: drawing X-Wing keys anew for every run would cost
//! more than the run.

use std::sync::{Arc, OnceLock};

use hearth_core::engine::Identity;
use hearth_core::identity::{DeviceSecrets, RecoveryPhrase, RecoverySecrets, Roster};
use hearth_core::ids::PersonId;
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

/// Somebody with several devices and their recovery keys, none of them in use yet.
#[derive(Debug, Clone)]
pub struct Person {
    /// What they are called.
    pub name: &'static str,
    /// The keys that their phrase stands for.
    pub recovery: RecoverySecrets,
    /// Their devices; the first one founds the roster.
    pub devices: Vec<Arc<DeviceSecrets>>,
    founded: Roster,
}

impl Person {
    /// Returns their id.
    pub fn id(&self) -> PersonId {
        self.recovery.person()
    }

    /// Returns a roster with the first device only.
    pub fn founded(&self) -> Roster {
        self.founded.clone()
    }
}

/// Draws a person with some devices from a seed.
pub fn draw_person(seed: u64, name: &'static str, devices: usize) -> Person {
    let mut random = ChaCha20Rng::seed_from_u64(seed);
    let recovery = RecoverySecrets::from_phrase(&RecoveryPhrase::random(&mut random));
    let first = DeviceSecrets::random(&mut random);
    let founded = Roster::found(&recovery, &first);
    let more = (1..devices).map(|_| DeviceSecrets::random(&mut random));
    let devices = core::iter::once(first).chain(more).map(Arc::new).collect();
    Person {
        name,
        recovery,
        devices,
        founded,
    }
}

/// How many people a crowd has, and how many devices each of them may come to have.
pub const CROWD: (usize, usize) = (30, 4);

/// Returns thirty ready-made people with their devices, always the same.
pub fn crowd() -> &'static [Person] {
    static POOL: OnceLock<Vec<Person>> = OnceLock::new();
    POOL.get_or_init(|| {
        const NAMES: [&str; CROWD.0] = [
            "Ana", "Ben", "Chloe", "Deniz", "Emeka", "Fatima", "Goran", "Hana", "Ines", "Jun",
            "Kofi", "Lena", "Malik", "Nora", "Olu", "Pia", "Qing", "Rosa", "Sami", "Tara", "Uma",
            "Vito", "Wanda", "Xenia", "Yusuf", "Zoe", "Aino", "Bela", "Cora", "Dario",
        ];
        (0_u64..)
            .zip(NAMES)
            .map(|(number, name)| draw_person(0x0063_726f_7764_0000 + number, name, CROWD.1))
            .collect()
    })
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
