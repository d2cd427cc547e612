//! No bytes make a decoder panic, allocate without bound, or accept what it would write otherwise.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::sync::Arc;

use hearth_core::bundle::BundleOpener;
use hearth_core::capsule::{Capsule, CapsuleContent};
use hearth_core::checkpoint::{Checked, SegmentHead, SegmentLog};
use hearth_core::codec::{Reader, Writer};
use hearth_core::control::ControlEntry;
use hearth_core::crypto::Secret;
use hearth_core::enrol::EnrolMessage;
use hearth_core::epoch::Wraps;
use hearth_core::frontier::{Frontier, SignedFrontier};
use hearth_core::identity::{
    DeviceCard, DeviceSecrets, MirrorPass, RecoveryCard, RecoveryPhrase, RecoverySecrets, Roster,
    RosterEntry,
};
use hearth_core::ids::{ActorId, SegmentHash, Seq};
use hearth_core::log::{
    Body, DocumentTips, EntryPack, EntryVersion, RawEntry, WireDecoder, WireEncoder, unpad,
};
use hearth_core::mirror::{MirrorMessage, MirrorTicket};
use hearth_core::pairing::{InviteRecord, PairingMessage, Ticket};
use hearth_core::sync::OfflineReader;
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use support::{Pair, pair};

/// Runs every decoder; what one accepts has to be what it writes.
fn decode_all(bytes: &[u8]) {
    if let Ok(entry) = RawEntry::parse(bytes.to_vec()) {
        assert_eq!(entry.as_bytes(), bytes);
        let mut header = Writer::new();
        entry.header().write(&mut header);
        assert!(bytes.starts_with(header.as_slice()));
    }
    if let Ok(entry) = ControlEntry::parse(bytes) {
        assert_eq!(entry.as_bytes(), bytes);
    }
    if let Ok(wraps) = Wraps::parse(bytes) {
        assert_eq!(wraps.to_bytes(), bytes);
    }
    if let Ok(message) = PairingMessage::parse(bytes) {
        assert_eq!(message.to_bytes(), bytes);
    }
    if let Ok(message) = MirrorMessage::parse(bytes) {
        assert_eq!(message.to_bytes(), bytes);
    }
    if let Ok(head) = SegmentHead::parse(bytes) {
        assert_eq!(head.as_bytes(), bytes);
        let entries = head.logs.iter().map(|log| log.last.0.get());
        assert!(head.entries() <= entries.fold(0, u64::saturating_add));
    }
    let mut reader = Reader::new(bytes);
    if let Ok(checked) = Checked::read(&mut reader) {
        let mut writer = Writer::new();
        checked.write(&mut writer);
        assert!(bytes.starts_with(writer.as_slice()));
    }
    if let Ok(record) = InviteRecord::parse(bytes) {
        assert_eq!(record.to_bytes(), bytes);
    }
    if let Ok(entry) = RosterEntry::parse(bytes) {
        assert_eq!(entry.as_bytes(), bytes);
    }
    if let Ok(message) = EnrolMessage::parse(bytes) {
        assert_eq!(message.to_bytes(), bytes);
    }
    if let Ok(capsule) = Capsule::parse(bytes.to_vec()) {
        assert_eq!(capsule.as_bytes(), bytes);
    }
    if let Ok(content) = CapsuleContent::parse(bytes) {
        assert_eq!(content.to_bytes()[..], *bytes);
    }
    let mut reader = Reader::new(bytes);
    if let Ok(roster) = Roster::read(&mut reader) {
        let read = bytes.len() - reader.remaining();
        assert_eq!(roster.to_bytes(), bytes[..read]);
    }
    let _any = (
        Frontier::read(&mut Reader::new(bytes)).is_ok(),
        SignedFrontier::read(&mut Reader::new(bytes)).is_ok(),
        DeviceCard::read(&mut Reader::new(bytes)).is_ok(),
        RecoveryCard::read(&mut Reader::new(bytes)).is_ok(),
        [EntryVersion::One, EntryVersion::Two].map(|version| {
            Body::decode(
                version,
                ActorId::from_bytes([1; 16]),
                &DocumentTips::default(),
                bytes,
            )
            .is_ok()
        }),
        EntryPack::parse(bytes).is_ok(),
        unpad(bytes).is_some(),
        String::from_utf8_lossy(bytes).parse::<Ticket>().is_ok(),
        String::from_utf8_lossy(bytes)
            .parse::<MirrorTicket>()
            .is_ok(),
    );
    let mut frames = Vec::new();
    let mut reader = OfflineReader::default();
    let notebook = hearth_core::ids::NotebookId::ZERO;
    let _any_frame = reader.read(notebook, bytes).is_ok();
    let device = DeviceSecrets::from_seeds([1, 2, 3].map(|seed| Secret::from_bytes([seed; 32])));
    let mut opener = BundleOpener::new(Arc::new(device));
    assert!(opener.push(bytes, true, &mut frames).is_err());
    let mut wire = WireDecoder::default();
    let mut reader = Reader::new(bytes);
    while reader.remaining() > 0 && wire.decode(&mut reader).is_ok() {}
}

