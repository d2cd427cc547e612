//! Bundles: what somebody lacks of a notebook as one sealed file, for people with no network between them.
//!
//! A bundle carries the frames that a connection would: control entries, wraps, entries, packs. Whoever takes it
//! judges them as if a peer had sent them, so nothing in it has to be believed. The file is sealed to devices,
//! not under a key of the notebook: who lags behind opens it, and who was removed does not. In the clear stand
//! that it is a bundle, a number of places for recipients that is rounded up, and a length that is padded; no
//! person, device or notebook, and not who made it.
//!
//! Layout: `"hearthbd" ‖ version u8 ‖ suite u8 ‖ places u16 ‖ wraps, 1168 each, sorted ‖ check 16`, then parts.
//! A wrap is HPKE of the file's secret to one device; places that nobody needs are wraps to keys that were
//! thrown away. Each part is sealed under `HKDF(secret, "bundle key"; id)`, where the id is a hash of all before the parts, with its
//! number, and whether it is the last, in the nonce. What is sealed is the next piece of one stream of frames
//! (`length u32 ‖ bytes`, an empty one at the end, then zeros up to a padded length) and the signature of the
//! device that made the bundle over piece, number and file. The first frame is the [`BundleHead`], which says
//! which device that is.

mod head;
mod open;
mod seal;

pub use head::{BundleForm, BundleHead};
pub use open::{BundleFrame, BundleOpenError, BundleOpener};
pub use seal::{BundleSealError, BundleSealer};

use crate::crypto::{self, SIGNATURE_BYTES, TAG_BYTES, WRAP_OVERHEAD_BYTES};
use crate::ids::BundleId;
use crate::limits::BUNDLE_PART_BYTES;

/// What every bundle begins with.
const MAGIC: &[u8; 8] = b"hearthbd";

const VERSION: u8 = 1;

/// Length of the fixed front: magic, version, suite, number of places.
const FRONT_BYTES: usize = MAGIC.len() + 1 + 1 + 2;

/// Length of one place.
const WRAP_BYTES: usize = 32 + WRAP_OVERHEAD_BYTES;

/// Length of the checksum before the parts, which tells a damaged file from one for somebody else.
const CHECK_BYTES: usize = 16;

/// What one part holds of the stream.
const PIECE_BYTES: usize = BUNDLE_PART_BYTES - SIGNATURE_BYTES - TAG_BYTES;

/// The longest frame in a bundle: what a link takes as well.
const FRAME_BYTES_MAX: usize = crate::limits::FRAME_BYTES_MAX + 4 * 1024;

/// HPKE info of a wrap.
fn wrap_info() -> Vec<u8> {
    let mut info = b"hearthside bundle".to_vec();
    info.extend([VERSION, crypto::SUITE]);
    info
}

fn check_of(header: &[u8]) -> [u8; CHECK_BYTES] {
    let hash = crypto::digest("hearthside 2026-11 bundle check", &[header]);
    let mut check = [0; CHECK_BYTES];
    check.copy_from_slice(&hash[..CHECK_BYTES]);
    check
}

fn id_of(header: &[u8]) -> BundleId {
    BundleId::from_bytes(crypto::digest("hearthside 2026-11 bundle id", &[header]))
}

/// Of a key that is used for one file only, so that numbers never repeat.
fn nonce_of(number: u64, is_last: bool) -> crypto::Nonce {
    let mut nonce = crypto::Nonce::default();
    nonce[..8].copy_from_slice(&number.to_le_bytes());
    nonce[8] = is_last.into();
    nonce
}

/// What the signature of a part covers.
fn signed_bytes(bundle: &BundleId, number: u64, is_last: bool, piece: &[u8]) -> [u8; 32] {
    crypto::digest(
        "hearthside 2026-11 bundle part",
        &[
            bundle.as_bytes(),
            &number.to_le_bytes(),
            &[is_last.into()],
            piece,
        ],
    )
}
