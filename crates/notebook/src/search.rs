//! What there is to search: every object with its words.

use automerge::Automerge;
use serde::Serialize;

use crate::documents::{Documents, Unavailable};
use crate::exchange;
use crate::id::{DocumentId, Kind, NotebookRef, ObjectId, Place};
use crate::people::People;
use crate::record::Record;
use crate::resource;
use crate::session;

/// One object as the search index takes it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SearchItem {
    /// The id.
    pub id: ObjectId,
    /// The kind.
    pub kind: Kind,
    /// The title; empty for what has none.
    pub title: String,
    /// Every other text in it, the notes of a session included; one to a line.
    pub text: String,
    /// The object that holds it or that it is about.
    pub parent: Option<ObjectId>,
}

/// The fields that hold words of people.
const TEXTS: [&str; 25] = [
    "text",
    "situation",
    "behaviour",
    "impact",
    "request",
    "why",
    "reason",
    "note",
    "place",
    "unit",
    "wish",
    "outcome",
    "obstacle",
    "plan",
    "template",
    "about",
    "prompts",
    "uri",
    "link",
    "file_name",
    "anchor_1",
    "anchor_2",
    "anchor_3",
    "anchor_4",
    "anchor_5",
];

/// Every object of the notebook with its words. Opens every session's document.
///
/// # Errors
/// [`Unavailable`] when a document cannot be opened.
pub fn search_items(docs: &mut dyn Documents) -> Result<Vec<SearchItem>, Unavailable> {
    let mut items = index_items(docs)?;
    let sessions = docs
        .read(DocumentId::INDEX)?
        .map(sessions)
        .unwrap_or_default();
    for session in sessions {
        items.extend(session_items(docs, session)?);
    }
    Ok(items)
}

/// The words that the index has of each session: what of [`session_items`] shows in the index.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn session_headers(docs: &mut dyn Documents) -> Result<Vec<SearchItem>, Unavailable> {
    let Some(index) = docs.read(DocumentId::INDEX)? else {
        return Ok(Vec::new());
    };
    let all = Record::all(index, Kind::Session).into_iter();
    Ok(all
        .map(|(id, record)| item(id, Kind::Session, &record, None))
        .collect())
}

/// What was opened in sealed exchanges, and counts. A text that somebody opened too early is not found.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn opened_items(
    docs: &mut dyn Documents,
    people: &dyn People,
    notebook: NotebookRef,
) -> Result<Vec<SearchItem>, Unavailable> {
    let exchanges = exchange::list(docs, people, notebook)?;
    Ok(exchanges
        .into_iter()
        .flat_map(|exchange| {
            let (parent, title) = (exchange.id, exchange.title);
            exchange.participants.into_iter().filter_map(move |one| {
                Some(SearchItem {
                    id: one.opening?,
                    kind: Kind::Opening,
                    title: title.clone(),
                    text: one.text?,
                    parent: Some(parent),
                })
            })
        })
        .collect())
}

/// The objects of the index, without the sessions.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn index_items(docs: &mut dyn Documents) -> Result<Vec<SearchItem>, Unavailable> {
    let Some(index) = docs.read(DocumentId::INDEX)? else {
        return Ok(Vec::new());
    };
    let mut items = Vec::new();
    for kind in Kind::KEYED {
        if kind.place() != Place::Index || kind == Kind::Session || is_told_elsewhere(kind) {
            continue;
        }
        for (id, record) in Record::all(index, kind) {
            // What was put away is looked for in its list.
            if kind == Kind::Resource && record.flag("removed") {
                continue;
            }
            items.push(item(id, kind, &record, record.id("on")));
            for within in Kind::KEYED
                .into_iter()
                .filter(|k| k.place() == Place::Within(kind) && !is_told_elsewhere(*k))
            {
                let parts = record.children(within);
                items.extend(
                    parts
                        .iter()
                        .map(|(part, r)| item(*part, within, r, Some(id))),
                );
            }
        }
    }
    Ok(items)
}

