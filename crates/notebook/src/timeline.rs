//! What became of a relationship, in the order of time: phases, sessions that were held, what was signed, goals and
//! milestones.
//!
//! Nothing is kept for it. Each time is that of the change that did it, by its author's clock; a session stands at its
//! planned time. A signature carries no clock, so it stands at the newest change that its signer names, and may be
//! later than that.

use std::collections::{BTreeMap, BTreeSet};

use automerge::{Automerge, ChangeHash, ObjId, ROOT, ReadDoc, Value};
use jiff::Timestamp;
use serde::Serialize;

use crate::agreement;
use crate::closure;
use crate::documents::{Documents, Unavailable};
use crate::id::{DocumentId, Kind, ObjectId};
use crate::limits::TIMELINE_PHASES_MAX;
use crate::meta;
use crate::people::{Named, People};
use crate::record::{Glance, Provenance, Record, change_time, signed};
use crate::register::SessionLine;
use crate::skill::{self, EndorsementState};
use crate::when::Moment;
use crate::word::{GoalStatus, Phase, SessionStatus};

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// The notebook began.
    Begun,
    /// The relationship moved to another phase: the title is its word.
    Phase,
    /// Somebody set a goal.
    GoalSet,
    /// A goal was achieved.
    GoalAchieved,
    /// A goal was dropped.
    GoalDropped,
    /// A milestone was reached.
    Milestone,
    /// A session was held.
    Session,
    /// Somebody signed the agreement.
    Signed,
    /// Somebody vouched for a skill with a signature that stands.
    Endorsed,
    /// Somebody signed a certificate.
    Certified,
    /// The notebook was closed.
    Closed,
}

/// One thing that happened.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Happened {
    /// What.
    pub event: Event,
    /// When, with the offset of its zone; none where no clock says so.
    pub at: Option<String>,
    /// The local day: of a session that of its zone, of everything else that of UTC.
    pub date: Option<String>,
    /// The object; none for the notebook itself.
    pub id: Option<ObjectId>,
    /// What that is.
    pub kind: Kind,
    /// What it is called.
    pub title: String,
    /// What it belongs to or whom it is for: the goal of a milestone, the person of a certificate.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub of: String,
    /// Why.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Who did it; nobody in particular for a session.
    pub by: Option<Named>,
    #[serde(skip)]
    instant: Option<Timestamp>,
}

impl Happened {
    fn new(event: Event, kind: Kind, title: impl Into<String>) -> Self {
        Self {
            event,
            at: None,
            date: None,
            id: None,
            kind,
            title: title.into(),
            of: String::new(),
            reason: String::new(),
            by: None,
            instant: None,
        }
    }

    fn object(mut self, id: ObjectId) -> Self {
        self.id = Some(id);
        self
    }

    fn at(mut self, at: Option<Timestamp>) -> Self {
        self.instant = at;
        self.at = at.map(|at| at.to_string());
        let day = |at: Timestamp| at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
        self.date = at.map(day);
        self
    }

    fn planned(mut self, at: Option<&Moment>) -> Self {
        self.instant = at.map(Moment::timestamp);
        self.at = at.map(Moment::rfc3339);
        self.date = at.map(Moment::date);
        self
    }

    fn by(mut self, by: Named) -> Self {
        self.by = Some(by).filter(|by| !by.person.is_empty());
        self
    }

    /// Takes who made an object and when; for one that was imported, what the import claims.
    fn made(self, made: &Provenance, people: &dyn People) -> Self {
        let at = made.made_at();
        self.at(at).by(made.author(people))
    }
}

/// Tells what happened, the oldest first; what no clock dates comes first of all.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn timeline(
    docs: &mut dyn Documents,
    people: &dyn People,
) -> Result<Vec<Happened>, Unavailable> {
    let mut all = of_notebook(docs, people)?;
    all.extend(sessions(docs)?);
    all.extend(signatures(docs, people)?);
    all.extend(endorsements(docs, people)?);
    all.extend(endings(docs, people)?);
    all.sort_by_key(|happened| (happened.instant, happened.event));
    Ok(all)
}

