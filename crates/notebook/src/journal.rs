//! The journal: what one person writes for themselves.
//!
//! It is a notebook of its own, with the form word `journal` and its owner as the only member, so it has its
//! own document and its own keys. Entries are maps in its index under `entry/ID`. A text that its owner has
//! committed to in a sealed exchange is an entry with `exchange` and `salt`.
//!
//! Invariant: no entry is ever written into a notebook that is no journal.

use std::collections::BTreeMap;

use automerge::{Automerge, ReadDoc};
use serde::Serialize;

use crate::Writer;
use crate::check;
use crate::comment::{self, CommentView};
use crate::documents::{Documents, Unavailable};
use crate::error::{EditError, ReadError};
use crate::hash::Salt;
use crate::id::{DocumentId, Kind, ObjectId};
use crate::limits::NAME_BYTES_MAX;
use crate::people::People;
use crate::plan::{Plan, commit};
use crate::record::{Provenance, Record};
use crate::shown::{self, Shown};
use crate::word::{Form, Phase};

/// What the journal's notebook is called.
const TITLE: &str = "Journal";

/// What stands before the name of a template of the owner's own.
const TEMPLATE: &str = "template/";

/// Where it stands whether members may keep a sealed copy.
const COPIES: &str = "copies_by_members";

/// An entry as shown.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct EntryView {
    /// The id.
    pub id: ObjectId,
    /// What it says.
    pub text: String,
    /// The id of the notebook that it is about.
    pub about: Option<String>,
    /// The session that it prepares.
    pub session: Option<ObjectId>,
    /// The sealed exchange that the text is for.
    pub exchange: Option<ObjectId>,
    /// Comments, oldest first.
    pub comments: Vec<CommentView>,
    /// Who made it and who changed it last.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// A new entry.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct NewEntry {
    /// What it says.
    pub text: String,
    /// The id of the notebook that it is about.
    pub about: Option<String>,
    /// The session that it prepares.
    pub session: Option<ObjectId>,
}

/// A text that its author has committed to, or was about to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sealed {
    /// What went into the hash before the text.
    pub salt: Salt,
    /// The exact text.
    pub words: String,
}

/// Writes title and form of a new journal.
///
/// # Errors
/// [`EditError`] where the document refuses it.
pub fn create(docs: &mut dyn Documents, writer: &mut Writer<'_>) -> Result<(), EditError> {
    let mut plan = Plan::default();
    let root = plan.root();
    plan.put(root, "title", TITLE);
    plan.put(root, "form", Form::Journal.word());
    plan.put(root, "phase", Phase::default().word());
    commit(docs, DocumentId::INDEX, plan, writer.now)
}

/// Says whether its owner lets members keep a sealed copy of the journal; `None` where they never said. It
/// stands in the journal itself, so that it is so on every device of theirs, and on one that comes back.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn copies_by_members(docs: &mut dyn Documents) -> Result<Option<bool>, Unavailable> {
    let Some(index) = docs.read(DocumentId::INDEX)? else {
        return Ok(None);
    };
    let kept = index.get(automerge::ROOT, COPIES).ok().flatten();
    Ok(kept.and_then(|(value, _)| value.as_bool()))
}

/// Writes whether members may keep a sealed copy of the journal.
///
/// # Errors
/// [`EditError::NoJournal`].
pub fn let_members_copy(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    are_wanted: bool,
) -> Result<(), EditError> {
    if !is_journal(docs)? {
        return Err(EditError::NoJournal);
    }
    let mut plan = Plan::default();
    let root = plan.root();
    plan.put(root, COPIES, are_wanted);
    commit(docs, DocumentId::INDEX, plan, writer.now)
}

/// The owner's own templates, each by its name, as the text that was kept. They stand in the journal, so that they are
/// on every device of theirs.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn templates(docs: &mut dyn Documents) -> Result<BTreeMap<String, String>, Unavailable> {
    let Some(index) = docs.read(DocumentId::INDEX)? else {
        return Ok(BTreeMap::new());
    };
    let root = Record::root(index);
    let named = root.fields.keys().filter_map(|key| {
        let name = key.strip_prefix(TEMPLATE)?;
        Some((name.to_owned(), root.str(key)?))
    });
    Ok(named.filter(|(_, text)| !text.is_empty()).collect())
}

/// Keeps a template of the owner's own, or forgets it where there is no text.
///
/// # Errors
/// [`EditError::NoJournal`], and [`EditError::Invalid`] for one that is too long.
pub fn keep_template(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    name: &str,
    text: &str,
) -> Result<(), EditError> {
    check::title("name of the template", name)?;
    check::text("template", text)?;
    if !is_journal(docs)? {
        return Err(EditError::NoJournal);
    }
    let mut plan = Plan::default();
    if let Some(index) = docs.read(DocumentId::INDEX)? {
        plan.set(&Record::root(index), format!("{TEMPLATE}{name}"), text);
    }
    commit(docs, DocumentId::INDEX, plan, writer.now)
}

/// Says whether a notebook calls itself a journal. It is one only if nobody else is in it, which the caller
/// knows.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn is_journal(docs: &mut dyn Documents) -> Result<bool, Unavailable> {
    Ok(docs.read(DocumentId::INDEX)?.is_some_and(has_form))
}

pub(crate) fn has_form(index: &Automerge) -> bool {
    let form = index.get(automerge::ROOT, "form").ok().flatten();
    form.is_some_and(|(value, _)| value.as_str() == Some(Form::Journal.word()))
}

