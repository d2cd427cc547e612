#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use automerge::ReadDoc;

use super::*;
use crate::action::{self, NewAction};
use crate::limits::NOTES_BYTES_MAX;
use crate::people::PersonRef;
use crate::testing::{Bench, ben, bench};

fn at(at: &str) -> NewSession {
    NewSession {
        at: at.to_owned(),
        zone: "Europe/Berlin".to_owned(),
        ..NewSession::default()
    }
}

fn item(title: &str) -> NewAgendaItem {
    NewAgendaItem {
        title: title.to_owned(),
        minutes: Some(10),
        brought_by: None,
    }
}

#[test]
fn a_session_shows_as_the_contract_says() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let new = NewSession {
        every: Some("2w".to_owned()),
        place: Some("Café".to_owned()),
        template: Some(crate::template::find(&[], "grow").unwrap()),
        ..at("2027-03-20 15:00")
    };
    let id = plan(&mut docs, &mut writer, &new).unwrap();
    add_agenda_item(&mut docs, &mut writer, id, &item("The talk")).unwrap();
    let shown = serde_json::to_value(show(&mut docs, &people, id).unwrap()).unwrap();
    assert_eq!(shown["title"], "GROW session");
    assert_eq!(shown["at"], "2027-03-20T15:00:00+01:00");
    assert_eq!(shown["zone"], "Europe/Berlin");
    assert_eq!(
        shown["next"], "2027-04-03T15:00:00+02:00",
        "15:00 on both sides of the change"
    );
    assert_eq!(shown["status"], "planned");
    assert!(shown["notes"].as_str().unwrap().starts_with("## Goal\n"));
    let agenda = shown["agenda"].as_array().unwrap();
    let last = agenda.last().unwrap();
    assert_eq!(
        (&last["title"], &last["minutes"], &last["done"]),
        (&"The talk".into(), &10.into(), &false.into())
    );
    assert_eq!(last["brought_by"]["name"], "Mia");
}

#[test]
fn a_plan_that_cannot_be_written_makes_nothing() {
    let Bench {
        mut docs,
        mut rng,
        now,
        ..
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let good = at("2027-03-20 15:00");
    let odd = [
        at("tomorrow"),
        NewSession {
            zone: "Nowhere".to_owned(),
            ..good.clone()
        },
        NewSession {
            minutes: Some(0),
            ..good.clone()
        },
        NewSession {
            every: Some("often".to_owned()),
            ..good.clone()
        },
    ];
    for new in odd {
        assert!(matches!(
            plan(&mut docs, &mut writer, &new),
            Err(EditError::Invalid(_))
        ));
    }
    assert!(docs.iter().next().is_none());
}

#[test]
fn what_is_left_over_shows_once_in_each_session_that_follows() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let first = plan(&mut docs, &mut writer, &at("2027-03-01 15:00")).unwrap();
    let done = add_agenda_item(&mut docs, &mut writer, first, &item("Done")).unwrap();
    let left = add_agenda_item(&mut docs, &mut writer, first, &item("Left over")).unwrap();
    set_agenda_done(&mut docs, &mut writer, first, done, true).unwrap();
    let new = NewAction {
        title: "Write".to_owned(),
        ..NewAction::default()
    };
    let wrapped = Wrap {
        actions: vec![new],
        ..Wrap::default()
    };
    let actions = wrap(&mut docs, &mut writer, first, &wrapped).unwrap();

    // Both plan the next session without knowing of each other.
    let mut theirs = docs.fork(ben());
    let next = plan(&mut docs, &mut writer, &at("2027-03-15 15:00")).unwrap();
    let other = plan(&mut theirs, &mut writer, &at("2027-03-16 15:00")).unwrap();
    docs.merge(&theirs).unwrap();
    for session in [next, other] {
        let shown = show(&mut docs, &people, session).unwrap();
        let agenda: Vec<_> = shown
            .agenda
            .iter()
            .map(|a| (a.title.as_str(), a.carried_from))
            .collect();
        assert_eq!(agenda, [("Left over", Some(first))]);
        assert_eq!(shown.actions.len(), 1);
        assert!(shown.actions[0].carried);
    }

    // Dealt with in one, it is gone from the other and stays in the record of the first.
    set_agenda_done(&mut docs, &mut writer, next, left, true).unwrap();
    action::done(&mut docs, &mut writer, actions[0]).unwrap();
    wrap(&mut docs, &mut writer, next, &Wrap::default()).unwrap();
    let shown = show(&mut docs, &people, other).unwrap();
    assert_eq!((shown.agenda.len(), shown.actions.len()), (0, 0));
    let shown = show(&mut docs, &people, next).unwrap();
    assert_eq!((shown.agenda.len(), shown.agenda[0].done), (1, true));
}

