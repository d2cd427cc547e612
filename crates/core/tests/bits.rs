//! Every bit matters: what was altered, cut, mixed or moved is refused, and the replica stays as it
//! was to the byte.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use hearth_core::control::{ControlEntry, ControlSet};
use hearth_core::epoch::Wraps;
use hearth_core::ids::NotebookId;
use hearth_core::log::RawEntry;
use hearth_core::replica::Replica;
use support::{NoDisk, Pair, Person, pair, state};

fn flipped(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    (0..bytes.len() * 8).map(|bit| {
        let mut changed = bytes.to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        (bit, changed)
    })
}

fn is_taken(replica: &mut Replica, bytes: Vec<u8>) -> bool {
    RawEntry::parse(bytes).is_ok_and(|entry| replica.ingest_entry(entry).is_ok())
}

#[test]
fn every_flipped_bit_of_an_entry_is_refused() {
    let Pair {
        mut reader,
        entries,
        ..
    } = pair(1);
    let before = state(&mut reader);
    for (bit, bytes) in flipped(entries[1].as_bytes()) {
        assert!(!is_taken(&mut reader, bytes), "bit {bit} was accepted");
    }
    assert_eq!(state(&mut reader), before);
    reader.ingest_entry(entries[1].clone()).unwrap();
    reader.advance(&NoDisk).unwrap();
    assert_ne!(state(&mut reader), before);
}

#[test]
fn every_truncation_and_extension_of_an_entry_is_refused() {
    let Pair {
        mut reader,
        entries,
        ..
    } = pair(2);
    let before = state(&mut reader);
    let bytes = entries[1].as_bytes();
    for len in 0..bytes.len() {
        assert!(!is_taken(&mut reader, bytes[..len].to_vec()), "{len} bytes");
        let end = bytes[len + 1..].to_vec();
        assert!(!is_taken(&mut reader, end), "without {} bytes", len + 1);
    }
    for more in [0, 1, 0xff] {
        assert!(!is_taken(&mut reader, [bytes, &[more]].concat()));
    }
    assert_eq!(state(&mut reader), before);
}

#[test]
fn parts_of_one_entry_do_not_fit_another() {
    let Pair {
        mut reader,
        entries,
        ..
    } = pair(3);
    let before = state(&mut reader);
    let (second, third) = (entries[1].as_bytes(), entries[2].as_bytes());
    assert_eq!(second.len(), third.len());
    // Tag, device, incarnation, seq, previous entry, epoch, head, nonce, ciphertext, signature.
    let header = 140 + 32 * entries[1].header().heads.len();
    let end = second.len();
    let parts = [
        4..20,
        20..52,
        52..68,
        68..76,
        76..108,
        108..140,
        140..header,
        header..header + 24,
        header + 28..end - 64,
        end - 64..end,
    ];
    for part in &parts {
        let mut mixed = second.to_vec();
        mixed[part.clone()].copy_from_slice(&third[part.clone()]);
        if mixed != second {
            assert!(!is_taken(&mut reader, mixed), "{part:?} of another entry");
        }
    }
    // Fields of one entry in each other's place.
    for (one, other) in [(20, 76), (20, 108), (76, 108), (108, 140), (20, 140)] {
        let mut swapped = second.to_vec();
        let (a, b) = (
            second[one..one + 32].to_vec(),
            second[other..other + 32].to_vec(),
        );
        swapped[one..one + 32].copy_from_slice(&b);
        swapped[other..other + 32].copy_from_slice(&a);
        let is_same = swapped == second;
        assert!(
            is_same || !is_taken(&mut reader, swapped),
            "{one} and {other} swapped"
        );
    }
    assert_eq!(state(&mut reader), before);
}

#[test]
fn an_entry_is_good_for_its_notebook_device_and_place_only() {
    let Pair {
        mut reader,
        entries,
        ..
    } = pair(4);
    let mut elsewhere = pair(5).reader;
    assert_ne!(reader.notebook(), elsewhere.notebook());
    let before = [state(&mut reader), state(&mut elsewhere)];
    assert!(elsewhere.ingest_entry(entries[1].clone()).is_err());
    // Moved over in the clear part: tag, device, place.
    let other_tag = *elsewhere.tag().as_bytes();
    let me = *reader.own_device().as_bytes();
    for (at, with) in [
        (4, &other_tag[..]),
        (20, &me[..]),
        (68, &[1; 8][..]),
        (68, &[3, 0][..]),
    ] {
        let mut moved = entries[1].as_bytes().to_vec();
        moved[at..at + with.len()].copy_from_slice(with);
        assert!(!is_taken(&mut reader, moved.clone()), "moved at {at}");
        assert!(!is_taken(&mut elsewhere, moved), "moved at {at}");
    }
    // The third does not go in before the second.
    assert!(reader.ingest_entry(entries[2].clone()).is_err());
    assert_eq!([state(&mut reader), state(&mut elsewhere)], before);
}

