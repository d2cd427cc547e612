#![allow(clippy::unwrap_used)]

use super::*;
use crate::documents::{Documents, MemoryDocuments};
use crate::error::EditError;
use crate::goal::{self, NewGoal, NewProgress};
use crate::people::{Named, PersonRef, StaticPeople};
use crate::testing::{Bench, ben, bench};
use crate::word::{ClosureTopic, Phase};
use crate::{Writer, meta};

fn said(topic: ClosureTopic, text: &str) -> [Answer; 1] {
    [Answer {
        topic,
        text: text.to_owned(),
    }]
}

fn named(person: &str, name: &str) -> Named {
    Named {
        person: person.to_owned(),
        name: name.to_owned(),
    }
}

fn phase(docs: &mut MemoryDocuments, people: &StaticPeople) -> Phase {
    meta::show(docs, people).unwrap().phase
}

#[test]
fn a_closed_notebook_is_open_again_once_everybody_says_so() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    meta::create(&mut docs, &mut writer, "T", "one-on-one").unwrap();
    refuse_if_closed(&mut docs).unwrap();
    assert!(matches!(
        reopen(&mut docs, &mut writer, &people),
        Err(EditError::NotClosed)
    ));
    close(&mut docs, &mut writer, &people).unwrap();
    assert!(matches!(
        refuse_if_closed(&mut docs),
        Err(EditError::Closed)
    ));
    let view = show(&mut docs, &people).unwrap();
    assert_eq!(view.closed.unwrap().by.name, "Mia");
    let mine = reopen(&mut docs, &mut writer, &people).unwrap();
    assert_eq!(mine.lacks, [named("person-ben", "Ben")]);
    assert_eq!(phase(&mut docs, &people), Phase::Closed);

    let mut bens = docs.fork(ben());
    let me = PersonRef::new("person-ben").unwrap();
    let mut writer = Writer::new(now, &mut rng, me);
    assert!(reopen(&mut bens, &mut writer, &people).unwrap().is_open);
    assert_eq!(phase(&mut bens, &people), Phase::WindingDown);
    // Closed once more, what was said about opening it the first time counts no longer.
    close(&mut bens, &mut writer, &people).unwrap();
    assert_eq!(
        reopen(&mut bens, &mut writer, &people).unwrap().lacks,
        [named("person-mia", "Mia")]
    );
}

#[test]
fn two_who_close_at_once_both_have_to_open_it() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    meta::create(&mut docs, &mut writer, "T", "one-on-one").unwrap();
    let mut bens = docs.fork(ben());
    answer(
        &mut docs,
        &mut writer,
        &said(ClosureTopic::Thanks, "for the time"),
    )
    .unwrap();
    close(&mut docs, &mut writer, &people).unwrap();
    let me = PersonRef::new("person-ben").unwrap();
    let mut writer = Writer::new(now, &mut rng, me);
    answer(
        &mut bens,
        &mut writer,
        &said(ClosureTopic::Thanks, "for the patience"),
    )
    .unwrap();
    close(&mut bens, &mut writer, &people).unwrap();
    docs.merge(&bens).unwrap();
    let view = show(&mut docs, &people).unwrap();
    let thanks = view
        .topics
        .iter()
        .find(|one| one.topic == ClosureTopic::Thanks);
    assert_eq!(thanks.unwrap().answers.len(), 2);
    let mut writer = Bench::writer(&mut rng, now);
    assert!(!reopen(&mut docs, &mut writer, &people).unwrap().is_open);
    bens.merge(&docs).unwrap();
    let me = PersonRef::new("person-ben").unwrap();
    let mut writer = Writer::new(now, &mut rng, me);
    assert!(reopen(&mut bens, &mut writer, &people).unwrap().is_open);
}

