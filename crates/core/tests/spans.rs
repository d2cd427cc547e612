//! One edit may become several entries: each stays within what others take.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::sync::Arc;

use automerge::ROOT;
use automerge::transaction::Transactable;
use hearth_core::document::DocumentId;
use hearth_core::log::RawEntry;
use hearth_core::replica::Replica;
use hearth_core::storage::Write;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use support::{NoDisk, Pair, Person, pair};

#[test]
fn an_edit_of_many_new_documents_is_cut_into_entries_that_others_take() {
    const DOCUMENTS: u8 = 200;
    let Pair {
        mut writer,
        mut reader,
        entries,
        ..
    } = pair(11);
    let before = writer.next_position();
    writer.saved();
    let mut random = ChaCha20Rng::seed_from_u64(11);
    writer
        .edit(&NoDisk, &mut random, |session| {
            for number in 0..DOCUMENTS {
                let document = session
                    .write(DocumentId::from_bytes([number; 16]))
                    .map_err(|error| error.to_string())?;
                let mut transaction = document.transaction();
                transaction
                    .put(ROOT, "number", i64::from(number))
                    .map_err(|error| error.to_string())?;
                transaction.commit();
            }
            Ok::<_, String>(())
        })
        .unwrap();
    assert_eq!(writer.next_position() - before, 4);
    for entry in &entries[1..] {
        reader.ingest_entry(entry.clone()).unwrap();
    }
    for write in writer.unsaved() {
        if let Write::Append(bytes) = write {
            reader
                .ingest_entry(RawEntry::parse(bytes.clone()).unwrap())
                .unwrap();
        }
    }
    reader.advance(&NoDisk).unwrap();
    assert!(reader.set_aside().is_empty());
    assert_eq!(
        (reader.waiting(), reader.documents().ids().count()),
        (0, 200)
    );
}

#[test]
fn control_entries_that_come_together_say_what_they_say_one_by_one() {
    let Pair {
        reader, controls, ..
    } = pair(12);
    let ben = Person::draw(2);
    let join = || Replica::join(Arc::clone(&ben.device), controls[0].clone()).unwrap();
    let mut together = join();
    together.ingest_controls(controls[1..].to_vec()).unwrap();
    assert_eq!(together.membership(), reader.membership());
    assert_eq!(together.controls().digest(), reader.controls().digest());

    // The one that is refused takes none of those before it along.
    let mut cut = join();
    let mut foreign = controls[1..3].to_vec();
    foreign.push(pair(13).controls[1].clone());
    foreign.extend_from_slice(&controls[3..]);
    assert!(cut.ingest_controls(foreign).is_err());
    let mut apart = join();
    for entry in &controls[1..3] {
        apart.ingest_control(entry.clone()).unwrap();
    }
    assert_eq!(cut.membership(), apart.membership());
    assert_eq!(cut.controls().digest(), apart.controls().digest());
}
