//! Resources: what is worth reading, watching or using, and why. Each is a map in the index under
//! `resource/ID`; its tags are the keys `tag/TAG`.

use serde::Serialize;

use crate::Writer;
use crate::check;
use crate::comment::{self, CommentView};
use crate::documents::{Documents, Unavailable};
use crate::error::{EditError, Invalid, ReadError};
use crate::file::AttachedFile;
use crate::id::{DocumentId, Kind, ObjectId};
use crate::limits::{TAG_CHARS_MAX, TAGS_MAX};
use crate::people::People;
use crate::plan::{Plan, commit};
use crate::record::{Provenance, Record};
use crate::shown::{self, Shown};

/// What stands before a tag in its key.
const TAG: &str = "tag/";

/// A resource to add.
#[derive(Clone, Default, Debug)]
pub struct NewResource {
    /// What it is called.
    pub title: String,
    /// Where it is.
    pub link: Option<String>,
    /// Why it matters.
    pub why: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// The file that is it.
    pub file: Option<AttachedFile>,
}

/// Changes of a resource. `None` keeps a field; an empty text clears it.
#[derive(Clone, Default, Debug)]
pub struct ResourceEdit {
    /// A new title.
    pub title: Option<String>,
    /// Another place.
    pub link: Option<String>,
    /// Other reasons.
    pub why: Option<String>,
    /// Tags to add.
    pub add_tags: Vec<String>,
    /// Tags to take off.
    pub remove_tags: Vec<String>,
    /// Whether it is put away.
    pub removed: Option<bool>,
}

/// A resource as shown.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ResourceView {
    /// The id.
    pub id: ObjectId,
    /// What it is called.
    pub title: String,
    /// Where it is.
    pub link: Option<String>,
    /// Why it matters.
    pub why: String,
    /// Words to find it by, in the order of the alphabet.
    pub tags: Vec<String>,
    /// The file that is it, as the document tells of it.
    pub file: Option<AttachedFile>,
    /// Whether it is put away: lists leave it out.
    pub removed: bool,
    /// Comments, oldest first.
    pub comments: Vec<CommentView>,
    /// Who made it and who changed it last.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// A tag as it is kept: in small letters, with `-` between words, without a `#` before it.
///
/// # Errors
/// [`Invalid`] for one that is blank, long, or has a control character.
pub fn tag(text: &str) -> Result<String, Invalid> {
    let field = "tag";
    let words: Vec<String> = text
        .trim()
        .trim_start_matches('#')
        .split_whitespace()
        .map(str::to_lowercase)
        .collect();
    let tag = words.join("-");
    if tag.is_empty() {
        return Err(Invalid::Empty { field });
    }
    if tag.chars().nth(TAG_CHARS_MAX).is_some() {
        return Err(Invalid::TooLong {
            field,
            max: TAG_CHARS_MAX,
            unit: "characters",
        });
    }
    if tag
        .chars()
        .any(|letter| letter == ',' || letter.is_control())
    {
        return Err(Invalid::Word {
            field,
            value: check::quote(text),
            valid: "one word at a time, without commas",
        });
    }
    Ok(tag)
}

fn tags(texts: &[String]) -> Result<Vec<String>, Invalid> {
    if texts.len() > TAGS_MAX {
        return Err(Invalid::TooLong {
            field: "list of tags",
            max: TAGS_MAX,
            unit: "tags",
        });
    }
    texts.iter().map(|text| tag(text)).collect()
}

/// Adds a resource.
///
/// # Errors
/// [`EditError::Invalid`] for a blank or long title or another field that cannot be written.
pub fn add(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    new: &NewResource,
) -> Result<ObjectId, EditError> {
    let title = check::title("title", &new.title)?;
    let link = new.link.as_deref();
    let link = link.map(|link| check::link("link", link)).transpose()?;
    let why = check::text("reason", new.why.as_deref().unwrap_or_default())?;
    let tags = tags(&new.tags)?;
    let id = writer.new_id();
    let mut plan = Plan::default();
    let root = plan.root();
    let resource = plan.map(root, Kind::Resource.key(id));
    plan.put(resource, "title", title);
    plan.put_some(resource, "link", link);
    plan.put_some(resource, "why", (!why.trim().is_empty()).then_some(why));
    for tag in tags {
        plan.put(resource, format!("{TAG}{tag}"), true);
    }
    if let Some(file) = &new.file {
        file.put(&mut plan, resource)?;
    }
    commit(docs, DocumentId::INDEX, plan, writer.now)?;
    Ok(id)
}

