//! Texts that several people write at once: an edit keeps what others wrote meanwhile.

use std::str::FromStr;

use automerge::transaction::Transactable;
use automerge::{ActorId, Automerge, ChangeHash, ObjId, PatchLog, ReadDoc};

use crate::diff::{Replacement, replacements};
use crate::error::EditError;
use crate::limits::BASE_HEADS_MAX;
use crate::plan::Plan;

/// Plans the replacements that make a Text this text.
pub(crate) fn rewrite(plan: &mut Plan, doc: &Automerge, object: &ObjId, text: &str) {
    let now = doc.text(object).unwrap_or_default();
    let slot = plan.at(object.clone());
    // From the end to the start, so that a replacement does not move the ones that follow it.
    for Replacement {
        position,
        delete,
        insert,
    } in replacements(&now, text).into_iter().rev()
    {
        plan.splice(slot, position, delete, &insert);
    }
}

/// Reads the heads that a caller gave back.
pub(crate) fn heads(doc: &Automerge, base: &[String]) -> Result<Vec<ChangeHash>, EditError> {
    if base.len() > BASE_HEADS_MAX {
        return Err(EditError::BaseUnknown);
    }
    base.iter()
        .map(|head| {
            let hash = ChangeHash::from_str(head).map_err(|_| EditError::BaseUnknown)?;
            let known = doc.get_change_meta_by_hash(&hash).is_some();
            known.then_some(hash).ok_or(EditError::BaseUnknown)
        })
        .collect()
}

/// The text that results when the edit of the version at `base` meets what came since.
///
/// The edit is tried on a copy. In the document itself a change based on old heads would need another
/// actor, and an actor stands for a device.
pub(crate) fn merged(
    doc: &Automerge,
    object: &ObjId,
    base: &[ChangeHash],
    text: &str,
) -> Result<String, EditError> {
    let before = doc.text_at(object, base)?;
    let mut copy = doc.clone();
    let mut actor = doc.get_actor().to_bytes().to_vec();
    actor.push(0xff);
    copy.set_actor(ActorId::from(actor));
    let mut transaction = copy
        .transaction_at(PatchLog::inactive(), base)
        .map_err(automerge::AutomergeError::from)?;
    for Replacement {
        position,
        delete,
        insert,
    } in replacements(&before, text).into_iter().rev()
    {
        let delete = isize::try_from(delete).unwrap_or(isize::MAX);
        transaction.splice_text(object, position, delete, &insert)?;
    }
    transaction.commit();
    Ok(copy.text(object)?)
}