/// How it began, its phases, and its goals: all that the index holds in its own fields.
fn of_notebook(
    docs: &mut dyn Documents,
    people: &dyn People,
) -> Result<Vec<Happened>, Unavailable> {
    let title = meta::show(docs, people)?.title;
    let Some(index) = docs.read(DocumentId::INDEX)? else {
        return Ok(Vec::new());
    };
    let mut all = phases(index, people);
    if let Ok(Some((_, form))) = index.get(ROOT, "form") {
        let (author, at) = signed(index, &form, people);
        let begun = Happened::new(Event::Begun, Kind::Notebook, title);
        all.push(begun.at(at).by(author.named()));
    }
    for (id, goal) in Record::all(index, Kind::Goal) {
        goal_story(id, &goal, people, &mut all);
    }
    Ok(all)
}

/// The phases that the relationship moved to, the newest [`TIMELINE_PHASES_MAX`]. That in which a notebook begins is
/// no step.
fn phases(index: &Automerge, people: &dyn People) -> Vec<Happened> {
    let made = |op: &ObjId| index.hash_for_opid(op);
    let begun = index.get(ROOT, "form").ok().flatten();
    let begun = begun.and_then(|(_, form)| made(&form));
    let phase = |(word, op): (String, ObjId)| {
        let is_first = made(&op).is_some() && made(&op) == begun;
        let known = Phase::from_word(&word).filter(|_| !is_first)?;
        let (author, at) = signed(index, &op, people);
        let step = Happened::new(Event::Phase, Kind::Notebook, known.word());
        Some(step.at(at).by(author.named()))
    };
    let all = written(index, "phase", TIMELINE_PHASES_MAX);
    all.into_iter().filter_map(phase).collect()
}

/// Every text that was written into a field of the root, the newest first. Whatever is not there any more was seen by
/// the change that wrote over it.
fn written(doc: &Automerge, key: &str, most: usize) -> Vec<(String, ObjId)> {
    let values = |heads: &[ChangeHash]| doc.get_all_at(ROOT, key, heads).unwrap_or_default();
    let text = |value: &Value<'_>| value.as_str().map(str::to_owned);
    let mut open: BTreeMap<ObjId, Option<String>> = BTreeMap::new();
    let mut seen: BTreeSet<ObjId> = BTreeSet::new();
    for (value, op) in values(&doc.get_heads()) {
        open.insert(op, text(&value));
    }
    let mut found = Vec::new();
    while found.len() < most
        && let Some((op, value)) = open.pop_last()
    {
        if !seen.insert(op.clone()) {
            continue;
        }
        let change = doc.hash_for_opid(&op);
        let change = change.and_then(|hash| doc.get_change_meta_by_hash(&hash));
        if let Some(value) = value {
            found.push((value, op));
        }
        for (value, op) in change
            .map(|change| values(&change.deps))
            .unwrap_or_default()
        {
            open.insert(op, text(&value));
        }
    }
    found
}

/// When a goal was set, which milestones were reached, and how it ended.
fn goal_story(id: ObjectId, goal: &Record<'_>, people: &dyn People, all: &mut Vec<Happened>) {
    let title = goal.str_or_empty("title");
    let set = Happened::new(Event::GoalSet, Kind::Goal, &title).object(id);
    all.push(set.made(&goal.provenance(people), people));
    let status = goal.str("status");
    let event = match status.and_then(|word| GoalStatus::from_word(&word)) {
        Some(GoalStatus::Achieved) => Some(Event::GoalAchieved),
        Some(GoalStatus::Dropped) => Some(Event::GoalDropped),
        _ => None,
    };
    if let (Some(event), Some(field)) = (event, goal.fields.get("status")) {
        let (author, at) = signed(goal.doc, &field.op, people);
        let mut end = Happened::new(event, Kind::Goal, &title).object(id);
        end.reason = goal.str_or_empty("reason");
        all.push(end.at(at).by(author.named()));
    }
    for (id, milestone) in goal.children(Kind::Milestone) {
        let Some(field) = milestone
            .fields
            .get("done")
            .filter(|_| milestone.flag("done"))
        else {
            continue;
        };
        let (author, at) = signed(milestone.doc, &field.op, people);
        let reached = Happened::new(
            Event::Milestone,
            Kind::Milestone,
            milestone.str_or_empty("title"),
        );
        let mut reached = reached.object(id).at(at).by(author.named());
        reached.of.clone_from(&title);
        all.push(reached);
    }
}