#[test]
fn a_wrap_keeps_what_was_decided_and_learned() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let id = plan(&mut docs, &mut writer, &at("2027-03-01 15:00")).unwrap();
    let wrapped = Wrap {
        decisions: vec!["Go".to_owned()],
        insights: vec!["It was fear".to_owned()],
        learned: vec![
            Learned {
                person: None,
                text: "To wait".to_owned(),
            },
            Learned {
                person: Some(PersonRef::new("person-ben").unwrap()),
                text: "To ask".to_owned(),
            },
        ],
        mood: Some(Mood {
            value: 4,
            text: Some("light".to_owned()),
        }),
        next: Some("2027-03-29 15:00".to_owned()),
        actions: Vec::new(),
    };
    wrap(&mut docs, &mut writer, id, &wrapped).unwrap();
    let shown = show(&mut docs, &people, id).unwrap();
    assert_eq!(shown.header.status.word(), "held");
    assert_eq!(
        (
            shown.decisions[0].text.as_str(),
            shown.insights[0].text.as_str()
        ),
        ("Go", "It was fear")
    );
    let learned: Vec<_> = shown
        .learned
        .iter()
        .map(|l| (l.person.name.as_str(), l.text.as_str()))
        .collect();
    assert_eq!(learned, [("Mia", "To wait"), ("Ben", "To ask")]);
    assert_eq!(shown.mood[0].value, Some(4));
    let next = serde_json::to_value(shown.header.next).unwrap();
    assert_eq!(next, "2027-03-29T15:00:00+02:00");

    let bad = Wrap {
        mood: Some(Mood {
            value: 6,
            text: None,
        }),
        ..Wrap::default()
    };
    assert!(wrap(&mut docs, &mut writer, id, &bad).is_err());
}

#[test]
fn nobody_confirms_the_attendance_of_another() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let id = plan(&mut docs, &mut writer, &at("2027-03-01 15:00")).unwrap();
    attend(&mut docs, &mut writer, id).unwrap();
    // Mia's device claims that Ben was there.
    writer.me = PersonRef::new("person-ben").unwrap();
    attend(&mut docs, &mut writer, id).unwrap();
    let present = |docs: &mut crate::MemoryDocuments| -> Vec<String> {
        let attendance = show(docs, &people, id).unwrap().header.attendance;
        attendance.into_iter().map(|one| one.name).collect()
    };
    assert_eq!(present(&mut docs), ["Mia"]);
    // The claim does not keep him from saying so himself.
    let mut theirs = docs.fork(ben());
    attend(&mut theirs, &mut writer, id).unwrap();
    assert_eq!(present(&mut theirs), ["Ben", "Mia"]);
}

#[test]
fn notes_written_in_two_places_at_once_are_both_kept() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let id = plan(&mut docs, &mut writer, &at("2027-03-01 15:00")).unwrap();
    set_notes(&mut docs, &mut writer, id, "one\ntwo\nthree\n").unwrap();
    let mut theirs = docs.fork(ben());
    set_notes(&mut docs, &mut writer, id, "one\ntwo, by Mia\nthree\n").unwrap();
    append_notes(&mut theirs, &mut writer, id, "four 👩‍👩‍👧 by Ben").unwrap();
    let mut other = theirs.clone();
    other.merge(&docs).unwrap();
    docs.merge(&theirs).unwrap();
    let text = notes(&mut docs, id).unwrap().text;
    assert_eq!(text, "one\ntwo, by Mia\nthree\nfour 👩‍👩‍👧 by Ben");
    assert_eq!(show(&mut other, &people, id).unwrap().notes, text);
}

