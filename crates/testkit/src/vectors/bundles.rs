//! Bundles: sealed to one device, and to more than the fewest places.

use std::sync::Arc;

use hearth_core::bundle::{BundleForm, BundleHead, BundleSealError, BundleSealer};
use hearth_core::crypto::SealingKey;
use hearth_core::frontier::{Frontier, SignedFrontier};
use hearth_core::identity::DeviceSecrets;
use hearth_core::ids::{DeviceId, EntryHash, Incarnation, LogId, NotebookId, Seq};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::{Vector, VectorFile};

/// When the stored bundles were made.
const MADE_MS: u64 = 1_800_000_000_000;

pub(super) fn make() -> VectorFile {
    let kinds = [
        ("one", 1, BundleForm::Lacking),
        ("five", 5, BundleForm::Whole),
    ];
    VectorFile {
        name: "bundles",
        vectors: kinds.into_iter().flat_map(|kind| of_kind(&kind)).collect(),
    }
}

/// The keys of the last device that a bundle is for, its frames, and the bundle.
fn of_kind((name, recipients, form): &(&str, usize, BundleForm)) -> Vec<Vector> {
    let seed = *recipients as u64;
    let mut random = ChaCha20Rng::seed_from_u64(seed);
    let author = Arc::new(DeviceSecrets::random(&mut random));
    let devices: Vec<DeviceSecrets> = (0..*recipients)
        .map(|_| DeviceSecrets::random(&mut random))
        .collect();
    let keys: Vec<SealingKey> = devices
        .iter()
        .map(|device| device.card().sealing_key.clone())
        .collect();
    let input = seed.to_string();
    let mut vectors = Vec::new();
    if let Some(last) = devices.last() {
        let seeds = last.to_seeds();
        let bytes: Vec<u8> = seeds.iter().flat_map(|seed| *seed.expose()).collect();
        vectors.push(Vector::bytes(format!("device {name}"), &input, &bytes));
    }
    let frames = [vec![5; 300], vec![7, 8, 9], vec![1; 2_000]];
    for (place, frame) in frames.iter().enumerate() {
        let frame_name = format!("frame {place} {name}");
        vectors.push(Vector::bytes(frame_name, &input, frame));
    }
    let head = head(&author, *form);
    // What does not seal is missing, which the test of it notices.
    if let Ok(bundle) = sealed(&head, &keys, author, &frames, &mut random) {
        vectors.push(Vector::bytes(format!("bundle {name}"), &input, &bundle));
    }
    vectors
}

fn head(author: &DeviceSecrets, form: BundleForm) -> BundleHead {
    let notebook = NotebookId::from_bytes([3; 32]);
    let log = LogId {
        device: DeviceId::from_bytes([4; 32]),
        incarnation: Incarnation::from_bytes([5; 16]),
    };
    let mut frontier = Frontier {
        control_digest: [6; 32],
        ..Frontier::default()
    };
    let tip = (Seq::new(700), EntryHash::from_bytes([8; 32]));
    frontier.set_tips(log, vec![tip]);
    BundleHead {
        notebook,
        device: author.card().clone(),
        made_ms: MADE_MS,
        form,
        frontier: SignedFrontier::sign(notebook, 9, frontier, author),
    }
}

fn sealed(
    head: &BundleHead,
    keys: &[SealingKey],
    author: Arc<DeviceSecrets>,
    frames: &[Vec<u8>],
    random: &mut ChaCha20Rng,
) -> Result<Vec<u8>, BundleSealError> {
    let (mut sealer, mut bundle) = BundleSealer::new(head, keys, author, random)?;
    for frame in frames {
        bundle.extend(sealer.push(frame)?);
    }
    while let Some(more) = sealer.finish()? {
        bundle.extend(more);
    }
    Ok(bundle)
}
