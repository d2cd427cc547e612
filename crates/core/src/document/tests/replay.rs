use automerge::marks::{ExpandMark, Mark};
use automerge::transaction::{CommitOptions, Transactable};
use automerge::{Automerge, ObjId, ObjType, ROOT, ReadDoc};
use proptest::prelude::*;

use super::script::{Random, automerge_actor};
use crate::document::replay::replay;
use crate::document::{Change, scan};

/// A note with a mark, deleted characters and characters of all widths, by two people.
fn note() -> (Automerge, ObjId) {
    let mut document = Automerge::new().with_actor(automerge_actor(1));
    let mut transaction = document.transaction();
    let text = transaction
        .put_object(ROOT, "notes", ObjType::Text)
        .unwrap();
    transaction
        .splice_text(&text, 0, 0, "A note: żółw 🙂 e\u{301} and what follows it.")
        .unwrap();
    let mark = Mark::new("bold".to_owned(), true, 2, 9);
    transaction.mark(&text, mark, ExpandMark::Both).unwrap();
    transaction.commit();
    document.set_actor(automerge_actor(2));
    let mut transaction = document.transaction();
    transaction.splice_text(&text, 4, 3, "xy").unwrap();
    transaction.commit();
    (document, text)
}

fn splice(document: &mut Automerge, text: &ObjId, at: usize, delete: usize, typed: &str) -> Change {
    let mut transaction = document.transaction();
    transaction
        .splice_text(text, at, delete.cast_signed(), typed)
        .unwrap();
    transaction.commit_with(CommitOptions::default().with_time(1_790_000_123));
    scan(document.get_last_local_change().unwrap().raw_bytes()).unwrap()
}

fn slowly(document: &Automerge, change: &Change) -> Automerge {
    let mut copy = document.clone();
    copy.apply_changes([automerge::Change::try_from(change.bytes()).unwrap()])
        .unwrap();
    copy
}

#[test]
fn what_people_type_is_taken_the_quick_way() {
    let (document, text) = note();
    let len = document.length(&text);
    for (at, delete, typed) in [
        (0, 0, "x"),
        (len, 0, "x"),
        (5, 0, "ü"),
        (7, 1, ""),
        (3, 0, "hello"),
        (10, 4, "other"),
    ] {
        let mut writer = document.clone().with_actor(automerge_actor(3));
        let change = splice(&mut writer, &text, at, delete, typed);
        let quick = replay(&document, None, core::iter::once(&change));
        let quick = quick.unwrap_or_else(|| panic!("{at} {delete} {typed:?} took the slow way"));
        assert_eq!(quick.save(), slowly(&document, &change).save());
        assert_eq!(quick.get_actor(), document.get_actor());
    }
}

#[test]
fn what_was_typed_elsewhere_meanwhile_is_not_replayed() {
    let (document, text) = note();
    let mut writer = document.clone().with_actor(automerge_actor(3));
    let mut other = document.clone().with_actor(automerge_actor(4));
    let change = splice(&mut writer, &text, 5, 0, "x");
    splice(&mut other, &text, 5, 0, "y");
    assert!(replay(&other, None, core::iter::once(&change)).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_quick_way_and_the_slow_way_end_alike(seed: u64) {
        let (mut document, text) = note();
        let mut random = Random::new(seed);
        for _ in 0..40 {
            let mut writer = document.clone().with_actor(automerge_actor(random.below(5) as u8));
            let len = document.length(&text);
            let at = random.below(len + 1);
            let delete = random.below(4).min(len - at);
            let words = ["x", "", "żółw 🙂", "e\u{301}", "\n\n- ", "🏳️‍🌈"];
            let typed = words[random.below(words.len())];
            if delete == 0 && typed.is_empty() {
                continue;
            }
            let change = splice(&mut writer, &text, at, delete, typed);
            let slow = slowly(&document, &change);
            if let Some(quick) = replay(&document, None, core::iter::once(&change)) {
                prop_assert_eq!(quick.save(), slow.save());
                prop_assert_eq!(quick.text(&text), slow.text(&text));
                prop_assert_eq!(quick.marks(&text), slow.marks(&text));
                document = quick;
            } else {
                document = slow;
            }
        }
    }
}
