//! Endorsements: the text that is signed, and keeping it.

use std::collections::BTreeSet;

use automerge::Automerge;

use crate::Writer;
use crate::agreement::ToSign;
use crate::check;
use crate::documents::Documents;
use crate::error::{EditError, Invalid};
use crate::hash::{Salt, TextHash};
use crate::id::{DocumentId, Kind, ObjectId};
use crate::people::{People, PersonRef};
use crate::plan::{Plan, commit};
use crate::record::{Record, signed};
use crate::skill::{Skill, edit, read};

/// The key of the text that is signed.
const TEXT: &str = "signed_text";

/// An endorsement to write.
#[derive(Clone, Debug)]
pub struct NewEndorsement {
    /// Whose skill it is.
    pub of: PersonRef,
    /// What the writer has seen.
    pub note: Option<String>,
}

/// An endorsement as the change that made it left it: what a member writes into it afterwards changes
/// nothing.
pub(super) struct Kept {
    pub(super) of: String,
    pub(super) note: String,
    pub(super) text: String,
    pub(super) salt: Salt,
    /// The id of the person who wrote it; empty where nobody knows the actor.
    pub(super) by: String,
}

impl Kept {
    pub(super) fn read(record: &Record<'_>, people: &dyn People) -> Option<Self> {
        let made = record.as_made()?;
        // A large import is cut into several changes, and the first may hold no more than the key.
        let text = |key: &str| made.str(key).or_else(|| record.str(key));
        let salt = made.bytes_32("salt").or_else(|| record.bytes_32("salt"))?;
        let (author, _) = signed(record.doc, &record.obj, people);
        Some(Self {
            of: text("of")?,
            note: text("note").unwrap_or_default(),
            text: text(TEXT)?,
            salt: Salt(salt),
            by: author.person,
        })
    }

    pub(super) fn hash(&self) -> TextHash {
        TextHash::of_endorsement(&self.salt, &self.text)
    }
}

/// The text of an endorsement: what is signed, to the byte.
///
/// The line `Endorsement`, an empty line, then `Skill: NAME`; `Described at: URI` where there is one;
/// `Person: ID`; and where something is said, an empty line and the note. Each line ends with a newline;
/// white space at the ends of what people wrote is dropped, and so are carriage returns.
pub(super) fn canonical(skill: &Skill<'_>, of: &str, note: &str) -> String {
    let plain = |text: &str| text.replace('\r', "").trim().to_owned();
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut text = format!("Endorsement\n\nSkill: {}\n", one_line(&skill.title()));
    let uri = skill.text("uri");
    if !uri.trim().is_empty() {
        text.push_str(&format!("Described at: {}\n", one_line(&uri)));
    }
    text.push_str(&format!("Person: {of}\n"));
    let note = plain(note);
    if !note.is_empty() {
        text.push_str(&format!("\n{note}\n"));
    }
    text
}

/// The hash that signatures under an endorsement name; `None` where the record is none.
pub(crate) fn hash_of(record: &Record<'_>, people: &dyn People) -> Option<TextHash> {
    Kept::read(record, people).map(|kept| kept.hash())
}

/// The hashes of all endorsements of an index: signatures that name one of them are under no agreement.
pub(crate) fn hashes(index: &Automerge, people: &dyn People) -> BTreeSet<TextHash> {
    Record::all(index, Kind::Skill)
        .iter()
        .flat_map(|(_, skill)| skill.children(Kind::Endorsement))
        .filter_map(|(_, record)| hash_of(&record, people))
        .collect()
}

/// Keeps an endorsement and says what its signature has to name. One that the writer made before and that
/// says the same is not made again.
///
/// # Errors
/// [`EditError::Invalid`] where the writer is the one endorsed, or the note is too long;
/// [`EditError::NotFound`].
pub fn record_endorsement(
    docs: &mut dyn Documents,
    people: &dyn People,
    writer: &mut Writer<'_>,
    id: ObjectId,
    new: &NewEndorsement,
) -> Result<ToSign, EditError> {
    if new.of == writer.me {
        return Err(Invalid::Shape {
            message: "nobody endorses their own skill; rate it, or ask somebody who has seen it",
        }
        .into());
    }
    let note = check::text("note", new.note.as_deref().unwrap_or_default())?;
    let note = note.trim();
    let skill = read(docs, id)?;
    let text = canonical(&skill, new.of.as_str(), note);
    for (_, record) in skill.children(Kind::Endorsement) {
        let kept = Kept::read(&record, people);
        if let Some(kept) = kept.filter(|kept| kept.by == writer.me.as_str() && kept.text == text)
            && !record.flag("withdrawn")
        {
            let hash = kept.hash();
            return Ok(ToSign { text, hash });
        }
    }
    let salt = writer.new_salt();
    let hash = TextHash::of_endorsement(&salt, &text);
    let mut plan = Plan::default();
    let skill = edit::first(docs, id, &mut plan)?;
    let entry = plan.map(skill, Kind::Endorsement.key(writer.new_id()));
    plan.put(entry, "of", new.of.as_str());
    plan.put_some(entry, "note", (!note.is_empty()).then_some(note));
    plan.put(entry, "salt", salt.0.to_vec());
    plan.put(entry, TEXT, text.as_str());
    commit(docs, DocumentId::INDEX, plan, writer.now)?;
    Ok(ToSign { text, hash })
}

/// Takes back every endorsement of a person that the writer made; whether there was one. A signature stays
/// in the history, where everybody sees that it was given and taken back.
///
/// # Errors
/// [`EditError::NotFound`].
pub fn withdraw_endorsement(
    docs: &mut dyn Documents,
    people: &dyn People,
    writer: &mut Writer<'_>,
    id: ObjectId,
    of: &PersonRef,
) -> Result<bool, EditError> {
    let mut plan = Plan::default();
    let mut found = false;
    for (_, record) in read(docs, id)?.children(Kind::Endorsement) {
        let mine = Kept::read(&record, people)
            .is_some_and(|kept| kept.by == writer.me.as_str() && kept.of == of.as_str());
        if mine && !is_withdrawn(&record, people) {
            found = true;
            let slot = plan.at(record.obj.clone());
            // It may stand there by another's hand, and only the writer's own counts.
            plan.put(slot, "withdrawn", true);
        }
    }
    commit(docs, DocumentId::INDEX, plan, writer.now)?;
    Ok(found)
}

/// Whether whoever made an endorsement has taken it back; nobody else can.
pub(super) fn is_withdrawn(record: &Record<'_>, people: &dyn People) -> bool {
    let (author, _) = signed(record.doc, &record.obj, people);
    record.flag("withdrawn") && record.writer_of("withdrawn", people) == author.person
}
