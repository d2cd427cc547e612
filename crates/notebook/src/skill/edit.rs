//! Writing skills, ratings and evidence.

use crate::Writer;
use crate::check;
use crate::documents::Documents;
use crate::error::{EditError, Invalid};
use crate::id::{DocumentId, Kind, ObjectId};
use crate::people::PersonRef;
use crate::plan::{Plan, commit};
use crate::skill::{anchor_key, read};

/// A skill to add.
#[derive(Clone, Default, Debug)]
pub struct NewSkill {
    /// What it is called.
    pub title: String,
    /// What is meant by it here.
    pub about: Option<String>,
    /// Where it is described, for example in ESCO.
    pub uri: Option<String>,
    /// What the numbers mean, where that is not the usual: the number from 1 to 5 and the words.
    pub anchors: Vec<(u32, String)>,
}

/// Changes of a skill. `None` keeps a field; an empty text clears it.
#[derive(Clone, Default, Debug)]
#[expect(missing_docs, reason = "the fields are those of `NewSkill`")]
pub struct SkillEdit {
    pub title: Option<String>,
    pub about: Option<String>,
    pub uri: Option<String>,
    pub anchors: Vec<(u32, String)>,
}

/// How somebody sees a skill of a person.
#[derive(Clone, Default, Debug)]
pub struct NewRating {
    /// Whose skill it is; the writer's where nobody is named.
    pub of: Option<PersonRef>,
    /// From 1 to 5.
    pub value: u32,
    /// What makes the writer think so.
    pub note: Option<String>,
    /// The day it was like that; the day of writing where there is none.
    pub at: Option<String>,
}

/// Something that shows a skill.
#[derive(Clone, Default, Debug)]
pub struct NewEvidence {
    /// Whose skill it shows; the writer's where nobody is named.
    pub of: Option<PersonRef>,
    /// What was done or seen.
    pub text: String,
    /// Where it is to be seen.
    pub link: Option<String>,
}

/// Adds a skill.
///
/// # Errors
/// [`EditError::Invalid`] for a blank or long name or another field that cannot be written.
pub fn add(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    new: &NewSkill,
) -> Result<ObjectId, EditError> {
    let title = check::title("name of the skill", &new.title)?;
    let uri = new.uri.as_deref().filter(|uri| !uri.trim().is_empty());
    let uri = uri.map(|uri| check::link("URI", uri)).transpose()?;
    let about = check::text("description", new.about.as_deref().unwrap_or_default())?;
    let anchors = anchors(&new.anchors)?;
    let id = writer.new_id();
    let mut plan = Plan::default();
    let root = plan.root();
    let skill = plan.map(root, Kind::Skill.key(id));
    plan.put(skill, "title", title);
    plan.put_some(skill, "about", (!about.trim().is_empty()).then_some(about));
    plan.put_some(skill, "uri", uri);
    for (key, text) in anchors {
        plan.put(skill, key, text);
    }
    commit(docs, DocumentId::INDEX, plan, writer.now)?;
    Ok(id)
}

/// Changes a skill.
///
/// # Errors
/// [`EditError::Invalid`] for a field that cannot be written, [`EditError::NotFound`].
pub fn edit(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    edit: &SkillEdit,
) -> Result<(), EditError> {
    let title = edit.title.as_deref();
    let title = title
        .map(|title| check::title("name of the skill", title))
        .transpose()?;
    let uri = match edit.uri.as_deref().map(str::trim) {
        Some("") => Some(""),
        Some(uri) => Some(check::link("URI", uri)?),
        None => None,
    };
    let about = edit.about.as_deref();
    let about = about
        .map(|about| check::text("description", about))
        .transpose()?;
    let anchors = anchors(&edit.anchors)?;
    let mut plan = Plan::default();
    // All that are read as this skill change alike, or they would come apart.
    for (_, record) in &read(docs, id)?.0 {
        if let Some(title) = title {
            plan.set(record, "title", title);
        }
        if let Some(about) = about {
            plan.set(record, "about", about);
        }
        if let Some(uri) = uri {
            plan.set(record, "uri", uri);
        }
        for (key, text) in &anchors {
            plan.set(record, key.as_str(), *text);
        }
    }
    commit(docs, DocumentId::INDEX, plan, writer.now)
}

fn anchors(anchors: &[(u32, String)]) -> Result<Vec<(String, &str)>, Invalid> {
    let mut checked = Vec::new();
    for one in anchors {
        let value = check::one_to_five("number of an anchor", one.0)?;
        let text = match one.1.trim() {
            "" => "",
            text => check::title("anchor", text)?,
        };
        checked.push((anchor_key(value), text));
    }
    Ok(checked)
}

/// Records how the writer sees a skill of somebody. Earlier ratings stay: together they tell how it grew.
///
/// # Errors
/// [`EditError::Invalid`] for a number that is not from 1 to 5, a long note or an odd date,
/// [`EditError::NotFound`].
pub fn rate(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    new: &NewRating,
) -> Result<ObjectId, EditError> {
    let value = check::one_to_five("rating", new.value)?;
    let note = check::text("note", new.note.as_deref().unwrap_or_default())?;
    let at = new.at.as_deref().map(check::date).transpose()?;
    let rating = writer.new_id();
    let mut plan = Plan::default();
    let skill = first(docs, id, &mut plan)?;
    let entry = plan.map(skill, Kind::Rating.key(rating));
    plan.put(entry, "of", new.of.as_ref().unwrap_or(&writer.me).as_str());
    plan.put(entry, "value", value);
    plan.put_some(entry, "note", (!note.trim().is_empty()).then_some(note));
    plan.put_some(entry, "at", at);
    commit(docs, DocumentId::INDEX, plan, writer.now)?;
    Ok(rating)
}

/// Adds something that shows a skill of somebody.
///
/// # Errors
/// [`EditError::Invalid`] for an empty or long text or an odd link, [`EditError::NotFound`].
pub fn add_evidence(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    new: &NewEvidence,
) -> Result<ObjectId, EditError> {
    let text = check::words("evidence", &new.text)?;
    let link = new.link.as_deref();
    let link = link.map(|link| check::link("link", link)).transpose()?;
    let evidence = writer.new_id();
    let mut plan = Plan::default();
    let skill = first(docs, id, &mut plan)?;
    let entry = plan.map(skill, Kind::Evidence.key(evidence));
    plan.put(entry, "of", new.of.as_ref().unwrap_or(&writer.me).as_str());
    plan.put(entry, "text", text);
    plan.put_some(entry, "link", link);
    commit(docs, DocumentId::INDEX, plan, writer.now)?;
    Ok(evidence)
}

/// Where new parts of a skill go.
pub(super) fn first(
    docs: &mut dyn Documents,
    id: ObjectId,
    plan: &mut Plan,
) -> Result<crate::plan::Slot, EditError> {
    let skill = read(docs, id)?;
    let (_, record) = skill.0.first().ok_or(EditError::NotFound {
        kind: Kind::Skill,
        id,
    })?;
    Ok(plan.at(record.obj.clone()))
}
