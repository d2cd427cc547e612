use proptest::prelude::*;

use super::script::{Script, automerge_actor};
use crate::document::scan;

fn agrees(original: &automerge::Change) {
    let change = scan(original.raw_bytes()).unwrap_or_else(|error| {
        panic!(
            "{error}: {:?}\n{:02x?}",
            original.decode(),
            original.raw_bytes()
        )
    });
    let facts = change.facts();
    assert_eq!(facts.hash, original.hash());
    assert_eq!(
        facts.actor.as_bytes().as_slice(),
        original.actor_id().to_bytes()
    );
    assert_eq!(facts.seq, original.seq());
    assert_eq!(facts.start_op, original.start_op().get());
    assert_eq!(facts.op_count, original.len() as u64);
    assert_eq!(facts.max_op(), original.max_op());
    assert_eq!(facts.deps, original.deps());
    assert_eq!(facts.timestamp, original.timestamp());
    assert_eq!(change.bytes(), original.raw_bytes());
    let others: Vec<_> = facts
        .references
        .iter()
        .map(|other| other.actor.as_bytes().to_vec())
        .collect();
    let expected: Vec<_> = original
        .other_actor_ids()
        .iter()
        .map(|other| other.to_bytes().to_vec())
        .collect();
    assert_eq!(others, expected);
    let made = original
        .decode()
        .operations
        .iter()
        .filter(|op| op.obj_type().is_some())
        .count();
    assert_eq!(facts.made.len(), made);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn whatever_automerge_writes_is_accepted_and_read_alike(seed: u64, writers in 1_u8..5) {
        for original in Script::new(seed, writers).run(60).merged().get_changes(&[]) {
            agrees(&original);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(scan(&bytes).is_err());
    }
}

#[test]
fn a_long_paste_is_accepted_up_to_the_limit() {
    use crate::document::{ScanError, limits::CHANGE_OPERATIONS_MAX};
    use automerge::transaction::Transactable;

    for (len, accepted) in [
        (CHANGE_OPERATIONS_MAX - 1, true),
        (CHANGE_OPERATIONS_MAX, false),
    ] {
        let mut document = automerge::Automerge::new().with_actor(automerge_actor(1));
        let mut transaction = document.transaction();
        let text = transaction
            .put_object(automerge::ROOT, "notes", automerge::ObjType::Text)
            .unwrap();
        transaction
            .splice_text(&text, 0, 0, &"abcdefgh".repeat(len / 8 + 1)[..len])
            .unwrap();
        transaction.commit();
        let original = document.get_last_local_change().unwrap();
        match scan(original.raw_bytes()) {
            Ok(change) => assert!(accepted && change.facts().op_count == len as u64 + 1),
            Err(error) => assert!(!accepted && error == ScanError::TooManyOperations),
        }
    }
}
