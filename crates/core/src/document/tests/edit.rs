use automerge::transaction::Transactable;
use automerge::{Automerge, AutomergeError, ObjType, PatchLog, ROOT, ReadDoc};

use super::script::{actor, automerge_actor};
use crate::document::{
    DocumentId, DocumentSet, EditError, EntryChanges, Outcome, ScanError, TransactError,
};

const INDEX: DocumentId = DocumentId::INDEX;

fn put(document: &mut Automerge, key: &str) -> Result<(), AutomergeError> {
    let mut transaction = document.transaction();
    transaction.put(ROOT, key, 1)?;
    transaction.commit();
    Ok(())
}

#[test]
fn own_changes_come_out_scanned_and_go_into_another_replica() {
    let mut here = DocumentSet::new();
    let mut there = DocumentSet::new();
    for key in ["one", "two", "three"] {
        let ((), changes) = here
            .transact(INDEX, actor(1), |document| put(document, key))
            .unwrap();
        assert_eq!(changes.len(), 1);
        let changes = changes.into_iter().map(|change| (INDEX, change)).collect();
        assert_eq!(
            there.apply(&[EntryChanges {
                actor: actor(1),
                changes
            }]),
            [Outcome::Applied]
        );
    }
    let heads = here.get(&INDEX).unwrap().get_heads();
    assert_eq!(heads, there.get(&INDEX).unwrap().get_heads());
    assert_eq!(
        here.document(&INDEX)
            .unwrap()
            .last_change(&actor(1))
            .unwrap()
            .seq,
        3
    );
}

#[test]
fn one_edit_spans_documents_and_is_abandoned_when_dropped() {
    let other = DocumentId::from_bytes([1; 16]);
    let mut set = DocumentSet::new();
    let mut edit = set.edit(actor(1));
    put(edit.write(INDEX), "a").unwrap();
    put(edit.write(other), "b").unwrap();
    put(edit.write(INDEX), "c").unwrap();
    assert!(edit.read(&INDEX).unwrap().get(ROOT, "c").unwrap().is_some());
    drop(edit);
    assert!(set.get(&INDEX).is_none());

    let mut edit = set.edit(actor(1));
    put(edit.write(INDEX), "a").unwrap();
    put(edit.write(other), "b").unwrap();
    edit.write(DocumentId::from_bytes([2; 16]));
    let changes = edit.finish().unwrap();
    assert_eq!(
        changes.iter().map(|(id, _)| *id).collect::<Vec<_>>(),
        [INDEX, other]
    );
    assert_eq!(
        set.ids().collect::<Vec<_>>(),
        [INDEX, other],
        "what was not written stays away"
    );
}

#[test]
fn an_edit_that_others_would_refuse_changes_nothing() {
    let mut set = DocumentSet::new();
    set.transact(INDEX, actor(1), |document| put(document, "one"))
        .unwrap();
    let before = set.document(&INDEX).unwrap().save();

    let long = set.transact(INDEX, actor(1), |document| {
        let mut transaction = document.transaction();
        let text = transaction.put_object(ROOT, "notes", ObjType::Text)?;
        transaction.splice_text(&text, 0, 0, &"x".repeat(60_000))?;
        transaction.commit();
        Ok::<_, AutomergeError>(())
    });
    assert_eq!(
        long.unwrap_err(),
        TransactError::Rules(EditError::Scan(ScanError::TooManyOperations))
    );

    let old = set.transact(INDEX, actor(1), |document| {
        let mut transaction = document.transaction_at(PatchLog::inactive(), &[]).unwrap();
        transaction.put(ROOT, "old", 1)?;
        transaction.commit();
        Ok::<_, AutomergeError>(())
    });
    assert!(matches!(old.unwrap_err(), TransactError::Rules(_)));

    let foreign = set.transact(INDEX, actor(1), |document| {
        document.set_actor(automerge_actor(5));
        put(document, "foreign")
    });
    assert_eq!(
        foreign.unwrap_err(),
        TransactError::Rules(EditError::NotOnTop)
    );

    let failed = set.transact(INDEX, actor(1), |document| {
        put(document, "half")?;
        Err::<(), _>(AutomergeError::Fail)
    });
    assert!(matches!(
        failed.unwrap_err(),
        TransactError::Edit(AutomergeError::Fail)
    ));
    assert_eq!(set.document(&INDEX).unwrap().save(), before);
}
