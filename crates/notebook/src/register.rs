//! What lists need to know of every session and every action of a notebook.
//!
//! Of hundreds of sessions a screen shows a few; to find these, it has to be known of each when it is and whether it
//! was held. Reading that off the index takes longer than showing the few, so whoever keeps documents open keeps a
//! register as well, see [`Documents::register`](crate::Documents::register).
//!
//! Invariant: a register follows from the index alone, whoever asks and whenever. So one that was read at some heads of
//! the index holds as long as these are its heads.

use automerge::{Automerge, ChangeHash, PatchAction, Prop};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

use crate::action;
use crate::id::{Kind, ObjectId};
use crate::limits::NAME_BYTES_MAX;
use crate::record::Glance;
use crate::session;
use crate::when::{self, Moment};
use crate::word::SessionStatus;

/// What is known of the sessions and actions of an index.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Register {
    sessions: Vec<SessionLine>,
    actions: Vec<ActionLine>,
}

/// What is known of a session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionLine {
    /// The id.
    pub id: ObjectId,
    /// Whether it has taken place.
    pub status: SessionStatus,
    /// The local date and time as planned, and its zone, as the index has them.
    pub at: Option<(String, String)>,
    /// The length in minutes.
    pub minutes: Option<u32>,
    /// The template it was made from.
    pub template: Option<String>,
    /// The session with which its series began, and the local time in that series that it stands for.
    pub occurrence: Option<(ObjectId, DateTime)>,
    begins: Option<Timestamp>,
}

/// What is known of an action.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ActionLine {
    /// The id.
    pub id: ObjectId,
    /// Whether it is still to be done.
    pub is_open: bool,
    /// The due date.
    pub due: Option<Date>,
    /// The session that it came from.
    pub session: Option<ObjectId>,
}

/// Whatever has a line of its own.
trait Line {
    fn id(&self) -> ObjectId;
}

impl Line for SessionLine {
    fn id(&self) -> ObjectId {
        self.id
    }
}

impl Line for ActionLine {
    fn id(&self) -> ObjectId {
        self.id
    }
}

impl Register {
    /// Puts one together out of lines that were kept; of lines of one object, one remains.
    #[must_use]
    pub fn of_lines(sessions: Vec<SessionLine>, actions: Vec<ActionLine>) -> Self {
        let mut whole = Self { sessions, actions };
        in_order(&mut whole.sessions);
        in_order(&mut whole.actions);
        whole
    }

    /// Reads an index.
    #[must_use]
    pub fn of(index: &Automerge) -> Self {
        Self::of_lines(
            Glance::all(index, Kind::Session)
                .map(|one| SessionLine::read(&one))
                .collect(),
            Glance::all(index, Kind::Action)
                .map(|one| ActionLine::read(&one))
                .collect(),
        )
    }

    /// Brings one that was read at `heads` up to what the index says now, by looking at what changed since. Returns
    /// `None` where the index knows nothing of these heads.
    #[must_use]
    pub fn renewed(&self, index: &Automerge, heads: &[ChangeHash]) -> Option<Self> {
        let is_known = |head: &ChangeHash| index.get_change_meta_by_hash(head).is_some();
        if heads.is_empty() || !heads.iter().all(is_known) {
            return None;
        }
        let mut renewed = self.clone();
        let mut last = None;
        for patch in index.diff(heads, &index.get_heads()) {
            let key = match (patch.path.first(), &patch.action) {
                (Some((_, Prop::Map(key))), _) => key,
                (None, PatchAction::PutMap { key, .. } | PatchAction::DeleteMap { key }) => key,
                _ => continue,
            };
            // Most of what changed at once changed in one object.
            if last.as_ref() != Some(key) {
                renewed.read_again(index, key);
                last = Some(key.clone());
            }
        }
        Some(renewed)
    }

    fn read_again(&mut self, index: &Automerge, key: &str) {
        match Kind::from_key(key) {
            Some((Kind::Session, id)) => {
                let line = Glance::keyed(index, Kind::Session, id);
                put(&mut self.sessions, id, line.as_ref().map(SessionLine::read));
            }
            Some((Kind::Action, id)) => {
                let line = Glance::keyed(index, Kind::Action, id);
                put(&mut self.actions, id, line.as_ref().map(ActionLine::read));
            }
            _ => {}
        }
    }

    /// Returns the sessions in the order of their ids.
    #[must_use]
    pub fn sessions(&self) -> &[SessionLine] {
        &self.sessions
    }

    /// Returns the actions in the order of their ids.
    #[must_use]
    pub fn actions(&self) -> &[ActionLine] {
        &self.actions
    }

    /// Returns the last session that was held.
    pub(crate) fn last_held(&self) -> Option<ObjectId> {
        let held = |one: &&SessionLine| one.status == SessionStatus::Held;
        let held = self.sessions.iter().filter(held);
        held.map(SessionLine::order).max().map(|(_, id)| id)
    }
}

fn in_order<T: Line>(lines: &mut Vec<T>) {
    lines.sort_by_key(Line::id);
    lines.dedup_by_key(|line| line.id());
}

fn put<T: Line>(lines: &mut Vec<T>, id: ObjectId, line: Option<T>) {
    let place = lines.binary_search_by_key(&id, Line::id);
    match (place, line) {
        (Ok(place), Some(line)) => {
            if let Some(old) = lines.get_mut(place) {
                *old = line;
            }
        }
        (Err(place), Some(line)) => lines.insert(place, line),
        (Ok(place), None) => drop(lines.remove(place)),
        (Err(_), None) => {}
    }
}

