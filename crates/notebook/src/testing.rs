//! What the unit tests share: a notebook of Mia with Ben as the other member, and a pinned clock.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use automerge::ActorId;
use jiff::Timestamp;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

use crate::action::{self, NewAction};
use crate::agreement::{self, TopicEdit};
use crate::documents::MemoryDocuments;
use crate::exchange::{self, NewExchange};
use crate::feedback::{self, NewFeedback};
use crate::goal::{self, NewGoal, NewMilestone, NewProgress};
use crate::hash::Commitment;
use crate::id::{NotebookRef, ObjectId};
use crate::people::{PersonRef, StaticPeople};
use crate::session::{self, NewAgendaItem, NewSession, Wrap};
use crate::word::{ClosureTopic, ExchangeKind, Topic};
use crate::{Writer, checkin, closure, comment, meta, note, question, resource, skill};

/// Everything that a test of one noun needs.
pub(crate) struct Bench {
    pub(crate) docs: MemoryDocuments,
    pub(crate) people: StaticPeople,
    pub(crate) rng: ChaCha8Rng,
    pub(crate) now: Timestamp,
}

pub(crate) fn mia() -> ActorId {
    ActorId::from([1_u8; 16])
}

pub(crate) fn ben() -> ActorId {
    ActorId::from([2_u8; 16])
}

pub(crate) fn bench() -> Bench {
    Bench {
        docs: MemoryDocuments::new(mia()),
        people: StaticPeople::default()
            .with(&mia(), "person-mia", "Mia", "Mia's laptop")
            .with(&ben(), "person-ben", "Ben", "Ben's laptop"),
        rng: ChaCha8Rng::seed_from_u64(7),
        now: "2026-11-23T09:00:00Z".parse().unwrap_or_default(),
    }
}

impl Bench {
    pub(crate) fn writer(rng: &mut ChaCha8Rng, now: Timestamp) -> Writer<'_> {
        let me = PersonRef::new("person-mia").expect("a valid id");
        Writer::new(now, rng, me)
    }
}

/// One of everything that a notebook holds, with `text` wherever somebody writes words.
pub(crate) fn fill(docs: &mut MemoryDocuments, writer: &mut Writer<'_>, text: &str) {
    meta::create(docs, writer, "Notebook", "group").unwrap();
    fill_objects(docs, writer, text);
}

/// The same in a notebook that is there.
pub(crate) fn fill_objects(docs: &mut MemoryDocuments, writer: &mut Writer<'_>, text: &str) {
    let title: String = format!("x{text}").chars().take(200).collect();
    let goal = fill_goal(docs, writer, &title, text);
    fill_session(docs, writer, &title, text);
    let new = NewAction {
        title,
        goal: Some(goal),
        ..NewAction::default()
    };
    let done = action::add(docs, writer, &new).unwrap();
    action::done(docs, writer, done).unwrap();
    let question = question::ask(docs, writer, &format!("x{text}")).unwrap();
    question::answer(docs, writer, question, &format!("{text}x")).unwrap();
    question::answer(docs, writer, question, "plainly").unwrap();
    comment::add(docs, writer, question, &format!("x{text}")).unwrap();
    let edits = [TopicEdit {
        topic: Topic::Exit,
        mine: Some(format!("x{text}")),
        consensus: Some(format!("x{text}")),
    }];
    agreement::edit(docs, writer, &edits, &[]).unwrap();
    agreement::record_version(docs, writer).unwrap();
    fill_exchange(docs, writer, text);
    let new = NewFeedback {
        behaviour: Some(format!("x{text}")),
        request: Some(format!("x{text}")),
        ..NewFeedback::default()
    };
    feedback::give(docs, writer, &new).unwrap();
    fill_skill(docs, writer, text);
    let new = resource::NewResource {
        title: "A book".to_owned(),
        link: Some("https://example.org/".to_owned()),
        why: Some(text.to_owned()),
        tags: vec!["a/b".to_owned()],
        file: Some(crate::file::AttachedFile::new(
            "Slides of the talk.pdf",
            123_456,
            &[9; 32],
            ([10; 32], [11; 32]),
        )),
    };
    resource::add(docs, writer, &new).unwrap();
    checkin::add(docs, writer, 4, Some(text)).unwrap();
    let answers = [closure::Answer {
        topic: ClosureTopic::Thanks,
        text: format!("x{text}"),
    }];
    closure::answer(docs, writer, &answers).unwrap();
    let of = PersonRef::new("person-ben").unwrap();
    closure::add_certificate(docs, writer, &of, &format!("x{text}")).unwrap();
    closure::add_receipt(docs, writer, "notebook", "Notebook", &format!("x{text}")).unwrap();
    note::add(docs, writer, &format!("x{text}")).unwrap();
}

