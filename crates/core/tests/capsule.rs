//! A capsule opens for its phrase alone, and every bit of it matters.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use hearth_core::capsule::{
    Capsule, CapsuleContact, CapsuleContent, CapsuleError, CapsuleKey, CapsuleNotebook, CopyError,
    JournalCopy, NotebookState,
};
use hearth_core::codec::Writer;
use hearth_core::crypto::Secret;
use hearth_core::identity::{DeviceSecrets, RecoveryPhrase, RecoverySecrets, Roster};
use hearth_core::ids::{CapsuleId, NotebookId, PersonId, TransportId};
use hearth_core::limits::{CAPSULE_BYTES_MAX, JOURNAL_COPY_UNPACKED_BYTES_MAX};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use support::{Pair, pair};

struct Owner {
    recovery: RecoverySecrets,
    device: DeviceSecrets,
    random: ChaCha20Rng,
}

impl Owner {
    fn draw(seed: u64) -> Self {
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        Self {
            recovery: RecoverySecrets::from_phrase(&RecoveryPhrase::random(&mut random)),
            device: DeviceSecrets::random(&mut random),
            random,
        }
    }

    fn content(&self) -> CapsuleContent {
        let Pair {
            writer,
            entries,
            controls,
            ..
        } = pair(1);
        let epoch = writer.membership().current_epoch().unwrap();
        let entries: Vec<Vec<u8>> = entries.iter().map(|one| one.as_bytes().to_vec()).collect();
        let notebook = writer.notebook();
        CapsuleContent {
            roster: Roster::found(&self.recovery, &self.device),
            name: "Ana".to_owned(),
            contacts: vec![CapsuleContact {
                person: PersonId::from_bytes([1; 32]),
                name: "Ben".to_owned(),
                device: DeviceSecrets::random(&mut ChaCha20Rng::seed_from_u64(7)).id(),
                transport: TransportId::from_bytes([3; 32]),
                addresses: vec!["192.0.2.1:7".parse().unwrap()],
                relays: vec!["https://relay.example".to_owned()],
            }],
            notebooks: vec![CapsuleNotebook {
                notebook: NotebookId::from_bytes([4; 32]),
                state: NotebookState::Shared,
                title: "Ana and Ben".to_owned(),
                holders: vec![0],
            }],
            mirrors: vec![b"a later version".to_vec()],
            keys: vec![CapsuleKey {
                notebook,
                epoch,
                key: Secret::from_bytes([5; 32]),
            }],
            journals: vec![JournalCopy::pack(notebook, &controls, &entries).unwrap()],
        }
    }

    fn seal(&mut self, content: &CapsuleContent) -> Result<Capsule, CapsuleError> {
        let card = self.recovery.card();
        Capsule::seal(content, &card, &self.device, (3, 99), &mut self.random)
    }
}

#[test]
fn a_capsule_comes_back_for_its_phrase_and_for_no_other() {
    let mut ana = Owner::draw(1);
    let content = ana.content();
    let capsule = ana.seal(&content).unwrap();
    let head = *capsule.head();
    assert_eq!((head.counter, head.time_ms), (3, 99));
    assert_eq!(head.id, CapsuleId::of(&ana.recovery.card()));
    let again = Capsule::parse(capsule.as_bytes().to_vec()).unwrap();
    assert_eq!(again.head(), &head);
    again.verify(&ana.device.card().verify_key).unwrap();
    assert_eq!(again.open(&ana.recovery), Ok(content));
    let other = Owner::draw(2);
    assert_eq!(again.open(&other.recovery), Err(CapsuleError::OtherPhrase));
    assert!(again.verify(&other.device.card().verify_key).is_err());
    // Where it is found says nothing about whose it is.
    let person = ana.recovery.person();
    assert_ne!(head.id.as_bytes(), person.as_bytes());
}

#[test]
fn every_flipped_bit_is_refused_by_whoever_keeps_it_and_by_the_phrase() {
    /// Opening costs a thousand times what a signature does.
    const OPENED_EVERY: usize = 61;
    let mut ana = Owner::draw(1);
    let mut content = ana.content();
    content.journals.clear();
    let capsule = ana.seal(&content).unwrap();
    let key = ana.device.card().verify_key;
    let mut bytes = capsule.as_bytes().to_vec();
    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(changed) = Capsule::parse(bytes.clone()) {
            assert!(changed.verify(&key).is_err(), "bit {bit} was accepted");
            assert_ne!(changed.head().hash, capsule.head().hash);
            if bit % OPENED_EVERY == 0 {
                assert!(changed.open(&ana.recovery).is_err(), "bit {bit} was opened");
            }
        }
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    for length in 0..bytes.len() {
        assert!(Capsule::parse(bytes[..length].to_vec()).is_err());
    }
    bytes.push(0);
    assert!(Capsule::parse(bytes).is_err());
}

