//! Sessions as shown.

use std::collections::BTreeSet;

use automerge::Automerge;
use serde::Serialize;

use crate::action::ActionView;
use crate::comment::{self, CommentView};
use crate::conflict;
use crate::documents::{Documents, Unavailable};
use crate::error::ReadError;
use crate::id::{DocumentId, Kind, ObjectId};
use crate::people::{Named, People};
use crate::record::{Provenance, Record, Stamp, change_time, signed};
use crate::register::{ActionLine, Register, SessionLine};
use crate::session::series::{self, ENDED, SERIES, SLOT};
use crate::session::{carry, notes};
use crate::shown;
use crate::when::{Every, Moment};
use crate::word::{SessionStatus, Sharing};

/// What the index knows of a session.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SessionHeader {
    /// The id.
    pub id: ObjectId,
    /// The title.
    pub title: String,
    /// When it is planned; none where the field is unreadable.
    pub at: Option<Moment>,
    /// The local date and time as planned.
    pub local: Option<String>,
    /// The IANA zone of the plan.
    pub zone: String,
    /// The length in minutes.
    pub minutes: Option<u32>,
    /// A place or a link.
    pub place: String,
    /// The recurrence.
    pub every: Option<Every>,
    /// The template it was made from.
    pub template: Option<String>,
    /// Whether it has taken place.
    pub status: SessionStatus,
    /// Why it was called off.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The series that it is one of.
    pub series: Option<SeriesView>,
    /// Who may hear of its notes.
    pub sharing: Sharing,
    /// Who said so last; none where nobody has said anything but the usual.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sharing_by: Option<Named>,
    /// Who was to come; empty for everybody.
    pub attendees: Vec<Named>,
    /// Who has confirmed having been there.
    pub attendance: Vec<Attendance>,
    /// The next date: the one that was agreed, or one recurrence later.
    pub next: Option<Moment>,
    /// Who made it and who changed it last.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// The series of a session that comes again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SeriesView {
    /// The session that it began with.
    pub id: ObjectId,
    /// The local time that this session stands for; its own may be another, where it was moved.
    pub slot: String,
    /// Whether no more sessions are made.
    pub ended: bool,
}

/// Somebody's own confirmation of having been there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Attendance {
    /// The id of the person.
    pub person: String,
    /// The name of the person.
    pub name: String,
    /// When the person confirmed it.
    pub at: Option<jiff::Timestamp>,
}

/// A session with its content.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SessionView {
    /// What the index knows.
    #[serde(flatten)]
    pub header: SessionHeader,
    /// The agenda: what is carried over first, then its own items.
    pub agenda: Vec<AgendaView>,
    /// The whole Markdown text of the notes.
    pub notes: String,
    /// The version of the notes, the base of an edit.
    pub notes_heads: Vec<String>,
    /// What was decided.
    pub decisions: Vec<TextView>,
    /// What became clear.
    pub insights: Vec<TextView>,
    /// What each side learned.
    pub learned: Vec<LearnedView>,
    /// How it went, by each who said so.
    pub mood: Vec<MoodView>,
    /// Its own actions, then the open ones that it carries over.
    pub actions: Vec<CarriedAction>,
    /// Comments, oldest first.
    pub comments: Vec<CommentView>,
}

/// An agenda item.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct AgendaView {
    /// The id.
    pub id: ObjectId,
    /// The title.
    pub title: String,
    /// How long it may take.
    pub minutes: Option<u32>,
    /// Questions and hints for whoever is at it, from the template.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prompts: Vec<String>,
    /// Whether it was dealt with.
    pub done: bool,
    /// Who brought it.
    pub brought_by: Named,
    /// The session it was left over from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carried_from: Option<ObjectId>,
    /// Who made it and who changed it last.
    #[serde(flatten)]
    pub stamp: Stamp,
}

/// An action in a session.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CarriedAction {
    /// Whether it comes from elsewhere and is still open.
    pub carried: bool,
    /// The action.
    #[serde(flatten)]
    pub action: ActionView,
}

/// A decision or an insight.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct TextView {
    /// The id.
    pub id: ObjectId,
    /// What it says.
    pub text: String,
    /// Who made it and who changed it last.
    #[serde(flatten)]
    pub stamp: Stamp,
}