#[test]
fn an_edit_of_an_older_version_keeps_what_came_since_and_adds_no_actor() {
    let Bench {
        mut docs,
        mut rng,
        now,
        ..
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let id = plan(&mut docs, &mut writer, &at("2027-03-01 15:00")).unwrap();
    set_notes(&mut docs, &mut writer, id, "alpha\nbeta\ngamma\n").unwrap();
    let opened = notes(&mut docs, id).unwrap();
    // While the editor is open, the same device and another one write.
    splice_notes(&mut docs, &mut writer, id, 0, 5, "ALPHA").unwrap();
    let mut theirs = docs.fork(ben());
    append_notes(&mut theirs, &mut writer, id, "delta\n").unwrap();
    docs.merge(&theirs).unwrap();
    edit_notes(
        &mut docs,
        &mut writer,
        id,
        &opened.heads,
        "alpha\nbeta!\ngamma\n",
    )
    .unwrap();
    assert_eq!(
        notes(&mut docs, id).unwrap().text,
        "ALPHA\nbeta!\ngamma\ndelta\n"
    );
    let doc = docs.read(id.document()).unwrap().unwrap();
    assert_eq!(doc.stats().num_actors, 2);

    let unknown = vec!["00".repeat(32)];
    let error = edit_notes(&mut docs, &mut writer, id, &unknown, "x").unwrap_err();
    assert!(matches!(error, EditError::BaseUnknown));
}

#[test]
fn typing_is_by_characters_and_bounded() {
    let Bench {
        mut docs,
        mut rng,
        now,
        ..
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let id = plan(&mut docs, &mut writer, &at("2027-03-01 15:00")).unwrap();
    splice_notes(&mut docs, &mut writer, id, 0, 0, "añ👋c").unwrap();
    splice_notes(&mut docs, &mut writer, id, 2, 1, "x").unwrap();
    assert_eq!(notes(&mut docs, id).unwrap().text, "añxc");
    let splice = |position, delete, insert: &str| Splice {
        position,
        delete,
        insert: insert.to_owned(),
    };
    type_notes(
        &mut docs,
        &mut writer,
        id,
        &[splice(4, 0, "🎉🎉"), splice(5, 1, "d")],
    )
    .unwrap();
    let past_the_end = [splice(0, 5, ""), splice(5, 0, "z")];
    assert!(type_notes(&mut docs, &mut writer, id, &past_the_end).is_err());
    assert_eq!(notes(&mut docs, id).unwrap().text, "añxc🎉d");
    type_notes(&mut docs, &mut writer, id, &[splice(4, 2, "")]).unwrap();
    for (position, delete) in [(5, 0), (4, 1), (usize::MAX, 1), (0, usize::MAX)] {
        assert!(splice_notes(&mut docs, &mut writer, id, position, delete, "y").is_err());
    }
    let long = "x".repeat(NOTES_BYTES_MAX + 1);
    assert!(set_notes(&mut docs, &mut writer, id, &long).is_err());
    assert!(splice_notes(&mut docs, &mut writer, id, 0, 0, &long).is_err());
    assert_eq!(notes(&mut docs, id).unwrap().text, "añxc");
}

#[test]
fn a_large_document_goes_in_byte_for_byte_in_changes_that_pass_the_scan() {
    let Bench {
        mut docs,
        mut rng,
        now,
        ..
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let id = plan(&mut docs, &mut writer, &at("2027-03-01 15:00")).unwrap();
    let line = "# Überschrift\r\n\u{202e}עברית العربية 漢字 🏳️‍🌈 e\u{301} \u{0}\u{1b}[31m\n";
    let text = line.repeat(100_000 / line.len());
    set_notes(&mut docs, &mut writer, id, &text).unwrap();
    assert_eq!(notes(&mut docs, id).unwrap().text, text);
    let doc = docs.read(id.document()).unwrap().unwrap();
    for change in doc.get_changes(&[]) {
        assert!(change.len() <= 50_000, "{} operations", change.len());
        assert!(
            change.raw_bytes().len() <= 256 * 1024,
            "{} bytes",
            change.raw_bytes().len()
        );
    }
    set_notes(&mut docs, &mut writer, id, "").unwrap();
    assert_eq!(notes(&mut docs, id).unwrap().text, "");
}