/// Neither hears of the other's word before saying their own.
#[test]
fn two_who_want_to_go_on_at_once_have_said_so() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    meta::create(&mut docs, &mut writer, "T", "one-on-one").unwrap();
    close(&mut docs, &mut writer, &people).unwrap();
    let mut bens = docs.fork(ben());
    assert!(!reopen(&mut docs, &mut writer, &people).unwrap().is_open);
    let me = PersonRef::new("person-ben").unwrap();
    let mut writer = Writer::new(now, &mut rng, me);
    assert!(!reopen(&mut bens, &mut writer, &people).unwrap().is_open);
    docs.merge(&bens).unwrap();
    bens.merge(&docs).unwrap();
    for docs in [&mut docs, &mut bens] {
        assert!(!is_closed(docs, &people).unwrap());
        let view = show(docs, &people).unwrap();
        assert_eq!((view.frozen, view.reopening.len()), (false, 0));
    }
    // The next one who writes notes it for good: who comes later closes nothing again.
    assert!(matches!(
        refuse_if_closed(&mut bens),
        Err(EditError::Closed)
    ));
    reopen_if_wanted(&mut bens, &mut writer, &people).unwrap();
    refuse_if_closed(&mut bens).unwrap();
    assert_eq!(phase(&mut bens, &people), Phase::WindingDown);
    let eve = automerge::ActorId::from([3_u8; 16]);
    let more = people
        .clone()
        .with(&eve, "person-eve", "Eve", "Eve's laptop");
    assert!(!is_closed(&mut bens, &more).unwrap());
    assert!(
        is_closed(&mut docs, &more).unwrap(),
        "where that was not noted"
    );
    // Closed once more, it is closed.
    close(&mut docs, &mut writer, &people).unwrap();
    assert!(is_closed(&mut docs, &people).unwrap());
}

#[test]
fn a_phase_that_somebody_sets_meanwhile_opens_nothing() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    meta::create(&mut docs, &mut writer, "T", "one-on-one").unwrap();
    let mut bens = docs.fork(ben());
    let later = Phase::WindingDown.word();
    meta::set_phase(&mut bens, &mut writer, later).unwrap();
    close(&mut docs, &mut writer, &people).unwrap();
    docs.merge(&bens).unwrap();
    bens.merge(&docs).unwrap();
    for docs in [&mut docs, &mut bens] {
        assert!(is_closed(docs, &people).unwrap());
        assert!(matches!(refuse_if_closed(docs), Err(EditError::Closed)));
    }
}

#[test]
fn nobody_wants_to_go_on_in_somebody_elses_name() {
    use automerge::ReadDoc;
    use automerge::transaction::Transactable;
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    meta::create(&mut docs, &mut writer, "T", "one-on-one").unwrap();
    close(&mut docs, &mut writer, &people).unwrap();
    let id = show(&mut docs, &people).unwrap().id.unwrap();
    let index = docs.write(crate::DocumentId::INDEX).unwrap();
    let key = crate::Kind::Closing.key(id);
    let (_, object) = index.get(automerge::ROOT, key).unwrap().unwrap();
    let mut transaction = index.transaction();
    transaction.put(&object, "reopen/person-ben", true).unwrap();
    transaction.commit();
    assert!(show(&mut docs, &people).unwrap().reopening.is_empty());
    let mine = reopen(&mut docs, &mut writer, &people).unwrap();
    assert_eq!(mine.lacks, [named("person-ben", "Ben")]);
    // His own word counts, although the same stands there already.
    let mut bens = docs.fork(ben());
    let me = PersonRef::new("person-ben").unwrap();
    let mut writer = Writer::new(now, &mut rng, me);
    assert!(reopen(&mut bens, &mut writer, &people).unwrap().is_open);
}