/// What a person learned.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct LearnedView {
    /// The id.
    pub id: ObjectId,
    /// Who learned it.
    #[serde(flatten)]
    pub person: Named,
    /// What was learned.
    pub text: String,
    /// Who made it and who changed it last.
    #[serde(flatten)]
    pub stamp: Stamp,
}

/// How it went for a person.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct MoodView {
    /// The id.
    pub id: ObjectId,
    /// Whose mood it is.
    #[serde(flatten)]
    pub person: Named,
    /// From 1 (bad) to 5 (very good); none where the field is unreadable.
    pub value: Option<u32>,
    /// A line about it.
    pub text: String,
    /// Who made it and who changed it last.
    #[serde(flatten)]
    pub stamp: Stamp,
}

/// The notes and the version they were read at.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct NotesView {
    /// The whole Markdown text.
    pub text: String,
    /// The version, as hexadecimal hashes; opaque to callers.
    pub heads: Vec<String>,
}

/// Lists the headers of every session, in the order of their planned times.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn list(
    docs: &mut dyn Documents,
    people: &dyn People,
) -> Result<Vec<SessionHeader>, Unavailable> {
    let spare = series::spare(docs)?;
    let mut all = docs
        .read(DocumentId::INDEX)?
        .map(|index| {
            let all = Record::all(index, Kind::Session).into_iter();
            in_order(all.map(|(id, record)| header(id, &record, people)))
        })
        .unwrap_or_default();
    all.retain(|header| !spare.contains(&header.id));
    Ok(all)
}

/// Lists the sessions that are planned and the last one that was held, in the order of their times.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub(crate) fn planned(
    docs: &mut dyn Documents,
    people: &dyn People,
) -> Result<Vec<SessionHeader>, Unavailable> {
    let register = docs.register()?;
    let is_planned = |one: &&SessionLine| one.status == SessionStatus::Planned;
    let planned = register.sessions().iter().filter(is_planned);
    let mut wanted: BTreeSet<ObjectId> = planned.map(|one| one.id).collect();
    if !wanted.is_empty() {
        for spare in series::spare(docs)? {
            wanted.remove(&spare);
        }
    }
    wanted.extend(register.last_held());
    let index = docs.read(DocumentId::INDEX)?;
    Ok(index.map_or_else(Vec::new, |index| headers_of(index, people, wanted)))
}

/// The template of each session that was held, in the order of their ids; none where it had none.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn held_templates(docs: &mut dyn Documents) -> Result<Vec<Option<String>>, Unavailable> {
    let register = docs.register()?;
    let held = |one: &&SessionLine| one.status == SessionStatus::Held;
    let held = register.sessions().iter().filter(held);
    Ok(held.map(|one| one.template.clone()).collect())
}

/// The headers of sessions, in the order of their planned times.
pub(super) fn headers_of(
    index: &Automerge,
    people: &dyn People,
    ids: impl IntoIterator<Item = ObjectId>,
) -> Vec<SessionHeader> {
    let record = |id: ObjectId| Some((id, Record::keyed(index, &Kind::Session.key(id))?));
    let records = ids.into_iter().filter_map(record);
    in_order(records.map(|(id, record)| header(id, &record, people)))
}

fn in_order(headers: impl Iterator<Item = SessionHeader>) -> Vec<SessionHeader> {
    let mut headers: Vec<_> = headers.collect();
    headers.sort_by_key(|header| (header.at.as_ref().map(Moment::timestamp), header.id));
    headers
}

/// Shows one session with its content.
///
/// # Errors
/// [`ReadError::NotFound`] where it is not.
pub fn show(
    docs: &mut dyn Documents,
    people: &dyn People,
    id: ObjectId,
) -> Result<SessionView, ReadError> {
    let register = docs.register()?;
    let index = docs.read(DocumentId::INDEX)?;
    let (header, actions, comments) = index
        .and_then(|index| {
            let record = Record::keyed(index, &Kind::Session.key(id))?;
            let header = header(id, &record, people);
            let actions = actions((index, &register), people, id, header.status);
            Some((header, actions, comment::all(index, people)))
        })
        .ok_or(ReadError::NotFound {
            kind: Kind::Session,
            id,
        })?;
    let agenda = carry::agenda(docs, people, id, header.status)?;
    let mut view = SessionView {
        header,
        agenda,
        notes: String::new(),
        notes_heads: Vec::new(),
        decisions: Vec::new(),
        insights: Vec::new(),
        learned: Vec::new(),
        mood: Vec::new(),
        actions,
        comments: Vec::new(),
    };
    let mut parts = Vec::new();
    if let Some(doc) = docs.read(id.document())? {
        fill(&mut view, doc, people);
        let kinds = [
            Kind::Agenda,
            Kind::Decision,
            Kind::Insight,
            Kind::Learned,
            Kind::Mood,
        ];
        let all = kinds.iter().flat_map(|kind| Record::all(doc, *kind));
        parts.extend(all.map(|(part, _)| part));
    }
    view.comments = comment::under(&comments, id, parts);
    Ok(view)
}

