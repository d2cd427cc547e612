//! What goes both ways: how much each person learned, brought, gave, asked, answered and did.
//!
//! Counts, and no marks: they show where a relationship runs one way only, and say nothing of worth. What is counted
//! for a person is what they wrote or what names them; what an import brought counts for whom the import names.

use std::collections::BTreeMap;

use automerge::Automerge;
use serde::Serialize;

use crate::action;
use crate::checkin;
use crate::comment;
use crate::documents::{Documents, Unavailable};
use crate::exchange::ExchangeView;
use crate::feedback;
use crate::id::{DocumentId, Kind};
use crate::people::People;
use crate::question;
use crate::record::{Glance, Record};
use crate::resource;
use crate::session;
use crate::skill::{self, EndorsementState};
use crate::word::{ActionStatus, ExchangeKind};

/// What one person has given and taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Counts {
    /// What they learned, as noted in sessions.
    pub learned: usize,
    /// What they brought to agendas, beyond what a template brings.
    pub brought: usize,
    /// Held sessions that they confirmed having been at.
    pub attended: usize,
    /// Feedback that they gave, open or opened.
    pub feedback_given: usize,
    /// Feedback that others gave them, open or opened.
    pub feedback_received: usize,
    /// Questions that they asked.
    pub asked: usize,
    /// Answers that they gave.
    pub answered: usize,
    /// Actions of theirs that are done.
    pub actions_done: usize,
    /// Actions of theirs that are still to be done.
    pub actions_open: usize,
    /// Resources that they shared.
    pub resources: usize,
    /// Comments that they wrote.
    pub comments: usize,
    /// Ratings of others' skills, and endorsements of them that stand.
    pub skills_seen: usize,
    /// Check-ins.
    pub check_ins: usize,
}

/// What one person has part in a session's document.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct InSession {
    /// What they learned.
    pub learned: u32,
    /// What they brought to the agenda.
    pub brought: u32,
}

/// Counts what everybody whom the membership knows has part in a session's document, by the id of the person.
#[must_use]
pub fn in_session(doc: &Automerge, people: &dyn People) -> BTreeMap<String, InSession> {
    let mut found: BTreeMap<String, InSession> = BTreeMap::new();
    for (_, record) in Record::all(doc, Kind::Learned) {
        let learner = session::person(&record, "person", people).person;
        found.entry(learner).or_default().learned += 1;
    }
    for (_, record) in Record::all(doc, Kind::Agenda) {
        if !record.flag(session::OF_TEMPLATE) {
            let bringer = session::person(&record, "brought_by", people).person;
            found.entry(bringer).or_default().brought += 1;
        }
    }
    // Anybody can name anybody in a field; whom nobody knows is nobody's part.
    found.retain(|person, _| people.name(person).is_some());
    found
}

/// Counts for each person, by id. `sessions` is what [`in_session`] counted in each session's document, `exchanges` are the
/// sealed exchanges.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn counts(
    docs: &mut dyn Documents,
    people: &dyn People,
    sessions: impl IntoIterator<Item = BTreeMap<String, InSession>>,
    exchanges: &[ExchangeView],
) -> Result<BTreeMap<String, Counts>, Unavailable> {
    let mut tally = Tally::default();
    for (person, part) in sessions.into_iter().flatten() {
        let counts = tally.of(&person);
        counts.learned += part.learned as usize;
        counts.brought += part.brought as usize;
    }
    for there in session::attended(docs, people)? {
        tally.of(&there.person).attended += 1;
    }
    tally.talk(docs, people)?;
    tally.sealed(exchanges);
    for feedback in feedback::list(docs, people)? {
        let giver = feedback.provenance.author(people).person;
        tally.of(&giver).feedback_given += 1;
        if let Some(to) = &feedback.to {
            tally.of(&to.person).feedback_received += 1;
        }
    }
    tally.skills(docs, people)?;
    if let Some(index) = docs.read(DocumentId::INDEX)? {
        // Who does it and how far it is: of thousands of actions nothing else is read.
        for one in Glance::all(index, Kind::Action) {
            let Some(owner) = one.str("owner") else {
                continue;
            };
            match action::status_of(&one) {
                ActionStatus::Done => tally.of(&owner).actions_done += 1,
                ActionStatus::Open | ActionStatus::Moved => tally.of(&owner).actions_open += 1,
                ActionStatus::Dropped => {}
            }
        }
    }
    tally.0.remove("");
    Ok(tally.0)
}

#[derive(Default)]
struct Tally(BTreeMap<String, Counts>);

impl Tally {
    fn of(&mut self, person: &str) -> &mut Counts {
        self.0.entry(person.to_owned()).or_default()
    }

