//! Planning a session and changing its plan.

use crate::Writer;
use crate::check;
use crate::documents::Documents;
use crate::error::{EditError, Invalid};
use crate::id::{DocumentId, Kind, ObjectId};
use crate::people::PersonRef;
use crate::plan::{Plan, commit};
use crate::record::Record;
use crate::session::series::{ENDED, SERIES, SLOT};
use crate::session::{OF_TEMPLATE, header};
use crate::template::Template;
use crate::when::{Every, Moment};
use crate::word::{SessionStatus, Sharing};

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
#[expect(missing_docs, reason = "most fields are those of `NewSession`")]
pub struct SessionEdit {
    pub at: Option<String>,
    pub zone: Option<String>,
    pub title: Option<String>,
    pub minutes: Option<u32>,
    pub place: Option<String>,
    pub every: Option<String>,
    pub attendees: Option<Vec<PersonRef>>,
    /// Whether the sessions that are still to be made change with it.
    pub whole_series: bool,
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
    index.put(session, "sharing", Sharing::default().word());
    if let Some(every) = every {
        index.put(session, "every", every.to_string());
        index.put(session, SERIES, id.to_string());
        index.put(session, SLOT, moment.local());
    }
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
pub(super) fn content(writer: &mut Writer<'_>, template: Option<&Template>) -> Plan {
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
        // The next session has its own from its template, so this one is not carried over.
        plan.put(entry, OF_TEMPLATE, true);
        if !item.prompts.is_empty() {
            plan.put(entry, "prompts", item.prompts.join("\n"));
        }
    }
    plan
}

/// Changes the plan of a session. Where it is one of a series, the others stay as they are, but for a
/// changed rhythm and for `whole_series`: then the series begins anew with this session.
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
        let series = session.id(SERIES);
        if edit.whole_series && series.is_none() && edit.every.is_none() {
            let message = "this session does not come again, so there is no series to change";
            return Err(Invalid::Shape { message }.into());
        }
        let mut moment = None;
        if edit.at.is_some() || edit.zone.is_some() {
            let field = |new: &Option<String>, key: &str| {
                new.clone().unwrap_or_else(|| session.str_or_empty(key))
            };
            let changed = Moment::parse(&field(&edit.at, "at"), &field(&edit.zone, "zone"))?;
            plan.set(&session, "at", changed.local());
            plan.set(&session, "zone", changed.zone());
            moment = Some(changed);
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
        if let Some(attendees) = &edit.attendees {
            check::people("list of attendees", attendees)?;
            plan.set_people(&session, "attendee", attendees);
        }
        let every = match edit.every.as_deref().map(str::trim) {
            None if !edit.whole_series => None,
            None => session.str("every"),
            Some("") => Some(String::new()),
            Some(every) => Some(Every::parse(every)?.to_string()),
        };
        if let Some(every) = every {
            let local = moment.map(|moment| moment.local());
            let local = local.or_else(|| session.str("at")).unwrap_or_default();
            begin_series(&mut plan, &session, id, &every, &local);
        }
    }
    commit(docs, DocumentId::INDEX, plan, writer.now)
}

/// Ends the series that a session is of, and has a new one begin with it where there is a recurrence.
fn begin_series(plan: &mut Plan, session: &Record<'_>, id: ObjectId, every: &str, local: &str) {
    let before = session.id(SERIES);
    let first = before.filter(|first| *first != id || every.is_empty());
    let first = first.and_then(|first| Record::keyed(session.doc, &Kind::Session.key(first)));
    if let Some(first) = first {
        plan.set(&first, ENDED, true);
    }
    if every.is_empty() {
        plan.set(session, "every", ());
        return;
    }
    plan.set(session, "every", every);
    plan.set(session, SERIES, id.to_string());
    plan.set(session, SLOT, local);
    if session.flag(ENDED) {
        plan.set(session, ENDED, false);
    }
}

/// Calls a planned session off, or plans it again.
///
/// # Errors
/// [`EditError::Invalid`] for a session that was held, or a long reason; [`EditError::NotFound`].
pub fn cancel(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    is_off: bool,
    reason: Option<&str>,
) -> Result<(), EditError> {
    let reason = check::text("reason", reason.unwrap_or_default().trim())?;
    let mut plan = Plan::default();
    {
        let session = header(docs, id)?;
        if session.str("status").as_deref() == Some(SessionStatus::Held.word()) {
            let message = "this session was held, so it cannot be called off";
            return Err(Invalid::Shape { message }.into());
        }
        let status = if is_off {
            SessionStatus::Cancelled
        } else {
            SessionStatus::Planned
        };
        plan.set(&session, "status", status.word());
        plan.set(&session, "reason", reason);
    }
    commit(docs, DocumentId::INDEX, plan, writer.now)
}

/// Says who may hear of a session's notes.
///
/// # Errors
/// [`EditError::Invalid`] for an unknown mark, [`EditError::NotFound`].
pub fn set_sharing(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    mark: &str,
) -> Result<(), EditError> {
    let mark = Sharing::parse(mark)?;
    let mut plan = Plan::default();
    plan.set(&header(docs, id)?, "sharing", mark.word());
    commit(docs, DocumentId::INDEX, plan, writer.now)
}
