//! Altered changes, short forms, packs and saved documents: refused, or read without panic.

use automerge::transaction::Transactable;
use automerge::{Automerge, ObjType, ROOT};
use proptest::prelude::*;

use super::pack::{Histories, pack, unpack};
use super::{Context, Document, DocumentId, restore, scan, strip};
use crate::altered::{altered, cases};
use crate::ids::ActorId;

/// A document with a text, a list and some values, changed five times.
fn sample() -> Automerge {
    let mut document = Automerge::new().with_actor(automerge::ActorId::from([7; 16]));
    for turn in 0..5_i64 {
        let mut transaction = document.transaction();
        let (text, list) = (
            transaction.put_object(ROOT, "text", ObjType::Text).unwrap(),
            transaction.put_object(ROOT, "list", ObjType::List).unwrap(),
        );
        transaction.splice_text(&text, 0, 0, "Grüße, 世界").unwrap();
        transaction.insert(&list, 0, turn).unwrap();
        transaction.put(ROOT, "at", turn).unwrap();
        transaction.commit();
    }
    document
}

fn changes() -> Vec<Vec<u8>> {
    let changes = sample().get_changes(&[]);
    changes
        .iter()
        .map(|change| change.raw_bytes().to_vec())
        .collect()
}

fn short_forms() -> Vec<Vec<u8>> {
    let changes = changes();
    let scanned = changes.iter().map(|bytes| scan(bytes).unwrap());
    scanned
        .map(|change| strip(&change, &Context::first(ActorId::from_bytes([7; 16]))))
        .collect()
}

/// All changes of the sample as one pack.
fn packed() -> Vec<u8> {
    let changes = changes();
    let scanned = changes.iter().map(|bytes| scan(bytes).unwrap()).collect();
    let section = (DocumentId::from_bytes([3; 16]), scanned);
    pack(&[section], &mut Histories::default()).unwrap()
}

/// Takes the length, seven bits a byte, and what is compressed behind it.
fn text_of(pack: &[u8]) -> Vec<u8> {
    let head = pack.iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
    let length = pack[..head].iter().rev();
    let length = length.fold(0, |length, byte| length << 7 | usize::from(byte & 0x7f));
    zstd::bulk::decompress(&pack[head..], length).unwrap()
}

fn compressed(text: &[u8]) -> Vec<u8> {
    let mut pack = Vec::new();
    let mut length = text.len();
    while length > 0x7f {
        pack.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    pack.push(u8::try_from(length).unwrap());
    pack.extend(zstd::bulk::compress(text, 1).unwrap());
    pack
}

#[test]
fn what_is_compressed_again_gives_the_same_changes() {
    let mut histories = [Histories::default(), Histories::default()];
    let [one, other] = &mut histories;
    let again = compressed(&text_of(&packed()));
    assert_eq!(unpack(&packed(), one).map(|sections| sections.len()), Ok(1));
    assert_eq!(
        unpack(&again, other).map(|sections| sections[0].1.len()),
        Ok(changes().len())
    );
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn an_altered_change_is_refused_or_scanned_as_it_is(bytes in altered(changes())) {
        if let Ok(change) = scan(&bytes) {
            prop_assert_eq!(change.bytes(), &bytes[..]);
        }
    }

    #[test]
    fn an_altered_short_form_is_refused_or_gives_a_change_that_scans(bytes in altered(short_forms())) {
        if let Ok(change) = restore(&bytes, &Context::first(ActorId::from_bytes([7; 16]))) {
            prop_assert!(scan(change.bytes()).is_ok());
        }
    }

    #[test]
    fn an_altered_saved_document_is_refused_or_loaded(bytes in altered(vec![sample().save()])) {
        let _either = Document::load(&bytes).is_ok();
    }

    #[test]
    fn an_altered_pack_of_changes_is_refused_or_gives_changes_that_scan(
        bytes in altered(vec![packed()]),
    ) {
        let _either = unpack(&bytes, &mut Histories::default()).is_ok();
    }

    /// Whoever makes packs compresses what they like.
    #[test]
    fn what_is_altered_before_it_is_compressed_is_refused_or_gives_changes_that_scan(
        text in altered(vec![text_of(&packed())]),
    ) {
        if let Ok(sections) = unpack(&compressed(&text), &mut Histories::default()) {
            for change in sections.iter().flat_map(|(_, changes)| changes) {
                prop_assert!(scan(change.bytes()).is_ok());
            }
        }
    }
}
