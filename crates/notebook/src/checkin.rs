//! Check-ins: how it is going, from 1 to 5, with a line of text. Each is a map in the index under
//! `checkin/ID`, and of whoever wrote it.

use serde::Serialize;

use crate::Writer;
use crate::check;
use crate::comment::{self, CommentView};
use crate::documents::{Documents, Unavailable};
use crate::error::{EditError, ReadError};
use crate::figures::Figures;
use crate::id::{DocumentId, Kind, ObjectId};
use crate::people::{Named, People};
use crate::plan::{Plan, commit};
use crate::record::{Provenance, Record};
use crate::shown::{self, Shown};

/// A check-in as shown.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CheckInView {
    /// The id.
    pub id: ObjectId,
    /// Who says so: the person whose device wrote it, or whom an import names.
    pub by: Named,
    /// From 1 (badly) to 5 (very well).
    pub value: u32,
    /// A line about it.
    pub text: String,
    /// The day.
    pub at: Option<String>,
    /// Comments, oldest first.
    pub comments: Vec<CommentView>,
    /// Who made it and who changed it last.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// Records how it is going for the writer.
///
/// # Errors
/// [`EditError::Invalid`] for a number that is not from 1 to 5 or a long line.
pub fn add(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    value: u32,
    text: Option<&str>,
) -> Result<ObjectId, EditError> {
    let value = check::one_to_five("check-in", value)?;
    let text = check::text("line of text", text.unwrap_or_default().trim())?;
    let id = writer.new_id();
    let mut plan = Plan::default();
    let root = plan.root();
    let entry = plan.map(root, Kind::CheckIn.key(id));
    plan.put(entry, "value", value);
    plan.put(entry, "text", text);
    commit(docs, DocumentId::INDEX, plan, writer.now)?;
    Ok(id)
}

/// Lists the check-ins, oldest first. One whose number is unreadable is left out.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn list(
    docs: &mut dyn Documents,
    people: &dyn People,
) -> Result<Vec<CheckInView>, Unavailable> {
    let mut all: Vec<CheckInView> = shown::list(docs, people)?;
    all.retain(|one| one.value > 0);
    Ok(all)
}

/// Shows one.
///
/// # Errors
/// [`ReadError::NotFound`] where it is not.
pub fn show(
    docs: &mut dyn Documents,
    people: &dyn People,
    id: ObjectId,
) -> Result<CheckInView, ReadError> {
    shown::show(docs, people, id)
}

/// How it has been going for each, then and now.
#[must_use]
pub fn figures(all: &[CheckInView]) -> Vec<Figures> {
    let mut figures = Vec::new();
    for one in all {
        Figures::gather(&mut figures, &one.by, one.value, one.at.as_deref());
    }
    figures
}

impl Shown for CheckInView {
    const KIND: Kind = Kind::CheckIn;

    fn read(
        id: ObjectId,
        record: &Record<'_>,
        comments: &[CommentView],
        people: &dyn People,
    ) -> Self {
        let provenance = record.provenance(people);
        Self {
            id,
            by: provenance.author(people),
            value: record
                .count("value")
                .filter(|value| (1..=5).contains(value))
                .unwrap_or_default(),
            text: record.str_or_empty("text"),
            at: provenance.day(),
            comments: comment::of(comments, id),
            provenance,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::testing::{Bench, ben, bench};

    #[test]
    fn each_sees_how_it_has_been_going_for_each() {
        let Bench {
            mut docs,
            people,
            mut rng,
            now,
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        add(&mut docs, &mut writer, 2, Some(" Slow start ")).unwrap();
        let mut theirs = docs.fork(ben());
        add(&mut theirs, &mut writer, 5, None).unwrap();
        docs.merge(&theirs).unwrap();
        let id = add(&mut docs, &mut writer, 4, None).unwrap();
        for value in [0, 6] {
            assert!(add(&mut docs, &mut writer, value, None).is_err());
        }
        comment::add(&mut docs, &mut writer, id, "Good to hear").unwrap();
        let all = list(&mut docs, &people).unwrap();
        assert_eq!(all.len(), 3);
        assert_eq!(all[0].text, "Slow start");
        assert_eq!(show(&mut docs, &people, id).unwrap().comments.len(), 1);
        let figures = figures(&all);
        let mia = &figures[0];
        assert_eq!((mia.by.name.as_str(), mia.then, mia.now), ("Mia", 2, 4));
        assert_eq!(mia.since.as_deref(), Some("2026-11-23"));
        assert_eq!((figures[1].by.name.as_str(), figures[1].now), ("Ben", 5));
    }
}
