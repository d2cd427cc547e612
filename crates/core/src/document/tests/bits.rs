use automerge::transaction::{CommitOptions, Transactable};
use automerge::{Automerge, ObjType, ROOT};

use super::script::{actor, automerge_actor};
use crate::document::{Change, DocumentId, DocumentSet, EntryChanges, Outcome, scan};

const NOTE: DocumentId = DocumentId::from_bytes([7; 16]);

/// A document whose last change does a bit of everything.
fn fixture() -> (Vec<Change>, Change) {
    let mut document = Automerge::new().with_actor(automerge_actor(1));
    let mut transaction = document.transaction();
    let text = transaction
        .put_object(ROOT, "notes", ObjType::Text)
        .unwrap();
    transaction.splice_text(&text, 0, 0, "hello").unwrap();
    transaction.commit_with(CommitOptions::default().with_time(1_790_000_000));
    document.set_actor(automerge_actor(2));
    let mut transaction = document.transaction();
    transaction.splice_text(&text, 2, 1, "xyz").unwrap();
    let map = transaction.put_object(ROOT, "goal", ObjType::Map).unwrap();
    transaction.put(&map, "title", "Learn").unwrap();
    transaction.put(&map, "weight", 3).unwrap();
    transaction.commit_with(CommitOptions::default().with_time(1_790_000_009));
    let mut all: Vec<_> = document
        .get_changes(&[])
        .iter()
        .map(|change| scan(change.raw_bytes()).unwrap())
        .collect();
    let last = all.pop().unwrap();
    (all, last)
}

#[test]
fn every_flipped_bit_is_noticed() {
    let (base, last) = fixture();
    let mut set = DocumentSet::new();
    let base = EntryChanges {
        actor: actor(1),
        changes: base.into_iter().map(|change| (NOTE, change)).collect(),
    };
    assert_eq!(set.apply(&[base]), [Outcome::Applied]);
    let bits = last.bytes().len() * 8;
    for bit in 0..bits {
        let mut damaged = last.bytes().to_vec();
        damaged[bit / 8] ^= 1 << (bit % 8);
        // Without the checksum mended, the scan itself refuses every one.
        assert!(scan(&damaged).is_err(), "bit {bit}");
    }
}

#[test]
fn every_flipped_bit_under_a_mended_checksum_is_refused_or_is_another_change() {
    let (base, last) = fixture();
    let mut set = DocumentSet::new();
    let base = EntryChanges {
        actor: actor(1),
        changes: base.into_iter().map(|change| (NOTE, change)).collect(),
    };
    assert_eq!(set.apply(&[base]), [Outcome::Applied]);
    let before = set.document(&NOTE).unwrap().save();
    let (mut refused, mut waiting, mut applied) = (0, 0, 0);
    for bit in 64..last.bytes().len() * 8 {
        let mut damaged = last.bytes().to_vec();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let hash: [u8; 32] = sha2::Digest::finalize(
            <sha2::Sha256 as sha2::Digest>::new_with_prefix(&damaged[8..]),
        )
        .into();
        damaged[4..8].copy_from_slice(&hash[..4]);
        let Ok(change) = scan(&damaged) else {
            refused += 1;
            continue;
        };
        assert_ne!(change.facts().hash, last.facts().hash);
        let mut copy = set.clone();
        let entry = EntryChanges {
            actor: actor(2),
            changes: vec![(NOTE, change)],
        };
        match copy.apply(&[entry]).pop().unwrap() {
            Outcome::Applied => {
                applied += 1;
                let saved = copy.document(&NOTE).unwrap().save();
                assert!(
                    Automerge::load(&saved).is_ok(),
                    "bit {bit} saves what does not load"
                );
            }
            outcome => {
                assert_eq!(copy.document(&NOTE).unwrap().save(), before, "{outcome:?}");
                if matches!(outcome, Outcome::Waiting { .. }) {
                    waiting += 1
                } else {
                    refused += 1
                }
            }
        }
    }
    // Times, texts, numbers and names can change into other valid ones; unknown dependencies wait.
    assert!(
        refused > applied && waiting == 32 * 8,
        "{refused} {waiting} {applied}"
    );
}
