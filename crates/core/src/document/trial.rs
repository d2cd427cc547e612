//! Applies changes to a copy of a document and proves that the copy holds exactly what was signed.

use automerge::{Automerge, ChangeHash, ReadDoc};

use super::quiet::contain;
use super::refusal::Unsound;
use super::replay::replay;
use super::scan::Change;

/// Applies `changes`, in order and each after its dependencies, to a copy of `document`.
///
/// A panic, an error, and a result that says something else than the changes did are failures; the
/// original is untouched whatever happens. `spare` is such a copy where one was made ahead.
pub(super) fn apply<'a>(
    document: &Automerge,
    spare: Option<Automerge>,
    changes: impl Iterator<Item = &'a Change> + Clone,
) -> Result<Automerge, Unsound> {
    if let Some(copy) = replay(document, spare, changes.clone()) {
        return Ok(copy);
    }
    let outcome = contain(|| {
        let mut copy = document.clone();
        let before = copy.get_heads();
        let decoded = changes
            .clone()
            .map(|change| automerge::Change::try_from(change.bytes()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| Unsound::Error(error.to_string()))?;
        copy.apply_changes(decoded)
            .map_err(|error| Unsound::Error(error.to_string()))?;
        holds(&copy, &before, changes.clone())?;
        if changes.clone().any(|change| change.facts().has_marks) {
            loads(&copy)?;
        }
        Ok(copy)
    });
    outcome.unwrap_or_else(|panic| Err(Unsound::Panic(panic)))
}

/// Writes the new changes anew from what the document holds and compares their hashes: Automerge
/// keeps operations, not changes, and silently drops what it finds no place for.
pub(super) fn holds<'a>(
    copy: &Automerge,
    before: &[ChangeHash],
    changes: impl Iterator<Item = &'a Change> + Clone,
) -> Result<(), Unsound> {
    let mut expected: Vec<ChangeHash> = changes.map(|change| change.facts().hash).collect();
    let mut found: Vec<ChangeHash> = match expected.as_slice() {
        [one] => copy
            .get_change_by_hash(one)
            .iter()
            .map(automerge::Change::hash)
            .collect(),
        _ => copy
            .get_changes(before)
            .iter()
            .map(automerge::Change::hash)
            .collect(),
    };
    expected.sort_unstable();
    found.sort_unstable();
    if expected == found {
        Ok(())
    } else {
        Err(Unsound::Altered)
    }
}

/// Saves a document and loads it again.
fn loads(document: &Automerge) -> Result<(), Unsound> {
    match Automerge::load(&document.save_nocompress()) {
        Ok(loaded) if loaded.get_heads() == document.get_heads() => Ok(()),
        Ok(_) => Err(Unsound::Altered),
        Err(error) => Err(Unsound::Unloadable(error.to_string())),
    }
}

/// Judges changes of one entry to one document against exactly what their writer had seen: the
/// same on every replica, whatever else has arrived there.
pub(super) fn judge(
    document: &Automerge,
    changes: &[&Change],
) -> Result<(), (ChangeHash, Unsound)> {
    let mut seen = document.clone();
    for change in changes {
        let facts = change.facts();
        let fail = |problem| (facts.hash, problem);
        let alone = if seen.get_heads() == facts.deps {
            // The writer had seen all that is here, so nothing need be taken out.
            seen.clone()
        } else {
            contain(|| seen.fork_at(&facts.deps))
                .map_err(|panic| fail(Unsound::Panic(panic)))?
                .map_err(|error| fail(Unsound::Error(error.to_string())))?
        };
        let alone = apply(&alone, None, core::iter::once(*change)).map_err(fail)?;
        contain(|| loads(&alone))
            .unwrap_or_else(|panic| Err(Unsound::Panic(panic)))
            .map_err(fail)?;
        // The next change of the entry builds on this one; where it does not go in beside the
        // others, what it needs is in the little document.
        seen = apply(&seen, None, core::iter::once(*change)).unwrap_or(alone);
    }
    Ok(())
}

/// Builds a document anew from all of its changes and some more.
pub(super) fn rebuild(document: &Automerge, changes: &[&Change]) -> Result<Automerge, Unsound> {
    let outcome = contain(|| {
        let mut fresh = Automerge::new();
        fresh
            .apply_changes(document.get_changes(&[]))
            .map_err(|error| Unsound::Error(error.to_string()))?;
        apply(&fresh, None, changes.iter().copied())
    });
    outcome.unwrap_or_else(|panic| Err(Unsound::Panic(panic)))
}