fn header(id: ObjectId, record: &Record<'_>, people: &dyn People) -> SessionHeader {
    let zone = record.str_or_empty("zone");
    let at = record.str("at").and_then(|at| Moment::stored(&at, &zone));
    let every = record
        .str("every")
        .and_then(|every| Every::parse(&every).ok());
    let agreed = record
        .str("next")
        .and_then(|next| Moment::stored(&next, &zone));
    let status = record
        .str("status")
        .and_then(|word| SessionStatus::from_word(&word));
    let series = series_of(record);
    let goes_on = series.as_ref().is_none_or(|series| !series.ended);
    let sharing = record
        .str("sharing")
        .and_then(|word| Sharing::from_word(&word))
        .unwrap_or_default();
    SessionHeader {
        id,
        title: record.str_or_empty("title"),
        local: at.as_ref().map(Moment::local),
        next: agreed.or_else(|| at.as_ref()?.after(every.filter(|_| goes_on)?)),
        reason: record.str_or_empty("reason"),
        series,
        sharing,
        sharing_by: marked_by(record, sharing, people),
        at,
        zone,
        minutes: record.count("minutes"),
        place: record.str_or_empty("place"),
        every,
        template: record.str("template"),
        status: status.unwrap_or_default(),
        attendees: record.people("attendee", people),
        attendance: attendance(record, people),
        provenance: record.provenance(people),
    }
}

fn series_of(record: &Record<'_>) -> Option<SeriesView> {
    let id = record.id(SERIES)?;
    let first = Record::keyed(record.doc, &Kind::Session.key(id));
    Some(SeriesView {
        id,
        slot: record.str(SLOT)?,
        ended: first.is_some_and(|first| first.flag(ENDED)),
    })
}

/// Who set a sharing mark; nobody where it is the usual one.
pub(crate) fn marked_by(
    record: &Record<'_>,
    sharing: Sharing,
    people: &dyn People,
) -> Option<Named> {
    if sharing == Sharing::default() {
        return None;
    }
    let field = record.fields.get("sharing")?;
    let (author, _) = signed(record.doc, &field.op, people);
    Some(Named {
        person: author.person,
        name: author.name,
    })
}

/// Who has confirmed having been there, of every session that was held.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub(crate) fn attended(
    docs: &mut dyn Documents,
    people: &dyn People,
) -> Result<Vec<Attendance>, Unavailable> {
    let register = docs.register()?;
    let Some(index) = docs.read(DocumentId::INDEX)? else {
        return Ok(Vec::new());
    };
    let is_held = |one: &&SessionLine| one.status == SessionStatus::Held;
    let held = register.sessions().iter().filter(is_held);
    let records = held.filter_map(|one| Record::keyed(index, &Kind::Session.key(one.id)));
    Ok(records
        .flat_map(|record| attendance(&record, people))
        .collect())
}

/// Only what the person's own device signed counts.
fn attendance(record: &Record<'_>, people: &dyn People) -> Vec<Attendance> {
    let confirmed = |(key, field): (&String, &crate::record::Field)| {
        let person = key.strip_prefix("attend/")?;
        let (author, at) = signed(record.doc, &field.op, people);
        let own = record.flag(key) && author.person == person;
        own.then_some(Attendance {
            person: author.person,
            name: author.name,
            at,
        })
    };
    record.fields.iter().filter_map(confirmed).collect()
}

