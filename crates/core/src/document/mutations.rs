//! Altered changes, short forms, packs and saved documents: refused, or read without panic.

use automerge::transaction::Transactable;
use automerge::{Automerge, ObjType, ROOT};
use proptest::prelude::*;

use super::pack::{Histories, unpack};
use super::{Context, Document, restore, scan, strip};
use crate::altered::{altered, cases, of_vectors};
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
        bytes in altered(of_vectors(include_str!("../../../testkit/vectors/packs.json"))),
    ) {
        let _either = unpack(&bytes, &mut Histories::default()).is_ok();
    }
}
