use std::collections::{BTreeSet, VecDeque};

use automerge::ChangeHash;
use proptest::prelude::*;

use super::script::{Random, Script, actor, changes};
use crate::document::{Change, Document, DocumentId, DocumentSet, EntryChanges, Outcome, Refusal};

const NOTE: DocumentId = DocumentId::from_bytes([7; 16]);

fn entry(change: Change) -> EntryChanges {
    EntryChanges {
        actor: change.facts().actor,
        changes: vec![(NOTE, change)],
    }
}

/// Groups changes into entries of one actor each, keeping causal order within the entry.
fn entries(changes: Vec<Change>, random: &mut Random) -> Vec<EntryChanges> {
    let mut entries: Vec<EntryChanges> = Vec::new();
    for change in changes {
        match entries.last_mut() {
            Some(last) if last.actor == change.facts().actor && random.below(2) == 0 => {
                last.changes.push((NOTE, change));
            }
            _ => entries.push(entry(change)),
        }
    }
    entries
}

fn shuffle<T>(items: &mut [T], random: &mut Random) {
    for at in (1..items.len()).rev() {
        items.swap(at, random.below(at + 1));
    }
}

fn heads(set: &DocumentSet) -> Vec<ChangeHash> {
    set.get(&NOTE)
        .map(automerge::Automerge::get_heads)
        .unwrap_or_default()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn replicas_converge_whatever_the_order_and_batches(seed: u64) {
        let merged = Script::new(seed, 4).run(60).merged();
        let mut random = Random::new(seed ^ 1);
        let mut saved = Vec::new();
        for _ in 0..2 {
            let mut waiting = entries(changes(&merged), &mut random);
            shuffle(&mut waiting, &mut random);
            let mut waiting: VecDeque<_> = waiting.into();
            let mut set = DocumentSet::new();
            let mut rounds = 0;
            while !waiting.is_empty() {
                rounds += 1;
                prop_assert!(rounds < 10_000, "entries wait for ever");
                let size = (1 + random.below(20)).min(waiting.len());
                let batch: Vec<_> = waiting.drain(..size).collect();
                let mut stopped = BTreeSet::new();
                for (entry, outcome) in batch.iter().zip(set.apply(&batch)) {
                    match outcome {
                        Outcome::Applied => {}
                        Outcome::Waiting { missing } => {
                            let is_first = stopped.insert(entry.actor);
                            prop_assert_eq!(missing.is_empty(), !is_first);
                            for (id, hash) in &missing {
                                prop_assert!(*id == NOTE && merged.get_change_meta_by_hash(hash).is_some());
                            }
                            waiting.push_back(entry.clone());
                        }
                        Outcome::Refused(refusal) => prop_assert!(false, "refused: {refusal}"),
                    }
                }
            }
            prop_assert_eq!(heads(&set), merged.get_heads());
            let document = set.document(&NOTE).unwrap();
            let loaded = Document::load(&document.save()).unwrap();
            prop_assert_eq!(loaded.automerge().get_heads(), merged.get_heads());
            let tips: Vec<_> = loaded.tips().collect();
            prop_assert_eq!(tips, document.tips().collect::<Vec<_>>());
            saved.push(document.automerge().hydrate(None));
        }
        prop_assert_eq!(&saved[0], &saved[1]);
        prop_assert_eq!(&saved[0], &merged.hydrate(None));
    }
}

#[test]
fn an_entry_is_applied_whole_or_not_at_all() {
    let merged = Script::new(3, 1).run(12).merged();
    let all = changes(&merged);
    let other = DocumentId::from_bytes([8; 16]);
    let mut set = DocumentSet::new();
    // The second change is not the first of its document, so it waits and takes the first along.
    let split = EntryChanges {
        actor: actor(0),
        changes: vec![(NOTE, all[0].clone()), (other, all[1].clone())],
    };
    let outcomes = set.apply(&[split]);
    assert_eq!(
        outcomes,
        [Outcome::Waiting {
            missing: vec![(other, all[0].facts().hash)]
        }]
    );
    assert!(set.get(&NOTE).is_none() && set.get(&other).is_none());
}

#[test]
fn an_entry_that_is_here_already_is_applied_again() {
    let all = changes(&Script::new(3, 1).run(12).merged());
    let batch: Vec<_> = all.into_iter().map(entry).collect();
    let mut set = DocumentSet::new();
    assert!(
        set.apply(&batch)
            .iter()
            .all(|outcome| *outcome == Outcome::Applied)
    );
    let before = set.document(&NOTE).unwrap().save();
    assert!(
        set.apply(&batch)
            .iter()
            .all(|outcome| *outcome == Outcome::Applied)
    );
    assert_eq!(set.document(&NOTE).unwrap().save(), before);
}

#[test]
fn another_actors_change_is_refused_as_forged() {
    let all = changes(&Script::new(3, 1).run(3).merged());
    let forged = EntryChanges {
        actor: actor(9),
        changes: vec![(NOTE, all[0].clone())],
    };
    let mut set = DocumentSet::new();
    assert_eq!(
        set.apply(&[forged]),
        [Outcome::Refused(Refusal::ForgedActor)]
    );
    assert!(set.get(&NOTE).is_none());
}

#[test]
fn two_changes_of_one_number_and_a_gap_are_refused() {
    let first = changes(&Script::new(3, 1).run(8).merged());
    let second = changes(&Script::new(4, 1).run(8).merged());
    assert_eq!(
        first[0], second[0],
        "both scripts begin with the same change"
    );
    let mut set = DocumentSet::new();
    set.apply(&[entry(first[0].clone()), entry(first[1].clone())]);
    let before = set.document(&NOTE).unwrap().save();
    assert_eq!(
        set.apply(&[entry(second[1].clone())]),
        [Outcome::Refused(Refusal::DuplicateSeq { seq: 2 })]
    );
    // What builds on the refused change waits for it.
    assert!(matches!(
        &set.apply(&[entry(second[2].clone())])[..],
        [Outcome::Waiting { .. }]
    ));
    assert_eq!(set.document(&NOTE).unwrap().save(), before);
}