#[test]
fn what_no_device_of_the_person_made_is_refused() {
    let mut ana = Owner::draw(1);
    let content = ana.content();
    // Anybody who knows the card can seal to it.
    let mut eve = Owner::draw(2);
    let card = ana.recovery.card();
    let forged = Capsule::seal(&content, &card, &eve.device, (9, 9), &mut eve.random).unwrap();
    assert!(matches!(
        forged.open(&ana.recovery),
        Err(CapsuleError::Signature(_))
    ));
    // With a roster of her own it is another person's.
    let hers = eve.content();
    let forged = Capsule::seal(&hers, &card, &eve.device, (9, 9), &mut eve.random).unwrap();
    assert_eq!(forged.open(&ana.recovery), Err(CapsuleError::OtherPhrase));
    assert!(ana.seal(&content).unwrap().open(&ana.recovery).is_ok());
}

#[test]
fn other_layouts_are_refused() {
    let ana = Owner::draw(1);
    let content = ana.content();
    let bytes = content.to_bytes();
    assert_eq!(CapsuleContent::parse(&bytes), Ok(content.clone()));
    for length in (0..bytes.len()).step_by(7) {
        assert!(CapsuleContent::parse(&bytes[..length]).is_err());
    }
    let newer = [&[2], &bytes[1..]].concat();
    assert!(matches!(
        CapsuleContent::parse(&newer),
        Err(CapsuleError::Layout(_))
    ));
    // Holders are contacts, each named once.
    for holders in [vec![1], vec![0, 0]] {
        let mut changed = content.clone();
        changed.notebooks[0].holders = holders;
        assert!(CapsuleContent::parse(&changed.to_bytes()).is_err());
    }
}

#[test]
fn a_journal_that_does_not_fit_is_said_to_be_too_large() {
    let mut ana = Owner::draw(1);
    let mut noise = vec![0; CAPSULE_BYTES_MAX / 2];
    ana.random.fill_bytes(&mut noise);
    let entries = vec![noise];
    let copy = JournalCopy::pack(NotebookId::ZERO, &[], &entries).unwrap();
    let mut content = ana.content();
    content.journals = vec![copy.clone(), copy];
    assert_eq!(ana.seal(&content), Err(CapsuleError::TooLarge));
    let mut noise = vec![0; CAPSULE_BYTES_MAX];
    ana.random.fill_bytes(&mut noise);
    let packed = JournalCopy::pack(NotebookId::ZERO, &[], &[noise]);
    assert_eq!(packed, Err(CopyError::TooLarge));
    let zeros = vec![vec![0; JOURNAL_COPY_UNPACKED_BYTES_MAX]];
    let packed = JournalCopy::pack(NotebookId::ZERO, &[], &zeros);
    assert_eq!(packed, Err(CopyError::TooLarge));
}

#[test]
fn a_copy_unpacks_to_exactly_what_was_packed_and_no_further() {
    let ana = Owner::draw(1);
    let Pair {
        entries, controls, ..
    } = pair(1);
    let content = ana.content();
    let (unpacked, log) = content.journals[0].unpack().unwrap();
    assert_eq!(unpacked, controls);
    let bytes = |entries: &[hearth_core::log::RawEntry]| -> Vec<Vec<u8>> {
        entries.iter().map(|one| one.as_bytes().to_vec()).collect()
    };
    assert_eq!(bytes(&log), bytes(&entries));
    // A frame that unpacks to more, or other than, it says.
    let frame = zstd::bulk::compress(&[0; 1 << 20], 19).unwrap();
    for length in [1 << 10, (1 << 20) + 1, u64::MAX] {
        let copy = with_packed(&content, length, &frame);
        assert!(copy.journals[0].unpack().is_err(), "{length}");
    }
}

/// Puts another packed copy in place of the last bytes of a content.
fn with_packed(content: &CapsuleContent, length: u64, frame: &[u8]) -> CapsuleContent {
    let mut without = content.clone();
    without.journals.clear();
    let mut bytes = without.to_bytes().to_vec();
    assert_eq!(bytes.pop(), Some(0), "no journal");
    let mut packed = Writer::new();
    packed.varint(length).raw(frame);
    let mut writer = Writer::new();
    writer
        .raw(&bytes)
        .varint(1)
        .raw(&[4; 32])
        .bytes(packed.as_slice());
    CapsuleContent::parse(writer.as_slice()).unwrap()
}
