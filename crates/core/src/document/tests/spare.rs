use automerge::transaction::{CommitOptions, Transactable};
use automerge::{Automerge, ObjId, ObjType, ROOT, ReadDoc};
use proptest::prelude::*;

use super::script::{Random, actor};
use crate::document::{Change, Document, DocumentId, DocumentSet, EntryChanges, Outcome};

const NOTE: DocumentId = DocumentId::from_bytes([7; 16]);
const OTHER: DocumentId = DocumentId::from_bytes([8; 16]);

fn write(set: &mut DocumentSet, id: DocumentId, by: u8, at: usize, typed: &str) -> Vec<Change> {
    let typing = |document: &mut Automerge| {
        let notes = notes(document);
        let mut transaction = document.transaction();
        let notes = match notes {
            Some(notes) => notes,
            None => transaction.put_object(ROOT, "notes", ObjType::Text)?,
        };
        transaction.splice_text(&notes, at, 0, typed)?;
        transaction.commit_with(CommitOptions::default().with_time(1_790_000_000));
        Ok::<(), automerge::AutomergeError>(())
    };
    set.transact(id, actor(by), typing).unwrap().1
}

fn notes(document: &Automerge) -> Option<ObjId> {
    document.get(ROOT, "notes").unwrap().map(|(_, notes)| notes)
}

fn text(set: &DocumentSet, id: DocumentId) -> String {
    let document = set.get(&id).unwrap();
    document.text(notes(document).unwrap()).unwrap()
}

fn entry(id: DocumentId, by: u8, changes: Vec<Change>) -> EntryChanges {
    EntryChanges {
        actor: actor(by),
        changes: changes.into_iter().map(|change| (id, change)).collect(),
    }
}

#[test]
fn only_the_document_that_changed_last_is_made_ready_and_only_until_it_changes() {
    let mut set = DocumentSet::new();
    assert!(!set.wants_prepare());
    write(&mut set, NOTE, 1, 0, "note");
    write(&mut set, OTHER, 1, 0, "other");
    assert!(set.wants_prepare() && !set.is_prepared(&OTHER));
    set.prepare();
    assert!(!set.wants_prepare() && set.is_prepared(&OTHER) && !set.is_prepared(&NOTE));
    write(&mut set, NOTE, 1, 0, "a ");
    write(&mut set, OTHER, 1, 0, "an ");
    assert!(!set.is_prepared(&OTHER) && !set.is_prepared(&NOTE));
    set.prepare();
    set.unprepare();
    assert!(!set.wants_prepare() && !set.is_prepared(&OTHER));
}

#[test]
fn a_document_that_is_closed_or_replaced_leaves_no_copy_behind() {
    let mut set = DocumentSet::new();
    write(&mut set, NOTE, 1, 0, "before");
    let before = set.get(&NOTE).unwrap().save();
    write(&mut set, NOTE, 1, 0, "not ");
    set.prepare();
    set.remove(&NOTE).unwrap();
    assert!(!set.is_prepared(&NOTE));
    set.insert(NOTE, Document::load(&before).unwrap());
    write(&mut set, NOTE, 1, 6, " and after");
    assert_eq!(text(&set, NOTE), "before and after");
    set.prepare();
    set.insert(NOTE, Document::load(&before).unwrap());
    assert!(!set.is_prepared(&NOTE));
    write(&mut set, NOTE, 1, 0, "just ");
    assert_eq!(text(&set, NOTE), "just before");
}

#[test]
fn an_edit_that_fails_leaves_the_document_as_it_was() {
    let mut set = DocumentSet::new();
    write(&mut set, NOTE, 1, 0, "kept");
    set.prepare();
    let failed = set.transact(NOTE, actor(1), |document| {
        let notes = notes(document).unwrap();
        let mut transaction = document.transaction();
        transaction.splice_text(&notes, 0, 0, "lost").unwrap();
        transaction.commit();
        Err::<(), _>("no")
    });
    assert!(failed.is_err());
    assert_eq!(text(&set, NOTE), "kept");
    write(&mut set, NOTE, 1, 0, "still ");
    assert_eq!(text(&set, NOTE), "still kept");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Two people type into two sets, one of which is made ready now and then: what it holds is what the
    /// other one holds, whether changes are its own, received in order, or refused.
    #[test]
    fn a_set_that_is_made_ready_ends_as_one_that_is_not(seed: u64) {
        let mut random = Random::new(seed);
        let (mut ready, mut plain) = (DocumentSet::new(), DocumentSet::new());
        let first = write(&mut ready, NOTE, 1, 0, "A first note.");
        plain.apply(&[entry(NOTE, 1, first)]);
        for step in 0..60 {
            let (id, by) = ([NOTE, OTHER][random.below(2)], 1 + random.below(2) as u8);
            if random.below(2) == 0 {
                ready.prepare();
            }
            let length = ready.get(&id).map_or(0, |document| {
                notes(document).map_or(0, |notes| document.length(notes))
            });
            let at = random.below(length + 1);
            let typed = ["x", "żółw ", "🙂", "word "][random.below(4)];
            let (writer, reader) = match random.below(2) {
                0 => (&mut ready, &mut plain),
                _ => (&mut plain, &mut ready),
            };
            let changes = write(writer, id, by, at, typed);
            if step % 9 == 8 {
                // As somebody else's it is refused, and leaves everything as it was.
                let forged = reader.apply(&[entry(id, 3, changes.clone())]);
                prop_assert!(matches!(forged.as_slice(), [Outcome::Refused(_)]));
            }
            prop_assert_eq!(reader.apply(&[entry(id, by, changes)]), [Outcome::Applied]);
        }
        for id in [NOTE, OTHER] {
            prop_assert_eq!(
                ready.get(&id).map(Automerge::save),
                plain.get(&id).map(Automerge::save)
            );
        }
    }
}