    /// Questions, answers, comments, resources and check-ins.
    fn talk(&mut self, docs: &mut dyn Documents, people: &dyn People) -> Result<(), Unavailable> {
        for question in question::list(docs, people)? {
            let asker = question.provenance.author(people).person;
            self.of(&asker).asked += 1;
            for answer in &question.answers {
                self.of(&answer.stamp.created_by.person).answered += 1;
            }
        }
        if let Some(index) = docs.read(DocumentId::INDEX)? {
            for comment in comment::all(index, people) {
                let author = comment.provenance.author(people).person;
                self.of(&author).comments += 1;
            }
        }
        for resource in resource::list(docs, people)? {
            let author = resource.provenance.author(people).person;
            self.of(&author).resources += 1;
        }
        for check_in in checkin::list(docs, people)? {
            self.of(&check_in.by.person).check_ins += 1;
        }
        Ok(())
    }

    /// Feedback that was sealed and is open.
    fn sealed(&mut self, exchanges: &[ExchangeView]) {
        for exchange in exchanges {
            if exchange.kind != ExchangeKind::Feedback {
                continue;
            }
            for giver in exchange.participants.iter().filter(|one| one.opened) {
                self.of(&giver.person).feedback_given += 1;
                let others = exchange.participants.iter();
                for other in others.filter(|other| other.person != giver.person) {
                    self.of(&other.person).feedback_received += 1;
                }
            }
        }
    }

    /// How often somebody looked at another's skill, with a rating or a signature.
    fn skills(&mut self, docs: &mut dyn Documents, people: &dyn People) -> Result<(), Unavailable> {
        for skill in skill::list(docs, people)? {
            for rating in &skill.ratings {
                if rating.by.person != rating.of.person {
                    self.of(&rating.by.person).skills_seen += 1;
                }
            }
            for vouched in &skill.endorsements {
                if vouched.state == EndorsementState::Signed {
                    self.of(&vouched.by.person).skills_seen += 1;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::PersonRef;
    use crate::action::NewAction;
    use crate::feedback::NewFeedback;
    use crate::session::{Learned, NewAgendaItem, NewSession, Wrap};
    use crate::testing::{Bench, bench};

    #[test]
    fn each_persons_part_is_counted_and_what_a_template_brings_is_nobodys() {
        let Bench {
            mut docs,
            people,
            mut rng,
            now,
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        let ben = PersonRef::new("person-ben").unwrap();
        let new = NewSession {
            at: "2026-11-23 08:30".to_owned(),
            zone: "UTC".to_owned(),
            template: crate::template::find(&[], "regular").ok(),
            ..NewSession::default()
        };
        let session = session::plan(&mut docs, &mut writer, &new).unwrap();
        for brought_by in [Some(ben.clone()), None] {
            let new = NewAgendaItem {
                title: "The draft".to_owned(),
                minutes: None,
                brought_by,
            };
            session::add_agenda_item(&mut docs, &mut writer, session, &new).unwrap();
        }
        let learned = [None, Some(ben.clone()), Some(ben.clone())];
        let wrap = Wrap {
            learned: learned
                .into_iter()
                .map(|person| Learned {
                    person,
                    text: "To ask".to_owned(),
                })
                .collect(),
            ..Wrap::default()
        };
        session::wrap(&mut docs, &mut writer, session, &wrap).unwrap();
        session::attend(&mut docs, &mut writer, session).unwrap();
        let new = NewFeedback {
            to: Some(ben.clone()),
            text: Some("Well done".to_owned()),
            ..NewFeedback::default()
        };
        feedback::give(&mut docs, &mut writer, &new).unwrap();
        let new = NewAction {
            title: "Send it".to_owned(),
            owner: Some(ben),
            ..NewAction::default()
        };
        let action = action::add(&mut docs, &mut writer, &new).unwrap();
        action::done(&mut docs, &mut writer, action).unwrap();
        let question = question::ask(&mut docs, &mut writer, "Why?").unwrap();
        question::answer(&mut docs, &mut writer, question, "So").unwrap();

        let doc = docs.read(session.document()).unwrap().unwrap();
        let parts = in_session(doc, &people);
        let all = counts(&mut docs, &people, [parts], &[]).unwrap();
        let mia = Counts {
            learned: 1,
            brought: 1,
            attended: 1,
            feedback_given: 1,
            asked: 1,
            answered: 1,
            ..Counts::default()
        };
        let ben = Counts {
            learned: 2,
            brought: 1,
            feedback_received: 1,
            actions_done: 1,
            ..Counts::default()
        };
        assert_eq!(all.get("person-mia"), Some(&mia));
        assert_eq!(all.get("person-ben"), Some(&ben));
    }
}