/// Changes a resource, puts it away or takes it out again.
///
/// # Errors
/// [`EditError::Invalid`] for a field that cannot be written, [`EditError::NotFound`].
pub fn edit(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    edit: &ResourceEdit,
) -> Result<(), EditError> {
    let (added, removed) = (tags(&edit.add_tags)?, tags(&edit.remove_tags)?);
    let mut plan = Plan::default();
    {
        let index = docs.read(DocumentId::INDEX)?;
        let resource = index
            .and_then(|index| Record::keyed(index, &Kind::Resource.key(id)))
            .ok_or(EditError::NotFound {
                kind: Kind::Resource,
                id,
            })?;
        if let Some(title) = &edit.title {
            plan.set(&resource, "title", check::title("title", title)?);
        }
        match edit.link.as_deref().map(str::trim) {
            None => {}
            Some("") => plan.set(&resource, "link", ""),
            Some(link) => plan.set(&resource, "link", check::link("link", link)?),
        }
        if let Some(why) = &edit.why {
            plan.set(&resource, "why", check::text("reason", why)?);
        }
        for tag in added {
            plan.set(&resource, format!("{TAG}{tag}"), true);
        }
        for key in removed.into_iter().map(|tag| format!("{TAG}{tag}")) {
            if resource.fields.contains_key(&key) {
                plan.set(&resource, key, false);
            }
        }
        if edit
            .removed
            .is_some_and(|removed| removed != resource.flag("removed"))
        {
            plan.set(&resource, "removed", edit.removed.unwrap_or_default());
        }
    }
    commit(docs, DocumentId::INDEX, plan, writer.now)
}

/// Lists the resources, oldest first; those that are put away too.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn list(
    docs: &mut dyn Documents,
    people: &dyn People,
) -> Result<Vec<ResourceView>, Unavailable> {
    shown::list(docs, people)
}

/// Shows one.
///
/// # Errors
/// [`ReadError::NotFound`] where it is not.
pub fn show(
    docs: &mut dyn Documents,
    people: &dyn People,
    id: ObjectId,
) -> Result<ResourceView, ReadError> {
    shown::show(docs, people, id)
}

/// The tags of a resource.
pub(crate) fn tags_of(record: &Record<'_>) -> Vec<String> {
    record
        .fields
        .keys()
        .filter(|key| record.flag(key))
        .filter_map(|key| key.strip_prefix(TAG).map(str::to_owned))
        .collect()
}

impl Shown for ResourceView {
    const KIND: Kind = Kind::Resource;

    fn read(
        id: ObjectId,
        record: &Record<'_>,
        comments: &[CommentView],
        people: &dyn People,
    ) -> Self {
        Self {
            id,
            title: record.str_or_empty("title"),
            link: record.str("link").filter(|link| !link.is_empty()),
            why: record.str_or_empty("why"),
            tags: tags_of(record),
            file: AttachedFile::read(record),
            removed: record.flag("removed"),
            comments: comment::of(comments, id),
            provenance: record.provenance(people),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testing::{Bench, ben, bench};

    #[test]
    fn tags_that_two_add_at_once_are_both_there() {
        let Bench {
            mut docs,
            people,
            mut rng,
            now,
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        let new = NewResource {
            title: "The Coaching Habit".to_owned(),
            link: Some("https://example.org/".to_owned()),
            why: Some("Seven questions".to_owned()),
            tags: vec!["#Books".to_owned()],
            file: None,
        };
        let id = add(&mut docs, &mut writer, &new).unwrap();
        let mut theirs = docs.fork(ben());
        let tagged = |add: &str, remove: &str| ResourceEdit {
            add_tags: vec![add.to_owned()],
            remove_tags: vec![remove.to_owned()],
            ..ResourceEdit::default()
        };
        edit(&mut docs, &mut writer, id, &tagged("asking  well", "x")).unwrap();
        edit(&mut theirs, &mut writer, id, &tagged("short", "books")).unwrap();
        docs.merge(&theirs).unwrap();
        let shown = show(&mut docs, &people, id).unwrap();
        assert_eq!(shown.tags, ["asking-well", "short"]);
        let away = ResourceEdit {
            removed: Some(true),
            link: Some(String::new()),
            ..ResourceEdit::default()
        };
        edit(&mut docs, &mut writer, id, &away).unwrap();
        let shown = show(&mut docs, &people, id).unwrap();
        assert!(shown.removed && shown.link.is_none());
        assert_eq!(
            list(&mut docs, &people).unwrap().len(),
            1,
            "nothing is lost"
        );
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let Bench {
            mut docs,
            mut rng,
            now,
            ..
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        for text in ["", " # ", "a,b", "a\u{1b}b", &"x".repeat(TAG_CHARS_MAX + 1)] {
            assert!(tag(text).is_err(), "{text}");
        }
        let many = NewResource {
            title: "T".to_owned(),
            tags: vec!["t".to_owned(); TAGS_MAX + 1],
            ..NewResource::default()
        };
        assert!(add(&mut docs, &mut writer, &many).is_err());
        let odd = NewResource {
            title: "T".to_owned(),
            link: Some("example.org".to_owned()),
            ..NewResource::default()
        };
        assert!(add(&mut docs, &mut writer, &odd).is_err());
        assert!(docs.iter().next().is_none(), "nothing was made");
    }
}
