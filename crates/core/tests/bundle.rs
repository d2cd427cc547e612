//! A bundle comes back frame by frame from whatever pieces it is read in, and every byte of it matters.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;

use hearth_core::bundle::{
    BundleForm, BundleFrame, BundleHead, BundleOpenError, BundleOpener, BundleSealError,
    BundleSealer,
};
use hearth_core::crypto::SealingKey;
use hearth_core::frontier::{Frontier, SignedFrontier};
use hearth_core::identity::DeviceSecrets;
use hearth_core::ids::{DeviceId, EntryHash, Incarnation, LogId, NotebookId, Seq};
use hearth_core::limits::{BUNDLE_PART_BYTES, BUNDLE_RECIPIENTS_MAX};
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

/// What stands before the parts where a bundle is for up to four devices.
const FRONT_BYTES: usize = 12 + 4 * 1168 + 16;

struct Writer {
    device: Arc<DeviceSecrets>,
    reader: Arc<DeviceSecrets>,
    random: ChaCha20Rng,
    /// Logs in the frontier that the head tells.
    logs: u8,
}

impl Writer {
    fn draw(seed: u64) -> Self {
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        Self {
            device: Arc::new(DeviceSecrets::random(&mut random)),
            reader: Arc::new(DeviceSecrets::random(&mut random)),
            random,
            logs: 1,
        }
    }

    fn head(&self) -> BundleHead {
        let mut frontier = Frontier::default();
        for number in 0..self.logs {
            for more in 0..16 {
                let log = LogId {
                    device: DeviceId::from_bytes([number; 32]),
                    incarnation: Incarnation::from_bytes([more; 16]),
                };
                frontier.set_tips(log, vec![(Seq::new(1), EntryHash::ZERO)]);
            }
        }
        let notebook = NotebookId::from_bytes([1; 32]);
        BundleHead {
            notebook,
            device: self.device.card().clone(),
            made_ms: 5,
            form: BundleForm::Lacking,
            frontier: SignedFrontier::sign(notebook, 1, frontier, &self.device),
        }
    }

    fn write_to(&mut self, keys: &[SealingKey], frames: &[Vec<u8>]) -> Vec<u8> {
        let head = self.head();
        let author = Arc::clone(&self.device);
        let begun = BundleSealer::new(&head, keys, author, &mut self.random);
        let (mut sealer, mut bundle) = begun.unwrap();
        for frame in frames {
            bundle.extend(sealer.push(frame).unwrap());
        }
        while let Some(more) = sealer.finish().unwrap() {
            bundle.extend(more);
        }
        bundle
    }

    fn write(&mut self, frames: &[Vec<u8>]) -> Vec<u8> {
        let key = self.reader.card().sealing_key.clone();
        self.write_to(&[key], frames)
    }

    /// Reads a bundle in pieces of one length; returns its frames, without the head.
    fn read(&self, bundle: &[u8], piece: usize) -> (Vec<Vec<u8>>, Result<(), BundleOpenError>) {
        let mut opener = BundleOpener::new(Arc::clone(&self.reader));
        let mut found = Vec::new();
        let mut result = Ok(());
        let mut pieces = bundle.chunks(piece).peekable();
        if pieces.peek().is_none() {
            result = opener.push(&[], true, &mut found);
        }
        while let Some(bytes) = pieces.next() {
            result = opener.push(bytes, pieces.peek().is_none(), &mut found);
            if result.is_err() {
                break;
            }
        }
        assert_eq!(result.is_ok(), opener.has_ended());
        let mut frames = Vec::new();
        for (place, frame) in found.into_iter().enumerate() {
            match frame {
                BundleFrame::Head(head) => {
                    assert_eq!((place, &*head), (0, &self.head()));
                }
                BundleFrame::Frame(frame) => frames.push(frame),
            }
        }
        (frames, result)
    }
}

fn frames_of(lengths: &[usize], random: &mut ChaCha20Rng) -> Vec<Vec<u8>> {
    let draw = |length: &usize| {
        let mut frame = vec![0; *length];
        random.fill_bytes(&mut frame);
        frame
    };
    lengths.iter().map(draw).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn frames_come_back_whatever_their_lengths_and_the_pieces(
        lengths in proptest::collection::vec(
            prop_oneof![1_usize..100, 200_000_usize..300_000, Just(BUNDLE_PART_BYTES - 80)],
            0..6,
        ),
        piece in prop_oneof![1_usize..5_000, 100_000_usize..2_000_000],
    ) {
        let mut writer = Writer::draw(1);
        let frames = frames_of(&lengths, &mut writer.random);
        let bundle = writer.write(&frames);
        prop_assert_eq!(writer.read(&bundle, piece.max(bundle.len() / 400)), (frames, Ok(())));
    }

    #[test]
    fn what_is_cut_off_gives_the_frames_before_and_says_so(cut in 0_usize..900_000) {
        let mut writer = Writer::draw(2);
        let frames = frames_of(&[300_000, 5, 400_000, 20], &mut writer.random);
        let bundle = writer.write(&frames);
        let cut = cut.min(bundle.len() - 1);
        let (read, result) = writer.read(&bundle[..cut], 70_000);
        prop_assert!(frames.starts_with(&read));
        let error = result.unwrap_err();
        prop_assert!(error.is_damage() || (cut < 8 && error == BundleOpenError::NoBundle));
    }
}