/// The set of all control entries but the last.
fn without_last(controls: &[ControlEntry]) -> ControlSet {
    let mut set = ControlSet::new(controls[0].clone()).unwrap();
    for entry in &controls[1..controls.len() - 1] {
        set.insert(entry.clone()).unwrap();
    }
    set
}

#[test]
fn every_flipped_bit_of_a_control_entry_is_refused() {
    let Pair { controls, .. } = pair(6);
    for last in 1..controls.len() {
        let mut set = without_last(&controls[..=last]);
        let before = format!("{:?} {}", set.digest(), set.waiting());
        for (bit, bytes) in flipped(controls[last].as_bytes()) {
            let refused = match ControlEntry::parse(&bytes) {
                Err(_) => true,
                Ok(entry) => set.insert(entry).is_err(),
            };
            assert!(refused, "bit {bit} of control entry {last} was accepted");
        }
        assert_eq!(format!("{:?} {}", set.digest(), set.waiting()), before);
        set.insert(controls[last].clone()).unwrap();
    }
}

#[test]
fn every_flipped_bit_of_a_create_entry_makes_no_notebook() {
    let Pair { controls, .. } = pair(7);
    for (bit, bytes) in flipped(controls[0].as_bytes()) {
        let refused =
            ControlEntry::parse(&bytes).map_or(true, |entry| ControlSet::new(entry).is_err());
        assert!(refused, "bit {bit} was accepted");
    }
}

#[test]
fn control_entries_are_cut_or_moved_in_vain() {
    let (here, elsewhere) = (pair(8), pair(9));
    let mut set = ControlSet::new(elsewhere.controls[0].clone()).unwrap();
    let digest = set.digest();
    for entry in &here.controls {
        assert!(set.insert(entry.clone()).is_err());
        for len in 0..entry.as_bytes().len() {
            assert!(ControlEntry::parse(&entry.as_bytes()[..len]).is_err());
        }
        assert!(ControlEntry::parse(&[entry.as_bytes(), &[0]].concat()).is_err());
    }
    assert_eq!((set.digest(), set.waiting()), (digest, 0));
}

#[test]
fn every_altered_wrap_is_refused() {
    let Pair {
        writer,
        controls,
        wraps,
        ..
    } = pair(10);
    let ben = Person::draw(2);
    let mut reader = Replica::join(ben.device, controls[0].clone()).unwrap();
    for entry in &controls[1..] {
        reader.ingest_control(entry.clone()).unwrap();
    }
    reader.saved();
    let before = state(&mut reader);
    let bytes = wraps.to_bytes();
    // One bit of each byte: all places of all wraps.
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        let refused = Wraps::parse(&changed).map_or(true, |wraps| !reader.ingest_wraps(wraps));
        assert!(refused, "byte {at} was accepted");
    }
    for len in 0..bytes.len() {
        assert!(Wraps::parse(&bytes[..len]).is_err());
    }
    // The wraps of the epoch before, under the name of this one.
    for old in writer
        .wraps()
        .values()
        .filter(|old| old.epoch != wraps.epoch)
    {
        let mut moved = old.to_bytes();
        moved[..32].copy_from_slice(wraps.epoch.as_bytes());
        assert!(!reader.ingest_wraps(Wraps::parse(&moved).unwrap()));
    }
    assert_eq!(state(&mut reader), before);
    assert!(reader.ingest_wraps(wraps));
}

#[test]
fn every_flipped_bit_of_a_signed_frontier_is_refused() {
    use hearth_core::codec::{Reader, Writer};
    use hearth_core::frontier::SignedFrontier;
    let Pair {
        mut writer, reader, ..
    } = pair(11);
    writer.saved();
    let signed = writer.sign_frontier();
    let (_, card) = reader.controls().device(&writer.own_device()).unwrap();
    let notebook = writer.notebook();
    assert!(signed.verify(notebook, &card.verify_key).is_ok());
    let other = NotebookId::from_bytes([1; 32]);
    assert!(signed.verify(other, &card.verify_key).is_err());
    let mut bytes = Writer::new();
    signed.write(&mut bytes);
    for (bit, bytes) in flipped(bytes.as_slice()) {
        let mut input = Reader::new(&bytes);
        let refused = match SignedFrontier::read(&mut input) {
            Err(_) => true,
            Ok(read) => input.finish().is_err() || read.verify(notebook, &card.verify_key).is_err(),
        };
        assert!(refused, "bit {bit} was accepted");
    }
}