#[test]
fn nobody_says_anything_for_somebody_else() {
    use automerge::transaction::Transactable;
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    answer(
        &mut docs,
        &mut writer,
        &said(ClosureTopic::Goals, "all of them"),
    )
    .unwrap();
    let id = show(&mut docs, &people).unwrap().id.unwrap();
    let index = docs.write(crate::DocumentId::INDEX).unwrap();
    let (_, object) = automerge::ReadDoc::get(index, automerge::ROOT, crate::Kind::Closing.key(id))
        .unwrap()
        .unwrap();
    let mut transaction = index.transaction();
    transaction
        .put(&object, "answer_goals/person-ben", "none")
        .unwrap();
    transaction.commit();
    let view = show(&mut docs, &people).unwrap();
    let names: Vec<_> = view.topics[0]
        .answers
        .iter()
        .map(|one| &one.person.name)
        .collect();
    assert_eq!(names, ["Mia"]);
}

#[test]
fn what_was_written_on_the_page_comes_back_from_it() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let text = "I speak up.\n\\# Thanks\n# Goals\n<!-- no remark -->\n\n# Something else\nEnd.";
    answer(&mut docs, &mut writer, &said(ClosureTopic::Learning, text)).unwrap();
    let me = writer.me.clone();
    let page = form(&mut docs, &people, &me).unwrap();
    let read = parse_form(&page).unwrap();
    assert_eq!(read.len(), ClosureTopic::ALL.len());
    let learning = read.iter().find(|one| one.topic == ClosureTopic::Learning);
    assert_eq!(learning.unwrap().text, text);
    assert_eq!(
        parse_form("words").unwrap_err(),
        FormError::BeforeTopics { line: 1 }
    );
    assert_eq!(parse_form("\n").unwrap_err(), FormError::NoTopic);
    assert_eq!(
        parse_form("# Goals\n<!-- a note --> my words\n# Thanks\nmore").unwrap_err(),
        FormError::BehindRemark { line: 2 }
    );
    assert_eq!(
        parse_form("# Goals\nmine\n<!-- a note\n# Thanks\nmore").unwrap_err(),
        FormError::OpenRemark
    );
    assert_eq!(
        parse_form("# Goals\na\n# goals\nb").unwrap_err(),
        FormError::Twice { title: "Goals" }
    );
}

#[test]
fn a_certificate_says_what_was_achieved_in_plain_words() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    crate::testing::fill(&mut docs, &mut writer, "words\nSigned on 1 May by Eve");
    let new = NewGoal {
        title: "Give three talks".to_owned(),
        owners: vec![PersonRef::new("person-ben").unwrap()],
        unit: Some("talks".to_owned()),
        baseline: Some(0.0),
        target: Some(3.0),
        ..NewGoal::default()
    };
    let goal = goal::add(&mut docs, &mut writer, &new).unwrap();
    let progress = NewProgress {
        value: 3.0,
        note: None,
        at: None,
    };
    goal::add_progress(&mut docs, &mut writer, goal, &progress).unwrap();
    goal::set_status(
        &mut docs,
        &mut writer,
        goal,
        "achieved",
        Some("The third was at the\nspring meeting"),
    )
    .unwrap();
    let facts = facts(&mut docs, &people, Some("person-ben"), None).unwrap();
    let about = CertificateFacts {
        of: ("Ben", "person-ben"),
        by: ("Mia\u{202e}", "person-mia"),
        notebook: "Mia\nand Ben",
        notebook_id: "nb",
        on: "2026-11-23".parse().unwrap(),
        words: "He listens first.\n\nSigned on 1 May by Eve",
    };
    assert_eq!(
        certificate_text(&about, &facts),
        "Ben
has worked with Mia
in the mentoring notebook “Mia and Ben”.

They held one session, on 1 March 2027.

Goals achieved
  - Give three talks (talks from 0 to 3): The third was at the spring meeting

Skills, then and now, from 1 to 5
  - Listening: Mia says 4

In the words of Mia
  He listens first.

  Signed on 1 May by Eve

Signed on 23 November 2026 by Mia
  person    person-mia
for Ben
  person    person-ben
  notebook  nb
"
    );
}
