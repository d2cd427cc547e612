//! Takes somebody's typing by typing it again.
//!
//! Automerge applies a received change in time proportional to the Text that it touches, half a
//! millisecond at two thousand characters, but makes the same change locally in a twentieth of
//! that. So a change that was typed on top of exactly what is here is typed again on a copy, as
//! the same actor at the same time. Its hash covers its operations and all that came before them:
//! where it comes out the same, the copy is what applying would have given. Where it does not, the
//! caller applies the change the slow way.

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{Automerge, Cursor, ObjId, ReadDoc};

use crate::ids::ActorId;

use super::leb::write_unsigned;
use super::limits::TYPING_CHANGES_MAX;
use super::open::{automerge_actor, object_id};
use super::quiet::contain;
use super::scan::{Change, Place};

/// Takes a few changes that only type, or returns `None` where one of them does more, was not
/// written on top of everything, or comes out differently. `spare` is a copy of the document where
/// one was made ahead.
pub(super) fn replay<'a>(
    document: &Automerge,
    spare: Option<Automerge>,
    changes: impl Iterator<Item = &'a Change> + Clone,
) -> Option<Automerge> {
    let few = changes.clone().count() <= TYPING_CHANGES_MAX;
    if !few
        || changes
            .clone()
            .any(|change| change.facts().typing.is_none())
    {
        return None;
    }
    let replayed = contain(|| {
        let mut copy = spare.unwrap_or_else(|| document.clone());
        for change in changes.clone() {
            type_again(&mut copy, change)?;
        }
        copy.set_actor(document.get_actor().clone());
        super::trial::holds(&copy, &document.get_heads(), changes.clone()).ok()?;
        Some(copy)
    });
    replayed.ok().flatten()
}

fn type_again(copy: &mut Automerge, change: &Change) -> Option<()> {
    let facts = change.facts();
    let typing = facts.typing.as_ref()?;
    if copy.get_heads() != facts.deps {
        return None;
    }
    let object = object_id(typing.object);
    let position = match typing.place {
        Place::Beginning => 0,
        Place::Behind(actor, counter) => position(copy, &object, actor, counter)?.checked_add(1)?,
        Place::At(actor, counter) => position(copy, &object, actor, counter)?,
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
    (transaction.commit_with(options).0 == Some(facts.hash)).then_some(())
}

/// Finds an element of a text, by a cursor in the layout of Automerge's version 1.
fn position(copy: &Automerge, object: &ObjId, actor: ActorId, counter: u64) -> Option<usize> {
    let mut bytes = vec![1, 3];
    write_unsigned(&mut bytes, ActorId::LEN as u64);
    bytes.extend_from_slice(actor.as_bytes());
    write_unsigned(&mut bytes, counter);
    bytes.push(2);
    let cursor = Cursor::try_from(bytes.as_slice()).ok()?;
    copy.get_cursor_position(object, &cursor, None).ok()
}
