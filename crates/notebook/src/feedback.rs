//! Feedback that is open from the start: what somebody saw, what it did, and what they wish for. It is a map
//! in the index under `feedback/ID`.

use serde::Serialize;

use crate::Writer;
use crate::check;
use crate::comment::{self, CommentView};
use crate::documents::{Documents, Unavailable};
use crate::error::{EditError, Invalid, ReadError};
use crate::id::{DocumentId, Kind, ObjectId};
use crate::people::{Named, People, PersonRef};
use crate::plan::{Plan, commit};
use crate::record::{Provenance, Record, signed};
use crate::shown::{self, Shown};

/// The fields that hold words, in the order in which they are told.
const WORDS: [&str; 5] = ["text", "situation", "behaviour", "impact", "request"];

/// New feedback; at least one of the texts says something.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct NewFeedback {
    /// Whom it is for; nobody in particular where there is none.
    pub to: Option<PersonRef>,
    /// What does not fit the other fields.
    pub text: Option<String>,
    /// When and where it was.
    pub situation: Option<String>,
    /// What the person did.
    pub behaviour: Option<String>,
    /// What that led to.
    pub impact: Option<String>,
    /// What the writer wishes for.
    pub request: Option<String>,
}

impl NewFeedback {
    fn words(&self) -> [Option<&str>; 5] {
        [
            &self.text,
            &self.situation,
            &self.behaviour,
            &self.impact,
            &self.request,
        ]
        .map(|text| text.as_deref().filter(|text| !text.trim().is_empty()))
    }

    /// The same as one text, for a sealed exchange.
    #[must_use]
    pub fn as_text(&self) -> String {
        let headings = ["", "Situation: ", "Behaviour: ", "Impact: ", "Request: "];
        let parts = headings.iter().zip(self.words());
        let parts: Vec<String> = parts
            .filter_map(|(heading, text)| Some(format!("{heading}{}", text?.trim())))
            .collect();
        parts.join("\n")
    }
}

/// Feedback as shown.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct FeedbackView {
    /// The id.
    pub id: ObjectId,
    /// Who gives it.
    pub by: Named,
    /// Whom it is for.
    pub to: Option<Named>,
    /// What does not fit the other fields.
    pub text: String,
    /// When and where it was.
    pub situation: String,
    /// What the person did.
    pub behaviour: String,
    /// What that led to.
    pub impact: String,
    /// What the writer wishes for.
    pub request: String,
    /// Comments, oldest first.
    pub comments: Vec<CommentView>,
    /// Who made it and who changed it last.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// Gives feedback.
///
/// # Errors
/// [`EditError::Invalid`] where nothing is said, or a text is too long.
pub fn give(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    new: &NewFeedback,
) -> Result<ObjectId, EditError> {
    let words = new.words();
    if words.iter().all(Option::is_none) {
        return Err(Invalid::Empty { field: "feedback" }.into());
    }
    for (field, text) in WORDS.into_iter().zip(words) {
        check::text(field, text.unwrap_or_default())?;
    }
    let id = writer.new_id();
    let mut plan = Plan::default();
    let root = plan.root();
    let feedback = plan.map(root, Kind::Feedback.key(id));
    plan.put_some(feedback, "to", new.to.as_ref().map(PersonRef::as_str));
    for (field, text) in WORDS.into_iter().zip(words) {
        plan.put_some(feedback, field, text);
    }
    commit(docs, DocumentId::INDEX, plan, writer.now)?;
    Ok(id)
}

/// Lists all feedback, oldest first.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn list(
    docs: &mut dyn Documents,
    people: &dyn People,
) -> Result<Vec<FeedbackView>, Unavailable> {
    shown::list(docs, people)
}

/// Shows one piece of feedback.
///
/// # Errors
/// [`ReadError::NotFound`] where it is not.
pub fn show(
    docs: &mut dyn Documents,
    people: &dyn People,
    id: ObjectId,
) -> Result<FeedbackView, ReadError> {
    shown::show(docs, people, id)
}

impl Shown for FeedbackView {
    const KIND: Kind = Kind::Feedback;

    fn read(
        id: ObjectId,
        record: &Record<'_>,
        comments: &[CommentView],
        people: &dyn People,
    ) -> Self {
        let (author, _) = signed(record.doc, &record.obj, people);
        Self {
            id,
            by: Named {
                person: author.person,
                name: author.name,
            },
            to: record.str("to").map(|person| people.named(&person)),
            text: record.str_or_empty("text"),
            situation: record.str_or_empty("situation"),
            behaviour: record.str_or_empty("behaviour"),
            impact: record.str_or_empty("impact"),
            request: record.str_or_empty("request"),
            comments: comment::of(comments, id),
            provenance: record.provenance(people),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testing::{Bench, bench};

    #[test]
    fn feedback_says_who_gave_it_to_whom_and_says_something() {
        let Bench {
            mut docs,
            people,
            mut rng,
            now,
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        let empty = NewFeedback {
            impact: Some(" \n".to_owned()),
            ..NewFeedback::default()
        };
        assert!(give(&mut docs, &mut writer, &empty).is_err());
        let new = NewFeedback {
            to: Some(PersonRef::new("person-ben").unwrap()),
            situation: Some("On Monday".to_owned()),
            behaviour: Some("You listened".to_owned()),
            ..NewFeedback::default()
        };
        assert_eq!(
            new.as_text(),
            "Situation: On Monday\nBehaviour: You listened"
        );
        let id = give(&mut docs, &mut writer, &new).unwrap();
        let comment = comment::add(&mut docs, &mut writer, id, "Thanks").unwrap();
        let shown = show(&mut docs, &people, id).unwrap();
        assert_eq!(shown.by.name, "Mia");
        assert_eq!(shown.to.unwrap().name, "Ben");
        assert_eq!(shown.behaviour, "You listened");
        assert_eq!(shown.comments[0].id, comment);
    }
}