/// Of a session nothing is told but when it was and what it is called, so nothing else is read of it.
fn sessions(docs: &mut dyn Documents) -> Result<Vec<Happened>, Unavailable> {
    let register = docs.register()?;
    let Some(index) = docs.read(DocumentId::INDEX)? else {
        return Ok(Vec::new());
    };
    let is_held = |one: &&SessionLine| one.status == SessionStatus::Held;
    let told = register.sessions().iter().filter(is_held).map(|held| {
        let title = Glance::keyed(index, Kind::Session, held.id).and_then(|one| one.str("title"));
        let told = Happened::new(Event::Session, Kind::Session, title.unwrap_or_default());
        told.object(held.id).planned(held.moment().as_ref())
    });
    Ok(told.collect())
}

fn signatures(docs: &mut dyn Documents, people: &dyn People) -> Result<Vec<Happened>, Unavailable> {
    let named: BTreeMap<String, Vec<ChangeHash>> = people
        .signatures()
        .into_iter()
        .map(|signature| (signature.entry, signature.heads))
        .collect();
    let log = agreement::log(docs, people)?;
    let Some(index) = docs.read(DocumentId::INDEX)? else {
        return Ok(Vec::new());
    };
    let mut all = Vec::new();
    for version in log.versions {
        for signature in version.signatures.iter().filter(|one| one.counts) {
            let heads = named.get(&signature.entry);
            let times = heads.into_iter().flatten();
            let at = times.filter_map(|head| change_time(index, head)).max();
            let mut happened = Happened::new(Event::Signed, Kind::Agreement, agreement::TITLE);
            happened.id = version.id;
            happened.of = version.number.to_string();
            all.push(happened.at(at.or(version.created_at)).by(Named {
                person: signature.person.clone(),
                name: signature.name.clone(),
            }));
        }
    }
    Ok(all)
}

fn endorsements(
    docs: &mut dyn Documents,
    people: &dyn People,
) -> Result<Vec<Happened>, Unavailable> {
    let mut all = Vec::new();
    for skill in skill::list(docs, people)? {
        for vouched in skill.endorsements {
            if vouched.state == EndorsementState::Signed {
                let happened = Happened::new(Event::Endorsed, Kind::Skill, &skill.title);
                let at = vouched.provenance.stamp.created_at;
                let mut happened = happened.object(skill.id).at(at).by(vouched.by);
                happened.of = vouched.of.name;
                all.push(happened);
            }
        }
    }
    Ok(all)
}