fn actions(
    (index, register): (&Automerge, &Register),
    people: &dyn People,
    id: ObjectId,
    status: SessionStatus,
) -> Vec<CarriedAction> {
    let is_planned = status == SessionStatus::Planned;
    let is_wanted = |one: &&ActionLine| (is_planned && one.is_open) || one.session == Some(id);
    let wanted = register.actions().iter().filter(is_wanted);
    let found = shown::of_ids::<ActionView>(index, people, wanted.map(|one| one.id));
    let (own, others): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|action| action.session == Some(id));
    let own = own.into_iter().map(|action| CarriedAction {
        carried: false,
        action,
    });
    let open = others
        .into_iter()
        .filter(|action| status == SessionStatus::Planned && action.status.is_open())
        .map(|action| CarriedAction {
            carried: true,
            action,
        });
    own.chain(open).collect()
}

/// Fills in what the session's document holds.
fn fill(view: &mut SessionView, doc: &Automerge, people: &dyn People) {
    let own = Record::all(doc, Kind::Agenda);
    view.agenda.extend(
        own.iter()
            .map(|(id, record)| agenda_item(*id, record, None, people)),
    );
    let NotesView { text, heads } = notes::view(doc);
    view.notes = text;
    view.notes_heads = heads;
    view.decisions = texts(doc, Kind::Decision, people);
    view.insights = texts(doc, Kind::Insight, people);
    view.learned = learned_in(doc, people);
    view.mood = Record::all(doc, Kind::Mood)
        .into_iter()
        .map(|(id, record)| MoodView {
            id,
            person: person(&record, "person", people),
            value: record
                .count("value")
                .filter(|value| (1..=5).contains(value)),
            text: record.str_or_empty("text"),
            stamp: record.stamp(people),
        })
        .collect();
    let disputed = conflict::within(&Record::root(doc), people);
    view.header.provenance.conflicts.extend(disputed);
    touch(&mut view.header.provenance.stamp, doc, people);
}

/// What was learned in a session, without anything else of it.
///
/// # Errors
/// [`Unavailable`] when its document cannot be opened.
pub fn learned(
    docs: &mut dyn Documents,
    people: &dyn People,
    id: ObjectId,
) -> Result<Vec<LearnedView>, Unavailable> {
    let doc = docs.read(id.document())?;
    Ok(doc.map_or_else(Vec::new, |doc| learned_in(doc, people)))
}

fn learned_in(doc: &Automerge, people: &dyn People) -> Vec<LearnedView> {
    Record::all(doc, Kind::Learned)
        .into_iter()
        .map(|(id, record)| LearnedView {
            id,
            person: person(&record, "person", people),
            text: record.str_or_empty("text"),
            stamp: record.stamp(people),
        })
        .collect()
}

/// Lets the last change of the session's document count as a change of the session.
fn touch(stamp: &mut Stamp, doc: &Automerge, people: &dyn People) {
    let heads = doc.get_heads();
    let metas = heads
        .iter()
        .filter_map(|head| doc.get_change_meta_by_hash(head));
    let Some(last) = metas.max_by_key(|meta| (meta.max_op, meta.actor.to_bytes().to_vec())) else {
        return;
    };
    let at = change_time(doc, &last.hash);
    // Two documents have no common order, so here the clocks decide.
    if at > stamp.updated_at {
        stamp.updated_by = people.author(&last.actor);
        stamp.updated_at = at;
    }
}

fn texts(doc: &Automerge, kind: Kind, people: &dyn People) -> Vec<TextView> {
    Record::all(doc, kind)
        .into_iter()
        .map(|(id, record)| TextView {
            id,
            text: record.str_or_empty("text"),
            stamp: record.stamp(people),
        })
        .collect()
}

pub(super) fn agenda_item(
    id: ObjectId,
    record: &Record<'_>,
    carried_from: Option<ObjectId>,
    people: &dyn People,
) -> AgendaView {
    AgendaView {
        id,
        title: record.str_or_empty("title"),
        minutes: record.count("minutes"),
        prompts: record
            .str_or_empty("prompts")
            .lines()
            .map(str::to_owned)
            .collect(),
        done: record.flag("done"),
        brought_by: person(record, "brought_by", people),
        carried_from,
        stamp: record.stamp(people),
    }
}

/// The person that a field names, or else the author of the entry.
pub(crate) fn person(record: &Record<'_>, key: &str, people: &dyn People) -> Named {
    record.str(key).map_or_else(
        || {
            let (author, _) = signed(record.doc, &record.obj, people);
            Named {
                person: author.person,
                name: author.name,
            }
        },
        |person| people.named(&person),
    )
}
