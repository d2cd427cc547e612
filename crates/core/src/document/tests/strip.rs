use std::collections::BTreeMap;

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{Automerge, ObjId, ObjType, ROOT};
use proptest::prelude::*;

use super::script::{Script, actor, automerge_actor, changes};
use crate::document::{Change, Context, Document, DocumentId, DocumentSet, restore, scan, strip};

fn context(last: &BTreeMap<crate::ids::ActorId, Change>, change: &Change) -> Context {
    let actor = change.facts().actor;
    last.get(&actor)
        .map_or_else(|| Context::first(actor), Context::after)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn every_change_comes_back_byte_for_byte(seed: u64, writers in 1_u8..5) {
        let mut last = BTreeMap::new();
        for change in changes(&Script::new(seed, writers).run(60).merged()) {
            let context = context(&last, &change);
            let short = strip(&change, &context);
            prop_assert!(short.len() < change.bytes().len(), "nothing was left out");
            prop_assert_eq!(restore(&short, &context), Ok(change.clone()));
            last.insert(change.facts().actor, change);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..200),
        form: u8,
        follow: bool,
    ) {
        if let Some(first) = bytes.first_mut() {
            *first = form;
        }
        let change = changes(&Script::new(1, 1).merged()).pop().unwrap();
        let context = if follow { Context::after(&change) } else { Context::first(actor(0)) };
        if let Ok(restored) = restore(&bytes, &context) {
            prop_assert_eq!(scan(restored.bytes()), Ok(restored.clone()));
        }
    }

    #[test]
    fn damaged_short_forms_never_give_the_same_change(at: prop::sample::Index, bit in 0_u8..8) {
        let (first, second, _) = keystrokes();
        let context = Context::after(&first);
        let mut short = strip(&second, &context);
        *at.get_mut(&mut short) ^= 1 << bit;
        prop_assert_ne!(restore(&short, &context), Ok(second));
    }
}

fn keystroke(document: &mut Automerge, text: &ObjId, at: usize, time: i64) -> Change {
    let mut transaction = document.transaction();
    transaction.splice_text(text, at, 0, "x").unwrap();
    transaction.commit_with(CommitOptions::default().with_time(time));
    scan(document.get_last_local_change().unwrap().raw_bytes()).unwrap()
}

/// Two keystrokes of a second writer into a long note, and the document behind them.
fn keystrokes() -> (Change, Change, Automerge) {
    let mut document = Automerge::new().with_actor(automerge_actor(1));
    let mut transaction = document.transaction();
    let text = transaction
        .put_object(ROOT, "notes", ObjType::Text)
        .unwrap();
    transaction
        .splice_text(&text, 0, 0, &"abcdefgh".repeat(2_500))
        .unwrap();
    transaction.commit();
    document.set_actor(automerge_actor(2));
    let first = keystroke(&mut document, &text, 10_000, 1_790_000_000);
    let second = keystroke(&mut document, &text, 10_001, 1_790_000_001);
    (first, second, document)
}

#[test]
fn a_keystroke_is_short_even_in_another_persons_note() {
    let (first, second, _) = keystrokes();
    let short = strip(&second, &Context::after(&first));
    println!(
        "a keystroke: {} bytes, {} of the change",
        short.len(),
        second.bytes().len()
    );
    assert!(short.len() <= 20, "{} bytes", short.len());
}

#[test]
fn a_wrong_context_gives_no_change_that_fits() {
    let (first, second, _) = keystrokes();
    let short = strip(&second, &Context::after(&first));
    assert_ne!(
        restore(&short, &Context::first(actor(2))),
        Ok(second.clone())
    );
    assert_ne!(restore(&short, &Context::after(&second)), Ok(second));
}

#[test]
fn a_loaded_document_gives_the_same_context() {
    let (_, second, document) = keystrokes();
    let loaded = Document::load(&document.save()).unwrap();
    let id = DocumentId::INDEX;
    let mut set = DocumentSet::new();
    set.insert(id, loaded);
    let context = Context {
        actor: actor(2),
        previous: set.document(&id).unwrap().last_change(&actor(2)),
    };
    assert_eq!(context, Context::after(&second));
}

#[test]
fn a_change_of_another_actor_keeps_its_long_form() {
    let (first, second, _) = keystrokes();
    let context = Context {
        actor: actor(3),
        previous: Context::after(&first).previous,
    };
    let long = strip(&second, &context);
    assert_eq!(long.len(), second.bytes().len() + 1);
    assert_eq!(restore(&long, &context), Ok(second));
}
