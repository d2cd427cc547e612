//! An entry without its signature counts where a signed one further on in its log proves it, and nowhere else.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use hearth_core::crypto::SIGNATURE_BYTES;
use hearth_core::log::{EntryError, RawEntry};
use hearth_core::replica::{IngestError, Ingested, Replica};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use support::{NoDisk, Pair, pair, state, write};

fn bare(entry: &RawEntry) -> RawEntry {
    let bytes = entry.as_bytes();
    let bare = RawEntry::parse_any(bytes[..bytes.len() - SIGNATURE_BYTES].to_vec()).unwrap();
    assert!(bare.is_bare() && bare.hash() == entry.hash());
    bare
}

/// Takes entries in that came together; returns what became of each.
fn take(replica: &mut Replica, entries: &[RawEntry]) -> Vec<Result<Ingested, IngestError>> {
    let proven = replica.prove(entries);
    let taken = entries
        .iter()
        .map(|entry| replica.receive_among(entry.clone(), &proven, false, &NoDisk))
        .collect();
    replica.advance(&NoDisk).unwrap();
    taken
}

/// The reader lacks all of these but the first.
fn longer(seed: u64) -> (Replica, Vec<RawEntry>) {
    let Pair {
        mut writer,
        reader,
        mut entries,
        ..
    } = pair(seed);
    let mut random = ChaCha20Rng::seed_from_u64(seed);
    entries.extend((3..8).map(|number| write(&mut writer, number, &mut random)));
    (reader, entries)
}

#[test]
fn a_signed_entry_proves_all_that_came_before_it() {
    let (mut reader, entries) = longer(1);
    let (last, before) = entries[1..].split_last().unwrap();
    let mut sent: Vec<RawEntry> = before.iter().map(bare).collect();
    sent.push(last.clone());
    assert!(
        take(&mut reader, &sent)
            .iter()
            .all(|taken| *taken == Ok(Ingested::Kept))
    );
    assert_eq!(reader.waiting(), 0);
    let tips: Vec<_> = reader.frontier().logs.values().copied().collect();
    assert_eq!(tips, [(last.header().seq, last.hash())]);
    assert!(reader.set_aside().is_empty());
}

#[test]
fn nothing_is_proven_without_a_signature_or_over_a_gap() {
    let (mut reader, entries) = longer(2);
    let before = state(&mut reader);
    let refused = Err(IngestError::Entry(EntryError::Signature));
    let all_bare: Vec<RawEntry> = entries[1..].iter().map(bare).collect();
    assert_eq!(take(&mut reader, &all_bare)[0], refused);
    assert_eq!(take(&mut reader, &[bare(&entries[1])])[0], refused);
    // The one that names it is missing.
    let gap = [bare(&entries[1]), bare(&entries[3]), entries[4].clone()];
    assert_eq!(take(&mut reader, &gap)[0], refused);
    // The one that would prove it is not what its device signed.
    let mut bytes = entries[2].as_bytes().to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    let forged = RawEntry::parse(bytes).unwrap();
    assert_eq!(take(&mut reader, &[bare(&entries[1]), forged])[0], refused);
    assert_eq!(state(&mut reader), before);
}

#[test]
fn every_flipped_bit_of_a_bare_entry_is_refused() {
    let (mut reader, entries) = longer(3);
    let before = state(&mut reader);
    let bytes = bare(&entries[1]).as_bytes().to_vec();
    let mut tried = 0;
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        if let Ok(entry) = RawEntry::parse_any(changed) {
            let taken = take(&mut reader, &[entry, entries[2].clone()]);
            assert!(taken.iter().all(Result::is_err), "bit {bit}: {taken:?}");
            tried += 1;
        }
    }
    assert_eq!(state(&mut reader), before);
    assert!(tried > bytes.len() * 6, "{tried} of {}", bytes.len() * 8);
}

#[test]
fn an_entry_of_another_log_proves_nothing() {
    let (mut reader, entries) = longer(4);
    let before = state(&mut reader);
    let named: Vec<RawEntry> = vec![bare(&entries[1])];
    // The reader's own device signs an entry of its own log that names Ana's as the one before.
    let proven = reader.prove(&[named[0].clone(), reader_entry(4, &entries[1])]);
    let taken = reader.receive_among(named[0].clone(), &proven, false, &NoDisk);
    assert_eq!(taken, Err(IngestError::Entry(EntryError::Signature)));
    assert_eq!(state(&mut reader), before);
}

/// An entry that the reader's device signed as the next of a log of its own behind somebody else's entry.
fn reader_entry(seed: u64, behind: &RawEntry) -> RawEntry {
    use hearth_core::document::DocumentId;
    use hearth_core::ids::{Incarnation, LogId};
    use hearth_core::log::{DocumentTips, EntryKeys, VerifiedEntry};

    let Pair { writer, .. } = pair(seed);
    let ben = support::Person::draw(2);
    let epoch = writer.membership().current_epoch().unwrap();
    let keys = EntryKeys {
        device: &ben.device,
        epoch: (epoch, writer.keys().get(&epoch).unwrap()),
        heads: behind.header().heads.clone(),
    };
    let log = LogId {
        device: ben.device.id(),
        incarnation: Incarnation::from_bytes([9; 16]),
    };
    let changes: [(DocumentId, hearth_core::document::Change); 0] = [];
    let previous = (behind.header().seq, behind.hash());
    let tips = DocumentTips::default();
    let written =
        VerifiedEntry::write(writer.notebook(), log, previous, &tips, &changes, &keys).unwrap();
    written.0.into_raw()
}
