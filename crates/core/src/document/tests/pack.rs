use std::collections::BTreeMap;

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{Automerge, ChangeHash, ROOT};
use proptest::prelude::*;

use super::script::{Script, automerge_actor, changes};
use crate::document::pack::{Histories, Section, UnpackError, pack, unpack};
use crate::document::{Change, Context, DocumentId, scan, strip};
use crate::limits::{PACK_CHANGES_MAX, PACK_OPERATIONS_MAX};

fn document(number: u8) -> DocumentId {
    DocumentId::from_bytes([number; 16])
}

/// A document that some writers made, cut into sections of these lengths.
fn cut(seed: u64, writers: u8, number: u8, lengths: &[usize]) -> Vec<Section> {
    let mut rest = changes(&Script::new(seed, writers).run(60).merged());
    let mut sections = Vec::new();
    for length in lengths {
        let tail = rest.split_off((*length).min(rest.len()));
        sections.push((document(number), std::mem::replace(&mut rest, tail)));
    }
    sections.push((document(number), rest));
    sections.retain(|(_, changes)| !changes.is_empty());
    sections
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn changes_come_back_byte_for_byte_in_any_number_of_packs(
        seed: u64,
        writers in 1_u8..5,
        lengths in proptest::collection::vec(1_usize..30, 0..4),
        packs in 1_usize..4,
    ) {
        let mut sections = cut(seed, writers, 1, &lengths);
        sections.extend(cut(seed.wrapping_add(1), writers, 2, &lengths));
        let (mut writer, mut reader) = (Histories::new(), Histories::new());
        for part in sections.chunks(sections.len().div_ceil(packs)) {
            let packed = pack(part, &mut writer).unwrap();
            prop_assert_eq!(unpack(&packed, &mut reader).unwrap(), part);
        }
    }

    #[test]
    fn what_is_packed_without_the_beginning_names_what_it_builds_on(seed: u64, from in 0_usize..40) {
        let all = changes(&Script::new(seed, 3).run(60).merged());
        let part = vec![(document(1), all[from.min(all.len() - 1)..].to_vec())];
        let packed = pack(&part, &mut Histories::new()).unwrap();
        prop_assert_eq!(unpack(&packed, &mut Histories::new()).unwrap(), part);
    }

    #[test]
    fn a_damaged_pack_never_gives_other_changes_under_the_same_hashes(
        at: prop::sample::Index,
        bit in 0_u8..8,
    ) {
        let sections = cut(7, 2, 1, &[20]);
        let hashes: Vec<ChangeHash> = hashes(&sections);
        let text = text_of(&sections);
        let mut damaged = text.clone();
        *at.get_mut(&mut damaged) ^= 1 << bit;
        if let Ok(other) = unpack(&compressed(&damaged), &mut Histories::new())
            && self::hashes(&other) == hashes
        {
            prop_assert_eq!(other, sections);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for packed in [bytes.clone(), compressed(&bytes)] {
            if let Ok(sections) = unpack(&packed, &mut Histories::new()) {
                for change in sections.iter().flat_map(|(_, changes)| changes) {
                    prop_assert_eq!(scan(change.bytes()), Ok(change.clone()));
                }
            }
        }
    }
}

fn hashes(sections: &[Section]) -> Vec<ChangeHash> {
    let changes = sections.iter().flat_map(|(_, changes)| changes);
    changes.map(|change| change.facts().hash).collect()
}

/// The text of a pack before compression, behind its length.
fn text_of(sections: &[Section]) -> Vec<u8> {
    let packed = pack(sections, &mut Histories::new()).unwrap();
    let frame = packed.iter().position(|byte| *byte < 0x80).unwrap() + 1;
    zstd::bulk::decompress(&packed[frame..], 1 << 22).unwrap()
}

fn compressed(text: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    crate::document::leb::write_unsigned(&mut packed, text.len() as u64);
    packed.extend(zstd::bulk::compress(text, 1).unwrap());
    packed
}

/// A session's notes typed at two places, as commits of a few dozen characters.
fn typed(commits: usize) -> Vec<Change> {
    let mut notes = Automerge::new().with_actor(automerge_actor(1));
    let mut transaction = notes.transaction();
    let text = transaction
        .put_object(ROOT, "notes", automerge::ObjType::Text)
        .unwrap();
    transaction.commit();
    for commit in 0..commits {
        let words = format!("commit {commit} says something that nobody has said; ");
        let mut transaction = notes.transaction();
        let at = if commit % 4 == 0 { commit } else { commit * 40 };
        transaction.splice_text(&text, at, 0, &words).unwrap();
        let time = 1_800_000_000 + commit as i64 * 17;
        transaction.commit_with(CommitOptions::default().with_time(time));
    }
    changes(&notes)
}

#[test]
fn a_pack_is_a_fraction_of_the_changes_and_of_their_short_forms() {
    let changes = typed(400);
    let whole: usize = changes.iter().map(|change| change.bytes().len()).sum();
    let mut context: BTreeMap<_, Context> = BTreeMap::new();
    let mut short = 0;
    for change in &changes {
        let actor = change.facts().actor;
        let before = context
            .entry(actor)
            .or_insert_with(|| Context::first(actor));
        short += strip(change, before).len();
        *before = Context::after(change);
    }
    let packed = pack(&[(document(1), changes)], &mut Histories::new()).unwrap();
    println!(
        "{whole} bytes, {short} each by itself, {} packed",
        packed.len()
    );
    assert!(packed.len() * 5 < whole);
    assert!(packed.len() * 3 < short);
}

#[test]
fn a_change_that_came_before_is_refused() {
    let sections = cut(3, 2, 1, &[]);
    let packed = pack(&sections, &mut Histories::new()).unwrap();
    let mut known = Histories::new();
    assert_eq!(unpack(&packed, &mut known), Ok(sections));
    assert!(matches!(
        unpack(&packed, &mut known),
        Err(UnpackError::Malformed | UnpackError::Repeated(_) | UnpackError::Scan(_))
    ));
}

#[test]
fn more_than_a_pack_may_hold_is_refused_before_it_costs_anything() {
    let mut bomb = Vec::new();
    crate::document::leb::write_unsigned(&mut bomb, 1 << 40);
    bomb.extend(zstd::bulk::compress(&vec![0; 1 << 22], 19).unwrap());
    assert_eq!(
        unpack(&bomb, &mut Histories::new()),
        Err(UnpackError::Compression)
    );

    let typed = |length: usize| {
        let mut notes = Automerge::new().with_actor(automerge_actor(1));
        let mut transaction = notes.transaction();
        let text = transaction
            .put_object(ROOT, "notes", automerge::ObjType::Text)
            .unwrap();
        let words = "a".repeat(length);
        transaction.splice_text(&text, 0, 0, &words).unwrap();
        transaction.commit();
        changes(&notes).remove(0)
    };
    let long = typed(40_000);
    let count = PACK_OPERATIONS_MAX / long.facts().op_count + 1;
    let sections: Vec<Section> = (0..count)
        .map(|number| (document(number as u8), vec![long.clone()]))
        .collect();
    let packed = pack(&sections, &mut Histories::new()).unwrap();
    assert_eq!(
        unpack(&packed, &mut Histories::new()),
        Err(UnpackError::TooManyOperations)
    );

    let short = typed(1);
    let section = |number: usize| {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&(number as u64).to_be_bytes());
        (DocumentId::from_bytes(id), vec![short.clone()])
    };
    let sections: Vec<Section> = (0..=PACK_CHANGES_MAX).map(section).collect();
    let packed = pack(&sections, &mut Histories::new()).unwrap();
    assert_eq!(
        unpack(&packed, &mut Histories::new()),
        Err(UnpackError::TooManyChanges)
    );
    let packed = pack(&sections[1..], &mut Histories::new()).unwrap();
    assert_eq!(
        unpack(&packed, &mut Histories::new()).as_deref(),
        Ok(&sections[1..])
    );
}