/// A skill of Ben that Mia has rated, seen and vouched for.
fn fill_skill(docs: &mut MemoryDocuments, writer: &mut Writer<'_>, text: &str) {
    let new = skill::NewSkill {
        title: "Listening".to_owned(),
        about: Some(text.to_owned()),
        uri: Some("http://data.europa.eu/esco/skill/1".to_owned()),
        anchors: vec![(5, format!("x{text}").chars().take(200).collect())],
    };
    let id = skill::add(docs, writer, &new).unwrap();
    let of = PersonRef::new("person-ben").unwrap();
    let rating = skill::NewRating {
        of: Some(of.clone()),
        value: 4,
        note: Some(text.to_owned()),
        at: None,
    };
    skill::rate(docs, writer, id, &rating).unwrap();
    let evidence = skill::NewEvidence {
        of: None,
        text: format!("x{text}"),
        link: Some("https://example.org/".to_owned()),
    };
    skill::add_evidence(docs, writer, id, &evidence).unwrap();
    let new = skill::NewEndorsement {
        of,
        note: Some(format!("x{text}")),
    };
    let Bench { people, .. } = bench();
    skill::record_endorsement(docs, &people, writer, id, &new).unwrap();
}

/// A goal with a reason, progress and a milestone.
fn fill_goal(
    docs: &mut MemoryDocuments,
    writer: &mut Writer<'_>,
    title: &str,
    text: &str,
) -> ObjectId {
    let new = NewGoal {
        title: title.to_owned(),
        why: Some(text.to_owned()),
        ..NewGoal::default()
    };
    let goal = goal::add(docs, writer, &new).unwrap();
    let progress = NewProgress {
        value: 0.1 + 0.2,
        note: Some(text.to_owned()),
        at: None,
    };
    goal::add_progress(docs, writer, goal, &progress).unwrap();
    let milestone = NewMilestone {
        title: title.to_owned(),
        due: Some("2027-01-01".to_owned()),
    };
    goal::add_milestone(docs, writer, goal, &milestone).unwrap();
    goal
}

/// A session that took place.
fn fill_session(docs: &mut MemoryDocuments, writer: &mut Writer<'_>, title: &str, text: &str) {
    let new = NewSession {
        at: "2027-03-01 15:00".to_owned(),
        zone: "Europe/Berlin".to_owned(),
        title: Some(title.to_owned()),
        place: Some(text.to_owned()),
        ..NewSession::default()
    };
    let session = session::plan(docs, writer, &new).unwrap();
    session::set_notes(docs, writer, session, text).unwrap();
    let item = NewAgendaItem {
        title: title.to_owned(),
        minutes: Some(5),
        brought_by: None,
    };
    session::add_agenda_item(docs, writer, session, &item).unwrap();
    let wrap = Wrap {
        decisions: vec![format!("x{text}")],
        ..Wrap::default()
    };
    session::wrap(docs, writer, session, &wrap).unwrap();
    session::attend(docs, writer, session).unwrap();
}

/// A sealed exchange with Ben, in which Mia's part is open.
fn fill_exchange(docs: &mut MemoryDocuments, writer: &mut Writer<'_>, text: &str) {
    let new = NewExchange {
        kind: "rating".to_owned(),
        title: None,
        with: vec![PersonRef::new("person-ben").unwrap()],
    };
    let exchange = exchange::start(docs, writer, &new).unwrap();
    let (salt, words) =
        exchange::draft(writer, ExchangeKind::Rating, Some(3), &format!("x{text}")).unwrap();
    let digest = Commitment::of(
        NotebookRef([1; 32]),
        exchange,
        &writer.me.clone(),
        &salt,
        &words,
    );
    let commitment = exchange::commit(docs, writer, exchange, digest).unwrap();
    exchange::open(docs, writer, exchange, commitment, &salt, &words).unwrap();
}
