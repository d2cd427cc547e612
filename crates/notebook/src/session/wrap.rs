//! The end of a session: what was decided and learned, how it went, and who was there.

use crate::Writer;
use crate::action::{self, NewAction};
use crate::check;
use crate::documents::Documents;
use crate::error::{EditError, Invalid};
use crate::id::{DocumentId, Kind, ObjectId};
use crate::limits::{PEOPLE_MAX, TITLE_CHARS_MAX};
use crate::people::PersonRef;
use crate::plan::{Plan, commit};
use crate::session::{document, header};
use crate::when::Moment;
use crate::word::SessionStatus;

/// What a session ends with. Everything may be left out.
#[derive(Clone, Default, Debug)]
pub struct Wrap {
    /// What was decided.
    pub decisions: Vec<String>,
    /// What became clear.
    pub insights: Vec<String>,
    /// What each side learned.
    pub learned: Vec<Learned>,
    /// How it went for the writer.
    pub mood: Option<Mood>,
    /// Actions that came of it.
    pub actions: Vec<NewAction>,
    /// The local date and time of the next session, in the zone of this one.
    pub next: Option<String>,
}

/// What a person learned.
#[derive(Clone, Debug)]
pub struct Learned {
    /// Who learned it; the writer where there is none.
    pub person: Option<PersonRef>,
    /// What was learned.
    pub text: String,
}

/// How it went, for the writer.
#[derive(Clone, Default, Debug)]
pub struct Mood {
    /// From 1 (bad) to 5 (very good).
    pub value: u32,
    /// A line about it.
    pub text: Option<String>,
}

/// Entries of one kind that one wrap may bring; more would be a mistake of a script.
const ENTRIES_MAX: usize = PEOPLE_MAX;

/// Marks a session as held and adds what came of it. May be repeated; each call adds.
///
/// # Errors
/// [`EditError::Invalid`] for any text or date that cannot be written, [`EditError::NotFound`]; nothing
/// is changed then.
pub fn wrap(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    wrap: &Wrap,
) -> Result<Vec<ObjectId>, EditError> {
    let content = content(writer, wrap)?;
    document(docs, id)?;
    let mut index = Plan::default();
    let mut actions = Vec::new();
    for new in &wrap.actions {
        let new = NewAction {
            session: Some(id),
            ..new.clone()
        };
        actions.push(action::plan_add(docs, writer, &new, &mut index)?);
    }
    {
        let session = header(docs, id)?;
        index.set(&session, "status", SessionStatus::Held.word());
        if let Some(next) = &wrap.next {
            let zone = session.str_or_empty("zone");
            index.set(&session, "next", Moment::parse(next, &zone)?.local());
        }
    }
    commit(docs, id.document(), content, writer.now)?;
    commit(docs, DocumentId::INDEX, index, writer.now)?;
    Ok(actions)
}

fn content(writer: &mut Writer<'_>, wrap: &Wrap) -> Result<Plan, Invalid> {
    let counts = [
        wrap.decisions.len(),
        wrap.insights.len(),
        wrap.learned.len(),
        wrap.actions.len(),
    ];
    if counts.into_iter().any(|count| count > ENTRIES_MAX) {
        return Err(Invalid::TooLong {
            field: "list",
            max: ENTRIES_MAX,
            unit: "entries",
        });
    }
    let mut plan = Plan::default();
    for text in &wrap.decisions {
        put_text(
            &mut plan,
            writer,
            Kind::Decision,
            check::words("decision", text)?,
        );
    }
    for text in &wrap.insights {
        put_text(
            &mut plan,
            writer,
            Kind::Insight,
            check::words("insight", text)?,
        );
    }
    for Learned { person, text } in &wrap.learned {
        let text = check::words("lesson", text)?;
        let root = plan.root();
        let entry = plan.map(root, Kind::Learned.key(writer.new_id()));
        plan.put(
            entry,
            "person",
            person.as_ref().unwrap_or(&writer.me).as_str(),
        );
        plan.put(entry, "text", text);
    }
    if let Some(mood) = &wrap.mood {
        if !(1..=5).contains(&mood.value) {
            return Err(Invalid::Range {
                field: "mood",
                min: 1.0,
                max: 5.0,
            });
        }
        let root = plan.root();
        let entry = plan.map(root, Kind::Mood.key(writer.new_id()));
        plan.put(entry, "person", writer.me.as_str());
        plan.put(entry, "value", i64::from(mood.value));
        if let Some(text) = &mood.text {
            if text.chars().count() > TITLE_CHARS_MAX {
                let (field, unit) = ("line about the mood", "characters");
                return Err(Invalid::TooLong {
                    field,
                    max: TITLE_CHARS_MAX,
                    unit,
                });
            }
            plan.put(entry, "text", text.as_str());
        }
    }
    Ok(plan)
}

fn put_text(plan: &mut Plan, writer: &mut Writer<'_>, kind: Kind, text: &str) {
    let root = plan.root();
    let entry = plan.map(root, kind.key(writer.new_id()));
    plan.put(entry, "text", text);
}

/// Notes a decision.
///
/// # Errors
/// [`EditError::Invalid`] for an empty or long text, [`EditError::NotFound`].
pub fn add_decision(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    text: &str,
) -> Result<(), EditError> {
    let text = check::words("decision", text)?;
    header(docs, id)?;
    let mut plan = Plan::default();
    put_text(&mut plan, writer, Kind::Decision, text);
    commit(docs, id.document(), plan, writer.now)
}

/// Notes an insight.
///
/// # Errors
/// [`EditError::Invalid`] for an empty or long text, [`EditError::NotFound`].
pub fn add_insight(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    text: &str,
) -> Result<(), EditError> {
    let text = check::words("insight", text)?;
    header(docs, id)?;
    let mut plan = Plan::default();
    put_text(&mut plan, writer, Kind::Insight, text);
    commit(docs, id.document(), plan, writer.now)
}

/// Confirms that the writer was at a session. Nobody can confirm it for somebody else: the reader counts
/// only what the person's own device signed.
///
/// # Errors
/// [`EditError::NotFound`].
pub fn attend(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
) -> Result<(), EditError> {
    let mut plan = Plan::default();
    {
        let session = header(docs, id)?;
        let slot = plan.at(session.obj);
        let key = format!("attend/{}", writer.me.as_str());
        // It may stand there by another's hand, and writing the same value again would leave it so.
        plan.put(slot, key.as_str(), ());
        plan.put(slot, key, true);
    }
    commit(docs, DocumentId::INDEX, plan, writer.now)
}
