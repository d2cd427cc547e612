//! Files cut, sealed, named and checked.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::crypto::Secret;

const KEY: [u8; 32] = [7; 32];

/// A file of a length, in whatever stretches it is read; its chunks in order, and what it came to.
fn sealed(plain: &[u8], stretch: usize) -> (Vec<(Piece, Vec<u8>)>, SealedFile) {
    let mut sealer = FileSealer::new(Secret::from_bytes(KEY));
    let mut chunks = Vec::new();
    for bytes in plain.chunks(stretch.max(1)) {
        chunks.extend(sealer.push(bytes).unwrap());
    }
    let file = sealer.finish().unwrap();
    chunks.push(file.last.clone());
    (chunks, file)
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|place| (place * 7 % 251) as u8).collect()
}

#[test]
fn a_file_of_any_length_comes_out_as_it_went_in() {
    let chunk = FILE_CHUNK_BYTES;
    for length in [0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk, 2 * chunk + 77] {
        let plain = pattern(length);
        let (chunks, file) = sealed(&plain, 100_003);
        let hashes = FileHashes::check(file.list.clone(), file.root, file.bytes).unwrap();
        assert_eq!(chunks.len() as u32, chunks_of(file.bytes).unwrap());
        let mut opened = Vec::new();
        for (piece, bytes) in &chunks {
            assert!(hashes.is_piece(*piece, bytes));
            opened.extend(open_chunk(&file.key, file.bytes, *piece, bytes).unwrap());
        }
        assert_eq!(opened, plain);
        assert_eq!(file.hash, *blake3::hash(&plain).as_bytes());
    }
}

#[test]
fn how_a_file_is_read_does_not_change_what_it_becomes() {
    let plain = pattern(FILE_CHUNK_BYTES + 500);
    let (_, at_once) = sealed(&plain, usize::MAX);
    let (_, in_bits) = sealed(&plain, 4_096);
    assert_eq!(at_once.root, in_bits.root);
}

#[test]
fn chunks_in_another_place_cut_or_altered_are_refused() {
    let plain = pattern(2 * FILE_CHUNK_BYTES + 10);
    let (chunks, file) = sealed(&plain, FILE_CHUNK_BYTES);
    let hashes = FileHashes::check(file.list.clone(), file.root, file.bytes).unwrap();
    let open = |piece, bytes: &[u8]| open_chunk(&file.key, file.bytes, piece, bytes);
    let [(_, first), (_, second), (_, last)] = chunks.as_slice() else {
        panic!("three chunks");
    };
    for (piece, bytes) in [
        (1, second),
        (2, first),
        (3, first),
        (1, last),
        (0, first),
        (4, last),
    ] {
        assert!(!hashes.is_piece(piece, bytes), "{piece}");
        assert!(open(piece, bytes).is_err(), "{piece}");
    }
    let cut = &first[..first.len() - 1];
    assert!(!hashes.is_piece(1, cut) && open(1, cut).is_err());
    let mut altered = second.clone();
    altered[1_000] ^= 1;
    assert!(!hashes.is_piece(2, &altered) && open(2, &altered).is_err());
    // The same bytes as the end of a shorter file: a chunk says whether it is the last one.
    let shorter = 2 * FILE_CHUNK_BYTES as u64;
    assert!(open_chunk(&file.key, shorter, 2, second).is_err());
    assert!(FileHashes::check(file.list.clone(), file.root, shorter).is_none());
    assert!(FileHashes::check(file.list[..64].to_vec(), file.root, file.bytes).is_none());
    let other = Secret::from_bytes([8; 32]);
    assert!(open_chunk(&other, file.bytes, 1, first).is_err());
}

#[test]
fn a_file_beyond_the_limit_is_refused() {
    assert_eq!(
        chunks_of(FILE_BYTES_MAX).map(|it| it as usize),
        Some(crate::limits::FILE_CHUNKS_MAX)
    );
    assert_eq!(chunks_of(FILE_BYTES_MAX + 1), None);
    assert_eq!(chunks_of(0), Some(1));
}

proptest! {
    #[test]
    fn what_is_kept_is_read_as_it_was_written(bytes in 0..=FILE_BYTES_MAX, here in prop::collection::vec(any::<u32>(), 0..40)) {
        let mut held = HeldFile::awaited(FileRoot::from_bytes([3; 32]), bytes, 5);
        let mut noted = std::collections::BTreeSet::new();
        for piece in here {
            let piece = piece % (held.pieces() + 2);
            held.note(piece, true);
            if piece < held.pieces() {
                noted.insert(piece);
            }
        }
        prop_assert_eq!(held.here() as usize, noted.len());
        prop_assert_eq!(held.end(), noted.last().map_or(0, |last| last + 1));
        let read = HeldFile::decode(&held.encode()).unwrap();
        prop_assert_eq!(&read, &held);
        for piece in &noted {
            held.note(*piece, false);
        }
        prop_assert_eq!(held.here(), 0);
    }

    #[test]
    fn no_bytes_are_a_record_by_accident(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        if let Ok(held) = HeldFile::decode(&bytes) {
            prop_assert_eq!(HeldFile::decode(&held.encode()), Ok(held));
        }
    }
}