/// Real bytes of every kind, to be altered.
fn samples() -> Vec<Vec<u8>> {
    let Pair {
        mut writer,
        entries,
        controls,
        wraps,
        ..
    } = pair(20);
    writer.saved();
    let mut samples: Vec<Vec<u8>> = controls
        .iter()
        .map(|entry| entry.as_bytes().to_vec())
        .collect();
    samples.extend(entries.iter().map(|entry| entry.as_bytes().to_vec()));
    samples.push(wraps.to_bytes());
    let (mut encoder, mut wire) = (WireEncoder::default(), Writer::new());
    for entry in &entries {
        encoder.encode(entry, &mut wire);
    }
    samples.push(wire.into_bytes());
    let mut frontier = Writer::new();
    writer.sign_frontier().write(&mut frontier);
    samples.push(frontier.as_slice().to_vec());
    samples.push(
        PairingMessage::Welcome {
            frontier: frontier.into_bytes(),
        }
        .to_bytes(),
    );
    samples.push(PairingMessage::Controls(vec![controls[1].as_bytes().to_vec()]).to_bytes());
    let asked = MirrorMessage::ask(
        writer.notebook(),
        &MirrorPass::from_bytes([1; 16]),
        &[2; 32],
        controls.iter().take(2).map(ControlEntry::as_bytes),
    );
    samples.extend(asked.iter().map(MirrorMessage::to_bytes));
    samples.extend(capsule_samples());
    let device = DeviceSecrets::random(&mut ChaCha20Rng::seed_from_u64(21));
    let logs = writer.frontier().logs.iter();
    let logs = logs.map(|(log, last)| SegmentLog {
        log: *log,
        first: Seq::new(1),
        last: *last,
    });
    let place = (1, SegmentHash::ZERO);
    let head = SegmentHead::sign(writer.notebook(), place, logs.collect(), &[1, 2], &device);
    samples.push(head.as_bytes().to_vec());
    let mut checked = Writer::new();
    let segment = (1, head.hash(writer.notebook()));
    Checked::sign(writer.notebook(), segment, &device).write(&mut checked);
    samples.push(checked.into_bytes());
    samples
}

fn capsule_samples() -> [Vec<u8>; 3] {
    let mut random = ChaCha20Rng::seed_from_u64(20);
    let recovery = RecoverySecrets::from_phrase(&RecoveryPhrase::random(&mut random));
    let device = DeviceSecrets::random(&mut random);
    let content = CapsuleContent {
        roster: Roster::found(&recovery, &device),
        name: "Ana".to_owned(),
        contacts: Vec::new(),
        notebooks: Vec::new(),
        mirrors: vec![vec![1, 2]],
        keys: Vec::new(),
        journals: Vec::new(),
    };
    let card = recovery.card();
    let capsule = Capsule::seal(&content, &card, &device, (1, 2), &mut random).unwrap();
    let part = EnrolMessage::Capsule {
        is_last: true,
        bytes: vec![1; 9],
    };
    [
        content.to_bytes().to_vec(),
        capsule.as_bytes().to_vec(),
        part.to_bytes(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_decode_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        decode_all(&bytes);
    }

    #[test]
    fn any_bytes_after_a_known_first_byte_decode_without_panic(
        kind in 0..20_u8,
        bytes in proptest::collection::vec(prop_oneof![Just(0_u8), Just(1), any::<u8>()], 0..300),
    ) {
        decode_all(&[&[kind], &bytes[..]].concat());
    }
}

#[test]
fn altered_real_bytes_decode_without_panic() {
    for sample in samples() {
        decode_all(&sample);
        // The front holds the counts and lengths; the rest is mostly keys and hashes.
        for at in (0..sample.len().min(400)).chain((400..sample.len()).step_by(97)) {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut changed = sample.clone();
                changed[at] = value;
                decode_all(&changed);
            }
            decode_all(&sample[..at]);
            decode_all(&sample[at..]);
        }
    }
}

#[test]
fn wire_entries_come_back_byte_for_byte_in_their_short_form() {
    let Pair { entries, .. } = pair(21);
    let (mut encoder, mut writer) = (WireEncoder::default(), Writer::new());
    let mut sizes = Vec::new();
    for entry in &entries {
        let before = writer.len();
        encoder.encode(entry, &mut writer);
        sizes.push(writer.len() - before);
    }
    assert!(sizes[0] > entries[0].as_bytes().len());
    assert!(sizes[1] + 150 < entries[1].as_bytes().len(), "{sizes:?}");
    let bytes = writer.into_bytes();
    let (mut decoder, mut reader) = (WireDecoder::default(), Reader::new(&bytes));
    for entry in &entries {
        let read = decoder.decode(&mut reader).unwrap();
        assert_eq!(read.as_bytes(), entry.as_bytes());
    }
    reader.finish().unwrap();
}