fn endings(docs: &mut dyn Documents, people: &dyn People) -> Result<Vec<Happened>, Unavailable> {
    let mut all = Vec::new();
    for certificate in closure::certificates(docs, people)? {
        let happened = Happened::new(Event::Certified, Kind::Certificate, "Certificate");
        let happened = happened.object(certificate.id);
        let mut happened = happened.made(&certificate.provenance, people);
        happened.of = certificate.of.map(|of| of.name).unwrap_or_default();
        all.push(happened);
    }
    let closure = closure::show(docs, people)?;
    if let Some(closed) = closure.closed {
        let mut happened = Happened::new(Event::Closed, Kind::Notebook, "closed");
        happened.id = closure.id;
        all.push(happened.at(closed.at).by(closed.by.named()));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::goal::{self, NewGoal, NewMilestone};
    use crate::session::{self, NewSession, Wrap};
    use crate::testing::{Bench, ben, bench, fill};
    use crate::{MemoryDocuments, PersonRef, Writer};

    fn told(docs: &mut MemoryDocuments, people: &dyn People) -> Vec<String> {
        let all = timeline(docs, people).unwrap();
        let line = |one: &Happened| {
            let event = serde_json::to_value(one.event).unwrap();
            let by = one.by.as_ref().map_or("", |by| by.name.as_str());
            let date = one.date.as_deref().unwrap_or("never");
            let told = [date, event.as_str().unwrap(), &one.title, &one.of, by];
            told.join(" ").replace("  ", " ").trim().to_owned()
        };
        all.iter().map(line).collect()
    }

    #[test]
    fn what_happened_is_told_in_its_order() {
        let Bench {
            mut docs,
            people,
            mut rng,
            now,
        } = bench();
        let day = |days: i64| now + jiff::SignedDuration::from_hours(24 * days);
        let mut writer = Bench::writer(&mut rng, now);
        meta::create(&mut docs, &mut writer, "Mia and Ben", "one-on-one").unwrap();
        let new = NewGoal {
            title: "Talk".to_owned(),
            ..NewGoal::default()
        };
        let goal = goal::add(&mut docs, &mut writer, &new).unwrap();
        let new = NewMilestone {
            title: "Draft".to_owned(),
            due: None,
        };
        let milestone = goal::add_milestone(&mut docs, &mut writer, goal, &new).unwrap();
        writer.now = day(1);
        meta::set_phase(&mut docs, &mut writer, "direction").unwrap();
        writer.now = day(2);
        goal::milestone_done(&mut docs, &mut writer, goal, milestone, true).unwrap();
        let new = NewSession {
            at: "2026-11-27 23:30".to_owned(),
            zone: "America/New_York".to_owned(),
            title: Some("First".to_owned()),
            ..NewSession::default()
        };
        let session = session::plan(&mut docs, &mut writer, &new).unwrap();
        session::wrap(&mut docs, &mut writer, session, &Wrap::default()).unwrap();
        writer.now = day(3);
        meta::set_phase(&mut docs, &mut writer, "rapport").unwrap();
        writer.now = day(6);
        goal::set_status(&mut docs, &mut writer, goal, "achieved", Some("Given")).unwrap();
        let expected = [
            "2026-11-23 begun Mia and Ben Mia",
            "2026-11-23 goal-set Talk Mia",
            "2026-11-24 phase direction Mia",
            "2026-11-25 milestone Draft Talk Mia",
            "2026-11-26 phase rapport Mia",
            "2026-11-27 session First",
            "2026-11-29 goal-achieved Talk Mia",
        ];
        assert_eq!(told(&mut docs, &people), expected);
    }

    #[test]
    fn phases_that_two_wrote_at_once_are_both_told_and_few_are_enough() {
        let Bench {
            mut docs,
            people,
            mut rng,
            now,
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        meta::create(&mut docs, &mut writer, "Circle", "peer").unwrap();
        let mut other = docs.fork(ben());
        meta::set_phase(&mut docs, &mut writer, "direction").unwrap();
        let person = PersonRef::new("person-ben").unwrap();
        let mut rng = rand_chacha::ChaCha8Rng::clone(&crate::testing::bench().rng);
        let mut theirs = Writer::new(now, &mut rng, person);
        meta::set_phase(&mut other, &mut theirs, "progress").unwrap();
        docs.merge(&other).unwrap();
        let mut writer = Bench::writer(&mut rng, now);
        meta::set_phase(&mut docs, &mut writer, "winding-down").unwrap();
        let index = docs.read(DocumentId::INDEX).unwrap().unwrap();
        let all = phases(index, &people);
        let words: BTreeSet<&str> = all.iter().map(|one| one.title.as_str()).collect();
        assert_eq!(words, ["direction", "progress", "winding-down"].into());
        assert_eq!(all.first().unwrap().title, "winding-down");
        assert_eq!(written(index, "phase", 2).len(), 2);
    }

    #[test]
    fn a_notebook_with_everything_in_it_is_told() {
        let Bench {
            mut docs,
            people,
            mut rng,
            now,
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        fill(&mut docs, &mut writer, "words");
        assert!(timeline(&mut docs, &people).unwrap().len() > 2);
        let mut nothing = MemoryDocuments::new(ben());
        assert!(timeline(&mut nothing, &people).unwrap().is_empty());
    }
}