/// Writes an entry.
///
/// # Errors
/// [`EditError::Invalid`] for an empty or long text, [`EditError::NoJournal`].
pub fn add(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    new: &NewEntry,
) -> Result<ObjectId, EditError> {
    let text = check::words("entry", &new.text)?;
    let mut plan = Plan::default();
    let (id, entry) = begin(docs, writer, &mut plan)?;
    plan.put(entry, "text", text);
    plan.put_some(entry, "about", about(new.about.as_deref()));
    plan.put_some(entry, "session", new.session.map(|id| id.to_string()));
    commit(docs, DocumentId::INDEX, plan, writer.now)?;
    Ok(id)
}

/// Keeps a text and its salt before their author commits to them.
///
/// # Errors
/// [`EditError::NoJournal`].
pub fn keep_sealed(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    notebook: &str,
    exchange: ObjectId,
    sealed: &Sealed,
) -> Result<ObjectId, EditError> {
    let mut plan = Plan::default();
    let (id, entry) = begin(docs, writer, &mut plan)?;
    plan.put(entry, "text", sealed.words.as_str());
    plan.put_some(entry, "about", about(Some(notebook)));
    plan.put(entry, "exchange", exchange.to_string());
    plan.put(entry, "salt", sealed.salt.0.to_vec());
    commit(docs, DocumentId::INDEX, plan, writer.now)?;
    Ok(id)
}

fn begin(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    plan: &mut Plan,
) -> Result<(ObjectId, crate::plan::Slot), EditError> {
    if !is_journal(docs)? {
        return Err(EditError::NoJournal);
    }
    let id = writer.new_id();
    let root = plan.root();
    Ok((id, plan.map(root, Kind::Entry.key(id))))
}

fn about(notebook: Option<&str>) -> Option<&str> {
    notebook.filter(|id| id.len() <= NAME_BYTES_MAX)
}

/// The texts that are kept here for a sealed exchange, oldest first.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn sealed_for(
    docs: &mut dyn Documents,
    exchange: ObjectId,
) -> Result<Vec<Sealed>, Unavailable> {
    let Some(index) = docs.read(DocumentId::INDEX)? else {
        return Ok(Vec::new());
    };
    Ok(Record::all(index, Kind::Entry)
        .into_iter()
        .filter(|(_, record)| record.id("exchange") == Some(exchange))
        .filter_map(|(_, record)| {
            Some(Sealed {
                salt: Salt(record.bytes_32("salt")?),
                words: record.str("text")?,
            })
        })
        .collect())
}

/// Lists every entry, oldest first.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn list(docs: &mut dyn Documents, people: &dyn People) -> Result<Vec<EntryView>, Unavailable> {
    shown::list(docs, people)
}

/// Shows one entry.
///
/// # Errors
/// [`ReadError::NotFound`] where it is not.
pub fn show(
    docs: &mut dyn Documents,
    people: &dyn People,
    id: ObjectId,
) -> Result<EntryView, ReadError> {
    shown::show(docs, people, id)
}

impl Shown for EntryView {
    const KIND: Kind = Kind::Entry;

    fn read(
        id: ObjectId,
        record: &Record<'_>,
        comments: &[CommentView],
        people: &dyn People,
    ) -> Self {
        Self {
            id,
            text: record.str_or_empty("text"),
            about: record.str("about"),
            session: record.id("session"),
            exchange: record.id("exchange"),
            comments: comment::of(comments, id),
            provenance: record.provenance(people),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::meta;
    use crate::testing::{Bench, bench};

    #[test]
    fn entries_are_kept_in_a_journal_and_nowhere_else() {
        let Bench {
            mut docs,
            people,
            mut rng,
            now,
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        let new = NewEntry {
            text: "Not for Ben.".to_owned(),
            ..NewEntry::default()
        };
        meta::create(&mut docs, &mut writer, "Mia and Ben", "peer").unwrap();
        let error = add(&mut docs, &mut writer, &new).unwrap_err();
        assert!(matches!(error, EditError::NoJournal), "{error}");
        assert!(list(&mut docs, &people).unwrap().is_empty());

        let Bench { mut docs, .. } = bench();
        create(&mut docs, &mut writer).unwrap();
        let id = add(&mut docs, &mut writer, &new).unwrap();
        assert_eq!(show(&mut docs, &people, id).unwrap().text, "Not for Ben.");
        assert_eq!(meta::show(&mut docs, &people).unwrap().form, Form::Journal);
        assert!(
            meta::check("Mine", "journal").is_err(),
            "nobody creates one by hand"
        );
    }

    #[test]
    fn what_its_owner_says_about_copies_stands_in_a_journal_and_nowhere_else() {
        let Bench {
            mut docs,
            mut rng,
            now,
            ..
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        meta::create(&mut docs, &mut writer, "Mia and Ben", "peer").unwrap();
        let error = let_members_copy(&mut docs, &mut writer, true).unwrap_err();
        assert!(matches!(error, EditError::NoJournal), "{error}");

        let Bench { mut docs, .. } = bench();
        create(&mut docs, &mut writer).unwrap();
        assert_eq!(copies_by_members(&mut docs).unwrap(), None);
        for said in [true, false] {
            let_members_copy(&mut docs, &mut writer, said).unwrap();
            assert_eq!(copies_by_members(&mut docs).unwrap(), Some(said));
        }
    }

    #[test]
    fn what_was_sealed_comes_back_with_its_salt() {
        let Bench {
            mut docs,
            mut rng,
            now,
            ..
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        create(&mut docs, &mut writer).unwrap();
        let exchange = writer.new_id();
        let sealed = Sealed {
            salt: writer.new_salt(),
            words: "Honestly".to_owned(),
        };
        keep_sealed(&mut docs, &mut writer, "nb", exchange, &sealed).unwrap();
        assert_eq!(sealed_for(&mut docs, exchange).unwrap(), [sealed]);
        let other = writer.new_id();
        assert!(sealed_for(&mut docs, other).unwrap().is_empty());
    }
}
