//! The signed export: one file that a stranger verifies without an identity.
//!
//! ```text
//! "hearthsg" 8 ‖ version u8 = 1 ‖ records
//! record = kind u8 ‖ length u32 ‖ bytes ‖ check 16
//! 1 statement: JSON, first: notebook, title, time, exporter, people, and how much of each there is
//! 2 control entry
//! 3 entry: its own key 48, zeros where the exporter has none ‖ the entry
//! 4 signature 64, last: of the exporter's device over the digest of everything before
//! ```
//!
//! The check is the first half of `H("signed export record"; number u64, kind, bytes)`: it tells where a byte was
//! changed. The digest is BLAKE3 in `derive_key` mode, `"hearthside 2026-11 signed export"`, over everything before the
//! last record; the signature covers `"hearthside signed export 1" ‖ digest`.
//!
//! Invariant: no key of an epoch of the notebook is in it. Each entry is opened by a key of its own, which opens no other.
//! Of a fork, the entries that hold its base are opened as well, and with them the keys of what it was forked from.

mod verify;
mod write;

pub use verify::verify;
pub(crate) use write::write;

use std::io::{self, Write};

const MAGIC: &[u8; 8] = b"hearthsg";
const VERSION: u8 = 1;
const DIGEST: &str = "hearthside 2026-11 signed export";
const STATEMENT: u8 = 1;
const CONTROL: u8 = 2;
const ENTRY: u8 = 3;
const SIGNATURE: u8 = 4;
/// Longest record: an entry of 768 KiB with its key, or a control entry of 256 KiB.
const RECORD_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of what tells where a byte was changed.
const CHECK_BYTES: usize = 16;

fn check(number: u64, kind: u8, bytes: &[u8]) -> [u8; CHECK_BYTES] {
    let whole = hearth_core::crypto::digest(
        "hearthside 2026-11 signed export record",
        &[&number.to_le_bytes(), &[kind], bytes],
    );
    let mut half = [0; CHECK_BYTES];
    half.copy_from_slice(whole.split_at(CHECK_BYTES).0);
    half
}

/// Hashes what passes.
struct Hashing<W> {
    out: W,
    hasher: blake3::Hasher,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