impl SessionLine {
    /// Puts one together out of what was kept.
    #[must_use]
    pub fn new(
        id: ObjectId,
        status: SessionStatus,
        at: Option<(String, String)>,
        minutes: Option<u32>,
    ) -> Self {
        let mut line = Self {
            id,
            status,
            at,
            minutes,
            template: None,
            occurrence: None,
            begins: None,
        };
        line.begins = line.moment().map(|moment| moment.timestamp());
        line
    }

    /// Returns when it is planned; none where that is unreadable.
    pub(crate) fn moment(&self) -> Option<Moment> {
        let (at, zone) = self.at.as_ref()?;
        Moment::stored(at, zone)
    }

    fn read(one: &Glance<'_>) -> Self {
        let status = one.str("status");
        let status = status.and_then(|word| SessionStatus::from_word(&word));
        // What is longer is no time, no zone and no name of a template.
        let short = |key: &str| one.str(key).filter(|text| text.len() <= NAME_BYTES_MAX);
        let at = short("at").map(|at| (at, short("zone").unwrap_or_default()));
        Self {
            template: short("template"),
            occurrence: session::occurrence_of(one),
            ..Self::new(one.id, status.unwrap_or_default(), at, one.count("minutes"))
        }
    }

    /// Returns what sessions are ordered by: one without a readable time comes before all others.
    pub(crate) fn order(&self) -> (Option<Timestamp>, ObjectId) {
        (self.begins, self.id)
    }

    /// Says whether it has ended. One without a readable time is not known to.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        let minutes = i64::from(self.minutes.unwrap_or(0));
        let length = jiff::SignedDuration::from_mins(minutes);
        self.begins
            .is_some_and(|at| at.checked_add(length).unwrap_or(Timestamp::MAX) < now)
    }
}

impl ActionLine {
    fn read(one: &Glance<'_>) -> Self {
        Self {
            id: one.id,
            is_open: action::is_open(one),
            due: one.str("due").and_then(|due| when::date(&due).ok()),
            session: one.str("session").and_then(|id| id.parse().ok()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::action::NewAction;
    use crate::documents::{Documents, MemoryDocuments};
    use crate::id::DocumentId;
    use crate::session::{NewSession, SessionEdit, Wrap};
    use crate::testing::{Bench, ben, bench, fill};

    fn index(docs: &mut MemoryDocuments) -> &Automerge {
        docs.read(DocumentId::INDEX).unwrap().unwrap()
    }

    #[test]
    fn what_is_renewed_says_the_same_as_what_is_read_anew() {
        let Bench {
            mut docs,
            mut rng,
            now,
            ..
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        fill(&mut docs, &mut writer, "words");
        let mut steps: Vec<(Vec<ChangeHash>, Register)> = Vec::new();
        let note = |docs: &mut MemoryDocuments, steps: &mut Vec<_>| {
            let index = index(docs);
            steps.push((index.get_heads(), Register::of(index)));
        };
        note(&mut docs, &mut steps);
        let new = NewSession {
            at: "2026-12-01 15:00".to_owned(),
            zone: "Europe/Berlin".to_owned(),
            every: Some("2w".to_owned()),
            ..NewSession::default()
        };
        let planned = session::plan(&mut docs, &mut writer, &new).unwrap();
        note(&mut docs, &mut steps);
        let mut theirs = docs.fork(ben());
        let moved = SessionEdit {
            at: Some("2026-12-03 16:00".to_owned()),
            ..SessionEdit::default()
        };
        session::edit(&mut docs, &mut writer, planned, &moved).unwrap();
        let of_session = NewAction {
            title: "Write it down".to_owned(),
            due: Some("2026-12-24".to_owned()),
            session: Some(planned),
            ..NewAction::default()
        };
        let added = action::add(&mut docs, &mut writer, &of_session).unwrap();
        note(&mut docs, &mut steps);
        action::done(&mut docs, &mut writer, added).unwrap();
        // Another writes into the same session and another action meanwhile.
        session::wrap(&mut theirs, &mut writer, planned, &Wrap::default()).unwrap();
        action::add(&mut theirs, &mut writer, &of_session).unwrap();
        docs.merge(&theirs).unwrap();
        note(&mut docs, &mut steps);
        crate::meta::rename(&mut docs, &mut writer, "Another title").unwrap();
        note(&mut docs, &mut steps);
        let now = Register::of(index(&mut docs));
        assert_eq!((now.sessions().len(), now.actions().len()), (2, 3));
        for (heads, was) in steps {
            assert_eq!(was.renewed(index(&mut docs), &heads), Some(now.clone()));
        }
        assert_eq!(now.renewed(index(&mut docs), &[ChangeHash([9; 32])]), None);
        assert_eq!(now.renewed(index(&mut docs), &[]), None);
    }

    #[test]
    fn what_is_kept_is_put_together_as_it_was() {
        let Bench {
            mut docs,
            mut rng,
            now,
            ..
        } = bench();
        fill(&mut docs, &mut Bench::writer(&mut rng, now), "words");
        let read = Register::of(index(&mut docs));
        let (mut sessions, actions) = (read.sessions().to_vec(), read.actions().to_vec());
        sessions.extend(sessions.clone());
        let again = sessions.into_iter().map(|line| SessionLine {
            template: line.template,
            occurrence: line.occurrence,
            ..SessionLine::new(line.id, line.status, line.at, line.minutes)
        });
        assert_eq!(Register::of_lines(again.collect(), actions), read);
    }
}