/// A session with its notes, and everything in its document.
///
/// # Errors
/// [`Unavailable`] when a document cannot be opened.
pub fn session_items(
    docs: &mut dyn Documents,
    id: ObjectId,
) -> Result<Vec<SearchItem>, Unavailable> {
    let index = docs.read(DocumentId::INDEX)?;
    let header = index.and_then(|index| Record::keyed(index, &Kind::Session.key(id)));
    let Some(mut own) = header.map(|record| item(id, Kind::Session, &record, None)) else {
        return Ok(Vec::new());
    };
    let Some(doc) = docs.read(id.document())? else {
        return Ok(vec![own]);
    };
    own.text.push_str(&session::notes_text(doc));
    let mut items = vec![own];
    for kind in Kind::KEYED
        .into_iter()
        .filter(|kind| kind.place() == Place::SessionDocument && !is_told_elsewhere(*kind))
    {
        let records = Record::all(doc, kind);
        items.extend(
            records
                .iter()
                .map(|(part, record)| item(*part, kind, record, Some(id))),
        );
    }
    Ok(items)
}

/// What holds no words of its own, and old texts of the agreement, which would hide the one of now.
fn is_told_elsewhere(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Version
            | Kind::Commitment
            | Kind::Opening
            | Kind::Run
            | Kind::Certificate
            | Kind::Receipt
    )
}

fn sessions(index: &Automerge) -> Vec<ObjectId> {
    Record::all(index, Kind::Session)
        .into_iter()
        .map(|(id, _)| id)
        .collect()
}

fn item(id: ObjectId, kind: Kind, record: &Record<'_>, parent: Option<ObjectId>) -> SearchItem {
    let mut text = String::new();
    for words in TEXTS
        .iter()
        .filter_map(|key| record.str(key))
        .filter(|words| !words.is_empty())
    {
        text.push_str(&words);
        text.push('\n');
    }
    if matches!(kind, Kind::Agreement | Kind::Closing) {
        for words in record.fields.keys().filter_map(|key| record.str(key)) {
            text.push_str(&words);
            text.push('\n');
        }
    }
    for tag in resource::tags_of(record) {
        text.push_str(&tag);
        text.push('\n');
    }
    SearchItem {
        id,
        kind,
        title: record.str_or_empty("title"),
        text,
        parent,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::goal::{self, NewGoal};
    use crate::session::{NewAgendaItem, NewSession};
    use crate::testing::{Bench, bench};
    use crate::{comment, question};

    #[test]
    fn every_object_is_there_with_its_words() {
        let Bench {
            mut docs,
            mut rng,
            now,
            ..
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        let why = Some("Courage".to_owned());
        let new = NewGoal {
            title: "Talk".to_owned(),
            why,
            ..NewGoal::default()
        };
        let goal = goal::add(&mut docs, &mut writer, &new).unwrap();
        comment::add(&mut docs, &mut writer, goal, "Bravo").unwrap();
        let question = question::ask(&mut docs, &mut writer, "When?").unwrap();
        question::answer(&mut docs, &mut writer, question, "In May").unwrap();
        let new = NewSession {
            at: "2027-03-01 15:00".to_owned(),
            zone: "UTC".to_owned(),
            place: Some("Café".to_owned()),
            ..NewSession::default()
        };
        let id = session::plan(&mut docs, &mut writer, &new).unwrap();
        session::set_notes(&mut docs, &mut writer, id, "The notes").unwrap();
        let item = NewAgendaItem {
            title: "Slides".to_owned(),
            ..NewAgendaItem::default()
        };
        session::add_agenda_item(&mut docs, &mut writer, id, &item).unwrap();

        let found = search_items(&mut docs).unwrap();
        let line = |item: &SearchItem| format!("{} {}|{}", item.kind, item.title, item.text.trim());
        assert_eq!(
            found.iter().map(line).collect::<Vec<_>>(),
            [
                "goal Talk|Courage",
                "question |When?",
                "answer |In May",
                "comment |Bravo",
                "session Session|Café\nThe notes",
                "agenda item Slides|",
            ]
        );
        assert_eq!(found[3].parent, Some(goal));
        assert_eq!(found[5].parent, Some(id));
    }
}
