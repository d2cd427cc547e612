//! Planning a session and changing its plan.

use crate::Writer;
use crate::check;
use crate::documents::Documents;
use crate::error::EditError;
use crate::id::{DocumentId, Kind, ObjectId};
use crate::people::PersonRef;
use crate::plan::{Plan, commit};
use crate::session::header;
use crate::template::Template;
use crate::when::{Every, Moment};
use crate::word::SessionStatus;

/// The title of a session that got none, neither typed nor from a template.
const DEFAULT_TITLE: &str = "Session";

/// The length of a session that got none.
const DEFAULT_MINUTES: u32 = 60;

/// A session to plan.
#[derive(Clone, Default, Debug)]
pub struct NewSession {
    /// The local date and time, `2026-12-01 15:00`.
    pub at: String,
    /// The IANA zone of that time.
    pub zone: String,
    /// The title; that of the template where there is none.
    pub title: Option<String>,
    /// The length in minutes.
    pub minutes: Option<u32>,
    /// A place or a link.
    pub place: Option<String>,
    /// The recurrence, for example `2w`.
    pub every: Option<String>,
    /// The template that it begins with.
    pub template: Option<Template>,
    /// Who is to come; everybody where the list is empty.
    pub attendees: Vec<PersonRef>,
}

/// Changes of a plan. `None` keeps a field; an empty text clears it.
#[derive(Clone, Default, Debug)]
#[expect(missing_docs, reason = "the fields are those of `NewSession`")]
pub struct SessionEdit {
    pub at: Option<String>,
    pub zone: Option<String>,
    pub title: Option<String>,
    pub minutes: Option<u32>,
    pub place: Option<String>,
    pub every: Option<String>,
    pub attendees: Option<Vec<PersonRef>>,
}

/// Plans a session: makes its header and its document, with the notes and the template's agenda.
///
/// # Errors
/// [`EditError::Invalid`] for any field that cannot be written; nothing is changed then.
pub fn plan(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    new: &NewSession,
) -> Result<ObjectId, EditError> {
    let moment = Moment::parse(&new.at, &new.zone)?;
    let template = new.template.as_ref();
    let title = new
        .title
        .as_deref()
        .or(template.map(|template| template.title.as_str()));
    let title = check::title("title", title.unwrap_or(DEFAULT_TITLE))?;
    let minutes = new.minutes.or(template.map(|template| template.minutes));
    let minutes = check::minutes(minutes.unwrap_or(DEFAULT_MINUTES))?;
    let every = new.every.as_deref().map(Every::parse).transpose()?;
    let place = new
        .place
        .as_deref()
        .map(|place| check::text("place", place))
        .transpose()?;
    check::people("list of attendees", &new.attendees)?;
    // Both documents must open before either is written.
    docs.read(DocumentId::INDEX)?;

    let id = writer.new_id();
    let mut index = Plan::default();
    let root = index.root();
    let session = index.map(root, Kind::Session.key(id));
    index.put(session, "title", title);
    index.put(session, "at", moment.local());
    index.put(session, "zone", moment.zone());
    index.put(session, "minutes", minutes);
    index.put(session, "status", SessionStatus::default().word());
    index.put_some(session, "place", place);
    index.put_some(session, "every", every.map(|every| every.to_string()));
    index.put_some(
        session,
        "template",
        template.map(|template| template.name.as_str()),
    );
    index.put_people(session, "attendee", &new.attendees);

    commit(docs, id.document(), content(writer, template), writer.now)?;
    commit(docs, DocumentId::INDEX, index, writer.now)?;
    Ok(id)
}

/// The first change of a session's document. The notes are made here and nowhere else, because of two
/// Texts made concurrently under one key only one would show.
fn content(writer: &mut Writer<'_>, template: Option<&Template>) -> Plan {
    let mut plan = Plan::default();
    let root = plan.root();
    plan.text(
        root,
        "notes",
        template.map_or("", |template| template.notes.as_str()),
    );
    for item in template.iter().flat_map(|template| &template.agenda) {
        let entry = plan.map(root, Kind::Agenda.key(writer.new_id()));
        plan.put(entry, "title", item.title.as_str());
        plan.put(entry, "minutes", i64::from(item.minutes));
        plan.put(entry, "done", false);
        if !item.prompts.is_empty() {
            plan.put(entry, "prompts", item.prompts.join("\n"));
        }
    }
    plan
}

/// Changes the plan of a session.
///
/// # Errors
/// [`EditError::Invalid`] for any field that cannot be written, [`EditError::NotFound`].
pub fn edit(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    edit: &SessionEdit,
) -> Result<(), EditError> {
    let mut plan = Plan::default();
    {
        let session = header(docs, id)?;
        if edit.at.is_some() || edit.zone.is_some() {
            let at = edit
                .at
                .clone()
                .unwrap_or_else(|| session.str_or_empty("at"));
            let zone = edit
                .zone
                .clone()
                .unwrap_or_else(|| session.str_or_empty("zone"));
            let moment = Moment::parse(&at, &zone)?;
            plan.set(&session, "at", moment.local());
            plan.set(&session, "zone", moment.zone());
        }
        if let Some(title) = &edit.title {
            plan.set(&session, "title", check::title("title", title)?);
        }
        if let Some(minutes) = edit.minutes {
            plan.set(&session, "minutes", check::minutes(minutes)?);
        }
        if let Some(place) = &edit.place {
            plan.set(&session, "place", check::text("place", place)?);
        }
        match edit.every.as_deref().map(str::trim) {
            None => {}
            Some("") => plan.set(&session, "every", ()),
            Some(every) => plan.set(&session, "every", Every::parse(every)?.to_string()),
        }
        if let Some(attendees) = &edit.attendees {
            check::people("list of attendees", attendees)?;
            plan.set_people(&session, "attendee", attendees);
        }
    }
    commit(docs, DocumentId::INDEX, plan, writer.now)
}
