//! Takes somebody's typing by typing it again.
//!
//! Automerge applies a received change in time proportional to the Text that it touches, half a
//! millisecond at two thousand characters, but makes the same change locally in a twentieth of
//! that. So a change that was typed on top of exactly what is here is typed again on a copy, as
//! the same actor at the same time. Its hash covers its operations and all that came before them:
//! where it comes out the same, the copy is what applying would have given. Where it does not, the
//! caller applies the change the slow way.

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{Automerge, Cursor, ReadDoc};

use super::leb::write_unsigned;
use super::open::{automerge_actor, object_id};
use super::scan::Change;

/// Repeats changes one after the other, or returns `None` where one is not typing, was not written
/// on top of everything, or comes out differently.
pub(super) fn replay<'a>(
    document: &Automerge,
    changes: impl Iterator<Item = &'a Change>,
) -> Option<Automerge> {
    let mut copy = document.clone();
    for change in changes {
        let facts = change.facts();
        let typing = facts.typing.as_ref()?;
        if copy.get_heads() != facts.deps {
            return None;
        }
        let object = object_id(typing.object);
        let position = match typing.element {
            None => 0,
            Some((actor, counter)) => {
                let cursor = cursor(&automerge_actor(&actor), counter)?;
                let found = copy.get_cursor_position(&object, &cursor, None).ok()?;
                if typing.deleted == 0 {
                    found.checked_add(1)?
                } else {
                    found
                }
            }
        };
        copy.set_actor(automerge_actor(&facts.actor));
        let mut transaction = copy.transaction();
        transaction
            .splice_text(
                &object,
                position,
                typing.deleted.cast_signed(),
                &typing.typed,
            )
            .ok()?;
        let options = CommitOptions::default().with_time(facts.timestamp);
        if transaction.commit_with(options).0 != Some(facts.hash) {
            return None;
        }
    }
    copy.set_actor(document.get_actor().clone());
    Some(copy)
}

/// Points at an element of a list or text, in the layout of version 1 of Automerge's cursors.
fn cursor(actor: &automerge::ActorId, counter: u64) -> Option<Cursor> {
    let mut bytes = vec![1, 3];
    write_unsigned(&mut bytes, actor.to_bytes().len() as u64);
    bytes.extend_from_slice(actor.to_bytes());
    write_unsigned(&mut bytes, counter);
    bytes.push(2);
    Cursor::try_from(bytes.as_slice()).ok()
}
