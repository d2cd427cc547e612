//! Capsules: what they hold, and sealed.

use hearth_core::capsule::{
    Capsule, CapsuleContact, CapsuleContent, CapsuleKey, CapsuleMirror, CapsuleNotebook,
    JournalCopy, NotebookState,
};
use hearth_core::crypto::Secret;
use hearth_core::identity::{DeviceSecrets, RecoveryPhrase, RecoverySecrets, Roster};
use hearth_core::ids::{
    CapsuleId, ControlHash, DeviceId, MirrorId, NotebookId, PersonId, TransportId,
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::{Vector, VectorFile};

/// When the stored capsules were made.
const MADE_MS: u64 = 1_800_000_000_000;

pub(super) fn make() -> VectorFile {
    VectorFile {
        name: "capsules",
        vectors: (0..3).flat_map(of_seed).chain((0..2).map(mirror)).collect(),
    }
}

/// A mirror as a capsule of four notebooks names it.
fn mirror(seed: u8) -> Vector {
    let record = CapsuleMirror {
        mirror: MirrorId::from_bytes([seed; 32]),
        transport: TransportId::from_bytes([seed + 1; 32]),
        name: format!("Cupboard {seed}"),
        addresses: ["192.0.2.7:4433", "[2001:db8::7]:4433"]
            .iter()
            .take(seed.into())
            .filter_map(|address| address.parse().ok())
            .collect(),
        relays: vec!["https://relay.example".to_owned(); seed.into()],
        notebooks: (usize::from(seed)..4).collect(),
    };
    Vector::bytes(
        format!("mirror {seed}"),
        seed.to_string(),
        &record.to_bytes(),
    )
}

/// The phrase, where its capsules are found, what one holds, and that sealed. A person of another seed has
/// another state of everything.
fn of_seed(seed: u64) -> Vec<Vector> {
    let mut random = ChaCha20Rng::seed_from_u64(seed);
    let phrase = RecoveryPhrase::random(&mut random);
    let recovery = RecoverySecrets::from_phrase(&phrase);
    let device = DeviceSecrets::random(&mut random);
    let content = content(seed, &recovery, &device);
    let card = recovery.card();
    let made = (seed + 1, MADE_MS + seed);
    let mut vectors = vec![
        Vector::text(
            format!("phrase {seed}"),
            seed.to_string(),
            phrase.to_words(),
        ),
        Vector::bytes(
            format!("id {seed}"),
            seed.to_string(),
            CapsuleId::of(&card).as_bytes(),
        ),
        Vector::bytes(
            format!("content {seed}"),
            seed.to_string(),
            &content.to_bytes(),
        ),
    ];
    // What does not seal is missing, which the test of it notices.
    if let Ok(capsule) = Capsule::seal(&content, &card, &device, made, &mut random) {
        vectors.push(Vector::bytes(
            format!("capsule {seed}"),
            seed.to_string(),
            capsule.as_bytes(),
        ));
    }
    vectors
}

fn content(seed: u64, recovery: &RecoverySecrets, device: &DeviceSecrets) -> CapsuleContent {
    let number = seed.to_le_bytes()[0];
    let states = [
        NotebookState::Shared,
        NotebookState::Alone,
        NotebookState::Journal,
        NotebookState::JournalCopied,
        NotebookState::JournalTooLarge,
    ];
    let contacts = (0..number).map(|place| CapsuleContact {
        person: PersonId::from_bytes([place; 32]),
        name: format!("Person {place}"),
        device: DeviceId::from_bytes([place + 1; 32]),
        transport: TransportId::from_bytes([place + 2; 32]),
        addresses: ["192.0.2.7:4433", "[2001:db8::7]:4433"]
            .iter()
            .filter_map(|address| address.parse().ok())
            .collect(),
        relays: vec!["https://relay.example".to_owned()],
    });
    let notebooks = states
        .into_iter()
        .zip(1_u8..)
        .map(|(state, place)| CapsuleNotebook {
            notebook: NotebookId::from_bytes([place; 32]),
            state,
            title: format!("Notebook {place}"),
            holders: (0..usize::from(number)).collect(),
        });
    let journal = NotebookId::from_bytes([4; 32]);
    let copy = JournalCopy::pack(journal, &[], &[vec![number; 5], vec![9; 300]]);
    CapsuleContent {
        roster: Roster::found(recovery, device),
        name: "Ana".to_owned(),
        contacts: contacts.collect(),
        notebooks: notebooks.collect(),
        mirrors: (0..number).map(|place| vec![place; 4]).collect(),
        keys: vec![CapsuleKey {
            notebook: journal,
            epoch: ControlHash::from_bytes([6; 32]).as_epoch(),
            key: Secret::from_bytes([7; 32]),
        }],
        journals: copy.into_iter().collect(),
    }
}