#[test]
fn every_byte_of_a_bundle_matters() {
    let mut writer = Writer::draw(3);
    let frames = frames_of(&[10, 300], &mut writer.random);
    let bundle = writer.write(&frames);
    let front = (0..FRONT_BYTES).step_by(97);
    for at in front.chain((FRONT_BYTES..bundle.len()).step_by(3)) {
        let mut altered = bundle.clone();
        altered[at] ^= 1 << (at % 8);
        let (read, result) = writer.read(&altered, altered.len());
        assert!(read.is_empty(), "byte {at}");
        assert!(result.is_err(), "byte {at}");
    }
    let longer = [&bundle[..], &[0]].concat();
    assert!(writer.read(&longer, 1_000_000).1.is_err());
}

#[test]
fn parts_that_are_moved_repeated_or_of_another_bundle_do_not_open() {
    let mut writer = Writer::draw(4);
    let frames = frames_of(&[600_000], &mut writer.random);
    let bundle = writer.write(&frames);
    let part = |number: usize| {
        let from = FRONT_BYTES + number * BUNDLE_PART_BYTES;
        &bundle[from..(from + BUNDLE_PART_BYTES).min(bundle.len())]
    };
    let front = &bundle[..FRONT_BYTES];
    let other = writer.write(&frames);
    let others = &other[FRONT_BYTES..FRONT_BYTES + BUNDLE_PART_BYTES];
    for parts in [
        [front, part(1), part(0), part(2)],
        [front, part(0), part(0), part(2)],
        [front, part(0), part(2), part(1)],
        [front, others, part(1), part(2)],
    ] {
        let (read, result) = writer.read(&parts.concat(), 1_000_000);
        assert!(read.is_empty());
        assert!(matches!(result, Err(BundleOpenError::Damaged { .. })));
    }
}

#[test]
fn a_frontier_of_more_than_a_part_comes_back() {
    let mut writer = Writer::draw(5);
    writer.logs = 250;
    let frames = frames_of(&[7], &mut writer.random);
    let bundle = writer.write(&frames);
    assert!(bundle.len() > FRONT_BYTES + BUNDLE_PART_BYTES);
    assert_eq!(writer.read(&bundle, 100_000), (frames, Ok(())));
}

#[test]
fn the_number_of_devices_shows_rounded_up() {
    let mut writer = Writer::draw(6);
    let key = writer.reader.card().sealing_key.clone();
    for (devices, places) in [(1, 4), (4, 4), (5, 8), (9, 16)] {
        let bundle = writer.write_to(&vec![key.clone(); devices], &[]);
        assert_eq!(u16::from_le_bytes([bundle[10], bundle[11]]), places);
        // Which place is whose does not show from where it stands.
        let wraps = &bundle[12..12 + usize::from(places) * 1168];
        assert!(wraps.chunks(1168).is_sorted());
        assert_eq!(writer.read(&bundle, bundle.len()), (Vec::new(), Ok(())));
    }
    let head = writer.head();
    let too_many = vec![key; BUNDLE_RECIPIENTS_MAX + 1];
    for (keys, error) in [
        (
            &too_many[..],
            BundleSealError::TooManyRecipients(too_many.len()),
        ),
        (&[], BundleSealError::NoRecipient),
    ] {
        let author = Arc::clone(&writer.device);
        let begun = BundleSealer::new(&head, keys, author, &mut writer.random);
        assert_eq!(begun.map(|_| ()), Err(error));
    }
}

#[test]
fn whoever_can_open_a_bundle_cannot_put_anything_into_it() {
    // The head names a device that did not sign the parts.
    let mut writer = Writer::draw(7);
    let mut head = writer.head();
    let somebody = DeviceSecrets::random(&mut writer.random);
    head.device = somebody.card().clone();
    let key = writer.reader.card().sealing_key.clone();
    let author = Arc::clone(&writer.device);
    let (mut sealer, mut bundle) =
        BundleSealer::new(&head, &[key], author, &mut writer.random).unwrap();
    while let Some(more) = sealer.finish().unwrap() {
        bundle.extend(more);
    }
    let mut opener = BundleOpener::new(Arc::clone(&writer.reader));
    let mut frames = Vec::new();
    let opened = opener.push(&bundle, true, &mut frames);
    assert!(matches!(opened, Err(BundleOpenError::Forged { .. })));
    assert!(frames.is_empty());
}
