#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;
use crate::documents::MemoryDocuments;
use crate::people::{PersonRef, StaticPeople};
use crate::session::{self, NewSession};
use crate::testing::{Bench, ben, bench};
use crate::{Writer, template};

fn person(id: &str) -> PersonRef {
    PersonRef::new(id).unwrap()
}

/// A session with an action-learning set, begun by Mia with Ben.
fn begun(docs: &mut MemoryDocuments, writer: &mut Writer<'_>) -> ObjectId {
    let new = NewSession {
        at: "2026-11-23 10:00".to_owned(),
        zone: "Europe/Berlin".to_owned(),
        template: Some(template::find(&[], "action-learning").unwrap()),
        ..NewSession::default()
    };
    let session = session::plan(docs, writer, &new).unwrap();
    let new = NewRun {
        session: Some(session),
        present: vec![person("person-mia"), person("person-ben")],
        ..NewRun::default()
    };
    start(docs, writer, &new).unwrap();
    assert!(start(docs, writer, &new).is_err(), "it goes on already");
    session
}

fn shown(docs: &mut MemoryDocuments, people: &StaticPeople) -> CircleView {
    show(docs, people).unwrap()
}

fn later(writer: &mut Writer<'_>, seconds: i64) {
    writer.now = writer
        .now
        .checked_add(jiff::SignedDuration::from_secs(seconds))
        .unwrap();
}

#[test]
fn a_run_goes_through_the_stages_and_ends_as_held() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let session = begun(&mut docs, &mut writer);
    let view = shown(&mut docs, &people);
    assert_eq!(
        (view.id, view.stage, view.running),
        (Some(session), 0, true)
    );
    assert_eq!(view.stages.len(), 8);
    assert_eq!(view.until.unwrap().to_string(), "2026-11-23T09:05:00Z");
    assert_eq!(view.roles[0].role, "presenter");
    assert_ne!(view.roles[0].person, view.roles[1].person);
    assert_ne!(view.next_roles[0].person, view.roles[0].person);
    for stage in 0..7 {
        later(&mut writer, 60);
        let gone = next(&mut docs, &mut writer, session, Some(stage)).unwrap();
        assert_eq!(gone, Advanced::Next);
    }
    later(&mut writer, 60);
    again(&mut docs, &mut writer, session).unwrap();
    assert_eq!(shown(&mut docs, &people).began, Some(writer.now));
    let gone = next(&mut docs, &mut writer, session, Some(7)).unwrap();
    assert_eq!(gone, Advanced::Ended);
    let view = shown(&mut docs, &people);
    assert!(!view.running && view.ended.is_some());
    assert!(
        view.stages
            .iter()
            .all(|stage| stage.state == StageState::Done)
    );
    let held = session::show(&mut docs, &people, session).unwrap();
    assert_eq!(held.header.status, SessionStatus::Held);
    assert!(held.agenda.iter().all(|item| item.done));
    assert!(next(&mut docs, &mut writer, session, None).is_err());
    assert!(end(&mut docs, &mut writer, session).is_err());
}

#[test]
fn two_who_go_on_at_once_skip_no_stage() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let session = begun(&mut docs, &mut writer);
    let mut theirs = docs.fork(ben());
    later(&mut writer, 300);
    let at = writer.now;
    next(&mut docs, &mut writer, session, None).unwrap();
    later(&mut writer, 2);
    next(&mut theirs, &mut writer, session, None).unwrap();
    docs.merge(&theirs).unwrap();
    theirs.merge(&docs).unwrap();
    for docs in [&mut docs, &mut theirs] {
        let view = shown(docs, &people);
        assert_eq!(
            (view.stage, view.began),
            (1, Some(at)),
            "the earlier counts"
        );
    }
    // Whoever saw the first stage, and whoever is a moment late, has it already.
    for from in [Some(0), None] {
        let gone = next(&mut docs, &mut writer, session, from).unwrap();
        assert_eq!(gone, Advanced::Already);
    }
    later(&mut writer, 60);
    assert_eq!(
        next(&mut docs, &mut writer, session, None).unwrap(),
        Advanced::Next
    );
    assert_eq!(shown(&mut docs, &people).stage, 2);
}

#[test]
fn two_who_begin_at_once_have_one_run_with_one_set_of_roles() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let new = NewSession {
        at: "2026-11-23 10:00".to_owned(),
        zone: "UTC".to_owned(),
        template: Some(template::find(&[], "circle").unwrap()),
        ..NewSession::default()
    };
    let session = session::plan(&mut docs, &mut writer, &new).unwrap();
    let mut theirs = docs.fork(ben());
    let mut run = NewRun {
        session: Some(session),
        present: vec![person("person-mia"), person("person-ben")],
        ..NewRun::default()
    };
    start(&mut docs, &mut writer, &run).unwrap();
    run.presenter = Some(person("person-ben"));
    start(&mut theirs, &mut writer, &run).unwrap();
    docs.merge(&theirs).unwrap();
    theirs.merge(&docs).unwrap();
    let (mine, other) = (shown(&mut docs, &people), shown(&mut theirs, &people));
    assert_eq!(mine, other);
    assert_ne!(mine.roles[0].person, mine.roles[1].person);
    assert_eq!(mine.stage, 0);
}

#[test]
fn what_cannot_be_run_through_is_refused() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let new = NewSession {
        at: "2026-11-23 10:00".to_owned(),
        zone: "UTC".to_owned(),
        ..NewSession::default()
    };
    let session = session::plan(&mut docs, &mut writer, &new).unwrap();
    let mut run = NewRun {
        session: Some(session),
        ..NewRun::default()
    };
    assert!(
        start(&mut docs, &mut writer, &run).is_err(),
        "nobody is there"
    );
    run.present = vec![person("person-mia")];
    assert!(start(&mut docs, &mut writer, &run).is_err(), "no agenda");
    assert!(next(&mut docs, &mut writer, session, None).is_err());
    let view = shown(&mut docs, &people);
    assert_eq!((view.id, view.running), (None, false));
    assert_eq!(view.next_roles.len(), 3);
}
