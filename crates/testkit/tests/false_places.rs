//! Changes that claim a false place in the history are refused, by every replica alike.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use automerge::transaction::Transactable;
use automerge::{Automerge, ObjId, ObjType, ROOT};
use hearth_core::document::{
    Change, ChangeHash, DocumentId, DocumentSet, EntryChanges, Outcome, Refusal, scan,
};
use hearth_testkit::adversary::Chunk;

const NOTE: DocumentId = DocumentId::from_bytes([7; 16]);
const ALICE: [u8; 16] = [0xa1; 16];
const MALLORY: [u8; 16] = [0x3a; 16];

fn typed(
    document: &mut Automerge,
    author: [u8; 16],
    text: &ObjId,
    at: usize,
    typed: &str,
) -> Change {
    document.set_actor(automerge::ActorId::from(author.as_slice()));
    let mut transaction = document.transaction();
    transaction.splice_text(text, at, 0, typed).unwrap();
    transaction.commit();
    scan(document.get_last_local_change().unwrap().raw_bytes()).unwrap()
}

/// A note by Alice with a line by Mallory, and the replica that holds it.
fn note() -> (Automerge, ObjId, DocumentSet) {
    let mut document = Automerge::new().with_actor(automerge::ActorId::from(ALICE.as_slice()));
    let mut transaction = document.transaction();
    let text = transaction
        .put_object(ROOT, "notes", ObjType::Text)
        .unwrap();
    transaction.splice_text(&text, 0, 0, "A note.").unwrap();
    transaction.commit();
    typed(&mut document, MALLORY, &text, 7, " Mine.");
    let mut set = DocumentSet::new();
    for change in document.get_changes(&[]) {
        let change = scan(change.raw_bytes()).unwrap();
        assert_eq!(apply(&mut set, change), Outcome::Applied);
    }
    (document, text, set)
}

fn apply(set: &mut DocumentSet, change: Change) -> Outcome {
    let entry = EntryChanges {
        actor: change.facts().actor,
        changes: vec![(NOTE, change)],
    };
    set.apply(&[entry]).pop().unwrap()
}

fn rewritten(change: &Change, rewrite: impl FnOnce(&mut Chunk)) -> Change {
    let mut chunk = Chunk::parse(change.bytes()).unwrap();
    assert_eq!(chunk.to_bytes(), change.bytes());
    rewrite(&mut chunk);
    scan(&chunk.to_bytes()).unwrap()
}

#[test]
fn a_number_left_out_is_refused_where_nothing_is_missing() {
    let (mut document, text, mut set) = note();
    let honest = typed(&mut document, MALLORY, &text, 3, "x");
    let gap = rewritten(&honest, |chunk| chunk.seq += 1);
    let refusal = Refusal::SeqGap {
        expected: 2,
        found: 3,
    };
    assert_eq!(apply(&mut set, gap), Outcome::Refused(refusal));
    assert_eq!(apply(&mut set, honest), Outcome::Applied);
}

#[test]
fn a_change_beside_its_writers_last_one_is_refused() {
    let (mut document, text, mut set) = note();
    let first: Vec<ChangeHash> = vec![document.get_changes(&[]).first().unwrap().hash()];
    let honest = typed(&mut document, MALLORY, &text, 3, "x");
    let beside = rewritten(&honest, |chunk| chunk.deps = first);
    assert_eq!(
        apply(&mut set, beside),
        Outcome::Refused(Refusal::NotOnPredecessor { seq: 2 })
    );
}

#[test]
fn writing_into_a_character_is_refused() {
    let (mut document, text, mut set) = note();
    let honest = typed(&mut document, MALLORY, &text, 3, "x");
    let into = rewritten(&honest, |chunk| {
        // The object's actor and counter, one each; two is the text's first character.
        let object = [0x7f, 1, 0x7f, 1];
        let at = chunk
            .columns
            .windows(4)
            .position(|four| four == object)
            .unwrap();
        *chunk.columns.get_mut(at + 3).unwrap() = 2;
    });
    assert_eq!(
        apply(&mut set, into),
        Outcome::Refused(Refusal::NoSuchObject)
    );
}

#[test]
fn referring_to_what_was_not_seen_is_refused_whether_it_is_here_or_not() {
    let (document, text, set) = note();
    let mut alice = document.clone();
    let mut mallory = document.clone();
    let unseen = typed(&mut alice, ALICE, &text, 0, "y");
    let own = typed(&mut mallory, MALLORY, &text, 9, "three");
    mallory.merge(&mut alice).unwrap();
    let honest = typed(&mut mallory, MALLORY, &text, 1, "z");
    assert_eq!(honest.facts().deps.len(), 2);
    let forgetful = rewritten(&honest, |chunk| chunk.deps = vec![own.facts().hash]);

    let mut with = set.clone();
    assert_eq!(apply(&mut with, unseen), Outcome::Applied);
    for mut replica in [set, with] {
        assert_eq!(apply(&mut replica, own.clone()), Outcome::Applied);
        let before = replica.document(&NOTE).unwrap().save();
        let outcome = apply(&mut replica, forgetful.clone());
        assert_eq!(outcome, Outcome::Refused(Refusal::UnknownReference));
        assert_eq!(replica.document(&NOTE).unwrap().save(), before);
    }
}
